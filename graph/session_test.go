package graph_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/usherhq/usher/graph"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
)

// browser is a browser at the console: it keeps its cookie and says where its pages come from.
type browser struct {
	w       *world
	door    *graph.Sessions
	scheme  string
	cookies []*http.Cookie
}

func (w *world) browser() *browser {
	return &browser{w: w, door: graph.NewSessions(w.r, clock.System(), slog.New(slog.DiscardHandler)), scheme: "http"}
}

// send makes the browser send a request; headers come in pairs, and an empty one takes away what the browser would say.
func (b *browser) send(h http.Handler, method, path, body string, headers ...string) *http.Response {
	b.w.t.Helper()
	r := httptest.NewRequest(method, b.scheme+"://usher.example"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		if r.Header.Del(headers[i]); headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	got := httptest.NewRecorder()
	h.ServeHTTP(got, r)
	response := got.Result()
	for _, c := range response.Cookies() {
		b.cookies = []*http.Cookie{c}
		if c.MaxAge < 0 {
			b.cookies = nil
		}
	}
	return response
}

func (b *browser) signIn(secret string, headers ...string) *http.Response {
	b.w.t.Helper()
	return b.send(b.door, http.MethodPost, "/console/session", `{"link":"`+secret+`"}`, headers...)
}

func (b *browser) ask(query string, headers ...string) answer {
	b.w.t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		b.w.t.Fatal(err)
	}
	response := b.send(b.w.server, http.MethodPost, "/graphql", string(body), headers...)
	text, err := io.ReadAll(response.Body)
	a := answer{status: response.StatusCode, text: string(text)}
	if err := errors.Join(err, json.Unmarshal(text, &a)); err != nil {
		b.w.t.Fatal(err)
	}
	return a
}

func codeOf(t *testing.T, r *http.Response) string {
	t.Helper()
	var a answer
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a.code()
}

func secretIn(link string) string { return link[strings.LastIndex(link, "/")+1:] }

// invited makes an administrator over GraphQL and returns the secret of her link.
func (w *world) invited(token, email, role string) (administrator, secret string) {
	w.t.Helper()
	a := w.want(token, `mutation { inviteAdministrator(input: {name: "Ada", email: "`+email+`", role: `+role+`}) { link invitation { expiresAt } administrator { id } } }`)
	link, _ := a.at("inviteAdministrator", "link").(string)
	administrator, _ = a.at("inviteAdministrator", "administrator", "id").(string)
	if !strings.HasPrefix(link, w.r.ConsoleURL+"#/sign-in/") {
		w.t.Fatalf("the link is %q", link)
	}
	return administrator, secretIn(link)
}

const whoAmI = `{ viewer { kind name scopes administratorId email role tenant { slug } session { id userAgent administratorId } } }`

func TestAnAdministratorSignsInAndOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, token := w.tenant(caller.ScopeAdmin)
		ada, secret := w.invited(token, "ada@example.com", "FULL")
		b := w.browser()
		if a := b.ask(whoAmI); a.status != http.StatusUnauthorized || a.code() != "token_missing" {
			t.Errorf("nobody is %s", a.text)
		}
		response := b.signIn(secret, "User-Agent", "Firefox")
		if response.StatusCode != http.StatusNoContent || len(b.cookies) != 1 {
			t.Fatalf("signing in answered %d %v", response.StatusCode, response.Header)
		}
		if c := b.cookies[0]; c.Name != "usher" || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 7*24*3600 {
			t.Errorf("the cookie is %+v", c)
		}
		a := b.ask(whoAmI)
		if a.at("viewer", "administratorId") != ada || a.at("viewer", "role") != "FULL" || a.at("viewer", "email") != "ada@example.com" ||
			a.at("viewer", "session", "userAgent") != "Firefox" || a.at("viewer", "tenant", "slug") == nil {
			t.Errorf("she is %s", a.text)
		}
		if a := b.ask(`mutation { createUser(input: {userName: "ben@example.com"}) { user { id } } }`); a.code() != "" {
			t.Errorf("she cannot work: %s", a.text)
		}
		if a := b.ask(whoAmI, "Authorization", "Bearer "+token); a.at("viewer", "kind") != "service" || a.at("viewer", "session") != nil {
			t.Errorf("with a token she is %s", a.text)
		}
		seen := w.want(token, `{ tenant { sessions { id administratorId } invitations { administratorId } } }`)
		if seen.at("tenant", "sessions", 0, "administratorId") != ada || seen.at("tenant", "invitations", 0) != nil {
			t.Errorf("others see %s", seen.text)
		}
		kept := *b.cookies[0]
		if response := b.send(b.door, http.MethodDelete, "/console/session", ""); response.StatusCode != http.StatusNoContent || len(b.cookies) != 0 {
			t.Errorf("signing out answered %d %v", response.StatusCode, response.Header)
		}
		b.cookies = []*http.Cookie{&kept}
		if a := b.ask(whoAmI); a.status != http.StatusUnauthorized || a.code() != "session_ended" {
			t.Errorf("signed out she is %s", a.text)
		}
		if response := b.send(b.door, http.MethodDelete, "/console/session", ""); response.StatusCode != http.StatusNoContent {
			t.Errorf("signing out twice answered %d", response.StatusCode)
		}
		if response := b.signIn(secret); response.StatusCode != http.StatusUnauthorized || codeOf(t, response) != "link_used" {
			t.Errorf("the link again answered %d", response.StatusCode)
		}
	})
}

