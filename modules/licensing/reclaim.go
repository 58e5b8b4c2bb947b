package licensing

import (
	"context"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// ErrNothingToUndo is for a seat that nobody is about to take back, or has.
var ErrNothingToUndo = fault.New(fault.Conflict, "nothing_to_undo", "the seat was not taken back, and nobody is about to")

// Why a seat is taken back. ReclaimKept is that of a seat that somebody has decided to leave where it is.
const (
	ReclaimIdle           = "idle"
	ReclaimNeverActivated = "never_activated"
	ReclaimKept           = "kept"
)

const (
	reclaimEvery    = time.Hour
	reclaimedAtOnce = 200
	maxCandidates   = 10_000
)

// Candidate is a seat that a policy would take back.
type Candidate struct {
	Seat   Seat
	Reason string
	Exempt id.ID // the group that keeps it from that; id.Nil for none
}

// Simulation is what a policy would do now.
type Simulation struct {
	Known      bool // use is known; otherwise there is no candidate
	Candidates []Candidate
	Seats      int64 // that would become free
	Exempt     int64
	WorthMinor *int64 // of these seats for a year; nil without a price
	Currency   string
}

// Simulate tells what a policy would take back now, without doing it; nil is the license's own. It names 10,000 seats at most.
func (s *Service) Simulate(ctx context.Context, license id.ID, policy *ReclaimPolicy) (Simulation, error) {
	if err := caller.Require(ctx, caller.ScopeAdminRead); err != nil {
		return Simulation{}, err
	}
	l, err := s.load(ctx, license)
	if err != nil {
		return Simulation{}, err
	}
	if policy != nil {
		if err := policy.check(); err != nil {
			return Simulation{}, err
		}
		l.Reclaim = *policy
	}
	sim := Simulation{Currency: l.Currency}
	if sim.Known, err = s.useKnown(ctx, license); err != nil || !sim.Known {
		return sim, err
	}
	for after := id.Nil; len(sim.Candidates) < maxCandidates; {
		some, err := s.candidates(ctx, l, after, reclaimedAtOnce)
		if err != nil {
			return sim, err
		}
		for _, c := range some {
			after = c.Seat.User
			if c.Exempt != id.Nil {
				sim.Exempt++
			} else {
				sim.Seats++
			}
		}
		sim.Candidates = append(sim.Candidates, some...)
		if len(some) < reclaimedAtOnce {
			break
		}
	}
	if l.PriceMinor != nil {
		worth := sim.Seats * *l.PriceMinor
		sim.WorthMinor = &worth
	}
	return sim, nil
}

func (s *Service) useKnown(ctx context.Context, license id.ID) (bool, error) {
	known, err := s.ActivityKnownNow(ctx, []id.ID{license})
	return known[license], err
}

// candidates returns some seats that the license's policy would take back, with who is exempt.
func (s *Service) candidates(ctx context.Context, l License, after id.ID, limit int) ([]Candidate, error) {
	seats, err := s.unusedSeats(ctx, l, after, limit)
	if err != nil || len(seats) == 0 {
		return nil, err
	}
	users := make([]id.ID, len(seats))
	for i, seat := range seats {
		users[i] = seat.User
	}
	exempt, err := s.people.InGroups(ctx, users, l.Reclaim.ExemptGroups)
	if err != nil {
		return nil, err
	}
	found := make([]Candidate, len(seats))
	for i, seat := range seats {
		found[i] = Candidate{Seat: seat, Reason: ReclaimIdle, Exempt: exempt[seat.User]}
		if seat.State == Invited {
			found[i].Reason = ReclaimNeverActivated
		}
	}
	return found, nil
}

// Reclaim goes one step on with every seat of the tenant that is due: notice, pause, taking back. While use of a license is unknown
// it leaves the license alone. It returns how many steps it took.
func (s *Service) Reclaim(ctx context.Context) (steps int, err error) {
	licenses, err := s.several(ctx, `reclaim <> '{}'`)
	if err != nil {
		return 0, err
	}
	for _, l := range licenses {
		known, err := s.useKnown(ctx, l.ID)
		if err != nil {
			return steps, err
		}
		if !known {
			continue
		}
		n, err := s.reclaimIn(ctx, l)
		steps += n
		if err != nil {
			return steps, fmt.Errorf("take back seats: %w", err)
		}
	}
	return steps, nil
}

func (s *Service) reclaimIn(ctx context.Context, l License) (steps int, err error) {
	now := s.clock()
	due, err := s.noticedSeats(ctx, l, now)
	if err != nil {
		return 0, err
	}
	for after := id.Nil; l.Reclaim.Automatic; {
		some, err := s.candidates(ctx, l, after, reclaimedAtOnce)
		if err != nil {
			return 0, err
		}
		for _, c := range some {
			after = c.Seat.User
			if c.Exempt == id.Nil {
				due = append(due, c.Seat)
			}
		}
		if len(some) < reclaimedAtOnce {
			break
		}
	}
	for _, seat := range due {
		moved, err := store.InTx(ctx, s.db, func(ctx context.Context) (bool, error) { return s.reclaimOne(ctx, seat) })
		if err != nil {
			return steps, err
		}
		if moved {
			steps++
		}
	}
	return steps, nil
}

// reclaimOne takes the next step with a seat, if that is still due.
func (s *Service) reclaimOne(ctx context.Context, seen Seat) (bool, error) {
	l, err := s.lock(ctx, seen.License)
	if err != nil {
		return false, err
	}
	seat, err := s.seat(ctx, seen.License, seen.User)
	if err != nil {
		return false, err
	}
	now := s.clock()
	noticed := seat.NoticedAt != nil && seat.ReclaimReason != ReclaimKept
	switch {
	case seat.State == Paused && noticed && seat.ValidUntil != nil && !seat.ValidUntil.After(now):
		return true, s.release(ctx, l, seat, "reclaimed: "+seat.ReclaimReason)
	case seat.State.sits() && noticed && !seat.NoticedAt.AddDate(0, 0, int(l.Reclaim.NoticeDays)).After(now):
		until := now.AddDate(0, 0, int(l.Reclaim.PauseDays))
		seat.ValidUntil = &until
		_, err := s.step(ctx, seat, Paused, "reclaim: "+seat.ReclaimReason)
		return true, err
	case seat.State.sits() && !noticed && unused(l, seat, now):
		seat.NoticedAt, seat.ReclaimReason = &now, ReclaimIdle
		if seat.State == Invited {
			seat.ReclaimReason = ReclaimNeverActivated
		}
		if err := saveSeat(ctx, seat, false); err != nil {
			return false, err
		}
		return true, s.record(ctx, "seat.reclaim_noticed", seat.User, reclaimNews(seat))
	default:
		return false, nil
	}
}

func reclaimNews(seat Seat) map[string]any {
	return map[string]any{inLicense: id.License.Format(seat.License), "seat": id.Seat.Format(seat.ID), "reason": seat.ReclaimReason}
}

// unused tells whether a seat has not been used for as long as the policy says. Who has a seat for less is not called idle.
func unused(l License, seat Seat, now time.Time) bool {
	days := l.Reclaim.IdleDays
	if seat.State == Invited {
		days = l.Reclaim.InvitedDays
	}
	if days == 0 || seat.AssignedAt == nil {
		return false
	}
	cut := now.AddDate(0, 0, -int(days))
	for _, at := range []*time.Time{seat.AssignedAt, seat.ActivatedAt, seat.LastUsedAt, seat.NoticedAt} {
		if at != nil && at.After(cut) {
			return false
		}
	}
	return true
}

// UndoReclaim undoes what reclaiming has done to a seat: the notice, the pause, or the taking back, after which the person asks the
// gate again and may have to wait. The seat is left alone for as long as the policy says. Refuses with ErrNoSeatHeld and
// ErrNothingToUndo.
func (s *Service) UndoReclaim(ctx context.Context, license, user id.ID) (Seat, error) {
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
		if seat.ReclaimReason == "" || seat.ReclaimReason == ReclaimKept {
			return Seat{}, ErrNothingToUndo
		}
		if seat, err = s.undoReclaim(ctx, l, seat, "reclaim undone"); err != nil {
			return Seat{}, err
		}
		return seat, s.record(ctx, "seat.reclaim_undone", user, reclaimNews(seat))
	})
}

func (s *Service) undoReclaim(ctx context.Context, l License, seat Seat, cause string) (Seat, error) {
	now := s.clock()
	switch seat.State {
	case Paused:
		moved, err := s.step(ctx, seat, seat.Resume, cause)
		if err != nil {
			return Seat{}, err
		}
		return s.keep(ctx, moved, now)
	case Released:
		seat.ReclaimReason = ""
		if err := saveSeat(ctx, seat, false); err != nil {
			return Seat{}, err
		}
		if err := s.reseat(ctx, l, seat.User); err != nil {
			return Seat{}, err
		}
		return s.seat(ctx, l.ID, seat.User)
	case Waiting, Consenting, Invited, Activated, Grace:
	}
	return s.keep(ctx, seat, now)
}

// keep leaves a seat alone for as long as the policy says.
func (s *Service) keep(ctx context.Context, seat Seat, now time.Time) (Seat, error) {
	if _, err := s.seat(ctx, seat.License, seat.User); err != nil { // a write of the same row may wait: it goes first
		return Seat{}, err
	}
	seat.NoticedAt, seat.ReclaimReason = &now, ReclaimKept
	return seat, saveSeat(ctx, seat, false)
}
