package licensing_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

func states(all ...licensing.State) []licensing.State { return all }

func TestAFullLicensePutsPeopleInLineAndAFreedSeatGoesToTheFirst(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, u := w.license(t, ctx, "Advanced", 2), w.users(t, ctx, 4)
		for _, user := range u {
			if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := w.states(t, ctx, l.ID, u...), states("invited", "invited", "waiting", "waiting"); !slices.Equal(got, want) {
			t.Errorf("seats are %v, want %v", got, want)
		}
		if got := w.audited(t, ctx, l.ID); got.Taken != 2 || got.Waiting != 2 || got.Free() != 0 {
			t.Errorf("license is %+v", got)
		}
		if _, err := w.seats.Unassign(ctx, l.ID, u[0]); err != nil {
			t.Fatal(err)
		}
		if got, want := w.states(t, ctx, l.ID, u...), states("released", "invited", "invited", "waiting"); !slices.Equal(got, want) {
			t.Errorf("seats are %v, want %v", got, want)
		}
		if _, err := w.seats.Resize(ctx, l.ID, 5, nil); err != nil {
			t.Fatal(err)
		}
		if got := w.audited(t, ctx, l.ID); got.Taken != 3 || got.Waiting != 0 || got.Free() != 2 {
			t.Errorf("license is %+v", got)
		}
	})
}

func TestAssigningTwiceKeepsTheOneSeat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, u := w.license(t, ctx, "Advanced", 2), w.users(t, ctx, 1)
		first, err := w.seats.Assign(ctx, l.ID, u[0])
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.seats.Assign(ctx, l.ID, u[0])
		if err != nil || again.ID != first.ID || again.State != licensing.Invited {
			t.Errorf("the second time got %+v, %v", again, err)
		}
		if got := w.audited(t, ctx, l.ID); got.Taken != 1 {
			t.Errorf("%d seats are taken", got.Taken)
		}
	})
}

func TestShrinkingThrowsNobodyOutAndSeatsNobodyNew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, u := w.license(t, ctx, "Advanced", 3), w.users(t, ctx, 4)
		for _, user := range u[:3] {
			if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		got, err := w.seats.Resize(ctx, l.ID, 1, &l.Version)
		if err != nil || got.OverAssigned() != 2 || got.Taken != 3 {
			t.Errorf("after the shrink: %+v, %v", got, err)
		}
		if _, err := w.seats.Resize(ctx, l.ID, 1, &l.Version); !errors.Is(err, licensing.ErrStaleVersion) {
			t.Errorf("an old version got %v", err)
		}
		if _, err := w.seats.Assign(ctx, l.ID, u[3]); err != nil {
			t.Fatal(err)
		}
		for _, user := range u[:2] {
			if _, err := w.seats.Unassign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := w.states(t, ctx, l.ID, u...), states("released", "released", "invited", "waiting"); !slices.Equal(got, want) {
			t.Errorf("seats are %v, want %v", got, want)
		}
		if got := w.audited(t, ctx, l.ID); got.Ceiling != 1 || got.OverAssigned() != 0 {
			t.Errorf("license is %+v", got)
		}
	})
}

func TestAutoAssignSeatsJoinersAndFreesLeaversAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, config := w.license(t, ctx, "Advanced", 1), storetest.Config(t, db, ctx)
		if err := w.seats.AutoAssign(ctx, config, &l.ID); err != nil {
			t.Fatal(err)
		}
		okta := provider(ctx, config)
		u := w.users(t, okta, 2)
		if got, want := w.states(t, ctx, l.ID, u...), states("invited", "waiting"); !slices.Equal(got, want) {
			t.Errorf("seats are %v, want %v", got, want)
		}
		setActive := func(user id.ID, active bool) {
			t.Helper()
			_, _, err := w.people.Change(okta, user, func(u *directory.User) error { u.Active = active; return nil }, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
		setActive(u[0], false)
		if got, want := w.states(t, ctx, l.ID, u...), states("released", "invited"); !slices.Equal(got, want) {
			t.Errorf("after deactivation seats are %v, want %v", got, want)
		}
		setActive(u[0], true)
		if got, want := w.states(t, ctx, l.ID, u...), states("waiting", "invited"); !slices.Equal(got, want) {
			t.Errorf("after reactivation seats are %v, want %v", got, want)
		}
		if err := w.people.Delete(okta, u[1], nil); err != nil {
			t.Fatal(err)
		}
		if got, want := w.states(t, ctx, l.ID, u...), states("invited", "released"); !slices.Equal(got, want) {
			t.Errorf("after deletion seats are %v, want %v", got, want)
		}
		w.audited(t, ctx, l.ID)
	})
}

