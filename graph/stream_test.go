package graph_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/graph"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
)

// patience is how long a test waits for what comes by itself.
const patience = 20 * time.Second

// hub is a world whose server is reached over HTTP, and whose journal is numbered.
type hub struct {
	*world

	url string
}

func (w *world) hub() *hub {
	w.t.Helper()
	graph.SetBeat(w.server, 50*time.Millisecond)
	server := httptest.NewServer(w.server)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.r.Events.Run(ctx) }()
	w.t.Cleanup(func() {
		w.server.Close()
		server.Close()
		stop()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	return &hub{world: w, url: server.URL}
}

// tap is a stream that a client reads.
type tap struct {
	t        *testing.T
	response *http.Response
	lines    chan string
}

// message is one server-sent event.
type message struct{ kind, data string }

// open asks for a stream. Headers come in pairs.
func (h *hub) open(t *testing.T, query string, variables map[string]any, headers ...string) *tap {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	s := &tap{t: t, response: response, lines: make(chan string)}
	go func() {
		defer close(s.lines)
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			select {
			case s.lines <- lines.Text():
			case <-t.Context().Done():
				return
			}
		}
	}()
	t.Cleanup(func() { _ = response.Body.Close() })
	return s
}

// next waits for the next event; what only shows that the stream lives is one without a kind.
func (s *tap) next() (message, bool) {
	s.t.Helper()
	var m message
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case line, more := <-s.lines:
			switch {
			case !more:
				return m, false
			case line == "":
				return m, true
			case strings.HasPrefix(line, "event: "):
				m.kind = line[len("event: "):]
			case strings.HasPrefix(line, "data:"):
				m.data = strings.TrimSpace(line[len("data:"):])
			}
		case <-limit.C:
			s.t.Fatal("nothing comes")
		}
	}
}

// event waits for the next event of the journal.
func (s *tap) event() (number float64, kind string) {
	s.t.Helper()
	for {
		m, more := s.next()
		if !more || m.kind == "complete" {
			s.t.Fatalf("the stream has ended: %+v", m)
		}
		if m.kind != "next" {
			continue
		}
		var a answer
		if err := json.Unmarshal([]byte(m.data), &a); err != nil || len(a.Errors) > 0 {
			s.t.Fatalf("%s: %v", m.data, err)
		}
		number, _ = a.at("events", "number").(float64)
		kind, _ = a.at("events", "kind").(string)
		return number, kind
	}
}

// ends waits until the server ends the stream as the protocol has it.
func (s *tap) ends() {
	s.t.Helper()
	for {
		m, more := s.next()
		if !more {
			s.t.Fatal("the stream has ended without a word")
		}
		if m.kind == "complete" {
			break
		}
	}
	if m, more := s.next(); more {
		s.t.Errorf("after its end came %+v", m)
	}
}

const follow = `subscription($after: Int64, $filter: EventFilter) { events(after: $after, filter: $filter) { number kind subjectId } }`

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

func (w *world) person(ctx context.Context, name string) {
	w.t.Helper()
	if _, err := w.r.Directory.Create(ctx, directory.User{UserName: name + "@example.com", Active: true}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAStreamTellsWhatHappensOnceAndInOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		h := w.hub()
		ctx, token := w.tenant(caller.ScopeAdmin)
		other, _ := w.tenant(caller.ScopeAdmin)
		reader := w.token(ctx, caller.ScopeEntitlementsRead)
		s := h.open(t, follow, map[string]any{"after": 0}, bearer(reader)...)
		if s.response.StatusCode != http.StatusOK || s.response.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || s.response.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("opened as %d %v", s.response.StatusCode, s.response.Header)
		}
		var numbers []float64
		for range 2 { // of the two tokens
			n, kind := s.event()
			if numbers = append(numbers, n); kind != "token.issued" {
				t.Errorf("first came %s", kind)
			}
		}
		const many = graph.Batch + 20
		w.person(other, "theirs")
		for n := range many {
			w.person(ctx, fmt.Sprintf("p%d", n))
		}
		for range many {
			n, kind := s.event()
			if numbers = append(numbers, n); kind != "user.created" {
				t.Fatalf("then came %s", kind)
			}
		}
		if !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != len(numbers) {
			t.Errorf("numbers were %v", numbers)
		}
		foreign, err := w.r.Directory.CreateGroup(other, directory.NewGroup{DisplayName: "Theirs"})
		if err != nil {
			t.Fatal(err)
		}
		strange := h.open(t, follow, map[string]any{"after": 0, "filter": map[string]any{"subjectId": id.Group.Format(foreign.ID)}}, bearer(token)...)
		for range 3 {
			if m, _ := strange.next(); m != (message{}) {
				t.Errorf("of another tenant's group came %+v", m)
			}
		}
		again := h.open(t, follow, map[string]any{"after": numbers[50]}, bearer(token)...)
		for _, want := range numbers[51:] {
			if n, _ := again.event(); n != want {
				t.Fatalf("from where it was came %v, want %v", n, want)
			}
		}
		now := h.open(t, follow, map[string]any{"filter": map[string]any{"kinds": []string{"group.created"}}}, bearer(token)...)
		if m, _ := now.next(); m.kind != "" {
			t.Errorf("without a number came %+v", m)
		}
		w.person(ctx, "later")
		if _, err := w.r.Directory.CreateGroup(ctx, directory.NewGroup{DisplayName: "Sales"}); err != nil {
			t.Fatal(err)
		}
		if n, kind := now.event(); kind != "group.created" || n <= numbers[len(numbers)-1] {
			t.Errorf("filtered came %s with %v", kind, n)
		}
	})
}

