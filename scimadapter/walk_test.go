package scimadapter_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// TestAWalkMissesNobody walks 20,000 people by cursors, in their own order and back by family name, which every third does not
// have, while others delete, create and change people. Whoever was there throughout is seen once, and nobody twice.
//
// Conformance: P-3.4.2.4-04
func TestAWalkMissesNobody(t *testing.T) {
	t.Parallel()
	for _, order := range [][]string{nil, {"sortBy", "name.familyName", "sortOrder", "descending"}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) { walkAmongOthers(t, db, order) })
		})
	}
}

func walkAmongOthers(t *testing.T, db *store.DB, order []string) {
	w := newWorld(t, db)
	who, _ := caller.From(w.admin)
	people := storetest.Crowd(t, w.admin, db, who.Tenant, 20_000)
	gone := map[string]bool{}
	var others sync.WaitGroup
	others.Go(func() {
		random := rand.New(rand.NewPCG(3, 4))
		for i := range 600 {
			of := people[random.IntN(len(people))]
			if err := w.meddle(i, of, gone); err != nil {
				t.Error(err)
				return
			}
		}
	})
	seen, _ := w.walked("/Users", append([]string{"count", "100", "attributes", "id"}, order...)...)
	others.Wait()
	times := map[string]int{}
	for _, one := range seen {
		if times[one]++; times[one] > 1 {
			t.Errorf("%s was seen twice", one)
		}
	}
	missed := slices.DeleteFunc(slices.Clone(people), func(of uuid.UUID) bool {
		name := id.User.Format(of)
		return gone[name] || times[name] == 1
	})
	if len(missed) > 0 || len(gone) < 40 {
		t.Errorf("%d of those who were there throughout were missed, %d have gone", len(missed), len(gone))
	}
}

// meddle creates somebody, deletes somebody, or changes somebody's title, as every twelfth, twelfth or other time.
func (w *world) meddle(i int, of uuid.UUID, gone map[string]bool) error {
	switch i % 12 {
	case 0:
		_, err := w.directory.Create(w.admin, directory.User{UserName: fmt.Sprintf("new%d", i), Active: true, Name: directory.Name{FamilyName: fmt.Sprintf("family %05d x", i)}})
		return err
	case 1:
		name := id.User.Format(of)
		if gone[name] {
			return nil
		}
		gone[name] = true
		return w.directory.Delete(w.admin, of, nil)
	default:
		if gone[id.User.Format(of)] {
			return nil
		}
		_, _, err := w.directory.Change(w.admin, of, func(u *directory.User) error { u.Title = fmt.Sprint("changed ", i); return nil }, nil)
		return err
	}
}