func TestTwoConfigurationsWithTwoLicensesHoldTheSamePerson(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		core, extend := w.license(t, ctx, "Advanced", 5), w.license(t, ctx, "TeamLink Extend", 5)
		okta, entra := storetest.Config(t, db, ctx), storetest.Config(t, db, ctx)
		for config, license := range map[id.ID]id.ID{okta: core.ID, entra: extend.ID} {
			if err := w.seats.AutoAssign(ctx, config, &license); err != nil {
				t.Fatal(err)
			}
		}
		user := w.user(t, provider(ctx, okta), "ada@example.com").ID
		adopt := func(u *directory.User) error { u.ExternalID = "7"; u.Active = true; return nil }
		if _, _, err := w.people.Change(provider(ctx, entra), user, adopt, nil); err != nil {
			t.Fatal(err)
		}
		check := func(when string, want ...licensing.State) {
			t.Helper()
			got := append(w.states(t, ctx, core.ID, user), w.states(t, ctx, extend.ID, user)...)
			if !slices.Equal(got, want) {
				t.Errorf("%s: seats are %v, want %v", when, got, want)
			}
		}
		check("both hold her", "invited", "invited")
		if err := w.people.Delete(provider(ctx, entra), user, nil); err != nil {
			t.Fatal(err)
		}
		check("one has let go", "invited", "released")
		if err := w.people.Delete(provider(ctx, okta), user, nil); err != nil {
			t.Fatal(err)
		}
		check("both have let go", "released", "released")
		w.audited(t, ctx, core.ID)
		w.audited(t, ctx, extend.ID)
	})
}

func TestASeatIsKeptWhileOneReasonIsLeft(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, config := w.license(t, ctx, "Advanced", 1), storetest.Config(t, db, ctx)
		if err := w.seats.AutoAssign(ctx, config, &l.ID); err != nil {
			t.Fatal(err)
		}
		user := w.user(t, provider(ctx, config), "ada@example.com").ID
		if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
			t.Fatal(err)
		}
		if seat, err := w.seats.Unassign(ctx, l.ID, user); err != nil || seat.State != licensing.Invited {
			t.Errorf("unassigning one of two reasons: %+v, %v", seat, err)
		}
		w.audited(t, ctx, l.ID)
		if _, err := w.people.Block(ctx, user, nil); err != nil {
			t.Fatal(err)
		}
		if got := w.states(t, ctx, l.ID, user); got[0] != licensing.Released {
			t.Errorf("a blocked person's seat is %v", got)
		}
		if _, err := w.seats.Assign(ctx, l.ID, user); !errors.Is(err, licensing.ErrUserInactive) {
			t.Errorf("a seat for a blocked person: %v", err)
		}
	})
}

