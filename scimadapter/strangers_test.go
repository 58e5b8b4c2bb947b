package scimadapter_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/scimadapter"
)

// strangers is how many requests name something of another tenant, on all databases together: USHER_TEST_STRANGERS, or 20,000.
func strangers() int {
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_STRANGERS")); err == nil {
		return n
	}
	return 20_000
}

// In a probe STRANGER stands for what it names of the other tenant, USER, GROUP and LICENSE for what is the sender's own.
const stranger = "STRANGER"

// probe is a request that names something of another tenant in one place.
type probe struct {
	method, path, body string
	headers            []string
	place              string // where it does
}

// filters are the places of a filter that take an id or what else is unique in a tenant.
var filters = []string{
	`id eq "STRANGER"`, `id ne "STRANGER"`, `id sw "STRANGER"`, `not (id eq "STRANGER")`, `id eq "USER" or id eq "STRANGER"`, `userName eq "STRANGER"`,
	`externalId eq "STRANGER"`, `displayName eq "STRANGER"`, `displayName co "STRANGER"`, `emails.value eq "STRANGER"`, `emails[value eq "STRANGER"]`,
	`manager eq "STRANGER"`, `manager.value eq "STRANGER"`, `members eq "STRANGER"`, `members.value eq "STRANGER"`, `members[value eq "STRANGER"]`,
	`members[display eq "STRANGER"]`, `groups.value eq "STRANGER"`, `groups[value eq "STRANGER"]`, `meta.location ew "STRANGER"`, `entitlements.value eq "STRANGER"`,
	`id eq "GROUP" and members eq "STRANGER"`, `id eq "STRANGER" and manager eq "USER"`, `userName eq "STRANGER" and active eq true`,
	`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "STRANGER"`, `urn:ietf:params:scim:schemas:core:2.0:User:id eq "STRANGER"`,
}

// bodies are the places of a body, whatever the address makes of it.
var bodies = []string{
	`{"id":"STRANGER","userName":"own@example.com"}`, `{"userName":"STRANGER"}`, `{"userName":"FRESH","externalId":"STRANGER"}`, `{"userName":"FRESH","emails":[{"value":"STRANGER"}]}`,
	`{"userName":"FRESH","meta":{"location":"/Users/STRANGER","version":"W/\"1\""}}`, `{"userName":"FRESH","groups":[{"value":"STRANGER"}]}`,
	`{"userName":"FRESH","entitlements":[{"value":"STRANGER"}]}`, `{"userName":"FRESH","roles":[{"value":"STRANGER","$ref":"/Licenses/STRANGER"}]}`,
	`{"userName":"FRESH","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"STRANGER"}}}`,
	`{"userName":"FRESH","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"$ref":"/Users/STRANGER"}}}`,
	`{"displayName":"STRANGER"}`, `{"displayName":"FRESH","externalId":"STRANGER"}`, `{"displayName":"FRESH","members":[{"value":"STRANGER"}]}`,
	`{"displayName":"FRESH","members":[{"$ref":"/Users/STRANGER"},{"$ref":"../Groups/STRANGER","type":"Group"}]}`, `{"displayName":"FRESH","members":[{"value":"USER"},{"value":"STRANGER","type":"Group"}]}`,
	`{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"id eq \"STRANGER\""}`,
	`{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"members[value eq \"STRANGER\"] or manager eq \"STRANGER\"","cursor":""}`,
	`{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"cursor":"STRANGER","count":5}`,
}

// operations are the places of a PATCH operation.
var operations = []string{
	`{"op":"add","path":"members","value":[{"value":"STRANGER"}]}`, `{"op":"add","path":"members","value":[{"$ref":"https://example.com/scim/v2/Groups/STRANGER"}]}`,
	`{"op":"replace","path":"members","value":[{"value":"USER"},{"value":"STRANGER"}]}`, `{"op":"remove","path":"members[value eq \"STRANGER\"]"}`,
	`{"op":"remove","path":"members","value":[{"value":"STRANGER"}]}`, `{"op":"add","value":{"members":[{"value":"STRANGER"}]}}`, `{"op":"replace","value":{"id":"STRANGER"}}`,
	`{"op":"replace","path":"id","value":"STRANGER"}`, `{"op":"replace","path":"externalId","value":"STRANGER"}`, `{"op":"replace","path":"displayName","value":"STRANGER"}`,
	`{"op":"replace","path":"userName","value":"STRANGER"}`, `{"op":"add","path":"groups","value":[{"value":"STRANGER"}]}`, `{"op":"add","path":"entitlements","value":[{"value":"STRANGER"}]}`,
	`{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"STRANGER"}`,
	`{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":{"$ref":"../Users/STRANGER"}}`,
	`{"op":"replace","path":"emails[value eq \"STRANGER\"].value","value":"x@example.com"}`,
}

