package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/internal/caller"
)

// connections are queries for every connection of the schema, by the field; %s is its arguments, and l what it is called.
var connections = map[string]string{
	"Query.users":                  `{ l: users(%s) { PAGE } }`,
	"Query.groups":                 `{ l: groups(%s) { PAGE } }`,
	"Query.licenses":               `{ l: licenses(%s) { PAGE } }`,
	"Query.events":                 `{ l: events(%s) { PAGE } }`,
	"Query.tenants":                `{ l: tenants(%s) { PAGE } }`,
	"Tenant.users":                 `{ tenant { l: users(%s) { PAGE } } }`,
	"Tenant.groups":                `{ tenant { l: groups(%s) { PAGE } } }`,
	"Tenant.licenses":              `{ tenant { l: licenses(%s) { PAGE } } }`,
	"Tenant.scimConfigs":           `{ tenant { l: scimConfigs(%s) { PAGE } } }`,
	"Tenant.calls":                 `{ tenant { l: calls(%s) { PAGE } } }`,
	"Tenant.events":                `{ tenant { l: events(%s) { PAGE } } }`,
	"Tenant.tokens":                `{ tenant { l: tokens(%s) { PAGE } } }`,
	"User.groups":                  `{ user(userName: "user000@example.com") { l: groups(%s) { PAGE } } }`,
	"User.events":                  `{ user(userName: "user000@example.com") { l: events(%s) { PAGE } } }`,
	"Group.members":                `{ group(displayName: "!first") { l: members(%s) { PAGE } } }`,
	"Group.events":                 `{ group(displayName: "~drift") { l: events(%s) { PAGE } } }`,
	"Group.drift":                  `{ group(displayName: "~drift") { l: drift(%s) { PAGE } } }`,
	"Group.parkedMembers":          `{ group(displayName: "Group 000") { l: parkedMembers(%s) { PAGE } } }`,
	"License.seats":                `{ license(sku: "!first") { l: seats(%s) { PAGE } } }`,
	"License.ledger":               `{ license(sku: "!first") { l: ledger(%s) { PAGE } } }`,
	"Query.rulePreview":            `{ l: rulePreview(ruleId: "DRAFT", %s) { PAGE } }`,
	"ScimConfig.calls":             `{ tenant { scimConfigs(first: 1) { nodes { l: calls(%s) { PAGE } } } } }`,
	"Query.alerts":                 `{ l: alerts(%s) { PAGE } }`,
	"Tenant.alerts":                `{ tenant { l: alerts(%s) { PAGE } } }`,
	"LicenseUtilization.people":    `{ licenseUtilization { licenses { l: people(%s) { PAGE } } } }`,
	"LicenseUtilization.moves":     `{ licenseUtilization { licenses { l: moves(%s) { PAGE } } } }`,
	"LicenseUtilization.breakdown": `{ licenseUtilization { licenses { l: breakdown(by: GROUP, %s) { PAGE } } } }`,
}

const wholePage = `totalCount edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`

// read asks for a page of a connection.
func (w *world) page(token, connection, args string) (cursors []string, list map[string]any) {
	w.t.Helper()
	if args == "" {
		args = "first: 1000"
	}
	query := strings.Replace(fmt.Sprintf(connections[connection], args), "PAGE", wholePage, 1)
	query = strings.Replace(query, "DRAFT", w.draft, 1)
	list, _ = listIn(w.want(token, query).Data).(map[string]any)
	edges, _ := list["edges"].([]any)
	for _, edge := range edges {
		cursor, _ := edge.(map[string]any)["cursor"].(string) //nolint:forcetypeassert // the schema says so
		cursors = append(cursors, cursor)
	}
	return cursors, list
}

func listIn(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if found, ok := v["l"]; ok {
			return found
		}
		for _, below := range v {
			return listIn(below)
		}
	case []any:
		return listIn(v[0])
	}
	return nil
}

