package reporting_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

// recount keeps by itself what a license's seats must be: from what the test has done, not from what Usher has written.
type recount struct {
	size, next int64
	persons    map[id.ID]*standing
	history    []moved
	bought     []bought
	used       []used
}

type standing struct {
	state, resume reporting.State
	position      int64
	until         time.Time
}

type moved struct {
	user     id.ID
	was, now reporting.State
	at       time.Time
}

type bought struct {
	seats int64
	at    time.Time
}

type used struct {
	user id.ID
	at   time.Time
}

func (r *recount) move(user id.ID, to reporting.State, at time.Time) {
	s := r.persons[user]
	r.history = append(r.history, moved{user: user, was: s.state, now: to, at: at})
	s.state = to
}

func takes(s reporting.State) bool {
	return s == reporting.Invited || s == reporting.Activated || s == reporting.Grace || s == reporting.Paused || s == reporting.Consenting
}

func (r *recount) taken() (n int64) {
	for _, s := range r.persons {
		if takes(s.state) {
			n++
		}
	}
	return n
}

// ask is the gate: a seat, or the end of the line.
func (r *recount) ask(user id.ID, at time.Time) {
	if r.persons[user] == nil {
		r.persons[user] = &standing{}
	}
	if r.taken() < r.size {
		r.move(user, reporting.Invited, at)
		return
	}
	r.next++
	r.persons[user].position = r.next
	r.move(user, reporting.Waiting, at)
}

func (r *recount) promote(at time.Time) {
	for r.taken() < r.size {
		var first id.ID
		for user, s := range r.persons {
			if s.state == reporting.Waiting && (first == id.Nil || s.position < r.persons[first].position) {
				first = user
			}
		}
		if first == id.Nil {
			return
		}
		r.move(first, reporting.Invited, at)
	}
}

func (r *recount) of(states ...reporting.State) []id.ID {
	var found []id.ID
	for user, s := range r.persons {
		if slices.Contains(states, s.state) {
			found = append(found, user)
		}
	}
	slices.SortFunc(found, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	return found
}

// then tells what the figures must be at a moment.
func (r *recount) then(at time.Time) string {
	states, assigned := map[id.ID]reporting.State{}, map[id.ID]time.Time{}
	for _, m := range r.history {
		if m.at.After(at) {
			break
		}
		states[m.user] = m.now
		if takes(m.now) && !takes(m.was) {
			assigned[m.user] = m.at
		}
	}
	counts := map[reporting.State]int64{}
	for _, s := range states {
		counts[s]++
	}
	purchased := int64(0)
	for _, b := range r.bought {
		if !b.at.After(at) {
			purchased = b.seats
		}
	}
	text := fmt.Sprintf("purchased %d, invited %d, activated %d, grace %d, waiting %d", purchased, counts[reporting.Invited], counts[reporting.Activated],
		counts[reporting.Grace], counts[reporting.Waiting])
	never := 0
	for user, s := range states {
		if (s == reporting.Invited || s == reporting.Activated) && !r.usedBetween(user, time.Time{}, at) {
			never++
		}
	}
	for _, days := range reporting.Windows {
		begins, active, inactive := at.AddDate(0, 0, -days), 0, 0
		for user, s := range states {
			switch {
			case s == reporting.Activated && r.usedBetween(user, begins, at):
				active++
			case (s == reporting.Invited || s == reporting.Activated) && !assigned[user].After(begins):
				inactive++
			}
		}
		text += fmt.Sprintf(", %d days: active %d inactive %d", days, active, inactive)
	}
	return text + fmt.Sprintf(", never %d", never)
}

func (r *recount) usedBetween(user id.ID, after, until time.Time) bool {
	return slices.ContainsFunc(r.used, func(u used) bool { return u.user == user && u.at.After(after) && !u.at.After(until) })
}

func told(s reporting.Seats, u reporting.Use) string {
	text := fmt.Sprintf("purchased %d, invited %d, activated %d, grace %d, waiting %d", s.Purchased, s.Invited, s.Activated, s.Grace, s.Waiting)
	for _, w := range u.Windows {
		text += fmt.Sprintf(", %d days: active %s inactive %s", w.Days, figure(w.Active), figure(w.Inactive))
	}
	return text + ", never " + figure(u.NeverUsed)
}

// year drives a license through a year: joiners, leavers who sometimes come back, people who use it or do not, a license that runs out and
// is enlarged. Each day has its snapshot made after midnight, but for a fortnight in which nobody made any.
type year struct {
	*world

	*recount

	license licensing.License
	source  id.ID
	chance  *rand.Rand
}

func newYear(w *world) *year {
	y := &year{world: w, chance: rand.New(rand.NewPCG(1, 2)), recount: &recount{size: 12, persons: map[id.ID]*standing{}}}
	price, end := int64(120_000), time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)
	y.license = w.buy("Advanced", 12, func(n *licensing.NewLicense) {
		n.GraceDays, n.PriceMinor, n.Currency, n.TermEnd = 14, &price, "USD", &end
	})
	y.bought = []bought{{seats: 12, at: w.now()}}
	if err := w.seats.AutoAssign(w.ctx, w.config, &y.license.ID); err != nil {
		w.t.Fatal(err)
	}
	y.source = w.source(y.license.ID, 24*30)
	return y
}

