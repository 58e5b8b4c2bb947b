package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// sealInfo tells the keys of sealed texts from every other key that is made of the wrapping key.
const sealInfo = "usher sealed text 1\x00"

// Seal encloses a text that a client is to bring back: it can neither read nor change it, and only who asks for the same
// purpose and holder opens it. Every replica opens what another has sealed. The purpose and the holder are not in it.
func (s *Service) Seal(purpose, holder string, text []byte) ([]byte, error) {
	box, err := s.box(purpose, holder)
	if err != nil {
		return nil, err
	}
	return box.Seal(nil, nil, text, nil), nil //nolint:gosec // the nonce is random, and of its own making
}

// Open returns a text that Seal has enclosed. It tells nothing of why it cannot.
func (s *Service) Open(purpose, holder string, sealed []byte) ([]byte, bool) {
	box, err := s.box(purpose, holder)
	if err != nil {
		return nil, false
	}
	text, err := box.Open(nil, nil, sealed, nil)
	return text, err == nil
}

// box has a key of its own for each purpose and holder, so that no key encloses more than random nonces allow.
func (s *Service) box(purpose, holder string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.wrapping, nil, sealInfo+purpose+"\x00"+holder, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("make a key for sealed texts: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a key for sealed texts: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
