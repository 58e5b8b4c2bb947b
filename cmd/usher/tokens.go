package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
)

type tokenCommands struct {
	Create tokenCreate `cmd:"" help:"Issue an access token: for GraphQL, one more for a SCIM configuration, or one of the operator."`
	List   tokenList   `cmd:"" help:"List the access tokens of a tenant, or the operator's."`
	Revoke tokenRevoke `cmd:"" help:"End an access token at once."`
}

const day = 24 * time.Hour

// life is the flag of every command that issues a token.
type life struct {
	Days int `help:"How many days the token lives." default:"730" env:"USHER_TOKEN_DAYS"`
}

func (l life) duration() (time.Duration, error) {
	if l.Days < 1 || l.Days > int(access.MaxLife/day) {
		return 0, fmt.Errorf("--days is %d: it must be between 1 and %d", l.Days, access.MaxLife/day)
	}
	return time.Duration(l.Days) * day, nil
}

// ofTenant is the flag of commands that work in a tenant, or without it on what is the operator's own.
type ofTenant struct {
	Tenant string `help:"Slug of the tenant; none for the operator's own tokens." env:"USHER_TENANT"`
}

func (o ofTenant) with(ctx context.Context, p place, act func(ctx context.Context, h *house) error) error {
	if o.Tenant == "" {
		return with(ctx, p, act)
	}
	return inside(ctx, p, o.Tenant, act)
}

type tokenCreate struct {
	place
	format
	ofTenant
	life

	Name  string   `help:"What the token is for." required:"" env:"USHER_TOKEN_NAME"`
	Scope []string `help:"What it opens, several with commas: admin, admin:read, reports:read, entitlements:read; scim or scim:read with --scim; operator, for every tenant, without --tenant." required:"" env:"USHER_TOKEN_SCOPE"`
	Group []string `help:"Ids of groups, grp_…, several with commas: a token with --scope reports:read tells of their people alone." env:"USHER_TOKEN_GROUP" placeholder:"ID"`
	Scim  string   `help:"Name or id of the SCIM configuration that the token is for." env:"USHER_TOKEN_SCIM" placeholder:"CONFIG"`
}

type issuedToken struct {
	ID        string    `json:"id"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Run issues an access token.
func (c *tokenCreate) Run(ctx context.Context, p *printer) error {
	if err := c.check(); err != nil {
		return err
	}
	days, err := c.duration()
	if err != nil {
		return err
	}
	return c.with(ctx, c.place, func(ctx context.Context, h *house) error {
		groups, err := groupIDs(c.Group)
		if err != nil {
			return err
		}
		token, secret, err := c.issue(ctx, h, access.Request{Name: c.Name, Scopes: c.Scope, Groups: groups, Life: days})
		if err != nil {
			return err
		}
		shown := issuedToken{ID: id.Token.Format(token.ID), Token: secret.Reveal(), ExpiresAt: token.ExpiresAt}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "id", shown.ID)
			line(w, "token", shown.Token)
			line(w, "", "It is shown this once and ends on "+token.ExpiresAt.Format(time.DateOnly)+".")
		})
	})
}

// check refuses scopes that do not go with the other flags.
func (c *tokenCreate) check() error {
	opens := func(scopes ...string) bool {
		return slices.ContainsFunc(c.Scope, func(scope string) bool { return slices.Contains(scopes, scope) })
	}
	switch {
	case opens(caller.ScopeOperator) && c.Tenant != "":
		return errors.New("--scope operator opens every tenant: leave --tenant away")
	case !opens(caller.ScopeOperator) && c.Tenant == "":
		return errors.New("--tenant is missing: only a token with --scope operator belongs to no tenant")
	case opens(caller.ScopeSCIM, caller.ScopeSCIMRead) && c.Scim == "":
		return errors.New("--scim is missing: a token with --scope " + strings.Join(c.Scope, ",") + " belongs to a SCIM configuration; usher scim list shows them")
	default:
		return nil
	}
}

func (c *tokenCreate) issue(ctx context.Context, h *house, r access.Request) (access.Token, access.Secret, error) {
	if c.Scim != "" {
		config, err := h.configOf(ctx, c.Scim)
		if err != nil {
			return access.Token{}, "", fmt.Errorf("find SCIM configuration %q: %w", c.Scim, err)
		}
		return h.provisioning.IssueToken(ctx, config.ID, r)
	}
	who, err := caller.Must(ctx)
	if err != nil {
		return access.Token{}, "", err
	}
	r.Tenant, r.SubjectKind = who.Tenant, access.SubjectService
	if c.Tenant == "" {
		r.SubjectKind = access.SubjectOperator
	}
	return h.access.Issue(ctx, r)
}

// groupIDs reads the groups that a reader is limited to.
func groupIDs(texts []string) ([]id.ID, error) {
	groups := make([]id.ID, len(texts))
	for i, text := range texts {
		of, ok := id.Group.Parse(text)
		if !ok {
			return nil, fmt.Errorf("--group %q is no group's id: it begins with grp_", text)
		}
		groups[i] = of
	}
	return groups, nil
}

type tokenList struct {
	place
	format
	ofTenant
}

type listedToken struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes"`
	Config     string     `json:"scimConfigId,omitempty"`
	Groups     []string   `json:"groupIds,omitempty"`
	ExpiresAt  time.Time  `json:"expiresAt"`
	LastUsedAt *time.Time `json:"lastUsedAt"`
	RevokedAt  *time.Time `json:"revokedAt"`
}

