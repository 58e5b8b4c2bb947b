package reporting

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

// Dimension is what a report is broken down by.
type Dimension string

// The dimensions. People are what they are now, whichever moment the report is of: the directory keeps no history of theirs.
const (
	ByGroup      Dimension = "group" // direct members; who is in two groups counts in both
	ByDepartment Dimension = "department"
	ByConfig     Dimension = "scimConfig" // whom a SCIM configuration has joined
	ByManager    Dimension = "manager"
)

// Part is what one group, department, configuration or manager has of a license.
type Part struct {
	Use

	Key   string // an id or a text; empty for those who have none
	Label string

	Assigned, Invited, Activated, ConsentPending, Paused, Grace, Waiting int64

	ActivationRate *float64
}

// Parts breaks the licenses of one report down, by license, in one statement: the part with the most seats comes first. It needs the
// scope reports:read and refuses with ErrInvalidReport.
func (s *Service) Parts(ctx context.Context, of []Utilization, by Dimension) (map[id.ID][]Part, error) {
	if err := caller.Require(ctx, caller.ScopeReportsRead); err != nil || len(of) == 0 {
		return nil, err
	}
	if _, known := dimensions[by]; !known {
		return nil, ErrInvalidReport.At("by").Sayf("a report is broken down by group, department, SCIM configuration or manager")
	}
	return s.readParts(ctx, of, by)
}

func (u Utilization) part(key, label string, t *tally) Part {
	seats := t.seats(t.assigned()) // of what a part has, nothing is unassigned
	p := Part{
		Key: key, Label: label, Assigned: seats.Assigned, Invited: seats.Invited, Activated: seats.Activated, ConsentPending: seats.ConsentPending,
		Paused: seats.Paused, Grace: seats.Grace, Waiting: seats.Waiting, ActivationRate: seats.ActivationRate,
	}
	p.Use = t.use(seats, func(days int) bool { return u.of.known(u.At, days) }, u.of.terms)
	for i := range p.Windows {
		p.Windows[i].UtilizationOfPurchased = nil
	}
	return p
}

func sortParts(parts []Part) {
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Or(cmp.Compare(b.Assigned, a.Assigned), cmp.Compare(a.Key, b.Key)) })
}

const partCursor = "part"

// PartCursor returns the cursor of a part.
func PartCursor(p Part) string { return page.Encode(partCursor, p.Key) }

// CutParts returns a page of parts.
func CutParts(parts []Part, args page.Args) (page.Page[Part], error) {
	count, backward, err := args.Limit()
	if err != nil {
		return page.Page[Part]{}, err
	}
	from := parts
	if cursor := args.Cursor(); cursor != "" {
		key, err := page.Decode(partCursor, cursor, 1)
		if err != nil {
			return page.Page[Part]{}, err
		}
		at := slices.IndexFunc(parts, func(p Part) bool { return p.Key == key[0] })
		switch {
		case at < 0:
			from = nil
		case backward:
			from = parts[:at]
		default:
			from = parts[at+1:]
		}
	}
	if backward {
		from = slices.Clone(from[max(0, len(from)-count-1):])
		slices.Reverse(from)
	}
	return page.Cut(slices.Clone(from[:min(len(from), count+1)]), args, int64(len(parts)))
}

// PartKey returns the key of a part as clients know it: an id of a kind, or the text itself where there is no kind.
func PartKey(p Part, kind id.Kind) string {
	if of, err := uuid.Parse(p.Key); err == nil && kind != "" {
		return kind.Format(of)
	}
	return p.Key
}
