package store_test

import (
	"context"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// TestAloneWaitsForThoseWhoShare holds a name shared in two units; a third, alone, ends only after both.
func TestAloneWaitsForThoseWhoShare(t *testing.T) {
	t.Parallel()
	a, b := storetest.TwoReplicas(t, storetest.Postgres)
	ctx := storetest.Tenant(t, a)
	held, release, order := make(chan struct{}, 2), make(chan struct{}), make(chan string, 3)
	for _, db := range []*store.DB{a, b} {
		go func() {
			err := store.Do(ctx, db, func(ctx context.Context) error {
				if err := db.Share(ctx, "name"); err != nil {
					return err
				}
				held <- struct{}{}
				<-release
				order <- "shared"
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}()
	}
	<-held
	<-held // they do not wait for each other
	alone := make(chan error)
	go func() {
		alone <- store.Do(ctx, a, func(ctx context.Context) error {
			err := a.Alone(ctx, "name")
			order <- "alone"
			return err
		})
	}()
	close(release)
	if err := <-alone; err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"shared", "shared", "alone"} {
		if got := <-order; got != want {
			t.Errorf("%s came where %s was to come", got, want)
		}
	}
	if err := a.Share(ctx, "name"); err == nil {
		t.Error("a name is shared outside of a unit of work")
	}
}
