package licensing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// consentOf returns what a person has said to a license; the empty text is nothing.
func (s *Service) consentOf(ctx context.Context, license, user id.ID) (Consent, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return "", err
	}
	var said Consent
	err = s.db.QueryRow(ctx, `SELECT state FROM consents WHERE tenant_id = $1 AND license_id = $2 AND user_id = $3`, tenant, license, user).Scan(&said)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read a consent: %w", err)
	}
	return said, nil
}

// Consents returns, by seat, what the holders of some seats have said to licenses that need their consent.
func (s *Service) Consents(ctx context.Context, seats []id.ID) (map[id.ID]string, error) {
	return s.texts(ctx, `SELECT s.id, c.state FROM seats s
		JOIN consents c ON c.tenant_id = s.tenant_id AND c.license_id = s.license_id AND c.user_id = s.user_id
		WHERE s.tenant_id = $1 AND s.id = ANY($2)`, seats)
}

// Causes returns, by seat, what caused the last step of some seats.
func (s *Service) Causes(ctx context.Context, seats []id.ID) (map[id.ID]string, error) {
	return s.texts(ctx, `SELECT s.id, (SELECT l.cause FROM ledger l WHERE l.tenant_id = $1 AND l.user_id = s.user_id AND l.license_id = s.license_id
			ORDER BY l.at DESC, l.id DESC LIMIT 1)
		FROM seats s WHERE s.tenant_id = $1 AND s.id = ANY($2)`, seats)
}

func (s *Service) texts(ctx context.Context, query string, keys []id.ID) (map[id.ID]string, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	found := make(map[id.ID]string, len(keys))
	_, err = many(ctx, s, func(from row) (struct{}, error) {
		var of id.ID
		var text string
		err := from.Scan(&of, &text)
		found[of] = text
		return struct{}{}, err
	}, query, tenant, keys)
	if err != nil {
		return nil, fmt.Errorf("read of seats: %w", err)
	}
	return found, nil
}

// Required returns, for each of some licenses, those that it requires.
func (s *Service) Required(ctx context.Context, licenses []id.ID) (map[id.ID][]License, error) {
	of, err := s.Licenses(ctx, licenses)
	if err != nil {
		return nil, err
	}
	var wanted []id.ID
	for _, l := range of {
		wanted = append(wanted, l.Requires...)
	}
	if len(wanted) == 0 {
		return map[id.ID][]License{}, nil
	}
	found, err := s.Licenses(ctx, wanted)
	required := make(map[id.ID][]License, len(of))
	for _, l := range of {
		for _, one := range l.Requires {
			if there, ok := found[one]; ok {
				required[l.ID] = append(required[l.ID], there)
			}
		}
	}
	return required, err
}

func (s *Service) saveConsent(ctx context.Context, license, user id.ID, said Consent) error {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `INSERT INTO consents (tenant_id, id, license_id, user_id, state, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id, license_id, user_id) DO UPDATE SET state = excluded.state, at = excluded.at`,
		tenant, id.New(), license, user, string(said), s.clock())
	if err != nil {
		return fmt.Errorf("save a consent: %w", err)
	}
	return nil
}

// gracesDue returns some of the tenant's seats whose grace was over at a time.
func (s *Service) gracesDue(ctx context.Context, at time.Time, most int) ([]Seat, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	due, err := many(ctx, s, plainSeat, `SELECT `+seatColumns+` FROM seats WHERE tenant_id = $1 AND state = 'grace' AND valid_until <= $2
		ORDER BY valid_until LIMIT $3`, tenant, at, most)
	if err != nil {
		return nil, fmt.Errorf("look for graces that are over: %w", err)
	}
	return due, nil
}

// requirements returns which licenses of the tenant require which others.
func (s *Service) requirements(ctx context.Context) (map[id.ID][]id.ID, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	all, err := many(ctx, s, scanLicense, `SELECT `+licenseColumns+` FROM licenses WHERE tenant_id = $1 AND requires <> '[]' ORDER BY id`, tenant)
	if err != nil {
		return nil, fmt.Errorf("read prerequisites: %w", err)
	}
	dependents := map[id.ID][]id.ID{}
	for _, l := range all {
		for _, required := range l.Requires {
			dependents[required] = append(dependents[required], l.ID)
		}
	}
	return dependents, nil
}

// tenantsWithWork enumerates the tenants in which something is due: it is the one question here that is about all of them.
func (s *Service) tenantsWithWork(ctx context.Context, now time.Time) ([]id.ID, error) {
	return many(ctx, s, func(from row) (of id.ID, err error) { return of, from.Scan(&of) },
		`SELECT tenant_id FROM seats WHERE state = 'grace' AND valid_until <= $1
		UNION SELECT tenant_id FROM rule_runs WHERE state = 'running' AND started_at <= $2
		UNION SELECT r.tenant_id FROM rules r WHERE r.kind = 'people' AND r.status = 'active' AND NOT EXISTS
			(SELECT 1 FROM rule_runs x WHERE x.tenant_id = r.tenant_id AND x.rule_id = r.id AND (x.started_at > $3 OR x.state = 'running'))
		UNION SELECT tenant_id FROM licenses WHERE reclaim <> '{}'
		ORDER BY tenant_id`, now, now.Add(-known), now.Add(-goneOverEvery))
}
