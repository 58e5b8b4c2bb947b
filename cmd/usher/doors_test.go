package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/usherhq/usher/internal/storetest"
)

func TestHealthIsWhatTheDatabaseSays(t *testing.T) {
	t.Parallel()
	storetest.URL(t, storetest.Postgres) // without PostgreSQL the test ends here
	server, err := storetest.Start(t.Context(), storetest.ServerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			_ = server.Stop()
		}
	}()
	s := serve(t, "--data", t.TempDir(), "--database", server.URL())
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if response, text := s.ask("GET", path, ""); response.StatusCode != http.StatusOK || text != want {
			t.Errorf("%s answered %d %q", path, response.StatusCode, text)
		}
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	stopped = true
	if response, text := s.ask("GET", "/readyz", ""); response.StatusCode != http.StatusServiceUnavailable || text != "the database cannot be reached\n" {
		t.Errorf("without a database /readyz answered %d %q", response.StatusCode, text)
	}
	if response, _ := s.ask("GET", "/healthz", ""); response.StatusCode != http.StatusOK {
		t.Errorf("without a database /healthz answered %d", response.StatusCode)
	}
	for _, header := range []string{"nonsense", s.operator()} {
		response, text := s.ask("GET", "/scim/v2/Users", "", "Authorization", header)
		if response.StatusCode >= 500 && (response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "") {
			t.Errorf("without a database SCIM answered %d %s", response.StatusCode, text)
		}
	}
}

func TestEveryAddressIsReadyOnSQLite(t *testing.T) {
	t.Parallel()
	s := serve(t, "--data", t.TempDir())
	defer s.stop()
	for _, c := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/healthz", 200, "text/plain; charset=utf-8"},
		{"HEAD", "/healthz", 200, "text/plain; charset=utf-8"},
		{"GET", "/readyz", 200, "text/plain; charset=utf-8"},
		{"POST", "/healthz", 405, ""},
		{"GET", "/", 302, ""},
		{"GET", "/graphiql", 302, ""},
		{"GET", "/graphiql/", 200, "text/html; charset=utf-8"},
		{"GET", "/graphql", 405, "application/json; charset=utf-8"},
		{"GET", "/nothing", 404, ""},
		{"GET", "/scim/v2//Users", 401, "application/scim+json"},
		{"GET", "//scim/v2/Users", 401, "application/scim+json"},
		{"GET", "/scim/v2/Users/../Groups", 401, "application/scim+json"},
		{"GET", "/scim/v1/Users", 401, "application/scim+json"},
		{"GET", "/scim", 401, "application/scim+json"},
		{"BREW", "/scim/v2/Users", 401, "application/scim+json"},
	} {
		response, text := s.ask(c.method, c.path, "")
		if response.StatusCode != c.status || c.kind != "" && response.Header.Get("Content-Type") != c.kind || response.Header.Get(requestHeader) == "" {
			t.Errorf("%s %s answered %d %v %q", c.method, c.path, response.StatusCode, response.Header, text)
		}
	}
}

