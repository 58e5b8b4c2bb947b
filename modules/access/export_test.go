package access

import "crypto/ecdsa"

// SignerOf returns the private half of the key that signs, so that tests can sign what the package never would.
func SignerOf(s *Service) *ecdsa.PrivateKey {
	k, _, _ := s.known.signer()
	return k.private
}
