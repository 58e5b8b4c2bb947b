package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
)

// Selection says which active people are meant: those whom a filter takes, the direct members of a group, or who is both. Its
// zero value means every active person.
type Selection struct {
	Where filter.Node
	Group id.ID // id.Nil for any
}

// ParseFilter reads a filter on people that names attributes of SCIM and of the tenant's own schemas, and sees to it that it can
// be answered. Refuses with ErrFilterUnsupported, which tells the position where the text stops being a filter.
func (s *Service) ParseFilter(ctx context.Context, text string) (filter.Node, error) {
	own, err := s.Schemas(ctx)
	if err != nil {
		return nil, err
	}
	urns := []string{UserURN, EnterpriseURN}
	for _, schema := range own.All {
		urns = append(urns, schema.URN)
	}
	where, err := filter.Parse(text, filter.Options{URNs: urns})
	if syntax, ok := errors.AsType[*filter.SyntaxError](err); ok {
		return nil, ErrFilterUnsupported.Sayf("the filter cannot be read %s", syntax.Error())
	}
	if err != nil {
		return nil, err
	}
	_, err = s.chooser(ctx, Selection{Where: where})
	return where, err
}

// Selected returns up to limit active people whom a selection means, those after the given one in the order of their ids.
func (s *Service) Selected(ctx context.Context, of Selection, after id.ID, limit int) ([]id.ID, error) {
	c, err := s.chooser(ctx, of)
	if err != nil {
		return nil, err
	}
	text, args := c.used("SELECT u.id" + c.people() + string(allOf("u.active", c.met[0])) + " AND u.id > " + c.add(after) +
		" ORDER BY u.id LIMIT " + c.add(limit))
	var found []id.ID
	err = s.each(ctx, func(row scanner) error {
		var one id.ID
		err := row.Scan(&one)
		found = append(found, one)
		return err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("select people: %w", err)
	}
	return found, nil
}

// Taken tells which of some selections mean a person, in their order. A selection that cannot be asked any more, because an
// attribute of its filter has gone, is named in Unanswered.
type Taken struct {
	By         map[id.ID][]bool // of active people only
	Unanswered map[int]error    // by the place of the selection
}

// Take tells, for some people, which selections mean them. Within a unit of work it sees what the unit has written so far. It
// costs one statement, whoever many people and selections there are.
func (s *Service) Take(ctx context.Context, people []id.ID, of []Selection) (Taken, error) {
	t := Taken{By: make(map[id.ID][]bool, len(people)), Unanswered: map[int]error{}}
	if len(people) == 0 || len(of) == 0 {
		return t, nil
	}
	c, err := s.chooser(ctx)
	if err != nil {
		return t, err
	}
	columns := []string{"u.id"}
	for i, one := range of {
		met, err := c.selects(one)
		if f, ok := fault.As(err); ok && f.Kind == fault.Invalid {
			t.Unanswered[i], met = err, no
		} else if err != nil {
			return t, err
		}
		columns = append(columns, string(met))
	}
	text, args := c.used("SELECT " + strings.Join(columns, ", ") + c.people() + "u.active AND u.id = ANY(" + c.add(people) + ")")
	err = s.eachNow(ctx, func(row scanner) error {
		answers := make([]bool, len(of))
		var one id.ID
		into := []any{&one}
		for i := range answers {
			into = append(into, &answers[i])
		}
		err := row.Scan(into...)
		t.By[one] = answers
		return err
	}, text, args...)
	if err != nil {
		return t, fmt.Errorf("ask selections of people: %w", err)
	}
	return t, nil
}

// CountSelected returns how many active people a selection means.
func (s *Service) CountSelected(ctx context.Context, of Selection) (count int64, err error) {
	c, err := s.chooser(ctx, of)
	if err != nil {
		return 0, err
	}
	text, args := c.used("SELECT count(*)" + c.people() + string(allOf("u.active", c.met[0])))
	if err := s.db.QueryRow(ctx, text, args...).Scan(&count); err != nil {
		return 0, fmt.Errorf("count selected people: %w", err)
	}
	return count, nil
}

// InGroups tells which of some people are direct members of one of some groups, and of which first.
func (s *Service) InGroups(ctx context.Context, people, groups []id.ID) (map[id.ID]id.ID, error) {
	q, err := scopeOf(ctx)
	if err != nil || len(people) == 0 || len(groups) == 0 {
		return nil, err
	}
	in := map[id.ID]id.ID{}
	err = s.eachNow(ctx, func(row scanner) error {
		var user, group id.ID
		err := row.Scan(&user, &group)
		if _, known := in[user]; !known {
			in[user] = group
		}
		return err
	}, `SELECT member_id, group_id FROM memberships WHERE tenant_id = $1 AND member_id = ANY($2) AND group_id = ANY($3) ORDER BY member_id, group_id`, q.tenant, people, groups)
	if err != nil {
		return nil, fmt.Errorf("look for people in groups: %w", err)
	}
	return in, nil
}
