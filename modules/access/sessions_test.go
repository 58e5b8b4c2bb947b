package access_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/events"
)

// hands is a clock that a test moves on.
type hands struct{ at atomic.Pointer[time.Time] }

func newHands() *hands {
	h := &hands{}
	now := time.Now().UTC().Truncate(time.Microsecond)
	h.at.Store(&now)
	return h
}

func (h *hands) read() time.Time { return *h.at.Load() }

func (h *hands) forward(by time.Duration) {
	now := h.read().Add(by)
	h.at.Store(&now)
}

func invite(t *testing.T, ctx context.Context, s *access.Service, email string, role access.Role) (access.Administrator, string) {
	t.Helper()
	a, _, link, err := s.InviteAdministrator(ctx, access.NewAdministrator{Name: email, Email: email, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return a, link.Reveal()
}

func signIn(t *testing.T, s *access.Service, link string) (access.Session, string) {
	t.Helper()
	session, secret, err := s.SignIn(t.Context(), link, "Mozilla/5.0")
	if err != nil {
		t.Fatal(err)
	}
	return session, secret.Reveal()
}

// inside returns the context of who is signed in.
func inside(t *testing.T, s *access.Service, secret string) context.Context {
	t.Helper()
	who, err := s.SignedIn(t.Context(), secret, "r")
	if err != nil {
		t.Fatal(err)
	}
	return caller.With(t.Context(), who)
}

func kindsOf(t *testing.T, ctx context.Context, db *store.DB) (kinds, actors []string) {
	t.Helper()
	journal := events.New(db)
	if _, err := journal.Number(t.Context()); err != nil {
		t.Fatal(err)
	}
	read, err := journal.After(ctx, 0, 100, events.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range read.Items {
		kinds, actors = append(kinds, e.Kind), append(actors, e.Actor.Name)
	}
	return kinds, actors
}

func TestALinkSignsInOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		ada, link := invite(t, ctx, s, "ada@example.com", access.Full)
		if open, err := s.Invitations(ctx); err != nil || len(open) != 1 || open[0].Administrator != ada.ID || open[0].ExpiresAt.Sub(open[0].CreatedAt) != access.InvitationLife {
			t.Errorf("invited are %+v, %v", open, err)
		}
		session, secret := signIn(t, s, link)
		if _, _, err := s.SignIn(t.Context(), link, ""); !errors.Is(err, access.ErrLinkUsed) {
			t.Errorf("a second time: %v", err)
		}
		if open, err := s.Invitations(ctx); err != nil || len(open) != 0 {
			t.Errorf("still invited are %+v, %v", open, err)
		}
		mine, _ := caller.From(ctx)
		got, err := s.SignedIn(t.Context(), secret, "r")
		want := caller.Caller{
			Tenant: mine.Tenant, Kind: caller.KindAdmin, Admin: ada.ID, Session: session.ID, Name: "ada@example.com", RequestID: "r",
			Scopes: caller.Scopes{caller.ScopeAdmin, caller.ScopeAdminRead, caller.ScopeReportsRead, caller.ScopeEntitlementsRead},
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("signed in is %+v, %v, want %+v", got, err, want)
		}
		for _, wrong := range []string{"", "x", link, strings.Repeat("A", 43), strings.ToUpper(secret), secret + "A", "\x00"} {
			if _, err := s.SignedIn(t.Context(), wrong, "r"); !errors.Is(err, access.ErrSessionEnded) {
				t.Errorf("%q as a session: %v", wrong, err)
			}
			if _, _, err := s.SignIn(t.Context(), wrong, ""); !errors.Is(err, access.ErrLinkInvalid) && wrong != link {
				t.Errorf("%q as a link: %v", wrong, err)
			}
		}
		kinds, actors := kindsOf(t, ctx, db)
		if !slices.Equal(kinds, []string{"administrator.created", "administrator.invited", "administrator.signed_in"}) || actors[2] != "ada@example.com" {
			t.Errorf("the journal has %v by %v", kinds, actors)
		}
	})
}

// What is in the database opens nothing: neither links nor sessions are kept, only their hashes are.
func TestNoSecretOfALinkOrSessionIsKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		_, link := invite(t, ctx, s, "ada@example.com", access.Full)
		_, secret := signIn(t, s, link)
		for _, table := range []string{"invitations", "sessions"} {
			var kept string
			if err := db.QueryRow(ctx, `SELECT secret_hash FROM `+table).Scan(&kept); err != nil {
				t.Fatal(err)
			}
			if len(kept) != 64 || strings.Contains(kept, link) || strings.Contains(kept, secret) {
				t.Errorf("%s keep %q", table, kept)
			}
			if _, _, err := s.SignIn(t.Context(), kept, ""); err == nil {
				t.Errorf("what %s keep signs in", table)
			}
			if _, err := s.SignedIn(t.Context(), kept, ""); err == nil {
				t.Errorf("what %s keep is a session", table)
			}
		}
	})
}

