package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// twin is a table and the question over GraphQL that has the same answer. PAGE in the query is where a page is asked for; where
// leads to the list. Each column is named with the field that it shows, if that has another name; ~ marks words that GraphQL spells as
// constants.
type twin struct{ path, query, where, columns string }

const useTwins = "active30=windows.0.active inactive30=windows.0.inactive utilizationOfPurchased30=windows.0.utilizationOfPurchased " +
	"utilizationOfAssigned30=windows.0.utilizationOfAssigned unused30=windows.0.unused.seats costOfUnused30=windows.0.unused.cost " +
	"active60=windows.1.active inactive60=windows.1.inactive utilizationOfPurchased60=windows.1.utilizationOfPurchased " +
	"utilizationOfAssigned60=windows.1.utilizationOfAssigned unused60=windows.1.unused.seats costOfUnused60=windows.1.unused.cost " +
	"active90=windows.2.active inactive90=windows.2.inactive utilizationOfPurchased90=windows.2.utilizationOfPurchased " +
	"utilizationOfAssigned90=windows.2.utilizationOfAssigned unused90=windows.2.unused.seats costOfUnused90=windows.2.unused.cost " +
	"currency=windows.0.unused.currency"

const (
	seatFields     = "purchased assigned invited activated consentPending paused grace free waiting overAssigned assignmentRate activationRate neverUsed"
	windows        = " windows { active inactive utilizationOfPurchased utilizationOfAssigned unused { seats cost currency } } "
	pageInfo       = " pageInfo { hasNextPage endCursor } "
	ofLicenseTwins = "licenseId=license.id sku=license.sku "
)