// conditions are what a request may ask of the version that it finds: the other tenant's things have the first one.
var conditions = [][]string{{"If-Match", `W/"1"`}, {"If-Match", `W/"7"`}, {"If-Match", "*"}, {"If-None-Match", `W/"1"`}, {"If-None-Match", "*"}, {"If-Match", `W/"STRANGER"`}, {"If-None-Match", `"STRANGER"`}}

// probes crosses every address of the table with every method and every place: an address or a place that is new is in by itself.
func probes(routes []scimadapter.Route) []probe {
	var all []probe
	add := func(method, path, body, place string, headers ...string) {
		if strings.Contains(path+body+strings.Join(headers, ""), stranger) {
			all = append(all, probe{method, path, body, headers, place})
		}
	}
	for _, route := range routes {
		addresses := []string{"/" + route.Path}
		if strings.HasSuffix(route.Path, "/") {
			addresses = []string{"/" + route.Path + stranger}
			if route.Item {
				addresses = append(addresses, "/"+route.Path+map[string]string{"Users/": "USER", "Groups/": "GROUP", "Licenses/": "LICENSE"}[route.Path])
			}
		}
		for _, address := range addresses {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
				if method == http.MethodDelete && !strings.Contains(address, stranger) {
					continue // the sender's own is needed further on
				}
				places := placesOf(route, method)
				for _, filter := range filters[:places.filters] {
					add(method, address+"?count=5&filter="+url.QueryEscape(filter), "", "filter "+filter)
				}
				for _, query := range []string{"cursor=STRANGER", "sortBy=STRANGER", "attributes=STRANGER", "excludedAttributes=STRANGER", "startIndex=STRANGER", "id=STRANGER"} {
					add(method, address+"?"+query, "", "query")
				}
				add(method, address, "", "path")
				for _, condition := range conditions {
					add(method, address, `{"userName":"FRESH","displayName":"FRESH"}`, "condition", condition...)
				}
				for _, body := range bodies[:places.bodies] {
					add(method, address, body, "body")
				}
				for _, operation := range operations[:places.operations] {
					add(method, address, ops(operation), "operation")
				}
				for _, operation := range bulked()[:places.bulked] {
					add(method, address, bulk("", operation), "bulk")
				}
			}
		}
	}
	return all
}

// places are how many of the places of each kind a method of an address can have.
type places struct{ filters, bodies, operations, bulked int }

func placesOf(route scimadapter.Route, method string) places {
	switch {
	case method == http.MethodGet && slices.Contains(route.Methods, method):
		return places{filters: len(filters)}
	case (method == http.MethodPost || method == http.MethodPut) && slices.Contains(route.Methods, method):
		if route.Path == "Bulk" {
			return places{filters: 1, bodies: 1, bulked: len(bulked())}
		}
		return places{filters: 1, bodies: len(bodies), operations: 1, bulked: 1}
	case method == http.MethodPatch && slices.Contains(route.Methods, method):
		return places{filters: 1, bodies: 1, operations: len(operations), bulked: 1}
	case method == http.MethodHead || method == http.MethodOptions || method == http.MethodDelete:
		return places{filters: 1}
	default: // it is not taken, whatever it carries
		return places{filters: 1, bodies: 1, operations: 1, bulked: 1}
	}
}

// bulked are the places of an operation of a bulk.
func bulked() []string {
	all := []string{
		`{"method":"DELETE","path":"/Users/STRANGER"}`, `{"method":"DELETE","path":"/Groups/STRANGER"}`, `{"method":"PUT","path":"/Users/STRANGER","data":{"userName":"FRESH"}}`,
		`{"method":"PATCH","path":"/Groups/STRANGER","data":` + ops(`{"op":"remove","path":"members"}`) + `}`, `{"method":"POST","path":"/Users","bulkId":"STRANGER","data":{"userName":"FRESH"}}`,
		`{"method":"POST","path":"/Groups","bulkId":"a","data":{"displayName":"FRESH","members":[{"value":"bulkId:STRANGER"}]}}`,
	}
	for _, operation := range operations {
		all = append(all, `{"method":"PATCH","path":"/Groups/GROUP","data":`+ops(operation)+`}`, `{"method":"PATCH","path":"/Users/USER","data":`+ops(operation)+`}`)
	}
	return all
}

