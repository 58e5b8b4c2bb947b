package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
)

// balancer sends requests for as long as the server says that it is ready, as a load balancer does.
type balancer struct {
	s       *server
	token   string
	away    atomic.Bool
	sent    atomic.Int64
	created atomic.Int64

	mu     sync.Mutex
	failed []error
}

func (b *balancer) failf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = append(b.failed, fmt.Errorf(format, args...))
}

// watch looks at /readyz until it says no.
func (b *balancer) watch(ctx context.Context) {
	for !b.away.Load() {
		response, _, err := b.s.send(ctx, "GET", "/readyz", "")
		if err != nil || response.StatusCode != http.StatusOK {
			b.away.Store(true)
		}
	}
}

// load creates one person after the other, and reads each back.
func (b *balancer) load(ctx context.Context, worker int) {
	for n := 0; !b.away.Load(); n++ {
		body := fmt.Sprintf(`{"userName":"load-%d-%d@example.com"}`, worker, n)
		response, text, err := b.s.send(ctx, "POST", "/scim/v2/Users", body, "Authorization", b.token, "Content-Type", "application/scim+json")
		b.sent.Add(1)
		if err != nil || response.StatusCode != http.StatusCreated {
			b.failf("%s: %v %s", body, err, text)
			return
		}
		b.created.Add(1)
		where := response.Header.Get("Location")[len(b.s.reach):]
		response, text, err = b.s.send(ctx, "GET", where, "", "Authorization", b.token)
		b.sent.Add(1)
		if err != nil || response.StatusCode != http.StatusOK {
			b.failf("%s: %v %s", where, err, text)
			return
		}
	}
}

// TestNoRequestFailsWhenAServerIsStopped stops a server under load: clients that turn away when it says that it is not ready see
// no request fail, every call is in the log, and the process ends by itself.
func TestNoRequestFailsWhenAServerIsStopped(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			database, data := storetest.URL(t, dialect), t.TempDir()
			at := []string{"--database", database, "--data", data}
			var tenant struct{ ID string }
			var config printedConfig
			printed(t, &tenant, append([]string{"tenant", "create", "--name", "Own", "--slug", "own", "--plan", "advanced"}, at...)...)
			printed(t, &config, append([]string{"scim", "create", "--tenant", "own", "--name", "Okta"}, at...)...)
			b := &balancer{s: serve(t, at...), token: config.Token}
			var all sync.WaitGroup
			all.Go(func() { b.watch(t.Context()) })
			for worker := range 8 {
				all.Go(func() { b.load(t.Context(), worker) })
			}
			b.s.until(func() bool { return b.created.Load() >= 100 })
			started := time.Now()
			b.s.stop()
			if took := time.Since(started); took > 10*time.Second {
				t.Errorf("it took %v to stop", took)
			}
			all.Wait()
			if err := errors.Join(b.failed...); err != nil {
				t.Error(err)
			}
			h, err := place{Database: database, Data: data}.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = h.close() }()
			of, _ := id.Tenant.Parse(tenant.ID)
			calls, err := h.provisioning.CountCalls(caller.InTenant(operator(t.Context()), of), provisioning.CallFilter{})
			if err != nil || calls != b.sent.Load() {
				t.Errorf("%d calls were answered and %d are in the log, %v", b.sent.Load(), calls, err)
			}
		})
	}
}

// TestAServerThatIsStoppedWhileItBeginsEndsInPeace interrupts the demo in the middle of its organization.
func TestAServerThatIsStoppedWhileItBeginsEndsInPeace(t *testing.T) {
	t.Parallel()
	command := program("serve", "--demo", "--drain", "0s", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--log-level", "info")
	var out notes
	logged := &notes{}
	command.Stdout, command.Stderr = &out, logged
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, command: command, logged: logged}
	s.until(func() bool { return len(out.String()) > 0 })
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("it ended with %v\n%s\n%s", err, out.String(), logged)
	}
}
