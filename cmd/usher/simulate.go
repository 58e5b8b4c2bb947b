package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/simulate"
)

type simulateCommand struct {
	Okta     simulateOkta     `cmd:"" help:"Play a whole Okta life: people join, move and leave, groups are pushed, everything is imported."`
	Entra    simulateEntra    `cmd:"" help:"Play a whole Microsoft Entra life: cycles of people, managers, groups and members, disabled, restored and deleted."`
	Onelogin simulateOnelogin `cmd:"" name:"onelogin" help:"Play a whole OneLogin life: people by a template, roles that become members of your groups, suspensions and deletions."`
}

// simulation are the flags that every provider has.
type simulation struct {
	format

	Base        string        `help:"Base URL of the SCIM endpoint." required:"" env:"USHER_SIMULATE_BASE" placeholder:"URL"`
	Token       string        `help:"Access token." required:"" env:"USHER_SIMULATE_TOKEN"`
	Users       int           `help:"People in the organization." default:"100" env:"USHER_SIMULATE_USERS"`
	Groups      int           `help:"Groups in the organization." default:"5" env:"USHER_SIMULATE_GROUPS"`
	Concurrency int           `help:"Calls side by side." default:"4" env:"USHER_SIMULATE_CONCURRENCY"`
	Seed        uint64        `help:"Another seed is another organization." default:"1" env:"USHER_SIMULATE_SEED"`
	Retries     int           `help:"How often to repeat a call that got no answer. Providers do not." default:"0" env:"USHER_SIMULATE_RETRIES"`
	MaxWait     time.Duration `help:"The longest to wait for a target that answers 429; 0 is as long as the provider would, which may be hours." default:"10m" env:"USHER_SIMULATE_MAX_WAIT"`
}

func (s *simulation) options() simulate.Options {
	return simulate.Options{
		BaseURL: s.Base, Token: s.Token, Users: s.Users, Groups: s.Groups, Concurrency: s.Concurrency, Seed: s.Seed, Retries: s.Retries, MaxWait: s.MaxWait,
	}
}

// play plays, shows how far it is and what came of it, and fails when the target does not hold what it has acknowledged.
func (s *simulation) play(ctx context.Context, p *printer, provider func(context.Context, simulate.Options) (*simulate.Report, error), o simulate.Options) error {
	progress, done := p.progress(clock.System())
	o.Progress = progress
	report, err := provider(ctx, o)
	done()
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if err := p.show(s.format, report, func(w io.Writer) { report.WriteText(w) }); err != nil {
		return err
	}
	if !report.OK() {
		return errTold
	}
	return nil
}

type simulateOkta struct {
	simulation

	Dialect string `help:"How Okta updates: put or patch." enum:"put,patch" default:"put" env:"USHER_SIMULATE_DIALECT"`
}

// Run plays Okta.
func (c *simulateOkta) Run(ctx context.Context, p *printer) error {
	o := c.options()
	o.Dialect = simulate.Dialect(c.Dialect)
	return c.play(ctx, p, simulate.Okta, o)
}

type simulateEntra struct {
	simulation

	Dialect string `help:"How Entra writes a PATCH: default, scim062020 (the flag in the tenant URL), or both mixed." enum:"default,scim062020,mixed" default:"default" env:"USHER_SIMULATE_DIALECT"`
	Match   string `help:"The matching attribute: userName, externalId or workEmail." enum:"userName,externalId,workEmail" default:"userName" env:"USHER_SIMULATE_MATCH"`
}

// Run plays Entra.
func (c *simulateEntra) Run(ctx context.Context, p *printer) error {
	o := c.options()
	o.Dialect, o.Match = simulate.Dialect(c.Dialect), simulate.Match(c.Match)
	return c.play(ctx, p, simulate.Entra, o)
}

type simulateOnelogin struct {
	simulation

	Dialect string `help:"The connector, which decides on the template: v2-enterprise, v2-core, v1.1, or all of them mixed." enum:"v2-enterprise,v2-core,v1.1,mixed" default:"v2-enterprise" env:"USHER_SIMULATE_DIALECT"`
	Delete  string `help:"What happens in the target when a person is deleted: suspend, delete or nothing." enum:"suspend,delete,nothing" default:"suspend" env:"USHER_SIMULATE_DELETE"`
}

// Run plays OneLogin.
func (c *simulateOnelogin) Run(ctx context.Context, p *printer) error {
	o := c.options()
	o.Dialect, o.Removal = simulate.Dialect(c.Dialect), simulate.Removal(c.Delete)
	return c.play(ctx, p, simulate.OneLogin, o)
}
