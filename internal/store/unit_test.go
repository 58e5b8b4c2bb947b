package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/ent/generated/user"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

const insertUser = `INSERT INTO users (id, tenant_id, created_at, updated_at, version, user_name, user_name_key, origin, attributes)
	VALUES ($1, $2, $3, $4, 1, $5, $6, 'test', '{}')`

const renameUser = `UPDATE users SET display_name = $1, version = version + 1 WHERE tenant_id = $2 AND user_name_key = $3 AND version = $4`

var (
	errTaken = fault.New(fault.Conflict, "taken", "the name is taken")
	errGone  = fault.New(fault.NotFound, "gone", "there is nobody of that name")
	errOops  = errors.New("oops")
)

func tenant(ctx context.Context) uuid.UUID {
	who, _ := caller.From(ctx)
	return who.Tenant
}

func addUser(ctx context.Context, db *store.DB, name string) store.Stmt {
	now := db.Now()
	return store.Stmt{
		SQL: insertUser, Args: []any{uuid.Must(uuid.NewV7()), tenant(ctx), now, now, name, strings.ToLower(name)}, Rows: 1,
		Unique: map[string]error{"users_user_name": errTaken},
	}
}

func rename(ctx context.Context, name, display string, version int64) store.Stmt {
	return store.Stmt{SQL: renameUser, Args: []any{display, tenant(ctx), name, version}, Rows: 1}
}

// people returns the names of the tenant's users, in order.
func people(ctx context.Context, t *testing.T, db *store.DB) []string {
	t.Helper()
	found, err := db.Reader(ctx).User.Query().Order(user.ByUserName()).Select(user.FieldUserName).Strings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func expectPeople(ctx context.Context, t *testing.T, db *store.DB, want ...string) {
	t.Helper()
	if got := people(ctx, t, db); !slices.Equal(got, want) {
		t.Errorf("users are %v, want %v", got, want)
	}
}

func do(ctx context.Context, t *testing.T, db *store.DB, writes ...store.Stmt) {
	t.Helper()
	if err := store.Do(ctx, db, deferring(writes...)); err != nil {
		t.Fatal(err)
	}
}

func deferring(writes ...store.Stmt) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		for _, write := range writes {
			if err := store.Defer(ctx, write); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestDeferredWritesHappenTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		do(ctx, t, db, addUser(ctx, db, "ada"), addUser(ctx, db, "bob"))
		err := store.Do(ctx, db, deferring(addUser(ctx, db, "cleo"), addUser(ctx, db, "ADA")))
		if !errors.Is(err, errTaken) {
			t.Errorf("a second ada: %v", err)
		}
		expectPeople(ctx, t, db, "ada", "bob")
	})
}

func TestUnitOfDeferredWritesBeginsNoTransactionOnPostgres(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		err := store.Do(ctx, db, func(ctx context.Context) error {
			if err := store.Defer(ctx, addUser(ctx, db, "ada")); err != nil {
				return err
			}
			expectPeople(ctx, t, db)
			if store.Begun(ctx) == db.Postgres() {
				t.Errorf("a transaction has begun: %v", store.Begun(ctx))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		expectPeople(ctx, t, db, "ada")
	})
}

func TestImmediateWriteSeesWhatWasDeferred(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		err := store.Do(ctx, db, func(ctx context.Context) error {
			if err := store.Defer(ctx, addUser(ctx, db, "ada")); err != nil {
				return err
			}
			changed, err := db.Exec(ctx, renameUser, "Ada", tenant(ctx), "ada", 1)
			if err != nil || changed != 1 {
				t.Errorf("changed %d rows: %v", changed, err)
			}
			count, err := db.Ent(ctx).User.Query().Where(user.DisplayName("Ada")).Count(ctx)
			if err != nil || count != 1 {
				t.Errorf("ent sees %d: %v", count, err)
			}
			return store.Defer(ctx, addUser(ctx, db, "bob"))
		})
		if err != nil {
			t.Fatal(err)
		}
		expectPeople(ctx, t, db, "ada", "bob")
	})
}

func TestStaleUnitRunsAgain(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, other := storetest.TwoReplicas(t, dialect)
			ctx := storetest.Tenant(t, db)
			do(ctx, t, db, addUser(ctx, db, "ada"))
			version := readVersion(ctx, t, db)
			runs := 0
			err := store.Do(ctx, db, func(ctx context.Context) error {
				runs++
				switch {
				case runs > 1:
					version = readVersion(ctx, t, db)
				case db.Postgres():
					do(caller.With(t.Context(), callerOf(ctx)), t, other, rename(ctx, "ada", "theirs", version))
				default:
					version-- // nobody can be faster here, so what was read is made old
				}
				return store.Defer(ctx, rename(ctx, "ada", "ours", version))
			})
			if err != nil || runs != 2 {
				t.Errorf("%d runs: %v", runs, err)
			}
			found, err := db.Reader(ctx).User.Query().Only(ctx)
			if err != nil || found.DisplayName != "ours" {
				t.Errorf("found %v: %v", found, err)
			}
		})
	}
}

