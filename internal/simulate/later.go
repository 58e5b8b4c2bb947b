package simulate

import (
	"context"
	"fmt"
	"time"
)

// Entra and OneLogin leave what was turned away for a later cycle or task, and come back to it at growing intervals. How long
// those are is written nowhere; here they are short, unless the target asks for more.
const (
	maxRounds  = 10
	firstRound = time.Second
)

// postponed is what a round has left for a later one.
type postponed struct {
	active bool // the provider postpones
	things int
	last   reply
	after  time.Duration // the longest that the target asked for
	gap    time.Duration
}

// later leaves a thing for another round. A provider that does not do so takes the answer for a refusal.
func (p *play) later(got reply) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.postponed.active {
		return false
	}
	p.postponed.things++
	p.postponed.last = got
	p.postponed.after = max(p.postponed.after, got.after.wait)
	return true
}

// pause waits before the next round, where something was postponed, and tells how much it was.
func (p *play) pause(ctx context.Context) (int, error) {
	p.mu.Lock()
	things, wait := p.postponed.things, max(p.postponed.after, p.postponed.gap)
	p.postponed.things, p.postponed.after = 0, 0
	p.mu.Unlock()
	if things == 0 {
		p.postponed.gap = firstRound
		return 0, nil
	}
	p.postponed.gap *= 2
	if p.MaxWait > 0 {
		wait = min(wait, p.MaxWait)
	}
	return things, p.Wait(ctx, wait)
}

// untilSettled plays rounds until nothing is left for a later one, or for too long.
func (p *play) untilSettled(ctx context.Context, round func(context.Context) error) error {
	for range maxRounds {
		things, err := p.pause(ctx)
		if err != nil || things == 0 {
			return err
		}
		if err := round(ctx); err != nil {
			return err
		}
	}
	if things, last := p.postponed.things, p.postponed.last; things > 0 {
		p.different.add(fmt.Sprintf("%d writes", things), fmt.Sprintf("to be taken in one of %d rounds", maxRounds), fmt.Sprintf("%d %s", last.status, str(last.body, "detail")))
		p.postponed.things = 0
	}
	return nil
}
