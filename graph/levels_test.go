package graph_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

// town makes a tenant with a hundred of everything: people in groups and in line for seats, licenses, configurations, calls.
func (w *world) town(ctx context.Context) {
	w.t.Helper()
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	who, _ := caller.From(ctx)
	l, err := w.r.Licensing.Buy(ctx, licensing.NewLicense{Product: "A", SKU: "!first", Seats: 40})
	must(err)
	config, err := w.r.Provisioning.CreateConfig(ctx, provisioning.NewConfig{Name: "!first", AutoAssign: true, License: &l.ID})
	must(err)
	okta := caller.With(ctx, caller.Caller{Tenant: who.Tenant, Kind: caller.KindSCIM, Config: config.ID, Scopes: caller.Scopes{caller.ScopeSCIM}})
	other, err := w.r.Provisioning.CreateConfig(ctx, provisioning.NewConfig{Name: "~other"})
	must(err)
	entra := caller.With(ctx, caller.Caller{Tenant: who.Tenant, Kind: caller.KindSCIM, Config: other.ID, Scopes: caller.Scopes{caller.ScopeSCIM}})
	rule, _, err := w.r.Licensing.CreateRule(ctx, licensing.NewRule{License: l.ID, Name: "Everybody"})
	must(err)
	_, _, err = w.r.Licensing.PublishRule(ctx, rule.ID, nil)
	must(err)
	people := w.people(okta, 100)
	first := directory.NewGroup{DisplayName: "!first"}
	for i, of := range people {
		first.Members = append(first.Members, directory.MemberRef{Value: id.User.Format(of)})
		group, err := w.r.Directory.CreateGroup(okta, directory.NewGroup{DisplayName: fmt.Sprintf("Group %03d", i), Members: []directory.MemberRef{
			{Value: id.User.Format(of)}, {Value: id.User.Format(people[(i+1)%len(people)])}, {Value: fmt.Sprintf("later %d", i)}, {Value: "soon"}, {Value: "one day"}, {Value: "never"},
		}})
		must(err)
		first.Members = append(first.Members, directory.MemberRef{Value: id.Group.Format(group.ID)})
		more, err := w.r.Licensing.Buy(ctx, licensing.NewLicense{Product: fmt.Sprintf("Product %03d", i), Seats: 1})
		must(err)
		_, err = w.r.Licensing.Assign(ctx, more.ID, of)
		must(err)
		another, err := w.r.Provisioning.CreateConfig(ctx, provisioning.NewConfig{Name: fmt.Sprintf("Config %03d", i), AutoAssign: true, License: &more.ID})
		must(err)
		_, _, err = w.r.Provisioning.IssueToken(ctx, another.ID, access.Request{Name: "Test", Scopes: caller.Scopes{caller.ScopeSCIM}})
		must(err)
		w.r.Provisioning.Log(provisioning.Call{Tenant: who.Tenant, Config: another.ID, At: w.db.Now(), Method: "GET", Path: "/", Status: 200, RequestID: "r", Resource: &people[i]})
		w.r.Provisioning.Log(provisioning.Call{Tenant: who.Tenant, Config: config.ID, At: w.db.Now(), Method: "GET", Path: "/", Status: 200, RequestID: "r", Resource: &group.ID})
	}
	_, err = w.r.Directory.CreateGroup(okta, first)
	must(err)
	drifting, err := w.r.Directory.CreateGroup(okta, directory.NewGroup{DisplayName: "~drift", Members: []directory.MemberRef{{Value: "later"}}})
	must(err)
	for _, some := range [][]directory.MemberRef{first.Members[:100], first.Members[100:]} { // another configuration than the one that owns the group
		_, _, err = w.r.Directory.ChangeGroup(entra, drifting.ID, directory.GroupEdit{Members: []directory.MemberEdit{{Op: directory.AddMembers, Members: some}}}, nil)
		must(err)
	}
	_, err = w.r.Licensing.Change(ctx, l.ID, nil, func(l *licensing.License) error {
		l.Alerts = licensing.Alerts{TakenPercent: []int64{50, 80, 90, 100}, Waiting: true}
		return nil
	})
	must(err)
	_, err = w.r.Reports.Alert(ctx, false)
	must(err)
	w.r.Provisioning.FlushCalls(w.t.Context())
	drafted, err := w.r.Licensing.Buy(ctx, licensing.NewLicense{Product: "~drafted", Seats: 3})
	must(err)
	everybody, _, err := w.r.Licensing.CreateRule(ctx, licensing.NewRule{License: drafted.ID, Name: "Everybody"})
	must(err)
	_, err = w.r.Events.Number(ctx)
	must(err)
	w.draft = id.Rule.Format(everybody.ID)
	w.explained = fmt.Sprintf("licenseId: %q, userId: %q", id.License.Format(l.ID), first.Members[0].Value)
}