// A stream of one replica tells what another has changed.
func TestAStreamHearsOfOtherReplicas(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			here, there := &world{t: t, db: one}, &world{t: t, db: two}
			here.join()
			there.join()
			h := here.hub()
			ctx, _ := there.tenant(caller.ScopeAdmin)
			token := here.token(ctx, caller.ScopeAdmin)
			s := h.open(t, follow, map[string]any{"after": 0}, bearer(token)...)
			there.person(ctx, "far")
			for kind := ""; kind != "user.created"; {
				_, kind = s.event()
			}
		})
	}
}

func TestAStreamEndsWithWhoeverListens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		h := w.hub()
		ctx, token := w.tenant(caller.ScopeAdmin)
		who, _ := caller.From(ctx)
		issued, secret, err := w.r.Access.Issue(ctx, access.Request{Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: "Feed", Scopes: caller.Scopes{caller.ScopeEntitlementsRead}})
		if err != nil {
			t.Fatal(err)
		}
		byToken := h.open(t, follow, nil, bearer(secret.Reveal())...)
		administrator, link := w.invited(token, "ada@example.com", "FULL")
		signedIn := func() (*http.Cookie, *tap) {
			t.Helper()
			b := w.browser()
			if response := b.signIn(link); response.StatusCode != http.StatusNoContent {
				t.Fatalf("signing in answered %d", response.StatusCode)
			}
			return b.cookies[0], h.open(t, follow, nil, "Sec-Fetch-Site", "same-origin", "Cookie", b.cookies[0].String())
		}
		renew := func() {
			t.Helper()
			link, _ = w.want(token, `mutation { renewInvitation(input: {administratorId: "`+administrator+`"}) { link } }`).at("renewInvitation", "link").(string)
			link = secretIn(link)
		}
		_, first := signedIn()
		if _, err := w.r.Access.Revoke(ctx, issued.ID); err != nil {
			t.Fatal(err)
		}
		byToken.ends()
		w.want(token, `mutation { endSessions(input: {administratorId: "`+administrator+`"}) { ended } }`)
		first.ends()
		renew()
		cookie, second := signedIn()
		w.want(token, `mutation { inviteAdministrator(input: {name: "Ben", email: "ben@example.com", role: FULL}) { link } updateAdministrator(input: {id: "`+administrator+`", role: REPORTING}) { administrator { id } } }`)
		second.ends()
		refused := h.open(t, follow, nil, "Sec-Fetch-Site", "same-origin", "Cookie", cookie.String())
		if _, _ = refused.next(); true {
			if m, _ := refused.next(); m.kind != "next" || !strings.Contains(m.data, `"forbidden"`) {
				t.Errorf("who sees reports only is told %+v", m)
			}
		}
		refused.ends()
		if s := h.open(t, follow, nil, "Sec-Fetch-Site", "cross-site", "Cookie", cookie.String()); s.response.StatusCode != http.StatusForbidden {
			t.Errorf("another site opens a stream: %d", s.response.StatusCode)
		}
		last := h.open(t, follow, nil, bearer(token)...)
		last.next()
		w.server.Close()
		last.ends()
		if s := h.open(t, follow, nil, bearer(token)...); s.response.StatusCode != http.StatusTooManyRequests {
			t.Errorf("a server that stops opens a stream: %d", s.response.StatusCode)
		}
	})
}

