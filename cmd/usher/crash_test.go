package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/simulate"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/licensing"
)

// kills is how often the server is killed on each database: USHER_TEST_KILLS, or 20.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_KILLS")); err == nil {
		return n
	}
	return 20
}

const readyWithin = 2 * time.Second

// process is a server in a process of its own, which is killed and started again.
type process struct {
	t       *testing.T
	address string
	args    []string
	command *exec.Cmd
	slowest time.Duration
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// start starts the server and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	p.command = exec.Command(os.Args[0])
	p.command.Env = append(os.Environ(), asProgram+"="+strings.Join(append([]string{"serve", "--listen", p.address}, p.args...), "\n"))
	var said strings.Builder
	p.command.Stderr = &said
	started := time.Now()
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	for {
		answer, err := http.Get("http://" + p.address + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(started) > 10*readyWithin {
			p.kill()
			p.t.Fatalf("the server is not ready after %v: %v\n%s", time.Since(started), err, said.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.slowest = max(p.slowest, time.Since(started))
}

func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// TestAKilledServerLosesNothingThatItAcknowledged kills the server again and again while an Okta organization is played, and
// then looks at everything that was acknowledged, and whether seats, counters and ledger agree.
func TestAKilledServerLosesNothingThatItAcknowledged(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			database, data := "--database="+storetest.URL(t, dialect), "--data="+t.TempDir()
			at := []string{database, data}
			var license struct{ SKU string }
			var config struct{ Token string }
			var tenant struct{ ID string }
			printed(t, &tenant, append([]string{"tenant", "create", "--name", "Crash", "--slug", "crash", "--plan", "advanced"}, at...)...)
			printed(t, &license, append([]string{"license", "create", "--tenant", "crash", "--product", "Advanced", "--seats", "150"}, at...)...)
			printed(t, &config, append([]string{"scim", "create", "--tenant", "crash", "--name", "Okta", "--auto-assign", "--license", license.SKU}, at...)...)
			p := &process{t: t, address: freeAddress(t), args: at}
			p.start()
			defer p.kill()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			stop, played := make(chan struct{}), make(chan error, 1)
			go func() { played <- playUntil(ctx, stop, "http://"+p.address+"/scim/v2", config.Token) }()
			random := rand.New(rand.NewPCG(7, uint64(len(dialect))))
			for range kills() {
				time.Sleep(time.Duration(20+random.IntN(200)) * time.Millisecond)
				p.kill()
				p.start()
			}
			close(stop)
			if err := <-played; err != nil {
				t.Error(err)
			}
			if p.slowest > readyWithin {
				t.Errorf("a start took %v, want %v at most", p.slowest, readyWithin)
			}
			auditLicenses(t, place{Database: strings.TrimPrefix(database, "--database="), Data: strings.TrimPrefix(data, "--data=")}, tenant.ID)
		})
	}
}

// playUntil plays one organization after the other, in both dialects. The last one is played to its end.
func playUntil(ctx context.Context, stop <-chan struct{}, base, token string) error {
	for seed := uint64(1); ; seed++ {
		o := simulate.Options{BaseURL: base, Token: token, Users: 60, Groups: 4, Concurrency: 4, Dialect: simulate.PATCH, Seed: seed, Retries: 1000}
		if seed%2 == 0 {
			o.Dialect = simulate.PUT
		}
		report, err := simulate.Okta(ctx, o)
		if err != nil {
			return err
		}
		if !report.OK() {
			var said strings.Builder
			report.WriteText(&said)
			return errors.New(said.String())
		}
		select {
		case <-stop:
			return nil
		default:
		}
	}
}

func auditLicenses(t *testing.T, at place, tenant string) {
	t.Helper()
	h, err := at.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.close() }()
	of, ok := id.Tenant.Parse(tenant)
	if !ok {
		t.Fatalf("%q is no tenant", tenant)
	}
	ctx := caller.InTenant(operator(t.Context()), of)
	all, err := h.seats.List(ctx, page.Args{}, licensing.Filter{}, licensing.Order{})
	if err != nil || len(all.Items) == 0 {
		t.Fatalf("licenses: %v, %v", all, err)
	}
	for _, l := range all.Items {
		if err := h.seats.Audit(ctx, l.ID); err != nil {
			t.Error(err)
		}
		if l.Taken == 0 {
			t.Errorf("nobody sits in %s: the test shows nothing", l.Product)
		}
	}
}
