package access

import (
	"context"
	"fmt"
	"log/slog"
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
	Groups      []id.ID       // limits a service that opens reports:read to the people of these groups, for as long as the token lives
	Life        time.Duration // 0 is DefaultLife
}

// Issue makes an access token. The secret is its only copy. It needs the scope admin, or operator for the operator's, and
// gives nobody more than the caller has: a token of the caller's tenant, no more than its administrator's role opens.
// Refuses with ErrInvalidToken and ErrAdministratorNotFound.
func (s *Service) Issue(ctx context.Context, r Request) (Token, Secret, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Token{}, "", err
	}
	ctx, err := within(ctx, r)
	if err != nil {
		return Token{}, "", err
	}
	if err := r.check(); err != nil {
		return Token{}, "", err
	}
	signer, issuer, ok := s.known.signer()
	if !ok {
		return Token{}, "", errNotLoaded
	}
	now := s.clock().Truncate(time.Second) // a JWT has no fractions
	t := Token{
		ID: id.New(), Tenant: r.Tenant, SubjectKind: r.SubjectKind, Subject: r.Subject, Name: r.Name, Scopes: r.Scopes, Groups: r.Groups, CreatedAt: now,
		ExpiresAt: now.Add(r.Life),
	}
	secret, err := sign(signer, issuer, t)
	if err != nil {
		return Token{}, "", err
	}
	err = store.Do(ctx, s.db, func(ctx context.Context) error {
		if err := s.fits(ctx, t); err != nil {
			return err
		}
		if err := s.checkGroups(ctx, t.Groups); err != nil {
			return err
		}
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

// within sees to it that a token is the caller's to give: the operator's by an operator, any other within the tenant that
// the caller acts in. An operator who acts in none may name one.
func within(ctx context.Context, r Request) (context.Context, error) {
	who, err := caller.Must(ctx)
	if err != nil {
		return ctx, err
	}
	if r.SubjectKind == SubjectOperator {
		if r.Tenant != id.Nil {
			return ctx, ErrInvalidToken.Sayf("a token of the operator belongs to no tenant")
		}
		return ctx, caller.Require(ctx, caller.ScopeOperator)
	}
	if who.Tenant == id.Nil && who.Scopes.Allow(caller.ScopeOperator) {
		who.Tenant = r.Tenant
	}
	if r.Tenant == id.Nil || r.Tenant != who.Tenant {
		return ctx, ErrInvalidToken.Sayf("a token is issued within the caller's own tenant")
	}
	return caller.With(ctx, who), nil
}

// check fills in what may be left out, and refuses what no token can be.
func (r *Request) check() error {
	if r.Life == 0 {
		r.Life = DefaultLife
	}
	r.Name = strings.TrimSpace(r.Name)
	if n := utf8.RuneCountInString(r.Name); n < 1 || n > 200 || strings.ContainsRune(r.Name, 0) || !utf8.ValidString(r.Name) {
		return ErrInvalidToken.At("name").Sayf("a token's name has 1 to 200 characters")
	}
	if r.Life < time.Minute || r.Life > MaxLife {
		return ErrInvalidToken.At("days").Sayf("a token lives for a minute at least and for 3,650 days at most")
	}
	if r.Subject == id.Nil {
		if r.SubjectKind == SubjectConfig || r.SubjectKind == SubjectAdministrator {
			return ErrInvalidToken.Sayf("say whose token it is")
		}
		r.Subject = id.New()
	}
	r.Scopes = slices.Compact(slices.Sorted(slices.Values(r.Scopes)))
	return r.checkScopes()
}

func (r *Request) checkScopes() error {
	open, ok := opens[r.SubjectKind]
	if !ok {
		return ErrInvalidToken.Sayf("a token belongs to a configuration, an administrator, a service or the operator")
	}
	if len(r.Scopes) == 0 {
		return ErrInvalidToken.At("scopes").Sayf("say what the token opens: %s", strings.Join(open, ", "))
	}
	if err := among(r.Scopes, open); err != nil {
		return err
	}
	return r.checkLimit()
}

// opens tells what a token can open, by whose it is; an administrator's role may leave less.
var opens = map[string][]string{
	SubjectConfig:        {caller.ScopeSCIM, caller.ScopeSCIMRead},
	SubjectAdministrator: Full.scopes(),
	SubjectService: {
		caller.ScopeAdmin, caller.ScopeAdminRead, caller.ScopeReportsRead, caller.ScopeEntitlementsRead, caller.ScopeEntitlementsWrite,
	},
	SubjectOperator: {caller.ScopeOperator},
}

func among(scopes, open []string) error {
	for _, scope := range scopes {
		if !slices.Contains(open, scope) {
			return ErrInvalidToken.At("scopes").Sayf("this token can open %s", strings.Join(open, ", "))
		}
	}
	return nil
}

// fits refuses an administrator's token that opens more than her role. It locks her, so that she keeps the role, and stays,
// until the token is written down, where whoever changes or removes her finds it.
func (s *Service) fits(ctx context.Context, t Token) error {
	if t.SubjectKind != SubjectAdministrator {
		return nil
	}
	if err := s.lockAdministrator(ctx, t.Subject); err != nil {
		return err
	}
	found, err := s.Administrator(ctx, t.Subject)
	if err != nil {
		return err
	}
	return among(t.Scopes, found.Role.scopes())
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

// Get returns a token of the tenant, or ErrTokenNotFound; an operator outside of any tenant finds every token.
func (s *Service) Get(ctx context.Context, token id.ID) (Token, error) {
	who, err := reader(ctx)
	if err != nil {
		return Token{}, err
	}
	t, err := s.tokenByID(ctx, token)
	if err != nil {
		return Token{}, err
	}
	everywhere := who.Tenant == id.Nil && who.Scopes.Allow(caller.ScopeOperator)
	if t.Tenant != who.Tenant && !everywhere {
		return Token{}, ErrTokenNotFound
	}
	return t, nil
}

// TokenFilter narrows a list of tokens. Its zero value takes all.
type TokenFilter struct {
	Live    *bool // true for those that open something now, false for expired and revoked ones
	Subject id.ID // whose they are: a configuration or an administrator; id.Nil for everybody
}

// List returns a page of the tenant's tokens, in the order in which they were issued; of the operator's own for an operator outside
// of any tenant. Total is not counted: Count does that.
func (s *Service) List(ctx context.Context, args page.Args, f TokenFilter, way page.Way) (page.Page[Token], error) {
	who, err := reader(ctx)
	if err != nil {
		return page.Page[Token]{}, err
	}
	return s.list(ctx, who, args, f, way)
}

// Count tells how many tokens a filter takes.
func (s *Service) Count(ctx context.Context, f TokenFilter) (int64, error) {
	who, err := reader(ctx)
	if err != nil {
		return 0, err
	}
	return s.count(ctx, who, f)
}

// Tokens returns every token of some configurations and administrators of the tenant, the newest first.
func (s *Service) Tokens(ctx context.Context, subjects []id.ID) (map[id.ID][]Token, error) {
	who, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	return s.tokensOf(ctx, who, subjects)
}

// reader returns who asks, if they may see tokens and administrators.
func reader(ctx context.Context) (caller.Caller, error) {
	if err := caller.Require(ctx, caller.ScopeAdminRead); err != nil {
		return caller.Caller{}, err
	}
	who, err := caller.Must(ctx)
	if err != nil {
		return caller.Caller{}, err
	}
	if who.Tenant == id.Nil {
		err = caller.Require(ctx, caller.ScopeOperator)
	}
	return who, err
}

// TokenCursor returns the cursor of a token in List.
func TokenCursor(t Token) string { return page.Encode(tokenCursor, t.ID.String()) }

// tokenNews is what the journal keeps of a token.
type tokenNews struct {
	Name        string    `json:"name"`
	SubjectKind string    `json:"subjectKind"`
	Subject     string    `json:"subject,omitempty"`
	Scopes      []string  `json:"scopes"`
	Groups      []string  `json:"groups,omitempty"`
	ExpiresAt   time.Time `json:"expiresAt"`
}

func (s *Service) record(ctx context.Context, kind string, t Token) error {
	if t.Tenant == id.Nil {
		store.AfterCommit(ctx, func() { // the journal is a tenant's
			slog.InfoContext(ctx, "a token of the operator has changed", "change", kind, "token", id.Token.Format(t.ID), "name", t.Name)
		})
		return nil
	}
	data := tokenNews{Name: t.Name, SubjectKind: t.SubjectKind, Scopes: t.Scopes, ExpiresAt: t.ExpiresAt}
	for _, group := range t.Groups {
		data.Groups = append(data.Groups, id.Group.Format(group))
	}
	switch t.SubjectKind {
	case SubjectConfig:
		data.Subject = id.Config.Format(t.Subject)
	case SubjectAdministrator:
		data.Subject = id.Administrator.Format(t.Subject)
	}
	_, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: t.ID, Data: data})
	return err
}
