package main

import (
	"maps"
	"slices"
	"time"
)

// change is what a license's steps of one moment do to the number of taken seats.
type change struct {
	at      time.Time
	in, out int64
}

// changes are a license's changes of the number of taken seats, in order.
func (l *modelLicense) changes() []change {
	at := map[time.Time]change{}
	for _, seat := range l.held {
		for _, h := range seat.history {
			c := at[h.at]
			c.at = h.at
			if takes(h.now) && !takes(h.was) {
				c.in++
			}
			if takes(h.was) && !takes(h.now) {
				c.out++
			}
			at[h.at] = c
		}
	}
	return slices.SortedFunc(maps.Values(at), func(a, b change) int { return a.at.Compare(b.at) })
}

// between counts what was given and freed from one moment to another, and the most that were taken in between.
func between(changes []change, begins, ends time.Time) (given, freed, peak int64) {
	taken := int64(0)
	for _, c := range changes {
		if c.at.Before(begins) {
			taken += c.in - c.out
		}
	}
	peak = taken
	for _, c := range changes {
		if c.at.Before(begins) || c.at.After(ends) {
			continue
		}
		given, freed, taken = given+c.in, freed+c.out, taken+c.in-c.out
		peak = max(peak, taken)
	}
	return given, freed, peak
}

// point is a day of a series, or a longer piece of one.
type point struct {
	from, to time.Time
	view     view
	figures  map[string]any
}

// series is a license's year by day up to a moment. A day's use is as it was known when its snapshot was written, which written tells: today, and
// a day without a snapshot, are as known now.
func (l *modelLicense) series(now, from time.Time, zone *time.Location, written map[string]time.Time) []point {
	changes := l.changes()
	var days []point
	for day := midnight(from, zone); !day.After(now); day = day.AddDate(0, 0, 1) {
		if day.Before(midnight(l.made, zone)) {
			continue
		}
		v := view{at: day.AddDate(0, 0, 1).Add(-time.Microsecond).UTC(), told: now}
		if v.at.After(now) {
			v.at = now
		}
		if at, is := written[day.Format(time.DateOnly)]; is {
			v.told = at
		}
		f := l.told(v, l.sum(v), false)
		given, freed, peak := between(changes, day, v.at)
		f["assignments"], f["removals"], f["peak"] = given, freed, peak
		days = append(days, point{from: day, to: day, view: v, figures: f})
	}
	return days
}

// joined joins days into longer pieces: the levels of the last day, the flows of all, the greatest peak.
func joined(days []point, same func(a, b time.Time) bool) []point {
	var pieces []point
	for _, d := range days {
		n := len(pieces)
		if n == 0 || !same(pieces[n-1].from, d.from) {
			pieces = append(pieces, d)
			continue
		}
		p := &pieces[n-1]
		f := maps.Clone(d.figures)
		add := func(name string) { a, _ := p.figures[name].(int64); b, _ := f[name].(int64); f[name] = a + b }
		add("assignments")
		add("removals")
		was, _ := p.figures["peak"].(int64)
		is, _ := f["peak"].(int64)
		f["peak"] = max(was, is)
		p.to, p.figures = d.to, f
	}
	return pieces
}

func sameMonth(a, b time.Time) bool { return a.Year() == b.Year() && a.Month() == b.Month() }

func sameWeek(a, b time.Time) bool {
	ay, aw := a.ISOWeek()
	by, bw := b.ISOWeek()
	return ay == by && aw == bw
}

// writtenAt tells for each day when its snapshot was written last, of a worker that comes at some moments: it writes what is missing, and
// once more what is not a week old.
func (l *modelLicense) writtenAt(snaps []time.Time, zone *time.Location) map[string]time.Time {
	written := map[string]time.Time{}
	next := midnight(l.made, zone)
	for _, at := range snaps {
		yesterday := midnight(at, zone).AddDate(0, 0, -1)
		from := next
		if again := yesterday.AddDate(0, 0, -6); len(written) > 0 && again.Before(next) {
			from = again
		}
		for day := from; !day.After(yesterday); day = day.AddDate(0, 0, 1) {
			if !day.Before(midnight(l.made, zone)) {
				written[day.Format(time.DateOnly)] = at
			}
		}
		if after := yesterday.AddDate(0, 0, 1); after.After(next) {
			next = after
		}
	}
	return written
}
