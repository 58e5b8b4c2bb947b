package licensing

import (
	"context"
	"slices"

	"github.com/usherhq/usher/internal/id"
)

// tellDependents lets the licenses that require this one know that its holder sits now, or does not any more. Who loses a
// license loses what builds on it and keeps her reasons; she gets it back with the first. Where she has left, that is the cause there too.
func (s *Service) tellDependents(ctx context.Context, seat Seat, was State, cause string) error {
	if was.sits() == seat.State.sits() {
		return nil
	}
	dependents, err := s.dependents(ctx, seat.License)
	if err != nil {
		return err
	}
	if cause != causeDeactivated && cause != causeDeleted && cause != causeLeft {
		cause = "prerequisite lost"
	}
	for _, of := range dependents {
		l, err := s.lock(ctx, of)
		if err != nil {
			return err
		}
		if seat.State.sits() {
			if err := s.reseat(ctx, l, seat.User); err != nil {
				return err
			}
			continue
		}
		held, found, err := s.find(ctx, of, seat.User)
		if err != nil {
			return err
		}
		if found && held.State != Released {
			if err := s.release(ctx, l, held, cause); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxRequired bounds how many licenses one may require.
const maxRequired = 10

// checkRequires refuses prerequisites that are not there or that lead back to the license.
func (s *Service) checkRequires(ctx context.Context, l License) error {
	if len(l.Requires) == 0 {
		return nil
	}
	if len(l.Requires) > maxRequired {
		return ErrInvalidLicense.At("requires").Sayf("a license requires at most %d others", maxRequired)
	}
	seen := map[id.ID]bool{l.ID: true}
	for next := slices.Clone(l.Requires); len(next) > 0; {
		found, err := s.Licenses(ctx, next)
		if err != nil {
			return err
		}
		var deeper []id.ID
		for _, of := range next {
			required, there := found[of]
			switch {
			case !there:
				return ErrInvalidLicense.At("requires").Sayf("there is no license %s to require", id.License.Format(of))
			case of == l.ID:
				return ErrInvalidLicense.At("requires").Sayf("the license would require itself, by way of those that it requires")
			}
			for _, more := range required.Requires {
				if more == l.ID || !seen[more] {
					seen[more] = true
					deeper = append(deeper, more)
				}
			}
		}
		next = deeper
	}
	return nil
}
