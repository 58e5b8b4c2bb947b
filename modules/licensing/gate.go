package licensing

import (
	"context"

	"github.com/usherhq/usher/internal/id"
)

// claim adds a reason to sit and, where nothing holds her back, seats the person or puts her in line. Somebody in grace gets
// back the seat that was kept for her.
func (s *Service) claim(ctx context.Context, c Claim) (Seat, error) {
	l, err := s.lock(ctx, c.License)
	if err != nil {
		return Seat{}, err
	}
	c.Since = s.clock()
	if err := s.insertClaim(ctx, c); err != nil {
		return Seat{}, err
	}
	return s.settle(ctx, l, c)
}

// settle brings the seat of who has a claim in line with it. The license is locked.
func (s *Service) settle(ctx context.Context, l License, c Claim) (Seat, error) {
	seat, _, err := s.standing(ctx, c)
	switch {
	case err != nil:
		return Seat{}, err
	case seat.State == Grace:
		return s.step(ctx, seat, seat.Resume, "came back")
	case seat.State == Waiting:
		return s.moveInLine(ctx, seat)
	case seat.State.takes():
		return seat, nil
	case seat.State == Released && seat.ReclaimReason != "" && c.Reason != ByHand:
		return seat, nil // it was taken back: a hand gives it again, or undoes that
	}
	if held, err := s.heldBack(ctx, l, c.User); err != nil || held {
		return seat, err
	}
	if seat.ID == id.Nil {
		seat = Seat{ID: id.New(), License: c.License, User: c.User}
	}
	seat.Priority = c.Priority
	if l.Taken < l.Allowed {
		if err := s.count(ctx, l.ID, 1, 0); err != nil {
			return Seat{}, err
		}
		return s.seatDown(ctx, l, seat, c.Reason)
	}
	seat.Position = l.next
	if err := s.count(ctx, l.ID, 0, 1); err != nil {
		return Seat{}, err
	}
	return s.step(ctx, seat, Waiting, c.Reason)
}

// seatDown gives a seat that has been counted: the person is invited or, where the license needs it, asked for her consent.
func (s *Service) seatDown(ctx context.Context, l License, seat Seat, cause string) (Seat, error) {
	if !l.Consent {
		return s.step(ctx, seat, Invited, cause)
	}
	given, err := s.consentOf(ctx, l.ID, seat.User)
	if err != nil {
		return Seat{}, err
	}
	if given == ConsentGiven {
		return s.step(ctx, seat, Invited, cause)
	}
	if err := s.saveConsent(ctx, l.ID, seat.User, ConsentAsked); err != nil {
		return Seat{}, err
	}
	return s.step(ctx, seat, Consenting, cause)
}

// claimFirst is claim for somebody who has come this moment and has no row of the license yet: the gate is the one statement
// that has to be waited for. Licenses that look at the person first go the long way.
func (s *Service) claimFirst(ctx context.Context, c Claim) error {
	gate, plain, err := s.take(ctx, c.License)
	if err != nil {
		return err
	}
	if !plain {
		_, err := s.claim(ctx, c)
		return err
	}
	c.Since = s.clock()
	if err := deferClaim(ctx, c); err != nil {
		return err
	}
	seat, state := Seat{ID: id.New(), License: c.License, User: c.User, Priority: c.Priority}, Invited
	if !gate.granted {
		seat.Position, state = gate.position, Waiting
	}
	_, err = s.step(ctx, seat, state, c.Reason)
	return err
}

// drop ends claims. Whoever has none left loses the seat, and the first in line gets it; somebody who has only left keeps it
// for the license's days of grace. Licenses are locked in id order.
func (s *Service) drop(ctx context.Context, claims []Claim, cause string) error {
	for _, c := range inOrder(claims) {
		l, err := s.lock(ctx, c.License)
		if err != nil {
			return err
		}
		seat, others, err := s.standing(ctx, c)
		if err != nil {
			return err
		}
		if err := deleteClaim(ctx, c); err != nil {
			return err
		}
		if others > 0 && seat.State == Waiting {
			if _, err := s.moveInLine(ctx, seat); err != nil {
				return err
			}
		}
		if others == 0 && seat.State == Released && seat.ReclaimReason != "" {
			seat.ReclaimReason = "" // whoever comes back for a new reason begins anew
			if err := saveSeat(ctx, seat, false); err != nil {
				return err
			}
		}
		if others > 0 || seat.ID == id.Nil || seat.State == Released {
			continue
		}
		if err := s.vacate(ctx, l, seat, cause); err != nil {
			return err
		}
	}
	return nil
}

// vacate frees a seat for which there is no reason any more, at once or after the grace that the license grants to leavers.
func (s *Service) vacate(ctx context.Context, l License, seat Seat, cause string) error {
	switch {
	case cause == causeDeactivated && seat.State == Grace:
		return nil // by one configuration and then as a whole: it is kept already
	case cause != causeDeactivated || l.GraceDays == 0 || !seat.State.sits():
		return s.release(ctx, l, seat, cause)
	}
	until := s.clock().AddDate(0, 0, int(l.GraceDays))
	seat.ValidUntil = &until
	_, err := s.step(ctx, seat, Grace, cause)
	return err
}

// release frees a seat or a place in line. The license is locked.
func (s *Service) release(ctx context.Context, l License, seat Seat, cause string) error {
	taken, waiting := int64(-1), int64(0)
	if seat.State == Waiting {
		taken, waiting = 0, -1
	}
	if _, err := s.step(ctx, seat, Released, cause); err != nil {
		return err
	}
	if err := s.count(ctx, l.ID, taken, waiting); err != nil {
		return err
	}
	l.Taken, l.Waiting = l.Taken+taken, l.Waiting+waiting
	_, err := s.promote(ctx, l, "a seat became free")
	return err
}

// promote seats those who wait for as long as seats may be taken. The license is locked.
func (s *Service) promote(ctx context.Context, l License, cause string) (License, error) {
	for l.Taken < l.Allowed && l.Waiting > 0 {
		next, err := s.firstInLine(ctx, l.ID)
		if err != nil {
			return License{}, err
		}
		if err := s.count(ctx, l.ID, 1, -1); err != nil {
			return License{}, err
		}
		if _, err := s.seatDown(ctx, l, next, cause); err != nil {
			return License{}, err
		}
		l.Taken, l.Waiting = l.Taken+1, l.Waiting-1
	}
	return l, nil
}

// moveInLine gives somebody who waits the greatest priority of her reasons. Her place among equals stays.
func (s *Service) moveInLine(ctx context.Context, seat Seat) (Seat, error) {
	priority, err := s.greatestPriority(ctx, seat.License, seat.User)
	if err != nil || priority == seat.Priority {
		return seat, err
	}
	seat.Priority = priority
	return seat, saveSeat(ctx, seat, false)
}