func showToken(t access.Token) listedToken {
	shown := listedToken{
		ID: id.Token.Format(t.ID), Name: t.Name, Scopes: t.Scopes, ExpiresAt: t.ExpiresAt, LastUsedAt: t.LastUsedAt, RevokedAt: t.RevokedAt,
	}
	if t.SubjectKind == access.SubjectConfig {
		shown.Config = id.Config.Format(t.Subject)
	}
	for _, group := range t.Groups {
		shown.Groups = append(shown.Groups, id.Group.Format(group))
	}
	return shown
}

func (t listedToken) state() string {
	switch {
	case t.RevokedAt != nil:
		return "revoked " + t.RevokedAt.Format(time.DateOnly)
	case t.LastUsedAt != nil:
		return "used " + t.LastUsedAt.Format(time.DateTime)
	default:
		return "never used"
	}
}

// Run lists the access tokens of a tenant, or the operator's.
func (c *tokenList) Run(ctx context.Context, p *printer) error {
	return c.with(ctx, c.place, func(ctx context.Context, h *house) error {
		found, err := all(func(a page.Args) (page.Page[access.Token], error) {
			return h.access.List(ctx, a, access.TokenFilter{}, page.Descending)
		}, access.TokenCursor)
		if err != nil {
			return err
		}
		shown := []listedToken{}
		for _, t := range found {
			shown = append(shown, showToken(t))
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "NAME", "SCOPES", "EXPIRES", "STATE", "ID")
			for _, t := range shown {
				line(w, t.Name, strings.Join(t.Scopes, ","), t.ExpiresAt.Format(time.DateOnly), t.state(), t.ID)
			}
		})
	})
}

type tokenRevoke struct {
	place
	format
	ofTenant

	ID string `arg:"" help:"The token's id, tok_…"`
}

// Run ends an access token.
func (c *tokenRevoke) Run(ctx context.Context, p *printer) error {
	return c.with(ctx, c.place, func(ctx context.Context, h *house) error {
		of, ok := id.Token.Parse(c.ID)
		if !ok {
			return fmt.Errorf("%q is no token's id: it begins with tok_; usher token list shows them", c.ID)
		}
		token, err := h.access.Revoke(ctx, of)
		if err != nil {
			return err
		}
		return p.show(c.format, map[string]any{"id": c.ID, "revokedAt": token.RevokedAt}, func(w io.Writer) { line(w, "revoked", c.ID) })
	})
}
