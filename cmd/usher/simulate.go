package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/usherhq/usher/internal/simulate"
)

type simulateCommand struct {
	Okta simulateOkta `cmd:"" help:"Play a whole Okta life: people join, move and leave, groups are pushed, everything is imported."`
}

type simulateOkta struct {
	format

	Base        string `help:"Base URL of the SCIM endpoint." required:"" env:"USHER_SIMULATE_BASE" placeholder:"URL"`
	Token       string `help:"Access token." required:"" env:"USHER_SIMULATE_TOKEN"`
	Users       int    `help:"People in the organization." default:"100" env:"USHER_SIMULATE_USERS"`
	Groups      int    `help:"Groups in the organization." default:"5" env:"USHER_SIMULATE_GROUPS"`
	Concurrency int    `help:"Calls side by side." default:"4" env:"USHER_SIMULATE_CONCURRENCY"`
	Dialect     string `help:"How Okta updates: put or patch." enum:"put,patch" default:"put" env:"USHER_SIMULATE_DIALECT"`
	Seed        uint64 `help:"Another seed is another organization." default:"1" env:"USHER_SIMULATE_SEED"`
	Retries     int    `help:"How often to repeat a call that got no answer." default:"0" env:"USHER_SIMULATE_RETRIES"`
}

// Run plays, and fails when the target does not hold what it has acknowledged.
func (c *simulateOkta) Run(ctx context.Context, p *printer) error {
	options := simulate.Options{
		BaseURL: c.Base, Token: c.Token, Users: c.Users, Groups: c.Groups, Concurrency: c.Concurrency, Dialect: simulate.Dialect(c.Dialect), Seed: c.Seed,
		Retries: c.Retries,
	}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		options.Progress = func(now simulate.Progress) {
			fmt.Fprintf(p.errs, "\r\x1b[K%-28s %d/%d  %d calls, %d differences", now.Stage, now.Done, now.Total, now.Calls, now.Differences)
		}
		defer fmt.Fprintln(p.errs)
	}
	report, err := simulate.Okta(ctx, options)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if err := p.show(c.format, report, func(w io.Writer) { report.WriteText(w) }); err != nil {
		return err
	}
	if !report.OK() {
		return errTold
	}
	return nil
}
