package access

import (
	"context"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// How long somebody stays signed in to the console.
const (
	SessionIdle = 12 * time.Hour     // without a request
	SessionLife = 7 * 24 * time.Hour // at most
	seenEvery   = time.Minute        // a session's last use is written at most this often

	sweepAfter = 30 * 24 * time.Hour // what is over for so long is forgotten
	sweepEvery = time.Hour
)

// Faults of sessions.
var (
	ErrLinkInvalid     = fault.New(fault.Unauthenticated, "link_invalid", "this link is not one of this installation, or it was taken back; ask for a new one")
	ErrLinkUsed        = fault.New(fault.Unauthenticated, "link_used", "this link was used already, and each signs in once; ask for a new one")
	ErrLinkExpired     = fault.New(fault.Unauthenticated, "link_expired", "this link has expired; ask for a new one")
	ErrSessionEnded    = fault.New(fault.Unauthenticated, "session_ended", "you are signed out; open a new link to sign in again")
	ErrSessionNotFound = fault.New(fault.NotFound, "session_not_found", "there is no such session")
	ErrNoSession       = fault.New(fault.Invalid, "no_session", "this is for who is signed in to the console; an access token has no session")
)

// Session is a browser in which somebody is signed in to the console. An operator's has no administrator, and the tenant that
// she has entered.
type Session struct {
	ID            id.ID
	Tenant        id.ID
	Administrator id.ID
	UserAgent     string
	CreatedAt     time.Time
	SeenAt        time.Time // to the minute
	ExpiresAt     time.Time // whatever is done in it
	EndedAt       *time.Time
}

// endsAt is when the session ends if nothing more is done in it.
func (s Session) endsAt() time.Time {
	if idle := s.SeenAt.Add(SessionIdle); idle.Before(s.ExpiresAt) {
		return idle
	}
	return s.ExpiresAt
}

func (s Session) live(now time.Time) bool { return s.EndedAt == nil && now.Before(s.endsAt()) }

// SignIn uses a link up and opens a session. The secret of the session is its only copy. Of two who use one link, one comes in.
// Refuses with ErrLinkInvalid, ErrLinkUsed and ErrLinkExpired.
func (s *Service) SignIn(ctx context.Context, link, userAgent string) (Session, Secret, error) {
	if !wellFormed(link) {
		return Session{}, "", ErrLinkInvalid
	}
	ctx = store.AcrossTenants(ctx, "a link names its tenant")
	secret, hash := newSecret()
	made, err := store.InTx(ctx, s.db, func(ctx context.Context) (Session, error) {
		now := s.clock()
		i, who, err := s.invited(ctx, hashOf(link))
		switch {
		case err != nil:
			return Session{}, err
		case i.UsedAt != nil:
			return Session{}, ErrLinkUsed
		case !now.Before(i.ExpiresAt):
			return Session{}, ErrLinkExpired
		}
		if err := useInvitation(ctx, i, now); err != nil {
			return Session{}, err
		}
		made := Session{
			ID: id.New(), Tenant: i.Tenant, Administrator: i.Administrator, UserAgent: shortened(userAgent), CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(SessionLife),
		}
		if err := insertSession(ctx, made, hash); err != nil {
			return Session{}, err
		}
		return made, s.recordSession(ctx, "administrator.signed_in", made, who)
	})
	if err != nil {
		return Session{}, "", err
	}
	return made, secret, nil
}

// shortened is a browser's name for itself as it is shown to administrators.
func shortened(userAgent string) string {
	const longest = 400
	text := strings.ToValidUTF8(strings.ReplaceAll(userAgent, "\x00", ""), "")
	for len(text) > longest {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

// SignedIn tells who asks with the secret of a session, by one statement: her role is the one that she has now, and whoever was
// removed is nobody. The session stays open for as long again. Refuses with ErrSessionEnded.
func (s *Service) SignedIn(ctx context.Context, secret, requestID string) (caller.Caller, error) {
	who, session, err := s.whose(ctx, secret, requestID)
	if err != nil {
		return caller.Caller{}, err
	}
	if now := s.clock(); now.Sub(session.SeenAt) >= seenEvery {
		if err := s.see(caller.With(ctx, who), session, now); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "the use of a session was not written down", "error", err) // that is no reason to turn her away
		}
	}
	return who, nil
}

// WhoIs is SignedIn for who only listens: the session does not stay open for that.
func (s *Service) WhoIs(ctx context.Context, secret, requestID string) (caller.Caller, error) {
	who, _, err := s.whose(ctx, secret, requestID)
	return who, err
}

func (s *Service) whose(ctx context.Context, secret, requestID string) (caller.Caller, Session, error) {
	if !wellFormed(secret) {
		return caller.Caller{}, Session{}, ErrSessionEnded
	}
	session, a, err := s.sessionOf(store.AcrossTenants(ctx, "a session names its tenant"), hashOf(secret))
	switch {
	case err != nil:
		return caller.Caller{}, Session{}, err
	case !session.live(s.clock()) || session.Administrator != a.ID:
		return caller.Caller{}, Session{}, ErrSessionEnded
	}
	return session.caller(a, requestID), session, nil
}

// Listen returns a channel that receives when tokens or sessions may have ended, or may open something else. Call cancel when done.
func (s *Service) Listen() (<-chan struct{}, func()) { return s.db.Listen(News) }

func (s Session) caller(a Administrator, requestID string) caller.Caller {
	who := caller.Caller{Tenant: s.Tenant, Session: s.ID, RequestID: requestID}
	if s.Administrator == id.Nil {
		who.Kind, who.Name, who.Scopes = caller.KindOperator, "operator", caller.Scopes{caller.ScopeOperator}
		return who
	}
	who.Kind, who.Admin, who.Name, who.Scopes = caller.KindAdmin, a.ID, a.Name, a.Role.scopes()
	who.Groups = a.Groups
	return who
}

// Session returns the session in which the caller is signed in; ok is false for who sends an access token.
func (s *Service) Session(ctx context.Context) (one Session, ok bool, err error) {
	who, err := caller.Must(ctx)
	if err != nil || who.Session == id.Nil {
		return Session{}, false, err
	}
	all, err := s.sessionByID(ctx, who, who.Session)
	if err != nil || len(all) == 0 {
		return Session{}, false, err
	}
	return all[0], true, nil
}

// sessionByID finds a live session that the caller may know of: her own, one of her tenant, or any of the operator's for an
// operator outside of tenants.
func (s *Service) sessionByID(ctx context.Context, who caller.Caller, of id.ID) ([]Session, error) {
	if who.Tenant == id.Nil || who.Session == of && who.Admin == id.Nil {
		return s.operatorSessions(ctx, ` AND id = $2`, of)
	}
	return s.tenantSessions(ctx, ` AND id = $2`, of)
}

// Sessions returns the live sessions of the tenant's administrators, the newest first; the operator's for an operator outside of
// any tenant.
func (s *Service) Sessions(ctx context.Context) ([]Session, error) {
	who, err := reader(ctx)
	switch {
	case err != nil:
		return nil, err
	case who.Tenant == id.Nil:
		return s.operatorSessions(ctx, ``)
	default:
		return s.tenantSessions(ctx, ``)
	}
}

// EndSession signs a browser out at once, on every replica. Everybody may end her own; others' need the scope admin. Ending an
// ended one changes nothing. Refuses with ErrSessionNotFound.
func (s *Service) EndSession(ctx context.Context, of id.ID) error {
	who, err := caller.Must(ctx)
	if err != nil {
		return err
	}
	if who.Session != of || of == id.Nil {
		if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
			return err
		}
		if _, err := reader(ctx); err != nil { // nobody without a tenant but an operator
			return err
		}
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		all, err := s.sessionByID(ctx, who, of)
		switch {
		case err != nil:
			return err
		case len(all) == 0:
			return ErrSessionNotFound
		}
		return s.endAll(ctx, all)
	})
}