// twins are all tables that can be had, of one license where they are of one, as of a moment where they are of one.
func twins(license, group, at string) []twin {
	report := func(fields string) string {
		return `{ licenseUtilization(at: "` + at + `") { licenses { license { id sku product } ` + fields + ` } } }`
	}
	ofOne := func(fields string) string {
		return `{ licenseUtilization(at: "` + at + `", licenses: ["` + license + `"]) { licenses { ` + fields + ` } } }`
	}
	const one, reports = "licenseUtilization.licenses.0.", "licenseUtilization.licenses"
	moment, same := "at="+url.QueryEscape(at), "license="+license+"&at="+url.QueryEscape(at)
	all := []twin{
		{"utilization?" + moment, report(seatFields + windows + " at"), reports, ofLicenseTwins + "product=license.product at " + seatFields + " " + useTwins},
		{"series?step=month&" + same, ofOne("series(step: MONTH) { from to at assignments removals peak peakAt " + seatFields + windows + "}"), one + "series",
			"from to at assignments removals peak peakAt " + seatFields + " " + useTwins},
		{"flow?" + moment, report("flow { from to assignments removals recovered recoveredWorth currency timeToSeat { cases p50Seconds p95Seconds } timeToRecover { cases p50Seconds p95Seconds } }"),
			reports, ofLicenseTwins + "from=flow.from to=flow.to assignments=flow.assignments removals=flow.removals recovered=flow.recovered recoveredWorth=flow.recoveredWorth " +
				"currency=flow.currency seatCases=flow.timeToSeat.cases seatP50Seconds=flow.timeToSeat.p50Seconds seatP95Seconds=flow.timeToSeat.p95Seconds " +
				"recoverCases=flow.timeToRecover.cases recoverP50Seconds=flow.timeToRecover.p50Seconds recoverP95Seconds=flow.timeToRecover.p95Seconds"},
		{"forecasts?" + moment, report("forecast { daysOfData runOut { earliest expected latest takeUp } trueUp { at expectedNeed lowNeed highNeed difference } }"), reports,
			ofLicenseTwins + "daysOfData=forecast.daysOfData runOutEarliest=forecast.runOut.earliest runOutExpected=forecast.runOut.expected runOutLatest=forecast.runOut.latest " +
				"takeUpSlow=forecast.runOut.takeUp.0 takeUpMedian=forecast.runOut.takeUp.1 takeUpFast=forecast.runOut.takeUp.2 trueUpAt=forecast.trueUp.at " +
				"expectedNeed=forecast.trueUp.expectedNeed lowNeed=forecast.trueUp.lowNeed highNeed=forecast.trueUp.highNeed difference=forecast.trueUp.difference"},
		{"reclaimable?" + moment, report("reclaimable { idleDays invitedDays seats idle neverActivated left worthPerYear currency }"), reports,
			ofLicenseTwins + "idleDays=reclaimable.idleDays invitedDays=reclaimable.invitedDays seats=reclaimable.seats idle=reclaimable.idle neverActivated=reclaimable.neverActivated " +
				"left=reclaimable.left worthPerYear=reclaimable.worthPerYear currency=reclaimable.currency"},
		{"sources?" + same, ofOne("sources { name lagHours silentHours reportedAt latestAt silent }"), one + "sources", "name lagHours silentHours reportedAt latestAt silent"},
		{"alerts", "{ alerts(PAGE) { nodes { id license { id sku } kind threshold value crossedAt overAt }" + pageInfo + "} }", "alerts", ofLicenseTwins + "alertId=id ~kind threshold value crossedAt overAt"},
		{"alerts?open=true&direction=ascending", "{ alerts(PAGE, filter: {open: true}, direction: ASCENDING) { nodes { id kind }" + pageInfo + "} }", "alerts", "alertId=id ~kind"},
		{"licenses", "{ licenses(PAGE) { nodes { id sku product edition total taken free waiting overAssigned allowed termStart termEnd pricePerSeatMinor currency version createdAt updatedAt }" + pageInfo + "} }",
			"licenses", "licenseId=id sku product edition total taken free waiting overAssigned allowed termStart termEnd pricePerSeatMinor currency version createdAt updatedAt"},
		{"seats?license=" + license, `{ license(id: "` + license + `") { seats(PAGE) { nodes { id license { id sku } user { id userName } state position since reason priority waitingSince assignedAt activatedAt keptUntil lastUsedAt noticedAt reclaimReason }` + pageInfo + "} } }",
			"license.seats", ofLicenseTwins + "seatId=id userName=user.userName ~state position since reason priority waitingSince assignedAt activatedAt keptUntil lastUsedAt noticedAt reclaimReason"},
		{"seats?state=waiting&license=" + license, `{ license(id: "` + license + `") { seats(PAGE, state: WAITING) { nodes { id position }` + pageInfo + "} } }", "license.seats", "seatId=id position"},
		{"ledger?license=" + license, `{ license(id: "` + license + `") { ledger(PAGE) { nodes { at was now cause eventId }` + pageInfo + "} } }", "license.ledger", "at was now cause eventId"},
		{"ledger?now=released&direction=ascending&license=" + license, `{ license(id: "` + license + `") { ledger(PAGE, filter: {now: RELEASED}, direction: ASCENDING) { nodes { at was now cause eventId }` + pageInfo + "} } }",
			"license.ledger", "at was now cause eventId"},
		{"events", "{ events(PAGE) { nodes { id number kind subjectId actorKind actorName data requestId at }" + pageInfo + "} }", "events", "eventId=id number kind subjectId actorKind actorName data requestId at"},
		{"users", "{ users(PAGE) { nodes { id userName displayName givenName familyName title department employeeNumber primaryEmail active blocked origin version createdAt updatedAt }" + pageInfo + "} }", "users",
			"userId=id userName displayName givenName familyName title department employeeNumber email=primaryEmail active blocked origin version createdAt updatedAt"},
		{"users?active=false&direction=descending", "{ users(PAGE, filter: {active: false}, orderBy: {direction: DESCENDING}) { nodes { id }" + pageInfo + "} }", "users", "userId=id"},
		{"groups", "{ groups(PAGE) { nodes { id displayName externalId scimConfig { id } version createdAt updatedAt }" + pageInfo + "} }", "groups",
			"groupId=id displayName externalId scimConfigId=scimConfig.id version createdAt updatedAt"},
		{"members?group=" + group, `{ group(id: "` + group + `") { members(PAGE) { edges { node { ... on User { id userName } } source scimConfig { id } since }` + pageInfo + "} } }", "group.members",
			"memberId=node.id memberName=node.userName ~source scimConfigId=scimConfig.id since"},
	}
	for _, by := range []string{"group", "department", "scimConfig", "manager"} {
		all = append(all, twin{"breakdown?by=" + by + "&" + same, ofOne("breakdown(PAGE, by: " + constant(by) + ") { nodes { key label assigned invited activated consentPending paused grace waiting activationRate neverUsed" +
			windows + "}" + pageInfo + "}"), one + "breakdown", "key label assigned invited activated consentPending paused grace waiting activationRate neverUsed " + useTwins})
	}
	for _, figure := range []string{"assignments", "removals", "recovered", "timeToSeat", "timeToRecover"} {
		all = append(all, twin{"moves?since=2000-01-01T00:00:00Z&figure=" + figure + "&" + same, ofOne(`moves(PAGE, figure: ` + constant(figure) + `, since: "` + yearAgo(at) + `") { nodes { at userId userName was now cause tookSeconds eventId }` + pageInfo + "}"),
			one + "moves", "at userId userName was now cause tookSeconds eventId"})
		all[len(all)-1].path = strings.Replace(all[len(all)-1].path, "2000-01-01T00:00:00Z", url.QueryEscape(yearAgo(at)), 1)
	}
	for _, figure := range []string{"assigned", "invited", "activated", "consentPending", "paused", "grace", "waiting", "active", "inactive", "neverUsed", "reclaimable"} {
		all = append(all, twin{"people?figure=" + figure + "&" + same, ofOne(`people(PAGE, figure: ` + constant(figure) + `) { nodes { userId userName displayName department state since assignedAt lastUsedAt reasons }` + pageInfo + "}"),
			one + "people", "userId userName displayName department ~state since assignedAt lastUsedAt reasons"})
	}
	return all
}

