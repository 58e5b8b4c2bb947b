// Package main is the usher command: it serves, migrates, manages tenants and tokens, and plays identity providers.
//
// Invariants: every flag has an environment variable; --json prints one JSON value and nothing else on standard output; the
// exit code is 0 for success, 1 for a failure and 2 for a command line that is wrong. A secret is printed once, by the command
// that makes it.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/usherhq/usher/internal/fault"
)

// cli is the command line.
type cli struct {
	Serve    serveCommand    `cmd:"" help:"Serve SCIM, GraphQL and GraphiQL."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the database to this version's schema. Serve does so by itself."`
	Tenant   tenantCommands  `cmd:"" help:"Make and list tenants."`
	License  licenseCommands `cmd:"" help:"Make, change and list the licenses of a tenant."`
	Seat     seatCommands    `cmd:"" help:"List, give, take and move the seats of a license."`
	Scim     scimCommands    `cmd:"" help:"Make and list the SCIM configurations of a tenant."`
	Report   reportCommands  `cmd:"" help:"Tell how well licenses are used."`
	Token    tokenCommands   `cmd:"" help:"Issue, list and revoke access tokens."`
	Console  consoleCommand  `cmd:"" help:"Make a link by which an administrator, or the operator, signs in to the console."`
	Key      keyCommands     `cmd:"" help:"Rotate and list the keys that sign access tokens."`
	Simulate simulateCommand `cmd:"" help:"Play an identity provider against a SCIM endpoint."`
	Version  versionCommand  `cmd:"" help:"Tell the version."`
}

const exitUsage = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	exited, code := false, 0
	parser, err := kong.New(&cli{}, kong.Name("usher"), kong.Writers(out, errs), kong.UsageOnError(), kong.Vars{"version": version()},
		kong.Description("Usher seats people: identity providers provision users, groups and licenses over SCIM, administrators watch over GraphQL."),
		kong.Exit(func(status int) { exited, code = true, status }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(&printer{out: out, errs: errs}))
	if err != nil {
		fmt.Fprintln(errs, "usher:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	switch {
	case exited:
		return code
	case err != nil:
		fmt.Fprintln(errs, "usher:", err)
		fmt.Fprintln(errs, `Run "usher --help" to see what it takes.`)
		return exitUsage
	}
	if err := parsed.Run(); err != nil {
		if !errors.Is(err, errTold) {
			fmt.Fprintln(errs, "usher:", told(err, parsed.Selected()))
		}
		return 1
	}
	return 0
}

// errTold ends a command that has said itself what went wrong.
var errTold = errors.New("told already")

// flags are the flags that fill fields of other names.
var flags = map[string]string{
	licenseID: "license", "identityProvider": "provider", "autoAssign": "auto-assign", "autoAssignPriority": "auto-assign-priority", "scopes": "scope", "scimConfigId": "scim", "email": "admin",
}

// told shows a fault as its message, behind the flag that is at fault; an accident as it is.
func told(err error, command *kong.Node) string {
	f, ok := fault.As(err)
	switch {
	case !ok:
		return err.Error()
	case f.Field == "":
		return f.Message
	}
	name := cmp.Or(flags[f.Field], f.Field)
	for _, group := range command.AllFlags(true) {
		for _, flag := range group {
			if flag.Name == name {
				return "--" + name + ": " + f.Message
			}
		}
	}
	return f.Field + ": " + f.Message
}
