package licensing

import (
	"context"
	"slices"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// The states of a Standing.
const (
	StandsSeated  = "seated"
	StandsWaiting = "waiting"
	StandsNone    = "none"
)

// NotAssigned is the reason of a Standing of somebody who never had a reason to sit.
const NotAssigned = "not_assigned"

// Standing is where a person stands with one license of her tenant.
type Standing struct {
	License  License
	State    string     // seated, waiting or none
	Reason   string     // of none, and why somebody is seated or waits: the cause of the last step
	Position int64      // in line, 1 for the next; 0 unless waiting
	Since    *time.Time // of the state; nil for somebody who never had a seat
	Claimed  bool       // there is a reason for which she should sit
}

// MaxStandings bounds the licenses of a tenant that Standings tells of.
const MaxStandings = 100

// Standings tells, for some people, how each stands with every license of the tenant, in the order of the SKUs and MaxStandings
// of them at most. It costs the same few statements for one and for a page of people.
func (s *Service) Standings(ctx context.Context, users []id.ID) (map[id.ID][]Standing, error) {
	licenses, err := s.first(ctx, MaxStandings)
	if err != nil || len(licenses) == 0 || len(users) == 0 {
		return nil, err
	}
	seats, err := s.SeatsOf(ctx, users)
	if err != nil {
		return nil, err
	}
	var waiting []id.ID
	for _, of := range seats {
		for _, seat := range of {
			if seat.State == Waiting {
				waiting = append(waiting, seat.ID)
			}
		}
	}
	places, err := s.Places(ctx, waiting)
	if err != nil {
		return nil, err
	}
	causes, err := s.lastCauses(ctx, users)
	if err != nil {
		return nil, err
	}
	now := s.clock()
	standings := make(map[id.ID][]Standing, len(users))
	for _, user := range users {
		for _, l := range licenses {
			at := slices.IndexFunc(seats[user], func(seat Seat) bool { return seat.License == l.ID })
			if at < 0 {
				standings[user] = append(standings[user], Standing{License: l, State: StandsNone, Reason: NotAssigned})
				continue
			}
			seat := seats[user][at]
			standings[user] = append(standings[user], standingOf(l, seat, places[seat.ID], causes[seat.ID], now))
		}
	}
	return standings, nil
}

func standingOf(l License, seat Seat, place int64, cause string, now time.Time) Standing {
	st := Standing{License: l, State: StandsNone, Reason: cause, Since: &seat.Since, Claimed: seat.State.takes() || seat.State == Waiting}
	switch a := seatAnswer(l, seat, now); a.Reason {
	case Seated:
		st.State = StandsSeated
	case SeatWaiting:
		st.State, st.Position = StandsWaiting, place
	case SeatReleased:
	default:
		st.Reason = a.Reason // the term, or grace: the cause of the last step would mislead
	}
	return st
}
