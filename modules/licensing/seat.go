package licensing

import (
	"context"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// Seat is the place of one person in one license.
type Seat struct {
	ID          id.ID
	License     id.ID
	User        id.ID
	State       State
	Priority    int
	Position    int64 // grows along the waiting list; 0 unless waiting
	Since       time.Time
	ActivatedAt *time.Time
	ValidUntil  *time.Time // of a grace; of the seat where something else ends it

	Resume        State      // what a paused seat or one in grace was
	WaitingSince  *time.Time // of somebody who waits, or who has waited for the seat that she has
	AssignedAt    *time.Time // since when the seat is taken without a break
	LastUsedAt    *time.Time // the latest use of the license that any source has told
	NoticedAt     *time.Time // when she was told that the seat will be taken back
	ReclaimReason string
}

// Reasons of claims.
const (
	ByConfiguration = "configuration"
	ByRequest       = "requested" // of an identity provider, by an entitlement
	ByRule          = "rule"
	ByHand          = "hand"
)

// Claim is one reason for which a person should sit.
type Claim struct {
	License, User id.ID
	Reason        string
	ReasonID      id.ID // the configuration, also of a request, or the rule; id.Nil by hand
	Priority      int   // in line: the greatest counts
	Since         time.Time
}

// Assign gives the person a claim by hand and, when a seat is free, the seat; otherwise she waits, and that is no error.
// Assigning twice returns the seat already held. Refuses with ErrUserNotFound, ErrUserInactive and ErrLicenseExpired.
func (s *Service) Assign(ctx context.Context, license, user id.ID) (Seat, error) {
	return s.AssignWith(ctx, license, user, 0)
}

// MaxPriority bounds priorities on both sides of 0.
const MaxPriority = 1_000_000

// AssignWith is Assign with a priority in line: the greatest comes first. A person who waits already is moved up by a greater one.
func (s *Service) AssignWith(ctx context.Context, license, user id.ID, priority int) (Seat, error) {
	if priority < -MaxPriority || priority > MaxPriority {
		return Seat{}, errPriority
	}
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Seat{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Seat, error) {
		if err := s.held(ctx, user); err != nil {
			return Seat{}, err
		}
		l, err := s.load(ctx, license)
		if err != nil {
			return Seat{}, err
		}
		if l.Expired(s.clock()) {
			return Seat{}, ErrLicenseExpired
		}
		return s.claim(ctx, Claim{License: license, User: user, Reason: ByHand, Priority: priority})
	})
}

// Unassign ends the claim by hand. The seat is freed when it was the last reason; otherwise the person keeps it.
func (s *Service) Unassign(ctx context.Context, license, user id.ID) (Seat, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Seat{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Seat, error) {
		if err := s.drop(ctx, []Claim{{License: license, User: user, Reason: ByHand}}, "unassigned"); err != nil {
			return Seat{}, err
		}
		return s.seat(ctx, license, user)
	})
}

// releasedByHand is the cause that Release leaves in the ledger and in the journal.
const releasedByHand = "released by hand"

// Release takes the seat, or the place in line, from a person: every claim of hers on the license ends, whoever made it, and
// the first in line gets the seat in the same unit of work. A seat that is released already stays as it is. Refuses with
// ErrNoSeatHeld for who never had one.
//
// It undoes, it does not forbid: the claims are made again by who makes claims. A configuration with auto-assign does so when it
// has the person join or come back, and not when it changes her; Assign does so by hand. To keep somebody out, block her.
func (s *Service) Release(ctx context.Context, license, user id.ID) (Seat, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Seat{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Seat, error) {
		l, err := s.lock(ctx, license)
		if err != nil {
			return Seat{}, err
		}
		seat, err := s.seat(ctx, license, user)
		if err != nil {
			return Seat{}, err
		}
		if err := s.deleteClaims(ctx, license, user); err != nil {
			return Seat{}, err
		}
		if seat.State == Released {
			return seat, nil
		}
		if err := s.release(ctx, l, seat, releasedByHand); err != nil {
			return Seat{}, err
		}
		return s.seat(ctx, license, user)
	})
}

// Activate marks the first use of a seat. A seat that is active already stays as it is.
func (s *Service) Activate(ctx context.Context, license, user id.ID) (Seat, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Seat{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Seat, error) {
		if _, err := s.lock(ctx, license); err != nil {
			return Seat{}, err
		}
		seat, err := s.seat(ctx, license, user)
		if err != nil || seat.State == Activated {
			return seat, err
		}
		if seat.State != Invited {
			return Seat{}, ErrNoSeatHeld
		}
		return s.step(ctx, seat, Activated, "first use")
	})
}

// Transfer moves a seat from one person to another in one step: the place in the license never becomes free between them.
// Claims of the giver end; the taker gets one by hand. Refuses with ErrNoSeatHeld, ErrUserNotFound and ErrUserInactive.
func (s *Service) Transfer(ctx context.Context, license, from, to id.ID) (Seat, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Seat{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Seat, error) {
		if err := s.held(ctx, to); err != nil {
			return Seat{}, err
		}
		return s.transfer(ctx, license, from, to)
	})
}

// held refuses people who are not there or not active, and sees to it that nobody becomes so before the unit ends.
func (s *Service) held(ctx context.Context, user id.ID) error {
	active, exists, err := s.people.HoldActive(ctx, user)
	switch {
	case err != nil:
		return err
	case !exists:
		return ErrUserNotFound
	case !active:
		return ErrUserInactive
	default:
		return nil
	}
}

func (s *Service) transfer(ctx context.Context, license, from, to id.ID) (Seat, error) {
	l, err := s.lock(ctx, license)
	if err != nil {
		return Seat{}, err
	}
	given, err := s.seat(ctx, license, from)
	if err != nil {
		return Seat{}, err
	}
	if !given.State.takes() || from == to {
		return Seat{}, ErrNoSeatHeld
	}
	taken, found, err := s.find(ctx, license, to)
	if err != nil {
		return Seat{}, err
	}
	if found && taken.State.takes() {
		return Seat{}, ErrNoSeatHeld.Sayf("the person who should get the seat holds one already")
	}
	if err := s.deleteClaims(ctx, license, from); err != nil {
		return Seat{}, err
	}
	if _, err := s.step(ctx, given, Released, "transferred"); err != nil {
		return Seat{}, err
	}
	if found && taken.State == Waiting {
		if err := s.count(ctx, l.ID, 0, -1); err != nil {
			return Seat{}, err
		}
	}
	if err := s.insertClaim(ctx, Claim{License: license, User: to, Reason: ByHand, Since: s.clock()}); err != nil {
		return Seat{}, err
	}
	if !found {
		taken = Seat{ID: id.New(), License: license, User: to}
	}
	if taken, err = s.seatDown(ctx, l, taken, "transferred"); err != nil {
		return Seat{}, err
	}
	return taken, s.record(ctx, "seat.transferred", license, map[string]any{"from": id.User.Format(from), "to": id.User.Format(to)})
}
