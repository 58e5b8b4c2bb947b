package main

import (
	"cmp"
	"slices"
	"time"
)

// The model of a year keeps by itself where everybody must stand, from what was sent and answered alone: it reads no database, and shares no
// code with the modules. What it goes by is docs/seats.md.

// The states of a seat in the model.
const (
	nobodys    = ""
	waits      = "waiting"
	consenting = "consent_pending"
	invited    = "invited"
	activated  = "activated"
	paused     = "paused"
	kept       = "grace"
	released   = "released"
)

func takes(state string) bool { return state != nobodys && state != waits && state != released }
func sits(state string) bool  { return state == invited || state == activated }

// What the model knows of the causes of steps.
const (
	byLeaving  = "leaving"
	byReclaim  = "reclaimed"
	byAnything = "anything else"
)

type modelStep struct {
	was, now, cause string
	at              time.Time
}

type modelUse struct{ at, told time.Time }

type modelSeat struct {
	state, resume                             string
	priority, position                        int
	assigned, activated, used, noticed, until time.Time
	reason                                    string // of taking back, or "kept"
	history                                   []modelStep
	uses                                      []modelUse
}

type modelTerms struct {
	at           time.Time
	seats, price int64
}

type modelSource struct {
	name          string
	lag, patience time.Duration
	made, told    time.Time // when it told first and last
}

type modelLicense struct {
	id, sku    string
	seats      int64
	taken      int64
	next       int
	grace      int
	consent    bool
	requires   *modelLicense
	dependents []*modelLicense
	made, ends time.Time
	terms      []modelTerms
	source     modelSource
	toldAt     []time.Time // when the source told something
	earliest   []modelUse  // each earlier than all that were told before

	automatic                              bool
	idle, invitedDays, noticeFor, pauseFor int
	exempt                                 string

	held map[*modelPerson]*modelSeat
}

type modelPerson struct {
	number              int // in the order in which people came
	id                  string
	userName, external  string
	config              int
	configKey           string
	active, gone        bool
	department, manager string
	groups              map[string]bool
	claims              map[*modelLicense]map[string]int // reason to priority
	consent             map[*modelLicense]string
	habit               int
	silentFrom          int
}

// model is the organization and its seats.
type model struct {
	now      func() time.Time
	licenses []*modelLicense
	people   []*modelPerson
	ruleOf   *modelLicense // by rule for a group
	rule     string        // the group
}

func (l *modelLicense) seat(p *modelPerson) *modelSeat {
	s := l.held[p]
	if s == nil {
		s = &modelSeat{}
		l.held[p] = s
	}
	return s
}

// step moves a seat, and what builds on it.
func (m *model) step(l *modelLicense, p *modelPerson, now, cause string) {
	s, at := l.seat(p), m.now()
	was := s.state
	s.history = append(s.history, modelStep{was: was, now: now, cause: cause, at: at})
	s.state = now
	if now != waits {
		s.position = 0
	}
	if now == paused || now == kept {
		s.resume = was
	} else {
		s.resume, s.until = "", time.Time{}
		if was == paused && now == released {
			s.noticed = time.Time{}
		} else if was == paused || was == kept || was == released || now == released {
			s.noticed, s.reason = time.Time{}, ""
		}
		if !takes(was) {
			s.activated = time.Time{}
		}
	}
	switch {
	case now == waits:
		s.assigned = time.Time{}
	case takes(now) && !takes(was):
		s.assigned = at
	case now == activated && s.activated.IsZero():
		s.activated = at
	}
	if sits(was) == sits(now) {
		return
	}
	for _, d := range l.dependents {
		if sits(now) {
			m.reseat(d, p)
		} else if held := d.held[p]; held != nil && held.state != nobodys && held.state != released {
			m.release(d, p, cause)
		}
	}
}

func (m *model) seatDown(l *modelLicense, p *modelPerson) {
	if l.consent && p.consent[l] != "given" {
		p.consent[l] = "consenting"
		m.step(l, p, consenting, byAnything)
		return
	}
	m.step(l, p, invited, byAnything)
}

func (m *model) heldBack(l *modelLicense, p *modelPerson) bool {
	return l.consent && p.consent[l] == "withdrawn" || l.requires != nil && !sits(l.requires.seat(p).state)
}

