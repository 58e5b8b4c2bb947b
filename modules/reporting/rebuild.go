package reporting

import (
	"context"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// rebuiltAtOnce is how many days are made again between two words of progress.
const rebuiltAtOnce = 4 * daysAtOnce

// Rebuild writes the snapshots of a license once more, from a day to another, or to the last with an empty to: for activity that came
// after the days in which Snap looks again. Days that have no snapshot are left to Snap. It tells tell after each piece how many of
// how many days are done, and returns how many it has written; running it again writes the same. Refuses with ErrLicenseNotFound
// and ErrInvalidReport.
func (s *Service) Rebuild(ctx context.Context, of id.ID, from, to Day, tell func(done, total int)) (int, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return 0, err
	}
	switch {
	case !from.valid():
		return 0, ErrInvalidReport.At("from").Sayf("write the day as 2027-01-31")
	case to != "" && !to.valid():
		return 0, ErrInvalidReport.At("to").Sayf("write the day as 2027-01-31")
	case to != "" && to < from:
		return 0, ErrInvalidReport.At("to").Sayf("the last day lies before the first")
	}
	if _, err := s.licenses(ctx, []id.ID{of}, s.clock(), false, SeatsAlone); err != nil {
		return 0, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return 0, err
	}
	first, last, err := s.snapshotDays(ctx, of)
	if err != nil || first == "" {
		return 0, err
	}
	if to != "" {
		last = min(last, to)
	}
	first = max(first, from)
	done, total := 0, first.until(last)+1
	for ; first <= last; first = first.plus(rebuiltAtOnce) {
		n, err := s.snap(ctx, of, first, min(last, first.plus(rebuiltAtOnce-1)), zone)
		done += n
		if err != nil {
			return done, err
		}
		tell(done, total)
	}
	return done, nil
}
