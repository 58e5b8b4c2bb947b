package events

import (
	"context"
	"math"
	"strconv"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

const cursorKind, subjectCursor = "event", "event_of"

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
// Total is not counted: Count does that.
func (s *Service) List(ctx context.Context, args page.Args, f Filter) (page.Page[Event], error) {
	none := page.Page[Event]{}
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return none, err
	}
	count, downwards, err := args.Toward(page.Ascending)
	if err != nil {
		return none, err
	}
	from, err := numberOf(args.Cursor(), downwards)
	if err != nil {
		return none, err
	}
	found, err := s.read(ctx, tenant, span{from: from, downwards: downwards, limit: count + 1}, f)
	if err != nil {
		return none, err
	}
	return page.Cut(found, args, 0)
}

// Count tells how many events a filter takes: without one, a kept total.
func (s *Service) Count(ctx context.Context, f Filter) (int64, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return 0, err
	}
	if len(f.Kinds) == 0 && f.Subject == id.Nil {
		return store.Count(ctx, s.db, kept)
	}
	return s.count(ctx, tenant, f)
}

// Get returns one numbered event of the tenant; ok is false when there is none of that id.
func (s *Service) Get(ctx context.Context, of id.ID) (e Event, ok bool, err error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return Event{}, false, err
	}
	return s.one(ctx, tenant, of)
}

// ByID returns those of some events that are numbered and the tenant's own.
func (s *Service) ByID(ctx context.Context, ids []id.ID) (map[id.ID]Event, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return s.some(ctx, tenant, ids)
}

// numberOf reads a cursor; none stands in front of all numbers, or behind all.
func numberOf(cursor string, downwards bool) (int64, error) {
	switch {
	case cursor == "" && downwards:
		return math.MaxInt64, nil
	case cursor == "":
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