// stands are where many things of a type stand beside each other. The one verb is what is asked of each.
var stands = map[string]string{
	"User":               `query($n: Int!) { users(first: $n) { nodes { __typename %s } } }`,
	"Group":              `query($n: Int!) { groups(first: $n) { nodes { __typename %s } } }`,
	"License":            `query($n: Int!) { licenses(first: $n) { nodes { __typename %s } } }`,
	"ScimConfig":         `query($n: Int!) { tenant { scimConfigs(first: $n) { nodes { __typename %s } } } }`,
	"Call":               `query($n: Int!) { tenant { calls(first: $n) { nodes { __typename %s } } } }`,
	"Seat":               `query($n: Int!) { licenses(first: 1) { nodes { seats(first: $n, direction: DESCENDING) { nodes { __typename %s } } } } }`,
	"LedgerEntry":        `query($n: Int!) { licenses(first: 1) { nodes { ledger(first: $n) { nodes { __typename %s } } } } }`,
	"Link":               `query($n: Int!) { users(first: $n) { nodes { links { __typename %s } } } }`,
	"Rule":               `query($n: Int!) { licenses(first: $n) { nodes { rules { __typename %s } } } }`,
	"RulePreviewItem":    `query($n: Int!) { rulePreview(ruleId: "DRAFT", first: $n) { nodes { __typename %s } } }`,
	"Claim":              `query($n: Int!) { licenses(first: 1) { nodes { seats(first: $n) { nodes { claims { __typename %s } } } } } }`,
	"MemberEdge":         `query($n: Int!) { groups(first: 1) { nodes { members(first: $n) { edges { __typename %s } } } } }`,
	"MembershipReason":   `query($n: Int!) { groups(first: 2) { nodes { members(first: $n) { edges { reasons { __typename %s } } } } } }`,
	"ParkedMember":       `query($n: Int!) { groups(first: $n) { nodes { parkedMembers(first: 2) { nodes { __typename %s } } } } }`,
	"Drift":              `query($n: Int!) { group(displayName: "~drift") { drift(first: $n) { nodes { __typename %s } } } }`,
	"UserGroupEdge":      `query($n: Int!) { users(first: $n) { nodes { groups(first: 2) { edges { __typename %s } } } } }`,
	"Event":              `query($n: Int!) { events(last: $n, filter: {kinds: ["user.created", "group.created"]}) { nodes { __typename %s } } }`,
	"Alert":              `query($n: Int!) { alerts(first: $n) { nodes { __typename %s } } }`,
	"UtilizationReport":  `query($n: Int!) { users(first: $n) { totalCount } licenseUtilization { __typename %s } }`,
	"LicenseUtilization": `query($n: Int!) { users(first: $n) { totalCount } licenseUtilization { licenses { __typename %s } } }`,
	"UtilizationWindow":  `query($n: Int!) { users(first: $n) { totalCount } licenseUtilization { licenses { windows { __typename %s } } } }`,
	"SeatFlow":           `query($n: Int!) { users(first: $n) { totalCount } licenseUtilization { licenses { flow { __typename %s } } } }`,
	"SeatForecast":       `query($n: Int!) { users(first: $n) { totalCount } licenseUtilization { licenses { forecast { __typename %s } } } }`,
	"UtilizationPart":    `query($n: Int!) { licenseUtilization { licenses { breakdown(first: $n) { nodes { __typename %s } } } } }`,
	"UtilizationPoint":   `query($n: Int!) { users(first: $n) { totalCount } licenseUtilization { licenses { series { __typename %s } } } }`,
	"RuleAnswer":         `query($n: Int!) { users(first: $n) { totalCount } explainSeat(EXPLAINED) { rules { __typename %s } } }`,
	"SeatExplanation":    `query($n: Int!) { users(first: $n) { totalCount } explainSeat(EXPLAINED) { __typename %s } }`,
	"SeatMove":           `query($n: Int!) { licenseUtilization { licenses { moves(first: $n) { nodes { __typename %s } } } } }`,
	"SeatHolder":         `query($n: Int!) { licenseUtilization { licenses { people(first: $n) { nodes { __typename %s } } } } }`,
}