// Another site can make a browser send its cookies, where the browser does not keep to SameSite; it cannot make it say that it
// comes from here.
func TestOtherSitesCannotUseASession(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.r.ConsoleURL = "https://public.example/console/"
		_, token := w.tenant(caller.ScopeAdmin)
		_, secret := w.invited(token, "ada@example.com", "FULL")
		b := w.browser()
		b.scheme = "https"
		foreign := [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "other"}, {"Sec-Fetch-Site", ""},
			{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, {"Sec-Fetch-Site", "", "Origin", "null"}, {"Sec-Fetch-Site", "", "Origin", "http://usher.example"},
			{"Sec-Fetch-Site", "", "Origin", "https://usher.example:444"}, {"Sec-Fetch-Site", "", "Origin", "https://usher.example.evil.example"},
			{"Sec-Fetch-Site", "", "Origin", "http://public.example"}, {"Sec-Fetch-Site", "cross-site", "Origin", "https://usher.example"},
		}
		for _, headers := range foreign {
			if response := b.signIn(secret, headers...); response.StatusCode != http.StatusForbidden || codeOf(t, response) != "cross_origin" || len(b.cookies) > 0 {
				t.Errorf("%q signed in: %d", headers, response.StatusCode)
			}
		}
		if response := b.signIn(secret); response.StatusCode != http.StatusNoContent || b.cookies[0].Name != "__Host-usher" || !b.cookies[0].Secure {
			t.Fatalf("signing in answered %d %v", response.StatusCode, response.Header)
		}
		for _, headers := range foreign {
			if a := b.ask(`mutation { createUser(input: {userName: "evil@example.com"}) { user { id } } }`, headers...); a.code() != "cross_origin" || a.status != http.StatusForbidden {
				t.Errorf("%q was answered %s", headers, a.text)
			}
			if response := b.send(b.door, http.MethodDelete, "/console/session", "", headers...); response.StatusCode != http.StatusForbidden || len(b.cookies) == 0 {
				t.Errorf("%q signed her out: %d", headers, response.StatusCode)
			}
		}
		for _, own := range [][]string{{}, {"Sec-Fetch-Site", "", "Origin", "https://usher.example"}, {"Sec-Fetch-Site", "", "Origin", "https://public.example"}} {
			if a := b.ask(`{ users { totalCount } }`, own...); a.at("users", "totalCount") != 0.0 {
				t.Errorf("%q was answered %s", own, a.text)
			}
		}
		for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""} {
			if a := b.ask(`{ viewer { name } }`, "Content-Type", media); a.code() != "unsupported_media_type" {
				t.Errorf("%q was answered %s", media, a.text)
			}
		}
		plain := &http.Cookie{Name: "usher", Value: b.cookies[0].Value} // what another host of the domain could have set
		b.cookies = []*http.Cookie{plain}
		if a := b.ask(`{ viewer { name } }`); a.code() != "token_missing" {
			t.Errorf("a cookie without its prefix behind https was answered %s", a.text)
		}
	})
}

func TestLinksCannotBeTriedOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, token := w.tenant(caller.ScopeAdmin)
		_, secret := w.invited(token, "ada@example.com", "LIMITED")
		b := w.browser()
		for body, code := range map[string]string{
			"": "bad_request", "[]": "bad_request", `{"link":1}`: "bad_request", `{"link":"` + strings.Repeat("x", 2000) + `"}`: "request_too_large",
			`{}`: "link_invalid", `{"link":"\u0000"}`: "link_invalid",
		} {
			if response := b.send(b.door, http.MethodPost, "/console/session", body); response.StatusCode < 400 || response.StatusCode >= 500 || codeOf(t, response) != code {
				t.Errorf("%.50q was answered %d", body, response.StatusCode)
			}
		}
		if response := b.signIn(secret, "Content-Type", "text/plain"); codeOf(t, response) != "unsupported_media_type" {
			t.Errorf("as text: %d", response.StatusCode)
		}
		if response := b.send(b.door, http.MethodGet, "/console/session", ""); response.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET answered %d", response.StatusCode)
		}
		refused := 0
		for range 30 {
			response := b.signIn(strings.Repeat("A", 43))
			if response.StatusCode == http.StatusTooManyRequests && response.Header.Get("Retry-After") == "3" && codeOf(t, response) == "too_many_tries" {
				refused++
			}
		}
		if refused < 10 || refused > 15 {
			t.Errorf("%d of 30 tries were not even looked at", refused)
		}
		if response := b.signIn(secret); response.StatusCode != http.StatusTooManyRequests {
			t.Errorf("the good link at once answered %d", response.StatusCode)
		}
	})
}

