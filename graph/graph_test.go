package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/provisioning"
)

func TestAnAdministratorSeatsAPersonAndSeesIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, admin := w.tenant(caller.ScopeAdmin)
		license := w.want(admin, `mutation { createLicense(input: {product: "Advanced", seats: 1}) { license { id sku free } } }`)
		user := w.want(admin, `mutation { createUser(input: {userName: "ada@example.com", displayName: "Ada", emails: [{value: "ada@example.com", primary: true}]}) { user { id version origin primaryEmail } } }`)
		if got := user.at("createUser", "user", "primaryEmail"); got != "ada@example.com" {
			t.Errorf("her address is %v", got)
		}
		assign := `mutation($l: ID!, $u: ID!) { assignSeat(input: {licenseId: $l, userId: $u}) { seat { state position } license { taken free waiting } } }`
		first := w.want(admin, assign, "l", license.at("createLicense", "license", "id"), "u", user.at("createUser", "user", "id"))
		if first.at("assignSeat", "seat", "state") != "INVITED" || first.at("assignSeat", "license", "free") != 0.0 {
			t.Errorf("assigned is %s", first.text)
		}
		second := w.want(admin, `mutation { createUser(input: {userName: "ben@example.com"}) { user { id } } }`)
		waits := w.want(admin, assign, "l", license.at("createLicense", "license", "id"), "u", second.at("createUser", "user", "id"))
		if waits.at("assignSeat", "seat", "state") != "WAITING" || waits.at("assignSeat", "seat", "position") != 1.0 {
			t.Errorf("the second is %s", waits.text)
		}
		more := w.want(admin, `mutation($l: ID!) { resizeLicense(input: {id: $l, seats: 2}) { license { total taken waiting } } }`, "l", license.at("createLicense", "license", "id"))
		if more.at("resizeLicense", "license", "taken") != 2.0 || more.at("resizeLicense", "license", "waiting") != 0.0 {
			t.Errorf("resized is %s", more.text)
		}
		clears := w.want(admin, `mutation($u: ID!) { updateUser(input: {id: $u, displayName: null, title: "Analyst"}) { user { displayName title version } } }`, "u", user.at("createUser", "user", "id"))
		if clears.at("updateUser", "user", "displayName") != "" || clears.at("updateUser", "user", "title") != "Analyst" {
			t.Errorf("null and absent made %s", clears.text)
		}
		stale := w.ask(admin, `mutation($u: ID!) { updateUser(input: {id: $u, title: "Lead", expectedVersion: 1}) { user { id } } }`, "u", user.at("createUser", "user", "id"))
		if stale.code() != "stale_version" || fmt.Sprint(stale.Errors[0].Path) != "[updateUser]" {
			t.Errorf("an old version made %s", stale.text)
		}
		blocked := w.want(admin, `mutation($u: ID!) { blockUser(input: {id: $u}) { user { active blocked seats { state } } } }`, "u", user.at("createUser", "user", "id"))
		if blocked.at("blockUser", "user", "active") != false || blocked.at("blockUser", "user", "seats", 0, "state") != "RELEASED" {
			t.Errorf("blocked is %s", blocked.text)
		}
	})
}

func TestAConfigurationShowsItsTokenOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, admin := w.tenant(caller.ScopeAdmin)
		made := w.want(admin, `mutation { createScimConfig(input: {name: "Okta", identityProvider: OKTA}) { scimConfig { id baseUrl preset status } } }`)
		config := made.at("createScimConfig", "scimConfig", "id")
		issued := w.want(admin, `mutation($c: ID!) { issueScimToken(input: {scimConfigId: $c, name: "first"}) { secret token { id scopes } } }`, "c", config)
		secret, _ := issued.at("issueScimToken", "secret").(string)
		if secret == "" || made.at("createScimConfig", "scimConfig", "baseUrl") != "https://usher.example/scim/v2" {
			t.Errorf("made %s and %s", made.text, issued.text)
		}
		listed := w.want(admin, `{ tenant { scimConfigs { nodes { name tokens { id name scopes lastUsedAt } } } } }`)
		if listed.at("tenant", "scimConfigs", "nodes", 0, "tokens", 0, "name") != "first" || strings.Contains(listed.text, secret) {
			t.Errorf("listed is %s", listed.text)
		}
		if a := w.ask(secret, `{ viewer { name } }`); a.status != 403 || a.code() != "forbidden" {
			t.Errorf("a SCIM token opened GraphQL: %s", a.text)
		}
		w.want(admin, `mutation($t: ID!) { revokeToken(input: {id: $t}) { token { revokedAt } } }`, "t", issued.at("issueScimToken", "token", "id"))
		again := w.ask(admin, `mutation { createScimConfig(input: {name: "OKTA"}) { scimConfig { id } } }`)
		if again.code() != "config_name_taken" {
			t.Errorf("a taken name made %s", again.text)
		}
	})
}

