package graph

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/modules/access"
)

// Bounds of signing in. A link cannot be guessed; these keep guesses from costing anything.
const (
	maxSignIn    = 1 << 10 // bytes
	triesAtOnce  = 20      // refused links from one address
	tryEvery     = 3 * time.Second
	maxAddresses = 10_000
)

var (
	errSignInBody  = fault.New(fault.Invalid, "bad_request", `send a JSON object with "link": what follows #/sign-in/ in the address`)
	errCrossOrigin = fault.New(fault.Forbidden, "cross_origin", "a session is for the console's own pages; other programs send an access token")
	errTooManyTry  = fault.New(fault.Unavailable, "too_many_tries", "too many links from this address were refused; wait a moment and try again").After(tryEvery)
)

// Sessions answers POST /console/session, which signs in with the secret of a link, and DELETE, which signs out. The secret comes
// in the body: in an address it would be in logs. Only pages of the console itself are answered.
type Sessions struct {
	resolver *Resolver
	server   *Server
	tries    *tries
}

// NewSessions makes the handler of /console/session.
func NewSessions(r *Resolver, now clock.Clock, log *slog.Logger) *Sessions {
	return &Sessions{resolver: r, server: &Server{log: log}, tries: &tries{clock: now, byAddress: map[string]*rate.Limiter{}}}
}

// ServeHTTP signs in or out.
func (s *Sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	var err error
	switch {
	case r.Method != http.MethodPost && r.Method != http.MethodDelete:
		w.Header().Set("Allow", "POST, DELETE")
		s.server.refuse(w, http.StatusMethodNotAllowed, errMethod.Sayf("send POST to sign in, and DELETE to sign out"))
		return
	case !s.resolver.sameOrigin(r):
		err = errCrossOrigin
	case r.Method == http.MethodPost:
		err = s.signIn(w, r)
	default:
		err = s.signOut(w, r)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sessions) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := fault.As(err)
	if !ok {
		s.server.log.ErrorContext(r.Context(), "signing in or out failed", "error", err, "request", requestID(r.Context()))
	}
	status := statusOf(err)
	if ok && f.Code == errTooManyTry.Code {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
	s.server.refuse(w, status, err)
}

func (s *Sessions) signIn(w http.ResponseWriter, r *http.Request) error {
	limiter := s.tries.of(r.RemoteAddr)
	if limiter.TokensAt(s.tries.clock()) < 1 {
		return errTooManyTry
	}
	link, err := readLink(w, r)
	if err != nil {
		return err
	}
	_, secret, err := s.resolver.Access.SignIn(r.Context(), link, r.UserAgent())
	if err != nil {
		if f, refused := fault.As(err); refused && f.Kind == fault.Unauthenticated {
			limiter.AllowN(s.tries.clock(), 1)
		}
		return err
	}
	http.SetCookie(w, s.resolver.cookie(r, secret.Reveal()))
	return nil
}

func readLink(w http.ResponseWriter, r *http.Request) (string, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return "", errMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSignIn))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return "", errTooLarge
	}
	var sent struct {
		Link string `json:"link"`
	}
	if err := errors.Join(err, json.Unmarshal(body, &sent)); err != nil {
		return "", errSignInBody.Because(err)
	}
	return sent.Link, nil
}

// signOut ends the session, and takes the cookie away whatever it was.
func (s *Sessions) signOut(w http.ResponseWriter, r *http.Request) error {
	http.SetCookie(w, s.resolver.cookie(r, ""))
	cookie, err := r.Cookie(s.resolver.cookieName(r))
	if err != nil {
		return nil //nolint:nilerr // she is signed out already
	}
	who, err := s.resolver.Access.SignedIn(r.Context(), cookie.Value, requestID(r.Context()))
	if errors.Is(err, access.ErrSessionEnded) {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.resolver.Access.EndSession(caller.With(r.Context(), who), who.Session)
	if errors.Is(err, access.ErrSessionNotFound) { // another has ended it in the meantime
		return nil
	}
	return err
}

// tries bound how many links may be refused to an address.
type tries struct {
	clock clock.Clock

	mu        sync.Mutex
	byAddress map[string]*rate.Limiter
}

// of returns the limiter of an address. When too many are known all are forgotten: it is a bound, not a record.
func (t *tries) of(address string) *rate.Limiter {
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	limiter, ok := t.byAddress[address]
	if !ok {
		if len(t.byAddress) >= maxAddresses {
			clear(t.byAddress)
		}
		limiter = rate.NewLimiter(rate.Every(tryEvery), triesAtOnce)
		t.byAddress[address] = limiter
	}
	return limiter
}
