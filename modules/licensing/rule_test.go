package licensing_test

import (
	"context"
	"fmt"
	"reflect"
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

const (
	waits   = licensing.Waiting
	invited = licensing.Invited
	gone    = licensing.Released
	never   = licensing.State("")
)

// rule makes a rule and publishes it; apply lets its run go to the end.
func (w clocked) rule(t *testing.T, ctx context.Context, license id.ID, name string, d licensing.Definition) licensing.Rule {
	t.Helper()
	r, _, err := w.seats.CreateRule(ctx, licensing.NewRule{License: license, Name: name, Definition: d})
	if err != nil {
		t.Fatal(err)
	}
	return w.publish(t, ctx, r.ID)
}

func (w clocked) publish(t *testing.T, ctx context.Context, of id.ID) licensing.Rule {
	t.Helper()
	r, _, err := w.seats.PublishRule(ctx, of, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.apply(t)
	return r
}

func (w clocked) revise(t *testing.T, ctx context.Context, of id.ID, d licensing.Definition) {
	t.Helper()
	if _, _, err := w.seats.ReviseRule(ctx, of, d); err != nil {
		t.Fatal(err)
	}
}

func (w clocked) apply(t *testing.T) {
	t.Helper()
	w.now.Add(5)
	if err := w.seats.DoWork(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w world) person(t *testing.T, ctx context.Context, name, title string) id.ID {
	t.Helper()
	u, err := w.people.Create(ctx, directory.User{UserName: name, Active: true, Title: title})
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func (w world) moves(t *testing.T, ctx context.Context, user id.ID, title string) {
	t.Helper()
	if _, _, err := w.people.Change(ctx, user, func(u *directory.User) error { u.Title = title; return nil }, nil); err != nil {
		t.Fatal(err)
	}
}

func (w world) group(t *testing.T, ctx context.Context, name string, members ...id.ID) id.ID {
	t.Helper()
	g, err := w.people.CreateGroup(ctx, directory.NewGroup{DisplayName: name, Members: refs(members)})
	if err != nil {
		t.Fatal(err)
	}
	return g.ID
}

func refs(members []id.ID) []directory.MemberRef {
	all := make([]directory.MemberRef, len(members))
	for i, of := range members {
		all[i] = directory.MemberRef{Value: id.User.Format(of)}
	}
	return all
}

func (w world) members(t *testing.T, ctx context.Context, group id.ID, op directory.MemberOp, members ...id.ID) {
	t.Helper()
	_, _, err := w.people.ChangeGroup(ctx, group, directory.GroupEdit{Members: []directory.MemberEdit{{Op: op, Members: refs(members)}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func (w world) expect(t *testing.T, ctx context.Context, license id.ID, users []id.ID, want ...licensing.State) {
	t.Helper()
	if got := w.states(t, ctx, license, users...); !reflect.DeepEqual(got, want) {
		t.Errorf("the seats are %q, want %q", got, want)
	}
	w.audited(t, ctx, license)
}

// TestRulesFollowTheDirectory publishes a rule by attribute and one by group, and changes people and groups afterwards: each gains
// and loses in the unit of work of that change, and keeps the seat until the last reason ends.
func TestRulesFollowTheDirectory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		ada, bob := w.person(t, ctx, "ada", "Sales"), w.person(t, ctx, "bob", "Law")
		group := w.group(t, ctx, "Sellers")
		l := w.license(t, ctx, "Advanced", 10)
		w.rule(t, ctx, l.ID, "By title", licensing.Definition{Filter: `title eq "sales"`})
		w.rule(t, ctx, l.ID, "By group", licensing.Definition{Group: group})
		both := []id.ID{ada, bob}
		w.expect(t, ctx, l.ID, both, invited, never)

		eva := w.person(t, ctx, "eva", "Sales")
		all := []id.ID{ada, bob, eva}
		w.expect(t, ctx, l.ID, all, invited, never, invited)
		w.moves(t, ctx, eva, "Law")
		w.expect(t, ctx, l.ID, all, invited, never, gone)
		w.members(t, ctx, group, directory.AddMembers, ada, bob)
		w.expect(t, ctx, l.ID, all, invited, invited, gone)
		w.moves(t, ctx, ada, "Law") // the group is a reason still
		w.expect(t, ctx, l.ID, all, invited, invited, gone)
		w.members(t, ctx, group, directory.RemoveMembers, ada)
		w.expect(t, ctx, l.ID, all, gone, invited, gone)
		if _, err := w.people.Block(ctx, bob, nil); err != nil {
			t.Fatal(err)
		}
		w.expect(t, ctx, l.ID, all, gone, gone, gone)
		if _, err := w.people.Unblock(ctx, bob, nil); err != nil {
			t.Fatal(err)
		}
		w.expect(t, ctx, l.ID, all, gone, invited, gone)
		if err := w.people.DeleteGroup(ctx, group, nil); err != nil {
			t.Fatal(err)
		}
		w.expect(t, ctx, l.ID, all, gone, gone, gone)
	})
}

// TestSomebodyAwaitedByAGroupGetsOneSeat lets a configuration with auto-assign create a person whom a group of a rule awaits.
func TestSomebodyAwaitedByAGroupGetsOneSeat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		config := storetest.Config(t, db, ctx)
		okta := provider(ctx, config)
		l := w.license(t, ctx, "Advanced", 10)
		if err := w.seats.AutoAssign(ctx, config, &l.ID); err != nil {
			t.Fatal(err)
		}
		g, err := w.people.CreateGroup(okta, directory.NewGroup{DisplayName: "Sellers", Members: []directory.MemberRef{{Value: "ada@example.com"}}})
		if err != nil {
			t.Fatal(err)
		}
		w.rule(t, ctx, l.ID, "By group", licensing.Definition{Group: g.ID, Priority: 7})
		u, err := w.people.Create(okta, directory.User{UserName: "ada@example.com", Active: true})
		if err != nil {
			t.Fatal(err)
		}
		w.expect(t, ctx, l.ID, []id.ID{u.ID}, invited)
		seats, err := w.seats.SeatsOf(ctx, []id.ID{u.ID})
		if err != nil {
			t.Fatal(err)
		}
		claims, err := w.seats.ClaimsOf(ctx, []id.ID{seats[u.ID][0].ID})
		if err != nil || len(claims[seats[u.ID][0].ID]) != 2 {
			t.Errorf("she has the reasons %v, %v", claims, err)
		}
		if now, err := w.people.Get(ctx, u.ID); err != nil || now.Version != u.Version {
			t.Errorf("she was told version %d and has %d, %v", u.Version, now.Version, err)
		}
	})
}

// TestAPreviewIsWhatPublishingDoes compares the preview of a changed rule with what its run does then.
func TestAPreviewIsWhatPublishingDoes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		price := int64(120_000)
		l, err := w.seats.Buy(ctx, licensing.NewLicense{Product: "Advanced", Seats: 6, PriceMinor: &price, Currency: "USD"})
		if err != nil {
			t.Fatal(err)
		}
		var people []id.ID
		for i := range 12 {
			people = append(people, w.person(t, ctx, fmt.Sprintf("user%02d", i), []string{"Sales", "Law", "Both"}[i%3]))
		}
		r := w.rule(t, ctx, l.ID, "Sellers", licensing.Definition{Filter: `title eq "Sales" or title eq "Both"`}) // 8 for 6 seats
		if _, err := w.seats.Assign(ctx, l.ID, people[0]); err != nil {                                           // another reason
			t.Fatal(err)
		}
		w.revise(t, ctx, r.ID, licensing.Definition{Filter: `title ne "Sales"`})
		sums, err := w.seats.PreviewSums(ctx, r.ID)
		if err != nil || len(sums) != 1 {
			t.Fatal(sums, err)
		}
		got := sums[0]
		if got.Means != 8 || got.Gain != 4 || got.Lose != 3 {
			t.Errorf("%d are meant, %d gain, %d lose", got.Means, got.Gain, got.Lose)
		}
		told := map[id.ID]licensing.PreviewChange{}
		args := page.Args{First: 2}
		for {
			p, err := w.seats.Preview(ctx, r.ID, nil, args)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range p.Items {
				if told[one.User] != "" {
					t.Errorf("%v is told twice", one)
				}
				told[one.User] = one.Change
			}
			if !p.HasNext {
				break
			}
			args.After = licensing.PreviewedCursor(p.Items[len(p.Items)-1])
		}
		before, was := w.states(t, ctx, l.ID, people...), w.audited(t, ctx, l.ID)
		w.publish(t, ctx, r.ID)
		after, now := w.states(t, ctx, l.ID, people...), w.audited(t, ctx, l.ID)
		stands := func(s licensing.State) bool { return s != never && s != gone }
		for i, person := range people {
			want := licensing.PreviewChange("")
			switch {
			case !stands(before[i]) && stands(after[i]):
				want = licensing.Gains
			case stands(before[i]) && !stands(after[i]):
				want = licensing.Loses
			}
			if told[person] != want {
				t.Errorf("person %d was told %q, and went from %q to %q", i, told[person], before[i], after[i])
			}
		}
		if now.Taken-was.Taken != got.Seats || now.Waiting-was.Waiting != got.Waiting || *got.CostMinor != got.Seats*price || got.OverAssigned != now.OverAssigned() {
			t.Errorf("told %+v, came from %d/%d to %d/%d", got, was.Taken, was.Waiting, now.Taken, now.Waiting)
		}
		runs, err := w.seats.Runs(ctx, []id.ID{r.ID})
		if run := runs[r.ID]; err != nil || run.State != licensing.RunDone || run.Gained != 4 || run.Lost != 4 || run.Done != 12 || run.Total != 12 {
			t.Errorf("the run is %+v, %v", run, err)
		}
	})
}