// atHand are fields that need no statement: they come with their object.
var atHand = []string{"UtilizationReport.licenses", "LicenseUtilization.windows", "LicenseUtilization.sources", "UtilizationWindow.unused", "SeatFlow.timeToSeat", "SeatFlow.timeToRecover", "SeatForecast.runOut", "SeatForecast.trueUp", "UtilizationPart.windows", "UtilizationPoint.windows", "License.overAssignment", "License.reclaimPolicy", "License.alerts", "MemberEdge.node", "MemberEdge.reasons", "UserGroupEdge.node", "RuleAnswer.rule", "SeatExplanation.license", "SeatExplanation.seat", "SeatExplanation.claims", "SeatExplanation.rules", "SeatExplanation.missing", "SeatExplanation.steps", "ScimConfig.recognized", "ScimConfig.warnings"}

// apart are fields without fields below them that need a statement of their own.
var apart = []string{"Seat.position", "Seat.reason", "Seat.consent", "License.activityKnown", "ScimConfig.lastUsedAt"}

// TestEveryFieldIsReadForItsWholeLevel asks for every field that has fields below it, of many things at once. It must cost what
// it costs for a few: one statement for the rows of a level and one for their number, each time it is asked.
func TestEveryFieldIsReadForItsWholeLevel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		w.town(ctx)
		w.want(admin, `{ viewer { name } }`) // the token is known from now on
		count := func(query string, n int) int {
			t.Helper()
			statements := w.sent(func() { w.want(admin, query, "n", n) })
			return len(statements)
		}
		looked := 0
		for name, stand := range stands {
			stand = strings.ReplaceAll(strings.ReplaceAll(stand, "DRAFT", w.draft), "EXPLAINED", w.explained)
			few := count(fmt.Sprintf(stand, ""), 10)
			if many := count(fmt.Sprintf(stand, ""), 100); many != few {
				t.Errorf("%s: 10 cost %d statements, 100 cost %d", stand, few, many)
			}
			for _, field := range schema().Types[name].Fields {
				for ask, most := range asks(name, field) {
					looked++
					query := fmt.Sprintf(stand, ask)
					for _, n := range []int{10, 100, 10, 100} {
						if got := count(query, n) - few; got > most || got < min(most, 1) {
							t.Errorf("%s of %d costs %d statements, want %d at most", query, n, got, most)
						}
					}
				}
			}
		}
		if looked < 50 {
			t.Errorf("only %d fields were looked at", looked)
		}
	})
}

// asks are the ways to ask for a field that reads something, with how many statements each may cost.
func asks(of string, field *ast.FieldDefinition) map[string]int {
	below := schema().Types[field.Type.Name()]
	composite := below.Kind == ast.Object || below.Kind == ast.Interface
	name := of + "." + field.Name
	switch {
	case slices.Contains(apart, name):
		return map[string]int{field.Name: 1}
	case !composite:
		return nil
	case slices.Contains(atHand, name):
		return map[string]int{field.Name + flat(field.Type.Name()): 0}
	case name == "Call.resource" || name == "Drift.member" || name == "Event.subject": // people and groups
		return map[string]int{field.Name + " { id }": 2, field.Name + " { ... on User { displayName } ... on Group { version } }": 2}
	case name == "LedgerEntry.call": // the events, and the calls that they came from
		return map[string]int{field.Name + flat(field.Type.Name()): 2}
	case name == "LicenseUtilization.series" || name == "LicenseUtilization.peak": // snapshots, and the day that is not over
		return map[string]int{field.Name + flat(field.Type.Name()): 2}
	case field.Arguments.ForName("first") == nil:
		return map[string]int{field.Name + flat(field.Type.Name()): 1}
	}
	call := field.Name + "(first: 2)"
	all := map[string]int{
		call + " { totalCount }":                         1,
		call + " { pageInfo { hasNextPage endCursor } }": 1,
		call + " { edges { cursor } totalCount }":        2,
	}
	if field.Arguments.ForName("last") != nil {
		all[field.Name+"(last: 2) { edges { cursor } pageInfo { hasPreviousPage } }"] = 1
	}
	for _, rows := range []string{"nodes", "edges"} {
		if f := below.Fields.ForName(rows); f != nil {
			all[call+" { "+rows+flat(f.Type.Name())+" totalCount }"] = 2
		}
	}
	return all
}