// EndSessions signs an administrator out everywhere, and returns in how many browsers she was signed in; id.Nil is the caller
// herself. Others need the scope admin. Refuses with ErrAdministratorNotFound and ErrNoSession.
func (s *Service) EndSessions(ctx context.Context, of id.ID) (int, error) {
	who, err := caller.Must(ctx)
	switch {
	case err != nil:
		return 0, err
	case of == id.Nil && who.Session == id.Nil:
		return 0, ErrNoSession
	case of == id.Nil:
		of = who.Admin
	case of != who.Admin:
		if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
			return 0, err
		}
		if _, err := s.Administrator(ctx, of); err != nil {
			return 0, err
		}
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (int, error) { return s.endSessionsOf(ctx, of) })
}

func (s *Service) endSessionsOf(ctx context.Context, of id.ID) (int, error) {
	read := func() ([]Session, error) { return s.tenantSessions(ctx, ` AND administrator_id = $2`, of) }
	if of == id.Nil { // the operator's, wherever she is
		read = func() ([]Session, error) { return s.operatorSessions(ctx, ``) }
	}
	all, err := read()
	if err != nil {
		return 0, err
	}
	return len(all), s.endAll(ctx, all)
}

func (s *Service) endAll(ctx context.Context, all []Session) error {
	if len(all) == 0 {
		return nil
	}
	of := make([]id.ID, len(all))
	for n := range all {
		of[n] = all[n].ID
	}
	if err := endSessions(ctx, of, s.clock()); err != nil {
		return err
	}
	store.AfterCommit(ctx, func() { s.db.Notify(News) })
	for _, one := range all {
		if err := s.recordSession(ctx, "administrator.signed_out", one, caller.Caller{}); err != nil {
			return err
		}
	}
	return nil
}

