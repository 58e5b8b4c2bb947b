// Package licensing gives people seats: what a tenant bought, why somebody should sit, and who sits.
//
// Invariants: a license never has more takers than its ceiling, which is what was bought, or what was taken when it shrank
// below that. A person has at most one seat per license. No claim left, no seat: the last claim that ends frees the seat in
// the same unit of work, and the first in line gets it in that unit too; no seat is free while somebody waits. Only active
// people have claims. Every verb that moves a seat locks the license's row first, several licenses in the order of their
// ids. taken and waiting in that row equal the rows of seats and the sums of the ledger; Audit says so.
//
// Rules follow the directory: who joins, changes, or comes into a group gains and loses the reasons of rules in the unit of work
// of that change. What is published is brought to everybody else by a run, in small units.
//
// Events: license.created, license.changed, seat.waiting, seat.consent_pending, seat.invited, seat.activated, seat.paused,
// seat.grace, seat.released, seat.transferred, rule.created, rule.revised, rule.published, rule.retired, rule.applied,
// seat.reclaim_noticed, seat.reclaim_undone.
package licensing

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
)

// Faults of licensing.
var (
	ErrLicenseNotFound = fault.New(fault.NotFound, "license_not_found", "there is no such license")
	ErrSKUTaken        = fault.New(fault.Conflict, "sku_taken", "another license has this SKU").At("sku")
	ErrInvalidLicense  = fault.New(fault.Invalid, "invalid_license", "the license is not valid")
	ErrStaleVersion    = fault.New(fault.Stale, "stale_version", "somebody has changed it since it was read; read it again")
	ErrUserInactive    = fault.New(fault.Conflict, "user_inactive", "the person is not active; reactivate her first")
	ErrUserNotFound    = fault.New(fault.NotFound, "user_not_found", "there is no such user")
	ErrLicenseExpired  = fault.New(fault.Conflict, "license_expired", "the term of the license is over")
	errPriority        = fault.New(fault.Invalid, "invalid_priority", "a priority is between -1,000,000 and 1,000,000").At("priority")
	ErrNoSeatHeld      = fault.New(fault.Conflict, "no_seat_held", "the person holds no seat of the license")
)

// License is what a tenant bought: a product and a number of seats.
type License struct {
	ID         id.ID      `json:"id"`
	Product    string     `json:"product"`
	SKU        string     `json:"sku"`
	Edition    string     `json:"edition,omitempty"`
	Seats      int64      `json:"seats"` // bought
	Ceiling    int64      `json:"-"`     // what taken may not exceed
	Allowed    int64      `json:"-"`     // how many may be taken: those bought, and what the policy of over-assignment adds
	Taken      int64      `json:"taken"`
	Waiting    int64      `json:"waiting"`
	TermStart  *time.Time `json:"termStart,omitempty"`
	TermEnd    *time.Time `json:"termEnd,omitempty"`
	PriceMinor *int64     `json:"priceMinor,omitempty"` // of one seat for a year, in the smallest unit of the currency
	Currency   string     `json:"currency,omitempty"`   // ISO 4217
	Version    int64      `json:"version"`
	CreatedAt  time.Time  `json:"createdAt"`
	UpdatedAt  time.Time  `json:"updatedAt"`

	OverPercent int64         `json:"overPercent,omitempty"` // how far above what was bought seats are given, or Unlimited
	GraceDays   int64         `json:"graceDays,omitempty"`   // for how long a leaver's seat is kept for her
	Consent     bool          `json:"consent,omitempty"`     // the person has to agree before the seat opens
	Requires    []id.ID       `json:"requires,omitempty"`    // licenses without a seat of which nobody sits here
	Reclaim     ReclaimPolicy `json:"reclaim,omitzero"`
	Alerts      Alerts        `json:"alerts,omitzero"`

	next int64 // the next position of the waiting list
}

// Free is the number of seats that nobody holds.
func (l License) Free() int64 { return max(0, l.Seats-l.Taken) }