func yearAgo(at string) string {
	moment, _ := time.Parse(time.RFC3339, at) // the test's own
	return moment.AddDate(-1, 0, -7).Format(time.RFC3339)
}

// constant is a word as GraphQL spells it in an enum.
func constant(word string) string {
	var b strings.Builder
	for _, r := range word {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// checkTables reads a year of the demo through both doors, and compares every row and cell of every table.
func checkTables(t *testing.T, s *server) {
	t.Helper()
	token := s.said.Demo.Admin.Token
	var there struct {
		Licenses struct{ Nodes []struct{ ID string } }
		Groups   struct{ Nodes []struct{ ID string } }
	}
	s.graphQL(token, `{ licenses { nodes { id } } groups { nodes { id } } }`, &there)
	at := time.Now().UTC().Truncate(time.Second).Format(time.RFC3339)
	answered := map[string]int{}
	for _, one := range twins(there.Licenses.Nodes[0].ID, there.Groups.Nodes[0].ID, at) {
		var rows, nodes [][]string
		s.until(func() bool { // the journal numbers what has happened in its own time
			rows, nodes = one.rows(t, s, token), one.nodes(t, s, token)
			return len(rows) == len(nodes)
		})
		name, _, _ := strings.Cut(one.path, "?")
		answered[name] = max(answered[name], len(rows))
		for i := range rows {
			if !slices.Equal(rows[i], nodes[i]) {
				t.Errorf("%s, row %d of %d: the table has\n%q, GraphQL\n%q", one.path, i, len(rows), rows[i], nodes[i])
				break
			}
		}
	}
	for _, tables := range (&serving{}).tables() {
		for name := range tables {
			if answered[name] == 0 {
				t.Errorf("nothing compares a row of %s", name)
			}
		}
	}
}

func (w twin) pairs() (columns, fields []string, constants []bool) {
	for pair := range strings.FieldsSeq(w.columns) {
		pair, isConstant := strings.CutPrefix(pair, "~")
		column, field, named := strings.Cut(pair, "=")
		if !named {
			field = column
		}
		columns, fields, constants = append(columns, column), append(fields, field), append(constants, isConstant)
	}
	return columns, fields, constants
}

// rows are the rows of the table, by the columns that are compared.
func (w twin) rows(t *testing.T, s *server, token string) (all [][]string) {
	t.Helper()
	name, query, _ := strings.Cut(w.path, "?")
	response, text := s.ask("GET", "/export/"+name+".csv?"+query, "", "Authorization", "Bearer "+token)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %d %s", w.path, response.StatusCode, text)
	}
	columns, _, constants := w.pairs()
	for _, cells := range table(t, text) {
		row := make([]string, len(columns))
		for i, column := range columns {
			cell, there := cells[column]
			if !there {
				t.Fatalf("%s has no column %s", w.path, column)
			}
			switch row[i] = plainText(cell); {
			case constants[i]:
				row[i] = strings.ReplaceAll(constant(row[i]), "__", "_")
			case strings.HasPrefix(cell, "{"):
				var object any
				if err := json.Unmarshal([]byte(cell), &object); err != nil {
					t.Fatalf("%s is no JSON: %v", cell, err)
				}
				row[i] = asCell(object)
			}
		}
		all = append(all, row)
	}
	return all
}

// nodes are the items of the list, page by page, by the fields that are compared.
func (w twin) nodes(t *testing.T, s *server, token string) (all [][]string) {
	t.Helper()
	_, fields, _ := w.pairs()
	for after := ""; ; {
		var data any
		s.graphQL(token, strings.Replace(w.query, "PAGE", "first: 150"+after, 1), &data)
		list := within(data, w.where)
		nodes, isList := list.([]any)
		if !isList {
			if nodes, isList = within(list, "nodes").([]any); !isList {
				nodes, _ = within(list, "edges").([]any)
			}
		}
		for _, node := range nodes {
			row := make([]string, len(fields))
			for i, field := range fields {
				row[i] = asCell(within(node, field))
			}
			all = append(all, row)
		}
		if within(list, "pageInfo.hasNextPage") != true {
			return all
		}
		after = fmt.Sprintf(", after: %q", within(list, "pageInfo.endCursor"))
	}
}

// within finds what a path leads to; nil where there is nothing.
func within(value any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// asCell is a value of JSON as a cell shows it.
func asCell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		words := make([]string, len(v))
		for i, one := range v {
			words[i] = asCell(one)
		}
		return strings.Join(words, " ")
	case map[string]any:
		words := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			words = append(words, name+": "+asCell(v[name]))
		}
		return strings.Join(words, ", ")
	default:
		return fmt.Sprint(v)
	}
}
