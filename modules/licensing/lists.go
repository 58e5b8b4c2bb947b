package licensing

import (
	"context"
	"maps"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
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
// waiting ones in the order of the line. Without a state all are there, released ones too. Lists are read forward.
func (s *Service) Seats(ctx context.Context, licenses []id.ID, state State, args page.Args) (map[id.ID]page.Page[Seat], error) {
	limit, parts, err := forward(seatCursor, args, 2)
	if err != nil {
		return nil, err
	}
	after, err := markOf(parts)
	if err != nil {
		return nil, err
	}
	found, err := s.seatsOf(ctx, licenses, state, after, limit)
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
func (s *Service) Places(ctx context.Context, seats []Seat) (map[id.ID]int64, error) {
	return s.places(ctx, seats)
}

// Ledger returns, for each of several licenses, a page of the steps of its seats, newest first. Lists are read forward.
func (s *Service) Ledger(ctx context.Context, licenses []id.ID, args page.Args) (map[id.ID]page.Page[Entry], error) {
	limit, parts, err := forward(ledgerCursor, args, 1)
	if err != nil {
		return nil, err
	}
	before := id.Nil
	if parts != nil {
		if before, err = parseID(parts[0]); err != nil {
			return nil, page.ErrCursor.Because(err)
		}
	}
	found, err := s.ledgerOf(ctx, licenses, before, limit)
	if err != nil {
		return nil, err
	}
	return pages(licenses, found, args)
}

// SeatCursor returns the cursor of a seat in the pages of Seats.
func SeatCursor(seat Seat) string {
	return page.Encode(seatCursor, seat.User.String(), strconv.FormatInt(seat.Position, 10))
}

// EntryCursor returns the cursor of a step in the pages of Ledger.
func EntryCursor(e Entry) string { return page.Encode(ledgerCursor, e.ID.String()) }

// mark is the seat that a page starts behind: its holder and her position in line.
type mark struct {
	of       id.ID
	position int64
}

func markOf(parts []string) (mark, error) {
	if parts == nil {
		return mark{}, nil
	}
	of, err := parseID(parts[0])
	if err != nil {
		return mark{}, page.ErrCursor.Because(err)
	}
	position, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return mark{}, page.ErrCursor.Because(err)
	}
	return mark{of: of, position: position}, nil
}

// forward reads the arguments of a list that goes one way: how many rows, and the parts of the cursor if there is one.
func forward(kind string, args page.Args, parts int) (limit int, cursor []string, err error) {
	limit, backward, err := args.Limit()
	switch {
	case err != nil:
		return 0, nil, err
	case backward:
		return 0, nil, page.ErrArgs.Sayf("this list is read forward only: ask with first and after")
	case args.After == "":
		return limit, nil, nil
	}
	cursor, err = page.Decode(kind, args.After, parts)
	return limit, cursor, err
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
