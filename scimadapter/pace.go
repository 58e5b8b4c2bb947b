package scimadapter

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/provisioning"
)

// MinRate is what every configuration may send in a second at least: Entra's gallery asks for 25.
const MinRate = 25

// burst is how many seconds' worth of requests may come at once after a quiet time: an import or a push of many groups does.
const burst = 10

const maxPaced = 10_000

// pace bounds the requests of each configuration, so that one that runs wild does not take the others' time. Every replica
// counts for itself.
type pace struct {
	perSecond int // 0 is no bound
	clock     clock.Clock

	mu    sync.Mutex
	known map[id.ID]*rate.Limiter
}

func newPace(perSecond int, now clock.Clock) *pace {
	if perSecond > 0 {
		perSecond = max(perSecond, MinRate)
	}
	return &pace{perSecond: perSecond, clock: now, known: map[id.ID]*rate.Limiter{}}
}

// admit refuses a request that comes too soon, with the time after which there is room for it.
func (p *pace) admit(config id.ID) error {
	if p.perSecond == 0 || config == id.Nil {
		return nil
	}
	now := p.clock()
	of := p.of(config)
	if of.AllowN(now, 1) {
		return nil
	}
	place := of.ReserveN(now, 1)
	wait := place.DelayFrom(now)
	place.CancelAt(now)
	return errTooFast.Sayf("this SCIM configuration has sent more than %d requests a second for a while; nothing was changed, send this again", p.perSecond).
		After(max(wait, time.Second))
}

func (p *pace) of(config id.ID) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	limiter := p.known[config]
	if limiter == nil {
		if len(p.known) >= maxPaced {
			clear(p.known)
		}
		limiter = rate.NewLimiter(rate.Limit(p.perSecond), p.perSecond*burst)
		p.known[config] = limiter
	}
	return limiter
}

// soon is the longest time that Okta is told to wait: it doubles it with each further refusal.
const soon = 30 * time.Second

// retriesAt429 tells whether the request is of somebody who sends it again after a 429 and never after a 503: Okta's tasks fail
// at once on any 5xx, and an administrator has to press a button for each.
func (e *exchange) retriesAt429() bool {
	config := e.session.Config
	if config.Preset != provisioning.PresetAuto && config.Preset != "" { // "" while nobody is known
		return config.Preset == provisioning.PresetOkta
	}
	return isOkta(e.r) || config.Recognized != nil && config.Recognized.Provider == provisioning.Okta
}
