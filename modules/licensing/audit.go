package licensing

import (
	"context"
	"errors"
	"fmt"

	"github.com/usherhq/usher/internal/id"
)

var errCountsDiffer = errors.New("the kept numbers of a license differ from its rows")

// Audit compares what a license keeps with what its rows say: taken and waiting with the seats, the seats with the ledger and
// with the claims, and free seats with the waiting list. An error names the first difference; it is an accident, not a fault.
func (s *Service) Audit(ctx context.Context, license id.ID) error {
	l, err := s.load(ctx, license)
	if err != nil {
		return err
	}
	tenant, err := tenantOf(ctx)
	if err != nil {
		return err
	}
	var taken, waiting, entered, left, unclaimed int64
	for query, into := range map[string]*int64{
		`SELECT count(id) FROM seats WHERE tenant_id = $1 AND license_id = $2 AND state NOT IN ('waiting', 'released')`:                                       &taken,
		`SELECT count(id) FROM seats WHERE tenant_id = $1 AND license_id = $2 AND state = 'waiting'`:                                                          &waiting,
		`SELECT count(id) FROM ledger WHERE tenant_id = $1 AND license_id = $2 AND now NOT IN ('waiting', 'released') AND was IN ('', 'waiting', 'released')`: &entered,
		`SELECT count(id) FROM ledger WHERE tenant_id = $1 AND license_id = $2 AND was NOT IN ('', 'waiting', 'released') AND now IN ('waiting', 'released')`: &left,
		`SELECT count(s.id) FROM seats s WHERE s.tenant_id = $1 AND s.license_id = $2 AND s.state NOT IN ('grace', 'released') AND NOT EXISTS
			(SELECT 1 FROM claims c WHERE c.tenant_id = s.tenant_id AND c.license_id = s.license_id AND c.user_id = s.user_id)`: &unclaimed,
	} {
		if err := s.db.QueryRow(ctx, query, tenant, license).Scan(into); err != nil {
			return fmt.Errorf("audit license: %w", err)
		}
	}
	switch {
	case taken != l.Taken || waiting != l.Waiting:
		return fmt.Errorf("%w: %d taken and %d waiting are kept, %d and %d are there", errCountsDiffer, l.Taken, l.Waiting, taken, waiting)
	case entered-left != taken:
		return fmt.Errorf("%w: the ledger says %d came and %d went, %d are there", errCountsDiffer, entered, left, taken)
	case taken > l.Ceiling:
		return fmt.Errorf("%w: %d are taken under a ceiling of %d", errCountsDiffer, taken, l.Ceiling)
	case waiting > 0 && taken < l.Allowed:
		return fmt.Errorf("%w: %d wait while %d seats are free", errCountsDiffer, waiting, l.Allowed-taken)
	case unclaimed > 0:
		return fmt.Errorf("%w: %d seats have no claim", errCountsDiffer, unclaimed)
	}
	return nil
}
