package licensing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const licenseCursor = "license"

const licenseColumns = `id, product, sku, edition, seats, ceiling, taken, waiting, next_position, term_start, term_end, price_minor, currency,
	version, created_at, updated_at`

type row interface{ Scan(into ...any) error }

func scanLicense(from row) (License, error) {
	var l License
	err := from.Scan(&l.ID, &l.Product, &l.SKU, &l.Edition, &l.Seats, &l.Ceiling, &l.Taken, &l.Waiting, &l.next, &l.TermStart, &l.TermEnd,
		&l.PriceMinor, &l.Currency, &l.Version, &l.CreatedAt, &l.UpdatedAt)
	l.CreatedAt, l.UpdatedAt = l.CreatedAt.UTC(), l.UpdatedAt.UTC()
	return l, err
}

func tenantOf(ctx context.Context) (id.ID, error) {
	who, err := caller.Must(ctx)
	return who.Tenant, err
}

func insertLicense(ctx context.Context, l License) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL: `INSERT INTO licenses (tenant_id, id, product, sku, sku_key, edition, seats, ceiling, taken, waiting, next_position, granted,
			term_start, term_end, price_minor, currency, version, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0, 0, 1, FALSE, $8, $9, $10, $11, 1, $12, $12)`,
		Args: []any{tenant, l.ID, l.Product, l.SKU, keyOf(l.SKU), l.Edition, l.Seats, moment(l.TermStart), moment(l.TermEnd), number(l.PriceMinor),
			l.Currency, l.CreatedAt},
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
		currency = $10, version = $11, updated_at = $12 WHERE tenant_id = $1 AND id = $2`, tenant, l.ID, l.Product, l.Edition, l.Seats, l.Ceiling,
		moment(l.TermStart), moment(l.TermEnd), number(l.PriceMinor), l.Currency, l.Version, l.UpdatedAt)
	if err != nil {
		return fmt.Errorf("save license: %w", err)
	}
	return nil
}

// take is the gate: one statement takes a seat while one is free, and counts a place in line otherwise.
func (s *Service) take(ctx context.Context, of id.ID) (granted bool, position int64, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return false, 0, err
	}
	rows, err := s.db.QueryNow(ctx, `UPDATE licenses SET granted = taken < seats,
		taken = taken + CASE WHEN taken < seats THEN 1 ELSE 0 END,
		waiting = waiting + CASE WHEN taken < seats THEN 0 ELSE 1 END,
		next_position = next_position + 1
		WHERE tenant_id = $1 AND id = $2 RETURNING granted, next_position`, tenant, of)
	if err != nil {
		return false, 0, fmt.Errorf("take a seat: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return false, 0, errors.Join(ErrLicenseNotFound, rows.Err())
	}
	if err := rows.Scan(&granted, &position); err != nil {
		return false, 0, fmt.Errorf("take a seat: %w", err)
	}
	return granted, position, rows.Close()
}

// count moves the kept numbers of a locked license. The ceiling follows what is taken down to what was bought.
func (s *Service) count(ctx context.Context, of id.ID, taken, waiting int64) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `UPDATE licenses SET taken = taken + $3, waiting = waiting + $4, next_position = next_position + 1,
		ceiling = CASE WHEN taken + $3 > seats THEN taken + $3 ELSE seats END
		WHERE tenant_id = $1 AND id = $2`, tenant, of, taken, waiting)
	if err != nil {
		return fmt.Errorf("count seats: %w", err)
	}
	return nil
}

func (s *Service) list(ctx context.Context, args page.Args) (page.Page[License], error) {
	none := page.Page[License]{}
	tenant, err := tenantOf(ctx)
	if err != nil {
		return none, err
	}
	count, backward, err := args.Limit()
	if err != nil {
		return none, err
	}
	from := ""
	if cursor := args.Cursor(); cursor != "" {
		key, err := page.Decode(licenseCursor, cursor, 1)
		if err != nil {
			return none, err
		}
		from = key[0]
	}
	query := `SELECT ` + licenseColumns + ` FROM licenses WHERE tenant_id = $1 AND sku_key > $2 ORDER BY sku_key LIMIT $3`
	if backward {
		query = `SELECT ` + licenseColumns + ` FROM licenses WHERE tenant_id = $1 AND (sku_key < $2 OR $2 = '') ORDER BY sku_key DESC LIMIT $3`
	}
	found, err := many(ctx, s, scanLicense, query, tenant, from, count+1)
	if err != nil {
		return none, fmt.Errorf("list licenses: %w", err)
	}
	var total int64
	if err := s.db.QueryRow(ctx, `SELECT count(id) FROM licenses WHERE tenant_id = $1`, tenant).Scan(&total); err != nil {
		return none, fmt.Errorf("count licenses: %w", err)
	}
	return page.Cut(found, args, total)
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
