package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// secretSize is how many random bytes the secret of a link or of a session has.
const secretSize = 32

// newSecret makes the secret of a link or a session, and the hash that is kept of it. A secret of 256 random bits needs no
// slow hash: nobody can try them out.
func newSecret() (secret Secret, hash string) {
	var random [secretSize]byte
	_, _ = rand.Read(random[:]) // it never fails
	secret = Secret(base64.RawURLEncoding.EncodeToString(random[:]))
	return secret, hashOf(string(secret))
}

// hashOf is what is kept of a secret. It is looked up by this, so that the time a look-up takes tells nothing of a secret.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// wellFormed tells whether a text can be a secret at all, before anything is looked up.
func wellFormed(secret string) bool {
	if len(secret) != base64.RawURLEncoding.EncodedLen(secretSize) {
		return false
	}
	_, err := base64.RawURLEncoding.DecodeString(secret)
	return err == nil
}
