package directory

import (
	"sync"
	"time"

	"github.com/usherhq/usher/internal/id"
)

const (
	maxPositions = 10000
	positionLife = 10 * time.Minute
)

// positions remembers where the pages that were served have ended, because a client that counts from the start of a list
// (RFC 7644 section 3.4.2.4) walks it forward, and where a page ends is cheaper to go on from than to find again.
type positions struct {
	mu    sync.Mutex
	ended map[place]position
}

// place is a row of a list, counted from 1.
type place struct {
	tenant, config id.ID
	list           string
	start          int
}

// position says which row comes before a place. It holds while as many people are hidden from the configuration as then: one
// who comes back may have moved every row behind her.
type position struct {
	before Mark
	hidden int64
	at     time.Time
}

func newPositions() *positions { return &positions{ended: map[place]position{}} }

func (p *positions) find(of place, hidden int64, now time.Time) (Mark, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.ended[of]
	if !ok || found.hidden != hidden || now.Sub(found.at) > positionLife {
		return Mark{}, false
	}
	return found.before, true
}

func (p *positions) keep(of place, what position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.ended[of]; !known && len(p.ended) >= maxPositions {
		for victim := range p.ended {
			delete(p.ended, victim)
			if len(p.ended) <= maxPositions/2 {
				break
			}
		}
	}
	p.ended[of] = what
}