// claim gives somebody a reason, and a seat or a place in line.
func (m *model) claim(l *modelLicense, p *modelPerson, reason string, priority int) {
	if p.claims[l] == nil {
		p.claims[l] = map[string]int{}
	}
	p.claims[l][reason] = priority
	m.settle(l, p, reason)
}

func (m *model) settle(l *modelLicense, p *modelPerson, reason string) {
	s := l.seat(p)
	switch {
	case s.state == kept:
		m.step(l, p, s.resume, byAnything)
		return
	case s.state == waits:
		m.moveInLine(l, p)
		return
	case takes(s.state), s.state == released && s.reason != "" && reason != "hand", m.heldBack(l, p):
		return
	}
	s.priority = p.claims[l][reason]
	if l.taken < l.seats {
		l.taken++
		m.seatDown(l, p)
		return
	}
	l.next++
	s.position = l.next
	m.step(l, p, waits, byAnything)
}

func (m *model) moveInLine(l *modelLicense, p *modelPerson) {
	best, first := 0, true
	for _, priority := range p.claims[l] {
		if first || priority > best {
			best, first = priority, false
		}
	}
	l.seat(p).priority = best
}

func (m *model) reseat(l *modelLicense, p *modelPerson) {
	for _, reason := range []string{"configuration", "rule", "hand"} {
		if _, has := p.claims[l][reason]; has {
			m.settle(l, p, reason)
			return
		}
	}
}

// drop ends a reason.
func (m *model) drop(l *modelLicense, p *modelPerson, reason, cause string, deactivated bool) {
	if _, has := p.claims[l][reason]; !has {
		return
	}
	delete(p.claims[l], reason)
	s := l.seat(p)
	if len(p.claims[l]) > 0 {
		if s.state == waits {
			m.moveInLine(l, p)
		}
		return
	}
	switch {
	case s.state == released:
		s.reason = ""
	case s.state == nobodys, deactivated && s.state == kept:
	case deactivated && l.grace > 0 && sits(s.state):
		s.until = m.now().AddDate(0, 0, l.grace)
		m.step(l, p, kept, cause)
	default:
		m.release(l, p, cause)
	}
}

func (m *model) dropAll(p *modelPerson, cause string, deactivated bool) {
	for _, l := range m.licenses {
		for _, reason := range []string{"configuration", "rule", "hand"} {
			m.drop(l, p, reason, cause, deactivated)
		}
	}
}

func (m *model) release(l *modelLicense, p *modelPerson, cause string) {
	was := l.seat(p).state
	m.step(l, p, released, cause)
	if takes(was) {
		l.taken--
	}
	m.promote(l)
}

func (m *model) promote(l *modelLicense) {
	for l.taken < l.seats {
		var first *modelPerson
		for p, s := range l.held {
			if s.state != waits {
				continue
			}
			if first == nil || cmp.Or(cmp.Compare(l.held[first].priority, s.priority), cmp.Compare(s.position, l.held[first].position)) < 0 {
				first = p
			}
		}
		if first == nil {
			return
		}
		l.taken++
		m.seatDown(l, first)
	}
}

// follow brings somebody in line with the rule.
func (m *model) follow(p *modelPerson) {
	if m.rule == "" || !p.active || p.gone {
		return
	}
	_, has := p.claims[m.ruleOf]["rule"]
	switch means := p.groups[m.rule]; {
	case means && !has:
		m.claim(m.ruleOf, p, "rule", 0)
	case !means && has:
		m.drop(m.ruleOf, p, "rule", byAnything, false)
	}
}

// night is what workers do: graces end, rules run, unused seats are taken back.
func (m *model) night() {
	m.endGraces()
	for _, p := range m.people {
		m.follow(p)
	}
	for _, l := range m.licenses {
		if (l.idle > 0 || l.invitedDays > 0) && !l.source.silent(m.now(), l.source.told) {
			m.reclaim(l)
		}
	}
}

func (m *model) endGraces() {
	type due struct {
		l *modelLicense
		p *modelPerson
	}
	var all []due
	for _, l := range m.licenses {
		for p, s := range l.held {
			if s.state == kept && !s.until.After(m.now()) {
				all = append(all, due{l, p})
			}
		}
	}
	slices.SortFunc(all, func(a, b due) int { return a.l.held[a.p].until.Compare(b.l.held[b.p].until) })
	for _, d := range all {
		m.release(d.l, d.p, byLeaving)
	}
}

