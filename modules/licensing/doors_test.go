package licensing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

// doorRounds is how many there are here; all doors have many more in cmd/usher.
const doorRounds = 10

// TestEveryDoorAtTheLastSeat has somebody at each door to a seat at once, with one seat free: a hand, a configuration that creates,
// one that lets come back, a rule that is published, a group that is joined. In every round exactly one gets it, and the others stand
// in line.
func TestEveryDoorAtTheLastSeat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, ctx := newClocked(db), storetest.Tenant(t, db)
		config := storetest.Config(t, db, ctx)
		okta := provider(ctx, config)
		group := w.group(t, ctx, "Joiners")
		for round := range doorRounds {
			l := w.license(t, ctx, fmt.Sprintf("Product %d", round), 1)
			named := func(door string) string { return fmt.Sprintf("%s%d", door, round) }
			hand := w.person(t, ctx, named("hand"), "")
			back, err := w.people.Create(okta, directory.User{UserName: named("back"), Active: false})
			if err != nil {
				t.Fatal(err)
			}
			w.person(t, ctx, named("rule"), named("title"))
			joiner := w.person(t, ctx, named("joiner"), "")
			if err := w.seats.AutoAssign(ctx, config, &l.ID); err != nil {
				t.Fatal(err)
			}
			joiners, _, err := w.seats.CreateRule(ctx, licensing.NewRule{License: l.ID, Name: "Joiners", Definition: licensing.Definition{Group: group}})
			if err != nil {
				t.Fatal(err)
			}
			w.publish(t, ctx, joiners.ID)
			titled, _, err := w.seats.CreateRule(ctx, licensing.NewRule{
				License: l.ID, Name: "Titled", Definition: licensing.Definition{Filter: fmt.Sprintf("title eq %q", named("title"))},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.seats.PublishRule(ctx, titled.ID, nil); err != nil {
				t.Fatal(err)
			}
			w.now.Add(5)
			err = atOnce(
				func() error { _, err := w.seats.Assign(ctx, l.ID, hand); return err },
				func() error {
					_, err := w.people.Create(okta, directory.User{UserName: named("new"), Active: true})
					return err
				},
				func() error {
					_, _, err := w.people.Change(okta, back.ID, func(u *directory.User) error { u.Active = true; return nil }, nil)
					return err
				},
				func() error { return w.seats.DoWork(t.Context()) },
				func() error { return w.joins(ctx, group, joiner) },
			)
			if err != nil {
				t.Fatal(err)
			}
			if now := w.audited(t, ctx, l.ID); now.Taken != 1 || now.Waiting != 4 {
				t.Fatalf("round %d: %d sit and %d wait", round, now.Taken, now.Waiting)
			}
			w.members(t, ctx, group, directory.RemoveMembers, joiner)
			if _, _, err := w.seats.RetireRule(ctx, joiners.ID); err != nil {
				t.Fatal(err)
			}
			w.apply(t)
		}
	})
}

func (w world) joins(ctx context.Context, group, user id.ID) error {
	_, _, err := w.people.ChangeGroup(ctx, group, directory.GroupEdit{Members: []directory.MemberEdit{{Op: directory.AddMembers, Members: refs([]id.ID{user})}}}, nil)
	return err
}

func atOnce(doors ...func() error) error {
	start, errs := make(chan struct{}), make([]error, len(doors))
	var all sync.WaitGroup
	for i, door := range doors {
		all.Go(func() {
			<-start
			errs[i] = door()
		})
	}
	close(start)
	all.Wait()
	return errors.Join(errs...)
}
