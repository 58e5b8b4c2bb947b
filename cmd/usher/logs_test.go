package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/storetest"
)

// entry is a line of the log.
type entry struct {
	Level  string `json:"level"`
	Msg    string `json:"msg"`
	ID     string `json:"id"`
	Method string `json:"method"`
	Door   string `json:"door"`
	Status int    `json:"status"`
}

func entries(t *testing.T, log string) []entry {
	t.Helper()
	var all []entry
	lines := bufio.NewScanner(strings.NewReader(log))
	for lines.Scan() {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("a line of the log is %q: %v", lines.Text(), err)
		}
		all = append(all, e)
	}
	return all
}

// TestLogsHaveEveryRequestAndNothingOfAnybody sends canaries through every door wherever a client can put something, with the log
// at its most talkative: each request is one line with its id and door, and no line has a canary, a token or a part of one.
//
// Conformance: B-6750-04 S-9-02
func TestLogsHaveEveryRequestAndNothingOfAnybody(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			at := []string{"--database", storetest.URL(t, dialect), "--data", t.TempDir()}
			printed(t, new(any), append([]string{"tenant", "create", "--name", "Own", "--slug", "own", "--plan", "advanced"}, at...)...)
			var config printedConfig
			var admin printedToken
			printed(t, &config, append([]string{"scim", "create", "--tenant", "own", "--name", "Okta"}, at...)...)
			printed(t, &admin, append([]string{"token", "create", "--tenant", "own", "--name", "A", "--scope", "admin"}, at...)...)
			s := serve(t, append(at, "--log-level", "debug", "--log-json")...)
			want := map[string]entry{}
			var parts []string // of tokens, which nothing may have
			for _, secret := range []string{config.Token, admin.Token, s.operator()} {
				parts = append(parts, strings.Split(secret, ".")...)
			}
			hush := func(what, text string, hidden ...string) {
				t.Helper()
				for _, part := range hidden {
					if at := strings.Index(text, part); at >= 0 {
						t.Errorf("%s has %.20q: %s", what, part, text[max(0, at-200):min(len(text), at+200)])
					}
				}
			}
			for _, r := range canaryRequests() {
				for _, token := range []string{config.Token, admin.Token, s.operator(), "canary", "eyJcanary.eyJcanary.canary"} {
					response, text := s.ask(r.method, r.path, r.body, "Authorization", "Bearer "+token, "Content-Type", r.kind, "Cookie", "canary=canary",
						"User-Agent", "canary", requestHeader, "canary", "X-Forwarded-Host", "canary", "If-Match", `W/"canary"`)
					hush("an answer", text, parts...)
					if r.door == "scim" && response.StatusCode >= http.StatusBadRequest {
						hush("a refusal", text, "canary")
					}
					request := response.Header.Get(requestHeader)
					want[request] = entry{Level: "INFO", Msg: "request", ID: request, Method: known(r.method), Door: r.door, Status: response.StatusCode}
				}
			}
			parts = append(parts, "canary", "eyJ")
			metrics, numbers := s.ask("GET", "/metrics", "")
			took := func(r *http.Response, method, door string) {
				request := r.Header.Get(requestHeader)
				want[request] = entry{Level: "INFO", Msg: "request", ID: request, Method: method, Door: door, Status: r.StatusCode}
			}
			took(metrics, "GET", "metrics")
			hush("a metric", numbers, parts...)
			var tenant struct {
				Tenant struct {
					Calls struct {
						Nodes []json.RawMessage `json:"nodes"`
					} `json:"calls"`
				} `json:"tenant"`
			}
			const calls = `{ tenant { calls(first: 100) { nodes { method path status verdict scimType detail resourceType requestId } } } }`
			s.until(func() bool { // the log is written by and by
				response, text := s.ask("POST", "/graphql", jsonOf(t, map[string]string{"query": calls}), "Authorization", "Bearer "+admin.Token, "Content-Type", "application/json")
				took(response, "POST", "graphql")
				var answer struct {
					Data json.RawMessage `json:"data"`
				}
				if err := json.Unmarshal([]byte(text), &answer); err != nil || json.Unmarshal(answer.Data, &tenant) != nil {
					t.Fatalf("the calls are %s, %v", text, err)
				}
				hush("the log of calls", text, parts...)
				return len(tenant.Tenant.Calls.Nodes) > 10
			})
			s.stop()
			log := s.logged.String()
			hush("the log", log, parts...)
			seen := map[string]int{}
			for _, e := range entries(t, log) {
				if e.Msg != "request" {
					continue
				}
				if seen[e.ID]++; e != want[e.ID] {
					t.Errorf("a request is logged as %+v, want %+v", e, want[e.ID])
				}
			}
			for id, e := range want {
				if seen[id] != 1 {
					t.Errorf("%+v is in the log %d times", e, seen[id])
				}
			}
			if strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, `"level":"WARN"`) {
				t.Errorf("bad requests are somebody's trouble:\n%s", log)
			}
		})
	}
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

