package simulate

import (
	"net/http"
	"strconv"
	"time"
)

// patience is how a client takes 429: how often it sends a call in all, and how long it waits in between.
type patience struct {
	sends     int           // one never waits
	otherwise time.Duration // where the target does not say in whole seconds
	doubles   bool
}

var (
	// Okta waits exactly as long as it is told, twice as long after each further 429, and gives up after ten tries. A date, or
	// no word at all, makes it five minutes.
	oktaPatience = patience{sends: 10, otherwise: 5 * time.Minute, doubles: true}

	// Entra and OneLogin do not wait within a call: what was turned away is for a later cycle or task.
	laterPatience = patience{sends: 1}

	// The simulation's own reading waits as long as it is told.
	readingPatience = patience{sends: 10, otherwise: 5 * time.Second}
)

// next tells how long to wait after the nth refusal, of which the first asked for a time; not at all when it is enough.
func (p patience) next(refusals int, first retryAfter) (time.Duration, bool) {
	if refusals >= p.sends {
		return 0, false
	}
	wait := p.otherwise
	if first.told {
		wait = first.wait
	}
	if p.doubles {
		wait <<= refusals - 1
	}
	return wait, true
}

// retryAfter is what the header of that name says, when it says it in whole seconds.
type retryAfter struct {
	wait time.Duration
	told bool
}

// maxSeconds is more than anybody waits; what is beyond it is not read.
const maxSeconds = 1 << 24

func retryAfterOf(h http.Header) retryAfter {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > maxSeconds {
		return retryAfter{}
	}
	return retryAfter{wait: time.Duration(seconds) * time.Second, told: true}
}
