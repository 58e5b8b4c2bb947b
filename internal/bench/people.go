package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	familyNames = 1000 // different ones, son000 to son999
	titled      = 7    // who has a title: one of a hundred, by the last digits of the number
)

func personName(i int) string { return fmt.Sprintf("person%06d@bench.example", i) }

// filler puts rows of a tenant in, very many at a time.
type filler struct {
	ctx context.Context //nolint:containedctx // a filler lives as long as one verb
	db  *store.DB
	now time.Time
	of  id.ID
}

func (w *world) filler(ctx context.Context, tenant id.ID) (*filler, error) {
	db, err := store.Open(ctx, store.Options{URL: w.database})
	if err != nil {
		return nil, err
	}
	ctx = caller.With(ctx, caller.Caller{Tenant: tenant, Kind: caller.KindWorker})
	return &filler{ctx: ctx, db: db, now: db.Now(), of: tenant}, nil
}

func (f *filler) close() { _ = f.db.Close() }

// exec runs a statement whose first arguments are the tenant and the time.
func (f *filler) exec(statement string, args ...any) error {
	err := store.Do(f.ctx, f.db, func(ctx context.Context) error {
		_, err := f.db.Exec(ctx, statement, append([]any{f.of, f.now}, args...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	return nil
}

// piece is how many rows go at once.
const piece = 20_000

// pieces does something for a list, piece by piece.
func pieces[T any](all []T, do func(some []T) error) error {
	for from := 0; from < len(all); from += piece {
		if err := do(all[from:min(from+piece, len(all))]); err != nil {
			return err
		}
	}
	return nil
}

// insertNamed makes people who have nothing but a userName, which is their id.
const insertNamed = `INSERT INTO users (tenant_id, id, created_at, updated_at, version, user_name, user_name_key, active, origin, attributes, indexed)
	SELECT $1::uuid, m.value, $2::timestamptz, $2::timestamptz, 1, m.value::text, '' || m.value::text, true, 'scim', '{"userName":"' || m.value::text || '"}', true
	FROM unnest($3::uuid[]) AS m(value)`

func (f *filler) named(people []id.ID) error {
	return pieces(people, func(some []id.ID) error { return f.exec(insertNamed, some) })
}

// Each value is the id of a person and her number, one behind the other, six digits of it.
const (
	numberOf = `substr(m.value, 37, 6)`
	nameOf   = `'person' || ` + numberOf + ` || '@bench.example'`
	isTitled = `substr(m.value, 41, 2) = '07'`
	fromList = ` FROM unnest($3::text[]) AS m(value)`

	insertPeople = `INSERT INTO users (tenant_id, id, created_at, updated_at, version, user_name, user_name_key, display_name, given_name, family_name, title,
			active, origin, attributes, indexed)
		SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $2::timestamptz, $2::timestamptz, 1, ` + nameOf + `, ` + nameOf + `, 'Person', 'Per', 'Son' || substr(m.value, 40, 3),
			CASE WHEN ` + isTitled + ` THEN 'Lead' ELSE '' END, true, 'scim', '{"userName":"' || ` + nameOf + ` || '","name":{"familyName":"Son' || substr(m.value, 40, 3) ||
			'","givenName":"Per"},"displayName":"Person"' || CASE WHEN ` + isTitled + ` THEN ',"title":"Lead"' ELSE '' END ||
			',"emails":[{"value":"' || ` + nameOf + ` || '","type":"work","primary":true}]}', true` + fromList

	insertLinks = `INSERT INTO links (tenant_id, id, user_id, scim_config_id, external_id, active, how, first_write_at, last_write_at)
		SELECT $1::uuid, substr(m.value, 43)::uuid, substr(m.value, 1, 36)::uuid, $4::uuid, '00u' || ` + numberOf + `, true, 'created', $2::timestamptz, $2::timestamptz` + fromList
)

// valuesOfPeople are what they are found by, under the numbers of attributes that package directory gives them.
var valuesOfPeople = []struct {
	attr       int
	key, where string
}{
	{11, `'son' || substr(m.value, 40, 3)`, ""},
	{12, `'per'`, ""},
	{20, `'person'`, ""},
	{23, `'lead'`, ` WHERE ` + isTitled},
	{100, nameOf, ""},
	{102, `'work'`, ""},
	{103, `'true'`, ""},
}

// The first people sit.
const (
	seated = 100

	insertClaims = `INSERT INTO claims (tenant_id, id, license_id, user_id, reason, reason_id, since)
		SELECT $1::uuid, substr(m.value, 43)::uuid, $4::uuid, substr(m.value, 1, 36)::uuid, 'configuration', $5::uuid, $2::timestamptz` + fromList
	insertSeats = `INSERT INTO seats (tenant_id, id, license_id, user_id, state, since, created_at)
		SELECT $1::uuid, substr(m.value, 43)::uuid, $4::uuid, substr(m.value, 1, 36)::uuid, 'invited', $2::timestamptz, $2::timestamptz` + fromList
	countSeats = `UPDATE licenses SET taken = taken + $4, updated_at = $2 WHERE tenant_id = $1 AND id = $3`
)

// seat gives the first people seats.
func (w *world) seat(f *filler, numbered []string) error {
	some := numbered[:min(seated, len(numbered))]
	return errors.Join(f.exec(insertClaims, some, w.license, w.config), f.exec(insertSeats, some, w.license), f.exec(countSeats, w.license, len(some)))
}

// fill puts the people and groups in.
func (w *world) fill(ctx context.Context) error {
	f, err := w.filler(ctx, w.tenant)
	if err != nil {
		return err
	}
	defer f.close()
	numbered := make([]string, w.People)
	for i := range numbered {
		of := id.New()
		w.people = append(w.people, of)
		numbered[i] = of.String() + fmt.Sprintf("%06d", i) + id.New().String()
	}
	if err := pieces(numbered, func(some []string) error { return f.exec(insertPeople, some) }); err != nil {
		return err
	}
	if err := pieces(numbered, func(some []string) error { return f.exec(insertLinks, some, w.config) }); err != nil {
		return err
	}
	for _, of := range valuesOfPeople {
		insert := fmt.Sprintf(`INSERT INTO user_values (tenant_id, user_id, attr, ord, lead, "key")
			SELECT $1::uuid, substr(m.value, 1, 36)::uuid, %d, 0, $2::timestamptz IS NOT NULL, %s%s%s`, of.attr, of.key, fromList, of.where)
		if err := pieces(numbered, func(some []string) error { return f.exec(insert, some) }); err != nil {
			return err
		}
	}
	if err := w.seat(f, numbered); err != nil {
		return err
	}
	w.groups = map[int]id.ID{}
	for i, size := range groupSizes {
		size = min(size, w.People/2)
		w.groups[size], w.outsiders = id.New(), max(w.outsiders, size)
		if err := f.group(w.groups[size], fmt.Sprintf("Group %d, of %d", i, size), w.config, w.people[:size]); err != nil {
			return err
		}
	}
	return f.done(w.People, len(w.groups))
}

// group makes a group with its members.
func (f *filler) group(of id.ID, name string, config id.ID, members []id.ID) error {
	const insert = `INSERT INTO groups (tenant_id, id, created_at, updated_at, version, display_name, display_name_key, scim_config_id)
		VALUES ($1, $3, $2, $2, 1, $4, $5, $6)`
	if err := f.exec(insert, of, name, strings.ToLower(name), config); err != nil {
		return err
	}
	pairs := make([]string, len(members))
	for i := range pairs {
		pairs[i] = id.New().String() + members[i].String()
	}
	return pieces(pairs, func(some []string) error { return f.exec(insertMembers, of, config, some) })
}

// done counts what was put in, and has the database count it for its plans, as PostgreSQL by itself does within a minute.
func (f *filler) done(people, groups int) error {
	return store.Do(f.ctx, f.db, func(ctx context.Context) error {
		_, err := f.db.Exec(ctx, "ANALYZE")
		return errors.Join(err, store.AddCount(ctx, "users", int64(people)), store.AddCount(ctx, "groups", int64(groups)))
	})
}
