package events

import (
	"context"
	"strconv"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

const cursorKind = "event"

// Filter narrows what is read. Its zero value takes every event of the tenant.
type Filter struct {
	Kinds   []string // none: all
	Subject id.ID    // id.Nil: all
}

// Cursor returns the cursor of an event in the lists of this package.
func Cursor(e Event) string { return page.Encode(cursorKind, strconv.FormatInt(e.Number, 10)) }

// After returns the first events with a number above the given one, in the order of their numbers. Total is not counted.
func (s *Service) After(ctx context.Context, number int64, first int, f Filter) (page.Page[Event], error) {
	args := page.Args{First: first, After: page.Encode(cursorKind, strconv.FormatInt(number, 10))}
	return s.List(ctx, args, f)
}

// List returns a page of events in the order of their numbers. It refuses a cursor of another list with page.ErrCursor.
// Total is not counted.
func (s *Service) List(ctx context.Context, args page.Args, f Filter) (page.Page[Event], error) {
	none := page.Page[Event]{}
	who, err := caller.Must(ctx)
	if err != nil {
		return none, err
	}
	count, backward, err := args.Limit()
	if err != nil {
		return none, err
	}
	from, err := numberOf(args.Cursor())
	if err != nil {
		return none, err
	}
	found, err := s.read(ctx, who.Tenant, span{from: from, backward: backward, limit: count + 1}, f)
	if err != nil {
		return none, err
	}
	return page.Cut(found, args, 0)
}

// Get returns one numbered event of the tenant; ok is false when there is none of that id.
func (s *Service) Get(ctx context.Context, of id.ID) (e Event, ok bool, err error) {
	who, err := caller.Must(ctx)
	if err != nil {
		return Event{}, false, err
	}
	return s.one(ctx, who.Tenant, of)
}

// numberOf reads a cursor; none is 0.
func numberOf(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	parts, err := page.Decode(cursorKind, cursor, 1)
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || number < 0 {
		return 0, page.ErrCursor.Because(err)
	}
	return number, nil
}
