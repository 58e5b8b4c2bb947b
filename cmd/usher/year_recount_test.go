package main

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// The recount tells from the model's history what every figure must be, by the definitions of docs/reports.md.

// view is a report's moment, and up to when uses have been told: a report of the past knows more than was known then.
type view struct{ at, told time.Time }

// stood tells where somebody stood at a moment, and since when she had a seat without a break.
func (s *modelSeat) stood(at time.Time) (state string, assigned time.Time) {
	for _, h := range s.history {
		if h.at.After(at) {
			break
		}
		state = h.now
		if takes(h.now) && !takes(h.was) {
			assigned = h.at
		}
	}
	return state, assigned
}

// usedBy is the latest use up to a moment. Uses are told in the order in which they were.
func (s *modelSeat) usedBy(v view) time.Time {
	for _, u := range slices.Backward(s.uses) {
		if !u.told.After(v.told) && !u.at.After(v.at) {
			return u.at
		}
	}
	return time.Time{}
}

func (l *modelLicense) termsAt(at time.Time) (t modelTerms) {
	for _, one := range l.terms {
		if !one.at.After(at) {
			t = one
		}
	}
	return t
}

// priced is an amount of money, which is nothing that could be told before the license was bought.
func (l *modelLicense) priced(v view, amount int64) any {
	if v.at.Before(l.made) {
		return nil
	}
	return amount
}

func (l *modelLicense) currency(v view) string {
	if v.at.Before(l.made) {
		return ""
	}
	return "USD"
}

// known tells whether use over the days before a moment is known.
func (l *modelLicense) known(v view, days int) bool {
	s := l.source
	if s.made.IsZero() || s.made.After(v.told) {
		return false
	}
	told := time.Time{}
	for _, at := range l.toldAt {
		if !at.After(v.told) {
			told = at
		}
	}
	if s.silent(v.at, told) {
		return false
	}
	since := s.made
	for _, u := range l.earliest {
		if day := u.at.UTC().Truncate(24 * time.Hour); !u.told.After(v.told) && day.Before(since) {
			since = day
		}
	}
	begins := v.at.AddDate(0, 0, -days)
	if begins.Before(l.made) {
		begins = l.made
	}
	return !since.Add(-s.lag).After(begins)
}

// sum counts some people's seats.
type sum struct {
	states           map[string]int64
	active, inactive [3]int64
	never            int64
}

var spans = [3]int{30, 60, 90}

// sums counts the seats of a license in parts: people may be in several, or in one for all.
func (l *modelLicense) sums(v view, parts func(p *modelPerson) []string) map[string]*sum {
	all := map[string]*sum{}
	for p, seat := range l.held {
		state, assigned := seat.stood(v.at)
		if state == nobodys || state == released {
			continue
		}
		used := seat.usedBy(v)
		for _, key := range parts(p) {
			s := all[key]
			if s == nil {
				s = &sum{states: map[string]int64{}}
				all[key] = s
			}
			s.states[state]++
			if !sits(state) {
				continue
			}
			if used.IsZero() {
				s.never++
			}
			for i, days := range spans {
				switch begins := v.at.AddDate(0, 0, -days); {
				case state == activated && used.After(begins):
					s.active[i]++
				case !assigned.After(begins):
					s.inactive[i]++
				}
			}
		}
	}
	return all
}

func whole(*modelPerson) []string { return []string{""} }

func (l *modelLicense) sum(v view) *sum {
	if s := l.sums(v, whole)[""]; s != nil {
		return s
	}
	return &sum{states: map[string]int64{}}
}

func (s *sum) assigned() int64 { return s.states[invited] + s.states[activated] }

func (s *sum) taken() int64 {
	return s.assigned() + s.states[consenting] + s.states[paused] + s.states[kept]
}

func rateOf(part, whole int64) any {
	if whole == 0 {
		return nil
	}
	return float64(part) / float64(whole)
}

