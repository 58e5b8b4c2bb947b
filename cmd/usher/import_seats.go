package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

const askLicense = "license"

var errAmbiguous = fault.New(fault.Conflict, "ambiguous_person", "two SCIM configurations use this externalId for different people; name her by id or userName").At(colExternalID)

// seatsIntake gives seats, or places in line, and takes them. Every row says which: a list of seats that comes back by mistake gives none.
var seatsIntake = intake{
	columns: columns{
		taken:  []string{licenseID, colSKU, colUserID, colUserName, colExternalID, colAction, colPriority},
		told:   seatsHead,
		needed: [][]string{{colUserID, colUserName, colExternalID}, {colAction}},
	},
	scope: caller.ScopeAdmin, batch: 100,
	prepare: func(h *house, q asking) (func(context.Context, []sheetRow) ([]outcome, error), error) {
		licenses := licenseNames{house: h, of: map[string]id.ID{}, fallback: q(askLicense)}
		return func(ctx context.Context, rows []sheetRow) ([]outcome, error) {
			people, err := h.named(ctx, rows)
			if err != nil {
				return nil, err
			}
			all := make([]outcome, len(rows))
			for i, row := range rows {
				seat, err := h.importSeat(ctx, row, people[i], licenses)
				if err == nil {
					all[i] = outcome{Status: string(seat.State), ID: id.Seat.Format(seat.ID)}
				} else if all[i], err = outcomeOf(err); err != nil {
					return nil, err
				}
			}
			return all, nil
		}, nil
	},
}

func (h *house) importSeat(ctx context.Context, row sheetRow, person directory.Found, licenses licenseNames) (licensing.Seat, error) {
	license, err := licenses.find(ctx, row)
	if err == nil {
		err = row.check(person)
	}
	if err != nil {
		return licensing.Seat{}, err
	}
	switch row.text(colAction) {
	case "assign":
		priority := 0
		if text := row.text(colPriority); text != "" {
			if priority, err = strconv.Atoi(text); err != nil {
				return licensing.Seat{}, errCell.At(colPriority).Sayf("a priority is a whole number").Because(err)
			}
		}
		return h.seats.AssignWith(ctx, license, person.ID, priority)
	case "unassign":
		return h.seats.Unassign(ctx, license, person.ID)
	case "release":
		return h.seats.Release(ctx, license, person.ID)
	default:
		return licensing.Seat{}, errCell.At(colAction).Sayf("an action is assign, unassign or release")
	}
}

// activityIntake tells who has used licenses, as recordActivity does: the source is named in the address.
var activityIntake = intake{
	columns: columns{
		taken: []string{licenseID, colSKU, colUserID, colUserName, colExternalID, colAt}, needed: [][]string{{colUserID, colUserName, colExternalID}, {colAt}},
	},
	scope: caller.ScopeEntitlementsWrite, batch: licensing.MaxPeople,
	prepare: func(h *house, q asking) (func(context.Context, []sheetRow) ([]outcome, error), error) {
		source := licensing.Source{Name: q("source")}
		if source.Name == "" {
			return nil, errImport.At("source").Sayf("name the source in the address, as in /import/activity?source=product")
		}
		for name, into := range map[string]*int64{"lagHours": &source.LagHours, "silentAfterHours": &source.SilentHours} {
			if text := q(name); text != "" {
				var err error
				if *into, err = strconv.ParseInt(text, 10, 64); err != nil {
					return nil, errImport.At(name).Sayf("%s is a number of hours", name).Because(err)
				}
			}
		}
		licenses := licenseNames{house: h, of: map[string]id.ID{}, fallback: q(askLicense)}
		return func(ctx context.Context, rows []sheetRow) ([]outcome, error) {
			return h.importUses(ctx, rows, licenses, source)
		}, nil
	},
}

// uses are the rows of one license, with their places among the results.
type uses struct {
	rows []int
	all  []licensing.Use
}

func (h *house) importUses(ctx context.Context, rows []sheetRow, licenses licenseNames, source licensing.Source) ([]outcome, error) {
	all := make([]outcome, len(rows))
	batches := map[id.ID]*uses{}
	for i, row := range rows {
		license, use, err := row.use(ctx, licenses)
		if err != nil {
			if all[i], err = outcomeOf(err); err != nil {
				return nil, err
			}
			continue
		}
		if batches[license] == nil {
			batches[license] = &uses{}
		}
		batches[license].rows = append(batches[license].rows, i)
		batches[license].all = append(batches[license].all, use)
	}
	for license, batch := range batches {
		told, err := h.seats.RecordActivity(ctx, license, source, batch.all)
		refused := outcome{}
		if err != nil {
			if refused, err = outcomeOf(err); err != nil {
				return nil, err
			}
		}
		for n, i := range batch.rows {
			if told == nil {
				all[i] = refused
				continue
			}
			all[i] = rows[i].used(told[n])
		}
	}
	return all, nil
}