func TestAReleaseEndsEveryClaimAndSeatsTheFirstInLine(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, config := w.license(t, ctx, "Advanced", 1), storetest.Config(t, db, ctx)
		if err := w.seats.AutoAssign(ctx, config, &l.ID); err != nil {
			t.Fatal(err)
		}
		okta := provider(ctx, config)
		u := w.users(t, okta, 3)
		if _, err := w.seats.Assign(ctx, l.ID, u[0]); err != nil {
			t.Fatal(err)
		}
		check := func(when string, want ...licensing.State) {
			t.Helper()
			if got := w.states(t, ctx, l.ID, u...); !slices.Equal(got, want) {
				t.Errorf("%s: seats are %v, want %v", when, got, want)
			}
			w.audited(t, ctx, l.ID)
		}
		check("two reasons hold the seat", "invited", "waiting", "waiting")
		seat, err := w.seats.Release(ctx, l.ID, u[0])
		if err != nil || seat.State != licensing.Released {
			t.Errorf("released is %+v, %v", seat, err)
		}
		check("released", "released", "invited", "waiting")
		if _, err := w.seats.Release(ctx, l.ID, u[2]); err != nil {
			t.Error(err)
		}
		check("one in line released", "released", "invited", "released")
		ledger, err := w.seats.Ledger(ctx, []id.ID{l.ID}, licensing.LedgerFilter{}, page.Args{First: 1}, page.Descending)
		if err != nil || ledger[l.ID].Items[0].Cause != "released by hand" || ledger[l.ID].Items[0].User != u[2] {
			t.Errorf("the ledger says %+v, %v", ledger, err)
		}
		again, err := w.seats.Release(ctx, l.ID, u[0])
		if err != nil || again.Since != seat.Since {
			t.Errorf("releasing twice made %+v of %+v, %v", again, seat, err)
		}
		// The next sync changes her and seats her no more; coming back does.
		edit := func(edit func(*directory.User)) {
			t.Helper()
			if _, _, err := w.people.Change(okta, u[0], func(u *directory.User) error { edit(u); return nil }, nil); err != nil {
				t.Fatal(err)
			}
		}
		edit(func(u *directory.User) { u.Title = "Analyst" })
		check("changed by the configuration", "released", "invited", "released")
		edit(func(u *directory.User) { u.Active = false })
		edit(func(u *directory.User) { u.Active = true })
		check("come back", "waiting", "invited", "released")
	})
}

func TestAReleaseRefusesWhoNeverHadASeat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, u := w.license(t, ctx, "Advanced", 1), w.users(t, ctx, 1)
		if _, err := w.seats.Release(ctx, l.ID, u[0]); !errors.Is(err, licensing.ErrNoSeatHeld) {
			t.Errorf("no seat: %v", err)
		}
		if _, err := w.seats.Release(ctx, id.New(), u[0]); !errors.Is(err, licensing.ErrLicenseNotFound) {
			t.Errorf("no license: %v", err)
		}
		if _, err := w.seats.Release(provider(ctx, id.New()), l.ID, u[0]); err == nil {
			t.Error("an identity provider released a seat")
		}
	})
}

func TestATransferNeverFreesThePlace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, u := w.license(t, ctx, "Advanced", 1), w.users(t, ctx, 3)
		for _, user := range u[:2] {
			if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.seats.Transfer(ctx, l.ID, u[0], u[2]); err != nil {
			t.Fatal(err)
		}
		if got, want := w.states(t, ctx, l.ID, u...), states("released", "waiting", "invited"); !slices.Equal(got, want) {
			t.Errorf("seats are %v, want %v", got, want)
		}
		if _, err := w.seats.Transfer(ctx, l.ID, u[0], u[1]); !errors.Is(err, licensing.ErrNoSeatHeld) {
			t.Errorf("a transfer from nobody: %v", err)
		}
		w.audited(t, ctx, l.ID)
	})
}

