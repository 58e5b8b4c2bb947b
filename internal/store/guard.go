package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"slices"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	ent "github.com/usherhq/usher/ent/generated"
	"github.com/usherhq/usher/ent/generated/intercept"
	"github.com/usherhq/usher/internal/caller"
)

var (
	errForeign = errors.New("store: a row of another tenant")
	errOutside = errors.New("store: ent writes only within a unit of work, through Ent")
)

// Ungoverned lists the types whose tables belong to the installation and not to a tenant: the guard lets them pass, and the
// modules that own them look after them.
var Ungoverned = []string{ent.TypeTenant, ent.TypeInstallation, ent.TypeSigningKey, ent.TypeAccessToken, ent.TypeJournalHead, ent.TypeInvitation, ent.TypeSession}

type acrossKey struct{}

// AcrossTenants opens the guard for reads and changes of every tenant. Creating still needs the tenant to be set. The reason
// stands at the call for its reader.
func AcrossTenants(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, acrossKey{}, reason)
}

func across(ctx context.Context) bool {
	reason, _ := ctx.Value(acrossKey{}).(string)
	return reason != ""
}

// guarded makes a client that knows tenants and finds its unit of work in the context of each statement.
func (db *DB) guarded(immediate bool) *ent.Client {
	client := ent.NewClient(ent.Driver(&entDriver{db: db, immediate: immediate}))
	client.Intercept(intercept.TraverseFunc(filterReads))
	client.Use(guardWrites(immediate))
	return client
}

func filterReads(ctx context.Context, query intercept.Query) error {
	if slices.Contains(Ungoverned, query.Type()) || across(ctx) {
		return nil
	}
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	query.WhereP(ofTenant(tenant))
	return nil
}

func ofTenant(tenant uuid.UUID) func(*sql.Selector) {
	return func(s *sql.Selector) { s.Where(sql.EQ(s.C("tenant_id"), tenant)) }
}

func guardWrites(immediate bool) ent.Hook {
	return func(next ent.Mutator) ent.Mutator {
		return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
			if !immediate || unitOf(ctx) == nil {
				return nil, errOutside
			}
			if !slices.Contains(Ungoverned, m.Type()) {
				if err := guardWrite(ctx, m); err != nil {
					return nil, err
				}
			}
			return next.Mutate(ctx, m)
		})
	}
}

func guardWrite(ctx context.Context, m ent.Mutation) error {
	if m.Op().Is(ent.OpCreate) {
		return stamp(ctx, m)
	}
	if across(ctx) {
		return nil
	}
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	narrow, ok := m.(interface {
		WhereP(predicates ...func(*sql.Selector))
	})
	if !ok {
		return fmt.Errorf("store: a change of %s cannot be narrowed to a tenant", m.Type())
	}
	narrow.WhereP(ofTenant(tenant))
	return nil
}

// stamp gives a new row its tenant. A tenant that is set already must be the caller's.
func stamp(ctx context.Context, m ent.Mutation) error {
	given, set := m.Field("tenant_id")
	if across(ctx) && set {
		return nil
	}
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return err
	}
	if set && given != tenant {
		return fmt.Errorf("create %s: %w", m.Type(), errForeign)
	}
	return m.SetField("tenant_id", tenant)
}

// entDriver runs ent's statements in the unit of work of their context.
type entDriver struct {
	db        *DB
	immediate bool
}

func (d *entDriver) Exec(ctx context.Context, query string, args, into any) error {
	u, err := d.db.writing(ctx)
	if err != nil {
		return err
	}
	given, ok := args.([]any)
	if !ok {
		return fmt.Errorf("store: arguments of type %T", args)
	}
	result, err := u.tx.ExecContext(ctx, query, given...)
	if err != nil {
		return translate(ctx, err)
	}
	if out, ok := into.(*stdsql.Result); ok {
		*out = result
	}
	return nil
}

func (d *entDriver) Query(ctx context.Context, query string, args, into any) error {
	given, okArgs := args.([]any)
	out, okInto := into.(*sql.Rows)
	if !okArgs || !okInto {
		return fmt.Errorf("store: a query with %T into %T", args, into)
	}
	if u := unitOf(ctx); d.immediate && u != nil && u.db == d.db {
		if err := u.write(ctx); err != nil {
			return err
		}
	}
	rows, err := d.db.source(ctx).QueryContext(ctx, query, given...) //nolint:rowserrcheck // ent does
	if err != nil {
		return translate(ctx, err)
	}
	*out = sql.Rows{ColumnScanner: rows}
	return nil
}

// Tx is asked by ent for changes of several statements: they are in the unit's transaction already.
func (d *entDriver) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }

func (d *entDriver) Close() error { return nil }

func (d *entDriver) Dialect() string {
	if d.db.Postgres() {
		return dialect.Postgres
	}
	return dialect.SQLite
}
