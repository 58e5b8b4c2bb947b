package directory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
)

// world is a directory with an administrator and two SCIM configurations of one tenant.
type world struct {
	t            *testing.T
	db           *store.DB
	people       *directory.Service
	journal      *events.Service
	admin        context.Context
	okta, entra  context.Context
	oktaID, enID id.ID
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, journal: events.New(db), admin: storetest.Tenant(t, db)}
	w.people = directory.New(db, w.journal, clock.System())
	w.oktaID, w.enID = storetest.Config(t, db, w.admin), storetest.Config(t, db, w.admin)
	w.okta, w.entra = provider(w.admin, w.oktaID), provider(w.admin, w.enID)
	return w
}

func provider(ctx context.Context, config id.ID) context.Context {
	who, _ := caller.From(ctx)
	return caller.With(ctx, caller.Caller{Tenant: who.Tenant, Kind: caller.KindSCIM, Config: config, Name: "Provider", Scopes: caller.Scopes{caller.ScopeSCIM}})
}

func (w *world) create(ctx context.Context, u directory.User) *directory.User {
	w.t.Helper()
	made, err := w.people.Create(ctx, u)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func (w *world) several(ctx context.Context, n int) []id.ID {
	w.t.Helper()
	ids := make([]id.ID, n)
	for i := range ids {
		ids[i] = w.create(ctx, directory.User{UserName: fmt.Sprintf("user%03d@example.com", i), Active: true}).ID
	}
	return ids
}

func (w *world) change(ctx context.Context, of id.ID, edit func(*directory.User)) (*directory.User, bool) {
	w.t.Helper()
	u, changed, err := w.people.Change(ctx, of, func(u *directory.User) error { edit(u); return nil }, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return u, changed
}

// events counts the tenant's events, numbered or not.
func (w *world) events() (n int) {
	w.t.Helper()
	who, _ := caller.From(w.admin)
	if err := w.db.QueryRow(w.admin, `SELECT count(*) FROM events WHERE tenant_id = $1`, who.Tenant).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) kinds(of id.ID) []string {
	w.t.Helper()
	who, _ := caller.From(w.admin)
	rows, err := w.db.Query(w.admin, `SELECT kind FROM events WHERE tenant_id = $1 AND subject_id = $2 ORDER BY id`, who.Tenant, of)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var kind string
		if err := rows.Scan(&kind); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, kind)
	}
	return all
}

func refs(ids ...id.ID) []directory.MemberRef {
	all := make([]directory.MemberRef, len(ids))
	for i, of := range ids {
		all[i] = directory.MemberRef{Value: id.User.Format(of)}
	}
	return all
}

func (w *world) members(group id.ID) []id.ID {
	w.t.Helper()
	found, err := w.people.Members(w.admin, group, id.Nil, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []id.ID
	for _, m := range found {
		ids = append(ids, m.ID)
	}
	return ids
}
