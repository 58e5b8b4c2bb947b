package licensing_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

func entitled(values ...string) []directory.Value {
	all := make([]directory.Value, len(values))
	for i, v := range values {
		all[i] = directory.Value{Value: v, Type: "License"}
	}
	return all
}

func (w world) entitle(t *testing.T, ctx context.Context, user id.ID, values ...string) {
	t.Helper()
	_, _, err := w.people.Change(ctx, user, func(u *directory.User) error { u.Entitlements = entitled(values...); return nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func TestEntitlementsAskForLicensesAndGiveThemBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(db), storetest.Tenant(t, db)
		okta := provider(ctx, storetest.Config(t, db, ctx))
		l := w.license(t, ctx, "Advanced", 1)
		addOn := w.license(t, ctx, "TeamLink Extend", 1)
		first, err := w.people.Create(okta, directory.User{
			UserName: "ada", Active: true, Entitlements: entitled(id.License.Format(l.ID), "teamlink-extend", "something of others"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(first.Entitlements, entitled(id.License.Format(l.ID), "teamlink-extend", "something of others")) {
			t.Errorf("entitlements are kept as %v", first.Entitlements)
		}
		second, err := w.people.Create(okta, directory.User{UserName: "bob", Active: true, Entitlements: entitled("ADVANCED")})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(of licensing.License, want ...licensing.State) {
			t.Helper()
			if got := w.states(t, ctx, of.ID, first.ID, second.ID); !reflect.DeepEqual(got, want) {
				t.Errorf("the seats of %s are %v, want %v", of.Product, got, want)
			}
			w.audited(t, ctx, of.ID)
		}
		expect(l, licensing.Invited, licensing.Waiting)
		expect(addOn, licensing.Invited, "")
		w.entitle(t, okta, first.ID, "teamlink-extend")
		expect(l, licensing.Released, licensing.Invited)
		expect(addOn, licensing.Invited, "")

		deactivate := func(active bool) {
			t.Helper()
			if _, _, err := w.people.Change(okta, first.ID, func(u *directory.User) error { u.Active = active; return nil }, nil); err != nil {
				t.Fatal(err)
			}
		}
		deactivate(false)
		expect(addOn, licensing.Released, "")
		deactivate(true)
		expect(addOn, licensing.Invited, "")
	})
}

func TestAGivenBackEntitlementLeavesOtherReasons(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(db), storetest.Tenant(t, db)
		okta := provider(ctx, storetest.Config(t, db, ctx))
		l := w.license(t, ctx, "Advanced", 1)
		u, err := w.people.Create(okta, directory.User{UserName: "ada", Active: true, Entitlements: entitled("advanced")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.seats.Assign(ctx, l.ID, u.ID); err != nil {
			t.Fatal(err)
		}
		w.entitle(t, okta, u.ID)
		if got := w.states(t, ctx, l.ID, u.ID); got[0] != licensing.Invited {
			t.Errorf("she was assigned by hand, too, and her seat is %v", got)
		}
		w.audited(t, ctx, l.ID)
	})
}

func TestWhatAProviderWasShownAsksForNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 1)
		u := w.user(t, ctx, "ada")
		if _, err := w.seats.Assign(ctx, l.ID, u.ID); err != nil {
			t.Fatal(err)
		}
		shown := entitled(id.License.Format(l.ID), "other")
		own, err := w.seats.Own(ctx, u.ID, entitled("other"), shown)
		if err != nil || !reflect.DeepEqual(own, entitled("other")) {
			t.Errorf("she has of her own %v: %v", own, err)
		}
		own, err = w.seats.Own(ctx, u.ID, shown[:1], shown)
		if err != nil || !reflect.DeepEqual(own, shown) {
			t.Errorf("what she had asked for herself is not hers: %v, %v", own, err)
		}
	})
}

func TestStandingsTellStatePositionAndReason(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 1)
		w.license(t, ctx, "TeamLink Extend", 5)
		people := w.users(t, ctx, 4)
		for _, user := range people[:3] {
			if _, err := w.seats.Assign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.seats.Unassign(ctx, l.ID, people[0]); err != nil {
			t.Fatal(err)
		}
		standings, err := w.seats.Standings(ctx, people)
		if err != nil {
			t.Fatal(err)
		}
		type line struct {
			state, reason string
			position      int64
			since         bool
		}
		want := [][2]line{
			{{"none", "unassigned", 0, true}, {"none", "not_assigned", 0, false}},
			{{"seated", "a seat became free", 0, true}, {"none", "not_assigned", 0, false}},
			{{"waiting", "hand", 1, true}, {"none", "not_assigned", 0, false}},
			{{"none", "not_assigned", 0, false}, {"none", "not_assigned", 0, false}},
		}
		for i, user := range people {
			var got [2]line
			for j, st := range standings[user] {
				got[j] = line{st.State, st.Reason, st.Position, st.Since != nil}
			}
			if got != want[i] {
				t.Errorf("person %d stands %v, want %v", i, got, want[i])
			}
		}
	})
}

func TestAnUnblockedPersonGetsWhatHerConfigurationAssigns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newWorld(db), storetest.Tenant(t, db)
		config := storetest.Config(t, db, ctx)
		okta := provider(ctx, config)
		l := w.license(t, ctx, "Advanced", 1)
		if err := w.seats.AutoAssign(ctx, config, &l.ID); err != nil {
			t.Fatal(err)
		}
		u, err := w.people.Create(okta, directory.User{UserName: "ada", Active: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			do   func(context.Context, id.ID, *directory.Expect) (*directory.User, error)
			want licensing.State
		}{{w.people.Block, licensing.Released}, {w.people.Unblock, licensing.Invited}} {
			if _, err := step.do(ctx, u.ID, nil); err != nil {
				t.Fatal(err)
			}
			if got := w.states(t, ctx, l.ID, u.ID); got[0] != step.want {
				t.Errorf("her seat is %v, want %v", got, step.want)
			}
			w.audited(t, ctx, l.ID)
		}
	})
}