func callerOf(ctx context.Context) caller.Caller {
	who, _ := caller.From(ctx)
	return who
}

func readVersion(ctx context.Context, t *testing.T, db *store.DB) (version int64) {
	t.Helper()
	row := db.QueryRow(ctx, "SELECT version FROM users WHERE tenant_id = $1 AND user_name_key = $2", tenant(ctx), "ada")
	if err := row.Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}

func TestUnitThatAlwaysLosesLocksAndThenGivesUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		do(ctx, t, db, addUser(ctx, db, "ada"))
		var locked []bool
		err := store.Do(ctx, db, func(ctx context.Context) error {
			locked = append(locked, store.Locking(ctx))
			if store.Locking(ctx) != (db.Postgres() && store.Begun(ctx)) {
				t.Error("a unit that locks has begun its transaction, and one that does not has not")
			}
			return store.Defer(ctx, rename(ctx, "ada", "never", 99))
		})
		if !errors.Is(err, store.ErrBusy) {
			t.Errorf("got %v, want %v", err, store.ErrBusy)
		}
		want := make([]bool, 10)
		for i := range want {
			want[i] = db.Postgres() && i >= 2
		}
		if !slices.Equal(locked, want) && db.Postgres() {
			t.Errorf("locking %v, want %v", locked, want)
		}
		if len(locked) != 10 {
			t.Errorf("%d runs, want 10", len(locked))
		}
	})
}

func TestMissingRowsFailWithTheFaultOfTheirStatement(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		do(ctx, t, db, addUser(ctx, db, "ada"))
		missing := rename(ctx, "bob", "Bob", 1)
		missing.Missing = errGone
		there := rename(ctx, "ada", "Ada", 1)
		there.Missing = errTaken

		if err := store.Do(ctx, db, deferring(missing)); !errors.Is(err, errGone) {
			t.Errorf("alone: %v", err)
		}
		if err := store.Do(ctx, db, deferring(there, missing, addUser(ctx, db, "cleo"))); !errors.Is(err, errGone) {
			t.Errorf("among others: %v", err)
		}
		if version := readVersion(ctx, t, db); version != 1 {
			t.Errorf("a failed unit has left version %d", version)
		}
		expectPeople(ctx, t, db, "ada")
	})
}

func TestFailedNestedUnitTakesBackWhatItDeferred(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		told := ""
		err := store.Do(ctx, db, func(ctx context.Context) error {
			inner := store.Do(ctx, db, func(ctx context.Context) error {
				store.AfterCommit(ctx, func() { told += "inner" })
				if err := errors.Join(store.AddCount(ctx, "people", 5), store.Defer(ctx, addUser(ctx, db, "bob"))); err != nil {
					return err
				}
				return errOops
			})
			if !errors.Is(inner, errOops) {
				t.Errorf("inner: %v", inner)
			}
			store.AfterCommit(ctx, func() { told += "outer" })
			return store.Defer(ctx, addUser(ctx, db, "ada"))
		})
		if err != nil {
			t.Fatal(err)
		}
		expectPeople(ctx, t, db, "ada")
		if total, err := store.Count(ctx, db, "people"); err != nil || total != 0 {
			t.Errorf("count %d: %v", total, err)
		}
		if told != "outer" {
			t.Errorf("told %q", told)
		}
	})
}

func TestFailedNestedUnitThatHasWrittenFailsTheWhole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		err := store.Do(ctx, db, func(ctx context.Context) error {
			_ = store.Do(ctx, db, func(ctx context.Context) error {
				write := addUser(ctx, db, "bob")
				if _, err := db.Exec(ctx, write.SQL, write.Args...); err != nil {
					return err
				}
				return errOops
			})
			return store.Defer(ctx, addUser(ctx, db, "ada"))
		})
		if !errors.Is(err, errOops) {
			t.Errorf("got %v", err)
		}
		expectPeople(ctx, t, db)
	})
}

func TestPanicUndoesTheUnit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		func() {
			defer func() { _ = recover() }()
			_ = store.Do(ctx, db, func(ctx context.Context) error {
				write := addUser(ctx, db, "ada")
				if _, err := db.Exec(ctx, write.SQL, write.Args...); err != nil {
					t.Error(err)
				}
				panic(errOops)
			})
			t.Error("the panic was swallowed")
		}()
		expectPeople(ctx, t, db)
		do(ctx, t, db, addUser(ctx, db, "bob"))
	})
}

