package licensing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/events"
)

// State is where a seat is in its life.
type State string

// The states of a seat. All but Waiting and Released take one of the license's seats; only Invited and Activated let in.
const (
	Waiting    State = "waiting"         // in line
	Consenting State = "consent_pending" // kept for somebody who has been asked for her consent
	Invited    State = "invited"         // seated, and not seen yet
	Activated  State = "activated"       // has used the product
	Paused     State = "paused"          // kept, and closed: the last step before it is taken back for want of use
	Grace      State = "grace"           // kept for somebody who has left and may come back
	Released   State = "released"
)

// transitions are all steps that a seat can take. docs/seats.md draws them; a test compares the two.
var transitions = map[State][]State{
	"":         {Waiting, Consenting, Invited},
	Waiting:    {Consenting, Invited, Released},
	Consenting: {Invited, Released},
	Invited:    {Activated, Paused, Grace, Released},
	Activated:  {Paused, Grace, Released},
	Paused:     {Invited, Activated, Released},
	Grace:      {Invited, Activated, Released},
	Released:   {Waiting, Consenting, Invited},
}

// Transitions returns the states that follow a state; the empty one is that of somebody who never had a seat.
func Transitions(from State) []State { return slices.Clone(transitions[from]) }

var errNoSuchStep = errors.New("a seat cannot take this step")

// takes tells whether a seat in the state counts as taken.
func (s State) takes() bool { return s != "" && s != Waiting && s != Released }

// sits tells whether a seat in the state lets its holder in.
func (s State) sits() bool { return s == Invited || s == Activated }

// step moves a seat into a state, with its row in the ledger and its event. Nothing else changes the state of a seat.
func (s *Service) step(ctx context.Context, seat Seat, now State, cause string) (Seat, error) {
	was := seat.State
	if !slices.Contains(transitions[was], now) {
		return Seat{}, fmt.Errorf("%w: from %q to %q", errNoSuchStep, was, now)
	}
	seat = seat.moved(now).stamped(was, s.clock())
	if err := saveSeat(ctx, seat, was == ""); err != nil {
		return Seat{}, fmt.Errorf("save seat: %w", err)
	}
	event, err := s.events.Record(ctx, events.Event{Kind: "seat." + string(now), Subject: seat.User, Data: map[string]any{
		inLicense: id.License.Format(seat.License), "seat": id.Seat.Format(seat.ID), "was": was, "cause": cause,
	}})
	if err != nil {
		return Seat{}, err
	}
	if err := s.insertLedger(ctx, seat, was, cause, event); err != nil {
		return Seat{}, err
	}
	return seat, s.tellDependents(ctx, seat, was, cause)
}

// moved is the seat in a state, with what belongs to that state alone.
func (seat Seat) moved(now State) Seat {
	was := seat.State
	seat.State = now
	if now != Waiting {
		seat.Position = 0
	}
	if now == Paused || now == Grace {
		seat.Resume = was
		return seat
	}
	seat.Resume, seat.ValidUntil = "", nil
	switch {
	case was == Paused && now == Released:
		seat.NoticedAt = nil // what it was taken back for stays: no rule gives it again by itself
	case was == Paused || was == Grace || was == Released || now == Released, now == Activated: // the first use ends a notice
		seat.NoticedAt, seat.ReclaimReason = nil, ""
	}
	if !was.takes() {
		seat.ActivatedAt = nil
	}
	return seat
}

// stamped is the seat with when it came into its state, when it was first waited for and when it was given.
func (seat Seat) stamped(was State, at time.Time) Seat {
	seat.Since = at
	switch {
	case seat.State == Waiting:
		seat.WaitingSince, seat.AssignedAt = &at, nil
	case seat.State.takes() && !was.takes():
		seat.AssignedAt = &at
		if was != Waiting {
			seat.WaitingSince = nil
		}
	case seat.State == Activated && seat.ActivatedAt == nil:
		seat.ActivatedAt = &at
	}
	return seat
}
