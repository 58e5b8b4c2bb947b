package reporting

import (
	"context"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// Step is how much time a point of a series stands for.
type Step string

// The steps of a series. Weeks begin on Monday.
const (
	ByDay   Step = "day"
	ByWeek  Step = "week"
	ByMonth Step = "month"
)

// Point is a piece of a series. Its levels are those at the end of its last day, or of now; Given, Freed and the peak are of all of its days.
type Point struct {
	Seats
	Use

	From, To     Day
	At           time.Time // the moment that the levels are of
	Given, Freed int64
	Peak         int64
	PeakAt       time.Time
}

// Span is what a series is of: days of the tenant's calendar, both included. Without a beginning it is the last 365 days, without an
// end today.
type Span struct {
	From, To *Day
	Step     Step
}

// Series returns how the figures of licenses went until the moment of a report, by license, in two statements: daily snapshots, and
// for the last day what has happened on it. Days without a snapshot are made from the ledger on the way. It needs the scope
// reports:read and refuses with ErrInvalidReport.
func (s *Service) Series(ctx context.Context, of []Utilization, span Span) (map[id.ID][]Point, error) {
	if err := caller.Require(ctx, caller.ScopeReportsRead); err != nil || len(of) == 0 {
		return nil, err
	}
	today := dayAt(of[0].At, of[0].of.zone)
	from, to, err := span.bounds(today)
	if err != nil {
		return nil, err
	}
	days, err := s.daily(ctx, of, from, min(to, today.plus(-1)))
	if err != nil {
		return nil, err
	}
	if to == today {
		last, err := s.current(ctx, of, today)
		if err != nil {
			return nil, err
		}
		for _, one := range last {
			days[one.License] = append(days[one.License], one)
		}
	}
	all := make(map[id.ID][]Point, len(of))
	for _, u := range of {
		all[u.License] = points(days[u.License], span.Step)
	}
	return all, nil
}

// NewSpan makes a span of days as texts, which stand for themselves: YYYY-MM-DD.
func NewSpan(from, to *string, step Step) Span {
	day := func(text *string) *Day {
		if text == nil {
			return nil
		}
		d := Day(*text)
		return &d
	}
	return Span{From: day(from), To: day(to), Step: step}
}

func (p Span) bounds(today Day) (from, to Day, err error) {
	to = today
	if p.To != nil {
		to = min(*p.To, today)
	}
	from = to.plus(-364)
	if p.From != nil {
		from = *p.From
	}
	switch {
	case !from.valid() || !to.valid():
		return "", "", ErrInvalidReport.At("from").Sayf("a day is written as 2027-01-31")
	case from > to:
		return "", "", ErrInvalidReport.At("from").Sayf("a series begins before it ends, and not after today")
	case from.until(to) >= MaxPoints:
		return "", "", ErrInvalidReport.At("from").Sayf("a series has %d days at most", MaxPoints)
	default:
		return from, to, nil
	}
}

// daily returns a snapshot for each whole day of some licenses, from the day on which each was made: those that are kept, and those that
// are missing made from the ledger.
func (s *Service) daily(ctx context.Context, of []Utilization, from, to Day) (map[id.ID][]Snapshot, error) {
	kept, err := s.readSnapshots(ctx, licensesOf(of), from, to)
	if err != nil {
		return nil, err
	}
	all := make(map[id.ID][]Snapshot, len(of))
	for _, one := range kept {
		all[one.License] = append(all[one.License], one)
	}
	for _, u := range of {
		first := max(from, dayAt(u.of.createdAt, u.of.zone))
		if all[u.License], err = s.filled(ctx, u.of, all[u.License], first, to); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// filled makes the snapshots that are missing between two days. Usually there are none.
func (s *Service) filled(ctx context.Context, l license, kept []Snapshot, from, to Day) ([]Snapshot, error) {
	if from > to {
		return nil, nil
	}
	for len(kept) > 0 && kept[0].Day < from {
		kept = kept[1:]
	}
	at := from
	for _, one := range kept {
		if one.Day != at {
			break
		}
		at = at.plus(1)
	}
	if at > to {
		return kept, nil
	}
	made, err := s.replay(ctx, l.ID, at, to, l.zone)
	return append(kept[:from.until(at):from.until(at)], made...), err
}

// current makes a snapshot of what is at the moment of a report, with what has happened since midnight.
func (s *Service) current(ctx context.Context, of []Utilization, today Day) ([]Snapshot, error) {
	now, begins := of[0].At, today.begins(of[0].of.zone)
	steps, err := s.readSteps(ctx, licensesOf(of), begins.Add(-time.Microsecond), now)
	if err != nil {
		return nil, err
	}
	made := make([]Snapshot, len(of))
	for i, u := range of {
		t, l := u.counted, u.of
		p := player{license: l, holders: map[id.ID]*holder{}, taken: t.taken(), changes: []termsChange{{terms: l.terms}}}
		for _, one := range steps {
			if one.license == u.License {
				p.steps = append(p.steps, one)
				p.taken -= one.change()
			}
		}
		f := p.day(begins, now)
		f.States, f.Ends, f.Written = t.states, now, now
		for w, days := range Windows {
			f.Active[w], f.Inactive[w] = nil, nil
			if l.known(now, days) {
				f.Active[w], f.Inactive[w] = &t.active[w], &t.inactive[w]
			}
		}
		f.Never = nil
		if l.known(now, Windows[0]) {
			f.Never = &t.never
		}
		made[i] = Snapshot{License: l.ID, Day: today, figures: f}
	}
	return made, nil
}

// points joins days into the pieces of a series.
func points(days []Snapshot, step Step) []Point {
	var all []Point
	for _, one := range days {
		n := len(all)
		if n == 0 || !step.joins(all[n-1].From, one.Day) {
			all = append(all, Point{From: one.Day, PeakAt: one.PeakAt})
			n++
		}
		p := &all[n-1]
		p.To, p.At = one.Day, one.Ends
		p.Given += one.In
		p.Freed += one.Out
		if one.Peak > p.Peak {
			p.Peak, p.PeakAt = one.Peak, one.PeakAt
		}
		t := one.tally()
		p.Seats = t.seats(one.terms.Seats)
		p.Use = t.use(p.Seats, one.knows, one.terms)
	}
	return all
}

// joins tells whether two days are of one piece.
func (p Step) joins(a, b Day) bool {
	switch p {
	case ByWeek:
		return a.monday() == b.monday()
	case ByMonth:
		return a[:len("2006-01")] == b[:len("2006-01")]
	case ByDay:
	}
	return a == b
}

// monday returns the first day of the day's week.
func (d Day) monday() Day {
	at, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	const week = 7
	return d.plus(-(int(at.Weekday()) + week - int(time.Monday)) % week)
}

// Peak is the greatest number of seats that were taken at once in a period, and when they were first.
type Peak struct {
	Taken int64
	At    time.Time
}

// PeakOf returns the peak of a series, nil of an empty one.
func PeakOf(points []Point) *Peak {
	var peak *Peak
	for _, p := range points {
		if peak == nil || p.Peak > peak.Taken {
			peak = &Peak{Taken: p.Peak, At: p.PeakAt}
		}
	}
	return peak
}
