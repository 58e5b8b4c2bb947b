package directory

import (
	"context"
	"fmt"

	ent "github.com/usherhq/usher/ent/generated"
	"github.com/usherhq/usher/ent/generated/link"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	insertLinkSQL = `INSERT INTO links (tenant_id, id, user_id, scim_config_id, external_id, active, how, first_write_at, last_write_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`
	updateLinkSQL = `UPDATE links SET external_id = $3, active = $4, last_write_at = $5, ended_at = $6 WHERE tenant_id = $1 AND id = $2`
)

func insertLink(ctx context.Context, q scope, l Link) error {
	return store.Defer(ctx, store.Stmt{SQL: insertLinkSQL, Args: []any{
		q.tenant, l.ID, l.User, l.Config, l.ExternalID, l.Active, l.How, l.FirstWriteAt, ended(l),
	}})
}

func updateLink(ctx context.Context, q scope, l Link) error {
	return store.Defer(ctx, store.Stmt{SQL: updateLinkSQL, Rows: 1, Args: []any{
		q.tenant, l.ID, l.ExternalID, l.Active, l.LastWriteAt, ended(l),
	}})
}

func ended(l Link) any {
	if l.EndedAt == nil {
		return nil
	}
	return *l.EndedAt
}

// linksOf returns every link of some people, the oldest first, ended ones too.
func (s *Service) linksOf(ctx context.Context, users []id.ID) (map[id.ID][]Link, error) {
	rows, err := s.db.Reader(ctx).Link.Query().Where(link.UserIDIn(users...)).Order(link.ByUserID(), link.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("load links: %w", err)
	}
	found := make(map[id.ID][]Link, len(users))
	for _, row := range rows {
		found[row.UserID] = append(found[row.UserID], linkFrom(row))
	}
	return found, nil
}

func linkFrom(row *ent.Link) Link {
	l := Link{
		ID: row.ID, User: row.UserID, Config: row.ScimConfigID, ExternalID: row.ExternalID, Active: row.Active, How: row.How,
		FirstWriteAt: row.FirstWriteAt.UTC(), LastWriteAt: row.LastWriteAt.UTC(),
	}
	if row.EndedAt != nil {
		at := row.EndedAt.UTC()
		l.EndedAt = &at
	}
	return l
}