func TestAnOperatorLooksIntoTenants(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		operator := w.operator()
		made := w.want(operator, `mutation { createTenant(input: {name: "Fjordline", slug: "fjordline", plan: CORE}) { tenant { id hasScim } } }`)
		tenant, _ := made.at("createTenant", "tenant", "id").(string)
		other, _ := w.tenant(caller.ScopeAdmin)
		w.people(other, 2)
		w.want(operator, `mutation($t: ID!) { updateTenant(input: {id: $t, plan: ADVANCED}) { tenant { plan } } }`, "t", tenant)
		who, _ := caller.From(other)
		seen := w.want(operator, `query($a: ID!, $b: ID!) { a: tenantBy(id: $a) { users { totalCount nodes { userName links { how } } } } b: tenantBy(id: $b) { users { totalCount nodes { userName groups { totalCount } } } } }`,
			"a", tenant, "b", id.Tenant.Format(who.Tenant))
		if seen.at("a", "users", "totalCount") != 0.0 || seen.at("b", "users", "totalCount") != 2.0 || seen.at("b", "users", "nodes", 1, "userName") != "user001@example.com" {
			t.Errorf("the operator saw %s", seen.text)
		}
		_, admin := w.tenant(caller.ScopeAdmin)
		if a := w.ask(admin, `{ tenants { totalCount } }`); a.code() != "forbidden" {
			t.Errorf("an administrator listed tenants: %s", a.text)
		}
	})
}

func TestATokenOpensItsScopesOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		w.people(ctx, 1)
		w.want(admin, `mutation { createLicense(input: {product: "Advanced", seats: 1}) { license { id } } }`)
		reports, product, reader := w.token(ctx, caller.ScopeReportsRead), w.token(ctx, caller.ScopeEntitlementsRead), w.token(ctx, caller.ScopeAdminRead)
		for _, c := range []struct {
			token, query, code string
		}{
			{reports, `{ licenses { nodes { product seats { totalCount } } } }`, ""},
			{reports, `{ users { totalCount } }`, "forbidden"},
			{reports, `{ licenses { nodes { seats { nodes { user { id } } } } } }`, "forbidden"},
			{reports, `{ access(product: "advanced", people: [{userName: "a"}]) { allowed } }`, "forbidden"},
			{product, `{ access(product: "advanced", people: [{userName: "user000@example.com"}]) { allowed reason } }`, ""},
			{product, `{ licenses { totalCount } }`, "forbidden"},
			{reader, `{ users { totalCount } access(product: "advanced", people: [{userName: "a"}]) { allowed } }`, ""},
			{reader, `mutation { createUser(input: {userName: "x"}) { user { id } } }`, "forbidden"},
			{reader, `{ __schema { types { name } } }`, ""},
			{reports, `{ __schema { types { name } } }`, "forbidden"},
			{"", `{ viewer { name } }`, "token_missing"},
			{"nonsense", `{ viewer { name } }`, "token_invalid"},
		} {
			if a := w.ask(c.token, c.query); a.code() != c.code {
				t.Errorf("%s answered %s, want %q", c.query, a.text, c.code)
			}
		}
	})
}

func TestExpensiveAndMalformedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, admin := w.tenant(caller.ScopeAdmin)
		deep := strings.Repeat("{ tenant ", 20) + strings.Repeat("}", 20)
		for name, c := range map[string]struct{ body, media, code string }{
			"4,000 fields of one name": {`{"query":"{ ` + strings.Repeat("viewer{name} ", 4000) + `}"}`, "", "bad_request"},
			"1,900 fields of one name": {`{"query":"{ viewer { ` + strings.Repeat("name ", 1900) + `} }"}`, "", "query_too_complex"},
			"a large document":         {`{"query":"{ viewer { name } } # ` + strings.Repeat("x", 70000) + `"}`, "", "request_too_large"},
			"aliases":                  {`{"query":"{ ` + aliases(60) + `}"}`, "", "query_too_complex"},
			"directives":               {`{"query":"{ viewer ` + strings.Repeat("@a ", 60) + `{ name } }"}`, "", "query_too_complex"},
			"depth":                    {`{"query":"` + deep + `"}`, "", "query_too_complex bad_request"},
			"a circle of fragments":    {`{"query":"{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"}`, "", "invalid_query"},
			"a huge page":              {`{"query":"{ users(first: 1000000000) { nodes { id } } }"}`, "", "query_too_complex invalid_page"},
			"two operations":           {`{"query":"query a { viewer { name } } query b { viewer { name } }"}`, "", "bad_request"},
			"an unknown operation":     {`{"query":"query a { viewer { name } }","operationName":"b"}`, "", "invalid_query"},
			"a batch":                  {`[{"query":"{ viewer { name } }"}]`, "", "bad_request"},
			"no JSON":                  {`nonsense`, "", "bad_request"},
			"no query":                 {`{}`, "", "bad_request"},
			"another type":             {`{"query":"{ viewer { name } }"}`, "text/plain", "unsupported_media_type"},
			"no such field":            {`{"query":"{ nope }"}`, "", "invalid_query"},
			"a bad cursor":             {`{"query":"{ users(after: \"x\") { nodes { id } } }"}`, "", "invalid_cursor"},
			"both ways":                {`{"query":"{ users(first: 1, last: 1) { nodes { id } } }"}`, "", "invalid_page"},
			"no id":                    {`{"query":"{ node(id: \"x\") { id } }"}`, "", "invalid_id"},
			"an id of something else":  {`{"query":"{ user(id: \"grp_00000000000000000000000000\") { id } }"}`, "", "invalid_id"},
			"deep variables":           {`{"query":"{ viewer { name } }","variables":{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}`, "", "query_too_complex"},
		} {
			media := c.media
			if media == "" {
				media = "application/json"
			}
			a := w.post(admin, c.body, media)
			if !strings.Contains(" "+c.code+" ", " "+a.code()+" ") || a.status >= 500 || len(a.Errors) > 10 {
				t.Errorf("%s: %d %.300s, want %s", name, a.status, a.text, c.code)
			}
		}
	})
}

func aliases(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "a%d: viewer { name } ", i)
	}
	return out.String()
}

func TestAConfigurationShowsWhoCallsAndWarns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		config, err := w.r.Provisioning.CreateConfig(ctx, provisioning.NewConfig{Name: "Okta", IdentityProvider: provisioning.Okta, Preset: provisioning.PresetOkta})
		if err != nil {
			t.Fatal(err)
		}
		const query = `{ tenant { scimConfigs { nodes { recognized { provider since } warnings { code message } version } } } }`
		if a := w.want(admin, query); a.at("tenant", "scimConfigs", "nodes", 0, "recognized") != nil {
			t.Errorf("before any call: %s", a.text)
		}
		who, _ := caller.From(ctx)
		w.r.Provisioning.Log(provisioning.Call{
			Tenant: who.Tenant, Config: config.ID, Token: id.New(), At: config.CreatedAt, Method: "GET", Path: "/Users", Status: 200, RequestID: "r",
			Signs: []*provisioning.Sign{{Provider: provisioning.Entra, Weight: provisioning.Sure}},
		})
		w.r.Provisioning.FlushCalls(t.Context())
		a := w.want(admin, query)
		if a.at("tenant", "scimConfigs", "nodes", 0, "recognized", "provider") != "ENTRA" || a.at("tenant", "scimConfigs", "nodes", 0, "version") != 1.0 ||
			a.at("tenant", "scimConfigs", "nodes", 0, "warnings", 0, "code") != "provider_disagrees" ||
			a.at("tenant", "scimConfigs", "nodes", 0, "warnings", 1, "code") != "preset_disagrees" {
			t.Errorf("calls of Entra made %s", a.text)
		}
	})
}