func (y *year) any(of []id.ID) (id.ID, bool) {
	if len(of) == 0 {
		return id.Nil, false
	}
	return of[y.chance.IntN(len(of))], true
}

func (y *year) day(n int) {
	start := time.Date(2026, 1, 1+n, 0, 0, 0, 0, time.UTC)
	y.until(start.Add(8 * time.Hour))
	y.alive(y.source)
	y.endGraces()
	if y.chance.IntN(10) < 1+n/60 {
		y.pass(time.Duration(1+y.chance.IntN(60)) * time.Minute)
		user := y.person(y.okta, fmt.Sprintf("person%d@example.com", n), []string{"Sales", "Support"}[n%2])
		y.ask(user, y.now())
	}
	if user, ok := y.any(y.of(reporting.Invited)); ok && y.chance.IntN(3) == 0 {
		y.pass(time.Hour)
		if _, err := y.seats.Activate(y.ctx, y.license.ID, user); err != nil {
			y.t.Fatal(err)
		}
		y.move(user, reporting.Activated, y.now())
	}
	for _, user := range y.of(reporting.Activated) {
		if y.chance.IntN(25) == 0 {
			y.pass(time.Minute)
			y.uses(y.source, y.license.ID, user)
			y.recount.used = append(y.recount.used, used{user: user, at: y.now()})
		}
	}
	if user, ok := y.any(y.of(reporting.Invited, reporting.Activated, reporting.Waiting)); ok && y.chance.IntN(12) == 0 {
		y.pass(time.Hour)
		y.leave(user)
	}
	if user, ok := y.any(y.of(reporting.Grace)); ok && y.chance.IntN(20) == 0 {
		y.pass(time.Hour)
		y.world.active(y.okta, user, true)
		y.move(user, y.persons[user].resume, y.now())
	}
	if seats, ok := map[int]int64{150: 15, 260: 10, 300: 22}[n]; ok {
		y.pass(time.Hour)
		y.resize(seats)
	}
}

func (y *year) leave(user id.ID) {
	y.world.active(y.okta, user, false)
	s := y.persons[user]
	if s.state == reporting.Waiting {
		y.move(user, reporting.Released, y.now())
		return
	}
	s.resume, s.until = s.state, y.now().AddDate(0, 0, 14)
	y.move(user, reporting.Grace, y.now())
}

func (y *year) endGraces() {
	if _, err := y.seats.EndGraces(y.ctx); err != nil {
		y.t.Fatal(err)
	}
	for _, user := range y.of(reporting.Grace) {
		if !y.persons[user].until.After(y.now()) {
			y.move(user, reporting.Released, y.now())
		}
	}
	y.promote(y.now())
}

func (y *year) resize(seats int64) {
	if _, err := y.seats.Resize(y.ctx, y.license.ID, seats, nil); err != nil {
		y.t.Fatal(err)
	}
	y.size = seats
	y.bought = append(y.bought, bought{seats: seats, at: y.now()})
	y.promote(y.now())
}

