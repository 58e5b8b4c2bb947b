package licensing

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	licenseCursor = "license"
	inLicense     = licenseCursor // in the data of events
)

const licenseColumns = `id, product, sku, edition, seats, ceiling, taken, waiting, next_position, term_start, term_end, price_minor, currency,
	version, created_at, updated_at, allowed, over_percent, grace_days, consent, requires, reclaim, alerts`

type row interface{ Scan(into ...any) error }

func scanLicense(from row) (License, error) {
	var l License
	var requires, reclaim, alerts string
	err := from.Scan(&l.ID, &l.Product, &l.SKU, &l.Edition, &l.Seats, &l.Ceiling, &l.Taken, &l.Waiting, &l.next, &l.TermStart, &l.TermEnd,
		&l.PriceMinor, &l.Currency, &l.Version, &l.CreatedAt, &l.UpdatedAt, &l.Allowed, &l.OverPercent, &l.GraceDays, &l.Consent, &requires, &reclaim, &alerts)
	if err != nil {
		return l, err
	}
	l.CreatedAt, l.UpdatedAt = l.CreatedAt.UTC(), l.UpdatedAt.UTC()
	if err := json.Unmarshal([]byte(requires), &l.Requires); err != nil {
		return l, err
	}
	return l, readPolicies(&l, reclaim, alerts)
}

func tenantOf(ctx context.Context) (id.ID, error) { return caller.Tenant(ctx) }

func insertLicense(ctx context.Context, l License) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `INSERT INTO licenses (tenant_id, id, product, sku, sku_key, edition, seats, ceiling, taken, waiting, next_position, granted,
			term_start, term_end, price_minor, currency, version, created_at, updated_at, allowed, over_percent, grace_days, consent, requires,
			reclaim, alerts)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $13, 0, 0, 1, FALSE, $8, $9, $10, $11, 1, $12, $12, $13, $14, $15, $16, $17, $18, $19)`,
		Args: []any{tenant, l.ID, l.Product, l.SKU, keyOf(l.SKU), l.Edition, l.Seats, moment(l.TermStart), moment(l.TermEnd), number(l.PriceMinor),
			l.Currency, l.CreatedAt, l.Allowed, l.OverPercent, l.GraceDays, l.Consent, idsText(l.Requires), policyText(l.Reclaim), policyText(l.Alerts)},
		Unique: map[string]error{"licenses_sku": ErrSKUTaken},
	})
}

func moment(t *time.Time) any {
	if t == nil {
		return nil
	}
	return *t
}

func number(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

func idsText(ids []id.ID) string {
	if len(ids) == 0 {
		return noIDs
	}
	text, err := json.Marshal(ids)
	if err != nil { // ids always marshal
		return noIDs
	}
	return string(text)
}

const noIDs = "[]"

func (s *Service) load(ctx context.Context, of id.ID) (License, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return License{}, err
	}
	return one(scanLicense(s.db.QueryRow(ctx, `SELECT `+licenseColumns+` FROM licenses WHERE tenant_id = $1 AND id = $2`, tenant, of)))
}

func one(l License, err error) (License, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return License{}, ErrLicenseNotFound
	}
	if err != nil {
		return License{}, fmt.Errorf("load license: %w", err)
	}
	return l, nil
}

// lock holds the license's row until the end of the unit of work and returns it as it is then.
func (s *Service) lock(ctx context.Context, of id.ID) (License, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return License{}, err
	}
	rows, err := s.db.QueryNow(ctx, `UPDATE licenses SET granted = FALSE WHERE tenant_id = $1 AND id = $2 RETURNING `+licenseColumns, tenant, of)
	if err != nil {
		return License{}, fmt.Errorf("lock license: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return License{}, errors.Join(ErrLicenseNotFound, rows.Err())
	}
	l, err := scanLicense(rows)
	if err != nil {
		return License{}, fmt.Errorf("lock license: %w", err)
	}
	return l, rows.Close()
}

func (s *Service) save(ctx context.Context, l License) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `UPDATE licenses SET product = $3, edition = $4, seats = $5, ceiling = $6, term_start = $7, term_end = $8, price_minor = $9,
		currency = $10, version = $11, updated_at = $12, allowed = $13, over_percent = $14, grace_days = $15, consent = $16, requires = $17,
		reclaim = $18, alerts = $19 WHERE tenant_id = $1 AND id = $2`, tenant, l.ID, l.Product, l.Edition, l.Seats, l.Ceiling,
		moment(l.TermStart), moment(l.TermEnd), number(l.PriceMinor), l.Currency, l.Version, l.UpdatedAt, l.Allowed, l.OverPercent, l.GraceDays,
		l.Consent, idsText(l.Requires), policyText(l.Reclaim), policyText(l.Alerts))
	if err != nil {
		return fmt.Errorf("save license: %w", err)
	}
	return nil
}

// gate is what the gate has said.
type gate struct {
	granted  bool
	position int64
}

// take is the gate: one statement takes a seat while one may be taken, and counts a place in line otherwise. plain is false, and
// nothing was taken, for a license that asks for consent or requires others.
func (s *Service) take(ctx context.Context, of id.ID) (g gate, plain bool, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return g, false, err
	}
	rows, err := s.db.QueryNow(ctx, `UPDATE licenses SET granted = taken < allowed,
		taken = taken + CASE WHEN taken < allowed THEN 1 ELSE 0 END,
		waiting = waiting + CASE WHEN taken < allowed THEN 0 ELSE 1 END,
		next_position = next_position + 1
		WHERE tenant_id = $1 AND id = $2 AND NOT consent AND requires = '[]' RETURNING granted, next_position`, tenant, of)
	if err != nil {
		return g, false, fmt.Errorf("take a seat: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return g, false, rows.Err()
	}
	if err := rows.Scan(&g.granted, &g.position); err != nil {
		return g, false, fmt.Errorf("take a seat: %w", err)
	}
	return g, true, rows.Close()
}

// count moves the kept numbers of a locked license. The ceiling follows what is taken down to what is allowed.
func (s *Service) count(ctx context.Context, of id.ID, taken, waiting int64) error {
	return s.countAll(ctx, of, taken, waiting, 1)
}

// countAll is count for several people, of whom so many have got a place in line.
func (s *Service) countAll(ctx context.Context, of id.ID, taken, waiting, positions int64) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `UPDATE licenses SET taken = taken + $3, waiting = waiting + $4, next_position = next_position + $5,
		ceiling = CASE WHEN taken + $3 > allowed THEN taken + $3 ELSE allowed END
		WHERE tenant_id = $1 AND id = $2`, tenant, of, taken, waiting, positions)
	if err != nil {
		return fmt.Errorf("count seats: %w", err)
	}
	return nil
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
