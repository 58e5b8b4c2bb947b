package reporting

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

// MoveFigure is a figure of a flow with steps behind it.
type MoveFigure string

// The figures of a flow, named as in Definitions.
const (
	MovesIn        MoveFigure = "assignments"
	MovesOut       MoveFigure = "removals"
	MovesBack      MoveFigure = "recovered"
	MovesSeated    MoveFigure = "timeToSeat"
	MovesRecovered MoveFigure = "timeToRecover"
)

// Move is a step of a seat behind a figure of a flow.
type Move struct {
	ID, License, User, Event id.ID
	Was, Now, Cause          string
	At                       time.Time
	Took                     *time.Duration // of MovesSeated and MovesRecovered
	UserName                 *string        // as she is called now; nil of somebody who was deleted
}

// Moving says which steps are wanted.
type Moving struct {
	Figure MoveFigure
	Since  *time.Time // as in Flows
	Way    page.Way
}

const moveCursor = "move"

// Cursor returns the cursor of a step.
func (m Moving) Cursor(of Move) string {
	return page.Encode(moveCursor, of.ID.String(), of.At.UTC().Format(time.RFC3339Nano))
}

// period is what a flow looks at: from a moment, or 30 days, up to that of the report.
func period(of []Utilization, after *time.Time) (since, at time.Time, err error) {
	at = of[0].At
	since = at.AddDate(0, 0, -Windows[0])
	if after != nil {
		since = clock.Cut(*after)
	}
	if !since.Before(at) || at.Sub(since) > MaxPeriod {
		err = ErrInvalidReport.At("since").Sayf("a period begins before it ends, and is of %d days at most", MaxPeriod/day)
	}
	return since, at, err
}

// mark is where a page of steps starts: behind one, or at an end of the list.
type mark struct {
	of        *id.ID
	at        time.Time
	limit     int
	downwards bool
}

// Moves returns, for each license of a report, a page of the steps behind a figure of its flow, in the order in which they happened, in
// one statement. Total is not counted: MoveCounts does that. It needs the scope reports:read and refuses with ErrInvalidReport.
func (s *Service) Moves(ctx context.Context, of []Utilization, m Moving, args page.Args) (map[id.ID]page.Page[Move], error) {
	if err := m.check(ctx); err != nil || len(of) == 0 {
		return nil, err
	}
	since, until, err := period(of, m.Since)
	if err != nil {
		return nil, err
	}
	limit, downwards, err := args.Toward(m.Way)
	if err != nil {
		return nil, err
	}
	from := mark{limit: limit + 1, downwards: downwards}
	if cursor := args.Cursor(); cursor != "" {
		if err := from.read(cursor); err != nil {
			return nil, err
		}
	}
	found, err := s.readMoves(ctx, licensesOf(of), m.Figure, since, until, from)
	if err != nil {
		return nil, err
	}
	all := make(map[id.ID]page.Page[Move], len(of))
	for _, u := range of {
		if all[u.License], err = page.Cut(found[u.License], args, 0); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (m *mark) read(cursor string) error {
	parts, err := page.Decode(moveCursor, cursor, 2)
	if err != nil {
		return err
	}
	of, err := uuid.Parse(parts[0])
	if err != nil {
		return page.ErrCursor.Because(err)
	}
	if m.at, err = time.Parse(time.RFC3339Nano, parts[1]); err != nil {
		return page.ErrCursor.Because(err)
	}
	m.of = &of
	return nil
}

// MoveCounts tells how many steps are behind a figure of the flow of each license of a report.
func (s *Service) MoveCounts(ctx context.Context, of []Utilization, m Moving) (map[id.ID]int64, error) {
	if err := m.check(ctx); err != nil || len(of) == 0 {
		return nil, err
	}
	since, until, err := period(of, m.Since)
	if err != nil {
		return nil, err
	}
	return s.countMoves(ctx, licensesOf(of), m.Figure, since, until)
}

func (m Moving) check(ctx context.Context) error {
	if err := caller.Require(ctx, caller.ScopeReportsRead); err != nil {
		return err
	}
	if _, known := moves[m.Figure]; !known {
		return ErrInvalidReport.At("figure").Sayf("a flow has no figure %q", m.Figure)
	}
	return nil
}
