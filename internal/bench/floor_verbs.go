package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/storetest"
)

// The statements of the floor touch the rows that Usher touches. A tilde marks an argument, so that statements can be joined.

func (f *floor) event(kind string, subject id.ID, at time.Time) change {
	return change{`INSERT INTO events (tenant_id, id, kind, subject_id, actor_kind, actor_id, actor_name, data, transaction_id, request_id, at)
		VALUES ($1~, $2~, $3~, $4~, 'scim', $5~, 'Bench', '{"version":1,"active":true}', $6~, 'r', $7~)`, []any{f.Tenant, id.New(), kind, subject, f.Config, id.New(), at}}
}

func (f *floor) create(ctx context.Context, r *http.Request) (int, error) {
	return 1, f.apply(ctx, f.creation(r.URL.Query().Get("name"), r.URL.Query().Has("auto")))
}

func (f *floor) creation(name string, auto bool) []change {
	of, at, config := id.New(), now(), f.Config
	if auto {
		config = f.Auto
	}
	changes := []change{
		{`INSERT INTO users (tenant_id, id, created_at, updated_at, version, user_name, user_name_key, display_name, given_name, family_name, active, origin, attributes)
			VALUES ($1~, $2~, $3~, $4~, 1, $5~, $6~, 'New Person', 'New', 'Person', true, 'scim', $7~)`, []any{f.Tenant, of, at, at, name, name, `{"userName":"` + name + `","name":{"familyName":"Person","givenName":"New"},"displayName":"New Person"}`}},
		f.values(of, name),
		{`INSERT INTO links (tenant_id, id, user_id, scim_config_id, external_id, active, how, first_write_at, last_write_at) VALUES ($1~, $2~, $3~, $4~, $5~, true, 'created', $6~, $7~)`,
			[]any{f.Tenant, id.New(), of, config, name, at, at}},
		{`INSERT INTO count_deltas (tenant_id, id, name, delta) VALUES ($1~, $2~, 'users', 1)`, []any{f.Tenant, id.New()}},
		f.event("user.created", of, at),
	}
	if auto {
		changes = append(changes,
			change{`UPDATE licenses SET taken = taken + 1 WHERE tenant_id = $1~ AND id = $2~ AND taken < seats`, []any{f.Tenant, f.License}},
			change{`INSERT INTO claims (tenant_id, id, license_id, user_id, reason, reason_id, since) VALUES ($1~, $2~, $3~, $4~, 'configuration', $5~, $6~)`,
				[]any{f.Tenant, id.New(), f.License, of, config, at}},
			change{`INSERT INTO seats (tenant_id, id, license_id, user_id, state, since, created_at) VALUES ($1~, $2~, $3~, $4~, 'invited', $5~, $6~)`,
				[]any{f.Tenant, id.New(), f.License, of, at, at}},
			change{`INSERT INTO ledger (tenant_id, id, license_id, user_id, was, now, cause, event_id, at) VALUES ($1~, $2~, $3~, $4~, '', 'invited', 'configuration', $5~, $6~)`,
				[]any{f.Tenant, id.New(), f.License, of, id.New(), at}},
			f.event("seat.invited", of, at))
	}
	return changes
}

// values are what a new person is found by.
func (f *floor) values(of id.ID, name string) change {
	var rows []string
	for _, one := range []string{`11, 'person'`, `12, 'new'`, `20, 'new person'`, `100, $3~`, `102, 'work'`, `103, 'true'`} {
		attr, key, _ := strings.Cut(one, ", ")
		rows = append(rows, "("+f.as("$1~", "uuid")+", "+f.as("$2~", "uuid")+", "+attr+", 0, true, "+key+")")
	}
	return change{`INSERT INTO user_values (tenant_id, user_id, attr, ord, lead, "key") VALUES ` + strings.Join(rows, ", "), []any{f.Tenant, of, name}}
}

// user reads people with their groups in one round trip.
func (f *floor) user() string { return f.userWith("", "") }

