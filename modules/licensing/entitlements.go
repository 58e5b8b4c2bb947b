package licensing

import (
	"context"
	"slices"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

// maxRequested bounds how many licenses the entitlements of one person may name.
const maxRequested = 100

// requests are the claims by which a configuration asks for licenses.
func requests(user, config id.ID, licenses []id.ID) []Claim {
	claims := make([]Claim, len(licenses))
	for i, license := range licenses {
		claims[i] = Claim{License: license, User: user, Reason: ByRequest, ReasonID: config}
	}
	return claims
}

// entitlementsChanged turns the difference between two lists of entitlements into claims. Only a configuration can ask, and
// only for somebody whom it holds active; whoever takes an entitlement away gives back what was asked by it.
func (s *Service) entitlementsChanged(ctx context.Context, was, now *directory.User) error {
	if slices.Equal(was.Entitlements, now.Entitlements) {
		return nil
	}
	before, err := s.named(ctx, was.Entitlements)
	if err != nil {
		return err
	}
	after, err := s.named(ctx, now.Entitlements)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(slices.Clone(before), func(license id.ID) bool { return slices.Contains(after, license) })
	if err := s.giveBack(ctx, now.ID, gone); err != nil {
		return err
	}
	who, err := caller.Must(ctx)
	if err != nil || who.Config == id.Nil || !now.Active || now.Blocked {
		return err
	}
	return s.claimEach(ctx, requests(now.ID, who.Config, after))
}

// giveBack ends what was asked for by entitlements of some licenses, whichever configuration has asked.
func (s *Service) giveBack(ctx context.Context, user id.ID, licenses []id.ID) error {
	if len(licenses) == 0 {
		return nil
	}
	claims, err := s.claimsOf(ctx, user, id.Nil)
	if err != nil {
		return err
	}
	return s.drop(ctx, slices.DeleteFunc(claims, func(c Claim) bool {
		return c.Reason != ByRequest || !slices.Contains(licenses, c.License)
	}), "entitlement removed")
}

// named returns the licenses that entitlements name, by id or SKU, each once. What names no license is somebody else's
// entitlement, and no error.
func (s *Service) named(ctx context.Context, entitlements []directory.Value) ([]id.ID, error) {
	var ids []id.ID
	var keys []string
	for _, e := range entitlements[:min(len(entitlements), maxRequested)] {
		if of, ok := id.License.Parse(e.Value); ok {
			ids = append(ids, of)
		} else if key := keyOf(e.Value); key != "" {
			keys = append(keys, key)
		}
	}
	if len(ids)+len(keys) == 0 {
		return nil, nil
	}
	return s.licensesNamed(ctx, ids, keys)
}

// Own strips from entitlements those licenses that a person has for other reasons and that her own entitlements did not name
// before: a provider that sends back what it was shown asks for nothing.
func (s *Service) Own(ctx context.Context, user id.ID, was, given []directory.Value) ([]directory.Value, error) {
	if len(given) == 0 || slices.Equal(was, given) {
		return given, nil
	}
	claims, err := s.claimsOf(ctx, user, id.Nil)
	if err != nil || len(claims) == 0 {
		return given, err
	}
	return slices.DeleteFunc(slices.Clone(given), func(e directory.Value) bool {
		of, ok := id.License.Parse(e.Value)
		return ok && slices.ContainsFunc(claims, func(c Claim) bool { return c.License == of }) &&
			!slices.ContainsFunc(was, func(w directory.Value) bool { return w.Value == e.Value })
	}), nil
}