func TestOfManyWhoUseOneLinkOneComesIn(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			ctx := storetest.Tenant(t, one)
			replicas := []*access.Service{open(t, ctx, one, clock.System()), open(t, ctx, two, clock.System())}
			for round := range 5 {
				_, link := invite(t, ctx, replicas[0], string(rune('a'+round))+"@example.com", access.Full)
				var uses []func() error
				for n := range 6 {
					uses = append(uses, func() error { _, _, err := replicas[n%2].SignIn(t.Context(), link, ""); return err })
				}
				came := 0
				for _, err := range together(uses...) {
					switch {
					case err == nil:
						came++
					case !errors.Is(err, access.ErrLinkUsed):
						t.Errorf("who came too late got %v", err)
					}
				}
				if came != 1 {
					t.Errorf("%d came in by one link", came)
				}
			}
			if all, err := replicas[1].Sessions(ctx); err != nil || len(all) != 5 {
				t.Errorf("%d sessions, %v", len(all), err)
			}
		})
	}
}

func TestLinksAndSessionsExpire(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, now := storetest.Tenant(t, db), newHands()
		s := open(t, ctx, db, now.read)
		ada, link := invite(t, ctx, s, "ada@example.com", access.Full)
		_, early, renewed, err := s.RenewInvitation(ctx, ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.SignIn(t.Context(), link, ""); !errors.Is(err, access.ErrLinkInvalid) {
			t.Errorf("the link before the last: %v", err)
		}
		now.forward(access.InvitationLife)
		if _, _, err := s.SignIn(t.Context(), renewed.Reveal(), ""); !errors.Is(err, access.ErrLinkExpired) || early.ExpiresAt != now.read() {
			t.Errorf("after its time: %v, %v", err, early.ExpiresAt)
		}
		_, _, last, err := s.RenewInvitation(ctx, ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		now.forward(access.InvitationLife - time.Microsecond)
		_, busy := signIn(t, s, last.Reveal())
		_, _, more, err := s.RenewInvitation(ctx, ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, idle := signIn(t, s, more.Reveal())
		now.forward(access.SessionIdle - time.Second)
		inside(t, s, busy)
		now.forward(time.Second)
		if _, err := s.SignedIn(t.Context(), idle, ""); !errors.Is(err, access.ErrSessionEnded) {
			t.Errorf("after 12 idle hours: %v", err)
		}
		if all, err := s.Sessions(ctx); err != nil || len(all) != 1 {
			t.Errorf("live are %+v, %v", all, err)
		}
		for spent := access.SessionIdle; spent < access.SessionLife; spent += 11 * time.Hour {
			inside(t, s, busy)
			now.forward(11 * time.Hour)
		}
		if _, err := s.SignedIn(t.Context(), busy, ""); !errors.Is(err, access.ErrSessionEnded) {
			t.Errorf("after 7 days: %v", err)
		}
	})
}

func TestASessionIsOneStatementAndItsUseIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			var reads, writes atomic.Int64
			db := storetest.Open(t, dialect, func(o *store.Options) {
				o.Watch = func(statement string) {
					switch {
					case strings.Contains(statement, "UPDATE sessions"):
						writes.Add(1)
					case strings.Contains(statement, "FROM sessions"):
						reads.Add(1)
					}
				}
			})
			ctx, now := storetest.Tenant(t, db), newHands()
			s := open(t, ctx, db, now.read)
			_, link := invite(t, ctx, s, "ada@example.com", access.Limited)
			session, secret := signIn(t, s, link)
			reads.Store(0)
			for range 5 {
				inside(t, s, secret)
				now.forward(11 * time.Second)
			}
			if reads.Load() != 5 || writes.Load() != 0 {
				t.Errorf("5 requests in a minute read %d times and wrote %d times", reads.Load(), writes.Load())
			}
			for range 5 {
				now.forward(time.Second)
				inside(t, s, secret)
			}
			got, ok, err := s.Session(inside(t, s, secret))
			if writes.Load() != 1 || err != nil || !ok || got.ID != session.ID || !got.SeenAt.After(session.SeenAt) {
				t.Errorf("after a minute %d were written, seen %v, %v", writes.Load(), got.SeenAt, err)
			}
		})
	}
}

