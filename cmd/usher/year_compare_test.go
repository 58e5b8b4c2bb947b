package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"
)

const (
	figureFields = `assigned invited activated consentPending paused grace waiting activationRate neverUsed
		windows { days active inactive utilizationOfPurchased utilizationOfAssigned unused { seats notAssigned notActivated idle cost costNotAssigned costNotActivated costIdle currency } }`
	askFigures = `query($at: Time, $since: Time) { licenseUtilization(at: $at) { people seats licenses { license { sku } purchased free overAssigned assignmentRate ` + figureFields + `
		reclaimable { idleDays invitedDays seats idle neverActivated left worthPerYear currency }
		flow(since: $since) { assignments removals recovered recoveredWorth currency timeToSeat { cases p50Seconds p95Seconds } timeToRecover { cases p50Seconds p95Seconds } }
		forecast { daysOfData runOut { earliest expected latest takeUp } trueUp { at expectedNeed lowNeed highNeed difference } } } } }`
	askParts  = `query($at: Time, $by: BreakdownDimension!) { licenseUtilization(at: $at) { licenses { breakdown(by: $by, first: 60) { nodes { key ` + figureFields + ` } } } } }`
	askBehind = `query($at: Time, $figure: UtilizationFigure!, $days: Int!, $first: Int!) { licenseUtilization(at: $at) { licenses {
		people(figure: $figure, days: $days, first: $first) { totalCount nodes { userId } } } } }`
)

// figures compares every figure of a moment: that of now, or one of the past.
func (o *organization) figures(name string, at *time.Time, whole bool) {
	o.t.Helper()
	variables := map[string]any{}
	v := view{}
	if at != nil {
		variables["at"] = at.Format(time.RFC3339Nano)
	}
	moment := func() view {
		v = view{at: o.allDoors.tell(), told: o.allDoors.tell()}
		if at != nil {
			v.at = *at
		}
		return v
	}
	since := o.allDoors.tell().AddDate(0, 0, -45)
	if at != nil {
		since = at.AddDate(0, 0, -45)
	}
	variables["since"] = since.Format(time.RFC3339Nano)
	got := o.ask(askFigures, variables, "licenseUtilization")
	v = moment()
	licenses := []any{}
	people, seats := map[*modelPerson]bool{}, 0
	for _, l := range o.licenses {
		f := l.told(v, l.sum(v), false)
		f["license"] = map[string]any{"sku": l.sku}
		f["reclaimable"], f["flow"], f["forecast"] = l.reclaimableTold(v), l.flow(since, v), l.forecast(v, o.zone)
		licenses = append(licenses, f)
		for p, seat := range l.held {
			if state, _ := seat.stood(v.at); sits(state) {
				people[p], seats = true, seats+1
			}
		}
	}
	o.compare(name, map[string]any{"people": len(people), "seats": seats, "licenses": licenses}, got)
	for _, by := range []string{"GROUP", "DEPARTMENT", "SCIM_CONFIG", "MANAGER"} {
		variables["by"] = by
		got, _ := o.ask(askParts, variables, "licenseUtilization", "licenses").([]any)
		v = moment()
		for i, l := range o.licenses {
			o.compare(fmt.Sprintf("%s, %s by %s", name, l.sku, by), l.breakdown(v, by), sortedParts(got, i))
		}
	}
	if at != nil && !whole {
		return // lists of the past are long to walk: those of some moments do
	}
	delete(variables, "by")
	for _, figure := range []string{"ASSIGNED", "INVITED", "ACTIVATED", "CONSENT_PENDING", "PAUSED", "GRACE", "WAITING", "ACTIVE", "INACTIVE", "NEVER_USED", "RECLAIMABLE"} {
		days := spans[o.chance.IntN(len(spans))]
		variables["figure"], variables["days"], variables["first"] = figure, days, 100
		if whole {
			variables["first"] = 1000
		}
		got, _ := o.ask(askBehind, variables, "licenseUtilization", "licenses").([]any)
		v = moment()
		for i, l := range o.licenses {
			o.behind(fmt.Sprintf("%s, %s, %s of %d days", name, l.sku, figure, days), l.behind(v, figure, days), got, i, variables["first"])
		}
	}
}

const askSeries = `query($ids: [ID!], $from: Date, $step: SeriesStep!) { licenseUtilization(licenses: $ids) { licenses { series(from: $from, step: $step) {
	from to purchased free overAssigned assignmentRate ` + figureFields + ` assignments removals peak } peak(from: $from) { taken } } } }`