// told writes the figures of a sum as GraphQL does. Of a part nothing is purchased.
func (l *modelLicense) told(v view, s *sum, part bool) map[string]any {
	terms := l.termsAt(v.at)
	purchased := terms.seats
	if part {
		purchased = s.assigned()
	}
	figures := map[string]any{
		"assigned": s.assigned(), "invited": s.states[invited], "activated": s.states[activated], "consentPending": s.states[consenting],
		"paused": s.states[paused], "grace": s.states[kept], "waiting": s.states[waits], "activationRate": rateOf(s.states[activated], s.assigned()),
		"neverUsed": nil,
	}
	if l.known(v, 30) {
		figures["neverUsed"] = s.never
	}
	windows := make([]any, len(spans))
	for i, days := range spans {
		w := map[string]any{"days": days, "active": nil, "inactive": nil, "utilizationOfPurchased": nil, "utilizationOfAssigned": nil, "unused": nil}
		if l.known(v, days) {
			active := s.active[i]
			unused := max(0, purchased-active)
			nobody := min(unused, max(0, purchased-s.assigned()))
			never := min(unused-nobody, s.states[invited])
			w["active"], w["inactive"], w["utilizationOfAssigned"] = active, s.inactive[i], rateOf(active, s.assigned())
			if !part {
				w["utilizationOfPurchased"] = rateOf(active, purchased)
			}
			w["unused"] = map[string]any{
				"seats": unused, "notAssigned": nobody, "notActivated": never, "idle": unused - nobody - never, "cost": unused * terms.price,
				"costNotAssigned": nobody * terms.price, "costNotActivated": never * terms.price, "costIdle": (unused - nobody - never) * terms.price,
				"currency": "USD",
			}
		}
		windows[i] = w
	}
	figures["windows"] = windows
	if !part {
		figures["purchased"], figures["free"] = purchased, max(0, purchased-s.taken())
		figures["overAssigned"], figures["assignmentRate"] = max(0, s.assigned()-purchased), rateOf(s.assigned(), purchased)
	}
	return figures
}

// flow is what happened after a moment.
func (l *modelLicense) flow(since time.Time, v view) map[string]any {
	var given, freed, back, worth int64
	var toSeat, toRecover []time.Duration
	price := l.termsAt(v.at).price
	for _, seat := range l.held {
		var reason, leaving time.Time // since when she had a reason to sit, since when her seat was kept
		for _, h := range seat.history {
			if h.at.After(v.at) {
				break
			}
			if h.was == nobodys || h.was == released {
				reason = h.at
			}
			if h.now == kept {
				leaving = h.at
			}
			if !h.at.After(since) {
				continue
			}
			switch {
			case takes(h.now) && !takes(h.was):
				given++
			case takes(h.was) && !takes(h.now):
				freed++
				if h.cause == byReclaim {
					back++
					worth += int64(math.Round(float64(price) * float64(max(0, l.ends.Sub(h.at))) / float64(365*24*time.Hour)))
				}
				if h.was == kept {
					toRecover = append(toRecover, h.at.Sub(leaving))
				} else if h.cause == byLeaving {
					toRecover = append(toRecover, 0)
				}
			}
			if h.now == invited && (h.was == nobodys || h.was == released || h.was == waits || h.was == consenting) {
				toSeat = append(toSeat, h.at.Sub(reason))
			}
		}
	}
	return map[string]any{
		"assignments": given, "removals": freed, "recovered": back, "recoveredWorth": l.priced(v, worth), "currency": l.currency(v), "timeToSeat": ranks(toSeat), "timeToRecover": ranks(toRecover),
	}
}

func ranks(took []time.Duration) map[string]any {
	if len(took) == 0 {
		return map[string]any{"cases": 0, "p50Seconds": nil, "p95Seconds": nil}
	}
	slices.Sort(took)
	rank := func(percent int) float64 { return took[(len(took)*percent+99)/100-1].Seconds() }
	return map[string]any{"cases": len(took), "p50Seconds": rank(50), "p95Seconds": rank(95)}
}

// forecast is what is to come.
func (l *modelLicense) forecast(v view, zone *time.Location) map[string]any {
	today := midnight(v.at, zone)
	first := midnight(l.made, zone)
	changes := l.changes()
	var net []float64
	for back := 28; back >= 1; back-- {
		begins := today.AddDate(0, 0, -back)
		if begins.Before(first) {
			continue
		}
		given, freed, _ := between(changes, begins, begins.AddDate(0, 0, 1).Add(-time.Microsecond))
		net = append(net, float64(given-freed))
	}
	f := map[string]any{"daysOfData": len(net), "runOut": nil, "trueUp": nil}
	if len(net) < 14 {
		return f
	}
	slices.Sort(net)
	n := len(net)
	slow, fast, median := net[(n+3)/4-1], net[(3*n+3)/4-1], (net[(n-1)/2]+net[n/2])/2
	s, terms := l.sum(v), l.termsAt(v.at)
	free := float64(max(0, terms.seats-s.taken()))
	on := func(rate float64) any {
		for days := range 181 {
			if free-float64(days)*max(0, rate) < 1 {
				return today.AddDate(0, 0, days).Format(time.DateOnly)
			}
		}
		return nil
	}
	f["runOut"] = map[string]any{"earliest": on(fast), "expected": on(median), "latest": on(slow), "takeUp": []any{slow, median, fast}}
	rest := float64(l.ends.Sub(v.at)) / float64(24*time.Hour)
	need := func(rate float64) int64 { return s.taken() + s.states[waits] + int64(math.Ceil(max(0, rate)*rest)) }
	f["trueUp"] = map[string]any{
		"at": l.ends.Format(time.RFC3339), "expectedNeed": need(median), "lowNeed": need(slow), "highNeed": need(fast), "difference": need(median) - terms.seats,
	}
	return f
}

