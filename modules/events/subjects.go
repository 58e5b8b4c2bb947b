package events

import (
	"context"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
)

// OfSubjects returns, for each of several subjects, a page of its events in the order in which they happened. Everything is read
// at once, however many subjects there are. Total is not counted: CountsOf does that.
func (s *Service) OfSubjects(ctx context.Context, subjects []id.ID, args page.Args, way page.Way) (map[id.ID]page.Page[Event], error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return nil, err
	}
	count, downwards, err := args.Toward(way)
	if err != nil {
		return nil, err
	}
	from := store.Beginning(downwards)
	if cursor := args.Cursor(); cursor != "" {
		parts, err := page.Decode(subjectCursor, cursor, 1)
		if err != nil {
			return nil, err
		}
		if err := from.UnmarshalText([]byte(parts[0])); err != nil {
			return nil, page.ErrCursor.Because(err)
		}
	}
	found, err := s.readSubjects(ctx, tenant, subjects, from, downwards, count)
	if err != nil {
		return nil, err
	}
	pages := make(map[id.ID]page.Page[Event], len(subjects))
	for _, subject := range subjects {
		if pages[subject], err = page.Cut(found[subject], args, 0); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// recent is how many of a subject's last events Seen looks at.
const recent = 1000

// Seen tells which subjects have had an event of a kind lately, that is, among the last thousand of each.
func (s *Service) Seen(ctx context.Context, subjects []id.ID, kind string) (map[id.ID]bool, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return nil, err
	}
	return s.readSeen(ctx, tenant, subjects, kind)
}

// CursorOfSubject returns the cursor of an event in the pages of OfSubjects.
func CursorOfSubject(e Event) string { return page.Encode(subjectCursor, e.ID.String()) }

// CountsOf tells how many events some subjects have.
func (s *Service) CountsOf(ctx context.Context, subjects []id.ID) (map[id.ID]int64, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return nil, err
	}
	return s.countSubjects(ctx, tenant, subjects)
}
