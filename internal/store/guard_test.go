package store_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	ent "github.com/usherhq/usher/ent/generated"
	"github.com/usherhq/usher/ent/generated/migrate"
	"github.com/usherhq/usher/ent/generated/user"
	"github.com/usherhq/usher/ent/schema"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// tenanted are the types whose schema mixes in Tenanted. A new one is added here, which is the moment to think about it.
var tenanted = []any{
	schema.ActivityDay{}, schema.ActivitySource{}, schema.Administrator{}, schema.Alert{}, schema.AttributeSchema{}, schema.Claim{}, schema.Consent{}, schema.CountDelta{}, schema.Event{},
	schema.Group{}, schema.KeptCount{}, schema.Ledger{}, schema.License{}, schema.Link{}, schema.Membership{},
	schema.ParkedMember{}, schema.Rule{}, schema.RuleRevision{}, schema.RuleRun{}, schema.ScimCall{}, schema.ScimConfig{}, schema.Seat{}, schema.Snapshot{},
	schema.User{}, schema.UserUnique{}, schema.UserValue{},
}

// installationWide are the types that belong to no tenant, or, like an operator's access token, perhaps to none.
var installationWide = []any{
	schema.AccessToken{}, schema.Installation{}, schema.Invitation{}, schema.JournalHead{}, schema.Session{}, schema.SigningKey{}, schema.Tenant{},
}

func typeNames(of []any) (names []string) {
	for _, each := range of {
		names = append(names, reflect.TypeOf(each).Name())
	}
	slices.Sort(names)
	return names
}

// clientTypes lists every type that the generated client knows.
func clientTypes() (names []string) {
	client := reflect.TypeFor[ent.Client]()
	for field := range client.Fields() {
		if strings.HasSuffix(field.Type.String(), "Client") {
			names = append(names, field.Name)
		}
	}
	slices.Sort(names)
	return names
}

func TestEveryTypeIsGuardedOrKnownToBelongToNoTenant(t *testing.T) {
	t.Parallel()
	if got, want := clientTypes(), typeNames(slices.Concat(tenanted, installationWide)); !reflect.DeepEqual(got, want) {
		t.Errorf("the client has the types %v, this test knows %v", got, want)
	}
	ungoverned := slices.Sorted(slices.Values(store.Ungoverned))
	if want := typeNames(installationWide); !reflect.DeepEqual(ungoverned, want) {
		t.Errorf("the guard lets pass %v, want %v", ungoverned, want)
	}
}

func TestTenantedTablesAreThoseOfTenantedTypes(t *testing.T) {
	t.Parallel()
	var withTenant int
	for _, table := range migrate.Tables {
		for _, column := range table.Columns {
			if column.Name == "tenant_id" && !column.Nullable {
				withTenant++
			}
		}
		if len(table.ForeignKeys) > 0 {
			t.Errorf("%s has an edge: predicates over edges pass the guard", table.Name)
		}
	}
	if withTenant != len(tenanted) {
		t.Errorf("%d tables have a tenant, %d types are tenanted", withTenant, len(tenanted))
	}
}

// call calls a method of a generated builder.
func call(on reflect.Value, method string, args ...any) []reflect.Value {
	values := make([]reflect.Value, len(args))
	for i, arg := range args {
		values[i] = reflect.ValueOf(arg)
	}
	return on.MethodByName(method).Call(values)
}

func errorOf(results []reflect.Value) error {
	err, _ := reflect.TypeAssert[error](results[len(results)-1])
	return err
}