func TestAccessAnswersFromLiveState(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		ended := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
		l, err := w.seats.Buy(ctx, licensing.NewLicense{Product: "Advanced", SKU: "adv", Seats: 1, TermEnd: &ended})
		if err != nil {
			t.Fatal(err)
		}
		u := w.users(t, ctx, 3)
		for _, user := range u[:2] {
			if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		got, err := w.seats.Access(ctx, "ADVANCED", []directory.Person{
			{ID: u[0]}, {UserName: "USER001@example.com"}, {ID: u[2]}, {UserName: "nobody"}, {ExternalID: "none"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].ValidUntil == nil || !got[0].ValidUntil.Equal(ended) {
			t.Errorf("the seat is valid until %v, want %v", got[0].ValidUntil, ended)
		}
		got[0].ValidUntil = nil
		want := []licensing.Answer{
			{Allowed: true, Reason: licensing.Seated, User: u[0]},
			{Reason: licensing.SeatWaiting, User: u[1], Position: 1},
			{Reason: licensing.NoSeat, User: u[2]},
			{Reason: licensing.NoSuchPerson},
			{Reason: licensing.NoSuchPerson},
		}
		if !slices.Equal(got, want) {
			t.Errorf("answers are %+v\nwant %+v", got, want)
		}
		if _, err := w.people.Block(ctx, u[0], nil); err != nil {
			t.Fatal(err)
		}
		after, err := w.seats.Access(ctx, "adv", []directory.Person{{ID: u[0]}, {ID: u[1]}})
		if err != nil || after[0].Reason != licensing.Inactive || !after[1].Allowed {
			t.Errorf("after the block: %+v, %v", after, err)
		}
		if _, err := w.seats.Access(ctx, "nothing", []directory.Person{{ID: u[0]}}); !errors.Is(err, licensing.ErrProductNotFound) {
			t.Errorf("an unknown product: %v", err)
		}
		if _, err := w.seats.Access(ctx, "adv", make([]directory.Person, 1001)); !errors.Is(err, licensing.ErrTooManyPeople) {
			t.Errorf("too many people: %v", err)
		}
	})
}

func TestSeatsClaimsAndLedgerAreReadInPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l, u := w.license(t, ctx, "Advanced", 2), w.users(t, ctx, 5)
		for _, user := range u {
			if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		for _, state := range states("", licensing.Waiting, licensing.Invited) {
			var walked []id.ID
			args := page.Args{First: 2}
			for more := true; more; {
				pages, err := w.seats.Seats(ctx, []id.ID{l.ID, id.New()}, state, args, page.Ascending)
				if err != nil {
					t.Fatal(err)
				}
				p := pages[l.ID]
				for _, seat := range p.Items {
					walked = append(walked, seat.User)
					args.After = licensing.SeatCursor(seat)
				}
				more = p.HasNext
			}
			want := map[licensing.State][]id.ID{"": u, licensing.Waiting: u[2:], licensing.Invited: u[:2]}[state]
			if !slices.Equal(walked, want) {
				t.Errorf("seats %q of %v, want %v", state, walked, want)
			}
			counts, err := w.seats.SeatCounts(ctx, []id.ID{l.ID}, state)
			if err != nil || counts[l.ID] != int64(len(want)) {
				t.Errorf("seats %q number %v, %v", state, counts, err)
			}
		}
		ledger, err := w.seats.Ledger(ctx, []id.ID{l.ID}, licensing.LedgerFilter{}, page.Args{First: 1}, page.Descending)
		if err != nil || len(ledger[l.ID].Items) != 1 || ledger[l.ID].Items[0].User != u[4] || !ledger[l.ID].HasNext {
			t.Errorf("ledger is %+v, %v", ledger, err)
		}
		rest, err := w.seats.Ledger(ctx, []id.ID{l.ID}, licensing.LedgerFilter{}, page.Args{First: 9, After: licensing.EntryCursor(ledger[l.ID].Items[0])}, page.Descending)
		if err != nil || len(rest[l.ID].Items) != 4 {
			t.Errorf("the rest of the ledger is %+v, %v", rest, err)
		}
		seats, err := w.seats.SeatsOf(ctx, u[:1])
		if err != nil {
			t.Fatal(err)
		}
		seat := seats[u[0]][0]
		claims, err := w.seats.ClaimsOf(ctx, []id.ID{seat.ID})
		if err != nil || len(claims[seat.ID]) != 1 || claims[seat.ID][0].Reason != licensing.ByHand {
			t.Errorf("claims are %+v, %v", claims, err)
		}
	})
}

