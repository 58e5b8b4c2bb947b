package access

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	algorithm = "ES256"
	tokenType = "at+jwt" // RFC 9068 section 2.1

	headerFields = 3 // alg, kid and typ

	maxHeader = 8 << 10
	leeway    = 30 * time.Second // between the clocks of replicas
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
// what was revoked. With ErrTokenExpired and ErrTokenRevoked it tells whose the token was.
func (s *Service) Authenticate(ctx context.Context, header string) (Verified, error) {
	token, err := tokenIn(header)
	if err != nil {
		return Verified{}, err
	}
	if err := s.refreshed(ctx, maxSilence); err != nil {
		return Verified{}, ErrUnsure.Because(err)
	}
	now := s.clock()
	of := sha256.Sum256([]byte(token))
	v, revoked, ok := s.known.find(of)
	if !ok {
		if v, revoked, err = s.verify(ctx, token); err != nil {
			return Verified{}, err
		}
	}
	if !ok && !revoked {
		s.known.keep(of, v)
	}
	switch {
	case !now.Before(v.ExpiresAt):
		return v, ErrTokenExpired
	case revoked:
		return v, ErrTokenRevoked
	}
	s.uses.note(v.Token, now)
	return v, nil
}

func tokenIn(header string) (string, error) {
	if len(header) > maxHeader {
		return "", ErrTokenInvalid
	}
	header = strings.TrimSpace(header)
	if word, rest, spaced := strings.Cut(header, " "); spaced {
		if !strings.EqualFold(word, "Bearer") {
			return "", ErrTokenInvalid.Sayf("send the access token as a bearer token, as in \"Authorization: Bearer …\"; no other scheme is taken")
		}
		header = strings.TrimSpace(rest)
	}
	if header == "" || strings.EqualFold(header, "Bearer") {
		return "", ErrTokenMissing
	}
	return header, nil
}

// verify checks a token that is not remembered: first what it says and who signed it, then whether its row is there and says
// the same. Whether its time is over is then told by the row.
func (s *Service) verify(ctx context.Context, token string) (v Verified, revoked bool, err error) {
	said, err := s.read(ctx, token)
	if err != nil && !errors.Is(err, ErrTokenExpired) {
		return Verified{}, false, err
	}
	otherwise := cmp.Or(err, error(ErrTokenInvalid))
	jti, err := uuid.Parse(said.ID)
	if err != nil || jti.String() != said.ID {
		return Verified{}, false, otherwise
	}
	row, err := s.tokenByID(store.AcrossTenants(ctx, "a token names its tenant"), jti)
	switch {
	case errors.Is(err, ErrTokenNotFound):
		return Verified{}, false, otherwise
	case err != nil:
		return Verified{}, false, err
	case !said.agree(row):
		return Verified{}, false, otherwise
	}
	return Verified{
		Tenant: row.Tenant, SubjectKind: row.SubjectKind, Subject: row.Subject, Token: row.ID, Name: row.Name, Scopes: row.Scopes, Groups: row.Groups, ExpiresAt: row.ExpiresAt,
	}, row.RevokedAt != nil, nil
}

// read returns what a token says, if one of the keys has signed it and it is for now and for this installation. With
// ErrTokenExpired it does so too: everything but the time is good.
func (s *Service) read(ctx context.Context, token string) (*claims, error) {
	if !inUTF8(token) {
		return nil, ErrTokenInvalid
	}
	issuer, said := s.known.issuer().String(), &claims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{algorithm}), jwt.WithIssuer(issuer), jwt.WithAudience(issuer), jwt.WithIssuedAt(),
		jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(s.clock), jwt.WithStrictDecoding())
	var trouble error // of ours, not of the token
	_, err := parser.ParseWithClaims(token, said, func(t *jwt.Token) (any, error) {
		k, err := s.keyOf(ctx, t)
		if err != nil && !errors.Is(err, errUnknownKey) {
			trouble = err
		}
		return k.public, err
	})
	switch {
	case trouble != nil:
		return nil, ErrUnsure.Because(trouble)
	case onlyExpired(err):
		return said, ErrTokenExpired.Because(err)
	case err != nil:
		return nil, ErrTokenInvalid.Because(err)
	}
	return said, nil
}

// inUTF8 tells whether what a token says is text (RFC 8725 section 3.7), which a reader of JSON would make it.
func inUTF8(token string) bool {
	header, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	for _, part := range []string{header, payload} {
		if text, err := base64.RawURLEncoding.DecodeString(part); err != nil || !utf8.Valid(text) {
			return false
		}
	}
	return true
}

// onlyExpired tells whether nothing else is wrong with a token than that its time is over. Claims are looked at only once the
// signature has proved good.
func onlyExpired(err error) bool {
	for _, worse := range []error{
		jwt.ErrTokenMalformed, jwt.ErrTokenUnverifiable, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenInvalidIssuer,
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenNotValidYet, jwt.ErrTokenUsedBeforeIssued, jwt.ErrInvalidType,
	} {
		if errors.Is(err, worse) {
			return false
		}
	}
	return errors.Is(err, jwt.ErrTokenExpired)
}

// agree tells whether a token says of itself what was written down when it was issued.
func (c *claims) agree(row Token) bool {
	tenant := ""
	if row.Tenant != id.Nil {
		tenant = id.Tenant.Format(row.Tenant)
	}
	return c.Tenant == tenant && c.Client == row.Subject.String() && c.Subject == row.SubjectKind+":"+row.Subject.String() &&
		slices.Equal(strings.Fields(c.Scope), row.Scopes) && is(c.NotBefore, row.CreatedAt) &&
		is(c.IssuedAt, row.CreatedAt) && is(c.ExpiresAt, row.ExpiresAt)
}

func is(said *jwt.NumericDate, at time.Time) bool { return said != nil && said.Equal(at) }

var errUnknownKey = errors.New("no such key")

// keyOf finds the key that a token names. It may be newer than what the replica knows.
func (s *Service) keyOf(ctx context.Context, t *jwt.Token) (key, error) {
	name, _ := t.Header["kid"].(string)
	kid, err := uuid.Parse(name)
	// Ours have these three and no other: nothing that leads to another key, and nothing critical that we would not understand.
	if err != nil || kid.String() != name || t.Header["typ"] != tokenType || len(t.Header) != headerFields {
		return key{}, errUnknownKey
	}
	if k, ok := s.known.key(kid); ok {
		return k, nil
	}
	if err := s.lookUpKeys(ctx, s.clock()); err != nil {
		return key{}, err
	}
	if k, ok := s.known.key(kid); ok {
		return k, nil
	}
	return key{}, errUnknownKey
}
