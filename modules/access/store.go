package access

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const tokenCursor = "token"

var errNoInstallation = errors.New("the installation has no id yet")

func (s *Service) loadInstallation(ctx context.Context) (id.ID, error) {
	var of id.ID
	err := s.db.QueryRow(ctx, `SELECT id FROM installations WHERE one = 1`).Scan(&of)
	if errors.Is(err, sql.ErrNoRows) {
		return id.Nil, errNoInstallation
	}
	if err != nil {
		return id.Nil, fmt.Errorf("load the installation: %w", err)
	}
	return of, nil
}

func (s *Service) insertInstallation(ctx context.Context, of id.ID) error {
	return store.Defer(ctx, store.Stmt{SQL: `INSERT INTO installations (id, one, created_at) VALUES ($1, 1, $2)`, Args: []any{of, s.clock()}})
}

func insertKey(ctx context.Context, k key, now time.Time) error {
	public, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		return fmt.Errorf("keep a signing key: %w", err)
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `INSERT INTO signing_keys (id, wrapped, public, created_at) VALUES ($1, $2, $3, $4)`, Args: []any{k.id, k.wrapped, public, now},
	})
}

func (s *Service) retireKeys(ctx context.Context, at time.Time) error {
	_, err := s.db.Exec(ctx, `UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL`, at)
	if err != nil {
		return fmt.Errorf("retire keys: %w", err)
	}
	return nil
}

// loadKeys reads the keys that sign, and those that have tokens which are still good.
func (s *Service) loadKeys(ctx context.Context, now time.Time) ([]key, error) {
	scan := func(from row) (key, error) {
		var k key
		var public []byte
		var retired sql.NullTime
		if err := from.Scan(&k.id, &k.wrapped, &public, &retired); err != nil {
			return key{}, err
		}
		parsed, err := x509.ParsePKIXPublicKey(public)
		if err != nil {
			return key{}, err
		}
		pair, ok := parsed.(*ecdsa.PublicKey)
		if !ok || pair.Curve != elliptic.P256() { // each key has one algorithm, and none is weaker than that
			return key{}, fmt.Errorf("signing key %s is of another kind", k.id)
		}
		k.public, k.retired = pair, retired.Valid
		return k, nil
	}
	keys, err := many(ctx, s, scan, `SELECT id, wrapped, public, retired_at FROM signing_keys k WHERE retired_at IS NULL
		OR EXISTS (SELECT 1 FROM access_tokens t WHERE t.key_id = k.id AND t.expires_at > $1)`, now)
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	return keys, nil
}

// listKeys reads all keys, each with the last of its tokens to expire.
func (s *Service) listKeys(ctx context.Context) ([]Key, error) {
	scan := func(from row) (Key, error) {
		var k Key
		err := from.Scan(&k.ID, &k.CreatedAt, &k.RetiredAt, &k.VerifiesUntil)
		k.CreatedAt = k.CreatedAt.UTC()
		for _, at := range []*time.Time{k.RetiredAt, k.VerifiesUntil} {
			if at != nil {
				*at = at.UTC()
			}
		}
		return k, err
	}
	keys, err := many(ctx, s, scan, `SELECT k.id, k.created_at, k.retired_at, t.expires_at FROM signing_keys k LEFT JOIN access_tokens t ON t.id =
		(SELECT l.id FROM access_tokens l WHERE l.key_id = k.id ORDER BY l.expires_at DESC, l.id DESC LIMIT 1) ORDER BY k.id DESC`)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return keys, nil
}

// revokedSince reads what was revoked since then and is not over by now, with the end that each would have had.
func (s *Service) revokedSince(ctx context.Context, since, now time.Time) (map[id.ID]time.Time, error) {
	type revocation struct {
		of    id.ID
		until time.Time
	}
	scan := func(from row) (revocation, error) {
		var r revocation
		err := from.Scan(&r.of, &r.until)
		return r, err
	}
	all, err := many(ctx, s, scan, `SELECT id, expires_at FROM access_tokens WHERE revoked_at IS NOT NULL AND revoked_at > $1 AND expires_at > $2`, since, now)
	if err != nil {
		return nil, fmt.Errorf("load revocations: %w", err)
	}
	revoked := make(map[id.ID]time.Time, len(all))
	for _, r := range all {
		revoked[r.of] = r.until
	}
	return revoked, nil
}

func insertToken(ctx context.Context, t Token, k id.ID) error {
	var tenant any
	if t.Tenant != id.Nil {
		tenant = t.Tenant
	}
	groups, err := written(t.Groups)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `INSERT INTO access_tokens (id, tenant_id, subject_kind, subject_id, name, scopes, key_id, created_at, expires_at, group_ids)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		Args: []any{t.ID, tenant, t.SubjectKind, t.Subject, t.Name, strings.Join(t.Scopes, " "), k, t.CreatedAt, t.ExpiresAt, groups},
	})
}

// revokeToken runs the unit again when somebody else has revoked the token in the meantime.
func revokeToken(ctx context.Context, token id.ID, at time.Time) error {
	return store.Defer(ctx, store.Stmt{
		SQL: `UPDATE access_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, Args: []any{token, at}, Rows: 1,
	})
}

