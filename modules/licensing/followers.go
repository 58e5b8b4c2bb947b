package licensing

import (
	"cmp"
	"context"
	"slices"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

var _ directory.Followers = (*Service)(nil)

// The causes of claims that are lost because a person leaves. After causeDeactivated alone there may be a grace.
const (
	causeDeactivated = "deactivated"
	causeDeleted     = "deleted"
	causeLeft        = "left" // a configuration let go of her
)

// Joined claims a seat for a person whom a configuration with auto-assign holds active, those that her entitlements ask for, and
// those that rules give her.
func (s *Service) Joined(ctx context.Context, now *directory.User, link directory.Link) error {
	if link.Config != id.Nil && link.Active && !now.Blocked {
		if err := s.claimAll(ctx, now, link.Config, link.How == directory.LinkCreated && now.Version == 1 && !now.Awaited); err != nil {
			return err
		}
	}
	return s.followPerson(ctx, now.ID)
}

// Changed asks for what has come to a person's entitlements, gives back what has gone from them, and asks the rules.
func (s *Service) Changed(ctx context.Context, was, now *directory.User) error {
	if err := s.entitlementsChanged(ctx, was, now); err != nil {
		return err
	}
	return s.followChange(ctx, now.ID)
}

// Deactivated ends the configuration's claims or, for the person as a whole, all of hers.
func (s *Service) Deactivated(ctx context.Context, user, config id.ID) error {
	if err := s.writtenFirst(ctx); err != nil {
		return err
	}
	return s.dropAll(ctx, user, config, causeDeactivated)
}

// Reactivated asks the same gate again.
func (s *Service) Reactivated(ctx context.Context, now *directory.User, config id.ID) error {
	switch {
	case now.Blocked:
		return nil
	case config == id.Nil:
		return s.followPerson(ctx, now.ID)
	}
	return s.claimAll(ctx, now, config, false)
}

// Left ends the configuration's claims.
func (s *Service) Left(ctx context.Context, user, config id.ID) error {
	return s.dropAll(ctx, user, config, causeLeft)
}

// Deleted ends every claim; the released seats stay for the record, without attributes of hers.
func (s *Service) Deleted(ctx context.Context, user id.ID) error {
	if err := s.dropAll(ctx, user, id.Nil, causeDeleted); err != nil {
		return err
	}
	return s.releaseKept(ctx, user, causeDeleted)
}

// MembershipChanged asks the rules that look at groups: who has come may gain a reason, who has gone may lose one.
func (s *Service) MembershipChanged(ctx context.Context, group id.ID, added, removed []id.ID) error {
	return s.followMembers(ctx, group, slices.Concat(added, removed))
}

// claimAll claims what a configuration assigns to a person and what her entitlements ask it for.
func (s *Service) claimAll(ctx context.Context, now *directory.User, config id.ID, isNew bool) error {
	assigns, err := s.rules.of(ctx, config)
	if err != nil {
		return err
	}
	requested, err := s.named(ctx, now.Entitlements)
	if err != nil {
		return err
	}
	var claims []Claim
	if !assigns.nothing() {
		claims = append(claims, Claim{License: assigns.license, User: now.ID, Reason: ByConfiguration, ReasonID: config, Priority: assigns.priority})
	}
	if isNew && len(requested) == 0 {
		for _, c := range claims {
			return s.claimFirst(ctx, c)
		}
		return nil
	}
	return s.claimEach(ctx, append(claims, requests(now.ID, config, requested)...))
}

func (s *Service) claimEach(ctx context.Context, claims []Claim) error {
	for _, c := range inOrder(claims) {
		if _, err := s.claim(ctx, c); err != nil {
			return err
		}
	}
	return nil
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
