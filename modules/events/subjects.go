package events

import (
	"context"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

// OfSubjects returns, for each of several subjects, a page of its events, newest first. Everything is read at once, however
// many subjects there are. Total is not counted.
func (s *Service) OfSubjects(ctx context.Context, subjects []id.ID, args page.Args) (map[id.ID]page.Page[Event], error) {
	who, err := caller.Must(ctx)
	if err != nil {
		return nil, err
	}
	count, backward, err := args.Limit()
	if err != nil {
		return nil, err
	}
	if backward {
		return nil, page.ErrArgs.Sayf("the events of one thing are read from the newest on: ask with first and after")
	}
	before, err := numberOf(args.After)
	if err != nil {
		return nil, err
	}
	found, err := s.readSubjects(ctx, who.Tenant, subjects, before, count+1)
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
	who, err := caller.Must(ctx)
	if err != nil {
		return nil, err
	}
	return s.readSeen(ctx, who.Tenant, subjects, kind)
}