func TestWhoIsRemovedOrDemotedLosesTheConsoleAtOnce(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			ctx := storetest.Tenant(t, one)
			s, other := open(t, ctx, one, clock.System()), open(t, ctx, two, clock.System())
			ada, link := invite(t, ctx, s, "ada@example.com", access.Full)
			_, secret := signIn(t, s, link)
			if _, err := s.RevokeInvitation(inside(t, s, secret), ada.ID); !errors.Is(err, access.ErrInvitationNotFound) {
				t.Errorf("a link that was used is taken back: %v", err)
			}
			if err := s.RemoveAdministrator(inside(t, s, secret), ada.ID); !errors.Is(err, access.ErrLastAdministrator) {
				t.Errorf("the last full administrator removes herself: %v", err)
			}
			ben, hers := invite(t, inside(t, s, secret), s, "ben@example.com", access.Full)
			if _, err := s.ChangeAdministrator(ctx, ada.ID, nil, lowered); err != nil {
				t.Fatal(err)
			}
			now := inside(t, other, secret)
			if who, _ := caller.From(now); who.Scopes.Allow(caller.ScopeAdmin) || !who.Scopes.Allow(caller.ScopeAdminRead) {
				t.Errorf("demoted she may %v", who.Scopes)
			}
			if _, _, _, err := other.InviteAdministrator(now, access.NewAdministrator{Name: "X", Email: "x@example.com", Role: access.Full}); err == nil {
				t.Error("who only reads has invited somebody")
			}
			_, _, again, err := s.RenewInvitation(ctx, ada.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.RemoveAdministrator(ctx, ada.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := other.SignedIn(t.Context(), secret, ""); !errors.Is(err, access.ErrSessionEnded) {
				t.Errorf("removed she is %v", err)
			}
			if _, _, err := other.SignIn(t.Context(), again.Reveal(), ""); !errors.Is(err, access.ErrLinkInvalid) {
				t.Errorf("the link of who was removed: %v", err)
			}
			if _, err := s.RevokeInvitation(ctx, ben.ID); err != nil {
				t.Error(err)
			}
			if _, _, err := other.SignIn(t.Context(), hers, ""); !errors.Is(err, access.ErrLinkInvalid) {
				t.Errorf("a link that was taken back: %v", err)
			}
			want := []string{
				"administrator.created", "administrator.invited", "administrator.signed_in", "administrator.created", "administrator.invited",
				"administrator.changed", "administrator.invited", "administrator.signed_out", "administrator.removed", "administrator.uninvited",
			}
			if kinds, _ := kindsOf(t, ctx, one); !slices.Equal(kinds, want) {
				t.Errorf("the journal has %v, want %v", kinds, want)
			}
		})
	}
}

func TestSessionsAreEndedOneByOneAndEverywhere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		ada, link := invite(t, ctx, s, "ada@example.com", access.Full)
		ben, his := invite(t, ctx, s, "ben@example.com", access.Reporting)
		_, first := signIn(t, s, link)
		var more []string
		for range 3 {
			_, _, again, err := s.RenewInvitation(ctx, ada.ID)
			if err != nil {
				t.Fatal(err)
			}
			_, secret := signIn(t, s, again.Reveal())
			more = append(more, secret)
		}
		session, bens := signIn(t, s, his)
		reporting := inside(t, s, bens)
		theirs := storetest.Tenant(t, db)
		if err := s.EndSession(theirs, session.ID); !errors.Is(err, access.ErrSessionNotFound) {
			t.Errorf("another tenant ends it: %v", err)
		}
		who, _ := caller.From(inside(t, s, first))
		if f, ok := fault.As(s.EndSession(reporting, who.Session)); !ok || f.Kind != fault.Forbidden {
			t.Errorf("who may only see reports ends another's: %v", f)
		}
		if _, err := s.EndSessions(reporting, ada.ID); err == nil {
			t.Error("who may only see reports ends all of another's")
		}
		if _, err := s.EndSessions(ctx, id.Nil); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("an access token has sessions: %v", err)
		}
		if err := s.EndSession(inside(t, s, first), who.Session); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SignedIn(t.Context(), first, ""); !errors.Is(err, access.ErrSessionEnded) {
			t.Errorf("signed out she is %v", err)
		}
		if err := s.EndSession(ctx, who.Session); !errors.Is(err, access.ErrSessionNotFound) {
			t.Errorf("it is ended again: %v", err)
		}
		if n, err := s.EndSessions(inside(t, s, more[0]), id.Nil); n != 3 || err != nil {
			t.Errorf("everywhere were %d, %v", n, err)
		}
		for _, secret := range more {
			if _, err := s.SignedIn(t.Context(), secret, ""); !errors.Is(err, access.ErrSessionEnded) {
				t.Errorf("signed out everywhere she is %v", err)
			}
		}
		if n, err := s.EndSessions(ctx, ben.ID); n != 1 || err != nil {
			t.Errorf("an administrator ends %d of another's, %v", n, err)
		}
		if _, err := s.EndSessions(theirs, ben.ID); !errors.Is(err, access.ErrAdministratorNotFound) {
			t.Errorf("of another tenant: %v", err)
		}
		if all, err := s.Sessions(ctx); err != nil || len(all) != 0 {
			t.Errorf("left are %+v, %v", all, err)
		}
	})
}