// unused tells whether a seat has not been used for as long as the policy says.
func (m *model) unused(l *modelLicense, s *modelSeat) bool {
	days := l.idle
	if s.state == invited {
		days = l.invitedDays
	}
	cut := m.now().AddDate(0, 0, -days)
	return days > 0 && sits(s.state) && !s.assigned.After(cut) && !s.activated.After(cut) && !s.used.After(cut) && !s.noticed.After(cut)
}

func (m *model) reclaim(l *modelLicense) {
	var due, fresh []*modelPerson
	now := m.now()
	for _, p := range m.people {
		switch s := l.held[p]; {
		case s == nil:
		case s.reason != "kept" && (s.state == paused && !s.until.After(now) || sits(s.state) && !s.noticed.IsZero() && !s.noticed.AddDate(0, 0, l.noticeFor).After(now)):
			due = append(due, p)
		case l.automatic && (s.noticed.IsZero() || s.reason == "kept") && m.unused(l, s) && !p.groups[l.exempt]:
			fresh = append(fresh, p)
		}
	}
	for _, p := range slices.Concat(due, fresh) {
		m.reclaimOne(l, p)
	}
}

func (m *model) reclaimOne(l *modelLicense, p *modelPerson) {
	s, now := l.seat(p), m.now()
	noticed := !s.noticed.IsZero() && s.reason != "kept"
	switch {
	case s.state == paused && noticed && !s.until.After(now):
		m.release(l, p, byReclaim)
	case sits(s.state) && noticed && !s.noticed.AddDate(0, 0, l.noticeFor).After(now):
		s.until = now.AddDate(0, 0, l.pauseFor)
		m.step(l, p, paused, byAnything)
	case sits(s.state) && !noticed && m.unused(l, s):
		s.noticed, s.reason = now, "idle"
		if s.state == invited {
			s.reason = "never_activated"
		}
	}
}

// keep leaves a seat alone: whoever was about to take it back does not.
func (m *model) keep(l *modelLicense, p *modelPerson) {
	s := l.seat(p)
	if s.state == paused {
		m.step(l, p, s.resume, byAnything)
	}
	s.noticed, s.reason = m.now(), "kept"
}

// use is what the product tells of one person.
func (m *model) use(l *modelLicense, p *modelPerson, at time.Time) {
	s := l.seat(p)
	told := modelUse{at: at, told: m.now()}
	s.uses = append(s.uses, told)
	if n := len(l.earliest); n == 0 || at.Before(l.earliest[n-1].at) {
		l.earliest = append(l.earliest, told)
	}
	if !at.After(s.used) {
		return
	}
	s.used = at
	noticed := !s.noticed.IsZero() && s.reason != "kept"
	first := s.state == invited && !at.Before(s.assigned)
	if first {
		m.step(l, p, activated, byAnything)
	}
	if noticed && (sits(s.state) || s.state == paused) && (first || at.After(s.noticed.AddDate(0, 0, -l.idle))) {
		m.keep(l, p)
	}
}

func (s modelSource) silent(at, told time.Time) bool {
	return told.IsZero() || at.After(told.Add(s.patience))
}

func (m *model) consents(l *modelLicense, p *modelPerson, said string) {
	p.consent[l] = said
	s := l.seat(p)
	switch {
	case said == "withdrawn" && s.state != released && s.state != nobodys:
		m.release(l, p, byAnything)
	case said == "given" && s.state == consenting:
		m.step(l, p, invited, byAnything)
	case said == "given":
		m.reseat(l, p)
	}
}

func (m *model) transfer(l *modelLicense, from, to *modelPerson) {
	from.claims[l] = nil
	m.step(l, from, released, byAnything)
	if to.claims[l] == nil {
		to.claims[l] = map[string]int{}
	}
	to.claims[l]["hand"] = 0
	m.seatDown(l, to)
}

func (m *model) releaseByHand(l *modelLicense, p *modelPerson) {
	p.claims[l] = nil
	m.release(l, p, byAnything)
}

func (m *model) resize(l *modelLicense, seats int64) {
	l.seats = seats
	l.terms = append(l.terms, modelTerms{at: m.now(), seats: seats, price: l.terms[len(l.terms)-1].price})
	m.promote(l)
}
