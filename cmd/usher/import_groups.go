package main

import (
	"context"
	"errors"
	"slices"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

// What becomes of a row about a member: it is one now, or it is none now.
const (
	memberAdded   = "added"
	memberRemoved = "removed"
)

// groupsIntake makes groups, renames those that the row names by id, and adds or removes members. Rows of one group that follow each
// other are one edit of the group.
var groupsIntake = intake{
	columns: columns{
		taken:  []string{colGroupID, colDisplayName, colMemberID, colUserName, colAction},
		told:   slices.Concat(groupsHead, membersHead),
		needed: [][]string{{colDisplayName, colGroupID}},
	},
	scope: caller.ScopeAdmin, batch: licensing.MaxPeople / 2,
	prepare: func(h *house, _ asking) (func(context.Context, []sheetRow) ([]outcome, error), error) {
		return h.importGroups, nil
	},
}

// groupRow is a row that can be tried.
type groupRow struct {
	sheetRow

	at     int // its place among the results
	member string
	remove bool
}

// sameGroup tells whether two rows are about one group.
func (r *groupRow) sameGroup(other groupRow) bool {
	return r.text(colGroupID) == other.text(colGroupID) && r.text(colDisplayName) == other.text(colDisplayName)
}

func (h *house) importGroups(ctx context.Context, rows []sheetRow) ([]outcome, error) {
	all := make([]outcome, len(rows))
	good, err := h.readMembers(ctx, rows, all)
	if err != nil {
		return nil, err
	}
	for len(good) > 0 {
		n := 1
		for n < len(good) && good[n].sameGroup(good[0]) {
			n++
		}
		if err := h.importGroup(ctx, good[:n], all); err != nil {
			return nil, err
		}
		good = good[n:]
	}
	return all, nil
}

// readMembers finds out which members are meant, and refuses rows whose member is nobody: an edit of many rows is not to fail for one.
func (h *house) readMembers(ctx context.Context, rows []sheetRow, all []outcome) ([]groupRow, error) {
	named := make([]directory.Person, len(rows))
	var groups []id.ID
	for i, row := range rows {
		named[i].UserName = row.text(colUserName)
		if kind, of, ok := id.KindOf(row.text(colMemberID)); ok && kind == id.Group {
			groups = append(groups, of)
		} else if ok && kind == id.User {
			named[i].ID = of
		}
	}
	people, err := h.directory.Find(ctx, named)
	if err != nil {
		return nil, err
	}
	known, err := h.directory.Groups(ctx, groups)
	if err != nil {
		return nil, err
	}
	var good []groupRow
	for i, row := range rows {
		one := groupRow{sheetRow: row, at: i}
		err := one.read(people[i], known)
		if err == nil {
			good = append(good, one)
			continue
		}
		if all[i], err = outcomeOf(err); err != nil {
			return nil, err
		}
	}
	return good, nil
}

func (r *groupRow) read(person directory.Found, groups map[id.ID]*directory.Group) error {
	kind, of, isID := id.KindOf(r.text(colMemberID))
	switch {
	case r.text(colMemberID) == "" && r.text(colUserName) == "": // a row about the group alone
	case isID && kind == id.Group && groups[of] != nil:
		r.member = id.Group.Format(of)
	case person.ID != id.Nil && (isID || r.text(colMemberID) == ""):
		r.member = id.User.Format(person.ID)
	case r.text(colMemberID) != "":
		return directory.ErrInvalidMember.At(colMemberID)
	default:
		return directory.ErrInvalidMember.At(colUserName)
	}
	switch r.text(colAction) {
	case "", "add":
	case "remove":
		r.remove = true
		if r.member == "" {
			return errCell.At(colAction).Sayf("nobody is named to be removed; name her by memberId or userName")
		}
	default:
		return errCell.At(colAction).Sayf("an action is add or remove")
	}
	return nil
}

// importGroup edits one group as some rows say: all at once and, if that is refused, row by row.
func (h *house) importGroup(ctx context.Context, rows []groupRow, all []outcome) error {
	err := h.editGroup(ctx, rows, all)
	if _, refused := fault.As(err); !refused {
		return err
	}
	if len(rows) == 1 {
		all[rows[0].at], err = outcomeOf(err)
		return err
	}
	for _, row := range rows {
		if err := h.importGroup(ctx, []groupRow{row}, all); err != nil {
			return err
		}
	}
	return nil
}

func (h *house) editGroup(ctx context.Context, rows []groupRow, all []outcome) error {
	var edit directory.GroupEdit
	edit.Strict = true
	for _, row := range rows {
		if row.member == "" {
			continue
		}
		one := directory.MemberEdit{Op: directory.AddMembers, Members: []directory.MemberRef{{Value: row.member}}}
		if row.remove {
			one.Op = directory.RemoveMembers
		}
		edit.Members = append(edit.Members, one)
	}
	g, status, err := h.saveGroup(ctx, rows[0], edit)
	if err != nil {
		return err
	}
	for _, row := range rows {
		one := outcome{Status: status, ID: id.Group.Format(g.ID)}
		switch {
		case status == rowCreated || row.member == "":
		case row.remove:
			one.Status = memberRemoved
		default:
			one.Status = memberAdded
		}
		all[row.at] = one
		if status == rowCreated || row.member == "" { // by the first of its rows
			status = rowUnchanged
		}
	}
	return nil
}

// saveGroup makes the group, or edits the one that is there.
func (h *house) saveGroup(ctx context.Context, row groupRow, edit directory.GroupEdit) (*directory.Group, string, error) {
	name := row.text(colDisplayName)
	var of id.ID
	if text := row.text(colGroupID); text != "" {
		var ok bool
		if of, ok = id.Group.Parse(text); !ok {
			return nil, "", errCell.At(colGroupID).Sayf("this is not the id of a group, such as grp_…")
		}
		if name != "" {
			edit.DisplayName = &name
		}
	} else {
		there, err := h.directory.GroupByName(ctx, name)
		if errors.Is(err, directory.ErrGroupNotFound) {
			g, err := h.directory.CreateGroup(ctx, directory.NewGroup{DisplayName: name, Members: comers(edit.Members), Strict: true})
			return g, rowCreated, err
		}
		if err != nil {
			return nil, "", err
		}
		of = there.ID
	}
	g, changed, err := h.directory.ChangeGroup(ctx, of, edit, nil)
	if changed {
		return g, rowChanged, err
	}
	return g, rowUnchanged, err
}

// comers are the members of a group that some edits have made.
func comers(edits []directory.MemberEdit) (members []directory.MemberRef) {
	in := map[string]bool{}
	for _, edit := range edits {
		in[edit.Members[0].Value] = edit.Op == directory.AddMembers
	}
	for _, edit := range edits {
		if of := edit.Members[0]; in[of.Value] {
			members = append(members, of)
			in[of.Value] = false
		}
	}
	return members
}
