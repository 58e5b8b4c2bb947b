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
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
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

// ruledUsers are the first users, each with a rule of her own, which clients publish and retire.
const ruledUsers = 2

// ruled is the user whose rule a call is about.
func (c call) ruled() int { return c.user % ruledUsers }

// ruling is the rule of one user. One client at a time publishes or retires it.
type ruling struct {
	mu      sync.Mutex
	of      id.ID
	ever    bool // it was published before
	holding bool
}

// reply is what it is told.
type reply struct {
	state  string  // of the seat; "refused" where there is none to release or to transfer; empty when it was not told
	all    seating // of a look
	failed bool    // it was told that nothing has happened
}

// linear is where a history is made.
type linear struct {
	ctx     context.Context
	okta    context.Context // the SCIM configuration that lets people in and out
	license id.ID
	users   []id.ID
	rules   [ruledUsers]*ruling
	flights [clients]atomic.Int64                     // of each client, odd while a call of hers is under way that is not about a rule
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
					op.Output = l.fly(client, op.Input.(call))
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

func (l *linear) fly(client int, c call) reply {
	ask := l.ask[client%len(l.ask)]
	if c.verb == "publish" || c.verb == "retire" {
		return ask(l.ctx, c)
	}
	l.flights[client].Add(1)
	defer l.flights[client].Add(1)
	return ask(l.ctx, c)
}

// landed waits until every call has ended that is under way.
func (l *linear) landed() {
	for client := range l.flights {
		for began := l.flights[client].Load(); began%2 == 1 && l.flights[client].Load() == began; {
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// often is how often of 800 times a client changes something. A rule is published in several units, which takes a while.
var often = []struct {
	verb  string
	times int
}{
	{"assign", 180}, {"release", 128}, {"transfer", 36}, {"enlarge", 18}, {"shrink", 18}, {"deactivate", 28}, {"reactivate", 28}, {"publish", 2}, {"retire", 1},
}

func randomCall(random *rand.Rand) call {
	c := call{verb: "look", user: random.IntN(linearUsers), to: random.IntN(linearUsers)}
	n := random.IntN(800)
	for _, one := range often {
		if n < one.times {
			c.verb = one.verb
			break
		}
		n -= one.times
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
		case "deactivate", "reactivate":
			_, _, err = w.people.Change(l.okta, l.users[c.user], func(u *directory.User) error { u.Active = c.verb == "reactivate"; return nil }, nil)
			seat.State = "changed"
		case "publish", "retire":
			return l.rule(ctx, w, l.rules[c.ruled()], c.verb == "publish")
		case "transfer":
			seat, err = w.seats.Transfer(ctx, l.license, l.users[c.user], l.users[c.to])
		default:
			seat, err = w.seats.Unassign(ctx, l.license, l.users[c.user])
		}
		switch {
		case err == nil:
			return reply{state: string(seat.State)}
		case errors.Is(err, licensing.ErrNoSeatHeld), errors.Is(err, licensing.ErrUserInactive):
			return reply{state: refused}
		case errors.Is(err, store.ErrBusy):
			return reply{failed: true} // it says so, and the checker holds it to that
		default:
			panic(fmt.Sprintf("%+v: %v", c, err))
		}
	}
}

// rule publishes a rule, once more if it holds, or retires it, and returns when its run has ended. As in life, a run begins when units have
// ended that began before everybody had heard of it.
func (l *linear) rule(ctx context.Context, w world, r *ruling, publish bool) reply {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	done := reply{state: "published"}
	switch {
	case publish && !r.ever:
		_, _, err = w.seats.PublishRule(ctx, r.of, nil)
	case publish:
		_, _, err = w.seats.RollBackRule(ctx, r.of, 1)
	case !r.holding:
		return reply{state: refused}
	default:
		done.state = "retired"
		_, _, err = w.seats.RetireRule(ctx, r.of)
	}
	if errors.Is(err, store.ErrBusy) {
		return reply{failed: true}
	}
	if err != nil {
		panic(fmt.Sprintf("publish %t: %v", publish, err))
	}
	r.ever, r.holding = true, publish
	for l.landed(); ; {
		linearOffset.Add(int64(5 * time.Second)) // by when every replica has heard of it
		if err := w.seats.RunRules(ctx); err != nil && !errors.Is(err, store.ErrBusy) {
			panic(fmt.Sprintf("run: %v", err))
		}
		runs, err := w.seats.Runs(ctx, []id.ID{r.of})
		if err != nil {
			panic(fmt.Sprintf("runs: %v", err))
		}
		if runs[r.of].State != licensing.RunRunning {
			return done
		}
	}
}

// linearOffset is how far the time of these worlds is ahead of the machine's.
var linearOffset atomic.Int64

func linearTime() time.Time {
	return time.Now().Add(time.Duration(linearOffset.Load())).UTC().Truncate(time.Microsecond)
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
		case "transfer", "enlarge", "shrink", "deactivate", "reactivate", "publish", "retire":
			return reply{failed: true}
		default:
			return l.byService(w)(ctx, c)
		}
		return reply{failed: err != nil} // a unit that failed has left nothing
	}
}

func newLinear(t *testing.T, dialect string) (l *linear, one, two world) {
	a, b := storetest.TwoReplicas(t, dialect)
	return &linear{}, newWorldAt(a, linearTime), newWorldAt(b, linearTime)
}

// begin makes a tenant of its own for a history, with a license, people, and rules that nobody has published.
func (l *linear) begin(t *testing.T, w world, history string) {
	l.ctx = storetest.Tenant(t, w.db)
	l.okta = provider(l.ctx, storetest.Config(t, w.db, l.ctx))
	l.license, l.users = w.license(t, l.ctx, history, linearSeats).ID, nil
	for n := range linearUsers {
		l.users = append(l.users, w.user(t, l.okta, fmt.Sprintf("user %d of %s", n, history)).ID)
	}
	for n := range l.rules {
		r, _, err := w.seats.CreateRule(l.ctx, licensing.NewRule{
			License: l.license, Name: fmt.Sprintf("Rule %d", n), Definition: licensing.Definition{Filter: fmt.Sprintf(`userName eq "user %d of %s"`, n, history)},
		})
		if err != nil {
			t.Fatal(err)
		}
		l.rules[n] = &ruling{of: r.ID}
	}
	linearOffset.Add(int64(5 * time.Second)) // by when every replica has heard that there are rules
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
