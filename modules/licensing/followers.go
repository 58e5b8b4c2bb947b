package licensing

import (
	"cmp"
	"context"
	"slices"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

var _ directory.Followers = (*Service)(nil)

// Joined claims a seat for a person whom a configuration with auto-assign holds active.
func (s *Service) Joined(ctx context.Context, now *directory.User, link directory.Link) error {
	if !link.Active || now.Blocked {
		return nil
	}
	return s.claimFor(ctx, now.ID, link.Config, link.How == directory.LinkCreated && now.Version == 1)
}

// Changed changes no seat yet: no rule looks at attributes.
func (s *Service) Changed(context.Context, *directory.User, *directory.User) error { return nil }

// Deactivated ends the configuration's claims or, for the person as a whole, all of hers.
func (s *Service) Deactivated(ctx context.Context, user, config id.ID) error {
	return s.dropAll(ctx, user, config, "deactivated")
}

// Reactivated asks the same gate again.
func (s *Service) Reactivated(ctx context.Context, now *directory.User, config id.ID) error {
	if config == id.Nil || now.Blocked {
		return nil
	}
	return s.claimFor(ctx, now.ID, config, false)
}

// Left ends the configuration's claims.
func (s *Service) Left(ctx context.Context, user, config id.ID) error {
	return s.dropAll(ctx, user, config, "left")
}

// Deleted ends every claim; the released seats stay for the record, without attributes of hers.
func (s *Service) Deleted(ctx context.Context, user id.ID) error {
	return s.dropAll(ctx, user, id.Nil, "deleted")
}

// MembershipChanged changes no seat yet: no rule looks at groups.
func (s *Service) MembershipChanged(context.Context, id.ID, []id.ID, []id.ID) error { return nil }

func (s *Service) claimFor(ctx context.Context, user, config id.ID, isNew bool) error {
	license, assigns, err := s.rules.of(ctx, config)
	if err != nil || !assigns {
		return err
	}
	c := Claim{License: license, User: user, Reason: ByConfiguration, ReasonID: config}
	if isNew {
		return s.claimFirst(ctx, c)
	}
	_, err = s.claim(ctx, c)
	return err
}

// dropAll ends a person's claims: those of one configuration, or with id.Nil all.
func (s *Service) dropAll(ctx context.Context, user, config id.ID, cause string) error {
	claims, err := s.claimsOf(ctx, user, config)
	if err != nil {
		return err
	}
	return s.drop(ctx, claims, cause)
}

// inOrder sorts claims by license, so that whoever locks several licenses locks them in the same order.
func inOrder(claims []Claim) []Claim {
	slices.SortFunc(claims, func(a, b Claim) int { return cmp.Compare(a.License.String(), b.License.String()) })
	return claims
}
