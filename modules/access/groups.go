package access

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// maxGroups is how many groups a reader may be limited to.
const maxGroups = 100

// GroupFinder tells which of some groups the tenant has.
type GroupFinder func(ctx context.Context, of []id.ID) (map[id.ID]bool, error)

// FindGroups says who knows the groups that readers are limited to. Without one, groups that are not there are taken: such a reader
// sees nobody.
func (s *Service) FindGroups(find GroupFinder) { s.groups = find }

// checkGroups refuses groups that the tenant does not have.
func (s *Service) checkGroups(ctx context.Context, of []id.ID) error {
	if len(of) == 0 || s.groups == nil {
		return nil
	}
	there, err := s.groups(ctx, of)
	if err != nil {
		return fmt.Errorf("look for the groups of a reader: %w", err)
	}
	for _, group := range of {
		if !there[group] {
			return ErrNoSuchGroup.Sayf("there is no group %s", id.Group.Format(group))
		}
	}
	return nil
}

// GroupIDs are the groups that the administrator is limited to, as they are shown.
func (a *Administrator) GroupIDs() []string { return shownGroups(a.Groups) }

// GroupIDs are the groups that the token is limited to, as they are shown.
func (t Token) GroupIDs() []string { return shownGroups(t.Groups) }

func shownGroups(of []id.ID) []string {
	texts := make([]string, len(of))
	for i, group := range of {
		texts[i] = id.Group.Format(group)
	}
	return texts
}

func tidyGroups(of []id.ID) []id.ID {
	if len(of) == 0 {
		return nil
	}
	sorted := slices.Clone(of)
	slices.SortFunc(sorted, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(sorted)
}

// written is how groups are kept in their row.
func written(groups []id.ID) (string, error) {
	if len(groups) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(groups)
	return string(text), err
}

func readGroups(text string) (groups []id.ID, err error) {
	if text == "" || text == "[]" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &groups); err != nil {
		return nil, fmt.Errorf("read the groups of a reader: %w", err)
	}
	return groups, nil
}

// checkLimit refuses a token limited to groups that opens anything but reports, and narrows what it opens.
func (r *Request) checkLimit() error {
	r.Groups = tidyGroups(r.Groups)
	switch {
	case len(r.Groups) == 0:
		return nil
	case r.SubjectKind != SubjectService || !slices.Equal(r.Scopes, caller.Scopes{caller.ScopeReportsRead}):
		return ErrInvalidToken.At("groupIds").Sayf("only a token of a service that opens reports:read and nothing else can be limited to groups")
	case len(r.Groups) > maxGroups:
		return ErrInvalidToken.At("groupIds").Sayf("name %d groups at most; a group may hold others", maxGroups)
	}
	r.Scopes = caller.Scopes{caller.ScopeGroupReportsRead} // an older Usher beside this one opens nothing by it
	return nil
}