func TestEveryGuardedTypeFailsClosedWithoutACaller(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		nobody := t.Context()
		operator := caller.With(nobody, caller.Caller{Kind: caller.KindOperator})
		for _, name := range typeNames(tenanted) {
			for who, ctx := range map[string]context.Context{"nobody": nobody, "an operator outside of a tenant": operator} {
				err := store.Do(ctx, db, func(ctx context.Context) error {
					of := reflect.ValueOf(db.Ent(ctx)).Elem().FieldByName(name)
					for verb, results := range map[string][]reflect.Value{
						"read":   call(call(of, "Query")[0], "All", ctx),
						"count":  call(call(of, "Query")[0], "Count", ctx),
						"exist":  call(call(of, "Query")[0], "Exist", ctx),
						"ids":    call(call(of, "Query")[0], "IDs", ctx),
						"get":    call(of, "Get", ctx, uuid.New()),
						"delete": call(call(of, "Delete")[0], "Exec", ctx),
						"one":    call(call(of, "DeleteOneID", uuid.New())[0], "Exec", ctx),
						"update": call(call(of, "Update")[0], "Save", ctx),
						"change": call(call(of, "UpdateOneID", uuid.New())[0], "Save", ctx),
						"create": call(call(of, "Create")[0], "Save", ctx),
					} {
						found, ok := fault.As(errorOf(results))
						if !ok || found.Kind != fault.Unauthenticated && !errors.Is(found, caller.ErrNoTenant) {
							t.Errorf("%s: %s by %s: %v", name, verb, who, errorOf(results))
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// two makes two tenants with a user each.
func two(t *testing.T, db *store.DB) (ours, theirs context.Context, foreign uuid.UUID) {
	t.Helper()
	ours, theirs = storetest.Tenant(t, db), storetest.Tenant(t, db)
	do(ours, t, db, addUser(ours, db, "ada"))
	write := addUser(theirs, db, "bob")
	do(theirs, t, db, write)
	return ours, theirs, write.Args[0].(uuid.UUID)
}

func TestGuardKeepsTenantsApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ours, theirs, foreign := two(t, db)
		expectPeople(ours, t, db, "ada")
		expectPeople(theirs, t, db, "bob")
		if _, err := db.Reader(ours).User.Get(ours, foreign); !ent.IsNotFound(err) {
			t.Errorf("get a foreign row: %v", err)
		}
		if found, err := db.Reader(ours).User.Query().Where(user.Or(user.ID(foreign), user.UserName("bob"))).Count(ours); err != nil || found != 0 {
			t.Errorf("%d foreign rows match: %v", found, err)
		}
		err := store.Do(ours, db, func(ctx context.Context) error {
			client := db.Ent(ctx).User
			if n, err := client.Update().SetDisplayName("x").Save(ctx); err != nil || n != 1 {
				t.Errorf("update all: %d, %v", n, err)
			}
			if n, err := client.Update().Where(user.ID(foreign)).SetDisplayName("x").Save(ctx); err != nil || n != 0 {
				t.Errorf("update a foreign row: %d, %v", n, err)
			}
			if err := client.UpdateOneID(foreign).SetDisplayName("x").Exec(ctx); !ent.IsNotFound(err) {
				t.Errorf("update a foreign row by id: %v", err)
			}
			if n, err := client.Delete().Where(user.ID(foreign)).Exec(ctx); err != nil || n != 0 {
				t.Errorf("delete a foreign row: %d, %v", n, err)
			}
			if err := client.DeleteOneID(foreign).Exec(ctx); !ent.IsNotFound(err) {
				t.Errorf("delete a foreign row by id: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		bob, err := db.Reader(theirs).User.Get(theirs, foreign)
		if err != nil || bob.DisplayName != "" {
			t.Errorf("bob is now %v: %v", bob, err)
		}
	})
}

func newUser(db *store.DB, client *ent.Client, name string) *ent.UserCreate {
	now := db.Now()
	return client.User.Create().SetID(uuid.Must(uuid.NewV7())).SetUserName(name).SetUserNameKey(name).SetOrigin("test").
		SetAttributes("{}").SetCreatedAt(now).SetUpdatedAt(now)
}

func TestGuardStampsNewRows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ours, theirs, foreign := two(t, db)
		err := store.Do(ours, db, func(ctx context.Context) error {
			made, err := newUser(db, db.Ent(ctx), "cleo").Save(ctx)
			if err != nil || made.TenantID != tenant(ctx) {
				t.Errorf("made %v: %v", made, err)
			}
			many, err := db.Ent(ctx).User.CreateBulk(newUser(db, db.Ent(ctx), "dora"), newUser(db, db.Ent(ctx), "emil")).Save(ctx)
			if err != nil || len(many) != 2 || many[1].TenantID != tenant(ctx) {
				t.Errorf("made %v: %v", many, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		expectPeople(ours, t, db, "ada", "cleo", "dora", "emil")
		err = store.Do(ours, db, func(ctx context.Context) error {
			return newUser(db, db.Ent(ctx), "mole").SetTenantID(tenant(theirs)).Exec(ctx)
		})
		if err == nil {
			t.Error("made a row for another tenant")
		}
		// A foreign id does not overwrite: ids are unique within their tenant only, and nothing upserts.
		err = store.Do(ours, db, func(ctx context.Context) error {
			return newUser(db, db.Ent(ctx), "twin").SetID(foreign).Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		expectPeople(theirs, t, db, "bob")
	})
}

func TestForeignRowCannotBeLinked(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ours, _, foreign := two(t, db)
		const insert = `INSERT INTO user_values (tenant_id, user_id, attr, ord, lead, "key") VALUES ($1, $2, 1, 0, true, 'a@b.c')`
		err := store.Do(ours, db, deferring(store.Stmt{SQL: insert, Args: []any{tenant(ours), foreign}}))
		if !store.ForeignKey(err) {
			t.Errorf("linked a foreign row: %v", err)
		}
	})
}

func TestAcrossTenantsOpensTheGuard(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		two(t, db)
		ctx := store.AcrossTenants(t.Context(), "the test counts everybody")
		expectPeople(ctx, t, db, "ada", "bob")
		err := store.Do(ctx, db, func(ctx context.Context) error {
			n, err := db.Ent(ctx).User.Update().SetDisplayName("x").Save(ctx)
			if n != 2 {
				t.Errorf("changed %d", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = store.Do(ctx, db, func(ctx context.Context) error { return newUser(db, db.Ent(ctx), "nobody's").Exec(ctx) })
		if err == nil {
			t.Error("made a row of no tenant")
		}
		closed := store.AcrossTenants(t.Context(), "")
		if _, err := db.Reader(closed).User.Query().All(closed); err == nil {
			t.Error("no reason opened the guard")
		}
	})
}

func TestEntWritesOnlyThroughTheUnit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		err := store.Do(ctx, db, func(ctx context.Context) error {
			if err := newUser(db, db.Reader(ctx), "ada").Exec(ctx); err == nil {
				t.Error("the reader wrote")
			}
			if _, err := db.Ent(ctx).ExecContext(ctx, "DELETE FROM users"); err == nil {
				t.Error("raw SQL passed the guard through ent")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestUniqueAndCheckNameWhatWasViolated(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		do(ctx, t, db, addUser(ctx, db, "ada"))
		err := store.Do(ctx, db, func(ctx context.Context) error { return newUser(db, db.Ent(ctx), "ada").Exec(ctx) })
		if index, ok := store.Unique(err); !ok || index != "users_user_name" {
			t.Errorf("index %q, %v: %v", index, ok, err)
		}
		ada, err := db.Reader(ctx).User.Query().OnlyID(ctx)
		if err != nil {
			t.Fatal(err)
		}
		err = store.Do(ctx, db, func(ctx context.Context) error { return newUser(db, db.Ent(ctx), "bob").SetID(ada).Exec(ctx) })
		if index, ok := store.Unique(err); !ok || index != "users_pkey" {
			t.Errorf("index %q, %v: %v", index, ok, err)
		}
		err = store.Do(ctx, db, deferring(store.Stmt{
			SQL: `INSERT INTO licenses (id, tenant_id, created_at, updated_at, product, sku, sku_key, seats, ceiling, taken)
				VALUES ($1, $2, $3, $3, 'p', 's', 's', 1, 1, 2)`, Args: []any{uuid.New(), tenant(ctx), db.Now()},
		}))
		if name, ok := store.Check(err); !ok || name != "licenses_taken" {
			t.Errorf("check %q, %v: %v", name, ok, err)
		}
		if _, ok := store.Unique(errors.New("UNIQUE constraint failed: users.id (2067)")); ok {
			t.Error("a text is not an error of the database")
		}
	})
}
