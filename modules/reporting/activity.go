package reporting

import (
	"time"

	"github.com/usherhq/usher/internal/id"
)

// Source is where news of use comes from.
type Source struct {
	ID          id.ID
	Name        string
	LagHours    int64
	SilentHours int64
	ReportedAt  *time.Time // when it last told anything
	LatestAt    *time.Time // the latest use that it has told of
	Silent      bool       // at the moment of the report

	createdAt time.Time
}

// silent tells whether the source had nothing to tell of a moment for so long that nothing is known.
func (s Source) silent(at time.Time) bool {
	return s.ReportedAt == nil || at.After(s.ReportedAt.Add(time.Duration(s.SilentHours)*time.Hour))
}

// known tells whether the use of a license over the days before a moment is known: there is a source, none is silent, and news of use
// reach back to the beginning of those days or of the license.
func (l license) known(at time.Time, days int) bool {
	if len(l.sources) == 0 {
		return false
	}
	since, lag := l.sources[0].createdAt, int64(0)
	for _, s := range l.sources {
		if s.silent(at) {
			return false
		}
		if s.createdAt.Before(since) {
			since = s.createdAt
		}
		lag = max(lag, s.LagHours)
	}
	if l.firstDay != nil {
		if first := time.Unix(*l.firstDay*int64(day/time.Second), 0).UTC(); first.Before(since) {
			since = first
		}
	}
	begins := at.AddDate(0, 0, -days)
	if begins.Before(l.createdAt) {
		begins = l.createdAt
	}
	return !since.Add(-time.Duration(lag) * time.Hour).After(begins)
}

// dayOf is the number of a moment's day since 1970, in UTC, under which use is kept.
func dayOf(at time.Time) int64 {
	seconds, perDay := at.Unix(), int64(day/time.Second)
	n := seconds / perDay
	if seconds%perDay < 0 {
		n--
	}
	return n
}
