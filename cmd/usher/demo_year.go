package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/modules/tenancy"
)

// The year of the demo, day by day. Day 0 is a year before the last one, which is today.
const (
	demoZone      = "Europe/Oslo"
	demoDays      = 365
	demoFirst     = 118 // seats of the first license when it was bought
	demoEnlarged  = 185
	demoEnlargeOn = 152 // some weeks after the seats have run out
	demoAddOnOn   = 20
	demoMergerOn  = 235 // another company comes, with an identity provider of its own and with more seats
	demoMergerFor = 30  // days until everybody of it has come
	demoName      = "Fjordline (demo)"
	demoHalf      = "Fjordline (demo, unfinished)" // while its year is written
	demoMerger    = "Entra ID (demo)"
	demoAddOn     = "TeamLink Extend"
)

// In each of these spans of days seats are taken back that nobody uses.
var demoReclaims = [][2]int{{178, 206}, {300, 330}}

// year lives a year of a customer through the modules' verbs, with a clock of its own, over the database of a house.
type year struct {
	*house // the modules, with that clock

	now    atomic.Int64 // in microseconds
	chance *rand.Rand
	start  time.Time // the midnight with which day 0 begins
	ends   time.Time

	admin, product      caller.Caller
	advanced, extension id.ID
	sources             []*source
	groups              map[string]id.ID
	people              []*colleague
	names               map[string]bool
	silent              map[id.ID]bool // who never says whether she agrees to the add-on
	agenda              []task
	progress            func(day int)
}

// source is an identity provider.
type source struct {
	who    caller.Caller
	domain string
	groups bool // it pushes them
}

// task is something that happens in a minute of a day.
type task struct {
	minute int
	do     func(ctx context.Context) error
}

// tell is a clock that stands where the year is.
func (y *year) tell() time.Time { return time.UnixMicro(y.now.Load()).UTC() }

// newYear prepares a year that ends at a moment, over the database of an address. The same seed and the same day make the same year.
func newYear(ctx context.Context, address string, tokens *access.Service, ends time.Time, seed uint64) (*year, error) {
	zone, err := time.LoadLocation(demoZone)
	if err != nil {
		return nil, fmt.Errorf("find the demo's time zone: %w", err)
	}
	today := ends.In(zone)
	y := &year{
		chance: rand.New(rand.NewPCG(seed, demoDays)), ends: clock.Cut(ends), groups: map[string]id.ID{}, names: map[string]bool{}, silent: map[id.ID]bool{}, progress: func(int) {},
		start: time.Date(today.Year(), today.Month(), today.Day()-demoDays, 0, 0, 0, 0, zone),
	}
	y.now.Store(y.start.Add(8 * time.Hour).UnixMicro())
	db, err := store.Open(ctx, store.Options{URL: address, Clock: y.tell})
	if err != nil {
		return nil, fmt.Errorf("open the database for the demo's year: %w", err)
	}
	y.house = assemble(db, tokens, y.tell)
	return y, nil
}

// live lives the whole of it: the tenant with what it has bought, then day by day, and at last what is due at its end. It returns the tenant,
// which is called demoName only when all is done.
func (y *year) live(ctx context.Context) (tenancy.Tenant, error) {
	t, err := y.tenants.Create(ctx, tenancy.NewTenant{Name: demoHalf, Slug: demoSlug, Plan: tenancy.AdvancedPlus, TimeZone: demoZone})
	if err != nil {
		return t, err
	}
	ctx = caller.InTenant(ctx, t.ID)
	if y.admin, err = caller.Must(ctx); err != nil {
		return t, err
	}
	y.product = caller.Caller{Tenant: t.ID, Kind: caller.KindService, Name: demoProduct, Scopes: caller.Scopes{caller.ScopeEntitlementsWrite}}
	if err := y.begin(ctx); err != nil {
		return t, err
	}
	for day := range demoDays + 1 {
		if err := ctx.Err(); err != nil {
			return t, err
		}
		y.progress(day)
		if err := y.day(ctx, day); err != nil {
			return t, fmt.Errorf("on day %d of the demo: %w", day, err)
		}
	}
	y.now.Store(y.ends.UnixMicro())
	if err := y.close(ctx, everything); err != nil {
		return t, err
	}
	return y.tenants.Change(ctx, t.ID, nil, func(t *tenancy.Tenant) error { t.Name = demoName; return nil })
}

// begin buys the first license and connects the first identity provider.
func (y *year) begin(ctx context.Context) error {
	price, renewal := int64(120_000), y.start.AddDate(1, 6, 0).UTC()
	l, err := y.seats.Buy(ctx, licensing.NewLicense{
		Product: demoProduct, Seats: demoFirst, PriceMinor: &price, Currency: "USD", TermEnd: &renewal, GraceDays: 14,
		Alerts: licensing.Alerts{TakenPercent: []int64{90, 100}, Waiting: true, RunOutDays: 30, UtilizationUnder: 55},
	})
	if err != nil {
		return err
	}
	y.advanced = l.ID
	okta, err := y.connect(ctx, demoConfig, provisioning.Okta, "fjordline.example")
	if err != nil {
		return err
	}
	okta.groups = true
	if err := y.formGroups(caller.With(ctx, okta.who)); err != nil {
		return err
	}
	return y.extend(ctx)
}

// connect adds an identity provider, whose people get seats.
func (y *year) connect(ctx context.Context, name string, provider provisioning.IdentityProvider, domain string) (*source, error) {
	c, err := y.provisioning.CreateConfig(ctx, provisioning.NewConfig{Name: name, IdentityProvider: provider, AutoAssign: true, License: &y.advanced})
	if err != nil {
		return nil, err
	}
	s := &source{domain: domain, who: caller.Caller{
		Tenant: y.admin.Tenant, Kind: caller.KindSCIM, Config: c.ID, Name: name, Scopes: caller.Scopes{caller.ScopeSCIM},
	}}
	y.sources = append(y.sources, s)
	return s, nil
}

