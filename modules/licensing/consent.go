package licensing

import (
	"context"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// Consent is what a person has said to a license that needs her consent.
type Consent string

// What she can have said. Nothing is the empty text.
const (
	ConsentAsked     Consent = "asked"
	ConsentGiven     Consent = "given"
	ConsentWithdrawn Consent = "withdrawn"
)

// Faults of consent.
var (
	ErrNoConsentNeeded = fault.New(fault.Conflict, "no_consent_needed", "the license does not ask for consent")
	ErrConsentNotAsked = fault.New(fault.Conflict, "consent_not_asked", "the person has not been asked: nobody has assigned this license to her")
)

// RecordConsent keeps what a person has said to a license that needs her consent: the vendor's product tells it, with the scope
// entitlements:write; no administrator can say it for her. Given, a seat that was kept for her opens; withdrawn, she loses it at
// once, whatever reasons there are, until she gives it again. Saying the same twice changes nothing. Refuses with
// ErrLicenseNotFound, ErrNoConsentNeeded and ErrConsentNotAsked.
func (s *Service) RecordConsent(ctx context.Context, license, user id.ID, said Consent) (Consent, error) {
	if err := caller.Require(ctx, caller.ScopeEntitlementsWrite); err != nil {
		return "", err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Consent, error) {
		l, err := s.lock(ctx, license)
		switch {
		case err != nil:
			return "", err
		case !l.Consent:
			return "", ErrNoConsentNeeded
		}
		was, err := s.consentOf(ctx, license, user)
		switch {
		case err != nil:
			return "", err
		case was == "":
			return "", ErrConsentNotAsked
		case was == said:
			return was, nil
		}
		if err := s.saveConsent(ctx, license, user, said); err != nil {
			return "", err
		}
		return said, s.heed(ctx, l, user, said)
	})
}

// heed moves the seat as the person has said.
func (s *Service) heed(ctx context.Context, l License, user id.ID, said Consent) error {
	seat, found, err := s.find(ctx, l.ID, user)
	switch {
	case err != nil:
		return err
	case said == ConsentWithdrawn && found && seat.State != Released:
		return s.release(ctx, l, seat, "consent withdrawn")
	case said == ConsentGiven && found && seat.State == Consenting:
		_, err := s.step(ctx, seat, Invited, "consent given")
		return err
	case said == ConsentGiven:
		return s.reseat(ctx, l, user)
	default:
		return nil
	}
}

// reseat asks the gate again for somebody who has claims and was held back until now. The license is locked.
func (s *Service) reseat(ctx context.Context, l License, user id.ID) error {
	claims, err := s.claimsOf(ctx, user, id.Nil)
	if err != nil {
		return err
	}
	for _, c := range claims {
		if c.License == l.ID {
			_, err := s.settle(ctx, l, c)
			return err
		}
	}
	return nil
}

// heldBack tells whether something else than a full license keeps a person from sitting: she has withdrawn her consent, or has
// no seat of a license that this one requires.
func (s *Service) heldBack(ctx context.Context, l License, user id.ID) (bool, error) {
	if l.Consent {
		said, err := s.consentOf(ctx, l.ID, user)
		if err != nil || said == ConsentWithdrawn {
			return true, err
		}
	}
	for _, required := range l.Requires {
		seat, found, err := s.find(ctx, required, user)
		if err != nil || !found || !seat.State.sits() {
			return true, err
		}
	}
	return false, nil
}
