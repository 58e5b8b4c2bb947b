package licensing

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// claimTogether adds reasons to sit, in order, the claims of one license behind each other. The licenses are locked. Of a license that looks at nobody, newcomers
// are taken together: what their seats cost then is the rows alone.
func (s *Service) claimTogether(ctx context.Context, claims []Claim) error {
	for len(claims) > 0 {
		license, n := claims[0].License, 1
		for n < len(claims) && claims[n].License == license {
			n++
		}
		if err := s.claimSome(ctx, license, claims[:n]); err != nil {
			return err
		}
		claims = claims[n:]
	}
	return nil
}

// claimSome is claimTogether for one license.
func (s *Service) claimSome(ctx context.Context, license id.ID, claims []Claim) error {
	known, err := s.notNew(ctx, license, claims)
	if err != nil {
		return err
	}
	var newcomers []Claim
	for _, c := range claims {
		if !known[c.User] {
			newcomers = append(newcomers, c)
			continue
		}
		if err := s.seatNewcomers(ctx, license, newcomers); err != nil {
			return err
		}
		newcomers = nil
		if _, err := s.claim(ctx, c); err != nil {
			return err
		}
	}
	return s.seatNewcomers(ctx, license, newcomers)
}

// notNew tells who of some people has a seat of a license already, or had one, or a reason to, and everybody where the license looks
// at the person before it seats her, or others look at it.
func (s *Service) notNew(ctx context.Context, license id.ID, claims []Claim) (map[id.ID]bool, error) {
	known := make(map[id.ID]bool, len(claims))
	l, err := s.load(ctx, license)
	if err != nil {
		return nil, err
	}
	dependents, err := s.dependents(ctx, license)
	if err != nil {
		return nil, err
	}
	if len(claims) == 1 || l.Consent || len(l.Requires) > 0 || len(dependents) > 0 {
		for _, c := range claims {
			known[c.User] = true
		}
		return known, nil
	}
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	people := make([]id.ID, len(claims))
	for i, c := range claims {
		people[i] = c.User
	}
	found, err := many(ctx, s, func(from row) (of id.ID, err error) {
		return of, from.Scan(&of)
	}, `SELECT s.user_id FROM seats s WHERE s.tenant_id = $1 AND s.license_id = $2 AND s.user_id = ANY($3)
		UNION SELECT c.user_id FROM claims c WHERE c.tenant_id = $1 AND c.license_id = $2 AND c.user_id = ANY($3)`, tenant, license, people)
	if err != nil {
		return nil, fmt.Errorf("look for newcomers: %w", err)
	}
	for _, of := range found {
		known[of] = true
	}
	return known, nil
}

// writtenTogether is of how many newcomers the rows go as one statement.
const writtenTogether = 6

// seatNewcomers seats people who have nothing of a license yet, as long as there are seats, and puts the others in line.
func (s *Service) seatNewcomers(ctx context.Context, license id.ID, claims []Claim) error {
	if len(claims) == 0 {
		return nil
	}
	l, err := s.lock(ctx, license)
	if err != nil {
		return err
	}
	seated := min(int64(len(claims)), max(0, l.Allowed-l.Taken))
	inLine := int64(len(claims)) - seated
	if err := s.countAll(ctx, license, seated, inLine, inLine); err != nil {
		return err
	}
	for i, c := range claims {
		c.Since = s.clock()
		if err := deferClaim(ctx, c); err != nil {
			return err
		}
		seat, state := Seat{ID: id.New(), License: license, User: c.User, Priority: c.Priority}, Invited
		if n := int64(i) - seated; n >= 0 {
			seat.Position, state = l.next+n, Waiting
		}
		if _, err := s.step(ctx, seat, state, c.Reason); err != nil {
			return err
		}
		if i%writtenTogether == writtenTogether-1 {
			if err := store.Flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
