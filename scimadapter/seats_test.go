package scimadapter_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

const seatURN = "urn:usher:scim:schemas:extension:seat:1.0:User"

func showSeats(n *provisioning.NewConfig) { n.ShowSeats = true }

// standings reads the seat extension of an answer as "sku state reason position".
func (a answer) standings() []string {
	extension, _ := a.body[seatURN].(map[string]any)
	all, _ := extension["seats"].([]any)
	var lines []string
	for _, one := range all {
		o, _ := one.(map[string]any)
		position, _ := o["position"].(float64)
		lines = append(lines, fmt.Sprintf("%v %v %v %v", o["sku"], o["state"], o["reason"], position))
	}
	return lines
}

func entitlements(a answer) []string {
	all, _ := a.body["entitlements"].([]any)
	var values []string
	for _, one := range all {
		o, _ := one.(map[string]any)
		values = append(values, fmt.Sprint(o["value"]))
	}
	return values
}

func userWith(name, more string) string {
	return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + name + `","active":true` + more + `}`
}

func TestSeatsAreShownToWhoAsks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		l := w.license("Advanced", 1)
		w.license("TeamLink Extend", 1)
		w.autoAssign(l.ID)
		first, second := w.create("ada"), w.create("bob")
		plain := w.want(http.StatusOK, "GET", "/Users/"+second, "")
		if strings.Contains(plain.text, seatURN) {
			t.Errorf("nobody asked for seats: %s", plain.text)
		}
		want := map[string][]string{
			first:  {"advanced seated configuration 0", "teamlink-extend none not_assigned 0"},
			second: {"advanced waiting configuration 1", "teamlink-extend none not_assigned 0"},
		}
		for of, lines := range want {
			for _, asked := range []string{seatURN, seatURN + ":seats", strings.ToUpper(seatURN)} {
				a := w.want(http.StatusOK, "GET", "/Users/"+of+"?attributes="+url.QueryEscape(asked), "")
				if got := a.standings(); !reflect.DeepEqual(got, lines) || a.body["userName"] != nil {
					t.Errorf("%s asked for shows %s", asked, a.text)
				}
				if schemas, _ := a.body["schemas"].([]any); !slices.Contains(schemas, any(seatURN)) {
					t.Errorf("schemas do not name the extension: %s", a.text)
				}
			}
		}
		states := w.want(http.StatusOK, "GET", "/Users?attributes="+url.QueryEscape("userName,"+seatURN+":seats.state"), "")
		if len(states.resources()) != 2 || strings.Contains(states.text, `"reason"`) || !strings.Contains(states.text, `{"state":"waiting"}`) {
			t.Errorf("states alone are %s", states.text)
		}
		w.want(http.StatusOK, "PATCH", "/Users/"+first, ops(`{"op":"replace","path":"active","value":false}`))
		gone := w.want(http.StatusOK, "GET", "/Users/"+first+"?attributes="+seatURN, "")
		if got := gone.standings(); got[0] != "advanced none deactivated 0" {
			t.Errorf("deactivated she stands %q", got)
		}
	})
}

func TestSeatsAreShownByDefaultWhereConfigured(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db, showSeats)
		l := w.license("Advanced", 5)
		w.autoAssign(l.ID)
		made := w.want(http.StatusCreated, "POST", "/Users", userWith("ada", ""))
		path, name := "/Users/"+made.str("id"), id.License.Format(l.ID)
		if !reflect.DeepEqual(made.standings(), []string{"advanced seated configuration 0"}) || !reflect.DeepEqual(entitlements(made), []string{name}) {
			t.Errorf("created she is %s", made.text)
		}
		if left := w.want(http.StatusOK, "GET", path+"?excludedAttributes=entitlements,"+seatURN, ""); strings.Contains(left.text, "seats") || entitlements(left) != nil {
			t.Errorf("excluded, but %s", left.text)
		}
		echo := w.want(http.StatusOK, "PUT", path, w.want(http.StatusOK, "GET", path, "").text)
		if echo.header.Get("ETag") != made.header.Get("ETag") || echo.text != made.text {
			t.Errorf("what was read, put back, made\n%s of\n%s", echo.text, made.text)
		}
		w.expectClaims(made.str("id"), licensing.ByConfiguration)
		refused := w.want(http.StatusBadRequest, "PATCH", path, ops(`{"op":"replace","path":"`+seatURN+`:seats","value":[]}`))
		if refused.str("scimType") != "mutability" {
			t.Errorf("seats were written: %s", refused.text)
		}
	})
}

