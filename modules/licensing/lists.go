package licensing

import (
	"context"
	"maps"
	"math"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const seatCursor, ledgerCursor = "seat", "ledger"

// Entry is one step of a seat in the ledger.
type Entry struct {
	ID      id.ID
	License id.ID
	User    id.ID
	Was     State // empty for the first step
	Now     State
	Cause   string
	Event   id.ID
	At      time.Time
}

// BySKU returns the license of a SKU, without case, or ErrLicenseNotFound.
func (s *Service) BySKU(ctx context.Context, sku string) (License, error) {
	return s.loadBySKU(ctx, sku)
}

// Licenses returns those of some licenses that the tenant has.
func (s *Service) Licenses(ctx context.Context, ids []id.ID) (map[id.ID]License, error) {
	return s.several(ctx, `id = ANY($2)`, ids)
}

// ofProduct returns the licenses of a SKU or product name, or ErrProductNotFound. Databases know case in ASCII alone, and a tenant
// has few licenses: they are compared here.
func (s *Service) ofProduct(ctx context.Context, product string) (map[id.ID]License, error) {
	all, err := s.several(ctx, `id IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	key := keyOf(product)
	maps.DeleteFunc(all, func(_ id.ID, l License) bool { return keyOf(l.SKU) != key && keyOf(l.Product) != key })
	if len(all) == 0 {
		return nil, ErrProductNotFound
	}
	return all, nil
}

// Seats returns, for each of several licenses, a page of its seats in the order in which their holders first came, or of the
// waiting ones in the order of the line. Without a state all are there, released ones too. Total is not counted: SeatCounts
// does that.
func (s *Service) Seats(ctx context.Context, licenses []id.ID, state State, args page.Args, way page.Way) (map[id.ID]page.Page[Seat], error) {
	limit, downwards, err := args.Toward(way)
	if err != nil {
		return nil, err
	}
	from := mark{of: store.Beginning(downwards), limit: limit, downwards: downwards}
	if downwards {
		from.position = math.MaxInt64
	}
	if cursor := args.Cursor(); cursor != "" {
		if from.of, from.position, err = seatAt(cursor); err != nil {
			return nil, err
		}
	}
	found, err := s.seatsOf(ctx, licenses, state, from)
	if err != nil {
		return nil, err
	}
	return pages(licenses, found, args)
}

// SeatCounts tells how many seats of a state some licenses have; without a state, of all states.
func (s *Service) SeatCounts(ctx context.Context, licenses []id.ID, state State) (map[id.ID]int64, error) {
	return s.countSeats(ctx, licenses, state)
}

// SeatsOf returns every seat that some people have or had, by person.
func (s *Service) SeatsOf(ctx context.Context, users []id.ID) (map[id.ID][]Seat, error) {
	return s.seatsOfUsers(ctx, users)
}

// SeatsByID returns those of some seats that the tenant has.
func (s *Service) SeatsByID(ctx context.Context, ids []id.ID) (map[id.ID]Seat, error) {
	return s.seatsByID(ctx, ids)
}

// ClaimsOf returns why some seats are there, by seat, the oldest reason first.
func (s *Service) ClaimsOf(ctx context.Context, seats []id.ID) (map[id.ID][]Claim, error) {
	return s.claimsOfSeats(ctx, seats)
}

// Places tells the places in line of some waiting seats, 1 for the next.
func (s *Service) Places(ctx context.Context, seats []id.ID) (map[id.ID]int64, error) {
	return s.places(ctx, seats)
}

// LedgerFilter narrows a ledger. Its zero value takes every step.
type LedgerFilter struct {
	User id.ID // id.Nil for everybody
	Now  State // what the step led to; empty for any
}

// Ledger returns, for each of several licenses, a page of the steps of its seats, in the order in which they happened. Total is not
// counted: LedgerCounts does that.
func (s *Service) Ledger(ctx context.Context, licenses []id.ID, f LedgerFilter, args page.Args, way page.Way) (map[id.ID]page.Page[Entry], error) {
	limit, downwards, err := args.Toward(way)
	if err != nil {
		return nil, err
	}
	from := mark{of: store.Beginning(downwards), limit: limit, downwards: downwards}
	if cursor := args.Cursor(); cursor != "" {
		parts, err := page.Decode(ledgerCursor, cursor, 1)
		if err != nil {
			return nil, err
		}
		if from.of, err = parseID(parts[0]); err != nil {
			return nil, page.ErrCursor.Because(err)
		}
	}
	found, err := s.ledgerOf(ctx, licenses, f, from)
	if err != nil {
		return nil, err
	}
	return pages(licenses, found, args)
}

// LedgerCounts tells how many steps a filter takes of some licenses.
func (s *Service) LedgerCounts(ctx context.Context, licenses []id.ID, f LedgerFilter) (map[id.ID]int64, error) {
	return s.countSteps(ctx, licenses, f)
}

// SeatCursor returns the cursor of a seat in the pages of Seats.
func SeatCursor(seat Seat) string {
	return page.Encode(seatCursor, seat.User.String(), strconv.FormatInt(seat.Position, 10))
}

// EntryCursor returns the cursor of a step in the pages of Ledger.
func EntryCursor(e Entry) string { return page.Encode(ledgerCursor, e.ID.String()) }

// mark is where a piece of a list starts: behind a row, and where its seat is in line. It has limit rows and one more, which tells
// whether there are more.
type mark struct {
	of        id.ID
	position  int64
	limit     int
	downwards bool
}

func seatAt(cursor string) (of id.ID, position int64, err error) {
	parts, err := page.Decode(seatCursor, cursor, 2)
	if err != nil {
		return id.Nil, 0, err
	}
	if of, err = parseID(parts[0]); err != nil {
		return id.Nil, 0, page.ErrCursor.Because(err)
	}
	if position, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
		return id.Nil, 0, page.ErrCursor.Because(err)
	}
	return of, position, nil
}

func pages[T any](of []id.ID, found map[id.ID][]T, args page.Args) (map[id.ID]page.Page[T], error) {
	all := make(map[id.ID]page.Page[T], len(of))
	for _, one := range of {
		cut, err := page.Cut(found[one], args, 0)
		if err != nil {
			return nil, err
		}
		all[one] = cut
	}
	return all, nil
}
