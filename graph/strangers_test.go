package graph_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// spot is one place of the schema that takes a text: an argument, or a field of an input in it.
type spot struct {
	owner, field, path string
	isID               bool
	operation          func(things household, stranger string) string // with STRANGER's value in the place, and what is required elsewhere
}

// holders are the fields below which a type is found, by its name; HELD is the id of the tenant's own thing.
var holders = map[string]string{
	"Query": "", "Mutation": "", "Tenant": "tenant { INNER }", "Viewer": "viewer { INNER }", "License": "lic", "ScimConfig": "scim", "User": "usr", "Group": "grp", "Seat": "seat",
	"Administrator": "adm", "AccessToken": "tok", "Call": "call", "Event": "evt", "LicenseUtilization": "licenseUtilization { licenses { INNER } }",
}

// spots walks the whole schema: a field or an input that is new is in by itself.
func spots(t *testing.T) []spot {
	t.Helper()
	var all []spot
	for _, name := range slices.Sorted(maps.Keys(schema().Types)) {
		definition := schema().Types[name]
		if definition.BuiltIn || strings.HasPrefix(name, "__") || definition.Kind != ast.Object || name == "Subscription" { // streams: stream_test.go
			continue
		}
		for _, field := range definition.Fields {
			for _, argument := range field.Arguments {
				if strings.HasPrefix(field.Name, "__") {
					continue
				}
				for _, at := range textsIn(argument.Type, argument.Name, 0) {
					holder, known := holders[name]
					if !known {
						t.Fatalf("%s.%s takes %s, and nobody knows how to come to a %s", name, field.Name, at.path, name)
					}
					at.owner, at.field = name, field.Name
					at.operation = func(things household, stranger string) string {
						return within(holder, definition, field, at.path, things, stranger)
					}
					all = append(all, at)
				}
			}
		}
	}
	return all
}

// textsIn are the places of a type that take an id or any text.
func textsIn(of *ast.Type, path string, depth int) (all []spot) {
	definition := schema().Types[of.Name()]
	switch {
	case definition.Kind == ast.InputObject && depth < 4:
		for _, f := range definition.Fields {
			all = append(all, textsIn(f.Type, path+"."+f.Name, depth+1)...)
		}
	case of.Name() == "ID", of.Name() == "String":
		all = append(all, spot{path: path, isID: of.Name() == "ID"})
	}
	return all
}

// within is an operation that calls a field of a type, with a value at a path.
func within(holder string, owner *ast.Definition, field *ast.FieldDefinition, path string, things household, stranger string) string {
	var arguments []string
	for _, a := range field.Arguments {
		if text, given := at(field.Name, a.Name, a.Name, a.Type, path, things, stranger); given {
			arguments = append(arguments, a.Name+": "+text)
		}
	}
	switch {
	case path == "before":
		arguments = append(arguments, "last: 2")
	case field.Arguments.ForName("first") != nil:
		arguments = append(arguments, "first: 2")
	}
	call := field.Name + "(" + strings.Join(arguments, ", ") + ")" + selection(field.Type, 1)
	switch {
	case owner.Name == "Mutation":
		return "mutation { " + call + " }"
	case holder == "":
		return "query { " + call + " }"
	case strings.Contains(holder, "INNER"):
		return "query { " + strings.Replace(holder, "INNER", call, 1) + " }"
	default:
		return fmt.Sprintf("query { node(id: %q) { ... on %s { %s } } }", things[holder], owner.Name, call)
	}
}