// TestARuleIsRolledBackAndRetired goes forth and back through the revisions of a rule.
func TestARuleIsRolledBackAndRetired(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 10)
		both := []id.ID{w.person(t, ctx, "ada", "Sales"), w.person(t, ctx, "bob", "Law")}
		r := w.rule(t, ctx, l.ID, "One", licensing.Definition{Filter: `title eq "Sales"`})
		w.expect(t, ctx, l.ID, both, invited, never)
		if _, _, err := w.seats.PublishRule(ctx, r.ID, nil); code(err) != "no_draft" {
			t.Errorf("published without a draft: %v", err)
		}
		w.revise(t, ctx, r.ID, licensing.Definition{Filter: `title eq "Law"`})
		other := int64(7)
		if _, _, err := w.seats.PublishRule(ctx, r.ID, &other); code(err) != "stale_version" {
			t.Errorf("published another draft than was seen: %v", err)
		}
		w.publish(t, ctx, r.ID)
		w.expect(t, ctx, l.ID, both, gone, invited)
		if _, _, err := w.seats.RollBackRule(ctx, r.ID, 1); err != nil {
			t.Fatal(err)
		}
		w.apply(t)
		w.expect(t, ctx, l.ID, both, invited, gone)
		if _, _, err := w.seats.RetireRule(ctx, r.ID); err != nil {
			t.Fatal(err)
		}
		w.apply(t)
		w.expect(t, ctx, l.ID, both, gone, gone)
		revisions, err := w.seats.Revisions(ctx, []id.ID{r.ID})
		if err != nil || len(revisions[r.ID]) != 3 || revisions[r.ID][0].Definition.Filter != `title eq "Sales"` {
			t.Errorf("the revisions are %+v, %v", revisions[r.ID], err)
		}
		if _, _, err := w.seats.RollBackRule(ctx, r.ID, 9); code(err) != "revision_not_found" {
			t.Errorf("rolled back to what never was: %v", err)
		}
	})
}

