package directory

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// indexedAtOnce is how many people one unit of work makes findable.
const indexedAtOnce = 200

// Index makes those people of the tenant findable by their attributes who are not yet: those whom an older Usher has kept. It
// returns how many they were.
func (s *Service) Index(ctx context.Context) (int, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return 0, err
	}
	for total := 0; ; {
		done, err := store.InTx(ctx, s.db, func(ctx context.Context) (int, error) { return s.indexSome(ctx, q) })
		total += done
		if err != nil || done < indexedAtOnce {
			return total, err
		}
	}
}

const (
	selectUnindexed = `SELECT id, attributes FROM users WHERE tenant_id = $1 AND NOT indexed ORDER BY id LIMIT $2`
	markIndexed     = `UPDATE users SET indexed = true WHERE tenant_id = $1 AND id = $2`
)

func (s *Service) indexSome(ctx context.Context, q scope) (int, error) {
	var people []*loaded
	err := s.each(ctx, func(row scanner) error {
		u := &loaded{}
		people = append(people, u)
		return row.Scan(&u.ID, &u.text)
	}, selectUnindexed, q.tenant, indexedAtOnce)
	if err != nil {
		return 0, fmt.Errorf("look for people to be made findable: %w", err)
	}
	for _, u := range people {
		if err := u.understand(); err != nil {
			return 0, err
		}
		if err := s.indexOne(ctx, q, u.ID, valuesOf(&u.User)); err != nil {
			return 0, err
		}
	}
	return len(people), nil
}

func (s *Service) indexOne(ctx context.Context, q scope, of id.ID, values []value) error {
	for _, statement := range []string{dropAllValues, markIndexed} {
		if _, err := s.db.Exec(ctx, statement, q.tenant, of); err != nil {
			return fmt.Errorf("make a user findable: %w", err)
		}
	}
	return s.saveValues(ctx, q, of, nil, values)
}
