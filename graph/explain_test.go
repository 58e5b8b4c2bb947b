package graph_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

// published makes a rule of a license that holds.
func (w *world) published(ctx context.Context, license id.ID, name string, d licensing.Definition) {
	w.t.Helper()
	rule, _, err := w.r.Licensing.CreateRule(ctx, licensing.NewRule{License: license, Name: name, Definition: d})
	if err == nil {
		_, _, err = w.r.Licensing.PublishRule(ctx, rule.ID, nil)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestASeatIsExplained asks why a person has a seat: rule by rule, down to the event and the SCIM request that it came from. The
// number of statements does not grow with the rules.
func TestASeatIsExplained(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, token := w.tenant(caller.ScopeAdmin)
		who, _ := caller.From(ctx)
		made := w.want(token, `mutation { createLicense(input: {product: "Advanced", seats: 1}) { license { id } } }`)
		license, _ := made.at("createLicense", "license", "id").(string)
		of, _ := id.License.Parse(license)
		w.published(ctx, of, "Sellers", licensing.Definition{Filter: `title eq "Sales"`, Choice: "one", Priority: 5})
		w.published(ctx, of, "Everybody", licensing.Definition{Choice: "one"})
		w.published(ctx, of, "Lawyers", licensing.Definition{Filter: `title eq "Law"`})
		config, err := w.r.Provisioning.CreateConfig(ctx, provisioning.NewConfig{Name: "Okta"})
		if err != nil {
			t.Fatal(err)
		}
		join := func(name string) string {
			t.Helper()
			request := "request of " + name
			scim := caller.With(ctx, caller.Caller{
				Tenant: who.Tenant, Kind: caller.KindSCIM, Config: config.ID, Name: "Okta", RequestID: request, Scopes: caller.Scopes{caller.ScopeSCIM},
			})
			u, err := w.r.Provisioning.Join(scim, directory.User{UserName: name, Title: "Sales", Active: true})
			if err != nil {
				t.Fatal(err)
			}
			w.r.Provisioning.Log(provisioning.Call{Tenant: who.Tenant, Config: config.ID, At: w.db.Now(), Method: "POST", Path: "/Users", Status: 201, RequestID: request})
			return id.User.Format(u.ID)
		}
		ada, bob := join("ada"), join("bob")
		w.r.Provisioning.FlushCalls(t.Context())
		if _, err := w.r.Events.Number(ctx); err != nil {
			t.Fatal(err)
		}
		query := `query($l: ID!, $u: ID!) { explainSeat(licenseId: $l, userId: $u) { answer active position consent user { userName } license { product } seat { state }
			claims { reason rule { name } } rules { verdict filter choice priority rule { name } } missing { product }
			steps { now cause event { kind actorName requestId } call { method path status scimConfig { name } } } } }`
		got := w.want(token, query, "l", license, "u", ada)
		step := `"cause":"rule","event":{"kind":"seat.%s","actorName":"Okta","requestId":"request of %s"},"call":{"method":"POST","path":"/Users","status":201,"scimConfig":{"name":"Okta"}}}]`
		rules := `"claims":[{"reason":"rule","rule":{"name":"Sellers"}}],"rules":[{"verdict":"GIVES","filter":"title eq \"Sales\"","choice":"one","priority":5,"rule":{"name":"Sellers"}},` +
			`{"verdict":"COMES_LATER","filter":null,"choice":"one","priority":0,"rule":{"name":"Everybody"}},` +
			`{"verdict":"DOES_NOT_MEAN","filter":"title eq \"Law\"","choice":null,"priority":0,"rule":{"name":"Lawyers"}}],"missing":[],`
		want := `{"data":{"explainSeat":{"answer":"seated","active":true,"position":null,"consent":null,"user":{"userName":"ada"},"license":{"product":"Advanced"},"seat":{"state":"INVITED"},` +
			rules + `"steps":[{"now":"invited",` + fmt.Sprintf(step, "invited", "ada") + `}}}`
		if got.text != want {
			t.Errorf("ada:\n%s\nwant\n%s", got.text, want)
		}
		second := w.want(token, query, "l", license, "u", bob)
		want = `{"data":{"explainSeat":{"answer":"waiting","active":true,"position":1,"consent":null,"user":{"userName":"bob"},"license":{"product":"Advanced"},"seat":{"state":"WAITING"},` +
			rules + `"steps":[{"now":"waiting",` + fmt.Sprintf(step, "waiting", "bob") + `}}}`
		if second.text != want {
			t.Errorf("bob:\n%s\nwant\n%s", second.text, want)
		}
		few := len(w.sent(func() { w.want(token, query, "l", license, "u", ada) }))
		for n := range 10 {
			w.published(ctx, of, fmt.Sprintf("Rule %d", n), licensing.Definition{Filter: fmt.Sprintf(`title eq "Title %d"`, n)})
		}
		if many := len(w.sent(func() { w.want(token, query, "l", license, "u", ada) })); many != few || few > 20 {
			t.Errorf("3 rules cost %d statements, 13 cost %d", few, many)
		}
		if a := w.ask(token, query, "l", license, "u", id.User.Format(id.New())); a.code() != "user_not_found" {
			t.Errorf("nobody is explained: %s", a.text)
		}
		reader := w.token(ctx, caller.ScopeReportsRead)
		if a := w.ask(reader, query, "l", license, "u", ada); a.code() != "forbidden" {
			t.Errorf("a reader of reports reads %s", a.text)
		}
	})
}
