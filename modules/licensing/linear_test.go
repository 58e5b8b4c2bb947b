package licensing_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/licensing"
)

// A history is what some clients of two replicas have done to the seats of one license, each call with its beginning and end. It
// is linearizable when some order of the calls, each at a moment between its beginning and its end, would have had the same
// answers from the plain model below.
const (
	clients     = 8
	operations  = 250 // of each client
	rounds      = 5   // between which everybody waits for everybody, so that a checker need not look far back
	linearSeats = 5
	linearUsers = 16
	linearSeed  = 7
	checkFor    = 20 * time.Second
)

// histories is how many are made on all databases together: USHER_TEST_HISTORIES, which .ci/test sets to 100, or 10.
func histories() int {
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_HISTORIES")); err == nil {
		return n
	}
	return 10
}

// call is what a client asks.
type call struct {
	verb     string
	user, to int
}

// reply is what it is told.
type reply struct {
	state  string  // of the seat; "refused" where there is none to release or to transfer; empty when it was not told
	all    seating // of a look
	failed bool    // it was told that nothing has happened
}

// seating is the model of a license: who sits, who ever had a seat or place, and the line in order.
type seating struct {
	seated, ever uint64
	line         string // users as bytes
	grown        int64  // by how much there are more seats than at first, or fewer; a look does not see it
}

func (s seating) sits(user int) bool { return s.seated&(1<<user) != 0 }

func (s seating) waits(user int) bool { return s.place(user) >= 0 }

func (s seating) place(user int) int {
	for at := range len(s.line) {
		if int(s.line[at]) == user {
			return at
		}
	}
	return -1
}

func (s seating) taken() int64 {
	var n int64
	for user := range linearUsers {
		if s.sits(user) {
			n++
		}
	}
	return n
}

func (s seating) sit(user int) seating {
	s.seated, s.ever = s.seated|1<<user, s.ever|1<<user
	return s
}

func (s seating) leaveLine(user int) seating {
	if at := s.place(user); at >= 0 {
		s.line = s.line[:at] + s.line[at+1:]
	}
	return s
}

// after is what the license is after a call, and what the caller must be told.
func (s seating) after(c call) (seating, reply) {
	switch c.verb {
	case "look":
		seen := s
		seen.grown = 0
		return s, reply{all: seen}
	case "enlarge", "shrink":
		s.grown = int64(c.to%linearSeats) + 1
		if c.verb == "shrink" {
			s.grown = -s.grown
		}
		return s.promoted(), reply{state: "resized"}
	case "assign":
		return s.assigned(c.user)
	case "transfer":
		if !s.sits(c.user) || s.sits(c.to) || c.user == c.to {
			return s, reply{state: "refused"}
		}
		s.seated &^= 1 << c.user
		return s.leaveLine(c.to).sit(c.to), reply{state: string(licensing.Invited)}
	default:
		return s.released(c.user)
	}
}

func (s seating) assigned(user int) (seating, reply) {
	switch {
	case s.sits(user):
		return s, reply{state: string(licensing.Invited)}
	case s.waits(user):
		return s, reply{state: string(licensing.Waiting)}
	case s.taken() < linearSeats+s.grown:
		return s.sit(user), reply{state: string(licensing.Invited)}
	default:
		s.ever |= 1 << user
		s.line += string([]byte{byte(user)})
		return s, reply{state: string(licensing.Waiting)}
	}
}

func (s seating) released(user int) (seating, reply) {
	if s.ever&(1<<user) == 0 {
		return s, reply{state: "refused"}
	}
	s.seated &^= 1 << user
	return s.leaveLine(user).promoted(), reply{state: string(licensing.Released)}
}

// promoted seats the first in line while a seat is free. After a shrink all keep their seats, and none is free for a while.
func (s seating) promoted() seating {
	for len(s.line) > 0 && s.taken() < linearSeats+s.grown {
		first := int(s.line[0])
		s = s.leaveLine(first).sit(first)
	}
	return s
}

var seatingModel = porcupine.Model{
	Init: func() any { return seating{} },
	Step: func(state, input, output any) (bool, any) {
		asked, got := input.(call), output.(reply)
		next, want := state.(seating).after(asked)
		switch {
		case got.failed:
			return true, state
		case got.state == "" && asked.verb != "look":
			return true, next
		default:
			return got == want, next
		}
	},
}

// linear is where a history is made.
type linear struct {
	ctx     context.Context
	license id.ID
	users   []id.ID
	ask     []func(ctx context.Context, c call) reply // of each replica
}

// history has all clients call at once, half of them through each replica, so many times each.
func (l *linear) history(seed uint64, times int) []porcupine.Operation {
	var all []porcupine.Operation
	begun := time.Now()
	of := make([][]porcupine.Operation, clients)
	random := make([]*rand.Rand, clients)
	for client := range clients {
		random[client] = rand.New(rand.NewPCG(seed, uint64(client)))
	}
	for range rounds {
		var wait sync.WaitGroup
		for client := range clients {
			wait.Go(func() {
				for range times / rounds {
					op := porcupine.Operation{ClientId: client, Input: randomCall(random[client]), Call: time.Since(begun).Nanoseconds()}
					op.Output = l.ask[client%len(l.ask)](l.ctx, op.Input.(call))
					op.Return = time.Since(begun).Nanoseconds()
					of[client] = append(of[client], op)
				}
			})
		}
		wait.Wait()
	}
	for _, ops := range of {
		all = append(all, ops...)
	}
	return all
}