// TestAnybodyCanVerifyATokenWithThePublishedKeys takes the operator's token and only what /.well-known/jwks.json says.
func TestAnybodyCanVerifyATokenWithThePublishedKeys(t *testing.T) {
	t.Parallel()
	s := serve(t, "--data", t.TempDir())
	defer s.stop()
	response, text := s.ask("GET", "/.well-known/jwks.json", "")
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "application/jwk-set+json" || strings.Contains(text, `"d"`) {
		t.Fatalf("the keys are %d %s %s", response.StatusCode, kind, text)
	}
	var set struct {
		Keys []struct {
			Kid string `json:"kid"`
			X   string `json:"x"`
			Y   string `json:"y"`
			Alg string `json:"alg"`
			Use string `json:"use"`
		} `json:"keys"`
	}
	if err := json.Unmarshal([]byte(text), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("the keys are %s: %v", text, err)
	}
	_, err := jwt.Parse(s.operator(), func(token *jwt.Token) (any, error) {
		k := set.Keys[0]
		if token.Header["kid"] != k.Kid || k.Alg != "ES256" || k.Use != "sig" {
			t.Errorf("a token of %v, the key is %+v", token.Header, k)
		}
		point := []byte{4}
		for _, half := range []string{k.X, k.Y} {
			bytes, err := base64.RawURLEncoding.DecodeString(half)
			if err != nil {
				return nil, err
			}
			point = append(point, bytes...)
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	}, jwt.WithValidMethods([]string{"ES256"}))
	if err != nil {
		t.Errorf("the operator's token: %v", err)
	}
}

var loads = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

// TestGraphiQLNeedsNoNetwork loads the page and everything that it names, and looks at what it may load besides.
func TestGraphiQLNeedsNoNetwork(t *testing.T) {
	t.Parallel()
	s := serve(t, "--data", t.TempDir())
	defer s.stop()
	_, page := s.ask("GET", "/graphiql/", "")
	named := loads.FindAllStringSubmatch(page, -1)
	if len(named) < 2 {
		t.Fatalf("the page names %v:\n%s", named, page)
	}
	for _, one := range named {
		if strings.Contains(one[1], "//") {
			t.Errorf("the page loads %s from elsewhere", one[1])
			continue
		}
		response, text := s.ask("GET", "/graphiql/"+strings.TrimPrefix(one[1], "/graphiql/"), "")
		if response.StatusCode != http.StatusOK || len(text) < 1000 {
			t.Errorf("%s is %d with %d bytes", one[1], response.StatusCode, len(text))
		}
	}
	response, _ := s.ask("GET", "/graphiql/", "")
	policy := response.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || !strings.Contains(policy, "connect-src 'self'") || regexp.MustCompile(`https?:|\*`).MatchString(policy) {
		t.Errorf("the page may load %s", policy)
	}
}

// TestMetricsHaveFewSeries asks for many addresses that nobody has: none of them becomes a label.
func TestMetricsHaveFewSeries(t *testing.T) {
	t.Parallel()
	s := serve(t, "--data", t.TempDir())
	defer s.stop()
	series := func() (int, string) {
		response, text := s.ask("GET", "/metrics", "")
		if response.StatusCode != http.StatusOK {
			t.Fatalf("/metrics answered %d", response.StatusCode)
		}
		return strings.Count(text, "\nusher_request_seconds_count{"), text
	}
	ask := func(n int) {
		for range n {
			path := "/" + strings.ToLower(t.Name()[len("Test"):]) + jwtLike(n)
			s.ask("GET", path, "", "Authorization", "Bearer "+jwtLike(n))
			s.ask("GET", "/scim/v2"+path, "", "Authorization", "Bearer "+jwtLike(n))
			s.ask("X"+jwtLike(n), "/scim/v2/Users", "")
		}
	}
	ask(1)
	series()
	before, _ := series()
	ask(100)
	after, text := series()
	if after != before {
		t.Errorf("%d series became %d", before, after)
	}
	for _, want := range []string{
		`usher_request_seconds_count{door="scim",method="GET",status="401"} 101`, `usher_request_seconds_count{door="scim",method="other",status="401"} 101`,
		`usher_request_seconds_count{door="none",method="GET",status="404"} 101`, "usher_scim_calls_dropped_total 0", "go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
}

func jwtLike(n int) string { return strings.Repeat("eyJhbGciOiJ9", n%7+1) }

func TestATrustedProxySpeaksForItsClients(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	printed(t, new(any), "tenant", "create", "--data", data, "--name", "Own", "--slug", "own", "--plan", "advanced")
	var config printedConfig
	printed(t, &config, "scim", "create", "--data", data, "--tenant", "own", "--name", "Okta")
	forwarded := []string{"Authorization", config.Token, "X-Forwarded-Proto", "https", "X-Forwarded-Host", "usher.example.com", requestHeader, "from-the-proxy"}
	location := func(s *server, path string) (where, request string) {
		t.Helper()
		response, text := s.ask("GET", "/scim/v2/ServiceProviderConfig"+path, "", forwarded...)
		var body struct {
			Meta struct {
				Location string `json:"location"`
			} `json:"meta"`
		}
		if err := json.Unmarshal([]byte(text), &body); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("answered %d %s", response.StatusCode, text)
		}
		return body.Meta.Location, response.Header.Get(requestHeader)
	}
	const path = "/scim/v2/ServiceProviderConfig"
	trusting := serve(t, "--data", data, "--trusted-proxy", "10.0.0.0/8,127.0.0.0/8")
	if where, request := location(trusting, ""); where != "https://usher.example.com"+path || request != "from-the-proxy" {
		t.Errorf("through a trusted proxy the location is %s, the request %s", where, request)
	}
	trusting.stop()
	wary := serve(t, "--data", data, "--trusted-proxy", "10.0.0.0/8")
	if where, request := location(wary, ""); where != wary.said.URL+path || request == "from-the-proxy" {
		t.Errorf("through somebody else the location is %s, the request %s", where, request)
	}
	wary.stop()
	named := serve(t, "--data", data, "--public-url", "https://seats.example.com/")
	if where, _ := location(named, ""); where != "https://seats.example.com"+path || named.said.URL != "https://seats.example.com" {
		t.Errorf("with a public URL the location is %s, the server says %+v", where, named.said)
	}
}

// TestBodiesHaveLimits sends one byte more than each door takes, and what fits.
func TestBodiesHaveLimits(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	printed(t, new(any), "tenant", "create", "--data", data, "--name", "Own", "--slug", "own", "--plan", "advanced")
	var config printedConfig
	printed(t, &config, "scim", "create", "--data", data, "--tenant", "own", "--name", "Okta")
	s := serve(t, "--data", data)
	defer s.stop()
	blank := func(size int) string { return strings.Repeat(" ", size) }
	const scimLimit, graphLimit = 10 << 20, 5 << 20
	for name, c := range map[string]struct {
		path, token, kind, body string
		status                  int
	}{
		"SCIM, as much as it takes":   {"/scim/v2/Users", config.Token, "application/scim+json", blank(scimLimit-22) + `{"userName":"a@b.c"}  `, http.StatusCreated},
		"SCIM, more than it takes":    {"/scim/v2/Users", config.Token, "application/scim+json", blank(scimLimit+1-22) + `{"userName":"c@b.c"}  `, http.StatusRequestEntityTooLarge},
		"GraphQL, more than it takes": {"/graphql", s.operator(), "application/json", blank(graphLimit) + `{"query":"{ viewer { name } }"}`, http.StatusRequestEntityTooLarge},
	} {
		response, text := s.ask("POST", c.path, c.body, "Authorization", c.token, "Content-Type", c.kind)
		if response.StatusCode != c.status || !json.Valid([]byte(text)) {
			t.Errorf("%s: %d %.300s", name, response.StatusCode, text)
		}
	}
	chunked, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.said.BaseURL+"/Users", io.MultiReader(strings.NewReader(blank(scimLimit)), strings.NewReader("{}")))
	if err != nil {
		t.Fatal(err)
	}
	chunked.Header.Set("Authorization", config.Token)
	response, err := s.client.Do(chunked)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusRequestEntityTooLarge || chunked.ContentLength > 0 {
		t.Errorf("without a length: %d", response.StatusCode)
	}
	if response, _ := s.ask("GET", "/scim/v2/Users", "", "Authorization", config.Token, "X-Filler", strings.Repeat("x", 2*maxHeader)); response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header without end: %d", response.StatusCode)
	}
}