func TestASessionOpensWhatTheRoleOpens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, token := w.tenant(caller.ScopeAdmin)
		ben, secret := w.invited(token, "ben@example.com", "REPORTING")
		b := w.browser()
		b.signIn(secret)
		if a := b.ask(`{ licenses { totalCount } viewer { role email session { id } tenant { name } } }`); a.code() != "" || a.at("viewer", "role") != "REPORTING" {
			t.Errorf("reporting sees %s", a.text)
		}
		for _, query := range []string{`{ users { totalCount } }`, `{ tenant { sessions { id } } }`, `mutation { inviteAdministrator(input: {name: "X", email: "x@example.com", role: FULL}) { link } }`} {
			if a := b.ask(query); a.code() != "forbidden" {
				t.Errorf("%s answered %s", query, a.text)
			}
		}
		w.want(token, `mutation { updateAdministrator(input: {id: "`+ben+`", role: LIMITED}) { administrator { role } } }`)
		if a := b.ask(`{ users { totalCount } }`); a.code() != "" {
			t.Errorf("raised to limited she is refused: %s", a.text)
		}
		if a := b.ask(`mutation { endSessions(input: {}) { ended } }`); a.at("endSessions", "ended") != 1.0 {
			t.Errorf("everywhere is %s", a.text)
		}
		if a := b.ask(whoAmI); a.code() != "session_ended" {
			t.Errorf("afterwards: %s", a.text)
		}
		if a := w.ask(token, `mutation { endSessions(input: {}) { ended } }`); a.code() != "no_session" {
			t.Errorf("a token has sessions: %s", a.text)
		}
		renewed := w.want(token, `mutation { renewInvitation(input: {administratorId: "`+ben+`"}) { link } }`)
		w.want(token, `mutation { revokeInvitation(input: {administratorId: "`+ben+`"}) { administrator { id } } }`)
		link, _ := renewed.at("renewInvitation", "link").(string)
		if response := b.signIn(secretIn(link)); codeOf(t, response) != "link_invalid" {
			t.Errorf("a link that was taken back answered %d", response.StatusCode)
		}
		again := w.want(token, `mutation { renewInvitation(input: {administratorId: "`+ben+`"}) { link } }`)
		link, _ = again.at("renewInvitation", "link").(string)
		b.signIn(secretIn(link))
		session, _ := b.ask(whoAmI).at("viewer", "session", "id").(string)
		w.want(token, `mutation { endSession(input: {id: "`+session+`"}) { id } }`)
		if a := b.ask(whoAmI); a.code() != "session_ended" {
			t.Errorf("ended by another: %s", a.text)
		}
		of, _ := id.Administrator.Parse(ben)
		if err := w.r.Access.RemoveAdministrator(ctx, of); err != nil {
			t.Error(err)
		}
	})
}

func TestAnOperatorEntersTenantsInTheConsole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, _ := w.tenant(caller.ScopeAdmin)
		w.people(ctx, 2)
		outside := caller.With(t.Context(), caller.Caller{Kind: caller.KindOperator, Scopes: caller.Scopes{caller.ScopeOperator}})
		_, link, err := w.r.Access.InviteOperator(outside)
		if err != nil {
			t.Fatal(err)
		}
		b := w.browser()
		b.signIn(link.Reveal())
		if a := b.ask(`{ tenants { nodes { id } } viewer { kind tenant { id } session { administratorId } } }`); a.at("viewer", "kind") != "operator" || a.at("viewer", "tenant") != nil {
			t.Errorf("outside: %s", a.text)
		}
		if a := b.ask(`{ users { totalCount } }`); a.code() != "no_tenant" {
			t.Errorf("outside: %s", a.text)
		}
		who, _ := caller.From(ctx)
		of := id.Tenant.Format(who.Tenant)
		if a := b.ask(`mutation { enterTenant(input: {tenantId: "` + of + `"}) { viewer { tenant { id } } } }`); a.at("enterTenant", "viewer", "tenant", "id") != of {
			t.Errorf("entering: %s", a.text)
		}
		if a := b.ask(`{ users { totalCount } }`); a.at("users", "totalCount") != 2.0 {
			t.Errorf("inside: %s", a.text)
		}
		if a := b.ask(`mutation { enterTenant(input: {tenantId: "` + id.Tenant.Format(id.New()) + `"}) { viewer { name } } }`); a.code() != "tenant_not_found" {
			t.Errorf("into nowhere: %s", a.text)
		}
		if a := b.ask(`mutation { enterTenant(input: {}) { viewer { tenant { id } } } }`); a.code() != "" || a.at("enterTenant", "viewer", "tenant") != nil {
			t.Errorf("leaving: %s", a.text)
		}
		if a := w.ask(w.operator(), `mutation { enterTenant(input: {tenantId: "`+of+`"}) { viewer { name } } }`); a.code() != "no_session" {
			t.Errorf("a token enters: %s", a.text)
		}
	})
}
