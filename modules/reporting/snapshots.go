package reporting

import (
	"context"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// Snapshot holds what one license was at the end of one day of the tenant's calendar, and what happened on that day.
type Snapshot struct {
	figures

	License id.ID
	Day     Day
}

// figures are the part of a snapshot that is kept as JSON.
type figures struct {
	terms

	States   map[State]int64 `json:"states"`
	Active   []*int64        `json:"active"` // by window; null is unknown
	Inactive []*int64        `json:"inactive"`
	Never    *int64          `json:"never"`
	In       int64           `json:"in"`  // seats given on the day
	Out      int64           `json:"out"` // seats freed on the day
	Peak     int64           `json:"peak"`
	PeakAt   time.Time       `json:"peakAt"`
	Ends     time.Time       `json:"ends"` // the moment that the levels are of
	Written  time.Time       `json:"written"`
}

func (f figures) tally() *tally {
	t := &tally{}
	for state, n := range f.States {
		t.add(state, n)
	}
	for i := range windows {
		if i < len(f.Active) && f.Active[i] != nil && f.Inactive[i] != nil {
			t.active[i], t.inactive[i] = *f.Active[i], *f.Inactive[i]
		}
	}
	if f.Never != nil {
		t.never = *f.Never
	}
	return t
}

// knows tells whether the use over a window was known when the snapshot was written.
func (f figures) knows(days int) bool {
	for i, of := range Windows {
		if of == days {
			return i < len(f.Active) && f.Active[i] != nil
		}
	}
	return false
}

const (
	// unsettled is for how many days a snapshot is made again: activity comes late.
	unsettled = 7
	// midnight is how long after the end of a day its snapshot is made: whatever was decided on the day is committed by then.
	midnight = 2 * time.Minute
	// again is how old a snapshot is at least when activity that came later has it made again.
	again = time.Hour
)

// Snap writes the snapshots that are missing, from the day on which each license was made to yesterday, and those of the last days
// once more where activity has come since. It returns how many it has written. Running it twice writes the same.
func (s *Service) Snap(ctx context.Context) (int, error) {
	zone, err := s.zone(ctx)
	if err != nil {
		return 0, err
	}
	now := s.clock()
	yesterday := dayAt(now.Add(-midnight), zone).plus(-1)
	due, err := s.due(ctx, yesterday, zone, now)
	if err != nil {
		return 0, err
	}
	written := 0
	for _, license := range due {
		n, err := s.snap(ctx, license.of, license.from, yesterday, zone)
		written += n
		if err != nil {
			return written, fmt.Errorf("snapshots of %s: %w", id.License.Format(license.of), err)
		}
	}
	return written, nil
}

// written bounds how many snapshots one unit of work writes.
const written = 100

// snap makes the snapshots of a license from a day to another and writes them in bounded units, which other writers need not wait for.
func (s *Service) snap(ctx context.Context, of id.ID, from, to Day, zone *time.Location) (int, error) {
	if to < from {
		return 0, nil
	}
	made, err := s.replay(ctx, of, from, to, zone)
	if err != nil {
		return 0, err
	}
	done := 0
	for len(made) > 0 {
		piece := made[:min(written, len(made))]
		made = made[len(piece):]
		if err := store.Do(ctx, s.db, func(ctx context.Context) error { return s.write(ctx, piece) }); err != nil {
			return done, fmt.Errorf("write snapshots: %w", err)
		}
		done += len(piece)
	}
	return done, nil
}

// replay goes through the ledger and the activity of a license day by day, from how things stood when the first of the days began.
func (s *Service) replay(ctx context.Context, of id.ID, from, to Day, zone *time.Location) ([]Snapshot, error) {
	licenses, err := s.licenses(ctx, []id.ID{of}, s.clock(), false, WithUse)
	if err != nil {
		return nil, err
	}
	l := licenses[0]
	changes, err := s.termsUntil(ctx, of, to.ends(zone))
	if err != nil {
		return nil, err
	}
	play := player{license: l, changes: changes, holders: map[id.ID]*holder{}}
	if err := s.readHolders(ctx, of, from.begins(zone).Add(-time.Microsecond), play.stand); err != nil {
		return nil, err
	}
	var made []Snapshot
	now := s.clock()
	for d := from; d <= to; d = d.plus(1) {
		if from.until(d)%daysAtOnce == 0 {
			if err := s.readOn(ctx, &play, d, min(to, d.plus(daysAtOnce-1)), zone); err != nil {
				return nil, err
			}
		}
		f := play.day(d.begins(zone), d.ends(zone))
		f.Ends, f.Written = d.ends(zone), now
		made = append(made, Snapshot{License: of, Day: d, figures: f})
	}
	return made, nil
}

// daysAtOnce bounds what a replay holds in memory: the steps and the use of so many days.
const daysAtOnce = 7

// readOn gives a player what happened from one day to another. The use of the day in UTC on which the first begins comes once more.
func (s *Service) readOn(ctx context.Context, play *player, from, to Day, zone *time.Location) (err error) {
	start, end := from.begins(zone).Add(-time.Microsecond), to.ends(zone)
	if play.steps, err = s.readSteps(ctx, []id.ID{play.license.ID}, start, end); err != nil {
		return err
	}
	play.uses, err = s.readUses(ctx, play.license.ID, dayOf(start), dayOf(end))
	return err
}