// TestAYearOfReportsIsWhatItsInputsMakeIt compares every figure of a simulated year, as of any moment, from snapshots and from the ledger, with
// a recount of what the test has done.
func TestAYearOfReportsIsWhatItsInputsMakeIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const days = 365
		zone, err := time.LoadLocation("Europe/Oslo")
		if err != nil {
			t.Fatal(err)
		}
		w.zone("Europe/Oslo")
		y := newYear(w)
		for n := 1; n < days; n++ {
			y.day(n)
			if n < 200 || n > 214 {
				y.until(time.Date(2026, 1, 2+n, 0, 5, 0, 0, zone))
				if _, err := w.reports.Snap(w.ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(y.history) < 100 {
			t.Fatalf("only %d steps in a year", len(y.history))
		}
		for n := 3; n < days; n += 19 {
			for _, at := range []time.Time{
				time.Date(2026, 1, 1+n, 0, 0, 0, 0, zone), time.Date(2026, 1, 1+n, 13, 30, 0, 0, time.UTC), time.Date(2026, 1, 1+n, 8, 40, 0, 0, time.UTC),
			} {
				want, got := y.then(at), w.report(y.license.ID, &at, reporting.WithUse)
				if told(got.Seats, got.Use) != want {
					t.Errorf("as of %s the report says\n%s, want\n%s", at, told(got.Seats, got.Use), want)
				}
				if alone := w.report(y.license.ID, &at, reporting.SeatsAlone); !reflect.DeepEqual(alone.Seats, got.Seats) {
					t.Errorf("as of %s the snapshots say\n%+v, the ledger\n%+v", at, alone.Seats, got.Seats)
				}
			}
		}
		if got := w.report(y.license.ID, nil, reporting.WithUse); told(got.Seats, got.Use) != y.then(w.now()) {
			t.Errorf("now is\n%s, want\n%s", told(got.Seats, got.Use), y.then(w.now()))
		}
		y.checkSeries(t, zone)
	})
}

// checkSeries compares each day of the series with the recount, the given and the freed and the peaks too.
func (y *year) checkSeries(t *testing.T, zone *time.Location) {
	t.Helper()
	all, err := y.reports.Series(y.ctx, []reporting.Utilization{y.report(y.license.ID, nil, reporting.WithUse)}, reporting.Span{Step: reporting.ByDay})
	if err != nil {
		t.Fatal(err)
	}
	series := all[y.license.ID]
	if len(series) < 360 {
		t.Errorf("the series has %d days", len(series))
	}
	for _, p := range series {
		day, err := time.ParseInLocation(time.DateOnly, string(p.From), zone)
		if err != nil {
			t.Fatal(err)
		}
		end := day.AddDate(0, 0, 1).Add(-time.Microsecond)
		if now := y.now(); end.After(now) {
			end = now
		}
		if !p.At.Equal(end) {
			t.Errorf("the levels of %s are of %s", p.From, p.At)
		}
		if got, want := told(p.Seats, p.Use), y.then(end); got != want {
			t.Errorf("%s is\n%s, want\n%s", p.From, got, want)
		}
		given, freed, peak := y.flow(day, end)
		if p.Given != given || p.Freed != freed || p.Peak != peak {
			t.Errorf("on %s %d seats were given, %d freed, the peak was %d; want %d, %d, %d", p.From, p.Given, p.Freed, p.Peak, given, freed, peak)
		}
	}
	y.checkMonths(t, series)
}

func (y *year) flow(begins, ends time.Time) (given, freed, peak int64) {
	taken := int64(0)
	for i, m := range y.history {
		change := int64(0)
		switch {
		case takes(m.now) && !takes(m.was):
			change = 1
		case takes(m.was) && !takes(m.now):
			change = -1
		}
		if m.at.Before(begins) {
			taken += change
			peak = taken
			continue
		}
		if m.at.After(ends) {
			break
		}
		taken += change
		given, freed = given+max(0, change), freed+max(0, -change)
		if i+1 == len(y.history) || y.history[i+1].at.After(m.at) {
			peak = max(peak, taken)
		}
	}
	return given, freed, peak
}

// checkMonths compares months with their days.
func (y *year) checkMonths(t *testing.T, series []reporting.Point) {
	t.Helper()
	for _, step := range []reporting.Step{reporting.ByWeek, reporting.ByMonth} {
		all, err := y.reports.Series(y.ctx, []reporting.Utilization{y.report(y.license.ID, nil, reporting.WithUse)}, reporting.Span{Step: step})
		if err != nil {
			t.Fatal(err)
		}
		days := series
		for _, p := range all[y.license.ID] {
			var given, freed, peak int64
			last := days[0]
			for len(days) > 0 && days[0].From <= p.To {
				last = days[0]
				given, freed, peak = given+last.Given, freed+last.Freed, max(peak, last.Peak)
				days = days[1:]
			}
			if p.Given != given || p.Freed != freed || p.Peak != peak || !reflect.DeepEqual(p.Seats, last.Seats) || p.To != last.To {
				t.Errorf("the %s from %s is %+v", step, p.From, p)
			}
		}
		if len(days) > 0 {
			t.Errorf("%d days are in no %s", len(days), step)
		}
	}
}
