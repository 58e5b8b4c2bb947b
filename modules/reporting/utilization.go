package reporting

import (
	"context"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// Depth says how much of a report is wanted.
type Depth bool

// The depths of a report: what is known from the steps of the seats alone is cheap for every moment; use has to be looked up holder by holder.
const (
	SeatsAlone Depth = false
	WithUse    Depth = true
)

// Utilization returns the figures of licenses at a moment, in the order of their SKUs. It needs the scope reports:read and refuses with
// ErrLicenseNotFound and ErrInvalidReport. A reader limited to groups is told of their people alone. Two statements, however many licenses; of past seats alone, the nearest snapshot and the
// steps after it.
func (s *Service) Utilization(ctx context.Context, q Question, depth Depth) ([]Utilization, error) {
	if err := caller.Require(ctx, caller.ScopeGroupReportsRead); err != nil {
		return nil, err
	}
	at, past, err := s.moment(q.At)
	if err != nil {
		return nil, err
	}
	return s.utilization(ctx, q.Licenses, at, past, depth)
}

func (s *Service) utilization(ctx context.Context, of []id.ID, at time.Time, past bool, depth Depth) ([]Utilization, error) {
	licenses, err := s.licenses(ctx, of, at, past, depth)
	if err != nil || len(licenses) == 0 {
		return nil, err
	}
	var tallies map[id.ID]*tally
	who, _ := caller.From(ctx)
	switch {
	case who.Limited():
		tallies, err = s.talliesOf(ctx, licenses, at, past)
	case !past:
		tallies, err = s.talliesNow(ctx, licenses, at)
	case depth == SeatsAlone:
		tallies, err = s.talliesSince(ctx, licenses, at) // the nearest snapshot and what came after it
	default:
		tallies, err = s.talliesOf(ctx, licenses, at, past)
	}
	if err != nil {
		return nil, err
	}
	all := make([]Utilization, len(licenses))
	for i, l := range licenses {
		all[i] = l.utilization(tallies[l.ID], at, past, depth)
		if who.Limited() {
			limit(&all[i])
		}
	}
	return all, nil
}

func (l license) utilization(t *tally, at time.Time, past bool, depth Depth) Utilization {
	if t == nil {
		t = &tally{}
	}
	u := Utilization{License: l.ID, At: at, Past: past, Seats: t.seats(l.Seats), of: l, counted: t}
	u.Sources = make([]Source, len(l.sources))
	for i, source := range l.sources {
		source.Silent = source.silent(at)
		u.Sources[i] = source
	}
	if depth == WithUse {
		u.Use = t.use(u.Seats, func(days int) bool { return l.known(at, days) }, l.terms)
	}
	return u
}

// limit takes away what is the whole license's and cannot be told of some of its holders: what was bought, what is free, and what that
// costs. What they hold is theirs.
func limit(u *Utilization) {
	u.Limited, u.Sources = true, nil
	u.Purchased, u.Free, u.OverAssigned, u.AssignmentRate = 0, 0, 0, nil
	for i := range u.Windows {
		u.Windows[i].UtilizationOfPurchased, u.Windows[i].Unused = nil, nil
	}
}

// Product is what the license is of, as it is called now.
func (u Utilization) Product() string { return u.of.Product }

// SKU is the license's own name, as it is now.
func (u Utilization) SKU() string { return u.of.SKU }

// Report are the figures of several licenses at one moment. People counts distinct persons over all of them, Seats what they hold.
type Report struct {
	At            time.Time
	Licenses      []*Utilization
	People, Seats int64
}

// People returns how many distinct persons hold seats of some licenses, all of one moment, and how many seats they hold. It needs the
// scope reports:read.
func (s *Service) People(ctx context.Context, of []Utilization) (people, seats int64, err error) {
	if err := caller.Require(ctx, caller.ScopeGroupReportsRead); err != nil || len(of) == 0 {
		return 0, 0, err
	}
	return s.distinct(ctx, licensesOf(of), of[0].At, of[0].Past)
}

func licensesOf(all []Utilization) []id.ID {
	ids := make([]id.ID, len(all))
	for i, u := range all {
		ids[i] = u.License
	}
	return ids
}

func idsOf(licenses []license) []id.ID {
	ids := make([]id.ID, len(licenses))
	for i, l := range licenses {
		ids[i] = l.ID
	}
	return ids
}