// use reads a row of activity.
func (r sheetRow) use(ctx context.Context, licenses licenseNames) (license id.ID, use licensing.Use, err error) {
	if license, err = licenses.find(ctx, r); err != nil {
		return license, use, err
	}
	if use.At, err = time.Parse(time.RFC3339, r.text(colAt)); err != nil {
		return license, use, errCell.At(colAt).Sayf("a time is written as in 2027-01-31T12:00:00Z").Because(err)
	}
	use.Person, err = r.person()
	return license, use, err
}

// used tells what has become of a row of activity.
func (r sheetRow) used(told licensing.UseResult) outcome {
	refused := outcome{Status: rowRefused, Code: string(told.Status), Field: r.naming()}
	switch told.Status {
	case licensing.UseRecorded, licensing.UseKnown:
		if told.Activated {
			return outcome{Status: string(licensing.Activated)}
		}
		return outcome{Status: string(told.Status)}
	case licensing.UseNobody:
		refused.Detail = "nobody of the tenant is called so"
	case licensing.UseAmbiguous:
		refused.Detail = errAmbiguous.Message
	case licensing.UseInFuture:
		refused.Field, refused.Detail = colAt, "the use is in the future"
	case licensing.UseTooOld:
		refused.Field, refused.Detail = colAt, "the use is more than two years ago"
	}
	return refused
}

// naming is the column by which the row names a person: the first that says something.
func (r sheetRow) naming() string {
	for _, name := range []string{colUserID, colUserName, colExternalID} {
		if r.text(name) != "" {
			return name
		}
	}
	return ""
}

// person is who the row names.
func (r sheetRow) person() (p directory.Person, err error) {
	switch r.naming() {
	case colUserID:
		of, ok := id.User.Parse(r.text(colUserID))
		if !ok {
			return p, errCell.At(colUserID).Sayf("this is not the id of a user, such as usr_…")
		}
		p.ID = of
	case colUserName:
		p.UserName = r.text(colUserName)
	case colExternalID:
		p.ExternalID = r.text(colExternalID)
	default:
		return p, errCell.At(colUserName).Sayf("the row names nobody: give one of userId, userName and externalId")
	}
	return p, nil
}

// named finds the people whom rows name, in one statement for each way of naming.
func (h *house) named(ctx context.Context, rows []sheetRow) ([]directory.Found, error) {
	people := make([]directory.Person, len(rows))
	for i, row := range rows {
		people[i], _ = row.person() // check tells what is wrong
	}
	return h.directory.Find(ctx, people)
}

// check refuses a row that does not name one person.
func (r sheetRow) check(found directory.Found) error {
	_, err := r.person()
	switch {
	case err != nil:
		return err
	case found.Ambiguous:
		return errAmbiguous
	case found.ID == id.Nil:
		return licensing.ErrUserNotFound.At(r.naming())
	default:
		return nil
	}
}

// licenseNames are the licenses that rows have named, by id or SKU.
type licenseNames struct {
	*house

	of       map[string]id.ID
	fallback string // for rows that name none
}

func (l licenseNames) find(ctx context.Context, row sheetRow) (id.ID, error) {
	field, text := licenseID, row.text(licenseID)
	if text == "" {
		field, text = colSKU, row.text(colSKU)
	}
	if text == "" {
		field, text = askLicense, l.fallback
	}
	if text == "" {
		return id.Nil, errCell.At(licenseID).Sayf("the row names no license: give licenseId or sku, or the license in the address")
	}
	if of, known := l.of[text]; known {
		return of, nil
	}
	of, isID := id.License.Parse(text)
	read := func() (licensing.License, error) { return l.seats.Get(ctx, of) }
	if !isID {
		read = func() (licensing.License, error) { return l.seats.BySKU(ctx, text) }
	}
	license, err := read()
	if errors.Is(err, licensing.ErrLicenseNotFound) {
		return id.Nil, licensing.ErrLicenseNotFound.At(field)
	}
	if err == nil {
		l.of[text] = license.ID
	}
	return license.ID, err
}
