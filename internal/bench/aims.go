package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/storetest"
)

// aim is something that was to be reached, with what was measured.
type aim struct {
	What    string `json:"what"`
	Figure  string `json:"figure"`
	Reached bool   `json:"reached"`
	Why     string `json:"whyNot,omitempty"` // what stands in the way
}

// What is asked of a run. Ratios are of PostgreSQL at many connections, where nothing else is said.
const (
	many          = 16
	halfOfFloor   = 0.5
	flat          = 1.3
	lastToFirst   = 1.5
	largeToSmall  = 1.5
	smallPatch    = 5 * time.Millisecond
	quickReport   = 50 * time.Millisecond
	quickPast     = time.Second
	mostResident  = 150 << 20
	usualFilter   = 2 * time.Microsecond
	filterAllocs  = 10
	entraRate     = 25 // requests a second for each tenant, says Entra's gallery
	peopleToHold  = 100_000
	smallestGroup = 100
)

// standsInTheWay says of a row that has missed its aim before why it does.
var standsInTheWay = map[string]string{
	rowCreate:    "the call is logged, the body taken apart and the person written as JSON twice, for the journal and for the answer; the floor sends constants",
	rowAuto:      "the gate has to be answered before the seat is written, so the license's row is locked for a round trip more; the floor takes the seat blindly",
	rowLookUp:    "the filter is read and compiled, the call logged, and the answer put together anew; the floor writes ready bytes",
	rowGet:       "the call is logged and the answer put together anew; the floor writes ready bytes",
	rowActive:    "the person and then her claims are read before she is changed, because what changes depends on them: three round trips; the floor changes blindly in one",
	rowFirstPage: "the totals and the rows are a statement each, and every person passes through Go to be spliced; the floor writes ready bytes",
	rowLastPage:  "the totals and the rows are a statement each, and every person passes through Go to be spliced; the floor writes ready bytes",
	rowGraph:     "gqlgen takes contexts and some ten allocations for each of many hundred fields, and goroutines for lists: half of the processor time; the three statements are like the floor's",
}

// report is everything that a run has found.
type report struct {
	Machine   string      `json:"machine"`
	Commit    string      `json:"commit"`
	Settings  settings    `json:"settings"`
	Results   []result    `json:"results"`
	Readings  []reading   `json:"readings"`
	Published []published `json:"published,omitempty"`
	Facts     []string    `json:"facts"`
	Aims      []aim       `json:"aims"`
}

// find returns a row of PostgreSQL, which aims speak of.
func (r *report) find(name string, connections int) (result, bool) {
	at := slices.IndexFunc(r.Results, func(one result) bool {
		return one.Database == storetest.Postgres && one.Row == name && one.Connections == connections
	})
	if at < 0 {
		return result{}, false
	}
	return r.Results[at], true
}

// judge compares what was measured with every aim that it says something of.
func (r *report) judge() {
	r.Aims = nil
	r.halves()
	r.flatness()
	r.largeTenant()
	r.reports()
	r.memory()
	r.rate()
	for _, one := range r.Readings {
		r.add("reading "+one.Filter+" in 2 µs and 10 allocations", fmt.Sprintf("%d ns, %.0f allocations", one.Took.Nanoseconds(), one.Allocations),
			one.Took < usualFilter && one.Allocations <= filterAllocs, "")
	}
}

func (r *report) add(what, figure string, reached bool, why string) {
	r.Aims = append(r.Aims, aim{What: what, Figure: figure, Reached: reached, Why: why})
}

// dayByDay are the rows that are to reach half of the floor.
func dayByDay() []string {
	all := []string{rowCreate, rowAuto, rowLookUp, rowGet, rowActive}
	for _, size := range groupSizes {
		all = append(all, fmt.Sprintf(memberRowForm, size))
	}
	return append(all, rowFirstPage, rowLastPage, rowGraph)
}

func (r *report) halves() {
	for _, name := range dayByDay() {
		if of, ok := r.find(name, many); ok {
			why := standsInTheWay[name]
			if why == "" {
				why = "the group and whom the request names are read before they are changed, and many connections then wait for the one row of the group; the floor changes blindly"
			}
			r.add(name+": half of the floor", fmt.Sprintf("%.2f", of.Ratio), of.Ratio >= halfOfFloor, why)
		}
	}
}

