package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

const insertEvent = `INSERT INTO events (id, tenant_id, kind, subject_id, actor_kind, data, transaction_id, at)
	VALUES ($1, $2, 'user.created', $3, 'test', '{}', $4, $5)`

const insertValue = `INSERT INTO user_values (tenant_id, user_id, attr, ord, lead, "key") VALUES ($1, $2, 100, 0, true, $3)`

// created is what a small create writes: a person, an address, an event, a count.
func created(ctx context.Context, db *store.DB) []store.Stmt {
	name := uuid.NewString()
	write := addUser(ctx, db, name)
	return []store.Stmt{
		write,
		{SQL: insertValue, Args: []any{tenant(ctx), write.Args[0], name}},
		{SQL: insertEvent, Args: []any{uuid.Must(uuid.NewV7()), tenant(ctx), write.Args[0], store.TransactionID(ctx), db.Now()}},
	}
}

// benchStore opens a database whose commits reach the disk.
func benchStore(b *testing.B, dialect string, conns int) (*store.DB, context.Context) {
	b.Helper()
	address := storetest.EmptyURL(b, storetest.SQLite)
	if dialect == storetest.Postgres {
		server, err := storetest.Start(b.Context(), storetest.ServerOptions{Durable: true})
		if err != nil {
			b.Skip(err)
		}
		b.Cleanup(func() { _ = server.Stop() })
		address = server.URL()
	}
	db, err := store.Open(b.Context(), store.Options{URL: address, MaxConns: conns})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return db, storetest.Tenant(b, db)
}

// BenchmarkUnit compares a unit whose writes wait for its end with one that writes at once: on PostgreSQL one statement and
// one round trip against a transaction of six.
func BenchmarkUnit(b *testing.B) {
	ways := map[string]func(ctx context.Context, db *store.DB) error{
		"deferred": func(ctx context.Context, db *store.DB) error {
			for _, write := range created(ctx, db) {
				if err := store.Defer(ctx, write); err != nil {
					return err
				}
			}
			return store.AddCount(ctx, "people", 1)
		},
		"immediate": func(ctx context.Context, db *store.DB) error {
			for _, write := range created(ctx, db) {
				if _, err := db.Exec(ctx, write.SQL, write.Args...); err != nil {
					return err
				}
			}
			return store.AddCount(ctx, "people", 1)
		},
	}
	for _, dialect := range storetest.Dialects {
		for _, conns := range []int{1, 16} {
			db, ctx := benchStore(b, dialect, conns)
			for name, write := range ways {
				b.Run(fmt.Sprintf("%s/%d/%s", dialect, conns, name), func(b *testing.B) {
					b.ReportAllocs()
					b.SetParallelism((conns + 1) / 2)
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							if err := store.Do(ctx, db, func(ctx context.Context) error { return write(ctx, db) }); err != nil {
								b.Error(err)
							}
						}
					})
				})
			}
		}
	}
}

// BenchmarkRead reads a row by its name, by raw SQL and by ent.
func BenchmarkRead(b *testing.B) {
	for _, dialect := range storetest.Dialects {
		db, ctx := benchStore(b, dialect, 16)
		if err := store.Do(ctx, db, deferring(addUser(ctx, db, "ada"))); err != nil {
			b.Fatal(err)
		}
		who, _ := caller.From(ctx)
		const query = "SELECT id, version, attributes FROM users WHERE tenant_id = $1 AND user_name_key = $2"
		b.Run(dialect+"/raw", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					var id uuid.UUID
					var version int64
					var attributes string
					if err := db.QueryRow(ctx, query, who.Tenant, "ada").Scan(&id, &version, &attributes); err != nil {
						b.Error(err)
					}
				}
			})
		})
		b.Run(dialect+"/ent", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := db.Reader(ctx).User.Query().Only(ctx); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