func code(err error) string {
	f, ok := fault.As(err)
	if !ok {
		return ""
	}
	return f.Code
}

// TestARuleThatCannotHoldSaysWhy refuses filters that are none, groups that are not there, and rules that select the same.
func TestARuleThatCannotHoldSaysWhy(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 10)
		w.rule(t, ctx, l.ID, "First", licensing.Definition{Filter: `title eq "Sales"`})
		for _, bad := range []struct {
			def        licensing.Definition
			code, says string
		}{
			{licensing.Definition{Filter: `title eq`}, "filter_unsupported", `rule "New": the filter cannot be read at position 9`},
			{licensing.Definition{Filter: `shoeSize gt 40 and active eq true`}, "filter_unsupported", `rule "New": `},
			{licensing.Definition{Group: id.New()}, "invalid_rule", `rule "New": there is no group`},
			{licensing.Definition{Filter: `TITLE  EQ "Sales"`, Priority: 4}, "rule_overlaps", `as rule "First"`},
			{licensing.Definition{Priority: 2_000_000}, "invalid_priority", "between"},
			{licensing.Definition{Filter: strings.Repeat("x", 5000)}, "invalid_rule", "at most 4000"},
		} {
			_, _, err := w.seats.CreateRule(ctx, licensing.NewRule{License: l.ID, Name: "New", Definition: bad.def})
			if f, ok := fault.As(err); !ok || f.Code != bad.code || !strings.Contains(f.Message, bad.says) {
				t.Errorf("%+v is refused with %v", bad.def, err)
			}
		}
		if rules, err := w.seats.Rules(ctx, []id.ID{l.ID}); err != nil || len(rules[l.ID]) != 1 {
			t.Errorf("there are %d rules, %v", len(rules[l.ID]), err)
		}
	})
}

