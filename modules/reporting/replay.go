package reporting

import (
	"time"

	"github.com/usherhq/usher/internal/id"
)

// step is one row of the ledger.
type step struct {
	license, user id.ID
	was, now      State
	at            time.Time
}

// change tells what the step does to the number of taken seats: 1, 0 or -1.
func (s step) change() int64 {
	switch {
	case s.now.takes() && !s.was.takes():
		return 1
	case s.was.takes() && !s.now.takes():
		return -1
	default:
		return 0
	}
}

// use is the use of a license by somebody on a day in UTC.
type use struct {
	user        id.ID
	day         int64
	first, last time.Time
}

// before is the latest use up to a moment that the row knows of; zero for none.
func (u use) before(at time.Time) time.Time {
	switch {
	case !u.last.After(at):
		return u.last
	case !u.first.After(at):
		return u.first
	default:
		return time.Time{}
	}
}

// holder is where somebody stands while days are replayed.
type holder struct {
	state    State
	assigned time.Time
	used     time.Time // zero: never
}

// player replays what happened to a license.
type player struct {
	license license
	changes []termsChange
	holders map[id.ID]*holder
	taken   int64
	steps   []step // in the order in which they happened
	uses    []use  // in the order of their days
}

func (p *player) holder(user id.ID) *holder {
	h := p.holders[user]
	if h == nil {
		h = &holder{}
		p.holders[user] = h
	}
	return h
}

// stand puts somebody where she stood when the days began.
func (p *player) stand(user id.ID, state State, assigned, used *time.Time) {
	h := p.holder(user)
	h.state = state
	if assigned != nil {
		h.assigned = *assigned
	}
	if used != nil {
		h.used = *used
	}
	if state.takes() {
		p.taken++
	}
}

// day takes the steps and the use of one day and returns the figures at its end.
func (p *player) day(begins, ends time.Time) figures {
	f := figures{States: map[State]int64{}, Peak: p.taken, PeakAt: begins}
	for len(p.steps) > 0 && !p.steps[0].at.After(ends) {
		one := p.steps[0]
		p.steps = p.steps[1:]
		p.take(one, &f)
		// What happened in one unit of work has one moment: the peak is looked for between such moments.
		if last := len(p.steps) == 0 || p.steps[0].at.After(one.at); last && p.taken > f.Peak {
			f.Peak, f.PeakAt = p.taken, one.at
		}
	}
	p.useUntil(ends)
	for _, change := range p.changes {
		if !change.at.After(ends) {
			f.terms = change.terms
		}
	}
	p.count(ends, &f)
	return f
}

func (p *player) take(one step, f *figures) {
	h := p.holder(one.user)
	h.state = one.now
	switch one.change() {
	case 1:
		h.assigned = one.at
		p.taken++
		f.In++
	case -1:
		p.taken--
		f.Out++
	}
}

// useUntil takes the use up to a moment. Of the day in which the moment lies, later use is left for the next time.
func (p *player) useUntil(at time.Time) {
	of, done := dayOf(at), 0
	for _, u := range p.uses {
		if u.day > of {
			break
		}
		if used := u.before(at); used.After(p.holder(u.user).used) {
			p.holder(u.user).used = used
		}
		if u.day < of {
			done++
		}
	}
	p.uses = p.uses[done:]
}

func (p *player) count(at time.Time, f *figures) {
	var active, inactive [windows]int64
	var never int64
	for _, h := range p.holders {
		if h.state != "" && h.state != Released {
			f.States[h.state]++
		}
		if !h.state.assigned() {
			continue
		}
		if h.used.IsZero() {
			never++
		}
		for i, days := range Windows {
			begins := at.AddDate(0, 0, -days)
			switch {
			case h.state == Activated && h.used.After(begins):
				active[i]++
			case !h.assigned.After(begins):
				inactive[i]++
			}
		}
	}
	f.Active, f.Inactive = make([]*int64, windows), make([]*int64, windows)
	for i, days := range Windows {
		if p.license.known(at, days) {
			f.Active[i], f.Inactive[i] = &active[i], &inactive[i]
		}
	}
	if p.license.known(at, Windows[0]) {
		f.Never = &never
	}
}
