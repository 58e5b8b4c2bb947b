package licensing

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

func parseID(text string) (id.ID, error) { return uuid.Parse(text) }

func (s *Service) loadBySKU(ctx context.Context, sku string) (License, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return License{}, err
	}
	return one(scanLicense(s.db.QueryRow(ctx, `SELECT `+licenseColumns+` FROM licenses WHERE tenant_id = $1 AND sku_key = $2`, tenant, keyOf(sku))))
}

func (s *Service) several(ctx context.Context, condition string, keys ...any) (map[id.ID]License, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanLicense, `SELECT `+licenseColumns+` FROM licenses WHERE tenant_id = $1 AND `+condition, append([]any{tenant}, keys...)...)
	if err != nil {
		return nil, fmt.Errorf("load licenses: %w", err)
	}
	found := make(map[id.ID]License, len(all))
	for _, l := range all {
		found[l.ID] = l
	}
	return found, nil
}

// first returns the first licenses of the tenant in the order of their SKUs.
func (s *Service) first(ctx context.Context, most int) ([]License, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanLicense, `SELECT `+licenseColumns+` FROM licenses WHERE tenant_id = $1 ORDER BY sku_key LIMIT $2`, tenant, most)
	if err != nil {
		return nil, fmt.Errorf("load licenses: %w", err)
	}
	return all, nil
}

// licensesNamed returns the ids of licenses that ids or folded SKUs name, in the order of the ids.
func (s *Service) licensesNamed(ctx context.Context, ids []id.ID, keys []string) ([]id.ID, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found, err := many(ctx, s, func(from row) (of id.ID, err error) { return of, from.Scan(&of) },
		`SELECT id FROM licenses WHERE tenant_id = $1 AND (id = ANY($2) OR sku_key = ANY($3)) ORDER BY id`, tenant, ids, keys)
	if err != nil {
		return nil, fmt.Errorf("find the licenses of entitlements: %w", err)
	}
	return found, nil
}

// lastCauses returns what caused the last step of each seat that some people have or had, by seat.
func (s *Service) lastCauses(ctx context.Context, users []id.ID) (map[id.ID]string, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	causes := map[id.ID]string{}
	_, err = many(ctx, s, func(from row) (struct{}, error) {
		var seat id.ID
		var cause string
		err := from.Scan(&seat, &cause)
		causes[seat] = cause
		return struct{}{}, err
	}, `SELECT s.id, (SELECT l.cause FROM ledger l WHERE l.tenant_id = $1 AND l.user_id = s.user_id AND l.license_id = s.license_id
			ORDER BY l.at DESC, l.id DESC LIMIT 1)
		FROM seats s WHERE s.tenant_id = $1 AND s.user_id = ANY($2)`, tenant, users)
	if err != nil {
		return nil, fmt.Errorf("read the causes of seats: %w", err)
	}
	return causes, nil
}

// keyColumns are what each order compares, besides the id.
var keyColumns = [...]string{BySKU: "sku_key", ByProduct: "product", ByCreatedAt: "''::text"}

func (s *Service) list(ctx context.Context, f Filter, from place) ([]License, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	w := f.wanted(tenant)
	compare, direction := ">", "ASC"
	if from.downwards {
		compare, direction = "<", "DESC"
	}
	key := keyColumns[from.order.By]
	if from.of != nil {
		w.text += ` AND (` + key + `, id) ` + compare + ` (` + w.arg(from.key) + `, ` + w.arg(*from.of) + `)`
	}
	found, err := many(ctx, s, scanLicense, `SELECT `+licenseColumns+` FROM licenses WHERE tenant_id = $1`+w.text+
		` ORDER BY `+key+` `+direction+`, id `+direction+` LIMIT `+w.arg(from.limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("list licenses: %w", err)
	}
	return found, nil
}

func (s *Service) countLicenses(ctx context.Context, f Filter) (total int64, err error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return 0, err
	}
	w := f.wanted(tenant)
	if err := s.db.QueryRow(ctx, `SELECT count(id) FROM licenses WHERE tenant_id = $1`+w.text, w.args...).Scan(&total); err != nil {
		return 0, fmt.Errorf("count licenses: %w", err)
	}
	return total, nil
}

// where collects the conditions of a query and their arguments.
type where struct {
	text string
	args []any
}

