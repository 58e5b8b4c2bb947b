package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	invitationColumns = `id, tenant_id, administrator_id, created_at, expires_at, used_at`
	sessionColumns    = `id, tenant_id, administrator_id, user_agent, created_at, seen_at, expires_at`

	maxListed = 1000 // sessions or invitations shown at once
)

// orNull is an id as it is kept where it may be missing.
func orNull(of id.ID) any {
	if of == id.Nil {
		return nil
	}
	return of
}

func insertInvitation(ctx context.Context, i Invitation, hash string) error {
	return store.Defer(ctx, store.Stmt{
		SQL:  `INSERT INTO invitations (id, tenant_id, administrator_id, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		Args: []any{i.ID, orNull(i.Tenant), orNull(i.Administrator), hash, i.CreatedAt, i.ExpiresAt},
	})
}

// useInvitation runs the unit again when somebody else has used the link in the meantime.
func useInvitation(ctx context.Context, i Invitation, at time.Time) error {
	return store.Defer(ctx, store.Stmt{
		SQL: `UPDATE invitations SET used_at = $2 WHERE id = $1 AND used_at IS NULL`, Args: []any{i.ID, at}, Rows: 1,
	})
}

// endInvitations takes back the open links of an administrator of the tenant, and tells how many there were.
func (s *Service) endInvitations(ctx context.Context, of id.ID) (int64, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return 0, err
	}
	ended, err := s.db.Exec(ctx, `DELETE FROM invitations WHERE tenant_id = $1 AND administrator_id = $2 AND used_at IS NULL AND expires_at > $3`, tenant, of, s.clock())
	if err != nil {
		return 0, fmt.Errorf("take back links: %w", err)
	}
	return ended, nil
}

func scanInvitation(from row) (Invitation, error) {
	var i Invitation
	var tenant, administrator sql.Null[id.ID]
	err := from.Scan(&i.ID, &tenant, &administrator, &i.CreatedAt, &i.ExpiresAt, &i.UsedAt)
	i.Tenant, i.Administrator, i.CreatedAt, i.ExpiresAt = tenant.V, administrator.V, i.CreatedAt.UTC(), i.ExpiresAt.UTC()
	return i, err
}

func (s *Service) openInvitations(ctx context.Context) ([]Invitation, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanInvitation, `SELECT `+invitationColumns+` FROM invitations WHERE tenant_id = $1 AND used_at IS NULL AND expires_at > $2
		ORDER BY id DESC LIMIT $3`, tenant, s.clock(), maxListed)
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return all, nil
}

// invited finds a link whatever its tenant, with who signs in by it.
func (s *Service) invited(ctx context.Context, hash string) (Invitation, caller.Caller, error) {
	i, err := scanInvitation(s.db.QueryRow(ctx, `SELECT `+invitationColumns+` FROM invitations WHERE secret_hash = $1`, hash))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Invitation{}, caller.Caller{}, ErrLinkInvalid
	case err != nil:
		return Invitation{}, caller.Caller{}, fmt.Errorf("load an invitation: %w", err)
	case i.Administrator == id.Nil:
		return i, caller.Caller{}, nil
	}
	inside := caller.With(ctx, caller.Caller{Tenant: i.Tenant, Kind: caller.KindAdmin, Admin: i.Administrator})
	a, err := s.Administrator(inside, i.Administrator)
	if errors.Is(err, ErrAdministratorNotFound) {
		return Invitation{}, caller.Caller{}, ErrLinkInvalid
	}
	return i, Session{Tenant: i.Tenant, Administrator: a.ID}.caller(a, ""), err
}

func insertSession(ctx context.Context, one Session, hash string) error {
	return store.Defer(ctx, store.Stmt{
		SQL: `INSERT INTO sessions (id, tenant_id, administrator_id, secret_hash, user_agent, created_at, seen_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`,
		Args: []any{one.ID, orNull(one.Tenant), orNull(one.Administrator), hash, one.UserAgent, one.CreatedAt, one.ExpiresAt},
	})
}

// sessionOf finds a session whatever its tenant, with its administrator as she is now.
func (s *Service) sessionOf(ctx context.Context, hash string) (one Session, a Administrator, err error) {
	var tenant, administrator, found sql.Null[id.ID]
	var name, role, groups sql.NullString
	err = s.db.QueryRow(ctx, `SELECT s.id, s.tenant_id, s.administrator_id, s.seen_at, s.expires_at, s.ended_at, a.id, a.name, a.role, a.group_ids
		FROM sessions s LEFT JOIN administrators a ON a.tenant_id = s.tenant_id AND a.id = s.administrator_id WHERE s.secret_hash = $1`, hash).
		Scan(&one.ID, &tenant, &administrator, &one.SeenAt, &one.ExpiresAt, &one.EndedAt, &found, &name, &role, &groups)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Session{}, Administrator{}, ErrSessionEnded
	case err != nil:
		return Session{}, Administrator{}, fmt.Errorf("load a session: %w", err)
	}
	one.Tenant, one.Administrator = tenant.V, administrator.V
	limit, err := readGroups(groups.String)
	return one, Administrator{ID: found.V, Name: name.String, Role: Role(role.String), Groups: limit}, err
}

// tenantSessions reads the live sessions of administrators of the caller's tenant.
func (s *Service) tenantSessions(ctx context.Context, condition string, args ...any) ([]Session, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return nil, err
	}
	return s.liveSessions(ctx, `tenant_id = $1 AND administrator_id IS NOT NULL`+condition, append([]any{tenant}, args...)...)
}

// operatorSessions reads the live sessions of the operator, whichever tenants they have entered.
func (s *Service) operatorSessions(ctx context.Context, condition string, args ...any) ([]Session, error) {
	return s.liveSessions(ctx, `administrator_id IS NULL AND created_at > $1`+condition, append([]any{s.clock().Add(-SessionLife)}, args...)...)
}

func (s *Service) liveSessions(ctx context.Context, condition string, args ...any) ([]Session, error) {
	scan := func(from row) (Session, error) {
		var one Session
		var tenant, administrator sql.Null[id.ID]
		err := from.Scan(&one.ID, &tenant, &administrator, &one.UserAgent, &one.CreatedAt, &one.SeenAt, &one.ExpiresAt)
		one.Tenant, one.Administrator = tenant.V, administrator.V
		one.CreatedAt, one.SeenAt, one.ExpiresAt = one.CreatedAt.UTC(), one.SeenAt.UTC(), one.ExpiresAt.UTC()
		return one, err
	}
	all, err := many(ctx, s, scan, `SELECT `+sessionColumns+` FROM sessions WHERE ended_at IS NULL AND `+condition+` ORDER BY id DESC LIMIT `+strconv.Itoa(maxListed), args...)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	now := s.clock()
	return slices.DeleteFunc(all, func(one Session) bool { return !one.live(now) }), nil
}

// see writes down that a session was used. Of many requests in the same minute one does.
func (s *Service) see(ctx context.Context, one Session, at time.Time) error {
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		return store.Defer(ctx, store.Stmt{
			SQL: `UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at <= $3`, Args: []any{one.ID, at, one.SeenAt},
		})
	})
}

func endSessions(ctx context.Context, of []id.ID, at time.Time) error {
	return store.Defer(ctx, store.Stmt{SQL: `UPDATE sessions SET ended_at = $2 WHERE id = ANY($1) AND ended_at IS NULL`, Args: []any{of, at}})
}

func moveSession(ctx context.Context, of, tenant id.ID) error {
	return store.Defer(ctx, store.Stmt{
		SQL: `UPDATE sessions SET tenant_id = $2 WHERE id = $1 AND administrator_id IS NULL AND ended_at IS NULL`, Args: []any{of, orNull(tenant)},
	})
}

// sweep forgets links and sessions that have been over for a month.
func (s *Service) sweep(ctx context.Context) error {
	before := s.clock().Add(-sweepAfter)
	return store.Do(asWorker(ctx), s.db, func(ctx context.Context) error {
		for _, table := range []string{"invitations", "sessions"} {
			if err := store.Defer(ctx, store.Stmt{SQL: `DELETE FROM ` + table + ` WHERE expires_at < $1`, Args: []any{before}}); err != nil {
				return err
			}
		}
		return nil
	})
}
