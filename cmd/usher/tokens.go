package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
)

type tokenCommands struct {
	Create tokenCreate `cmd:"" help:"Issue an access token for GraphQL."`
	List   tokenList   `cmd:"" help:"List the access tokens of a tenant."`
	Revoke tokenRevoke `cmd:"" help:"End an access token at once."`
}

type tokenCreate struct {
	place
	format

	Tenant string   `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	Name   string   `help:"What the token is for." required:"" env:"USHER_TOKEN_NAME"`
	Scope  []string `help:"admin, admin:read, reports:read, entitlements:read; several with commas." required:"" env:"USHER_TOKEN_SCOPE"`
	Days   int      `help:"How long it lives." default:"730" env:"USHER_TOKEN_DAYS"`
}

type issuedToken struct {
	ID        string    `json:"id"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expiresAt"`
}

const day = 24 * time.Hour

// Run issues an access token.
func (c *tokenCreate) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		who, err := caller.Must(ctx)
		if err != nil {
			return err
		}
		if c.Days < 1 || c.Days > int(access.MaxLife/day) {
			return fmt.Errorf("--days is %d: it must be between 1 and %d", c.Days, access.MaxLife/day)
		}
		token, secret, err := h.access.Issue(ctx, access.Request{
			Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: c.Name, Scopes: c.Scope, Life: time.Duration(c.Days) * day,
		})
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

type tokenList struct {
	place
	format

	Tenant string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
}

type listedToken struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Scopes     []string   `json:"scopes"`
	ExpiresAt  time.Time  `json:"expiresAt"`
	LastUsedAt *time.Time `json:"lastUsedAt"`
	RevokedAt  *time.Time `json:"revokedAt"`
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

// Run lists the access tokens of a tenant.
func (c *tokenList) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		found, err := all(func(a page.Args) (page.Page[access.Token], error) { return h.access.List(ctx, a) }, access.TokenCursor)
		if err != nil {
			return err
		}
		shown := []listedToken{}
		for _, t := range found {
			shown = append(shown, listedToken{
				ID: id.Token.Format(t.ID), Name: t.Name, Scopes: t.Scopes, ExpiresAt: t.ExpiresAt, LastUsedAt: t.LastUsedAt, RevokedAt: t.RevokedAt,
			})
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "NAME", "SCOPES", "EXPIRES", "STATE", "ID")
			for _, t := range shown {
				line(w, t.Name, t.Scopes, t.ExpiresAt.Format(time.DateOnly), t.state(), t.ID)
			}
		})
	})
}

type tokenRevoke struct {
	place
	format

	Tenant string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	ID     string `arg:"" help:"The token's id, tok_…"`
}

// Run ends an access token.
func (c *tokenRevoke) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
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
