package graph_test

import (
	"fmt"
	"testing"

	"github.com/usherhq/usher/internal/caller"
)

// A value that cannot be taken is refused before anything happens, with a code and the path to it.
func TestAValueThatCannotBeTakenIsRefusedWithItsPath(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, admin := w.tenant(caller.ScopeAdmin)
		const nul = "a\x00b"
		for _, c := range []struct {
			query      string
			variables  []any
			code, path string
		}{
			{`{ users(filter: {department: "a\u0000"}) { totalCount } }`, nil, "invalid_text", "[users filter department]"},
			{`{ everybody: users(filter: {search: "\u0000"}) { totalCount } }`, nil, "invalid_text", "[everybody filter search]"},
			{`{ user(userName: "\u0000") { id } }`, nil, "invalid_text", "[user userName]"},
			{`{ license(sku: "a\u0000") { id } }`, nil, "invalid_text", "[license sku]"},
			{`{ events(filter: {kinds: ["user.created", "\u0000"]}) { nodes { id } } }`, nil, "invalid_text", "[events filter kinds 1]"},
			{`{ events(filter: {kinds: "\u0000"}) { nodes { id } } }`, nil, "invalid_text", "[events filter kinds]"},
			{`{ tenant { calls(filter: {method: """G` + nul + `"""}) { nodes { id } } } }`, nil, "bad_request", "[]"},
			{`{ access(product: "x", people: [{userName: "a"}, {userName: "\u0000"}]) { allowed } }`, nil, "invalid_text", "[access people 1 userName]"},
			{`query($f: UserFilter = {search: "\u0000"}) { users(filter: $f) { totalCount } }`, nil, "invalid_text", "[variable f search]"},
			{`query($f: UserFilter) { users(filter: $f) { totalCount } }`, []any{"f", map[string]any{"search": nul}}, "invalid_text", "[variable f search]"},
			{`query($k: [String!]) { events(filter: {kinds: $k}) { nodes { id } } }`, []any{"k", nul}, "invalid_text", "[variable k 0]"},
			{`query { ...people } fragment people on Query { tenant { groups(filter: {search: "\u0000"}) { totalCount } } }`, nil, "invalid_text", "[tenant groups filter search]"},
			{`{ ... on Query { tenant { calls(filter: {method: "\u0000"}) { nodes { id } } } } }`, nil, "invalid_text", "[tenant calls filter method]"},
			{`mutation { createUser(input: {userName: "early"}) { user { id } } createLicense(input: {product: "\u0000", seats: 1}) { license { id } } }`, nil, "invalid_text", "[createLicense input product]"},
			{`mutation($s: Int64!) { createLicense(input: {product: "x", seats: $s}) { license { id } } }`, []any{"s", "many"}, "invalid_number", "[variable s]"},
			{`mutation { createLicense(input: {product: "x", seats: 99999999999999999999}) { license { id } } }`, nil, "invalid_query", "[]"},
			{`mutation { createLicense(input: {product: "x", seats: 1, termEnd: "soon"}) { license { id } } }`, nil, "invalid_time", "[createLicense input termEnd]"},
			{`mutation { createLicense(input: {product: "x", seats: 1, termEnd: "9999-12-31T23:59:59-23:00"}) { license { id } } }`, nil, "invalid_time", "[createLicense input termEnd]"},
			{`mutation($p: Preset!) { createScimConfig(input: {name: "x", preset: $p}) { scimConfig { preset } } }`, []any{"p", "strict"}, "invalid_query", "[variable p]"},
			{`query($s: SeatState) { licenses { nodes { seats(state: $s) { totalCount } } } }`, []any{"s", "waiting"}, "invalid_query", "[variable s]"},
			{`{ user(id: {}) { id } }`, nil, "invalid_query", "[user id]"},
			{`query($x: Boolean = true) { users { totalCount @include(if: $x) } }`, []any{"x", nil}, "invalid_query", "[users totalCount]"},
			{`query($x: Boolean = true) { ... @skip(if: $x) { users { totalCount } } }`, []any{"x", nil}, "invalid_query", "[]"},
			{`query($x: Boolean = true) { ...all @include(if: $x) } fragment all on Query { users { totalCount } }`, []any{"x", nil}, "invalid_query", "[]"},
			{`{ users(first: {}) { totalCount } }`, nil, "invalid_query", "[users first]"},
		} {
			a := w.ask(admin, c.query, c.variables...)
			if len(a.Errors) == 0 || a.code() != c.code || fmt.Sprint(a.Errors[0].Path) != c.path || a.Data != nil {
				t.Errorf("%s with %q answered %s, want %s at %s", c.query, c.variables, a.text, c.code, c.path)
			}
		}
		if a := w.want(admin, `{ users { totalCount } licenses { totalCount } tenant { scimConfigs { totalCount } } }`); a.at("users", "totalCount") != 0.0 || a.at("licenses", "totalCount") != 0.0 || a.at("tenant", "scimConfigs", "totalCount") != 0.0 {
			t.Errorf("refused operations have made things: %s", a.text)
		}
	})
}

func TestTimesAndNumbersComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, admin := w.tenant(caller.ScopeAdmin)
		made := w.want(admin, `mutation($e: Time!, $p: Int64!) { createLicense(input: {product: "x", seats: 1, termStart: "0001-01-01T00:00:01Z", termEnd: $e, pricePerSeatMinor: $p, currency: "nok"}) { license { id } } }`,
			"e", "9999-12-31T23:59:59.9999999+01:00", "p", "9223372036854775807")
		read := w.ask(admin, `query($l: ID!) { license(id: $l) { termStart termEnd pricePerSeatMinor currency } }`, "l", made.at("createLicense", "license", "id"))
		const want = `{"data":{"license":{"termStart":"0001-01-01T00:00:01Z","termEnd":"9999-12-31T22:59:59.999999Z","pricePerSeatMinor":9223372036854775807,"currency":"NOK"}}}`
		if read.text != want {
			t.Errorf("read %s, want %s", read.text, want)
		}
	})
}