// expectClaims compares the reasons for which a person sits.
func (w *world) expectClaims(user string, want ...string) {
	w.t.Helper()
	of, _ := id.User.Parse(user)
	seats, err := w.seats.SeatsOf(w.admin, []id.ID{of})
	if err != nil {
		w.t.Fatal(err)
	}
	var got []string
	for _, seat := range seats[of] {
		claims, err := w.seats.ClaimsOf(w.admin, []id.ID{seat.ID})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, c := range claims[seat.ID] {
			got = append(got, c.Reason)
		}
	}
	if !reflect.DeepEqual(got, want) {
		w.t.Errorf("she has the claims %v, want %v", got, want)
	}
}

func TestEntitlementsAskForALicenseAndGiveItBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		l := w.license("Advanced", 1)
		name := id.License.Format(l.ID)
		asked := `,"entitlements":[{"value":"` + name + `","display":"Advanced","type":"License"},{"value":"of others","type":"Other"}]`
		made := w.want(http.StatusCreated, "POST", "/Users", userWith("ada", asked))
		of := made.str("id")
		if got := entitlements(made); !reflect.DeepEqual(got, []string{name, "of others"}) {
			t.Errorf("her entitlements are %v", got)
		}
		w.expectClaims(of, licensing.ByRequest)
		w.want(http.StatusOK, "PUT", "/Users/"+of, userWith("ada", `,"title":"Director"`))
		w.expectClaims(of, licensing.ByRequest)

		second := w.want(http.StatusCreated, "POST", "/Users", userWith("bob", `,"entitlements":[{"value":"ADVANCED"}]`)).str("id")
		if got := w.seatStates(l.ID, of, second); !reflect.DeepEqual(got, []string{"invited", "waiting"}) {
			t.Errorf("the seats are %v", got)
		}
		gone := w.want(http.StatusOK, "PATCH", "/Users/"+of, ops(`{"op":"remove","path":"entitlements[value eq \"`+name+`\"]"}`))
		if got := entitlements(gone); !reflect.DeepEqual(got, []string{"of others"}) {
			t.Errorf("her entitlements are %v", got)
		}
		if got := w.seatStates(l.ID, of, second); !reflect.DeepEqual(got, []string{"released", "invited"}) {
			t.Errorf("then the seats are %v", got)
		}
		w.want(http.StatusOK, "PATCH", "/Users/"+of, ops(`{"op":"add","path":"entitlements","value":[{"value":"`+name+`"}]}`))
		w.want(http.StatusOK, "PUT", "/Users/"+second, userWith("bob", `,"entitlements":[]`))
		if got := w.seatStates(l.ID, of, second); !reflect.DeepEqual(got, []string{"invited", "released"}) {
			t.Errorf("at last the seats are %v", got)
		}
	})
}

func TestLicensesAreEntitlements(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		l := w.license("Sales Navigator Advanced Plus", 2)
		w.license("TeamLink Extend", 5)
		w.autoAssign(l.ID)
		w.create("ada")
		all := w.want(http.StatusOK, "GET", "/Licenses", "")
		if all.at("totalResults") != 2.0 || len(all.resources()) != 2 {
			t.Errorf("the licenses are %s", all.text)
		}
		one := w.want(http.StatusOK, "GET", "/Licenses/"+id.License.Format(l.ID), "")
		if one.str("displayName") != "Sales Navigator Advanced Plus" || one.str("type") != "License" || one.str("meta", "resourceType") != "License" ||
			one.str("description") != "sales-navigator-advanced-plus; 1 of 2 seats free" || one.str("meta", "location") == "" {
			t.Errorf("the license is %s", one.text)
		}
		found := w.want(http.StatusOK, "GET", "/Licenses?filter="+url.QueryEscape(`displayName eq "teamlink extend" and type eq "License"`), "")
		if found.at("totalResults") != 1.0 {
			t.Errorf("found %s", found.text)
		}
		if a := w.want(http.StatusOK, "GET", "/Licenses?startIndex=2&count=5", ""); a.at("itemsPerPage") != 1.0 || a.at("totalResults") != 2.0 {
			t.Errorf("the second piece is %s", a.text)
		}
		if a := w.want(http.StatusBadRequest, "GET", "/Licenses?filter="+url.QueryEscape(`description co "x"`), ""); a.str("scimType") != "invalidFilter" {
			t.Errorf("a filter that is not answered got %s", a.text)
		}
		w.want(http.StatusMethodNotAllowed, "POST", "/Licenses", `{"displayName":"More"}`)
		w.want(http.StatusNotFound, "GET", "/Licenses/"+id.License.Format(id.New()), "")
		kinds := w.want(http.StatusOK, "GET", "/ResourceTypes/License", "")
		if kinds.str("endpoint") != "/Licenses" || kinds.str("schema") != "urn:okta:scim:schemas:core:1.0:Entitlement" {
			t.Errorf("the resource type is %s", kinds.text)
		}
		w.want(http.StatusOK, "GET", "/Schemas/urn:okta:scim:schemas:core:1.0:Entitlement", "")
		w.want(http.StatusOK, "GET", "/Schemas/"+seatURN, "")
	})
}