// TestNoRequestTellsAStrangerFromNobody sends every probe with something of another tenant, and with something that nobody has: the
// answers are the same byte for byte, nothing of the other tenant is in them, and the other tenant stays as it was.
func TestNoRequestTellsAStrangerFromNobody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		theirs := newWorld(t, db)
		foreign := theirs.canaries()
		before := theirs.whole()
		r := newRival(t, db)
		all := probes(r.routes())
		random := rand.New(rand.NewPCG(3, 4))
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		rounds := strangers() / 2 / len(storetest.Dialects)
		for n := range rounds {
			p, what := all[n%len(all)], foreign[random.IntN(len(foreign))]
			spelled := spellings[random.IntN(len(spellings))]
			asked := [2]string{spelled(what.value), spelled(what.nobody())}
			first := random.IntN(2)
			var said [2]string
			for _, which := range []int{first, 1 - first} {
				got := r.ask(p, asked[which])
				said[which] = steady(got, asked[which])
				if which == 0 && strings.Contains(got.Body.String(), "canary") && !strings.Contains(what.value, "canary") {
					t.Errorf("%s %s (%s %s) shows the other tenant: %s", p.method, p.path, p.place, p.body, got.Body)
				}
			}
			if said[0] != said[1] {
				t.Errorf("%s %s (%s %s %v) tells a stranger from nobody:\n%s\n%s", p.method, p.path, p.place, p.body, p.headers, said[0], said[1])
			}
			if t.Failed() {
				t.Fatalf("in round %d of %d, with %q", n, rounds, asked)
			}
		}
		if rounds < len(all) && os.Getenv("USHER_TEST_STRANGERS") == "" {
			t.Errorf("only %d of %d probes were sent", rounds, len(all))
		}
		if after := theirs.whole(); after != before {
			t.Errorf("the other tenant was changed:\n%s\n%s", before, after)
		}
	})
}

// rival is a tenant that asks for another's things. It has a person, a group and a license of its own.
type rival struct {
	*world

	own   map[string]string
	fresh int
}

func newRival(t *testing.T, db *store.DB) *rival {
	t.Helper()
	r := &rival{world: newWorld(t, db)}
	r.own = map[string]string{"LICENSE": id.License.Format(r.license("Own product", 3).ID)}
	r.renew()
	return r
}

func (r *rival) routes() []scimadapter.Route {
	r.t.Helper()
	handler, ok := r.server.Config.Handler.(*scimadapter.Handler)
	if !ok {
		r.t.Fatal("the server has another handler")
	}
	return handler.Routes()
}

// renew gives the tenant a person and a group that nobody has touched.
func (r *rival) renew() {
	r.t.Helper()
	r.own["USER"] = r.made("/Users", `{"userName":"`+r.name()+`"}`)
	r.own["GROUP"] = r.made("/Groups", `{"displayName":"`+r.name()+`"}`)
}

func (r *rival) made(path, body string) string {
	r.t.Helper()
	got := r.raw(http.MethodPost, path, body, "Content-Type", "application/scim+json")
	if got.Code != http.StatusCreated {
		r.t.Fatalf("POST %s %s answered %d %s", path, body, got.Code, got.Body)
	}
	return got.Header().Get("Location")[strings.LastIndexByte(got.Header().Get("Location"), '/')+1:]
}

// name is one that nobody had yet.
func (r *rival) name() string {
	r.fresh++
	return fmt.Sprintf("fresh%06d-%s", r.fresh, randomWord(4))
}

// ask sends a probe with a value in it. What a probe has changed is removed, so that no other finds it.
func (r *rival) ask(p probe, value string) *httptest.ResponseRecorder {
	r.t.Helper()
	fill := func(escaped string) *strings.Replacer {
		return strings.NewReplacer("USER", r.own["USER"], "GROUP", r.own["GROUP"], "LICENSE", r.own["LICENSE"], "FRESH", r.name(), stranger, escaped)
	}
	address, query, _ := strings.Cut(p.path, "?")
	headers := []string{"Content-Type", "application/scim+json"}
	for _, header := range p.headers {
		headers = append(headers, fill(value).Replace(header))
	}
	got := r.raw(p.method, fill(url.PathEscape(value)).Replace(address)+"?"+fill(url.QueryEscape(value)).Replace(query), fill(value).Replace(p.body), headers...)
	if got.Code < http.StatusMultipleChoices && !p.reads() {
		r.clear()
	}
	return got
}

// clear removes everybody and every group, and begins anew.
func (r *rival) clear() {
	r.t.Helper()
	for _, path := range []string{"/Users", "/Groups"} {
		var list struct {
			Resources []struct {
				ID string `json:"id"`
			} `json:"Resources"`
		}
		if err := json.Unmarshal(r.raw(http.MethodGet, path+"?attributes=id", "").Body.Bytes(), &list); err != nil {
			r.t.Fatal(err)
		}
		for _, one := range list.Resources {
			if got := r.raw(http.MethodDelete, path+"/"+one.ID, ""); got.Code != http.StatusNoContent {
				r.t.Fatalf("clearing answered %d %s", got.Code, got.Body)
			}
		}
	}
	r.renew()
}