func TestAnOperatorSignsInAndEntersATenant(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		mine, _ := caller.From(ctx)
		s := open(t, ctx, db, clock.System())
		if _, _, err := s.InviteOperator(ctx); err == nil {
			t.Error("an administrator has made a link of the operator")
		}
		_, link, err := s.InviteOperator(outside(ctx))
		if err != nil {
			t.Fatal(err)
		}
		session, secret := signIn(t, s, link.Reveal())
		operator := inside(t, s, secret)
		if who, _ := caller.From(operator); who.Kind != caller.KindOperator || who.Tenant != id.Nil || who.ID() != session.ID {
			t.Errorf("she is %+v", who)
		}
		if _, err := s.EnterTenant(outside(ctx), mine.Tenant); !errors.Is(err, access.ErrNoSession) {
			t.Errorf("a token enters a tenant: %v", err)
		}
		if _, err := s.EnterTenant(ctx, mine.Tenant); err == nil {
			t.Error("an administrator enters a tenant")
		}
		for range 2 { // the second time she is there
			if who, err := s.EnterTenant(inside(t, s, secret), mine.Tenant); err != nil || who.Tenant != mine.Tenant {
				t.Errorf("entered as %+v, %v", who, err)
			}
		}
		entered := inside(t, s, secret)
		if a, _, _, err := s.InviteAdministrator(entered, access.NewAdministrator{Name: "Ada", Email: "ada@example.com", Role: access.Full}); err != nil || a.Name != "Ada" {
			t.Errorf("inside she invites %+v, %v", a, err)
		}
		if own, ok, err := s.Session(entered); err != nil || !ok || own.ID != session.ID || own.Tenant != mine.Tenant {
			t.Errorf("her session is %+v, %v", own, err)
		}
		if all, err := s.Sessions(ctx); err != nil || len(all) != 0 {
			t.Errorf("the tenant's administrators see her session: %+v, %v", all, err)
		}
		if _, err := s.EnterTenant(entered, id.Nil); err != nil {
			t.Fatal(err)
		}
		out := inside(t, s, secret)
		if who, _ := caller.From(out); who.Tenant != id.Nil {
			t.Errorf("outside she is %+v", who)
		}
		if all, err := s.Sessions(out); err != nil || len(all) != 1 || all[0].ID != session.ID {
			t.Errorf("she sees %+v, %v", all, err)
		}
		if n, err := s.EndSessions(out, id.Nil); n != 1 || err != nil {
			t.Errorf("ended %d, %v", n, err)
		}
		if _, err := s.SignedIn(t.Context(), secret, ""); !errors.Is(err, access.ErrSessionEnded) {
			t.Errorf("signed out she is %v", err)
		}
		if kinds, actors := kindsOf(t, ctx, db); !slices.Equal(kinds, []string{"tenant.entered", "administrator.created", "administrator.invited"}) || actors[0] != "operator" {
			t.Errorf("the tenant's journal has %v by %v", kinds, actors)
		}
	})
}

func TestWhatIsLongOverIsForgotten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, now := storetest.Tenant(t, db), newHands()
		s := open(t, ctx, db, now.read)
		_, link := invite(t, ctx, s, "ada@example.com", access.Full)
		signIn(t, s, link)
		for _, step := range []struct {
			after time.Duration
			left  int
		}{{30 * 24 * time.Hour, 2}, {8 * 24 * time.Hour, 0}} {
			now.forward(step.after)
			if err := access.Sweep(ctx, s); err != nil {
				t.Fatal(err)
			}
			var left int
			if err := db.QueryRow(ctx, `SELECT (SELECT count(id) FROM invitations) + (SELECT count(id) FROM sessions)`).Scan(&left); err != nil || left != step.left {
				t.Errorf("%d are left, %v, want %d", left, err, step.left)
			}
		}
	})
}