func TestStreamsHaveBounds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		h := w.hub()
		ctx, token := w.tenant(caller.ScopeAdmin)
		var all []*tap
		for range graph.MaxStreamsOfOne {
			all = append(all, h.open(t, follow, nil, bearer(token)...))
		}
		if s := h.open(t, follow, nil, bearer(token)...); s.response.StatusCode != http.StatusTooManyRequests {
			t.Errorf("one more answered %d", s.response.StatusCode)
		}
		other := h.open(t, follow, nil, bearer(w.token(ctx, caller.ScopeAdminRead))...)
		if other.response.StatusCode != http.StatusOK {
			t.Errorf("another's answered %d", other.response.StatusCode)
		}
		_ = all[0].response.Body.Close()
		limit := time.Now().Add(patience)
		for s := h.open(t, follow, nil, bearer(token)...); s.response.StatusCode != http.StatusOK; s = h.open(t, follow, nil, bearer(token)...) {
			if time.Now().After(limit) {
				t.Fatal("the place of who has left stays taken")
			}
		}
		for beats := 0; beats < 3; {
			if m, _ := other.next(); m == (message{}) {
				beats++
			}
		}
	})
}

func TestWhatIsNoStreamIsToldSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		h := w.hub()
		ctx, token := w.tenant(caller.ScopeAdmin)
		if a := w.ask(token, `subscription { events { id } }`); a.status != http.StatusNotAcceptable || a.code() != "stream_only" {
			t.Errorf("without asking for a stream: %d %s", a.status, a.text)
		}
		one := h.open(t, `{ viewer { kind } }`, nil, bearer(token)...)
		_, _ = one.next()
		if m, _ := one.next(); m.kind != "next" || m.data != `{"data":{"viewer":{"kind":"service"}}}` {
			t.Errorf("a query as a stream: %+v", m)
		}
		one.ends()
		// Libraries take both kinds of answers with every request: only what goes on is a stream.
		const both = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
		for query, media := range map[string]string{
			`{ viewer { kind } }`: "application/json; charset=utf-8", `mutation { updateTenant(input: {name: "New"}) { tenant { name } } }`: "application/json; charset=utf-8",
			`subscription { events { id } }`: "text/event-stream; charset=utf-8", `{`: "application/json; charset=utf-8",
		} {
			s := h.open(t, query, nil, "Authorization", "Bearer "+token, "Accept", both)
			if got := s.response.Header.Get("Content-Type"); got != media {
				t.Errorf("%s was answered as %s", query, got)
			}
			_ = s.response.Body.Close()
		}
		for query, status := range map[string]int{
			`subscription { events { nothing } }`: http.StatusUnprocessableEntity, `subscription {`: http.StatusBadRequest,
			`subscription { events { id } tenant { id } }`: http.StatusUnprocessableEntity,
		} {
			if s := h.open(t, query, nil, bearer(token)...); s.response.StatusCode != status {
				t.Errorf("%s answered %d", query, s.response.StatusCode)
			}
		}
		if s := h.open(t, follow, nil); s.response.StatusCode != http.StatusUnauthorized {
			t.Errorf("nobody's stream answered %d", s.response.StatusCode)
		}
		for variables, code := range map[string]string{`{"after": -1}`: "invalid_arguments", `{"filter": {"subjectId": "x"}}`: "invalid_id"} {
			var given map[string]any
			if err := json.Unmarshal([]byte(variables), &given); err != nil {
				t.Fatal(err)
			}
			s := h.open(t, follow, given, bearer(token)...)
			_, _ = s.next()
			if m, _ := s.next(); !strings.Contains(m.data, `"`+code+`"`) {
				t.Errorf("%s answered %+v", variables, m)
			}
			s.ends()
		}
		s := h.open(t, follow, nil, bearer(w.token(ctx, caller.ScopeReportsRead))...)
		_, _ = s.next()
		if m, _ := s.next(); !strings.Contains(m.data, `"forbidden"`) {
			t.Errorf("a token of reports is told %+v", m)
		}
	})
}
