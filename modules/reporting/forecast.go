package reporting

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// What a forecast looks at.
const (
	forecastDays = 28  // whole days of take-up
	leastDays    = 14  // under which nothing is foretold
	Horizon      = 180 // days within which seats run out, or not
)

// Forecast foretells when the seats of a license run out, and how many will be needed when its term ends.
type Forecast struct {
	DaysOfData int     // whole days of take-up that it rests on, 28 at most
	RunOut     *RunOut // nil under 14 days of data
	TrueUp     *TrueUp // nil under 14 days of data, and without the end of a term in the future
}

// RunOut is the day on which no seat is free, as a range. A nil day means none within Horizon.
type RunOut struct {
	Earliest, Expected, Latest *Day
	TakeUp                     Range // seats a day
}

// Range is the median of something and its quartiles.
type Range struct{ Slow, Median, Fast float64 }

// TrueUp is what is expected to be needed at the renewal.
type TrueUp struct {
	At                time.Time
	ExpectedNeed      int64 // seats taken and people waiting then
	Difference        int64 // less what is purchased: seats to buy, or below 0 seats to give back
	LowNeed, HighNeed int64
}

// Forecasts returns forecasts for licenses of one report, by license, in one statement. It needs the scope reports:read.
func (s *Service) Forecasts(ctx context.Context, of []Utilization) (map[id.ID]Forecast, error) {
	if err := caller.Require(ctx, caller.ScopeReportsRead); err != nil || len(of) == 0 {
		return nil, err
	}
	return s.forecasts(ctx, of)
}

func (s *Service) forecasts(ctx context.Context, of []Utilization) (map[id.ID]Forecast, error) {
	today := dayAt(of[0].At, of[0].of.zone)
	days, err := s.daily(ctx, of, today.plus(-forecastDays), today.plus(-1))
	if err != nil {
		return nil, err
	}
	all := make(map[id.ID]Forecast, len(of))
	for _, u := range of {
		all[u.License] = u.forecast(days[u.License], today)
	}
	return all, nil
}

func (u Utilization) forecast(days []Snapshot, today Day) Forecast {
	f := Forecast{DaysOfData: len(days)}
	if len(days) < leastDays {
		return f
	}
	net := make([]float64, len(days))
	for i, one := range days {
		net[i] = float64(one.In - one.Out)
	}
	up := rangeOf(net)
	f.RunOut = &RunOut{
		Earliest: runOut(u.Free, up.Fast, today), Expected: runOut(u.Free, up.Median, today), Latest: runOut(u.Free, up.Slow, today), TakeUp: up,
	}
	if end := u.of.TermEnd; end != nil && end.After(u.At) {
		rest := float64(end.Sub(u.At)) / float64(day)
		need := u.Assigned + u.ConsentPending + u.Paused + u.Grace + u.Waiting
		peak := func(perDay float64) int64 { return need + int64(math.Ceil(max(0, perDay)*rest)) }
		f.TrueUp = &TrueUp{At: *end, ExpectedNeed: peak(up.Median), LowNeed: peak(up.Slow), HighNeed: peak(up.Fast)}
		f.TrueUp.Difference = f.TrueUp.ExpectedNeed - u.Purchased
	}
	return f
}

// rangeOf returns the median of some numbers, the mean of the two in the middle where they are even in number, and the quartiles by nearest
// rank.
func rangeOf(numbers []float64) Range {
	slices.Sort(numbers)
	n := len(numbers)
	nearest := func(part float64) float64 { return numbers[max(1, int(math.Ceil(part*float64(n))))-1] }
	const half, slow, fast = 2, 0.25, 0.75
	return Range{Slow: nearest(slow), Median: (numbers[(n-1)/half] + numbers[n/half]) / half, Fast: nearest(fast)}
}

// runOut returns the first day on which less than one seat is free; nil when that does not come within the horizon.
func runOut(free int64, perDay float64, today Day) *Day {
	if free < 1 {
		return &today
	}
	if perDay <= 0 {
		return nil
	}
	after := math.Floor(float64(free-1)/perDay) + 1
	if after > Horizon {
		return nil
	}
	on := today.plus(int(after))
	return &on
}
