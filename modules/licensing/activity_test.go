package licensing_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

// TestUseActivatesASeatOnce tells of use in one batch with every kind of row, twice.
func TestUseActivatesASeatOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 5)
		ada, bob := w.person(t, ctx, "ada", ""), w.person(t, ctx, "bob", "")
		if _, err := w.seats.Assign(ctx, l.ID, ada); err != nil {
			t.Fatal(err)
		}
		w.pass(3)
		now := time.Unix(w.now.Load(), 0).UTC()
		uses := []licensing.Use{
			{Person: directory.Person{UserName: "Ada"}, At: now.Add(-2 * time.Hour)}, {Person: directory.Person{ID: ada}, At: now.Add(-time.Hour)},
			{Person: directory.Person{UserName: "nobody"}, At: now}, {Person: directory.Person{ID: bob}, At: now.Add(-26 * time.Hour)},
			{Person: directory.Person{ID: bob}, At: now.Add(time.Hour)}, {Person: directory.Person{ID: bob}, At: now.AddDate(-3, 0, 0)},
		}
		source := licensing.Source{Name: "Sign-in log"}
		statuses := func(want ...licensing.UseStatus) (activated int) {
			t.Helper()
			results, err := w.seats.RecordActivity(product(ctx), l.ID, source, uses)
			if err != nil {
				t.Fatal(err)
			}
			var got []licensing.UseStatus
			for _, r := range results {
				got = append(got, r.Status)
				if r.Activated {
					activated++
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the rows are %q, want %q", got, want)
			}
			return activated
		}
		if n := statuses(licensing.UseRecorded, licensing.UseRecorded, licensing.UseNobody, licensing.UseRecorded, licensing.UseInFuture, licensing.UseTooOld); n != 1 {
			t.Errorf("%d rows activated a seat", n)
		}
		w.expect(t, ctx, l.ID, []id.ID{ada, bob}, licensing.Activated, never)
		if n := statuses(licensing.UseKnown, licensing.UseKnown, licensing.UseNobody, licensing.UseKnown, licensing.UseInFuture, licensing.UseTooOld); n != 0 {
			t.Errorf("%d rows activated a seat again", n)
		}
		seats, err := w.seats.SeatsOf(ctx, []id.ID{ada})
		if at := seats[ada][0].LastUsedAt; err != nil || at == nil || !at.Equal(now.Add(-time.Hour)) {
			t.Errorf("last used at %v, %v", at, err)
		}
		if _, err := w.seats.RecordActivity(ctx, l.ID, source, uses); code(err) != "forbidden" {
			t.Errorf("an administrator tells of use: %v", err)
		}
		if _, err := w.seats.RecordActivity(product(ctx), l.ID, licensing.Source{}, uses); code(err) != "invalid_activity" {
			t.Errorf("a source without a name: %v", err)
		}
		if _, err := w.seats.RecordActivity(product(ctx), l.ID, source, make([]licensing.Use, 10_001)); code(err) != "invalid_activity" {
			t.Errorf("too many rows: %v", err)
		}
	})
}

// TestASilentSourceMakesUseUnknown lets a source fall silent, and come back.
func TestASilentSourceMakesUseUnknown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 5)
		now := func() time.Time { return time.Unix(w.now.Load(), 0).UTC() }
		known := func(at time.Time, want bool) {
			t.Helper()
			got, err := w.seats.ActivityKnown(ctx, []id.ID{l.ID}, at)
			if err != nil || got[l.ID] != want {
				t.Errorf("at %v known is %v, %v", at, got[l.ID], err)
			}
		}
		known(now(), false)
		tell := func() {
			t.Helper()
			if _, err := w.seats.RecordActivity(product(ctx), l.ID, licensing.Source{Name: "Log", LagHours: 24, SilentHours: 72}, nil); err != nil {
				t.Fatal(err)
			}
		}
		tell()
		first := now()
		known(first, true)
		w.pass(4)
		known(now(), false)
		known(first, false)
		known(first.AddDate(0, 0, -2), true)
		tell()
		known(now(), true)
	})
}