// at is a value of a type, and whether there has to be one: at the path, or because it is required.
func at(field, name, here string, of *ast.Type, path string, things household, stranger string) (text string, given bool) {
	on := here == path || strings.HasPrefix(path, here+".")
	if !on && (!of.NonNull || name == "expectedVersion") {
		return "", false
	}
	if of.Elem != nil {
		text, _ = at(field, name, here, &ast.Type{NamedType: of.Name(), NonNull: true}, path, things, stranger)
		return "[" + text + "]", true
	}
	definition := schema().Types[of.NamedType]
	switch {
	case here == path:
		return fmt.Sprintf("%q", stranger), true
	case definition.Kind != ast.InputObject:
		return literal(field, name, of, things, "usr"), true
	}
	var parts []string
	for _, f := range definition.Fields {
		if text, given := at(field, f.Name, here+"."+f.Name, f.Type, path, things, stranger); given {
			parts = append(parts, f.Name+": "+text)
		}
	}
	if len(parts) == 0 && definition.Directives.ForName("oneOf") != nil {
		one := definition.Fields[0]
		parts = append(parts, one.Name+": "+literal(field, one.Name, one.Type, things, "usr"))
	}
	return "{" + strings.Join(parts, ", ") + "}", true
}

// strangers is how many requests name something of another tenant, on both databases together: USHER_TEST_STRANGERS, or 10,000.
func strangers() int {
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_STRANGERS")); err == nil {
		return n
	}
	return 10_000
}

var varying = []*regexp.Regexp{
	regexp.MustCompile(`\b[a-z]+_[0-9a-z]{26}\b`), regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), regexp.MustCompile(`eyJ[\w.-]+`),
	regexp.MustCompile(`"(endCursor|startCursor|cursor|slug|name|sku|link)":"[^"]*"`),
}

// TestNoPlaceTellsAStrangerFromNobody puts what can be named of another tenant into every place of the schema that takes a text,
// also of fields far below the roots, and then something that nobody has: the answers are the same, nothing of the other tenant is
// in them, and the other tenant stays as it was.
func TestNoPlaceTellsAStrangerFromNobody(t *testing.T) {
	t.Parallel()
	places := spots(t)
	if len(places) < 100 {
		t.Fatalf("only %d places were found", len(places))
	}
	each(t, func(t *testing.T, w *world) {
		theirs, _ := w.tenant(caller.ScopeAdmin)
		other := w.household(theirs, canary)
		before := w.fingerprint(theirs)
		names := []string{canary, canary + "@example.com", canary + " product", canary + "-product", canary + " configuration", canary + " token"}
		kinds := slices.Sorted(maps.Keys(other))
		var token string
		var own household
		renew := func() {
			mine, fresh := w.tenant(caller.ScopeAdmin)
			token, own = fresh, w.household(mine, "own")
		}
		renew()
		random := rand.New(rand.NewPCG(5, 6))
		for n := range strangers() / 2 / 2 {
			place := places[n%len(places)]
			foreign := other[kinds[random.IntN(len(kinds))]]
			of, _, _ := id.KindOf(foreign)
			nobody := of.Format(id.New())
			if !place.isID && random.IntN(4) > 0 {
				foreign = names[random.IntN(len(names))]
				nobody = strings.ReplaceAll(foreign, canary, fmt.Sprintf("nobod%d", random.IntN(10)))
			}
			var said [2]string
			first := random.IntN(2)
			for _, which := range []int{first, 1 - first} {
				value := []string{foreign, nobody}[which]
				operation := place.operation(own, value)
				a := w.ask(token, operation)
				if a.code() == "invalid_query" || a.code() == "query_too_complex" || a.code() == "internal" {
					t.Fatalf("%s was answered %s", operation, a.text)
				}
				said[which] = strings.ReplaceAll(a.text, value, "STRANGER")
				for _, part := range varying {
					said[which] = part.ReplaceAllString(said[which], "…")
				}
				if which == 0 && strings.Contains(said[0], canary) {
					t.Fatalf("%s shows the other tenant: %s", operation, a.text)
				}
				if place.owner == "Mutation" && len(a.Errors) == 0 {
					renew()
				}
			}
			if said[0] != said[1] {
				t.Fatalf("%s.%s(%s) tells %q from %q:\n%s\n%s", place.owner, place.field, place.path, foreign, nobody, said[0], said[1])
			}
		}
		if after := w.fingerprint(theirs); after != before {
			t.Errorf("the other tenant was changed:\n%s\n%s", before, after)
		}
	})
}
