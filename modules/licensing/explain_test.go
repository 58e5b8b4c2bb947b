package licensing_test

import (
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/licensing"
)

// TestASeatIsExplained asks why people have a seat, wait for one, or have none, rule by rule.
func TestASeatIsExplained(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		base, l := w.license(t, ctx, "Base", 5), w.license(t, ctx, "Advanced", 1)
		ada, bob, eva := w.person(t, ctx, "ada", "Sales"), w.person(t, ctx, "bob", "Sales"), w.person(t, ctx, "eva", "Law")
		w.rule(t, ctx, l.ID, "Sellers", licensing.Definition{Filter: `title eq "Sales"`, Choice: "one"})
		w.rule(t, ctx, l.ID, "Everybody", licensing.Definition{Filter: `title pr`, Choice: "one", Priority: -1})
		explain := func(user id.ID) licensing.Explanation {
			t.Helper()
			e, err := w.seats.Explain(ctx, l.ID, user)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		a, b, e := explain(ada), explain(bob), explain(eva)
		if a.Answer != licensing.Seated || len(a.Claims) != 1 || len(a.Steps) != 1 || a.Steps[0].Event == id.Nil {
			t.Errorf("ada: %+v", a)
		}
		if len(a.Rules) != 2 || !a.Rules[0].Means || !a.Rules[0].Gives || !a.Rules[1].Means || a.Rules[1].Gives {
			t.Errorf("ada's rules: %+v", a.Rules)
		}
		if b.Answer != licensing.SeatWaiting || b.Position != 1 || e.Answer != licensing.SeatWaiting || e.Position != 2 || e.Rules[0].Means || !e.Rules[1].Gives {
			t.Errorf("bob: %+v\neva: %+v", b, e)
		}
		w.change(t, ctx, l.ID, func(l *licensing.License) { l.Requires = []id.ID{base.ID} })
		if got := explain(ada).Missing; len(got) != 1 || got[0].ID != base.ID {
			t.Errorf("missing is %+v", got)
		}
		if _, err := w.seats.Explain(ctx, l.ID, id.New()); code(err) != "user_not_found" {
			t.Errorf("nobody is explained: %v", err)
		}
	})
}
