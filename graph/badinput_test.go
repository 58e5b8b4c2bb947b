package graph_test

import (
	"testing"

	"github.com/usherhq/usher/internal/caller"
)

// TestLicensesAndRulesThatCannotBe asks for what no license and no rule can be: the code and the field say what is wrong, and nothing is
// half-done.
func TestLicensesAndRulesThatCannotBe(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, admin := w.tenant(caller.ScopeAdmin)
		license := func(product, more string) string {
			return w.want(admin, `mutation { createLicense(input: {product: "`+product+`", seats: 1`+more+`}) { license { id } } }`).at("createLicense", "license", "id").(string) //nolint:forcetypeassert // an id
		}
		base := license("Base", "")
		onTop := license("On top", `, requires: ["`+base+`"]`)
		const rule = `mutation($l: ID!) { createRule(input: {licenseId: $l, name: "Sales", definition: {filter: "title eq \"Sales\""}}) { rule { id } } }`
		first := w.want(admin, rule, "l", base).at("createRule", "rule", "id")
		w.want(admin, `mutation($r: ID!) { publishRule(input: {ruleId: $r}) { rule { id } } }`, "r", first)
		for _, c := range []struct{ name, mutation, license, code, field string }{
			{"negative seats", `mutation { createLicense(input: {product: "P", seats: -1}) { license { id } } }`, "", "invalid_license", "seats"},
			{"resized below nothing", `mutation($l: ID!) { resizeLicense(input: {id: $l, seats: -5}) { license { id } } }`, base, "invalid_license", "seats"},
			{"an end before the start", `mutation($l: ID!) { updateLicense(input: {id: $l, termStart: "2027-02-01T00:00:00Z", termEnd: "2027-01-01T00:00:00Z"}) { license { id } } }`, base, "invalid_license", "termEnd"},
			{"a rule that selects whom another selects", `mutation($l: ID!) { createRule(input: {licenseId: $l, name: "Twice", definition: {filter: "TITLE eq \"Sales\""}}) { rule { id } } }`, base, "rule_overlaps", "filter"},
			{"a cycle of prerequisites", `mutation($l: ID!) { updateLicense(input: {id: $l, requires: ["` + onTop + `"]}) { license { id } } }`, base, "invalid_license", "requires"},
		} {
			var variables []any
			if c.license != "" {
				variables = []any{"l", c.license}
			}
			a := w.ask(admin, c.mutation, variables...)
			if a.code() != c.code || a.Errors[0].Extensions["field"] != c.field {
				t.Errorf("%s: %s", c.name, a.text)
			}
		}
		if got := w.want(admin, `{ licenses { totalCount nodes { total termEnd requires { id } } } }`); got.at("licenses", "totalCount") != 2.0 || got.at("licenses", "nodes", 0, "total") != 1.0 {
			t.Errorf("afterwards there is %s", got.text)
		}
	})
}
