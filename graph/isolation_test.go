package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

func schema() *ast.Schema { return generated.NewExecutableSchema(generated.Config{}).Schema() }

// TestEveryFieldDeclaresAScope reads the schema: a field's own scope, or its type's.
func TestEveryFieldDeclaresAScope(t *testing.T) {
	t.Parallel()
	fields := 0
	for name, definition := range schema().Types {
		if definition.BuiltIn || strings.HasPrefix(name, "__") || definition.Kind != ast.Object && definition.Kind != ast.Interface {
			continue
		}
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			fields++
			if definition.Directives.ForName("needs") == nil && field.Directives.ForName("needs") == nil {
				t.Errorf("%s.%s declares no scope", name, field.Name)
			}
		}
	}
	if fields < 100 {
		t.Errorf("only %d fields were looked at", fields)
	}
}

// canary marks everything of the tenant that must not be seen.
const canary = "canary"

// household is everything that a tenant can have, by the prefix of its id.
type household map[string]string

func (w *world) household(ctx context.Context, mark string) household {
	w.t.Helper()
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	l, err := w.r.Licensing.Buy(ctx, licensing.NewLicense{Product: mark + " product", Seats: 5})
	must(err)
	c, err := w.r.Provisioning.CreateConfig(ctx, provisioning.NewConfig{Name: mark + " configuration", AutoAssign: true, License: &l.ID})
	must(err)
	token, _, err := w.r.Provisioning.IssueToken(ctx, c.ID, access.Request{Name: mark + " token", Scopes: caller.Scopes{caller.ScopeSCIM}})
	must(err)
	administrator, err := w.r.Access.CreateAdministrator(ctx, access.NewAdministrator{Name: mark, Email: mark + "@example.com", Role: access.Full})
	must(err)
	u, err := w.r.Directory.Create(ctx, directory.User{UserName: mark + "@example.com", DisplayName: mark})
	must(err)
	g, err := w.r.Directory.CreateGroup(ctx, directory.NewGroup{DisplayName: mark, Members: []directory.MemberRef{{Value: id.User.Format(u.ID)}}})
	must(err)
	seat, err := w.r.Licensing.Assign(ctx, l.ID, u.ID)
	must(err)
	rule, _, err := w.r.Licensing.CreateRule(ctx, licensing.NewRule{License: l.ID, Name: mark + " rule", Definition: licensing.Definition{Filter: `title eq "` + mark + `"`}})
	must(err)
	who, _ := caller.From(ctx)
	w.r.Provisioning.Log(provisioning.Call{Tenant: who.Tenant, Config: c.ID, Token: token.ID, At: w.db.Now(), Method: "GET", Path: "/" + mark, Status: 200, RequestID: mark})
	w.r.Provisioning.FlushCalls(w.t.Context())
	calls, err := w.r.Provisioning.Calls(ctx, pageOf(1), provisioning.CallFilter{}, page.Descending)
	must(err)
	return household{
		"lic": id.License.Format(l.ID), "scim": id.Config.Format(c.ID), "tok": id.Token.Format(token.ID), "adm": id.Administrator.Format(administrator.ID),
		"usr": id.User.Format(u.ID), "grp": id.Group.Format(g.ID), "seat": id.Seat.Format(seat.ID), "ten": id.Tenant.Format(who.Tenant),
		"call": id.Call.Format(calls.Items[0].ID), "evt": id.Event.Format(id.New()), "rule": id.Rule.Format(rule.ID),
	}
}

// TestNoFieldReachesAnotherTenant asks every query and every mutation of the schema with every id of another tenant in every
// place that takes one. What comes back must be what an id that nobody has gets, and must have nothing of the other tenant.
//
// Conformance: P-6-02
func TestNoFieldReachesAnotherTenant(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		mine, token := w.tenant(caller.ScopeAdmin)
		theirs, _ := w.tenant(caller.ScopeAdmin)
		own, other := w.household(mine, "own"), w.household(theirs, canary)
		before := w.fingerprint(theirs)
		asked := 0
		for _, root := range []*ast.Definition{schema().Query, schema().Mutation} {
			for _, field := range root.Fields {
				if strings.HasPrefix(field.Name, "__") {
					continue
				}
				for kind, foreign := range other {
					if !strings.Contains(attack(root, field, own, kind, foreign), foreign) {
						continue // it takes no id of this kind
					}
					asked++
					of, _, _ := id.KindOf(foreign)
					nobody := of.Format(id.New())
					got, control := w.ask(token, attack(root, field, own, kind, foreign)), w.ask(token, attack(root, field, own, kind, nobody))
					if got.code() == "query_too_complex" || got.code() == "invalid_query" {
						t.Errorf("%s was not even tried: %s", field.Name, got.text)
					}
					if strings.Contains(got.text, canary) {
						t.Errorf("%s with %s shows the other tenant: %s", field.Name, foreign, got.text)
					}
					if root == schema().Query && strings.ReplaceAll(got.text, foreign, nobody) != control.text {
						t.Errorf("%s tells %s apart from nobody:\n%s\n%s", field.Name, foreign, got.text, control.text)
					}
					if got.code() != control.code() {
						t.Errorf("%s answers %q for %s and %q for nobody", field.Name, got.code(), foreign, control.code())
					}
				}
			}
		}
		if after := w.fingerprint(theirs); after != before {
			t.Errorf("the other tenant was changed:\n%s\n%s", before, after)
		}
		if asked < 40 {
			t.Errorf("only %d attacks were made", asked)
		}
	})
}

