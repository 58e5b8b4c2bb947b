package simulate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// maxDifferences is how many differences a report spells out; all are counted.
const maxDifferences = 100

// Difference is one thing that the target has otherwise than it acknowledged.
type Difference struct {
	What     string `json:"what"` // a user, a group, a list or a call
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

func (d Difference) String() string {
	return d.What + ": expected " + d.Expected + ", found " + d.Found
}

// Calls is how the calls of one kind went. Durations are in microseconds.
type Calls struct {
	Kind     string      `json:"kind"`
	Count    int         `json:"count"`
	Failed   int         `json:"failed"` // without an answer, or with 5xx
	P50      int64       `json:"p50Microseconds"`
	P99      int64       `json:"p99Microseconds"`
	Statuses map[int]int `json:"statuses"` // 0 is no answer
}

// Report tells how a simulation went.
type Report struct {
	Provider    string       `json:"provider"`
	Dialect     Dialect      `json:"dialect"`
	Match       Match        `json:"match,omitempty"`   // of Entra
	Removal     Removal      `json:"removal,omitempty"` // of OneLogin
	Seed        uint64       `json:"seed"`
	Users       int          `json:"users"`
	Groups      int          `json:"groups"`
	Active      int          `json:"active"`
	Took        float64      `json:"seconds"`
	Calls       []Calls      `json:"calls"`
	Differences []Difference `json:"differences"`
	Different   int          `json:"differenceCount"`
}

// OK tells whether the target holds what it acknowledged.
func (r *Report) OK() bool { return r.Different == 0 }

// WriteText writes the report for a person.
func (r *Report) WriteText(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, seed %d: %d people (%d active) in %d groups, %.1f s\n\n", r.Provider, r.manner(), r.Seed, r.Users, r.Active, r.Groups, r.Took)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight) //nolint:mnd // two blanks between columns
	fmt.Fprintln(table, "call\tcount\tfailed\tp50\tp99\t  answers")
	for _, c := range r.Calls {
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\t  %s\n", c.Kind, c.Count, c.Failed, micros(c.P50), micros(c.P99), c.answers())
	}
	_ = table.Flush() // what w cannot take is w's to say
	if r.OK() {
		fmt.Fprintln(w, "\nNo difference: the target holds what it has acknowledged.")
		return
	}
	fmt.Fprintf(w, "\n%d differences:\n", r.Different)
	for _, d := range r.Differences {
		fmt.Fprintln(w, "  "+d.String())
	}
	if hidden := r.Different - len(r.Differences); hidden > 0 {
		fmt.Fprintf(w, "  … and %d more\n", hidden)
	}
}

// manner says how the provider was set up.
func (r *Report) manner() string {
	said := string(r.Dialect) + " dialect"
	if r.Match != "" {
		said += ", matching by " + string(r.Match)
	}
	if r.Removal != "" {
		said += ", removal policy " + string(r.Removal)
	}
	return said
}

func micros(n int64) string {
	return (time.Duration(n) * time.Microsecond).Round(10 * time.Microsecond).String()
}

func (c Calls) answers() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(c.Statuses)) {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "none"
		}
		parts = append(parts, fmt.Sprintf("%s×%d", name, c.Statuses[status]))
	}
	return strings.Join(parts, " ")
}

func (c *client) tallies() []Calls {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Calls
	for _, kind := range slices.Sorted(maps.Keys(c.calls)) {
		t := c.calls[kind]
		took := slices.Sorted(slices.Values(t.took))
		row := Calls{Kind: kind, Count: len(took), P50: took[len(took)/2].Microseconds(), P99: took[len(took)*99/100].Microseconds(), Statuses: maps.Clone(t.statuses)}
		for status, n := range t.statuses {
			if status == 0 || status >= 500 {
				row.Failed += n
			}
		}
		all = append(all, row)
	}
	return all
}

// report tells how the simulation went.
func (p *play) report() *Report {
	r := &Report{
		Provider: p.name, Dialect: p.Dialect, Seed: p.Seed, Took: p.Clock().Sub(p.started).Seconds(),
		Calls: p.tallies(), Differences: p.different.found, Different: p.different.number(),
	}
	for _, who := range p.org.people {
		if who.deleted {
			continue
		}
		r.Users++
		if who.Active {
			r.Active++
		}
	}
	for _, t := range p.org.teams {
		if !t.ended {
			r.Groups++
		}
	}
	if r.Differences == nil {
		r.Differences = []Difference{}
	}
	return r
}

// differences collects what the target has otherwise, each thing once: a provider that tries again is refused again.
type differences struct {
	mu    sync.Mutex
	seen  map[Difference]struct{}
	found []Difference
}

func (d *differences) add(what, expected, found string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := Difference{What: what, Expected: expected, Found: found}
	if _, known := d.seen[one]; known {
		return
	}
	if d.seen == nil {
		d.seen = map[Difference]struct{}{}
	}
	d.seen[one] = struct{}{}
	if len(d.found) < maxDifferences {
		d.found = append(d.found, one)
	}
}

func (d *differences) number() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.seen)
}
