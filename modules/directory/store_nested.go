package directory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/usherhq/usher/internal/id"
)

// The groups that some groups are in, and those that these are in, and so on. UNION ends a circle.
const selectGroupsAbove = `WITH RECURSIVE few(id) AS (
	SELECT w.value FROM unnest($2::uuid[]) AS w(value)
	UNION SELECT up.group_id FROM few CROSS JOIN memberships up WHERE up.tenant_id = $1 AND up.member_id = few.id)
	SELECT ms.member_id, g.id, g.display_name
	FROM few CROSS JOIN memberships ms JOIN groups g ON g.tenant_id = $1 AND g.id = ms.group_id
	WHERE ms.tenant_id = $1 AND ms.member_id = few.id`

// addIndirect adds to the groups of people, which are direct, those that they are in because a group of theirs is. It costs one
// statement where somebody is in a group.
func (s *Service) addIndirect(ctx context.Context, q scope, people []Record) error {
	direct := map[id.ID]bool{}
	for i := range people {
		for _, g := range people[i].Groups {
			direct[g.ID] = true
		}
	}
	if len(direct) == 0 {
		return nil
	}
	above, names := map[id.ID][]id.ID{}, map[id.ID]string{}
	err := s.each(ctx, func(row scanner) error {
		var of, in id.ID
		var name string
		err := row.Scan(&of, &in, &name)
		above[of], names[in] = append(above[of], in), name
		return err
	}, selectGroupsAbove, q.tenant, slices.Collect(maps.Keys(direct)))
	switch {
	case err != nil:
		return fmt.Errorf("load groups of groups: %w", err)
	case len(above) == 0:
		return nil
	}
	for i := range people {
		people[i].Groups = withIndirect(people[i].Groups, above, names)
	}
	return nil
}

// withIndirect walks up from the groups that somebody is in, and puts those that it finds behind them, in the order of their ids.
func withIndirect(direct []GroupRef, above map[id.ID][]id.ID, names map[id.ID]string) []GroupRef {
	seen := make(map[id.ID]bool, len(direct))
	var next, found []id.ID
	for _, g := range direct {
		seen[g.ID] = true
		next = append(next, g.ID)
	}
	for len(next) > 0 {
		of := next[0]
		next = next[1:]
		for _, in := range above[of] {
			if !seen[in] {
				seen[in] = true
				next, found = append(next, in), append(found, in)
			}
		}
	}
	slices.SortFunc(found, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, in := range found {
		direct = append(direct, GroupRef{ID: in, DisplayName: names[in], Indirect: true})
	}
	return direct
}