type canaryRequest struct{ door, method, path, kind, body string }

// canaryPerson has a canary in every attribute.
const canaryPerson = `{"userName":"canary3","externalId":"canary","password":"canary","displayName":"canary","nickName":"canary","profileUrl":"https://canary.example","title":"canary",
	"userType":"canary","preferredLanguage":"canary","locale":"canary","timezone":"canary","name":{"formatted":"canary","familyName":"canary","givenName":"canary","middleName":"canary",
	"honorificPrefix":"canary","honorificSuffix":"canary"},"emails":[{"value":"canary","display":"canary","type":"canary"}],"phoneNumbers":[{"value":"canary"}],"ims":[{"value":"canary"}],
	"photos":[{"value":"https://canary.example"}],"addresses":[{"formatted":"canary","streetAddress":"canary","locality":"canary","region":"canary","postalCode":"canary","country":"canary"}],
	"entitlements":[{"value":"canary"}],"roles":[{"value":"canary"}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"canary","costCenter":"canary",
	"organization":"canary","division":"canary","department":"canary","manager":{"value":"canary"}},"urn:example:canary:2.0:User":{"canary":"canary"}}`

func canaryRequests() []canaryRequest {
	const scim, plain = "application/scim+json", "application/json"
	graphQL := func(query string) canaryRequest {
		body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]string{"canary": "canary"}})
		if err != nil {
			panic(err)
		}
		return canaryRequest{"graphql", "POST", "/graphql", plain, string(body)}
	}
	return []canaryRequest{
		{"scim", "POST", "/scim/v2/Users", scim, `{"userName":"canary@example.com","password":"canary","emails":[{"value":"canary@example.com"}],"externalId":"canary"}`},
		{"scim", "POST", "/scim/v2/Users", scim, canaryPerson},
		{"scim", "POST", "/scim/v2/Users", scim, `{"userName":"canary@example.com"}`},
		{"scim", "POST", "/scim/v2/Users", scim, `{"userName":"canary`},
		{"scim", "POST", "/scim/v2/Users", scim, `{"userName":["canary"],"canary":"canary"}`},
		{"scim", "POST", "/scim/v2/Groups", scim, `{"displayName":"canary","members":[{"value":"canary"}]}`},
		{"scim", "GET", `/scim/v2/Users?filter=userName%20eq%20%22canary%22&canary=canary&sortBy=canary@example.com`, "", ""},
		{"scim", "GET", `/scim/v2/Users?filter=canary%20canary`, "", ""},
		{"scim", "GET", "/scim/v2/Users/canary@example.com", "", ""},
		{"scim", "PATCH", "/scim/v2/Users/canary@example.com", scim, `{"Operations":[{"op":"canary","path":"canary","value":"canary"}]}`},
		{"scim", "GET", "/scim/v2/canary", "", ""},
		{"scim", "GET", "/scim/canary/Users", "", ""},
		{"scim", "CANARY", "/scim/v2/Users", "", ""},
		{"scim", "GET", "/scim/v2/Me", "", ""}, // 501 is nobody's trouble
		graphQL(`mutation { createUser(input: {userName: "canary2@example.com", displayName: "canary"}) { user { id } } }`),
		graphQL(`{ tenant { users(first: 5, filter: {search: "canary"}) { nodes { userName } } } }`),
		graphQL(`{ canary(canary: "canary") }`),
		graphQL(`{ "canary`),
		{"graphql", "POST", "/graphql", plain, `{"query":"canary`},
		{"graphql", "POST", "/graphql?canary=canary", "text/canary", `canary`},
		{"graphiql", "GET", "/graphiql/canary?canary=canary", "", ""},
		{"health", "GET", "/readyz?canary=canary", "", ""},
		{"jwks", "GET", "/.well-known/jwks.json?canary=canary", "", ""},
		{"none", "GET", "/canary/canary", "", ""},
		{"none", "GET", "//canary", "", ""},
	}
}

