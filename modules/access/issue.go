package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// How long tokens live.
const (
	DefaultLife = 730 * 24 * time.Hour
	MaxLife     = 3650 * 24 * time.Hour
)

// Request says what token to issue.
type Request struct {
	Tenant      id.ID // id.Nil for a token of the operator
	SubjectKind string
	Subject     id.ID // the configuration or the administrator; made up for a service or the operator
	Name        string
	Scopes      caller.Scopes
	Life        time.Duration // 0 is DefaultLife
}

// Issue makes an access token. The secret is its only copy. It needs the scope admin, or operator for the operator's, and
// gives nobody more than the caller has. Refuses with ErrInvalidToken.
func (s *Service) Issue(ctx context.Context, r Request) (Token, Secret, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Token{}, "", err
	}
	if err := s.check(ctx, &r); err != nil {
		return Token{}, "", err
	}
	signer, issuer, ok := s.known.signer()
	if !ok {
		return Token{}, "", errNotLoaded
	}
	now := s.clock().Truncate(time.Second) // a JWT has no fractions
	t := Token{
		ID: id.New(), Tenant: r.Tenant, SubjectKind: r.SubjectKind, Subject: r.Subject, Name: r.Name, Scopes: r.Scopes, CreatedAt: now,
		ExpiresAt: now.Add(r.Life),
	}
	secret, err := sign(signer, issuer, t)
	if err != nil {
		return Token{}, "", err
	}
	err = store.Do(ctx, s.db, func(ctx context.Context) error {
		if err := insertToken(ctx, t, signer.id); err != nil {
			return err
		}
		return s.record(ctx, "token.issued", t)
	})
	if err != nil {
		return Token{}, "", fmt.Errorf("issue a token: %w", err)
	}
	return t, secret, nil
}

func (s *Service) check(ctx context.Context, r *Request) error {
	if r.Life == 0 {
		r.Life = DefaultLife
	}
	r.Name = strings.TrimSpace(r.Name)
	if n := utf8.RuneCountInString(r.Name); n < 1 || n > 200 || strings.ContainsRune(r.Name, 0) || !utf8.ValidString(r.Name) {
		return ErrInvalidToken.At("name").Sayf("a token's name has 1 to 200 characters")
	}
	if r.Life < time.Minute || r.Life > MaxLife {
		return ErrInvalidToken.At("days").Sayf("a token lives for at most 3,650 days")
	}
	if r.Subject == id.Nil {
		r.Subject = id.New()
	}
	return s.checkScopes(ctx, r)
}

func (s *Service) checkScopes(ctx context.Context, r *Request) error {
	open := []string{caller.ScopeAdmin, caller.ScopeAdminRead, caller.ScopeReportsRead, caller.ScopeEntitlementsRead}
	switch r.SubjectKind {
	case SubjectConfig:
		open = []string{caller.ScopeSCIM, caller.ScopeSCIMRead}
	case SubjectOperator:
		open = []string{caller.ScopeOperator}
		if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
			return err
		}
	case SubjectAdministrator:
		found, err := s.Administrator(ctx, r.Subject)
		if err != nil {
			return err
		}
		open = found.Role.scopes()
	case SubjectService:
	default:
		return ErrInvalidToken.Sayf("a token belongs to a configuration, an administrator, a service or the operator")
	}
	if len(r.Scopes) == 0 {
		return ErrInvalidToken.At("scopes").Sayf("say what the token opens: %s", strings.Join(open, ", "))
	}
	for _, scope := range r.Scopes {
		if !slices.Contains(open, scope) {
			return ErrInvalidToken.At("scopes").Sayf("this token can open %s", strings.Join(open, ", "))
		}
	}
	slices.Sort(r.Scopes)
	r.Scopes = slices.Compact(r.Scopes)
	return nil
}