// EnterTenant moves an operator's session into a tenant, where she then acts; id.Nil moves it out again. That the tenant is
// there is for the caller to know. Its journal tells of it. Refuses with ErrNoSession and "forbidden".
func (s *Service) EnterTenant(ctx context.Context, tenant id.ID) (caller.Caller, error) {
	if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
		return caller.Caller{}, err
	}
	who, err := caller.Must(ctx)
	switch {
	case err != nil:
		return caller.Caller{}, err
	case who.Session == id.Nil:
		return caller.Caller{}, ErrNoSession
	case who.Tenant == tenant:
		return who, nil
	}
	who.Tenant = tenant
	err = store.Do(ctx, s.db, func(ctx context.Context) error {
		store.AfterCommit(ctx, func() { s.db.Notify(News) })
		if err := moveSession(ctx, who.Session, tenant); err != nil || tenant == id.Nil {
			return err
		}
		_, err := s.events.Record(caller.With(ctx, who), events.Event{Kind: "tenant.entered", Subject: tenant})
		return err
	})
	return who, err
}

// sessionNews is what the journal keeps of a session: never its secret.
type sessionNews struct {
	Session   string `json:"session"`
	UserAgent string `json:"userAgent"`
}

// recordSession tells the tenant's journal, and for the operator's the server's log. Who signs in is nobody before that: she is given.
func (s *Service) recordSession(ctx context.Context, kind string, one Session, who caller.Caller) error {
	if one.Administrator == id.Nil {
		store.AfterCommit(ctx, func() {
			slog.InfoContext(ctx, "a session of the operator has changed", "change", kind, "session", id.Session.Format(one.ID))
		})
		return nil
	}
	if who.Tenant != id.Nil {
		was, _ := caller.From(ctx)
		who.Session, who.RequestID = one.ID, was.RequestID
		ctx = caller.With(ctx, who)
	}
	_, err := s.events.Record(ctx, events.Event{
		Kind: kind, Subject: one.Administrator, Data: sessionNews{Session: id.Session.Format(one.ID), UserAgent: one.UserAgent},
	})
	return err
}
