package licensing

import (
	"context"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// State is where a seat is in its life.
type State string

// The states of a seat. Invited, activated and grace take one of the license's seats.
const (
	Waiting   State = "waiting"
	Invited   State = "invited"
	Activated State = "activated"
	Grace     State = "grace"
	Released  State = "released"
)

func (s State) takes() bool { return s == Invited || s == Activated || s == Grace }

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
	ValidUntil  *time.Time
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
	Since         time.Time
}

// Assign gives the person a claim by hand and, when a seat is free, the seat; otherwise she waits, and that is no error.
// Assigning twice returns the seat already held. Refuses with ErrUserNotFound, ErrUserInactive and ErrLicenseExpired.
func (s *Service) Assign(ctx context.Context, license, user id.ID) (Seat, error) {
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
		return s.claim(ctx, Claim{License: license, User: user, Reason: ByHand})
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
		now := s.clock()
		seat.ActivatedAt = &now
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
	if taken, err = s.step(ctx, taken, Invited, "transferred"); err != nil {
		return Seat{}, err
	}
	return taken, s.record(ctx, "seat.transferred", license, map[string]any{"from": id.User.Format(from), "to": id.User.Format(to)})
}

// claim adds a reason to sit and seats the person, or puts her in line.
func (s *Service) claim(ctx context.Context, c Claim) (Seat, error) {
	l, err := s.lock(ctx, c.License)
	if err != nil {
		return Seat{}, err
	}
	c.Since = s.clock()
	if err := s.insertClaim(ctx, c); err != nil {
		return Seat{}, err
	}
	seat, _, err := s.standing(ctx, c)
	if err != nil || seat.State.takes() || seat.State == Waiting {
		return seat, err
	}
	if seat.ID == id.Nil {
		seat = Seat{ID: id.New(), License: c.License, User: c.User}
	}
	if l.Taken < l.Seats {
		if err := s.count(ctx, l.ID, 1, 0); err != nil {
			return Seat{}, err
		}
		return s.step(ctx, seat, Invited, c.Reason)
	}
	seat.Position = l.next
	if err := s.count(ctx, l.ID, 0, 1); err != nil {
		return Seat{}, err
	}
	return s.step(ctx, seat, Waiting, c.Reason)
}

// claimFirst is claim for somebody who has come this moment and has no row of the license yet: the gate is the one statement
// that has to be waited for.
func (s *Service) claimFirst(ctx context.Context, c Claim) error {
	granted, position, err := s.take(ctx, c.License)
	if err != nil {
		return err
	}
	c.Since = s.clock()
	if err := deferClaim(ctx, c); err != nil {
		return err
	}
	seat, state := Seat{ID: id.New(), License: c.License, User: c.User}, Invited
	if !granted {
		seat.Position, state = position, Waiting
	}
	_, err = s.step(ctx, seat, state, c.Reason)
	return err
}

// drop ends claims. Whoever has none left loses the seat, and the first in line gets it. Licenses are locked in id order.
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
		if others > 0 || seat.ID == id.Nil || seat.State == Released {
			continue
		}
		if err := s.release(ctx, l, seat, cause); err != nil {
			return err
		}
	}
	return nil
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

// promote seats those who wait for as long as there are free seats. The license is locked.
func (s *Service) promote(ctx context.Context, l License, cause string) (License, error) {
	for l.Taken < l.Seats && l.Waiting > 0 {
		next, err := s.firstInLine(ctx, l.ID)
		if err != nil {
			return License{}, err
		}
		if err := s.count(ctx, l.ID, 1, -1); err != nil {
			return License{}, err
		}
		next.Position = 0
		if _, err := s.step(ctx, next, Invited, cause); err != nil {
			return License{}, err
		}
		l.Taken, l.Waiting = l.Taken+1, l.Waiting-1
	}
	return l, nil
}

// step moves a seat into a state, with its row in the ledger and its event.
func (s *Service) step(ctx context.Context, seat Seat, now State, cause string) (Seat, error) {
	was := seat.State
	seat.State, seat.Since = now, s.clock()
	if now != Waiting {
		seat.Position = 0
	}
	if now == Invited {
		seat.ActivatedAt, seat.ValidUntil = nil, nil
	}
	if err := saveSeat(ctx, seat, was == ""); err != nil {
		return Seat{}, fmt.Errorf("save seat: %w", err)
	}
	event, err := s.events.Record(ctx, events.Event{Kind: "seat." + string(now), Subject: seat.User, Data: map[string]any{
		"license": id.License.Format(seat.License), "seat": id.Seat.Format(seat.ID), "was": was, "cause": cause,
	}})
	if err != nil {
		return Seat{}, err
	}
	return seat, s.insertLedger(ctx, seat, was, cause, event)
}
