package graph_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// ways are all ways by which a tenant comes into an answer, by the field that returns it. %[1]s is the tenant's id, %[2]s its
// slug, %[3]s what is asked of it.
var ways = map[string]string{
	"TenantConnection.nodes": `{ tenants(first: 5) { nodes { id %[3]s } } }`,
	"TenantEdge.node":        `{ tenants(last: 5) { edges { node { id %[3]s } } } }`,
	"Query.tenantBy":         `{ tenantBy(id: "%[1]s") { id %[3]s } }`,
	"TenantPayload.tenant":   `mutation { updateTenant(input: {id: "%[1]s", timeZone: "Europe/Oslo"}) { tenant { id %[3]s } } }`,
	"Query.node":             `{ node(id: "%[1]s") { ... on Tenant { id %[3]s } } }`,
	"Query.tenantBy, slug":   `query($slug: String = "%[2]s") { t: tenantBy(slug: $slug) { ...it } } fragment it on Tenant { id %[3]s }`,
}

// moments are those of reports: now, whenever that is.
var moments = regexp.MustCompile(`__typename:UtilizationReport at:\S+`)

// own are the ways by which a caller's own tenant comes into an answer: an operator has none.
var own = map[string]bool{"Query.tenant": true, "Viewer.tenant": true}

// TestFieldsBelowATenantRunInIt asks for every field of a tenant with fields below it, by every way that yields a tenant. An
// operator has to see what the tenant's administrator sees, in each of two tenants.
func TestFieldsBelowATenantRunInIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		operator := w.operator()
		for _, mark := range []string{"one", "two"} {
			ctx, admin := w.tenant(caller.ScopeAdmin)
			w.household(ctx, mark)
			w.want(admin, `mutation { updateTenant(input: {timeZone: "Europe/Oslo"}) { tenant { version } } }`)
			who, _ := caller.From(ctx)
			of := id.Tenant.Format(who.Tenant)
			slug, _ := w.want(admin, `{ tenant { slug } }`).at("tenant", "slug").(string)
			for _, field := range schema().Types["Tenant"].Fields {
				below := schema().Types[field.Type.Name()]
				if below.Kind != ast.Object {
					continue
				}
				ask := ""
				for i, part := range deepParts(below) {
					ask += fmt.Sprintf("f%d: %s { %s } ", i, paged(field), part)
				}
				want := w.want(admin, `{ tenant { id `+ask+` } }`).at("tenant")
				for way, query := range ways {
					got := w.want(operator, fmt.Sprintf(query, of, slug, ask))
					if seen := tenantIn(got.Data, of); moments.ReplaceAllString(fmt.Sprint(seen), "") != moments.ReplaceAllString(fmt.Sprint(want), "") {
						t.Errorf("%s by %s: the operator sees\n%v\nthe administrator\n%v", field.Name, way, seen, want)
					}
				}
			}
		}
	})
}

// deepParts are selections of a list's rows: everything of each row, and what can be read of it, one thing at a time.
func deepParts(list *ast.Definition) []string {
	if list.Fields.ForName("nodes") == nil {
		return []string{strings.TrimSuffix(strings.TrimPrefix(flat(list.Name), " {"), "}")}
	}
	row := schema().Types[list.Fields.ForName("nodes").Type.Name()]
	parts := []string{"totalCount nodes" + flat(row.Name), "edges { node" + flat(row.Name) + " }"}
	for _, field := range row.Fields {
		below := schema().Types[field.Type.Name()]
		if below.Kind == ast.Object && !strings.HasPrefix(field.Name, "__") {
			parts = append(parts, "nodes { id "+paged(field)+selection(field.Type, 0)+" }")
			if below.Fields.ForName("edges") != nil {
				parts = append(parts, "nodes { id "+paged(field)+" { totalCount edges { cursor } } }")
			}
		}
	}
	return parts
}

// paged asks for a few items of a field that is a connection.
func paged(field *ast.FieldDefinition) string {
	if field.Arguments.ForName("first") == nil {
		return field.Name
	}
	return field.Name + "(first: 2)"
}

// tenantIn finds the tenant of an id in an answer, wherever it is.
func tenantIn(value any, of string) any {
	switch v := value.(type) {
	case map[string]any:
		if v["id"] == of {
			return v
		}
		for _, below := range v {
			if found := tenantIn(below, of); found != nil {
				return found
			}
		}
	case []any:
		for _, below := range v {
			if found := tenantIn(below, of); found != nil {
				return found
			}
		}
	}
	return nil
}

// TestEveryWayToATenantIsKnown sees to it that no new way escapes the test above.
func TestEveryWayToATenantIsKnown(t *testing.T) {
	t.Parallel()
	for name, definition := range schema().Types {
		for _, field := range definition.Fields {
			if field.Type.Name() == "Tenant" && ways[name+"."+field.Name] == "" && !own[name+"."+field.Name] {
				t.Errorf("%s.%s yields a tenant in another way", name, field.Name)
			}
		}
	}
}

func TestANewTenantIsSeenInTheAnswerThatMakesIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a := w.want(w.operator(), `mutation { createTenant(input: {name: "Fjordline", slug: "fjordline", plan: CORE}) {
			tenant { slug users { totalCount nodes { id } } groups { totalCount } licenses { totalCount } scimConfigs { totalCount } calls { totalCount } tokens { totalCount } events { totalCount } administrators { id } } } }`)
		text, err := json.Marshal(a.at("createTenant", "tenant"))
		const want = `{"administrators":[],"calls":{"totalCount":0},"events":{"totalCount":0},"groups":{"totalCount":0},"licenses":{"totalCount":0},"scimConfigs":{"totalCount":0},"slug":"fjordline","tokens":{"totalCount":0},"users":{"nodes":[],"totalCount":0}}`
		if err != nil || string(text) != want {
			t.Errorf("the new tenant is %s", text)
		}
	})
}

// An operator who has named no tenant is told to, by every field that is a tenant's own: nothing is empty as if it were there.
func TestOutsideOfATenantAnOperatorIsToldToNameOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		operator := w.operator()
		ctx, _ := w.tenant(caller.ScopeAdmin)
		things := w.household(ctx, "own")
		// What an operator does without a tenant, and what she finds in all of them.
		free := map[string]bool{
			"viewer": true, "tenants": true, "tenantBy": true, "createTenant": true, "updateTenant": true, "rotateSigningKey": true,
			"node": true, "issueToken": true, "revokeToken": true, "enterTenant": true, "endSession": true, "endSessions": true,
			"recordConsent": true, "withdrawConsent": true, "recordActivity": true, // no operator says it for a person
		}
		asked := 0
		for _, root := range []*ast.Definition{schema().Query, schema().Mutation} {
			for _, field := range root.Fields {
				if strings.HasPrefix(field.Name, "__") || free[field.Name] {
					continue
				}
				asked++
				query := attack(root, field, things, "", "")
				if a := w.ask(operator, strings.ReplaceAll(query, `id: ""`, `userName: "a"`)); a.code() != "no_tenant" {
					t.Errorf("%s answered %s", query, a.text)
				}
			}
		}
		if asked < 30 {
			t.Errorf("only %d fields were asked", asked)
		}
		for kind, of := range things {
			if a := w.ask(operator, `query($id: ID!) { node(id: $id) { id } }`, "id", of); kind != "ten" && kind != "tok" && a.code() != "no_tenant" {
				t.Errorf("%s answered %s", of, a.text)
			}
		}
	})
}