func (f *floor) userWith(columns, join string) string {
	groups := `json_agg(json_build_array(g.id, g.display_name))`
	if f.Dialect != storetest.Postgres {
		groups = `json_group_array(json_array(g.id, g.display_name))`
	}
	return `SELECT u.id, u.attributes, u.version, u.created_at, u.updated_at, l.external_id, l.active,
		(SELECT ` + groups + ` FROM memberships m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
			WHERE m.tenant_id = u.tenant_id AND m.member_id = u.id)` + columns + ` FROM users u` + join + `
		LEFT JOIN links l ON l.tenant_id = u.tenant_id AND l.user_id = u.id AND l.scim_config_id = $2 WHERE u.tenant_id = $1 AND `
}

func (f *floor) lookup(ctx context.Context, r *http.Request) (int, error) {
	tenant, config := f.Tenant, f.Config
	if query := r.URL.Query(); query.Has("tenant") {
		if err := errors.Join(tenant.UnmarshalText([]byte(query.Get("tenant"))), config.UnmarshalText([]byte(query.Get("config")))); err != nil {
			return 0, err
		}
	}
	return f.read(ctx, f.user()+`u.user_name_key = $3`, tenant, config, r.URL.Query().Get("name"))
}

func (f *floor) get(ctx context.Context, r *http.Request) (int, error) {
	return f.read(ctx, f.user()+`u.id = $3`, f.Tenant, f.Config, r.URL.Query().Get("id"))
}

func (f *floor) active(ctx context.Context, r *http.Request) (int, error) {
	of, err := idOf(r, "id")
	if err != nil {
		return 0, err
	}
	at := now()
	return 1, f.apply(ctx, []change{
		{`UPDATE users SET version = version + 1, updated_at = $3~, active = NOT active WHERE tenant_id = $1~ AND id = $2~`, []any{f.Tenant, of, at}},
		{`UPDATE links SET active = NOT active, last_write_at = $4~ WHERE tenant_id = $1~ AND user_id = $2~ AND scim_config_id = $3~`, []any{f.Tenant, of, f.Config, at}},
		f.event("user.deactivated", of, at),
	})
}

func (f *floor) member(ctx context.Context, r *http.Request) (int, error) {
	group, err := idOf(r, "group")
	if err != nil {
		return 0, err
	}
	of, err := idOf(r, "id")
	if err != nil {
		return 0, err
	}
	at := now()
	return 0, f.apply(ctx, []change{
		{`INSERT INTO memberships (tenant_id, id, group_id, member_id, user_id, source, source_id, since) VALUES ($1~, $2~, $3~, $4~, $5~, 'scim', $6~, $7~)
			ON CONFLICT (tenant_id, group_id, member_id) DO NOTHING`, []any{f.Tenant, id.New(), group, of, of, f.Config, at}},
		{`UPDATE groups SET version = version + 1, updated_at = $3~ WHERE tenant_id = $1~ AND id = $2~`, []any{f.Tenant, group, at}},
		f.event("group.members_changed", group, at),
	})
}

func (f *floor) page(ctx context.Context, r *http.Request) (int, error) {
	return f.read(ctx, f.userWith(total, "")+`u.id > $3 ORDER BY u.id LIMIT 100`, f.Tenant, f.Config, r.URL.Query().Get("after"))
}

func (f *floor) graph(ctx context.Context, _ *http.Request) (int, error) {
	const people = `(SELECT p.id FROM users p WHERE p.tenant_id = $1 ORDER BY p.user_name_key LIMIT 50)`
	n, err := f.read(ctx, `SELECT id, user_name, active, attributes FROM users WHERE tenant_id = $1 ORDER BY user_name_key LIMIT 51`, f.Tenant)
	if err != nil {
		return 0, err
	}
	if _, err := f.read(ctx, `SELECT s.user_id, s.state, l.product FROM seats s JOIN licenses l ON l.tenant_id = s.tenant_id AND l.id = s.license_id
		WHERE s.tenant_id = $1 AND s.user_id IN `+people, f.Tenant); err != nil {
		return 0, err
	}
	_, err = f.read(ctx, `SELECT m.member_id, g.display_name FROM memberships m JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
		WHERE m.tenant_id = $1 AND m.member_id IN `+people, f.Tenant)
	return n, err
}

func idOf(r *http.Request, name string) (id.ID, error) {
	var of id.ID
	err := of.UnmarshalText([]byte(r.URL.Query().Get(name)))
	return of, err
}