func sign(k key, issuer id.ID, t Token) (Secret, error) {
	said := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer.String(), Audience: jwt.ClaimStrings{issuer.String()}, Subject: t.SubjectKind + ":" + t.Subject.String(), ID: t.ID.String(),
			IssuedAt: jwt.NewNumericDate(t.CreatedAt), NotBefore: jwt.NewNumericDate(t.CreatedAt), ExpiresAt: jwt.NewNumericDate(t.ExpiresAt),
		},
		Client: t.Subject.String(), Scope: strings.Join(t.Scopes, " "),
	}
	if t.Tenant != id.Nil {
		said.Tenant = id.Tenant.Format(t.Tenant)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, said)
	token.Header["kid"], token.Header["typ"] = k.id.String(), tokenType
	text, err := token.SignedString(k.private)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return Secret(text), nil
}

// Revoke ends a token of the tenant. Ending it twice changes nothing. Refuses with ErrTokenNotFound.
func (s *Service) Revoke(ctx context.Context, token id.ID) (Token, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Token{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Token, error) {
		t, err := s.Get(ctx, token)
		if err != nil || t.RevokedAt != nil {
			return t, err
		}
		return s.revoke(ctx, t)
	})
}

func (s *Service) revoke(ctx context.Context, t Token) (Token, error) {
	now := s.clock()
	t.RevokedAt = &now
	if err := revokeToken(ctx, t.ID, now); err != nil {
		return Token{}, err
	}
	store.AfterCommit(ctx, func() {
		s.known.revoke(t.ID)
		s.db.Notify(News)
	})
	return t, s.record(ctx, "token.revoked", t)
}

// RevokeSubject ends every live token of a configuration or an administrator.
func (s *Service) RevokeSubject(ctx context.Context, subject id.ID) error {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return err
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		all, err := s.Tokens(ctx, []id.ID{subject})
		if err != nil {
			return err
		}
		for _, t := range all[subject] {
			if t.RevokedAt != nil {
				continue
			}
			if _, err := s.revoke(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// Get returns a token of the tenant, or ErrTokenNotFound.
func (s *Service) Get(ctx context.Context, token id.ID) (Token, error) {
	t, err := s.tokenByID(ctx, token)
	if err != nil {
		return Token{}, err
	}
	who, err := caller.Must(ctx)
	if err != nil {
		return Token{}, err
	}
	if t.Tenant != who.Tenant {
		return Token{}, ErrTokenNotFound
	}
	return t, nil
}

// List returns a page of the tenant's tokens, the newest first.
func (s *Service) List(ctx context.Context, args page.Args) (page.Page[Token], error) {
	if err := caller.Require(ctx, caller.ScopeAdminRead); err != nil {
		return page.Page[Token]{}, err
	}
	return s.list(ctx, args)
}

// Tokens returns every token of some configurations and administrators of the tenant, the newest first.
func (s *Service) Tokens(ctx context.Context, subjects []id.ID) (map[id.ID][]Token, error) {
	return s.tokensOf(ctx, subjects)
}

// TokenCursor returns the cursor of a token in List.
func TokenCursor(t Token) string { return page.Encode(tokenCursor, t.ID.String()) }

// tokenNews is what the journal keeps of a token.
type tokenNews struct {
	Name        string    `json:"name"`
	SubjectKind string    `json:"subjectKind"`
	Subject     string    `json:"subject,omitempty"`
	Scopes      []string  `json:"scopes"`
	ExpiresAt   time.Time `json:"expiresAt"`
}

func (s *Service) record(ctx context.Context, kind string, t Token) error {
	if t.Tenant == id.Nil {
		return nil // the journal is a tenant's
	}
	data := tokenNews{Name: t.Name, SubjectKind: t.SubjectKind, Scopes: t.Scopes, ExpiresAt: t.ExpiresAt}
	switch t.SubjectKind {
	case SubjectConfig:
		data.Subject = id.Config.Format(t.Subject)
	case SubjectAdministrator:
		data.Subject = id.Administrator.Format(t.Subject)
	}
	_, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: t.ID, Data: data})
	return err
}