// series compares the whole year of a license, by day, week and month, with the recount of what was known when snapshots were written.
func (o *organization) series(name string, l *modelLicense, snaps []time.Time) {
	o.t.Helper()
	from := o.start.Format(time.DateOnly)
	variables := map[string]any{"ids": []string{l.id}, "from": from}
	var days []point
	for _, step := range []struct {
		name string
		same func(a, b time.Time) bool
	}{{"DAY", func(a, b time.Time) bool { return a.Equal(b) }}, {"WEEK", sameWeek}, {"MONTH", sameMonth}} {
		variables["step"] = step.name
		got, _ := o.ask(askSeries, variables, "licenseUtilization", "licenses").([]any)
		if days == nil { // nothing happens any more
			days = l.series(o.allDoors.tell(), o.start, o.zone, l.writtenAt(snaps, o.zone))
		}
		pieces := joined(days, step.same)
		var want []any
		peak := int64(0)
		for _, p := range pieces {
			f := maps.Clone(p.figures)
			f["from"], f["to"] = p.from.Format(time.DateOnly), p.to.Format(time.DateOnly)
			want = append(want, f)
			most, _ := f["peak"].(int64)
			peak = max(peak, most)
		}
		o.compare(name+" "+l.sku+" by "+step.name, []any{map[string]any{"series": want, "peak": map[string]any{"taken": peak}}}, got)
	}
}

// ends compares the snapshots of some days with the answers as of their ends.
func (o *organization) ends(days []time.Time) {
	o.t.Helper()
	for _, l := range o.licenses {
		for _, at := range days {
			end := midnight(at, o.zone).AddDate(0, 0, 1).Add(-time.Microsecond)
			if end.Before(l.made) {
				continue
			}
			day := at.In(o.zone).Format(time.DateOnly)
			variables := map[string]any{"ids": []string{l.id}, "at": end.Format(time.RFC3339Nano), "day": day}
			of, _ := o.ask(`query($ids: [ID!], $day: Date) { licenseUtilization(licenses: $ids) { licenses { series(from: $day, to: $day) { `+pointFields+` } } } }`,
				map[string]any{"ids": variables["ids"], "day": day}, "licenseUtilization", "licenses").([]any)
			then, _ := o.ask(`query($ids: [ID!], $at: Time) { licenseUtilization(licenses: $ids, at: $at) { licenses { `+pointFields+` } } }`,
				map[string]any{"ids": variables["ids"], "at": variables["at"]}, "licenseUtilization", "licenses").([]any)
			license, _ := of[0].(map[string]any)
			points, _ := license["series"].([]any)
			o.compare(fmt.Sprintf("the snapshot of %s, %s, against the ledger", day, l.sku), then, points)
		}
	}
}

const pointFields = `purchased free overAssigned assignmentRate ` + figureFields

func sortedParts(got []any, i int) any {
	if i >= len(got) {
		return nil
	}
	license, _ := got[i].(map[string]any)
	breakdown, _ := license["breakdown"].(map[string]any)
	nodes, _ := breakdown["nodes"].([]any)
	key := func(n any) string { m, _ := n.(map[string]any); return fmt.Sprint(m["key"]) }
	slices.SortFunc(nodes, func(a, b any) int { return cmpText(key(a), key(b)) })
	return nodes
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (o *organization) behind(name string, want []string, got []any, i int, first any) {
	o.t.Helper()
	license, _ := got[i].(map[string]any)
	list, known := license["people"].(map[string]any)
	if !known {
		return // the figure is unknown; that it has to be is compared with the figure itself
	}
	if n, _ := list["totalCount"].(float64); int(n) != len(want) {
		o.differf("%s: %v people, want %d", name, n, len(want))
		return
	}
	nodes, _ := list["nodes"].([]any)
	if most, _ := first.(int); len(want) > most {
		return
	}
	ids := []string{}
	for _, n := range nodes {
		m, _ := n.(map[string]any)
		ids = append(ids, fmt.Sprint(m["userId"]))
	}
	slices.Sort(ids)
	if !slices.Equal(ids, want) {
		o.differf("%s: other people than\n%v\n%v", name, want, ids)
	}
}

func (o *organization) differf(format string, args ...any) {
	o.t.Helper()
	if o.tallied++; o.tallied > 40 {
		o.t.FailNow()
	}
	o.t.Errorf(format, args...)
}

// compare compares what is wanted with an answer, field by field.
func (o *organization) compare(name string, want, got any) {
	o.t.Helper()
	text, err := json.Marshal(want)
	if err != nil {
		o.t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		o.t.Fatal(err)
	}
	o.walk(name, plain, got)
}

func (o *organization) walk(name string, want, got any) {
	o.t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		if g == nil {
			o.differf("%s is %v, want %v", name, got, want)
			return
		}
		for key, value := range w {
			o.walk(name+"."+key, value, g[key])
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			o.differf("%s has %d items, want %d", name, len(g), len(w))
			return
		}
		for i := range w {
			o.walk(fmt.Sprintf("%s[%d]", name, i), w[i], g[i])
		}
	case float64:
		if g, ok := got.(float64); !ok || math.Abs(g-w) > 1e-6*math.Max(1, math.Abs(w)) {
			o.differf("%s is %v, want %v", name, got, w)
		}
	default:
		if !reflect.DeepEqual(want, got) {
			o.differf("%s is %v, want %v", name, got, want)
		}
	}
}
