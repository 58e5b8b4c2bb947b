package access

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// maxVerified bounds how many verified tokens are remembered.
const maxVerified = 10_000

// known is what a replica knows without asking: keys, revocations, and the tokens that it has verified.
type known struct {
	mu           sync.RWMutex
	installation id.ID
	byID         map[id.ID]key
	revoked      map[id.ID]time.Time // until they would have expired
	revokedUntil time.Time           // revocations up to then have been read
	refreshed    time.Time
	verified     map[[sha256.Size]byte]Verified
}

func newKnown() *known {
	return &known{byID: map[id.ID]key{}, revoked: map[id.ID]time.Time{}, verified: map[[sha256.Size]byte]Verified{}}
}

// find returns a token that was verified before, and whether it has been revoked since.
func (k *known) find(of [sha256.Size]byte) (v Verified, revoked, ok bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	v, ok = k.verified[of]
	_, revoked = k.revoked[v.Token]
	return v, revoked, ok
}

func (k *known) keep(of [sha256.Size]byte, v Verified) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.verified) >= maxVerified {
		for victim := range k.verified {
			delete(k.verified, victim)
			if len(k.verified) <= maxVerified/2 {
				break
			}
		}
	}
	k.verified[of] = v
}

func (k *known) key(of id.ID) (key, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	found, ok := k.byID[of]
	return found, ok
}

// signer returns the newest key that may sign.
func (k *known) signer() (key, id.ID, bool) {
	for _, one := range slices.Backward(k.keys()) {
		if one.private != nil {
			return one, k.issuer(), true
		}
	}
	return key{}, id.Nil, false
}

func (k *known) issuer() id.ID {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.installation
}

// keys returns all keys, the oldest first.
func (k *known) keys() []key {
	k.mu.RLock()
	defer k.mu.RUnlock()
	all := make([]key, 0, len(k.byID))
	for _, one := range k.byID {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b key) int { return cmp.Compare(a.id.String(), b.id.String()) })
	return all
}

func (k *known) revoke(token id.ID, until time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.revoked[token] = until
}

// staleness tells how long ago the replica last heard what was revoked.
func (k *known) staleness(now time.Time) time.Duration {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return now.Sub(k.refreshed)
}

func (k *known) since() time.Time {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.revokedUntil
}

func (k *known) learn(installation id.ID, keys []key, revoked map[id.ID]time.Time, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.installation = installation
	clear(k.byID)
	for _, one := range keys {
		k.byID[one.id] = one
	}
	maps.Copy(k.revoked, revoked)
	maps.DeleteFunc(k.revoked, func(_ id.ID, until time.Time) bool { return !at.Before(until) })
	k.refreshed, k.revokedUntil = at, at
}
