package directory

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/usherhq/usher/internal/id"
)

// memberChange is what really changes about the members of a group: those come who are not in, those go who are.
type memberChange struct {
	users, groups         []id.ID // who come
	usersGone, groupsGone []id.ID
	goneByHand            int // of them, put in by hand
	park                  []MemberRef
	release               []parked
}

func (c *memberChange) come() []id.ID { return slices.Concat(c.users, c.groups) }
func (c *memberChange) gone() []id.ID { return slices.Concat(c.usersGone, c.groupsGone) }

func (c *memberChange) moved() bool {
	return len(c.users)+len(c.groups)+len(c.usersGone)+len(c.groupsGone) > 0
}

func (c *memberChange) any() bool { return c.moved() || len(c.park)+len(c.release) > 0 }

func (c *memberChange) leave(of id.ID, f fact) {
	if f.isGroup {
		c.groupsGone = append(c.groupsGone, of)
	} else {
		c.usersGone = append(c.usersGone, of)
	}
	if f.source == SourceHand {
		c.goneByHand++
	}
}

// told is how many members an event names; it counts them all.
const told = 1000

// membersNews is what the journal keeps of changed members.
type membersNews struct {
	Added         []string `json:"added,omitempty"`
	AddedCount    int      `json:"addedCount,omitempty"`
	Removed       []string `json:"removed,omitempty"`
	RemovedCount  int      `json:"removedCount,omitempty"`
	RemovedByHand int      `json:"removedMadeByHand,omitempty"`
	Parked        []string `json:"parked,omitempty"`
	Released      int      `json:"noLongerParked,omitempty"`
	Awaited       bool     `json:"awaited,omitempty"` // a parked member has come
}

func (c *memberChange) news() membersNews {
	n := membersNews{
		Added: namesOf(c.users, c.groups), AddedCount: len(c.users) + len(c.groups),
		Removed: namesOf(c.usersGone, c.groupsGone), RemovedCount: len(c.usersGone) + len(c.groupsGone),
		RemovedByHand: c.goneByHand, Released: len(c.release),
	}
	for _, m := range c.park[:min(len(c.park), told)] {
		n.Parked = append(n.Parked, m.Value)
	}
	return n
}

func namesOf(users, groups []id.ID) []string {
	var names []string
	for _, of := range users[:min(len(users), told)] {
		names = append(names, id.User.Format(of))
	}
	for _, of := range groups[:min(len(groups), told-len(names))] {
		names = append(names, id.Group.Format(of))
	}
	return names
}

// fact is what is known of somebody whom an edit names.
type fact struct {
	isUser, isGroup, member bool
	source                  string
}

func (f fact) known() bool { return f.isUser || f.isGroup }

// candidates are the ids that an edit names, by the value that names them.
type candidates map[string]id.ID

func (c candidates) ids() []id.ID {
	all := make([]id.ID, 0, len(c))
	for _, of := range c {
		all = append(all, of)
	}
	slices.SortFunc(all, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

// candidatesOf finds out whom the values mean: ids say so themselves; for the rest a configuration's userNames and
// externalIds are looked up.
func (s *Service) candidatesOf(ctx context.Context, q scope, n net) (candidates, error) {
	found := make(candidates, len(n.add)+len(n.remove))
	var names []string
	for _, m := range slices.Concat(n.add, n.remove) {
		kind, of, ok := id.KindOf(m.Value)
		switch {
		case ok && (kind == id.User || kind == id.Group):
			found[m.Value] = of
		case q.provider() && unfit(m.Value) == "":
			names = append(names, m.Value)
		}
	}
	if len(names) == 0 {
		return found, nil
	}
	named, err := s.named(ctx, q, names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if of, ok := named[name]; ok {
			found[name] = of
		}
	}
	return found, nil
}

// fits tells whether a value and what it names are of one kind: usr_… never means a group.
func fits(value string, f fact) bool {
	kind, _, ok := id.KindOf(value)
	return f.known() && (!ok || f.isUser && kind == id.User || f.isGroup && kind == id.Group)
}

// decide compares the edits with what is there.
func (n net) decide(who candidates, facts map[id.ID]fact, strict bool) (c memberChange, unknown []MemberRef, err error) {
	seen := map[id.ID]bool{}
	for _, m := range n.add {
		of, named := who[m.Value]
		f := facts[of]
		switch {
		case !named || !fits(m.Value, f):
			if strict || unfit(m.Value) != "" {
				return c, nil, ErrInvalidMember.Sayf("there is no user or group %.80q in this tenant", m.Value)
			}
			unknown = append(unknown, m)
		case seen[of] || f.member:
		case f.isUser:
			c.users = append(c.users, of)
		default:
			c.groups = append(c.groups, of)
		}
		seen[of] = true
	}
	for _, m := range n.remove {
		of, named := who[m.Value]
		if f := facts[of]; named && f.member && !seen[of] {
			seen[of] = true
			c.leave(of, f)
		}
	}
	return c, unknown, nil
}

// settleParked decides who is parked from now on and who no longer.
func (n net) settleParked(c *memberChange, there []parked, unknown []MemberRef) {
	named := func(list []MemberRef, value string) bool {
		return slices.ContainsFunc(list, func(m MemberRef) bool { return m.Value == value })
	}
	for _, p := range there {
		if (n.reset || named(n.remove, p.value) || named(n.add, p.value)) && !named(unknown, p.value) {
			c.release = append(c.release, p)
		}
	}
	for _, m := range unknown {
		if !slices.ContainsFunc(there, func(p parked) bool { return p.value == m.Value }) {
			c.park = append(c.park, m)
		}
	}
}

// saveMembers writes and tells a change of members.
func (s *Service) saveMembers(ctx context.Context, q scope, g *Group, c memberChange) error {
	if err := s.deleteMembers(ctx, q, g.ID, c.gone()); err != nil {
		return err
	}
	if err := s.insertMembers(ctx, q, g, c); err != nil {
		return err
	}
	if len(c.release) > 0 {
		if err := deleteParked(ctx, q, c.release); err != nil {
			return err
		}
	}
	if len(c.park) > 0 {
		if err := insertParked(ctx, q, g, c.park); err != nil {
			return err
		}
	}
	if !c.moved() {
		return nil
	}
	if err := s.followers.MembershipChanged(ctx, g.ID, c.come(), c.gone()); err != nil {
		return fmt.Errorf("tell of changed members: %w", err)
	}
	return nil
}