func midnight(at time.Time, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// reclaimable are those who could lose their seats, with the reasons. Exempt and active are people as they are now.
func (l *modelLicense) reclaimable(v view) map[*modelPerson][]string {
	idle, tooLong := cmp.Or(l.idle, 90), cmp.Or(l.invitedDays, 30)
	cut, cutInvited := v.at.AddDate(0, 0, -idle), v.at.AddDate(0, 0, -tooLong)
	known := l.known(v, idle)
	found := map[*modelPerson][]string{}
	for p, seat := range l.held {
		state, assigned := seat.stood(v.at)
		if l.exempt != "" && p.groups[l.exempt] {
			continue
		}
		var reasons []string
		if known && state == activated && !assigned.After(cut) && !seat.usedBy(v).After(cut) {
			reasons = append(reasons, "idle")
		}
		if state == invited && (!assigned.After(cutInvited) || known && !assigned.After(cut)) {
			reasons = append(reasons, "never_activated")
		}
		if (sits(state) || state == paused || state == kept) && (p.gone || !p.active) {
			reasons = append(reasons, "left")
		}
		if len(reasons) > 0 {
			found[p] = reasons
		}
	}
	return found
}

func (l *modelLicense) reclaimableTold(v view) map[string]any {
	found := l.reclaimable(v)
	count := map[string]int64{}
	for _, reasons := range found {
		for _, r := range reasons {
			count[r]++
		}
	}
	f := map[string]any{
		"idleDays": cmp.Or(l.idle, 90), "invitedDays": cmp.Or(l.invitedDays, 30), "seats": len(found), "idle": nil, "neverActivated": count["never_activated"],
		"left": count["left"], "worthPerYear": l.priced(v, int64(len(found))*l.termsAt(v.at).price), "currency": l.currency(v),
	}
	if l.known(v, cmp.Or(l.idle, 90)) {
		f["idle"] = count["idle"]
	}
	return f
}

// behind returns the people behind a figure.
func (l *modelLicense) behind(v view, figure string, days int) []string {
	var found []string
	begins := v.at.AddDate(0, 0, -days)
	could := map[*modelPerson][]string{}
	if figure == "RECLAIMABLE" {
		could = l.reclaimable(v)
	}
	for p, seat := range l.held {
		state, assigned := seat.stood(v.at)
		used := seat.usedBy(v)
		active := state == activated && used.After(begins)
		is := map[string]bool{
			"ASSIGNED": sits(state), "INVITED": state == invited, "ACTIVATED": state == activated, "CONSENT_PENDING": state == consenting, "PAUSED": state == paused,
			"GRACE": state == kept, "WAITING": state == waits, "ACTIVE": active, "INACTIVE": sits(state) && !active && !assigned.After(begins),
			"NEVER_USED": sits(state) && used.IsZero(), "RECLAIMABLE": could[p] != nil,
		}
		if is[figure] {
			found = append(found, p.id)
		}
	}
	slices.Sort(found)
	return found
}

// parts are the keys under which somebody is found in a breakdown, as people are now.
func parts(dimension string) func(p *modelPerson) []string {
	return func(p *modelPerson) []string {
		switch {
		case p.gone, dimension == "GROUP" && len(p.groups) == 0:
			return []string{""} // of somebody who was deleted nothing is kept
		case dimension == "GROUP":
			return slices.Collect(maps.Keys(p.groups))
		case dimension == "DEPARTMENT":
			return []string{p.department}
		case dimension == "MANAGER":
			return []string{p.manager}
		default:
			return []string{p.configKey}
		}
	}
}

// breakdown is a license's figures by part.
func (l *modelLicense) breakdown(v view, dimension string) []any {
	sums := l.sums(v, parts(dimension))
	keys := slices.SortedFunc(maps.Keys(sums), cmp.Compare[string])
	told := make([]any, 0, len(keys))
	for _, key := range keys {
		f := l.told(v, sums[key], true)
		f["key"] = key
		told = append(told, f)
	}
	return told
}