// extend buys the add-on: who sells is asked whether she agrees to it.
func (y *year) extend(ctx context.Context) error {
	price, renewal := int64(24_000), y.start.AddDate(1, 6, 0).UTC()
	l, err := y.seats.Buy(ctx, licensing.NewLicense{
		Product: demoAddOn, Seats: demoSecond, PriceMinor: &price, Currency: "USD", TermEnd: &renewal, Consent: true, Requires: []id.ID{y.advanced},
		Alerts: licensing.Alerts{TakenPercent: []int64{100}, Waiting: true},
	})
	if err != nil {
		return err
	}
	y.extension = l.ID
	return nil
}

// at has something happen in a minute of the day.
func (y *year) at(minute int, do func(ctx context.Context) error) {
	y.agenda = append(y.agenda, task{minute, do})
}

// office is a minute in which people work.
func (y *year) office() int { return 8*60 + y.chance.IntN(9*60) }

// one tells whether one of so many chances has come.
func (y *year) one(of int) bool { return y.chance.IntN(of) == 0 }

// day plans a day, and has it happen up to the end of the year.
func (y *year) day(ctx context.Context, n int) error {
	begins := y.start.AddDate(0, 0, n)
	weekday := begins.Weekday()
	y.agenda = y.agenda[:0]
	y.at(5, func(ctx context.Context) error { return y.close(ctx, y.depth(n)) })
	y.decisions(n)
	if weekday != time.Saturday && weekday != time.Sunday {
		y.joiners(n)
		y.movers()
		y.leavers(n)
	}
	if weekday == time.Tuesday || weekday == time.Friday {
		y.at(16*60, y.consents)
		y.at(19*60, func(ctx context.Context) error { return y.tellUse(ctx, n) })
	}
	slices.SortStableFunc(y.agenda, func(a, b task) int { return a.minute - b.minute })
	for _, t := range y.agenda {
		moment := time.Date(begins.Year(), begins.Month(), begins.Day(), 0, t.minute, 0, 0, begins.Location())
		if moment.After(y.ends) {
			return nil
		}
		y.now.Store(max(y.now.Load()+1, moment.UnixMicro()))
		if err := t.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// depth is how much is looked at after a midnight: everything on every other Monday.
type depth bool

const (
	seatsAlone depth = false
	everything depth = true
)

func (y *year) depth(n int) depth {
	const fortnight = 14
	return depth(y.start.AddDate(0, 0, n).Weekday() == time.Monday && n%fortnight < fortnight/2)
}

// close does what Usher's workers do, whom a clock that is moved does not wake: graces end, rules run, unused seats are taken back, snapshots
// are written, thresholds are looked at.
func (y *year) close(ctx context.Context, how depth) error {
	worker := caller.With(ctx, caller.Caller{Tenant: y.admin.Tenant, Kind: caller.KindWorker, Name: "licensing"})
	if _, err := y.seats.EndGraces(worker); err != nil {
		return err
	}
	if err := y.seats.RunRules(worker); err != nil {
		return err
	}
	if _, err := y.seats.Reclaim(worker); err != nil {
		return err
	}
	worker = caller.With(ctx, caller.Caller{Tenant: y.admin.Tenant, Kind: caller.KindWorker, Name: "reporting"})
	if how == everything {
		if _, err := y.reports.Snap(worker); err != nil {
			return err
		}
	}
	_, err := y.reports.Alert(worker, bool(how))
	return err
}

// decisions are what administrators decide on a day.
func (y *year) decisions(n int) {
	const noon = 12 * 60
	resize := func(seats int64) func(context.Context) error {
		return func(ctx context.Context) error { _, err := y.seats.Resize(ctx, y.advanced, seats, nil); return err }
	}
	switch n {
	case demoAddOnOn:
		y.at(noon, y.ruleOfAddOn)
	case demoEnlargeOn:
		y.at(noon, resize(demoEnlarged))
	case demoMergerOn:
		y.at(noon-1, resize(demoSeats))
		y.at(noon, func(ctx context.Context) error {
			_, err := y.connect(ctx, demoMerger, provisioning.Entra, "nordhavn.example")
			return err
		})
	}
	for _, span := range demoReclaims {
		switch n {
		case span[0]:
			y.at(noon, func(ctx context.Context) error {
				return y.reclaim(ctx, licensing.ReclaimPolicy{Automatic: true, NoticeDays: 7, PauseDays: 7})
			})
		case span[1]:
			y.at(noon, func(ctx context.Context) error { return y.reclaim(ctx, licensing.ReclaimPolicy{}) })
		}
	}
}

// reclaim sets when seats are taken back, and whose are not.
func (y *year) reclaim(ctx context.Context, policy licensing.ReclaimPolicy) error {
	policy.IdleDays, policy.InvitedDays, policy.ExemptGroups = 60, 45, []id.ID{y.groups[demoExempt]}
	_, err := y.seats.Change(ctx, y.advanced, nil, func(l *licensing.License) error { l.Reclaim = policy; return nil })
	return err
}

// ruleOfAddOn gives the add-on to who sells.
func (y *year) ruleOfAddOn(ctx context.Context) error {
	r, _, err := y.seats.CreateRule(ctx, licensing.NewRule{
		License: y.extension, Name: "The sales team", Definition: licensing.Definition{Group: y.groups[demoSelling]},
	})
	if err != nil {
		return err
	}
	_, _, err = y.seats.PublishRule(ctx, r.ID, nil)
	return err
}