// flat asks for everything of a type that needs no statement of its own.
func flat(name string) string {
	parts := []string{"__typename"}
	for _, f := range schema().Types[name].Fields {
		below := schema().Types[f.Type.Name()]
		switch {
		case strings.HasPrefix(f.Name, "__") || slices.Contains(apart, name+"."+f.Name):
		case f.Name == "node" && below.Kind == ast.Object:
			parts = append(parts, f.Name+flat(below.Name))
		case f.Name == "node":
			parts = append(parts, "node { id ... on User { displayName } ... on Group { displayName } }")
		case below.Kind != ast.Object && below.Kind != ast.Interface:
			parts = append(parts, f.Name)
		}
	}
	return " { " + strings.Join(parts, " ") + " }"
}

// TestEveryTypeThatReadsHasAStand sees to it that no new type escapes the test above.
func TestEveryTypeThatReadsHasAStand(t *testing.T) {
	t.Parallel()
	for name, definition := range schema().Types {
		if definition.Kind != ast.Object || strings.HasPrefix(name, "__") || stands[name] != "" {
			continue
		}
		switch {
		case name == "Query" || name == "Mutation" || name == "Subscription" || name == "Tenant" || name == "Viewer" || strings.HasSuffix(name, "Payload"):
			continue // one of a kind, or read within its own tenant
		case strings.HasSuffix(name, "Connection") || strings.HasSuffix(name, "Edge"):
			continue // made with its rows
		}
		for _, field := range definition.Fields {
			below := schema().Types[field.Type.Name()]
			if !strings.HasPrefix(field.Name, "__") && (below.Kind == ast.Object || below.Kind == ast.Interface) {
				t.Errorf("%s.%s is in no stand", name, field.Name)
			}
		}
	}
}

const nested = `query($n: Int!) { users(first: $n, orderBy: {direction: DESCENDING}) { totalCount nodes {
	userName links { how scimConfig { name } } seats { state position license { product } claims { reason } }
	groups(first: 2) { totalCount edges { source scimConfig { name } node { displayName members(first: 2) { totalCount edges { scimConfig { name } node { ... on User { userName seats { since } } } } } } } }
	events(first: 1) { nodes { kind } } } } }`

// TestStatementsDoNotGrowWithParents counts what a query of many levels costs, to the statement.
func TestStatementsDoNotGrowWithParents(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		w.town(ctx)
		w.want(admin, `{ viewer { name } }`) // the token is known from now on
		const (
			users   = 2 // rows, total
			links   = 2 // links, their configurations
			seats   = 4 // seats, places, licenses, claims
			groups  = 3 // rows, totals, the configurations that say so
			members = 4 // rows, totals, configurations, seats
			events  = 1
		)
		for _, n := range []int{10, 100, 1, 10, 100, 100} {
			var a answer
			statements := w.sent(func() { a = w.want(admin, nested, "n", n) })
			if got, _ := a.at("users", "nodes").([]any); len(got) != n {
				t.Fatalf("%d people came back", len(got))
			}
			if want := users + links + seats + groups + members + events; len(statements) != want {
				t.Errorf("%d people cost %d statements, want %d:\n%s", n, len(statements), want, strings.Join(statements, "\n"))
			}
		}
	})
}
