package e2e_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// TestALostServerIsFoundAgain kills the server under a page, which says so, as does one that is opened then, and goes on by itself
// when the server is back.
func TestALostServerIsFoundAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, storetest.SQLite)
	s.tenant("Fjordline", "fjordline")
	link := s.link("fjordline", "ada@example.com", "--name", "Ada")
	door := newDoor(t, s)
	p := signedIn(t, door.url, door.url+link[len(s.url):])
	p.allow("net::ERR_", "Failed to fetch dynamically imported module")
	p.sees("Live", "No licenses yet")
	s.kill()
	p.find("status", "Not connected: *")
	p.click("link", "Licenses") // which it has not read yet
	p.sees("Usher cannot be reached", "this page was not open before")
	p.look("lost")
	p.click("button", "Try again")
	p.sees("Usher cannot be reached")
	s.usher(new(any), "license", "create", "--tenant", "fjordline", "--product", "Came meanwhile", "--seats", "3")
	s.start()
	door.to.Store(&s.url)
	p.find("heading", "Licenses") // by itself
	p.find("status", "Live: *")
	p.sees("Came meanwhile", "0 of 3 taken")
}

// door is an address that stays while servers behind it come and go.
type door struct {
	url string
	to  atomic.Pointer[string]
}

func newDoor(t *testing.T, s *server) *door {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	d := &door{url: "http://" + listener.Addr().String()}
	d.to.Store(&s.url)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go d.pass(client)
		}
	}()
	return d
}

func (d *door) pass(client net.Conn) {
	defer client.Close()
	server, err := net.DialTimeout("tcp", (*d.to.Load())[len("http://"):], time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
}

// TestAnExpiredSessionSaysHowToComeBack ends a session as time does, under an open page.
func TestAnExpiredSessionSaysHowToComeBack(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	database := storetest.URL(t, storetest.SQLite)
	s := serveOn(t, database)
	s.tenant("Fjordline", "fjordline")
	p := signedIn(t, s.url, s.link("fjordline", "ada@example.com"))
	p.sees("No provider has called yet")
	p.allow("401")
	expire(t, database)
	p.click("link", "People")
	p.sees("Your session has ended", "Open the link that you were given")
	p.look("session-ended")
	p.gone("link", "People")
	p.visit(s.link("fjordline", "ada@example.com"))
	p.click("button", "Sign in")
	p.sees("Nobody is here yet") // the page that she was at
}

// expire puts every session a day back.
func expire(t *testing.T, database string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	err = store.Do(t.Context(), db, func(ctx context.Context) error {
		changed, err := db.Exec(ctx, `UPDATE sessions SET seen_at = $1`, db.Now().Add(-24*time.Hour))
		if err == nil && changed == 0 {
			t.Error("there was no session")
		}
		return err
	})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatalf("let sessions expire: %v", err)
	}
}

// TestARefusedChangeSaysWhy asks for what is refused: the last full administrator stays, and nobody overwrites what
// somebody else has changed meanwhile.
func TestARefusedChangeSaysWhy(t *testing.T) {
	t.Parallel()
	s := serve(t, storetest.SQLite)
	s.tenant("Fjordline", "fjordline")
	var admin struct{ Token string }
	s.usher(&admin, "token", "create", "--tenant", "fjordline", "--name", "aside", "--scope", "admin")
	p := signedIn(t, s.url, s.link("fjordline", "ada@example.com", "--name", "Ada"))
	p.click("link", "Administrators")
	p.click("button", "More to do for Ada")
	p.click("menuitem", "Remove…")
	p.find("dialog", "Remove Ada")
	p.click("button", "Remove")
	p.find("alert", "*")
	p.sees("This did not work", "This is the last full administrator; make another one first.")
	p.look("refused")
	p.click("button", "Cancel")
	p.gone("dialog", "*")
	p.sees("Ada (you)")

	var made struct{ AdministratorID string }
	s.usher(&made, "console", "--tenant", "fjordline", "--admin", "bea@example.com", "--name", "Bea", "--role", "limited")
	p.click("button", "More to do for Bea")
	p.click("menuitem", "Reporting…")
	p.find("dialog", "Make Bea reporting")
	s.graphql(nil, admin.Token, `mutation ($id: ID!) { updateAdministrator(input: { id: $id, name: "Beatrice" }) { administrator { id } } }`, map[string]any{"id": made.AdministratorID})
	p.click("button", "Change the role")
	p.sees("This did not work", "Somebody has changed it since it was read; read it again.")
	p.click("button", "Cancel")
	p.gone("dialog", "*")
	p.sees("Beatrice", "Limited")
	p.misses("Reporting")
}

// TestALinkSignsInOnce opens a link a second time, which says that it is used up.
func TestALinkSignsInOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, storetest.SQLite)
	s.tenant("Fjordline", "fjordline")
	link := s.link("fjordline", "ada@example.com")
	signedIn(t, s.url, link).sees("Overview")
	again := open(t, s.url)
	again.allow(http.StatusText(http.StatusUnauthorized), "401")
	again.visit(link)
	again.click("button", "Sign in")
	again.sees("You are not signed in", "usher console --tenant")
	again.look("link-used")
}