func randomCall(random *rand.Rand) call {
	c := call{user: random.IntN(linearUsers), to: random.IntN(linearUsers)}
	switch n := random.IntN(20); {
	case n < 5:
		c.verb = "assign"
	case n < 9:
		c.verb = "release"
	case n < 10:
		c.verb = "transfer"
	case n < 11 && random.IntN(2) == 0:
		c.verb = "enlarge"
	case n < 11:
		c.verb = "shrink"
	default:
		c.verb = "look"
	}
	return c
}

// byService asks Usher.
func (l *linear) byService(w world) func(context.Context, call) reply {
	return func(ctx context.Context, c call) reply {
		if c.verb == "look" {
			return l.look(ctx, w)
		}
		var err error
		var seat licensing.Seat
		switch c.verb {
		case "assign":
			seat, err = w.seats.Assign(ctx, l.license, l.users[c.user])
		case "enlarge", "shrink":
			resized, _ := seating{}.after(c)
			_, err = w.seats.Resize(ctx, l.license, linearSeats+resized.grown, nil)
			seat.State = "resized"
		case "transfer":
			seat, err = w.seats.Transfer(ctx, l.license, l.users[c.user], l.users[c.to])
		default:
			seat, err = w.seats.Unassign(ctx, l.license, l.users[c.user])
		}
		switch {
		case err == nil:
			return reply{state: string(seat.State)}
		case errors.Is(err, licensing.ErrNoSeatHeld):
			return reply{state: "refused"}
		case errors.Is(err, store.ErrBusy):
			return reply{failed: true} // it says so, and the checker holds it to that
		default:
			panic(fmt.Sprintf("%+v: %v", c, err))
		}
	}
}

// look reads everybody's seat of the license in one statement.
func (l *linear) look(ctx context.Context, w world) (r reply) {
	all, err := w.seats.SeatsOf(ctx, l.users)
	if err != nil {
		panic(err)
	}
	waiting := map[int64]byte{}
	for user, of := range l.users {
		for _, seat := range all[of] {
			r.all.ever |= 1 << user
			switch {
			case seat.State == licensing.Waiting:
				waiting[seat.Position] = byte(user)
			case seat.State != licensing.Released:
				r.all.seated |= 1 << user
			}
		}
	}
	for _, position := range slices.Sorted(maps.Keys(waiting)) {
		r.all.line += string([]byte{waiting[position]})
	}
	return r
}

// byContest asks a planted gate, which tells nothing of the seat.
func (l *linear) byContest(w world, gate contest) func(context.Context, call) reply {
	return func(ctx context.Context, c call) reply {
		var err error
		switch c.verb {
		case "assign":
			err = gate.take(ctx, l.license, l.users[c.user])
		case "release":
			err = gate.give(ctx, l.license, l.users[c.user])
		case "transfer", "enlarge", "shrink":
			return reply{failed: true}
		default:
			return l.byService(w)(ctx, c)
		}
		return reply{failed: err != nil} // a unit that failed has left nothing
	}
}

func newLinear(t *testing.T, dialect string) (l *linear, one, two world) {
	a, b := storetest.TwoReplicas(t, dialect)
	one, two = newWorld(a), newWorld(b)
	return &linear{ctx: storetest.Tenant(t, a)}, one, two
}

// begin makes a license and people of its own for a history.
func (l *linear) begin(t *testing.T, w world, history string) {
	l.license, l.users = w.license(t, l.ctx, history, linearSeats).ID, nil
	for n := range linearUsers {
		l.users = append(l.users, w.user(t, l.ctx, fmt.Sprintf("user %d of %s", n, history)).ID)
	}
}

// TestSeatOperationsAreLinearizable makes histories through two replicas and has each checked.
func TestSeatOperationsAreLinearizable(t *testing.T) {
	t.Parallel()
	for n, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			l, one, two := newLinear(t, dialect)
			l.ask = append(l.ask, l.byService(one), l.byService(two))
			for history := n; history < histories(); history += len(storetest.Dialects) {
				result := porcupine.Unknown
				for times := operations; result == porcupine.Unknown && times > clients; times /= 2 { // a checker that does not end is asked less
					l.begin(t, one, fmt.Sprintf("%d, %d times", history, times))
					result = porcupine.CheckOperationsTimeout(seatingModel, l.history(linearSeed+uint64(history), times), checkFor)
					one.audited(t, l.ctx, l.license)
				}
				if result != porcupine.Ok {
					t.Fatalf("history %d of seed %d is %s", history, linearSeed, result)
				}
			}
		})
	}
}

// TestTheCheckerCatchesANaiveGate plants a gate that checks first and acts then.
func TestTheCheckerCatchesANaiveGate(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			l, one, two := newLinear(t, dialect)
			l.ask = append(l.ask, l.byContest(one, naively(one)), l.byContest(two, naively(two)))
			l.begin(t, one, "Naive")
			if result := porcupine.CheckOperationsTimeout(seatingModel, l.history(linearSeed, operations), checkFor); result != porcupine.Illegal {
				t.Errorf("the history of a naive gate is %s", result)
			}
		})
	}
}
