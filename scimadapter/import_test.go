package scimadapter_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
)

// saboteur takes the tables of people away before a certain statement, through a connection of its own.
type saboteur struct {
	tables []string
	other  *store.DB
	ctx    context.Context

	at   atomic.Int64 // the statement, counted from 1; 0 is none
	sent atomic.Int64
	mu   sync.Mutex
	gone bool
	err  error
}

// watch is told each statement.
func (s *saboteur) watch(string) {
	if n := s.sent.Add(1); s.at.Load() == n {
		s.rename("", "_gone")
	}
}

// rename takes the tables away or brings them back.
func (s *saboteur) rename(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone == (from == "") {
		return
	}
	s.gone = from == ""
	for _, table := range s.tables {
		_, err := store.InTx(s.ctx, s.other, func(ctx context.Context) (int64, error) {
			return s.other.Exec(ctx, fmt.Sprintf(`ALTER TABLE %s%s RENAME TO %s%s`, table, from, table, to))
		})
		if err != nil {
			s.err = err
		}
	}
}

// TestAPageThatCannotBeMadeWholeIsNoPage lets the database fail before each statement in turn that a page of an import needs, in
// its middle too: the answer is a 5xx in SCIM's words, never a list with somebody missing, for whom an import does not find is
// deleted. Afterwards the page is there again, whole.
//
// Conformance: W-21 P-3.4.2-04
func TestAPageThatCannotBeMadeWholeIsNoPage(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			s := &saboteur{tables: []string{"users", "groups", "memberships", "seats", "licenses"}}
			address := storetest.URL(t, dialect)
			s.other = openAt(t, address, nil)
			w := newWorld(t, openAt(t, address, s.watch), func(n *provisioning.NewConfig) { n.ShowSeats = true })
			s.ctx = w.admin
			w.autoAssign(w.license("Advanced", 3).ID)
			boss := w.create("boss@example.com")
			for i := range 4 {
				user := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(
					`{"userName":"p%d@example.com","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"%s"}}}`, i, boss)).str("id")
				w.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"displayName":"Group %d","members":[{"value":"%s"},{"value":"%s"}]}`, i, user, boss))
			}
			for _, page := range []string{"/Users?startIndex=1&count=100", "/Groups?startIndex=1&count=100"} {
				whole := w.want(http.StatusOK, "GET", page, "").text
				s.sent.Store(0)
				if again := w.want(http.StatusOK, "GET", page, "").text; again != whole {
					t.Fatalf("two pages differ:\n%s\n%s", whole, again)
				}
				statements, failed := s.sent.Load(), 0
				for n := int64(1); n <= statements; n++ {
					s.sent.Store(0)
					s.at.Store(n)
					a := w.do("GET", page, "")
					s.at.Store(0)
					s.rename("_gone", "")
					switch {
					case s.err != nil:
						t.Fatal(s.err)
					case a.status == http.StatusOK && a.text == whole: // it needed nothing any more
					case a.status < 500 || strings.Contains(a.text, "Resources") || a.str("detail") == "":
						t.Errorf("%s without its database from statement %d of %d on answered %d %s", page, n, statements, a.status, a.text)
					default:
						failed++
					}
				}
				if failed < 2 {
					t.Errorf("%s: only %d of %d statements failed; that is not the middle of a page", page, failed, statements)
				}
				if after := w.want(http.StatusOK, "GET", page, "").text; after != whole {
					t.Errorf("afterwards the page is\n%s\nand was\n%s", after, whole)
				}
			}
		})
	}
}

// TestAPageThatPanicsIsNoPage: an accident within a page is a 5xx as well.
//
// Conformance: W-9 W-21
func TestAPageThatPanicsIsNoPage(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			var panics atomic.Bool
			db := storetest.Open(t, dialect, func(o *store.Options) {
				o.Watch = func(statement string) {
					if panics.Load() && strings.Contains(statement, "memberships") {
						panic("planted")
					}
				}
			})
			w := newWorld(t, db)
			user := w.create("ada@example.com")
			w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales","members":[{"value":"`+user+`"}]}`)
			panics.Store(true)
			for _, page := range []string{"/Users", "/Groups"} {
				a := w.do("GET", page, "")
				if a.status != http.StatusInternalServerError || a.str("status") != "500" || strings.Contains(a.text, "planted") || strings.Contains(a.text, "Resources") {
					t.Errorf("%s answered %d %s", page, a.status, a.text)
				}
			}
			panics.Store(false)
			w.want(http.StatusOK, "GET", "/Groups", "")
		})
	}
}

func openAt(t *testing.T, address string, watch func(string)) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: address, Watch: watch})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
