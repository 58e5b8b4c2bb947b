package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// forget deletes the snapshots, as if no worker had ever come.
func (o *organization) forget() {
	o.t.Helper()
	err := store.Do(caller.With(o.t.Context(), o.inside), o.db, func(ctx context.Context) error {
		_, err := o.db.Exec(ctx, `DELETE FROM snapshots WHERE tenant_id = $1`, o.inside.Tenant)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *organization) steps() (n int) {
	for _, l := range o.licenses {
		for _, seat := range l.held {
			n += len(seat.history)
		}
	}
	return n
}

// TestAYearOfAnOrganizationIsWhatItWasTold lives a year of an organization through SCIM and GraphQL, at a time that the test moves, and compares
// every figure of every report on 20 days with a recount of what was sent: on the day itself, and as of that moment when the year is over.
func TestAYearOfAnOrganizationIsWhatItWasTold(t *testing.T) {
	t.Parallel()
	size := 250
	if text := os.Getenv("USHER_TEST_YEAR"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			o := found(t, dialect, size)
			began := time.Now()
			var chosen []time.Time
			for n := range yearDays {
				o.day(n)
				if n%19 == 3 || n == shrinkDay+1 {
					o.until(o.start.AddDate(0, 0, n).Add(20 * time.Hour))
					o.snap()
					o.snaps = append(o.snaps, o.allDoors.tell())
					o.figures(fmt.Sprintf("day %d", n), nil, n%4 == 0)
					chosen = append(chosen, o.allDoors.tell())
				}
			}
			o.until(o.start.AddDate(0, 0, yearDays).Add(time.Hour))
			lived := time.Since(began)
			for i, at := range chosen {
				o.figures(fmt.Sprintf("as of %s", at), &at, i%4 == 0)
			}
			for _, l := range o.licenses {
				o.series("the year of", l, o.snaps)
			}
			o.forget()
			for _, l := range o.licenses {
				o.series("the year without snapshots of", l, nil)
			}
			o.snap()
			for _, l := range o.licenses {
				o.series("the year caught up of", l, []time.Time{o.allDoors.tell()})
			}
			o.ends(chosen)
			t.Logf("%d people, %d requests, %d steps of seats, lived in %s, compared after %s", len(o.people), o.requests, o.steps(), lived.Round(time.Second), time.Since(began).Round(time.Second))
		})
	}
}