func TestLicensesAreRefusedWithTheFieldAtFault(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		l := w.license(t, ctx, "Advanced", 1)
		if _, err := w.seats.Buy(ctx, licensing.NewLicense{Product: "Other", SKU: "ADVANCED"}); !errors.Is(err, licensing.ErrSKUTaken) {
			t.Errorf("a taken SKU: %v", err)
		}
		long, late := strings.Repeat("x", 60_000), time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, c := range []struct {
			n     licensing.NewLicense
			field string
		}{
			{licensing.NewLicense{}, "product"},
			{licensing.NewLicense{Product: long}, "product"},
			{licensing.NewLicense{Product: "A\x00"}, "product"},
			{licensing.NewLicense{Product: "A\xff"}, "product"},
			{licensing.NewLicense{Product: "!?"}, "sku"},
			{licensing.NewLicense{Product: "A", SKU: long}, "sku"},
			{licensing.NewLicense{Product: "A", SKU: "a\nb"}, "sku"},
			{licensing.NewLicense{Product: "A", Edition: long}, "edition"},
			{licensing.NewLicense{Product: "A", Edition: "\x00"}, "edition"},
			{licensing.NewLicense{Product: "A", Seats: -1}, "seats"},
			{licensing.NewLicense{Product: "A", Currency: long}, "currency"},
			{licensing.NewLicense{Product: "A", Currency: "€€€"}, "currency"},
			{licensing.NewLicense{Product: "A", PriceMinor: new(int64)}, "currency"},
			{licensing.NewLicense{Product: "A", PriceMinor: new(int64(-1)), Currency: "USD"}, "pricePerSeatMinor"},
			{licensing.NewLicense{Product: "A", TermStart: &late}, "termStart"},
			{licensing.NewLicense{Product: "A", TermEnd: &late}, "termEnd"},
		} {
			_, err := w.seats.Buy(ctx, c.n)
			if f, ok := fault.As(err); !ok || !errors.Is(err, licensing.ErrInvalidLicense) || f.Field != c.field {
				t.Errorf("%.60v got %v, want a fault at %s", c.n, err, c.field)
			}
		}
		if _, err := w.seats.Change(ctx, l.ID, nil, func(l *licensing.License) error { l.Edition = long; return nil }); !errors.Is(err, licensing.ErrInvalidLicense) {
			t.Errorf("a long edition: %v", err)
		}
		if _, err := w.seats.Buy(provider(ctx, id.New()), licensing.NewLicense{Product: "B"}); err == nil {
			t.Error("an identity provider bought a license")
		}
	})
}

func TestALicenseIsFoundByWhatItIsCalled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, w := storetest.Tenant(t, db), newWorld(db)
		u := w.users(t, ctx, 1)
		for _, c := range []struct{ product, sku, asked string }{
			{"\u55b6\u696d", "\u55b6\u696d", "\u55b6\u696d"},
			{"Ärger & Söhne", "ärger-söhne", "ÄRGER & SÖHNE"},
			{"  Sales Navigator (Advanced)", "sales-navigator-advanced", "sales navigator (advanced)"},
			{strings.Repeat("Long ", 40), strings.TrimSuffix(strings.Repeat("long-", 20), "-"), strings.Repeat("long-", 19) + "LONG"},
		} {
			l := w.license(t, ctx, c.product, 1)
			if l.SKU != c.sku || l.Product != strings.TrimSpace(c.product) {
				t.Errorf("%q became %q with the SKU %q, want %q", c.product, l.Product, l.SKU, c.sku)
			}
			if _, err := w.seats.Assign(ctx, l.ID, u[0]); err != nil {
				t.Fatal(err)
			}
			answers, err := w.seats.Access(ctx, c.asked, []directory.Person{{ID: u[0]}})
			if err != nil || !answers[0].Allowed {
				t.Errorf("%q: %+v, %v", c.asked, answers, err)
			}
		}
	})
}
