package access

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"

	"github.com/usherhq/usher/internal/id"
)

// PollEvery is how often a replica looks for revocations without news of any.
const PollEvery = pollEvery

// MaxVerified is how many verified tokens are remembered.
const MaxVerified = maxVerified

// SignerOf returns the private half of the key that signs, so that tests can sign what the package never would.
func SignerOf(s *Service) *ecdsa.PrivateKey {
	k, _, _ := s.known.signer()
	return k.private
}

// Remember has a service remember that many verified tokens, and returns how many it remembers then.
func Remember(s *Service, count uint32) int {
	for n := range count {
		s.known.keep(sha256.Sum256(binary.BigEndian.AppendUint32(nil, n)), Verified{Token: id.New()})
	}
	return len(s.known.verified)
}

// Revocations returns how many revocations a service remembers.
func Revocations(s *Service) int { return len(s.known.revoked) }

// Sweep forgets links and sessions that have been over for long.
func Sweep(ctx context.Context, s *Service) error { return s.sweep(ctx) }