// TestLogsSayAsMuchAsTheyAreAskedTo counts the lines of requests at each level.
func TestLogsSayAsMuchAsTheyAreAskedTo(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]int{"": 3, "debug": 3, "info": 3, "warn": 0, "error": 0} {
		args := []string{"--data", t.TempDir()}
		if level != "" {
			args = append(args, "--log-level", level)
		}
		s := serve(t, args...)
		for range 3 {
			s.ask("GET", "/healthz", "")
		}
		s.stop()
		if got := strings.Count(s.logged.String(), "msg=request"); got != want {
			t.Errorf("at %q there are %d lines of requests, want %d:\n%s", level, got, want, s.logged)
		}
	}
}

// TestAPanicIsLoggedOnceAndAnswered has a door fail as none of ours should.
func TestAPanicIsLoggedOnceAndAnswered(t *testing.T) {
	t.Parallel()
	var log notes
	open := newDoors(http.NotFoundHandler())
	open.add("bad", "/bad", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(errors.New("oops")) }))
	open.add("late", "/late", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusAccepted, "begun")
		panic("oops")
	}))
	f := &front{doors: open, log: slog.New(slog.NewJSONHandler(&log, nil)), clock: clock.System(), metrics: newMetrics(nil), leaving: &atomic.Bool{}}
	for door, want := range map[string]int{"bad": http.StatusInternalServerError, "late": http.StatusAccepted} {
		path, answer := "/"+door, httptest.NewRecorder()
		f.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		request := answer.Header().Get(requestHeader)
		if answer.Code != want || strings.Contains(answer.Body.String(), "oops") {
			t.Errorf("%s answered %d %s", path, answer.Code, answer.Body)
		}
		var kinds []string
		for _, e := range entries(t, log.String()) {
			if e.ID == request {
				kinds = append(kinds, fmt.Sprint(e.Level, " ", e.Door, " ", e.Status))
			}
		}
		if len(kinds) != 2 || !slices.Contains(kinds, "ERROR  0") || kinds[1] != fmt.Sprint("INFO ", door, " ", want) {
			t.Errorf("%s is logged as %q", path, kinds)
		}
	}
}

// TestTheEnvironmentIsAsGoodAsFlags starts a server with nothing on its command line.
func TestTheEnvironmentIsAsGoodAsFlags(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	command := program("serve")
	command.Env = append(os.Environ(), asProgram+"=serve", "USHER_JSON=true", "USHER_LISTEN=127.0.0.1:0", "USHER_DATA="+data, "USHER_DATABASE=sqlite:"+data+"/other.db",
		"USHER_PUBLIC_URL=https://usher.example.com", "USHER_LOG_LEVEL=error", "USHER_LOG_JSON=true", "USHER_DRAIN=0s", "USHER_TRUSTED_PROXY=127.0.0.0/8,::1/128")
	s := started(t, command)
	if s.said.URL != "https://usher.example.com" || s.said.OperatorFile != data+"/operator.token" {
		t.Errorf("it says %+v", s.said)
	}
	if _, err := os.Stat(data + "/other.db"); err != nil {
		t.Error(err)
	}
	response, _ := s.ask("GET", "/healthz", "", requestHeader, "from-the-proxy")
	if response.Header.Get(requestHeader) != "from-the-proxy" {
		t.Error("the proxy is not trusted")
	}
	s.stop()
	if s.logged.String() != "" {
		t.Errorf("it logged %s", s.logged)
	}
}
