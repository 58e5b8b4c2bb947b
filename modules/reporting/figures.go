package reporting

import (
	"time"

	"github.com/usherhq/usher/internal/id"
)

// Windows are the numbers of days over which use is looked at. The first is the one of the headline.
var Windows = [...]int{30, 60, 90}

const windows = len(Windows)

// tally counts the seats of one license, or of a part of its holders, at one moment.
type tally struct {
	states           map[State]int64
	active, inactive [windows]int64
	never            int64
}

func (t *tally) add(state State, n int64) {
	if t.states == nil {
		t.states = map[State]int64{}
	}
	t.states[state] += n
}

func (t *tally) assigned() int64 { return t.states[Invited] + t.states[Activated] }

// taken counts the seats that nobody else can have.
func (t *tally) taken() (n int64) {
	for state, count := range t.states {
		if state.takes() {
			n += count
		}
	}
	return n
}

// Seats are the seats of a license by what became of them.
type Seats struct {
	Purchased, Assigned, Invited, Activated, ConsentPending, Paused, Grace, Free, Waiting, OverAssigned int64

	AssignmentRate, ActivationRate *float64 // nil over a denominator of 0
}

func (t *tally) seats(purchased int64) Seats {
	s := Seats{
		Purchased: purchased, Assigned: t.assigned(), Invited: t.states[Invited], Activated: t.states[Activated],
		ConsentPending: t.states[Consenting], Paused: t.states[Paused], Grace: t.states[Grace], Waiting: t.states[Waiting],
	}
	s.Free = max(0, purchased-t.taken())
	s.OverAssigned = max(0, s.Assigned-purchased)
	s.AssignmentRate, s.ActivationRate = rate(s.Assigned, purchased), rate(s.Activated, s.Assigned)
	return s
}

func rate(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	r := float64(part) / float64(whole)
	return &r
}

// Window is the use of a license over a number of days.
type Window struct {
	Days                                          int
	Active, Inactive                              *int64 // nil: unknown
	UtilizationOfPurchased, UtilizationOfAssigned *float64
	Unused                                        *Unused
}

// Unused are the seats that are paid for and not used, split by cause, with what they cost in a year.
type Unused struct {
	Seats, NotAssigned, NotActivated, Idle            int64
	Cost, CostNotAssigned, CostNotActivated, CostIdle *int64 // in the smallest unit of the currency; nil without a price
	Currency                                          string
}

// unusedOf splits purchased less active, which is never below 0. Of an over-assigned license the parts are cut so that they add up.
func unusedOf(s Seats, active int64, price *int64, currency string) *Unused {
	u := &Unused{Seats: max(0, s.Purchased-active), Currency: currency}
	u.NotAssigned = min(u.Seats, max(0, s.Purchased-s.Assigned))
	u.NotActivated = min(u.Seats-u.NotAssigned, s.Invited)
	u.Idle = u.Seats - u.NotAssigned - u.NotActivated
	if price == nil {
		u.Currency = ""
		return u
	}
	cost := func(seats int64) *int64 { c := seats * *price; return &c }
	u.Cost, u.CostNotAssigned, u.CostNotActivated, u.CostIdle = cost(u.Seats), cost(u.NotAssigned), cost(u.NotActivated), cost(u.Idle)
	return u
}

// Use is what is known of the use of a license. What is unknown is nil.
type Use struct {
	NeverUsed *int64
	Windows   []Window
}

// use tells what the counts of activity mean where known says that they can be trusted.
func (t *tally) use(s Seats, known func(days int) bool, of terms) Use {
	use := Use{Windows: make([]Window, windows)}
	for i, days := range Windows {
		w := Window{Days: days}
		if known(days) {
			active, inactive := t.active[i], t.inactive[i]
			w.Active, w.Inactive = &active, &inactive
			w.UtilizationOfPurchased, w.UtilizationOfAssigned = rate(active, s.Purchased), rate(active, s.Assigned)
			w.Unused = unusedOf(s, active, of.PriceMinor, of.Currency)
		}
		use.Windows[i] = w
	}
	if known(Windows[0]) {
		never := t.never
		use.NeverUsed = &never
	}
	return use
}

// Utilization are the figures of one license at one moment.
type Utilization struct {
	Seats
	Use

	License id.ID
	At      time.Time
	Past    bool
	Limited bool // to the people of a reader's groups: what was bought, is free and costs is not told
	Sources []Source

	of      license
	counted *tally
}
