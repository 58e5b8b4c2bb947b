package reporting

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// Flow is what happened to the seats of a license in a period.
type Flow struct {
	From, To          time.Time
	Assigned, Removed int64 // churn
	Recovered         int64
	RecoveredWorth    *int64 // in the smallest unit of the currency; nil without a price or a term
	Currency          string
	TimeToSeat        Durations
	TimeToRecover     Durations
}

// Durations are how long something took, of so many cases. Both are nil where there was none.
type Durations struct {
	Count    int64
	P50, P95 *time.Duration
}

// durationsOf takes the cases that took no time, and how long the others took.
func durationsOf(none int64, others []time.Duration) Durations {
	d := Durations{Count: none + int64(len(others))}
	if d.Count == 0 {
		return d
	}
	slices.Sort(others)
	// The nearest rank: the shortest time that so many of the cases did not exceed.
	at := func(part float64) *time.Duration {
		rank := int64(math.Ceil(part * float64(d.Count)))
		var took time.Duration
		if rank > none {
			took = others[rank-none-1]
		}
		return &took
	}
	d.P50, d.P95 = at(0.5), at(0.95)
	return d
}

// MaxPeriod is how long the period of a flow may be.
const MaxPeriod = 3700 * day

// Flows returns what happened to the seats of some licenses after a moment, or in 30 days, up to that of the report, by license, in one
// statement. It needs the scope reports:read and refuses with ErrInvalidReport.
func (s *Service) Flows(ctx context.Context, of []Utilization, after *time.Time) (map[id.ID]Flow, error) {
	if err := caller.Require(ctx, caller.ScopeReportsRead); err != nil || len(of) == 0 {
		return nil, err
	}
	since, at, err := period(of, after)
	if err != nil {
		return nil, err
	}
	found, err := s.readFlows(ctx, licensesOf(of), since, at)
	if err != nil {
		return nil, err
	}
	all := make(map[id.ID]Flow, len(of))
	for _, u := range of {
		flow := found[u.License].flow(u.of.terms)
		flow.From, flow.To = since, at
		all[u.License] = flow
	}
	return all, nil
}

// steps of a period, as they are read.
type passed struct {
	assigned, removed   int64
	atOnce, freedAtOnce int64 // seated, or freed by a leaver, in no time
	waited, kept        []time.Duration
	recovered           []time.Time
}

func (p *passed) flow(of terms) Flow {
	if p == nil {
		p = &passed{}
	}
	f := Flow{
		Assigned: p.assigned, Removed: p.removed, Recovered: int64(len(p.recovered)),
		TimeToSeat: durationsOf(p.atOnce, p.waited), TimeToRecover: durationsOf(p.freedAtOnce, p.kept),
	}
	if of.PriceMinor != nil && of.TermEnd != nil {
		worth := int64(0)
		for _, at := range p.recovered {
			worth += worthOf(*of.PriceMinor, of.TermEnd.Sub(at))
		}
		f.RecoveredWorth, f.Currency = &worth, of.Currency
	}
	return f
}

// worthOf is what a seat costs for the rest of its term: a year's price for 365 days.
func worthOf(price int64, rest time.Duration) int64 {
	const year = 365 * day
	if rest <= 0 {
		return 0
	}
	return int64(math.Round(float64(price) * float64(rest) / float64(year)))
}