// orders are the ways in which a list can be ordered, as arguments.
func orders(field *ast.FieldDefinition) []string {
	if field.Arguments.ForName("direction") != nil {
		return []string{"", "direction: ASCENDING", "direction: DESCENDING"}
	}
	by := field.Arguments.ForName("orderBy")
	if by == nil {
		return []string{""}
	}
	all := []string{""}
	of := schema().Types[schema().Types[by.Type.Name()].Fields.ForName("field").Type.Name()]
	for _, value := range of.EnumValues {
		for _, direction := range []string{"ASCENDING", "DESCENDING"} {
			all = append(all, fmt.Sprintf("orderBy: {field: %s, direction: %s}", value.Name, direction))
		}
	}
	return all
}

// TestEveryConnectionGoesBothWays walks every connection of the schema, in each of its orders, from both ends. The walks see the
// same items in the same order as the list read at once, each once, and as many as the list says it has.
func TestEveryConnectionGoesBothWays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		w.town(ctx)
		operator := w.operator()
		for range 4 {
			w.tenant(caller.ScopeAdminRead)
		}
		cursors := map[string]string{}
		for name, definition := range schema().Types {
			for _, field := range definition.Fields {
				if field.Directives.ForName("list") == nil {
					continue
				}
				of := name + "." + field.Name
				if connections[of] == "" {
					t.Errorf("%s is not walked", of)
					continue
				}
				token := admin
				if of == "Query.tenants" {
					token = operator
				}
				for _, order := range orders(field) {
					all := w.walks(token, of, order)
					cursors[of] = all[0]
				}
			}
		}
		for of := range connections { // another list's cursor opens none
			for other, cursor := range cursors {
				if kindOfList(of) == kindOfList(other) {
					continue
				}
				query := strings.Replace(fmt.Sprintf(connections[of], fmt.Sprintf("first: 1, after: %q", cursor)), "PAGE", wholePage, 1)
				query = strings.Replace(query, "DRAFT", w.draft, 1)
				token := admin
				if of == "Query.tenants" {
					token = operator
				}
				if a := w.ask(token, query); a.code() != "invalid_cursor" {
					t.Errorf("%s took a cursor of %s: %s", of, other, a.text)
				}
			}
		}
	})
}

// kindOfList names lists that are the same wherever they stand.
func kindOfList(of string) string {
	if of == "User.groups" {
		return of
	}
	if of == "User.events" || of == "Group.events" {
		return "events of one"
	}
	_, name, _ := strings.Cut(of, ".")
	return name
}

// walks reads a list at once and from both ends.
func (w *world) walks(token, of, order string) []string {
	w.t.Helper()
	all, list := w.page(token, of, strings.TrimPrefix(order+", first: 1000", ", "))
	if len(all) < 3 || list["totalCount"] != float64(len(all)) {
		w.t.Fatalf("%s (%s) has %d items and counts %v", of, order, len(all), list["totalCount"])
	}
	size := max(2, len(all)/4)
	var forward, backward []string
	for after := ""; ; {
		got, p := w.page(token, of, fmt.Sprintf("%s first: %d %s", order, size, after))
		forward = append(forward, got...)
		info, _ := p["pageInfo"].(map[string]any)
		if len(got) == 0 || info["hasNextPage"] != true {
			break
		}
		if info["startCursor"] != got[0] || info["endCursor"] != got[len(got)-1] {
			w.t.Fatalf("%s: the page says %v of %v", of, info, got)
		}
		after = fmt.Sprintf("after: %q", got[len(got)-1])
	}
	if of == "Group.drift" { // read forward
		backward = all
	}
	for before := ""; of != "Group.drift"; {
		got, p := w.page(token, of, fmt.Sprintf("%s last: %d %s", order, size, before))
		backward = append(slices.Clone(got), backward...)
		info, _ := p["pageInfo"].(map[string]any)
		if len(got) == 0 || info["hasPreviousPage"] != true {
			break
		}
		before = fmt.Sprintf("before: %q", got[0])
	}
	if !slices.Equal(forward, all) || !slices.Equal(backward, all) {
		w.t.Fatalf("%s (%s): at once %v\nforward %v\nbackward %v", of, order, all, forward, backward)
	}
	return all
}