// TestPrioritiesDecideBetweenRules lets rules compete for one person, and people for one seat.
func TestPrioritiesDecideBetweenRules(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		plus, core := w.license(t, ctx, "Advanced Plus", 5), w.license(t, ctx, "Core", 1)
		head := w.group(t, ctx, "Heads")
		people := []id.ID{w.person(t, ctx, "ada", "Sales"), w.person(t, ctx, "bob", "Sales"), w.person(t, ctx, "eva", "Law")}
		w.rule(t, ctx, core.ID, "Everybody", licensing.Definition{Choice: "navigator"})
		w.expect(t, ctx, core.ID, people, invited, waits, waits)
		best := w.rule(t, ctx, plus.ID, "Heads", licensing.Definition{Group: head, Choice: "navigator", Priority: 10})
		w.members(t, ctx, head, directory.AddMembers, people[0])
		w.expect(t, ctx, plus.ID, people, invited, never, never)
		w.expect(t, ctx, core.ID, people, gone, invited, waits)
		w.rule(t, ctx, core.ID, "Lawyers first", licensing.Definition{Filter: `title eq "Law"`, Priority: 3})
		fay := w.person(t, ctx, "fay", "Sales")
		seats, err := w.seats.SeatsOf(ctx, []id.ID{people[2], fay})
		if err != nil {
			t.Fatal(err)
		}
		places, err := w.seats.Places(ctx, []id.ID{seats[people[2]][0].ID, seats[fay][0].ID})
		if err != nil || places[seats[people[2]][0].ID] != 1 || places[seats[fay][0].ID] != 2 {
			t.Errorf("the places are %v, %v", places, err)
		}
		if _, _, err := w.seats.RetireRule(ctx, best.ID); err != nil {
			t.Fatal(err)
		}
		w.apply(t)
		w.expect(t, ctx, plus.ID, people, gone, never, never)
		w.expect(t, ctx, core.ID, people, waits, invited, waits)
	})
}

// TestARunGoesOnWhereItWasLeft kills a run in the middle, twice, and lets another replica go on.
func TestARunGoesOnWhereItWasLeft(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			w := newClocked(one)
			other := newClockedAt(two, w.now)
			ctx := storetest.Tenant(t, one)
			l := w.license(t, ctx, "Advanced", 1000)
			people := storetest.People(t, one, ctx, 120)
			r, _, err := w.seats.CreateRule(ctx, licensing.NewRule{License: l.ID, Name: "Everybody"})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.seats.PublishRule(ctx, r.ID, nil); err != nil {
				t.Fatal(err)
			}
			w.now.Add(5)
			for range 2 {
				killed, cancel := context.WithCancel(t.Context())
				stop := make(chan struct{})
				go func() { // as soon as something is done
					defer close(stop)
					for killed.Err() == nil {
						runs, err := other.seats.Runs(ctx, []id.ID{r.ID})
						if err != nil || runs[r.ID].Done > 0 {
							cancel()
						}
					}
				}()
				_ = w.seats.DoWork(killed)
				cancel()
				<-stop
			}
			if err := other.seats.DoWork(t.Context()); err != nil {
				t.Fatal(err)
			}
			runs, err := other.seats.Runs(ctx, []id.ID{r.ID})
			run := runs[r.ID]
			if err != nil || run.State != licensing.RunDone || run.Gained != int64(len(people)) || run.Done != int64(len(people)) {
				t.Errorf("the run is %+v, %v", run, err)
			}
			if l := w.audited(t, ctx, l.ID); l.Taken != int64(len(people)) {
				t.Errorf("%d seats are taken", l.Taken)
			}
		})
	}
}

// TestALargeChangeOfAGroupIsFollowedByARun puts more people into a group than one unit brings in line.
func TestALargeChangeOfAGroupIsFollowedByARun(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 1000)
		group := w.group(t, ctx, "Sellers")
		w.rule(t, ctx, l.ID, "Sellers", licensing.Definition{Group: group})
		w.members(t, ctx, group, directory.AddMembers, storetest.People(t, db, ctx, 250)...)
		w.apply(t)
		if l := w.audited(t, ctx, l.ID); l.Taken != 250 {
			t.Errorf("%d seats are taken", l.Taken)
		}
	})
}

// TestEveryRuleIsGoneOverEachDay finds what nobody was told of.
func TestEveryRuleIsGoneOverEachDay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		l := w.license(t, ctx, "Advanced", 1000)
		w.rule(t, ctx, l.ID, "Everybody", licensing.Definition{})
		people := storetest.People(t, db, ctx, 3) // behind the modules' back
		w.expect(t, ctx, l.ID, people, never, never, never)
		w.pass(1)
		w.apply(t)
		w.now.Add(int64(time.Minute / time.Second))
		w.apply(t)
		w.expect(t, ctx, l.ID, people, invited, invited, invited)
	})
}
