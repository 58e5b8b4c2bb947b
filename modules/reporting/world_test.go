package reporting_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

// world is a tenant whose time the test moves.
type world struct {
	t       *testing.T
	db      *store.DB
	ctx     context.Context
	okta    context.Context // a SCIM configuration that assigns seats
	config  id.ID
	people  *directory.Service
	seats   *licensing.Service
	reports *reporting.Service
	journal *events.Service
	clock   *atomic.Int64 // in microseconds
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, dialect))
		})
	}
}

func newWorld(t *testing.T, dialect string) *world {
	t.Helper()
	now := &atomic.Int64{}
	now.Store(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	tick := clock.Clock(func() time.Time { return time.UnixMicro(now.Load()).UTC() })
	db := storetest.Open(t, dialect, func(o *store.Options) { o.Clock = tick })
	w := &world{t: t, db: db, clock: now, ctx: storetest.Tenant(t, db), journal: events.New(db)}
	w.people = directory.New(db, w.journal, tick)
	w.seats = licensing.New(db, w.journal, tick, w.people)
	w.people.Follow(w.seats)
	w.reports = reporting.New(db, w.journal, tick)
	w.config = storetest.Config(t, db, w.ctx)
	who, _ := caller.From(w.ctx)
	w.okta = caller.With(w.ctx, caller.Caller{
		Tenant: who.Tenant, Kind: caller.KindSCIM, Config: w.config, Name: "Okta", Scopes: caller.Scopes{caller.ScopeSCIM},
	})
	return w
}

func (w *world) now() time.Time { return time.UnixMicro(w.clock.Load()).UTC() }

func (w *world) pass(d time.Duration) { w.clock.Add(d.Microseconds()) }

func (w *world) until(at time.Time) { w.clock.Store(at.UnixMicro()) }

func (w *world) tenant() id.ID {
	who, _ := caller.From(w.ctx)
	return who.Tenant
}

// zone gives the tenant a time zone.
func (w *world) zone(name string) {
	w.exec(`UPDATE tenants SET time_zone = $1 WHERE id = $2`, name, w.tenant())
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	err := store.Do(w.ctx, w.db, func(ctx context.Context) error {
		_, err := w.db.Exec(ctx, statement, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) buy(product string, seats int64, change ...func(*licensing.NewLicense)) licensing.License {
	w.t.Helper()
	n := licensing.NewLicense{Product: product, Seats: seats}
	for _, c := range change {
		c(&n)
	}
	l, err := w.seats.Buy(w.ctx, n)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) person(ctx context.Context, name, department string) id.ID {
	w.t.Helper()
	u, err := w.people.Create(ctx, directory.User{UserName: name, Active: true, Enterprise: directory.Enterprise{Department: department}})
	if err != nil {
		w.t.Fatal(err)
	}
	return u.ID
}

func (w *world) active(ctx context.Context, user id.ID, active bool) {
	w.t.Helper()
	_, _, err := w.people.Change(ctx, user, func(u *directory.User) error { u.Active = active; return nil }, nil)
	if err != nil {
		w.t.Fatal(err)
	}
}

// source makes a source of activity that has just told something.
func (w *world) source(license id.ID, silentHours int) id.ID {
	w.t.Helper()
	of := id.New()
	w.exec(`INSERT INTO activity_sources (tenant_id, id, name, name_key, license_id, lag_hours, silent_hours, reported_at, latest_at, created_at)
		VALUES ($1, $2, 'product', 'product', $3, 24, $4, $5, $5, $5)`, w.tenant(), of, license, silentHours, w.now())
	return of
}

// uses records that somebody uses a license now.
func (w *world) uses(source, license, user id.ID) {
	w.t.Helper()
	now := w.now()
	w.exec(`INSERT INTO activity_days (tenant_id, license_id, user_id, day, source_id, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
		ON CONFLICT (tenant_id, license_id, user_id, day) DO UPDATE SET last_at = excluded.last_at`, w.tenant(), license, user, now.Unix()/86400, source, now)
	w.exec(`UPDATE seats SET last_used_at = $4 WHERE tenant_id = $1 AND license_id = $2 AND user_id = $3`, w.tenant(), license, user, now)
	w.exec(`UPDATE activity_sources SET reported_at = $3, latest_at = $3 WHERE tenant_id = $1 AND id = $2`, w.tenant(), source, now)
}

// alive says that a source has reported, and had nothing to tell.
func (w *world) alive(source id.ID) {
	w.t.Helper()
	w.exec(`UPDATE activity_sources SET reported_at = $3 WHERE tenant_id = $1 AND id = $2`, w.tenant(), source, w.now())
}

func (w *world) report(license id.ID, at *time.Time, depth reporting.Depth) reporting.Utilization {
	w.t.Helper()
	all, err := w.reports.Utilization(w.ctx, reporting.Question{Licenses: []id.ID{license}, At: at}, depth)
	if err != nil || len(all) != 1 {
		w.t.Fatalf("%d reports: %v", len(all), err)
	}
	return all[0]
}

// figure writes a number that may be unknown.
func figure(n *int64) string {
	if n == nil {
		return "?"
	}
	return fmt.Sprint(*n)
}
