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
