package licensing

import (
	"context"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

// Filter narrows a list of licenses. Its zero value takes all.
type Filter struct {
	Search string // the beginning of the product's name or of the SKU, without case
}

// Order is the order of a list of licenses.
type Order struct {
	By  OrderField
	Way page.Way
}

// OrderField is what a list of licenses is ordered by.
type OrderField int

// The orders of licenses.
const (
	BySKU OrderField = iota
	ByProduct
	ByCreatedAt
)

func (o Order) kind() string { return licenseCursor + [...]string{"", ":product", ":created"}[o.By] }

// key is what a license is ordered by, besides its id.
func (o Order) key(l License) string {
	switch o.By {
	case ByProduct:
		return l.Product
	case ByCreatedAt:
		return "" // ids grow with time
	case BySKU:
	}
	return keyOf(l.SKU)
}

// List returns a page of the tenant's licenses. Total is not counted: Count does that.
func (s *Service) List(ctx context.Context, args page.Args, f Filter, order Order) (page.Page[License], error) {
	none := page.Page[License]{}
	limit, downwards, err := args.Toward(order.Way)
	if err != nil {
		return none, err
	}
	from := place{order: order, limit: limit + 1, downwards: downwards}
	if cursor := args.Cursor(); cursor != "" {
		parts, err := page.Decode(order.kind(), cursor, 2)
		if err != nil || !fits(parts[0], 0, maxProduct) {
			return none, page.ErrCursor.Because(err)
		}
		of, err := parseID(parts[1])
		if err != nil {
			return none, page.ErrCursor.Because(err)
		}
		from.key, from.of = parts[0], &of
	}
	found, err := s.list(ctx, f, from)
	if err != nil {
		return none, err
	}
	return page.Cut(found, args, 0)
}

// Count returns how many licenses a filter takes.
func (s *Service) Count(ctx context.Context, f Filter) (int64, error) { return s.countLicenses(ctx, f) }

// Cursor returns the cursor of a license in a list of that order.
func Cursor(l License, order Order) string {
	return page.Encode(order.kind(), order.key(l), l.ID.String())
}

// place is where a page of licenses starts: behind a license, or at an end of the list.
type place struct {
	order     Order
	key       string
	of        *id.ID
	limit     int
	downwards bool
}