func (w *where) arg(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

func (f Filter) wanted(tenant id.ID) *where {
	w := &where{args: []any{tenant}}
	if f.Search != "" {
		key := w.arg(beginning(keyOf(f.Search)))
		w.text += ` AND (sku_key LIKE ` + key + ` ESCAPE '\' OR lower(product) LIKE ` + key + ` ESCAPE '\' OR product LIKE ` + w.arg(beginning(f.Search)) + ` ESCAPE '\')`
	}
	return w
}

// beginning makes a pattern of what a text is to begin with.
func beginning(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

const columnsOfSeat = `s.id, s.license_id, s.user_id, s.state, s.priority, s.position, s.since, s.activated_at, s.valid_until, s.resume,
	s.waiting_since, s.assigned_at, s.last_used_at, s.noticed_at, s.reclaim_reason`

// CROSS JOIN tells SQLite the order. The last row of each license's piece is found first, so that a large license is not read to its end. People's ids grow with
// time, and so do positions in line.
var (
	seatPieces = store.BothWays(`WITH pieces AS MATERIALIZED (
		SELECT w.value AS license_id, COALESCE((
			SELECT b.user_id FROM seats b WHERE b.tenant_id = $1 AND b.license_id = w.value AND ($5 = '' OR b.state = $5) AND b.user_id {beyond} $3
			ORDER BY b.user_id {order} LIMIT 1 OFFSET $4), {end}) AS last
		FROM unnest($2::uuid[]) AS w(value))
		SELECT ` + columnsOfSeat + ` FROM pieces p CROSS JOIN seats s
		WHERE s.tenant_id = $1 AND s.license_id = p.license_id AND s.user_id {beyond} $3 AND s.user_id {until} p.last AND ($5 = '' OR s.state = $5)
		ORDER BY s.license_id, s.user_id {order}`)

	linePieces = store.BothWays(`WITH pieces AS MATERIALIZED (
		SELECT w.value AS license_id, (
			SELECT b.position FROM seats b WHERE b.tenant_id = $1 AND b.license_id = w.value AND b.state = 'waiting' AND b.position {beyond} $3
			ORDER BY b.position {order} LIMIT 1 OFFSET $4) AS last
		FROM unnest($2::uuid[]) AS w(value))
		SELECT ` + columnsOfSeat + ` FROM pieces p CROSS JOIN seats s
		WHERE s.tenant_id = $1 AND s.license_id = p.license_id AND s.state = 'waiting' AND s.position {beyond} $3 AND (p.last IS NULL OR s.position {until} p.last)
		ORDER BY s.license_id, s.position {order}`)
)

func (s *Service) seatsOf(ctx context.Context, licenses []id.ID, state State, from mark) (map[id.ID][]Seat, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	var found []Seat
	if state == Waiting {
		found, err = many(ctx, s, plainSeat, linePieces.Query(from.downwards), tenant, licenses, from.position, from.limit)
	} else {
		found, err = many(ctx, s, plainSeat, seatPieces.Query(from.downwards), tenant, licenses, from.of, from.limit, string(state))
	}
	if err != nil {
		return nil, fmt.Errorf("load seats: %w", err)
	}
	return by(found, func(seat Seat) id.ID { return seat.License }), nil
}

func plainSeat(from row) (Seat, error) { return scanSeat(from) }

func by[T any](all []T, key func(T) id.ID) map[id.ID][]T {
	found := make(map[id.ID][]T)
	for _, one := range all {
		found[key(one)] = append(found[key(one)], one)
	}
	return found
}

// countSeats reads the length of the line where it is kept, and counts the rest in an index.
func (s *Service) countSeats(ctx context.Context, licenses []id.ID, state State) (map[id.ID]int64, error) {
	if state == Waiting {
		return s.counts(ctx, `SELECT id, waiting FROM licenses WHERE tenant_id = $1 AND id = ANY($2)`, licenses)
	}
	return s.counts(ctx, `SELECT license_id, count(id) FROM seats WHERE tenant_id = $1 AND license_id = ANY($2) AND ($3 = '' OR state = $3)
		GROUP BY license_id`, licenses, string(state))
}

// places counts who stands in front of some waiting seats, and them.
func (s *Service) places(ctx context.Context, seats []id.ID) (map[id.ID]int64, error) {
	return s.counts(ctx, `SELECT s.id, (SELECT count(f.id) FROM seats f WHERE f.tenant_id = $1 AND f.license_id = s.license_id AND f.state = 'waiting'
		AND (f.priority > s.priority OR f.priority = s.priority AND f.position <= s.position)) FROM seats s
		WHERE s.tenant_id = $1 AND s.id = ANY($2) AND s.state = 'waiting'`, seats)
}

func (s *Service) counts(ctx context.Context, query string, of []id.ID, more ...any) (map[id.ID]int64, error) {
	counts := make(map[id.ID]int64, len(of))
	if len(of) == 0 {
		return counts, nil
	}
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	_, err = many(ctx, s, func(from row) (struct{}, error) {
		var one id.ID
		var count int64
		err := from.Scan(&one, &count)
		counts[one] = count
		return struct{}{}, err
	}, query, append([]any{tenant, of}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("count seats: %w", err)
	}
	return counts, nil
}

func (s *Service) seatsOfUsers(ctx context.Context, users []id.ID) (map[id.ID][]Seat, error) {
	found, err := s.seatsWhere(ctx, `user_id = ANY($2) ORDER BY user_id, license_id`, users)
	return by(found, func(seat Seat) id.ID { return seat.User }), err
}

func (s *Service) seatsByID(ctx context.Context, ids []id.ID) (map[id.ID]Seat, error) {
	found, err := s.seatsWhere(ctx, `id = ANY($2)`, ids)
	seats := make(map[id.ID]Seat, len(found))
	for _, seat := range found {
		seats[seat.ID] = seat
	}
	return seats, err
}

func (s *Service) seatsWhere(ctx context.Context, condition string, keys []id.ID) ([]Seat, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found, err := many(ctx, s, plainSeat, `SELECT `+seatColumns+` FROM seats WHERE tenant_id = $1 AND `+condition, tenant, keys)
	if err != nil {
		return nil, fmt.Errorf("load seats: %w", err)
	}
	return found, nil
}

const selectClaimsOfSeats = `SELECT s.id, c.license_id, c.user_id, c.reason, c.reason_id, c.since FROM seats s
	JOIN claims c ON c.tenant_id = s.tenant_id AND c.license_id = s.license_id AND c.user_id = s.user_id
	WHERE s.tenant_id = $1 AND s.id = ANY($2) ORDER BY s.id, c.since`

func (s *Service) claimsOfSeats(ctx context.Context, seats []id.ID) (map[id.ID][]Claim, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found := make(map[id.ID][]Claim, len(seats))
	_, err = many(ctx, s, func(from row) (struct{}, error) {
		var seat id.ID
		var c Claim
		err := from.Scan(&seat, &c.License, &c.User, &c.Reason, &c.ReasonID, &c.Since)
		c.Since = c.Since.UTC()
		found[seat] = append(found[seat], c)
		return struct{}{}, err
	}, selectClaimsOfSeats, tenant, seats)
	if err != nil {
		return nil, fmt.Errorf("load claims: %w", err)
	}
	return found, nil
}

// Ids of steps grow with time.
var ledgerPieces = store.BothWays(`WITH pieces AS MATERIALIZED (
	SELECT w.value AS license_id, COALESCE((
		SELECT b.id FROM ledger b WHERE b.tenant_id = $1 AND b.license_id = w.value AND b.id {beyond} $3 AND ($5 OR b.user_id = $6) AND ($7 = '' OR b.now = $7)
		ORDER BY b.id {order} LIMIT 1 OFFSET $4), {end}) AS last
	FROM unnest($2::uuid[]) AS w(value))
	SELECT e.id, e.license_id, e.user_id, e.was, e.now, e.cause, e.event_id, e.at FROM pieces p CROSS JOIN ledger e
	WHERE e.tenant_id = $1 AND e.license_id = p.license_id AND e.id {beyond} $3 AND e.id {until} p.last AND ($5 OR e.user_id = $6) AND ($7 = '' OR e.now = $7)
	ORDER BY e.license_id, e.id {order}`)

func (s *Service) ledgerOf(ctx context.Context, licenses []id.ID, f LedgerFilter, from mark) (map[id.ID][]Entry, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found, err := many(ctx, s, scanEntry, ledgerPieces.Query(from.downwards), tenant, licenses, from.of, from.limit, f.User == id.Nil, f.User, string(f.Now))
	if err != nil {
		return nil, fmt.Errorf("load the ledger: %w", err)
	}
	return by(found, func(e Entry) id.ID { return e.License }), nil
}

func (s *Service) countSteps(ctx context.Context, licenses []id.ID, f LedgerFilter) (map[id.ID]int64, error) {
	return s.counts(ctx, `SELECT license_id, count(id) FROM ledger WHERE tenant_id = $1 AND license_id = ANY($2) AND ($3 OR user_id = $4) AND ($5 = '' OR now = $5)
		GROUP BY license_id`, licenses, f.User == id.Nil, f.User, string(f.Now))
}

func scanEntry(from row) (Entry, error) {
	var e Entry
	err := from.Scan(&e.ID, &e.License, &e.User, &e.Was, &e.Now, &e.Cause, &e.Event, &e.At)
	e.At = e.At.UTC()
	return e, err
}
