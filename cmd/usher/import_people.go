package main

import (
	"context"
	"errors"
	"slices"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

var errCell = fault.New(fault.Invalid, "invalid_cell", "the cell cannot be read")

// peopleIntake makes people, and changes those who are there. A column that is not in the table stays as it is; an empty cell empties it.
var peopleIntake = intake{
	columns: columns{
		taken:  usersTaken,
		told:   slices.Concat(usersHead, holdersHead),
		needed: [][]string{{colUserName, colUserID}},
	},
	scope: caller.ScopeAdmin, batch: 1,
	prepare: func(h *house, _ asking) (func(context.Context, []sheetRow) ([]outcome, error), error) {
		return func(ctx context.Context, rows []sheetRow) ([]outcome, error) {
			all := make([]outcome, len(rows))
			for i, row := range rows {
				var err error
				if all[i], err = h.importPerson(ctx, row); err != nil {
					return nil, err
				}
			}
			return all, nil
		}, nil
	},
}

func (h *house) importPerson(ctx context.Context, row sheetRow) (outcome, error) {
	u, status, err := h.savePerson(ctx, row)
	if err != nil {
		return outcomeOf(err)
	}
	return outcome{Status: status, ID: id.User.Format(u.ID)}, nil
}

func (h *house) savePerson(ctx context.Context, row sheetRow) (*directory.User, string, error) {
	var of id.ID
	if text := row.text(colUserID); text != "" {
		var ok bool
		if of, ok = id.User.Parse(text); !ok {
			return nil, "", errCell.At(colUserID).Sayf("this is not the id of a user, such as usr_…")
		}
	} else {
		there, err := h.directory.ByUserName(ctx, row.text(colUserName))
		if errors.Is(err, directory.ErrUserNotFound) {
			given := directory.User{UserName: row.text(colUserName)}
			row.fill(&given)
			u, err := h.directory.Create(ctx, given)
			return u, rowCreated, err
		}
		if err != nil {
			return nil, "", err
		}
		of = there.ID
	}
	u, changed, err := h.directory.Change(ctx, of, func(u *directory.User) error {
		if name := row.text(colUserName); name != "" && row.text(colUserID) != "" {
			u.UserName = name
		}
		row.fill(u)
		return nil
	}, nil)
	if changed {
		return u, rowChanged, err
	}
	return u, rowUnchanged, err
}

// fill gives a person what the row says of her.
func (r sheetRow) fill(u *directory.User) {
	for name, into := range map[string]*string{
		colDisplayName: &u.DisplayName, "givenName": &u.Name.GivenName, "familyName": &u.Name.FamilyName, "title": &u.Title,
		colDepartment: &u.Enterprise.Department, colNumber: &u.Enterprise.EmployeeNumber,
	} {
		if r.has(name) {
			*into = r.text(name)
		}
	}
	if r.has(colEmail) {
		u.Emails = withPrimary(u.Emails, r.text(colEmail))
	}
}

// primaryEmail is the address that tables show of a person.
func primaryEmail(emails []directory.Value) string {
	if i := slices.IndexFunc(emails, func(v directory.Value) bool { return v.Primary }); i >= 0 {
		return emails[i].Value
	}
	if len(emails) > 0 {
		return emails[0].Value
	}
	return ""
}

// withPrimary returns the addresses with another one in the place of the primary; without one, that is taken out. The others stay.
func withPrimary(emails []directory.Value, address string) []directory.Value {
	if address == primaryEmail(emails) {
		return emails
	}
	at := max(0, slices.IndexFunc(emails, func(v directory.Value) bool { return v.Primary }))
	var all []directory.Value
	for i, v := range emails {
		switch {
		case i == at && address != "":
			v.Value = address
			all = append(all, v)
		case i != at && v.Value != address:
			all = append(all, v)
		}
	}
	if len(emails) == 0 {
		all = []directory.Value{{Value: address, Type: "work", Primary: true}}
	}
	return all
}
