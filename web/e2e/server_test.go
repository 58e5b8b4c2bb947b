package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/storetest"
)

// server is "usher serve" in a process of its own, on a port that the system has chosen.
type server struct {
	t       *testing.T
	at      []string // where its data is, for other commands
	url     string
	demo    demo // with --demo
	command *exec.Cmd
	log     notes
}

// notes are what a process writes while others read it.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes down more.
func (n *notes) Write(more []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(more)
}

// String is everything so far.
func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// demo is what a server says of its demo tenant.
type demo struct {
	Link  string `json:"link"`
	Admin struct {
		Token string `json:"token"`
	} `json:"admin"`
}

// serve starts a server on a fresh database.
func serve(t *testing.T, dialect string, flags ...string) *server {
	t.Helper()
	needBrowser(t)
	return serveOn(t, storetest.URL(t, dialect), flags...)
}

// serveOn starts a server on a database. It ends with the test.
func serveOn(t *testing.T, database string, flags ...string) *server {
	t.Helper()
	needBrowser(t)
	s := &server{t: t, at: []string{"--database=" + database, "--data=" + t.TempDir()}}
	t.Cleanup(s.kill)
	s.start(flags...)
	return s
}

// start starts the process, and waits for what it says.
func (s *server) start(flags ...string) {
	s.t.Helper()
	s.command = s.program(context.Background(), append([]string{"serve", "--json", "--listen=127.0.0.1:0", "--drain=0s", "--log-level=warn"}, append(flags, s.at...)...)...)
	s.command.Stderr = &s.log
	out, err := s.command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	var said struct {
		URL  string `json:"url"`
		Demo demo   `json:"demo"`
	}
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		s.t.Fatalf("the server said nothing: %v\n%s", err, s.log.String())
	}
	s.url, s.demo = said.URL, said.Demo
}

// kill ends the process at once, as a power cut does.
func (s *server) kill() {
	if s.command.Process == nil || s.command.ProcessState != nil {
		return
	}
	_ = s.command.Process.Signal(syscall.SIGKILL)
	_ = s.command.Wait()
}

func (s *server) program(ctx context.Context, args ...string) *exec.Cmd {
	s.t.Helper()
	binary, err := theBinary()
	if err != nil {
		s.t.Fatal(err)
	}
	return exec.CommandContext(ctx, binary, args...)
}

// usher runs a command beside the server, which must succeed, and reads its JSON.
func (s *server) usher(into any, args ...string) {
	s.t.Helper()
	s.printed(into, append(args, s.at...)...)
}

// printed runs a command, which must succeed, and reads its JSON.
func (s *server) printed(into any, args ...string) {
	s.t.Helper()
	command := s.program(s.t.Context(), append(args, "--json")...)
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		s.t.Fatalf("usher %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
}

// tenant makes a customer.
func (s *server) tenant(name, slug string) {
	s.t.Helper()
	s.usher(new(any), "tenant", "create", "--name", name, "--slug", slug, "--plan", "advanced-plus")
}

// link is one that signs in an administrator, who is made if she is not there yet.
func (s *server) link(tenant, email string, more ...string) string {
	s.t.Helper()
	var made struct{ Link string }
	s.usher(&made, append([]string{"console", "--tenant", tenant, "--admin", email, "--public-url", s.url}, more...)...)
	return made.Link
}

// operatorLink is one that signs in the operator.
func (s *server) operatorLink() string {
	s.t.Helper()
	var made struct{ Link string }
	s.usher(&made, "console", "--public-url", s.url)
	return made.Link
}

// scim sends a request as a provider does, and returns its status and its JSON.
func (s *server) scim(token, method, path, body string) (status int, answer map[string]any) {
	s.t.Helper()
	return s.ask(token, method, "/scim/v2"+path, "application/scim+json", body)
}

// graphql asks what must be answered, as the owner of a token.
func (s *server) graphql(into any, token, query string, variables map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		s.t.Fatal(err)
	}
	status, answer := s.ask(token, http.MethodPost, "/graphql", "application/json", string(body))
	text, err := json.Marshal(answer["data"])
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil || status != http.StatusOK || answer["errors"] != nil {
		s.t.Fatalf("%s: %d, %v, %v", query, status, answer, err)
	}
}

func (s *server) ask(token, method, path, kind, body string) (status int, answer map[string]any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := (&http.Client{Timeout: time.Minute}).Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			s.t.Fatalf("%s %s answered %q: %v", method, path, text, err)
		}
	}
	return response.StatusCode, answer
}
