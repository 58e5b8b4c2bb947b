package access

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	algorithm = "ES256"
	tokenType = "at+jwt" // RFC 9068 section 2.1

	maxToken   = 8 << 10
	leeway     = 30 * time.Second // between the clocks of replicas
	maxSilence = time.Minute      // without news of revocations nobody comes in
	pollEvery  = 5 * time.Second
	usesEvery  = time.Minute
	overlap    = 2 * time.Minute // clocks of replicas differ
)

// claims are what a token says.
type claims struct {
	jwt.RegisteredClaims

	Client string `json:"client_id"`
	Tenant string `json:"tid,omitempty"`
	Scope  string `json:"scope"`
}

// Authenticate tells whose token an Authorization header carries. The word Bearer may be in any case or missing: Okta's header
// mode sends the token alone. A token that was verified before costs no database; another one costs one row.
//
// Refuses with ErrTokenMissing, ErrTokenInvalid, ErrTokenExpired, ErrTokenRevoked, and with ErrUnsure while it cannot be told
// what was revoked.
func (s *Service) Authenticate(ctx context.Context, header string) (Verified, error) {
	token, err := tokenIn(header)
	if err != nil {
		return Verified{}, err
	}
	now := s.clock()
	if err := s.sure(ctx, now); err != nil {
		return Verified{}, err
	}
	of := sha256.Sum256([]byte(token))
	v, revoked, ok := s.known.find(of)
	if !ok {
		if v, revoked, err = s.verify(ctx, token); err != nil {
			return Verified{}, err
		}
	}
	switch {
	case revoked:
		return Verified{}, ErrTokenRevoked
	case !now.Before(v.ExpiresAt):
		return Verified{}, ErrTokenExpired
	case !ok:
		s.known.keep(of, v)
	}
	s.uses.note(v.Token, now)
	return v, nil
}

func tokenIn(header string) (string, error) {
	header = strings.TrimSpace(header)
	if word, rest, spaced := strings.Cut(header, " "); spaced {
		if !strings.EqualFold(word, "Bearer") {
			return "", ErrTokenInvalid.Sayf("send the access token as a bearer token; %s is not taken", "this scheme")
		}
		header = strings.TrimSpace(rest)
	}
	switch {
	case header == "" || strings.EqualFold(header, "Bearer"):
		return "", ErrTokenMissing
	case len(header) > maxToken:
		return "", ErrTokenInvalid
	}
	return header, nil
}

// sure sees to it that revocations are known.
func (s *Service) sure(ctx context.Context, now time.Time) error {
	if s.known.staleness(now) <= maxSilence {
		return nil
	}
	if err := s.Refresh(ctx); err != nil {
		return ErrUnsure.Because(err)
	}
	return nil
}

func (s *Service) verify(ctx context.Context, token string) (v Verified, revoked bool, err error) {
	issuer := s.known.issuer().String()
	said := &claims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{algorithm}), jwt.WithIssuer(issuer), jwt.WithAudience(issuer), jwt.WithIssuedAt(),
		jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(s.clock), jwt.WithStrictDecoding())
	_, err = parser.ParseWithClaims(token, said, s.keyOf(ctx))
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Verified{}, false, ErrTokenExpired.Because(err)
	case err != nil:
		return Verified{}, false, ErrTokenInvalid.Because(err)
	}
	jti, err := uuid.Parse(said.ID)
	if err != nil {
		return Verified{}, false, ErrTokenInvalid.Because(err)
	}
	row, err := s.tokenByID(ctx, jti)
	if errors.Is(err, ErrTokenNotFound) {
		return Verified{}, false, ErrTokenInvalid.Because(err)
	}
	if err != nil {
		return Verified{}, false, err
	}
	if !said.agree(row) {
		return Verified{}, false, ErrTokenInvalid
	}
	return Verified{
		Tenant: row.Tenant, SubjectKind: row.SubjectKind, Subject: row.Subject, Token: row.ID, Name: row.Name, Scopes: row.Scopes, ExpiresAt: row.ExpiresAt,
	}, row.RevokedAt != nil, nil
}

// agree tells whether a token says of itself what was written down when it was issued.
func (c *claims) agree(row Token) bool {
	tenant := ""
	if row.Tenant != id.Nil {
		tenant = id.Tenant.Format(row.Tenant)
	}
	return c.Tenant == tenant && c.Client == row.Subject.String() && c.Subject == row.SubjectKind+":"+row.Subject.String() &&
		slices.Equal(strings.Fields(c.Scope), row.Scopes) && c.NotBefore != nil && c.IssuedAt != nil
}

var errUnknownKey = errors.New("no such key")

// keyOf finds the key that a token names. It may be newer than what the replica knows.
func (s *Service) keyOf(ctx context.Context) jwt.Keyfunc {
	return func(t *jwt.Token) (any, error) {
		if kind, _ := t.Header["typ"].(string); !strings.EqualFold(kind, tokenType) {
			return nil, errUnknownKey
		}
		name, _ := t.Header["kid"].(string)
		kid, err := uuid.Parse(name)
		if err != nil {
			return nil, errUnknownKey
		}
		k, ok := s.known.key(kid)
		if !ok && s.known.staleness(s.clock()) > time.Second {
			if err := s.Refresh(ctx); err != nil {
				return nil, err
			}
			k, ok = s.known.key(kid)
		}
		if !ok {
			return nil, errUnknownKey
		}
		return k.public, nil
	}
}

// Refresh reads the keys, and what was revoked since the last time.
func (s *Service) Refresh(ctx context.Context) error {
	at := s.clock()
	installation, err := s.loadInstallation(ctx)
	if err != nil {
		return err
	}
	keys, err := s.loadKeys(ctx, at)
	if err != nil {
		return err
	}
	for i := range keys {
		if keys[i].retired {
			continue
		}
		if err := s.unwrap(&keys[i]); err != nil {
			return err
		}
	}
	revoked, err := s.revokedSince(ctx, s.known.since().Add(-overlap))
	if err != nil {
		return err
	}
	s.known.learn(installation, keys, revoked, at)
	return nil
}

// Run keeps what is known fresh, and writes down when tokens were last used, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	news, cancel := s.db.Listen(News)
	defer cancel()
	poll, written := time.NewTicker(pollEvery), time.NewTicker(usesEvery)
	defer poll.Stop()
	defer written.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			last, done := context.WithTimeout(context.WithoutCancel(ctx), pollEvery)
			defer done()
			return s.FlushUses(last)
		case <-written.C:
			err = s.FlushUses(ctx)
		case <-news:
			err = s.Refresh(ctx)
		case <-poll.C:
			err = s.Refresh(ctx)
		}
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "access is not fresh", "error", err)
		}
	}
}

// FlushUses writes down when tokens were last used.
func (s *Service) FlushUses(ctx context.Context) error {
	last := s.uses.drain()
	if len(last) == 0 {
		return nil
	}
	return store.Do(asWorker(ctx), s.db, func(ctx context.Context) error {
		for token, at := range last {
			if err := noteUse(ctx, token, at); err != nil {
				return err
			}
		}
		return nil
	})
}