// OverAssigned is the number of holders above what was bought.
func (l License) OverAssigned() int64 { return max(0, l.Taken-l.Seats) }

// Started tells whether the license's term has begun.
func (l License) Started(now time.Time) bool { return l.TermStart == nil || !now.Before(*l.TermStart) }

// Expired tells whether the license's term is over.
func (l License) Expired(now time.Time) bool { return l.TermEnd != nil && !now.Before(*l.TermEnd) }

// People is what licensing asks of the directory.
type People interface {
	// HoldActive tells whether a person exists and is active. If she is, and does not stay so until the unit of work ends, the
	// unit runs again.
	HoldActive(ctx context.Context, user id.ID) (active, exists bool, err error)
	// HoldAll keeps some people as they are until the unit of work ends.
	HoldAll(ctx context.Context, people []id.ID) error
	// Find returns who is meant by some people, in their order.
	Find(ctx context.Context, people []directory.Person) ([]directory.Found, error)
	// Groups returns those of some groups that are there.
	Groups(ctx context.Context, ids []id.ID) (map[id.ID]*directory.Group, error)
	// ParseFilter reads a filter that people can be asked.
	ParseFilter(ctx context.Context, text string) (filter.Node, error)
	// Selected returns some active people whom a selection means, after one in the order of their ids.
	Selected(ctx context.Context, of directory.Selection, after id.ID, limit int) ([]id.ID, error)
	// CountSelected counts them.
	CountSelected(ctx context.Context, of directory.Selection) (int64, error)
	// Take tells which selections mean which people.
	Take(ctx context.Context, people []id.ID, of []directory.Selection) (directory.Taken, error)
	// InGroups tells which people are direct members of one of some groups.
	InGroups(ctx context.Context, people, groups []id.ID) (map[id.ID]id.ID, error)
}

// Service gives seats in every tenant; the caller's tenant is the one it works on.
type Service struct {
	db     *store.DB
	events *events.Service
	clock  clock.Clock
	people People
	rules  *ruleCache

	reclaimed lastTimes
}

// New returns the licensing kept in a database.
func New(db *store.DB, journal *events.Service, now clock.Clock, people People) *Service {
	return &Service{db: db, events: journal, clock: now, people: people, rules: newRuleCache(db, now), reclaimed: lastTimes{at: map[id.ID]time.Time{}}}
}

// Unlimited as OverPercent says that seats are given whatever was bought.
const Unlimited = -1

// allowed returns how many seats may be taken.
func (l License) allowed() int64 {
	if l.OverPercent == Unlimited {
		return unlimitedSeats
	}
	return l.Seats + l.Seats*l.OverPercent/percent
}

const (
	noPolicy       = "{}"
	percent        = 100
	unlimitedSeats = 1 << 40
	maxGraceDays   = 366
	maxOverPercent = 1000
)

// NewLicense is a license to make. The SKU is made from the product's name where none is given.
type NewLicense struct {
	Product, SKU, Edition string
	Seats                 int64
	TermStart, TermEnd    *time.Time
	PriceMinor            *int64
	Currency              string
	OverPercent           int64
	GraceDays             int64
	Consent               bool
	Requires              []id.ID
	Reclaim               ReclaimPolicy
	Alerts                Alerts
}