func TestFinishedUnitIsNotJoined(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		var finished context.Context
		if err := store.Do(ctx, db, func(ctx context.Context) error { finished = context.WithoutCancel(ctx); return nil }); err != nil { //nolint:fatcontext // on purpose
			t.Fatal(err)
		}
		if err := store.Defer(finished, addUser(ctx, db, "lost")); err == nil {
			t.Error("a finished unit took a write")
		}
		do(finished, t, db, addUser(ctx, db, "ada"))
		expectPeople(ctx, t, db, "ada")
	})
}

func TestWritesNeedAUnit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		write := addUser(ctx, db, "ada")
		if _, err := db.Exec(ctx, write.SQL, write.Args...); err == nil {
			t.Error("raw write outside of a unit")
		}
		create := db.Ent(ctx).User.Create().SetID(uuid.New()).SetUserName("a").SetUserNameKey("a").SetOrigin("test").SetAttributes("{}").
			SetCreatedAt(db.Now()).SetUpdatedAt(db.Now())
		if err := create.Exec(ctx); err == nil {
			t.Error("ent's write outside of a unit")
		}
		expectPeople(ctx, t, db)
	})
}

func TestUnitHasADeadlineAndATransactionID(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var ids []uuid.UUID
		for range 2 {
			err := store.Do(t.Context(), db, func(ctx context.Context) error {
				deadline, has := ctx.Deadline()
				if !has || time.Until(deadline) > 31*time.Second {
					t.Errorf("deadline %v, %v", deadline, has)
				}
				ids = append(ids, store.TransactionID(ctx))
				return store.Do(ctx, db, func(ctx context.Context) error {
					ids = append(ids, store.TransactionID(ctx))
					return nil
				})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if ids[0] != ids[1] || ids[2] != ids[3] || ids[0] == ids[2] || ids[0] == uuid.Nil {
			t.Errorf("transaction ids %v", ids)
		}
	})
}

const takeSeat = `UPDATE licenses SET taken = taken + 1 WHERE tenant_id = $1 AND id = $2 AND taken < ceiling`

func TestLastSeatsAreTakenOnceUnderRace(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			first, second := storetest.TwoReplicas(t, dialect)
			ctx := storetest.Tenant(t, first)
			license := uuid.Must(uuid.NewV7())
			now := first.Now()
			do(ctx, t, first, store.Stmt{
				SQL: `INSERT INTO licenses (id, tenant_id, created_at, updated_at, product, sku, sku_key, seats, ceiling)
					VALUES ($1, $2, $3, $3, 'p', 's', 's', 10, 10)`, Args: []any{license, tenant(ctx), now},
			})
			var mu sync.Mutex
			taken, refused := 0, 0
			var callers sync.WaitGroup
			for i := range 64 {
				db := first
				if i%2 == 1 {
					db = second
				}
				callers.Go(func() {
					err := store.Do(ctx, db, deferring(
						store.Stmt{SQL: takeSeat, Args: []any{tenant(ctx), license}, Missing: errGone},
						addUser(ctx, db, uuid.NewString())))
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						taken++
					case errors.Is(err, errGone):
						refused++
					default:
						t.Error(err)
					}
				})
			}
			callers.Wait()
			if taken != 10 || refused != 54 || len(people(ctx, t, first)) != 10 {
				t.Errorf("%d taken, %d refused, %d people", taken, refused, len(people(ctx, t, first)))
			}
		})
	}
}

func TestKeptTotalsAreFolded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, other := storetest.Tenant(t, db), storetest.Tenant(t, db)
		add := func(ctx context.Context, delta int64) {
			if err := store.Do(ctx, db, func(ctx context.Context) error { return store.AddCount(ctx, "people", delta) }); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(ctx context.Context, want int64) {
			t.Helper()
			if got, err := store.Count(ctx, db, "people"); err != nil || got != want {
				t.Errorf("count is %d, want %d: %v", got, want, err)
			}
		}
		for range 3 {
			add(ctx, 2)
			add(other, 1)
		}
		add(ctx, -1)
		for range 2 {
			expect(ctx, 5)
			expect(other, 3)
			if err := db.FoldCounts(ctx); err != nil {
				t.Fatal(err)
			}
			add(ctx, 0)
		}
		var deltas, totals int
		if err := db.QueryRow(ctx, "SELECT (SELECT count(*) FROM count_deltas), (SELECT count(*) FROM counts)").Scan(&deltas, &totals); err != nil {
			t.Fatal(err)
		}
		if deltas != 0 || totals != 2 {
			t.Errorf("%d deltas and %d totals are left, want 0 and 2", deltas, totals)
		}
	})
}
