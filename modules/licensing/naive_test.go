package licensing_test

import (
	"context"
	"database/sql"
	"errors"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// seen is what a naive gate has looked at before it acts.
type seen struct {
	tenant                        id.ID
	taken, waiting, allowed, next int64
	seat                          id.ID // of the person; id.Nil where she has none
	state                         string
	first, firstUser              id.ID // in line
}

// naively is the gate that everybody writes first: it looks, and then does everything right for what it has seen. Rows, counters,
// claims and ledger are all kept; only nothing is held between the look and the deed.
func naively(w world) contest {
	return contest{
		take: func(ctx context.Context, license, user id.ID) error {
			now, err := look(ctx, w.db, license, user)
			if err != nil || now.state != "" && now.state != "released" {
				return err
			}
			return store.Do(ctx, w.db, func(ctx context.Context) error {
				state := "waiting"
				if now.taken < now.allowed {
					state, now.taken = "invited", now.taken+1
				} else {
					now.waiting++
				}
				claim := func() error {
					return write(ctx, w.db, `INSERT INTO claims (tenant_id, id, license_id, user_id, reason, reason_id, since) VALUES ($1, $2, $3, $4, 'hand', $5, $6)
						ON CONFLICT DO NOTHING`, now.tenant, id.New(), license, user, id.Nil, w.db.Now())
				}
				return errors.Join(claim(), now.put(ctx, w.db, license, user, state), now.keep(ctx, w.db, license))
			})
		},
		give: func(ctx context.Context, license, user id.ID) error {
			now, err := look(ctx, w.db, license, user)
			if err != nil || now.state == "" || now.state == "released" {
				return err
			}
			return store.Do(ctx, w.db, func(ctx context.Context) error {
				if now.state == "waiting" {
					now.waiting--
				} else {
					now.taken--
				}
				err := errors.Join(now.put(ctx, w.db, license, user, "released"),
					write(ctx, w.db, `DELETE FROM claims WHERE tenant_id = $1 AND license_id = $2 AND user_id = $3`, now.tenant, license, user))
				if now.first != id.Nil && now.firstUser != user && now.taken < now.allowed {
					now.taken, now.waiting, now.seat, now.state = now.taken+1, now.waiting-1, now.first, "waiting"
					err = errors.Join(err, now.put(ctx, w.db, license, now.firstUser, "invited"))
				}
				return errors.Join(err, now.keep(ctx, w.db, license))
			})
		},
	}
}

func look(ctx context.Context, db *store.DB, license, user id.ID) (seen, error) {
	who, err := caller.Must(ctx)
	if err != nil {
		return seen{}, err
	}
	now := seen{tenant: who.Tenant}
	orNone := func(err error) error {
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}
	return now, errors.Join(
		db.QueryRow(ctx, `SELECT taken, waiting, allowed, next_position FROM licenses WHERE tenant_id = $1 AND id = $2`, now.tenant, license).
			Scan(&now.taken, &now.waiting, &now.allowed, &now.next),
		orNone(db.QueryRow(ctx, `SELECT id, state FROM seats WHERE tenant_id = $1 AND license_id = $2 AND user_id = $3`, now.tenant, license, user).
			Scan(&now.seat, &now.state)),
		orNone(db.QueryRow(ctx, `SELECT id, user_id FROM seats WHERE tenant_id = $1 AND license_id = $2 AND state = 'waiting' ORDER BY position LIMIT 1`,
			now.tenant, license).Scan(&now.first, &now.firstUser)),
	)
}

// put moves a seat into a state, with its row in the ledger.
func (s seen) put(ctx context.Context, db *store.DB, license, user id.ID, state string) error {
	seat, position := s.seat, int64(0)
	if seat == id.Nil {
		seat = id.New()
	}
	if state == "waiting" {
		position = s.next
	}
	return errors.Join(
		write(ctx, db, `INSERT INTO seats (tenant_id, id, license_id, user_id, state, position, since, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
			ON CONFLICT (tenant_id, license_id, user_id) DO UPDATE SET state = $5, position = $6, since = $7`, s.tenant, seat, license, user, state, position, db.Now()),
		write(ctx, db, `INSERT INTO ledger (tenant_id, id, license_id, user_id, was, now, cause, event_id, at) VALUES ($1, $2, $3, $4, $5, $6, 'test', $7, $8)`,
			s.tenant, id.New(), license, user, s.state, state, id.New(), db.Now()),
	)
}

// keep writes the counters as they must be now.
func (s seen) keep(ctx context.Context, db *store.DB, license id.ID) error {
	return write(ctx, db, `UPDATE licenses SET taken = $3, waiting = $4, next_position = $5 WHERE tenant_id = $1 AND id = $2`,
		s.tenant, license, s.taken, s.waiting, s.next+1)
}

func write(ctx context.Context, db *store.DB, statement string, args ...any) error {
	_, err := db.Exec(ctx, statement, args...)
	return err
}