// flatness: what a change costs does not grow with the group, nor a page with its place in the list.
func (r *report) flatness() {
	largest := groupSizes[len(groupSizes)-1]
	r.compare(fmt.Sprintf("a member added to %d against %d, time", largest, smallestGroup), fmt.Sprintf(memberRowForm, largest), fmt.Sprintf(memberRowForm, smallestGroup), flat)
	r.compare("the last page against the first, time", rowLastPage, rowFirstPage, lastToFirst)
	for _, changes := range crowdChanges {
		r.compareMedians(fmt.Sprintf("PATCH of %d members of %d against %d, median", changes, crowdSizes[len(crowdSizes)-1], crowdSizes[0]),
			crowdRow(changes, crowdSizes[len(crowdSizes)-1]), crowdRow(changes, crowdSizes[0]), flat)
	}
	for _, size := range crowdSizes {
		if of, ok := r.find(crowdRow(crowdChanges[0], size), 1); ok {
			median := time.Duration(of.Usher.P50) * time.Microsecond
			r.add(crowdRow(crowdChanges[0], size)+": median below 5 ms, one connection", median.String(), median < smallPatch,
				"the floor alone takes half of that here: how fast the machine is at the moment decides on which side of 5 ms it comes out")
		}
	}
}

// compare relates the times of two rows at many connections.
func (r *report) compare(what, name, to string, most float64) {
	of, ok := r.find(name, many)
	other, there := r.find(to, many)
	if ok && there && name != to {
		times := other.Usher.PerSecond / of.Usher.PerSecond
		r.add(fmt.Sprintf("%s: at most %.1f times", what, most), fmt.Sprintf("%.2f", times), times <= most, "")
	}
}

// compareMedians relates the medians of two rows at one connection, where nobody waits for another.
func (r *report) compareMedians(what, name, to string, most float64) {
	of, ok := r.find(name, 1)
	other, there := r.find(to, 1)
	if ok && there {
		times := float64(of.Usher.P50) / float64(max(other.Usher.P50, 1))
		r.add(fmt.Sprintf("%s: at most %.1f times", what, most), fmt.Sprintf("%.2f", times), times <= most, "")
	}
}

func (r *report) largeTenant() {
	small, large := townSizes[0], townSizes[len(townSizes)-1]
	r.compareMedians(fmt.Sprintf("userName eq among %d against %d users, median", large, small), townRow(large), townRow(small), largeToSmall)
}

// reports are to take so long, by one connection.
func (r *report) reports() {
	for _, one := range []struct {
		row  string
		most time.Duration
	}{{rowReport, quickReport}, {rowAsOf, quickPast}} {
		if of, ok := r.find(one.row, 1); ok {
			median := time.Duration(of.Usher.P50) * time.Microsecond
			r.add(one.row+": median below "+one.most.String()+", one connection", median.String(), median < one.most, "")
		}
	}
	for _, p := range r.Published {
		r.judgePublished(p)
	}
}

func (r *report) memory() {
	if r.Settings.People < peopleToHold {
		return
	}
	most, when := int64(0), ""
	for _, one := range r.Results {
		if one.Database == storetest.Postgres && one.Usher.Resident > most {
			most, when = one.Usher.Resident, one.Row
		}
	}
	if most > 0 {
		r.add("below 150 MB resident, over all rows", fmt.Sprintf("%d MB, after %s", most>>20, when), most < mostResident, "")
	}
}

// rate is what one tenant gets of the calls that Entra makes, by one connection, in the slowest of them.
func (r *report) rate() {
	names := append(dayByDay(), townNames()...)
	names = slices.DeleteFunc(names, func(name string) bool { return name == rowGraph })
	least, which := 0.0, ""
	for _, one := range r.Results {
		if one.Connections == 1 && slices.Contains(names, one.Row) && (which == "" || one.Usher.PerSecond < least) {
			least, which = one.Usher.PerSecond, one.Database+", "+one.Row
		}
	}
	if which != "" {
		r.add(fmt.Sprintf("one tenant gets %d requests a second of every kind, by one connection", entraRate), fmt.Sprintf("%.0f (%s)", least, which), least >= entraRate, "")
	}
}

// verdicts are the aims in words, those that were missed with what stands in the way.
func (r *report) verdicts() string {
	var text strings.Builder
	for _, reached := range []bool{true, false} {
		some := slices.DeleteFunc(slices.Clone(r.Aims), func(a aim) bool { return a.Reached != reached })
		switch {
		case len(some) == 0:
			continue
		case reached:
			text.WriteString("\nReached:\n\n")
		default:
			text.WriteString("\nMissed, and what stands in the way:\n\n")
		}
		for _, a := range some {
			fmt.Fprintf(&text, "- %s: **%s**", a.What, a.Figure)
			switch {
			case reached:
			case a.Why != "":
				text.WriteString("; " + a.Why)
			default:
				text.WriteString("; not looked into yet")
			}
			text.WriteByte('\n')
		}
	}
	return text.String()
}
