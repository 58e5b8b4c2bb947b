package directory

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/internal/id"
)

const (
	selectActiveByID   = `SELECT id, id, active FROM users WHERE tenant_id = $1 AND id = ANY($2)`
	selectActiveByName = `SELECT user_name_key, id, active FROM users WHERE tenant_id = $1 AND user_name_key = ANY($2)`
	selectActiveByLink = `SELECT l.external_id, u.id, u.active FROM links l JOIN users u ON u.tenant_id = l.tenant_id AND u.id = l.user_id
		WHERE l.tenant_id = $1 AND l.external_id = ANY($2) AND l.external_id <> '' AND l.ended_at IS NULL`
)

func (s *Service) collect(ctx context.Context, into spelled, q scope, ids []id.ID, names, externals []string) error {
	for _, look := range []struct {
		by, query string
		some      bool
		values    any
	}{
		{pathID, selectActiveByID, len(ids) > 0, ids},
		{pathUserName, selectActiveByName, len(names) > 0, names},
		{pathExternalID, selectActiveByLink, len(externals) > 0, externals},
	} {
		if !look.some {
			continue
		}
		err := s.each(ctx, func(row scanner) error {
			var text string
			var of id.ID
			var active bool
			err := row.Scan(&text, &of, &active)
			into.add(look.by, text, of, active)
			return err
		}, look.query, q.tenant, look.values)
		if err != nil {
			return fmt.Errorf("find people by %s: %w", look.by, err)
		}
	}
	return nil
}

const selectHeld = `SELECT EXISTS (SELECT 1 FROM links WHERE tenant_id = $1 AND scim_config_id = $2 AND ended_at IS NULL)`

func (s *Service) held(ctx context.Context, q scope, config id.ID) (held bool, err error) {
	if err := s.db.QueryRow(ctx, selectHeld, q.tenant, config).Scan(&held); err != nil {
		return false, fmt.Errorf("look for links: %w", err)
	}
	return held, nil
}
