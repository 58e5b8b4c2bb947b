package directory

import (
	"context"
	"errors"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// chooser is a compiler of selections. They mean the same whoever asks: no configuration has a view of its own of them.
type chooser struct {
	*compiler

	met []condition // of the selections that it was made with
}

func (s *Service) chooser(ctx context.Context, of ...Selection) (*chooser, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	q.config = id.Nil
	fields, err := s.fieldsFor(ctx, aUser)
	if err != nil {
		return nil, err
	}
	c := &chooser{compiler: newCompiler(q, aUser, fields, "")}
	for _, one := range of {
		met, err := c.selects(one)
		if err != nil {
			return nil, err
		}
		c.met = append(c.met, met)
	}
	return c, nil
}

// selects makes the condition that a person is meant.
func (c *chooser) selects(of Selection) (condition, error) {
	p, err := c.compile(of.Where)
	if err != nil || of.Group == id.Nil {
		return p.where, err
	}
	return allOf(p.where, condition("EXISTS (SELECT 1 FROM memberships sm WHERE sm.tenant_id = $1 AND sm.group_id = "+c.add(of.Group)+
		" AND sm.member_id = u.id)")), nil
}

// people is where the rows of people are; conditions follow.
func (c *chooser) people() string { return " FROM users u" + c.join() + " WHERE u.tenant_id = $1 AND " }

// eachNow is each for what the unit of work has to see that it has written itself; outside of one it is each.
func (s *Service) eachNow(ctx context.Context, read func(scanner) error, query string, args ...any) error {
	if !store.InUnit(ctx) {
		return s.each(ctx, read, query, args...)
	}
	rows, err := s.db.QueryNow(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}