func noteUses(ctx context.Context, tokens []id.ID, at time.Time) error {
	return store.Defer(ctx, store.Stmt{
		SQL:  `UPDATE access_tokens SET last_used_at = $2 WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < $2)`,
		Args: []any{tokens, at},
	})
}

const issuedColumns = `id, tenant_id, subject_kind, subject_id, name, scopes, group_ids, created_at, expires_at, last_used_at, revoked_at`

type row interface{ Scan(into ...any) error }

func scanToken(from row) (Token, error) {
	var t Token
	var tenant sql.Null[id.ID]
	var scopes, groups string
	err := from.Scan(&t.ID, &tenant, &t.SubjectKind, &t.Subject, &t.Name, &scopes, &groups, &t.CreatedAt, &t.ExpiresAt, &t.LastUsedAt, &t.RevokedAt)
	if err == nil {
		t.Groups, err = readGroups(groups)
	}
	t.Tenant, t.Scopes = tenant.V, strings.Fields(scopes)
	t.CreatedAt, t.ExpiresAt = t.CreatedAt.UTC(), t.ExpiresAt.UTC()
	return t, err
}

// tokenByID finds a token whatever its tenant: the caller is not known before.
func (s *Service) tokenByID(ctx context.Context, of id.ID) (Token, error) {
	t, err := scanToken(s.db.QueryRow(ctx, `SELECT `+issuedColumns+` FROM access_tokens WHERE id = $1`, of))
	if errors.Is(err, sql.ErrNoRows) {
		return Token{}, ErrTokenNotFound
	}
	if err != nil {
		return Token{}, fmt.Errorf("load a token: %w", err)
	}
	return t, nil
}

// owner says whose tokens the caller sees: those of the tenant, or the operator's own outside of any.
func owner(who caller.Caller) (condition string, arg any) {
	if who.Tenant == id.Nil {
		return `tenant_id IS NULL AND subject_kind = $1`, SubjectOperator
	}
	return `tenant_id = $1`, who.Tenant
}

// wanted turns a filter into conditions; its arguments follow those that are given.
func (f TokenFilter) wanted(now time.Time, args ...any) (conditions string, all []any) {
	if f.Live != nil {
		args = append(args, now)
		live := `(revoked_at IS NULL AND expires_at > $` + strconv.Itoa(len(args)) + `)`
		if !*f.Live {
			live = `NOT ` + live
		}
		conditions += ` AND ` + live
	}
	if f.Subject != id.Nil {
		args = append(args, f.Subject)
		conditions += ` AND subject_id = $` + strconv.Itoa(len(args))
	}
	return conditions, args
}

func (s *Service) list(ctx context.Context, who caller.Caller, args page.Args, f TokenFilter, way page.Way) (page.Page[Token], error) {
	none := page.Page[Token]{}
	count, downwards, err := args.Toward(way)
	if err != nil {
		return none, err
	}
	from := store.Beginning(downwards)
	if cursor := args.Cursor(); cursor != "" {
		parts, err := page.Decode(tokenCursor, cursor, 1)
		if err != nil {
			return none, err
		}
		if from, err = uuid.Parse(parts[0]); err != nil {
			return none, page.ErrCursor.Because(err)
		}
	}
	condition, of := owner(who)
	narrow, values := f.wanted(s.clock(), of, from, count+1)
	query := store.BothWays(`SELECT ` + issuedColumns + ` FROM access_tokens WHERE ` + condition + narrow + ` AND id {beyond} $2 ORDER BY id {order} LIMIT $3`)
	found, err := many(ctx, s, scanToken, query.Query(downwards), values...)
	if err != nil {
		return none, fmt.Errorf("list tokens: %w", err)
	}
	return page.Cut(found, args, 0)
}

func (s *Service) count(ctx context.Context, who caller.Caller, f TokenFilter) (total int64, err error) {
	condition, of := owner(who)
	narrow, values := f.wanted(s.clock(), of)
	if err := s.db.QueryRow(ctx, `SELECT count(id) FROM access_tokens WHERE `+condition+narrow, values...).Scan(&total); err != nil {
		return 0, fmt.Errorf("count tokens: %w", err)
	}
	return total, nil
}

func (s *Service) tokensOf(ctx context.Context, who caller.Caller, subjects []id.ID) (map[id.ID][]Token, error) {
	condition, of := owner(who)
	all, err := many(ctx, s, scanToken, `SELECT `+issuedColumns+` FROM access_tokens WHERE `+condition+` AND subject_id = ANY($2) ORDER BY id DESC`, of, subjects)
	if err != nil {
		return nil, fmt.Errorf("load tokens: %w", err)
	}
	found := make(map[id.ID][]Token, len(subjects))
	for _, t := range all {
		found[t.Subject] = append(found[t.Subject], t)
	}
	return found, nil
}

// many reads all rows of a query.
func many[T any](ctx context.Context, s *Service, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		next, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	return all, rows.Err()
}