// attack is an operation that calls a field with an id of a kind wherever it takes an id, and with own things everywhere else.
func attack(root *ast.Definition, field *ast.FieldDefinition, own household, kind, of string) string {
	things := maps.Clone(own)
	things[kind] = of
	var arguments []string
	for _, a := range field.Arguments {
		if a.Name == "first" || a.Name == "last" || a.Name == "after" || a.Name == "before" || a.Name == "orderBy" {
			continue
		}
		if oneOf := a.Name == "userName" || a.Name == "displayName" || a.Name == "slug" || a.Name == "sku"; oneOf {
			continue // id is given instead
		}
		arguments = append(arguments, a.Name+": "+literal(field.Name, a.Name, a.Type, things, kind))
	}
	call := field.Name
	if len(arguments) > 0 {
		call += "(" + strings.Join(arguments, ", ") + ")"
	}
	operation := "query"
	if root == schema().Mutation {
		operation = "mutation"
	}
	return operation + " { " + call + selection(field.Type, 2) + " }"
}

// literal makes a value of a type. Ids are of the thing that the name of the input speaks of, or of the one under attack.
func literal(field, name string, of *ast.Type, things household, kind string) string {
	if of.Elem != nil {
		return "[" + literal(field, name, of.Elem, things, kind) + "]"
	}
	definition := schema().Types[of.NamedType]
	switch {
	case of.NamedType == "ID":
		return fmt.Sprintf("%q", things.idFor(field, name, kind))
	case definition.Kind == ast.Enum:
		return definition.EnumValues[0].Name
	case definition.Kind == ast.InputObject:
		var parts []string
		for _, f := range definition.Fields {
			if definition.Name == "PersonInput" && f.Name != "id" || f.Name == "expectedVersion" || f.Type.NamedType == "Time" && !f.Type.NonNull || f.Name == "days" || f.Name == "pricePerSeatMinor" {
				continue
			}
			parts = append(parts, f.Name+": "+literal(field, f.Name, f.Type, things, kind))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case of.NamedType == "Int64", of.NamedType == "Int":
		return "3"
	case of.NamedType == "Time":
		return `"2026-11-01T10:00:00Z"`
	case of.NamedType == "Boolean":
		return "false"
	case of.NamedType == "Date":
		return `"2026-01-31"`
	case name == "scopes":
		return `"admin:read"`
	case name == "email":
		return `"x@example.com"`
	case name == "filter":
		return `"active eq true"`
	case name == "currency":
		return `""`
	case name == "timeZone":
		return `"UTC"`
	default:
		return `"x"`
	}
}

// idFor picks the id that an input is meant to have; what is not told by its name gets the one under attack.
func (h household) idFor(field, name, kind string) string {
	lower := strings.ToLower(name + " " + field)
	for word, of := range map[string]string{
		"scimconfigid": "scim", "licenseid": "lic", "userid": "usr", "groupid": "grp", "memberid": "usr", "administratorid": "adm",
		"ruleid": "rule",
	} {
		if strings.Contains(strings.ToLower(name), word) {
			return h[of]
		}
	}
	for _, pair := range [][2]string{
		{"scimconfig", "scim"}, {"rule", "rule"}, {"license", "lic"}, {"administrator", "adm"}, {"token", "tok"}, {"group", "grp"}, {"user", "usr"}, {"tenant", "ten"}, {"subject", "usr"},
	} {
		if strings.Contains(lower, pair[0]) {
			return h[pair[1]]
		}
	}
	return h[kind]
}

// selection asks for everything of a type, some levels deep.
func selection(of *ast.Type, depth int) string {
	definition := schema().Types[of.Name()]
	if definition == nil || definition.Kind != ast.Object && definition.Kind != ast.Interface {
		return ""
	}
	parts := []string{"__typename"}
	for _, f := range definition.Fields {
		below := schema().Types[f.Type.Name()]
		composite := below.Kind == ast.Object || below.Kind == ast.Interface
		if strings.HasPrefix(f.Name, "__") || f.Name == "secret" || composite && depth == 0 {
			continue
		}
		call := f.Name
		if f.Arguments.ForName("first") != nil {
			call += "(first: 2)"
		}
		parts = append(parts, call+selection(f.Type, depth-1))
	}
	return " { " + strings.Join(parts, " ") + " }"
}

// fingerprint is what a tenant has, as its own administrator sees it.
func (w *world) fingerprint(ctx context.Context) string {
	w.t.Helper()
	token := w.token(ctx, caller.ScopeAdminRead)
	a := w.want(token, `{ users { nodes { id version userName active seats { state } groups { totalCount } } } groups { nodes { id version displayName members { totalCount } } }
		licenses { nodes { id version total taken waiting } } tenant { version plan scimConfigs { nodes { id version status } } administrators { id version } } }`)
	text, err := json.Marshal(a.Data)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}
