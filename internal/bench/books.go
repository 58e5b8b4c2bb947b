package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// books is a tenant of its own with a license that many people use and another with a very long ledger: what reports are made of.
type books struct {
	tenant      id.ID
	token       string // of its SCIM configuration
	admin       string
	people      []id.ID
	used, long  id.ID // licenses
	began, then time.Time
}

const (
	booksHolders = 100_000
	booksSteps   = 10 // of each holder in the long ledger
	booksDays    = 360

	rowReport = "report of 100000 seats with its year by month"
	rowAsOf   = "as of a day, over 1000000 steps"
)

func bookNames() []string { return []string{rowReport, rowAsOf, publishing} }

func (w *world) prepareBooks(ctx context.Context) error {
	progressf("%s: the books of a year are written", w.dialect)
	b := &books{began: now().AddDate(0, 0, -booksDays), then: now().AddDate(0, 0, -40).Truncate(time.Microsecond)}
	var err error
	if b.tenant, _, b.token, err = w.newTenant(ctx, "books"); err != nil {
		return err
	}
	var used, long struct{ ID string }
	var admin struct{ Token string }
	for _, step := range []struct {
		into any
		args []string
	}{
		{&used, []string{"license", "create", "--tenant", "books", "--product", "Used", "--seats", "120000", "--price", "120000", "--currency", "USD"}},
		{&long, []string{"license", "create", "--tenant", "books", "--product", "Long", "--seats", "120000"}},
		{&admin, []string{"token", "create", "--tenant", "books", "--name", "Books", "--scope", "admin"}},
	} {
		if err := w.usherJSON(ctx, step.into, step.args...); err != nil {
			return err
		}
	}
	b.used, _ = id.License.Parse(used.ID)
	b.long, _ = id.License.Parse(long.ID)
	b.admin = admin.Token
	for range booksHolders {
		b.people = append(b.people, id.New())
	}
	w.books = b
	f, err := w.filler(ctx, b.tenant)
	if err != nil {
		return err
	}
	defer f.close()
	if err := errors.Join(f.named(b.people), b.fillUsed(f), b.fillLong(f), f.done(len(b.people), 0)); err != nil {
		return err
	}
	return w.vacuum(ctx)
}

// vacuum does what PostgreSQL by itself does within a minute.
func (w *world) vacuum(ctx context.Context) error {
	if w.dialect != storetest.Postgres {
		return nil
	}
	db, err := sql.Open("postgres", w.database)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM ANALYZE")
	return errors.Join(err, db.Close())
}

// A row is the ids of a person and of the row itself, two times and two words, one behind the other.
const (
	bookLine = `substr(m.value, 1, 36)::uuid`
	bookID   = `substr(m.value, 37, 36)::uuid`
	bookOne  = `substr(m.value, 73, 32)::timestamptz`
	bookTwo  = `substr(m.value, 105, 32)::timestamptz`
	bookWas  = `trim(substr(m.value, 137, 16))`
	bookNow  = `substr(m.value, 153)`

	insertBookSeats = `INSERT INTO seats (tenant_id, id, license_id, user_id, state, since, created_at, assigned_at, last_used_at)
		SELECT $1::uuid, ` + bookID + `, $4::uuid, ` + bookLine + `, ` + bookNow + `, ` + bookOne + `, ` + bookOne + `, ` + bookOne + `,
			CASE WHEN ` + bookWas + ` = 'used' THEN ` + bookTwo + ` END` + fromList + ` WHERE $2::timestamptz IS NOT NULL`
	insertBookSteps = `INSERT INTO ledger (tenant_id, id, license_id, user_id, was, now, cause, event_id, at)
		SELECT $1::uuid, ` + bookID + `, $4::uuid, ` + bookLine + `, ` + bookWas + `, ` + bookNow + `, 'bench', ` + bookID + `, ` + bookOne + fromList + ` WHERE $2::timestamptz IS NOT NULL`
	insertBookDays = `INSERT INTO activity_days (tenant_id, license_id, user_id, day, source_id, first_at, last_at)
		SELECT $1::uuid, $4::uuid, ` + bookLine + `, substr(m.value, 153)::integer, $5::uuid, ` + bookOne + `, ` + bookOne + fromList + ` WHERE $2::timestamptz IS NOT NULL`
	insertBookSource = `INSERT INTO activity_sources (tenant_id, id, name, name_key, license_id, lag_hours, silent_hours, reported_at, latest_at, created_at)
		VALUES ($1, $3, 'product', 'product', $4, 24, 2400, $2, $2, $5)`
	datedBook = `UPDATE licenses SET created_at = $4, taken = $5, updated_at = $2 WHERE tenant_id = $1 AND id = $3`
)

func bookRow(of id.ID, one, two time.Time, was, state string) string {
	const form = "2006-01-02 15:04:05.000000-07:00"
	return of.String() + id.New().String() + one.UTC().Format(form) + two.UTC().Format(form) + fmt.Sprintf("%-16s", was) + state
}