// Buy makes a license. It refuses with ErrSKUTaken and ErrInvalidLicense.
func (s *Service) Buy(ctx context.Context, n NewLicense) (License, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return License{}, err
	}
	now := s.clock()
	l := (License{
		ID: id.New(), Product: n.Product, SKU: n.SKU, Edition: n.Edition, Seats: n.Seats,
		TermStart: n.TermStart, TermEnd: n.TermEnd, PriceMinor: n.PriceMinor, Currency: n.Currency, Version: 1, CreatedAt: now, UpdatedAt: now,
		OverPercent: n.OverPercent, GraceDays: n.GraceDays, Consent: n.Consent, Requires: n.Requires, Reclaim: n.Reclaim, Alerts: n.Alerts,
	}).tidy()
	l.Allowed = l.allowed()
	l.Ceiling = l.Allowed
	if err := l.check(); err != nil {
		return License{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (License, error) {
		if err := s.checkRequires(ctx, l); err != nil {
			return License{}, err
		}
		if err := s.checkExempt(ctx, nil, l.Reclaim.ExemptGroups); err != nil {
			return License{}, err
		}
		if err := insertLicense(ctx, l); err != nil {
			return License{}, err
		}
		return l, s.record(ctx, "license.created", l.ID, l)
	})
}

// Get returns a license of the tenant, or ErrLicenseNotFound.
func (s *Service) Get(ctx context.Context, of id.ID) (License, error) { return s.load(ctx, of) }

// Change edits what the license is called, its term, its price and its policies. Seats are changed by Resize alone.
func (s *Service) Change(ctx context.Context, of id.ID, expected *int64, edit func(*License) error) (License, error) {
	return s.edit(ctx, of, expected, func(l *License) error {
		seats := l.Seats
		if err := edit(l); err != nil {
			return err
		}
		*l = l.tidy()
		l.Seats = seats
		return l.check()
	})
}

// Resize sets the number of seats bought. Added seats go to those who wait, in order. Below the number taken the license is
// over-assigned: nobody is thrown out, and nobody new is seated until seats are free again.
func (s *Service) Resize(ctx context.Context, of id.ID, seats int64, expected *int64) (License, error) {
	return s.edit(ctx, of, expected, func(l *License) error {
		l.Seats = seats
		return l.check()
	})
}

func (s *Service) edit(ctx context.Context, of id.ID, expected *int64, edit func(*License) error) (License, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return License{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (License, error) {
		was, err := s.lock(ctx, of)
		if err != nil {
			return License{}, err
		}
		if expected != nil && *expected != was.Version {
			return License{}, ErrStaleVersion
		}
		now := was
		if err := edit(&now); err != nil {
			return License{}, err
		}
		if now.same(was) {
			return was, nil
		}
		if err := s.checkRequires(ctx, now); err != nil {
			return License{}, err
		}
		if err := s.checkExempt(ctx, was.Reclaim.ExemptGroups, now.Reclaim.ExemptGroups); err != nil {
			return License{}, err
		}
		now.Version, now.UpdatedAt, now.Allowed = was.Version+1, s.clock(), now.allowed()
		now.Ceiling = max(now.Allowed, was.Taken)
		store.AfterCommit(ctx, func() {
			s.rules.forgetRequirements()
			s.db.Notify(Settings)
		})
		if err := s.save(ctx, now); err != nil {
			return License{}, err
		}
		if err := s.record(ctx, "license.changed", now.ID, now); err != nil {
			return License{}, err
		}
		return s.promote(ctx, now, "seats added")
	})
}

func (l License) same(was License) bool {
	sameTime := func(a, b *time.Time) bool { return a == nil && b == nil || a != nil && b != nil && a.Equal(*b) }
	samePrice := l.PriceMinor == nil && was.PriceMinor == nil || l.PriceMinor != nil && was.PriceMinor != nil && *l.PriceMinor == *was.PriceMinor
	return l.Product == was.Product && l.Edition == was.Edition && l.Seats == was.Seats && l.Currency == was.Currency &&
		samePrice && sameTime(l.TermStart, was.TermStart) && sameTime(l.TermEnd, was.TermEnd) && l.OverPercent == was.OverPercent &&
		l.GraceDays == was.GraceDays && l.Consent == was.Consent && slices.Equal(l.Requires, was.Requires) && l.samePolicies(was)
}

// keyOf is the form in which SKUs and product names are compared.
func keyOf(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

func (s *Service) record(ctx context.Context, kind string, subject id.ID, data any) error {
	_, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: subject, Data: data})
	return err
}
