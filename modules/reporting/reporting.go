// Package reporting tells how well licenses are used: figures of any moment, the lists behind them, daily snapshots, forecasts and
// alerts.
//
// Invariants: every figure has one definition, in Definitions; the schema of GraphQL and docs/reports.md repeat it, and tests
// compare them. Figures of now come from the seats, those of a past moment from the ledger, so that no figure mixes yesterday's
// counts with today's assignments. Snapshots are made from the ledger alone and can be made again. Where a source of activity is
// silent, what depends on it is unknown, which is nil and never 0. Nothing here changes a seat.
//
// Events: alert.raised, alert.over.
package reporting

import (
	"time"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// Faults of reporting.
var (
	ErrLicenseNotFound = fault.New(fault.NotFound, "license_not_found", "there is no such license")
	ErrInvalidReport   = fault.New(fault.Invalid, "invalid_report", "the report cannot be made as it was asked for")
)

// Bounds of reports.
const (
	MaxLicenses = 1000      // of one report
	MaxPoints   = 3700      // of one series: ten years of days
	maxRows     = 1_000_000 // of one breakdown, before it is cut into pages
)

const day = 24 * time.Hour

// Service reports on the caller's tenant.
type Service struct {
	db     *store.DB
	events *events.Service
	clock  clock.Clock
}

// New returns the reports on a database.
func New(db *store.DB, journal *events.Service, now clock.Clock) *Service {
	return &Service{db: db, events: journal, clock: now}
}

// Question says which licenses a report is about, and of which moment it is.
type Question struct {
	Licenses []id.ID    // none: all of the tenant
	At       *time.Time // nil: now
}

// moment returns the moment of a report, and whether it is past. It refuses one that has not come yet.
func (s *Service) moment(at *time.Time) (of time.Time, past bool, err error) {
	now := s.clock()
	switch {
	case at == nil:
		return now, false, nil
	case at.After(now):
		return time.Time{}, false, ErrInvalidReport.At("at").Sayf("a report is of now or of a moment in the past")
	default:
		return clock.Cut(*at), at.Before(now), nil
	}
}

// At returns the moment that the report of a question is of.
func (s *Service) At(q Question) time.Time {
	at, _, err := s.moment(q.At)
	if err != nil {
		return s.clock()
	}
	return at
}