// TestOrdersTurnAround compares the two directions of every order.
func TestOrdersTurnAround(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		w.town(ctx)
		for name, definition := range schema().Types {
			for _, field := range definition.Fields {
				of := name + "." + field.Name
				if field.Directives.ForName("list") == nil || of == "Query.tenants" {
					continue
				}
				for _, order := range orders(field) {
					if !strings.Contains(order, "ASCENDING") {
						continue
					}
					up, _ := w.page(admin, of, order+", first: 1000")
					down, _ := w.page(admin, of, strings.Replace(order, "ASCENDING", "DESCENDING", 1)+", first: 1000")
					slices.Reverse(down)
					if !slices.Equal(up, down) {
						t.Errorf("%s (%s): upwards %v\ndownwards, turned %v", of, order, up, down)
					}
				}
			}
		}
	})
}

func TestCallsAreFilteredByWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		things := w.household(ctx, "own")
		w.call(ctx, things["scim"], "GET", "/Users", 200)
		w.call(ctx, things["scim"], "POST", "/Users", 409)
		w.call(ctx, things["scim"], "PATCH", "/Groups/grp_1", 503)
		for filter, want := range map[string]float64{
			`{}`: 4, `{status: 409}`: 1, `{status: 404}`: 0, `{verdict: DONE}`: 2, `{verdict: REFUSED}`: 1, `{verdict: FAILED}`: 1, `{refused: true}`: 2,
			`{path: "/Groups"}`: 1, `{path: "/Users", method: "post"}`: 1, `{path: "/Users", verdict: FAILED}`: 0,
		} {
			a := w.want(admin, `{ tenant { calls(filter: `+filter+`) { totalCount nodes { status verdict } } scimConfigs { nodes { calls(filter: `+filter+`) { totalCount nodes { path } } } } } }`)
			nodes, _ := a.at("tenant", "calls", "nodes").([]any)
			below, _ := a.at("tenant", "scimConfigs", "nodes", 0, "calls", "nodes").([]any)
			if a.at("tenant", "calls", "totalCount") != want || len(nodes) != int(want) || a.at("tenant", "scimConfigs", "nodes", 0, "calls", "totalCount") != want || len(below) != int(want) {
				t.Errorf("%s: %s, want %v", filter, a.text, want)
			}
		}
	})
}

// TestALengthAloneCostsOne asks what an operator asks every day, with nothing said of pages.
func TestALengthAloneCostsOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, admin := w.tenant(caller.ScopeAdmin)
		operator := w.operator()
		w.want(operator, `{ tenants { totalCount nodes { name slug plan users { totalCount } groups { totalCount } calls { totalCount } events { totalCount }
			scimConfigs { totalCount nodes { name status } } licenses { nodes { product total taken free waiting } } } } }`)
		w.want(admin, `{ users(first: 1000) { totalCount } groups(first: 1000) { ...length } licenses(first: 1000) { ... on LicenseConnection { totalCount } } } fragment length on GroupConnection { __typename totalCount }`)
		for query, cost := range map[string]string{
			`{ users(first: 1000) { totalCount nodes { groups(first: 10) { nodes { id } } } } }`:       "12001",
			`{ users(first: 1000) { pageInfo { hasNextPage } nodes { links { how } seats { id } } } }`: "11001",
		} {
			if a := w.ask(admin, query); a.code() != "query_too_complex" || !strings.Contains(a.text, cost) {
				t.Errorf("%s answered %s, want a cost of %s", query, a.text, cost)
			}
		}
		statements := w.sent(func() { w.want(admin, `{ users { totalCount } }`) })
		if len(statements) != 1 || !strings.Contains(statements[0], "counts") {
			t.Errorf("the number of people is read by %q", statements)
		}
	})
}