// fillUsed has most people come now and then, some not any more, and some who never came.
func (b *books) fillUsed(f *filler) error {
	source := id.New()
	var seats, steps, days []string
	for i, of := range b.people {
		given := b.began.Add(time.Duration(i%500) * time.Hour / 2)
		came := given.Add(time.Duration(i%240) * time.Hour)
		last := f.now.AddDate(0, 0, -(i % 17 * i % 120)).Add(-time.Hour)
		steps = append(steps, bookRow(of, given, given, "", "invited"))
		if i%7 == 0 {
			seats = append(seats, bookRow(of, given, given, "never", "invited"))
			continue
		}
		seats = append(seats, bookRow(of, given, last, "used", "activated"))
		steps = append(steps, bookRow(of, came, came, "invited", "activated"))
		for day := range 4 {
			at := last.AddDate(0, 0, -15*day)
			days = append(days, bookRow(of, at, at, "", fmt.Sprint(at.Unix()/86400)))
		}
	}
	return errors.Join(
		f.exec(insertBookSource, source, b.used, b.began),
		f.exec(datedBook, b.used, b.began, len(b.people)),
		pieces(seats, func(some []string) error { return f.exec(insertBookSeats, some, b.used) }),
		pieces(steps, func(some []string) error { return f.exec(insertBookSteps, some, b.used) }),
		pieces(days, func(some []string) error { return f.exec(insertBookDays, some, b.used, source) }),
	)
}

// fillLong gives everybody a seat and takes it away, again and again.
func (b *books) fillLong(f *filler) error {
	states := []string{"invited", "activated", "grace", "released"}
	var seats []string
	was := ""
	for step := range booksSteps {
		state := states[step%len(states)]
		rows := make([]string, len(b.people))
		for i, of := range b.people {
			at := b.began.AddDate(0, 0, step*booksDays/booksSteps).Add(time.Duration(i*7919%(30*24*60)) * time.Minute)
			rows[i] = bookRow(of, at, at, was, state)
			if step == booksSteps-1 {
				seats = append(seats, bookRow(of, at, at, "never", state))
			}
		}
		was = state
		if err := pieces(rows, func(some []string) error { return f.exec(insertBookSteps, some, b.long) }); err != nil {
			return err
		}
	}
	return errors.Join(
		f.exec(datedBook, b.long, b.began, len(b.people)),
		pieces(seats, func(some []string) error { return f.exec(insertBookSeats, some, b.long) }),
	)
}

// The figures of a report, in GraphQL.
const bookFigures = `purchased assigned invited activated consentPending paused grace free waiting overAssigned assignmentRate activationRate neverUsed
	windows { days active inactive utilizationOfPurchased utilizationOfAssigned unused { seats notAssigned notActivated idle cost } }`

// rows are reports, by one connection: what is asked of them is how long one takes.
func (w *world) bookRows() []row {
	b := w.books
	if b == nil {
		return nil
	}
	asking := func(query string) func(int) ask {
		body := `{"query":"` + strings.Join(strings.Fields(query), " ") + `"}`
		return func(int) ask { return ask{http.MethodPost, "/graphql", body, b.admin} }
	}
	of := func(license id.ID) string { return `licenses: [\"` + id.License.Format(license) + `\"]` }
	return []row{
		{
			name: rowReport, single: true,
			usher: asking(`{ licenseUtilization(` + of(b.used) + `) { at licenses { ` + bookFigures + ` series(step: MONTH) { from to assignments removals peak ` + bookFigures + ` } } } }`),
			floor: func(int) ask { return floorGet("/report?tenant=" + b.tenant.String() + "&license=" + b.used.String()) },
			first: w.caughtUp,
		},
		{
			name: rowAsOf, single: true,
			usher: asking(`{ licenseUtilization(` + of(b.long) + `, at: \"` + b.then.UTC().Format(time.RFC3339Nano) + `\") { at licenses { ` + bookFigures + ` } } }`),
			floor: func(int) ask {
				return floorGet("/asof?tenant=" + b.tenant.String() + "&license=" + b.long.String() + "&at=" + url.QueryEscape(b.then.UTC().Format(time.RFC3339Nano)))
			},
		},
	}
}

// caughtUp waits until a worker of Usher has written the snapshots of the year, as one does after a start.
func (w *world) caughtUp(ctx context.Context, _ string) error {
	db, err := store.Open(ctx, store.Options{URL: w.database})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	began, missing := now(), 1
	const tries = 600
	for range tries {
		err := db.QueryRow(ctx, `SELECT count(l.id) FROM licenses l WHERE l.tenant_id = $1 AND NOT EXISTS
			(SELECT 1 FROM snapshots p WHERE p.tenant_id = $1 AND p.license_id = l.id AND p.day >= $2)`, w.books.tenant, now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)).Scan(&missing)
		if err != nil {
			return err
		}
		if missing == 0 {
			w.facts = append(w.facts, fmt.Sprintf("%s: the snapshots of %d days of two licenses, 1200000 steps in all, were there %s after they were asked for",
				w.dialect, booksDays, now().Sub(began).Round(time.Second)))
			return nil
		}
		time.Sleep(time.Second / 2)
	}
	return errors.New("the snapshots of a year were not written")
}
