package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is usher in a process of its own.
func program(args ...string) *exec.Cmd {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), asProgram+"="+strings.Join(args, "\n"))
	return command
}

// server is "usher serve" in a process of its own, on a port that the system has chosen.
type server struct {
	t       *testing.T
	command *exec.Cmd
	said    welcome
	reach   string        // where it listens, as a URL
	rest    *json.Decoder // of its standard output
	logged  *notes
	client  *http.Client
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

// serve starts a server and waits for what it says. It ends with the test.
func serve(t *testing.T, args ...string) *server {
	t.Helper()
	s := started(t, program(append([]string{"serve", "--json", "--listen", "127.0.0.1:0"}, args...)...))
	if slices.Contains(args, "--tls-cert") {
		s.reach = "https://" + s.said.Listen
	}
	return s
}

func started(t *testing.T, command *exec.Cmd) *server {
	t.Helper()
	s := &server{t: t, command: command, logged: &notes{}}
	s.client = &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.command.Stderr = s.logged
	out, err := s.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.command.Process.Kill()
		_ = s.command.Wait()
	})
	s.rest = json.NewDecoder(out)
	if err := s.rest.Decode(&s.said); err != nil {
		t.Fatalf("the server said nothing: %v\n%s", err, s.logged)
	}
	s.reach = "http://" + s.said.Listen
	return s
}

// stop asks the server to end, and fails the test unless it does so in peace.
func (s *server) stop() {
	s.t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	var more any
	if err := s.rest.Decode(&more); !errors.Is(err, io.EOF) {
		s.t.Errorf("after its one value the server said %v, %v", more, err)
	}
	if err := s.command.Wait(); err != nil {
		s.t.Errorf("the server ended with %v\n%s", err, s.logged)
	}
}

// operator is the token that the server keeps in a file.
func (s *server) operator() string {
	s.t.Helper()
	text, err := os.ReadFile(s.said.OperatorFile)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// until waits for what a running server learns by itself, within seconds.
func (s *server) until(met func() bool) {
	s.t.Helper()
	limit, tick := time.After(10*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-limit:
			s.t.Fatalf("it did not come about\n%s", s.logged)
		case <-tick.C:
		}
	}
}

// ask sends a request to any address of the server, and returns the answer with its body.
func (s *server) ask(method, target, body string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	response, text, err := s.send(s.t.Context(), method, target, body, headers...)
	if err != nil {
		s.t.Fatal(err)
	}
	return response, text
}

func (s *server) send(ctx context.Context, method, target, body string, headers ...string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.reach+target, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	response, err := s.client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

// graphQL asks with a token, and reads data into the value.
func (s *server) graphQL(token, query string, into any) {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		s.t.Fatal(err)
	}
	_, text := s.ask("POST", "/graphql", string(body), "Authorization", "Bearer "+token, "Content-Type", "application/json")
	var answer struct {
		Data   json.RawMessage   `json:"data"`
		Errors []json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || len(answer.Errors) > 0 {
		s.t.Fatalf("%s answered %s, %v", query, text, err)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		s.t.Fatalf("%s answered %s: %v", query, text, err)
	}
}