// something is a thing of the other tenant, and how to make one that nobody has.
type something struct {
	value  string
	nobody func() string
}

// canaries fills a tenant, and returns everything that could be named of it.
func (w *world) canaries() []something {
	l := w.license("canary product", 5)
	w.autoAssign(l.ID)
	user := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"canary@example.com","externalId":"canary-7","displayName":"canary","emails":[{"value":"canary@example.com"}]}`).str("id")
	report := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"canary2@example.com","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"`+user+`"}}}`).str("id")
	inner := w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"canary inner","members":[{"value":"`+report+`"}]}`).str("id")
	group := w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"canary","externalId":"canary-8","members":[{"value":"`+user+`"},{"value":"`+inner+`","type":"Group"}]}`).str("id")
	who, _ := caller.From(w.admin)
	cursor := w.want(http.StatusOK, "GET", "/Users?cursor=&count=1", "").str("nextCursor")
	forged := func() string {
		sealed := make([]byte, base64.RawURLEncoding.DecodedLen(len(cursor)))
		for n := range sealed {
			sealed[n] = byte(rand.IntN(256))
		}
		return cursor[:1] + base64.RawURLEncoding.EncodeToString(sealed)[1:] // where it stands as a name, it is one as much as the other
	}
	of := func(kind id.Kind, value string) something {
		return something{value, func() string { return kind.Format(id.New()) }}
	}
	named := func(value string) something {
		return something{value, func() string { return strings.ReplaceAll(value, "canary", randomWord(len("canary"))) }}
	}
	return []something{
		of(id.User, user), of(id.User, report), of(id.Group, group), of(id.Group, inner), of(id.License, id.License.Format(l.ID)), of(id.Config, id.Config.Format(w.config.ID)),
		of(id.Tenant, id.Tenant.Format(who.Tenant)), named("canary@example.com"), named("canary-7"), named("canary"),
		{cursor, forged},
	}
}

func randomWord(length int) string {
	word := make([]byte, length)
	for n := range word {
		word[n] = byte('a' + rand.IntN(26))
	}
	return string(word)
}

var spellings = []func(string) string{
	func(value string) string { return value }, func(value string) string { return value }, func(value string) string { return value },
	strings.ToUpper, func(value string) string { return value + " " }, func(value string) string { return aPrefix.ReplaceAllString(value, "") },
}

var aPrefix = regexp.MustCompile(`^[a-z]+_`)

func (p probe) reads() bool {
	return p.method == http.MethodGet || p.method == http.MethodHead || p.method == http.MethodOptions
}

var (
	anyID      = regexp.MustCompile(`\b(usr|grp|lic|evt|seat)_[0-9a-z]{26}\b`)
	anyTime    = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	anyVersion = regexp.MustCompile(`W/\\?\\?"\d+\\?\\?"`)
	anyFresh   = regexp.MustCompile(`fresh\d{6}-[a-z]{4}`)
	anyDate    = regexp.MustCompile(`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`)
	anyCursor  = regexp.MustCompile(`"(nextCursor|previousCursor)":"[^"]*"`)
)

// steady is a whole answer, without what differs from one request to the next: what it was asked with, what was made just now, and
// times and versions.
func steady(a *httptest.ResponseRecorder, asked string) string {
	var text strings.Builder
	fmt.Fprintln(&text, a.Code)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range a.Header() {
			if name != "Content-Length" && !yield(name) { // it follows from the body, in which versions grow
				return
			}
		}
	}) {
		fmt.Fprintln(&text, name, a.Header()[name])
	}
	text.WriteString(a.Body.String())
	all := text.String()
	for _, form := range []string{asked, url.PathEscape(asked), url.QueryEscape(asked), strings.ToLower(asked), strings.TrimSpace(asked), strings.ToLower(strings.TrimSpace(asked))} {
		all = strings.ReplaceAll(all, form, stranger)
	}
	for _, varying := range []*regexp.Regexp{anyFresh, anyID, anyTime, anyDate, anyVersion, anyCursor} {
		all = varying.ReplaceAllString(all, "…")
	}
	return all
}

// whole is everything that a tenant shows and keeps.
func (w *world) whole() string {
	w.t.Helper()
	var text strings.Builder
	for _, path := range []string{"/Users", "/Groups", "/Licenses"} {
		text.WriteString(w.want(http.StatusOK, "GET", path, "").text)
	}
	who, _ := caller.From(w.admin)
	for _, table := range []string{"users", "user_values", "links", "groups", "memberships", "parked_members", "licenses", "claims", "seats", "ledger", "events", "scim_configs"} {
		var rows int64
		if err := w.db.QueryRow(w.admin, `SELECT count(*) FROM `+table+` WHERE tenant_id = $1`, who.Tenant).Scan(&rows); err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintln(&text, table, rows)
	}
	return text.String()
}
