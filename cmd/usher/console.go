package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/access"
)

// consolePath is where the console is served.
const consolePath = "/console/"

// consoleCommand makes a link by which somebody signs in to the console.
type consoleCommand struct {
	place
	format

	Tenant    string   `help:"Slug of the tenant; none for the operator's own link." env:"USHER_TENANT"`
	Admin     string   `help:"E-mail address of the administrator, who is made if she is not there yet." env:"USHER_CONSOLE_ADMIN" placeholder:"EMAIL"`
	Name      string   `help:"What she is called, if she is made; her address, without it." env:"USHER_CONSOLE_NAME"`
	Role      string   `help:"What she may do, if she is made: full, limited (reads everything), reporting (licenses and figures) or groups (figures of the people of some groups)." enum:"full,limited,reporting,groups" default:"full" env:"USHER_CONSOLE_ROLE"`
	Group     []string `help:"With --role groups: ids of these groups, grp_…, several with commas." env:"USHER_CONSOLE_GROUP" placeholder:"ID"`
	PublicURL string   `name:"public-url" help:"Scheme and host of the console." env:"USHER_PUBLIC_URL" default:"http://localhost:8080"`
}

type shownLink struct {
	Administrator string    `json:"administratorId,omitempty"`
	Email         string    `json:"email,omitempty"`
	Link          string    `json:"link"`
	ExpiresAt     time.Time `json:"expiresAt"`
}

// Run prints a link.
func (c *consoleCommand) Run(ctx context.Context, p *printer) error {
	invite := c.operator
	switch {
	case c.Tenant == "" && c.Admin != "":
		return errors.New("--tenant is missing: an administrator belongs to one; leave --admin away for the operator's link")
	case c.Tenant != "" && c.Admin == "":
		return errors.New("--admin is missing: name the e-mail address of who is to sign in")
	case c.Tenant != "":
		invite = c.administrator
	}
	return ofTenant{Tenant: c.Tenant}.with(ctx, c.place, func(ctx context.Context, h *house) error {
		shown, err := invite(ctx, h)
		if err != nil {
			return err
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, shown.Link)
			line(w, "It signs in the first who opens it, and is good until "+shown.ExpiresAt.Format("2006-01-02 15:04 MST")+".")
		})
	})
}

func (c *consoleCommand) link(i access.Invitation, secret access.Secret) shownLink {
	return shownLink{Link: access.Link(strings.TrimRight(c.PublicURL, "/")+consolePath, secret), ExpiresAt: i.ExpiresAt}
}

func (c *consoleCommand) operator(ctx context.Context, h *house) (shownLink, error) {
	i, secret, err := h.access.InviteOperator(ctx)
	return c.link(i, secret), err
}

// administrator gives a new link to an administrator, whom it makes first if need be.
func (c *consoleCommand) administrator(ctx context.Context, h *house) (shownLink, error) {
	all, err := h.access.Administrators(ctx)
	if err != nil {
		return shownLink{}, err
	}
	for _, a := range all {
		if strings.EqualFold(a.Email, c.Admin) {
			a, i, secret, err := h.access.RenewInvitation(ctx, a.ID)
			return c.shown(a, i, secret), err
		}
	}
	groups, err := groupIDs(c.Group)
	if err != nil {
		return shownLink{}, err
	}
	n := access.NewAdministrator{Name: c.Name, Email: c.Admin, Role: access.Role(c.Role), Groups: groups}
	if n.Name == "" {
		n.Name = n.Email
	}
	a, i, secret, err := h.access.InviteAdministrator(ctx, n)
	return c.shown(a, i, secret), err
}

func (c *consoleCommand) shown(a access.Administrator, i access.Invitation, secret access.Secret) shownLink {
	shown := c.link(i, secret)
	shown.Administrator, shown.Email = id.Administrator.Format(a.ID), a.Email
	return shown
}
