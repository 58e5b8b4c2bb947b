package access_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/events"
)

// TestOnlyTheHolderOpensWhatWasSealed tries other replicas, installations, purposes and holders, and every flipped bit.
//
// Conformance: C-5.2-02
func TestOnlyTheHolderOpensWhatWasSealed(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.SQLite)
	replica := func(key byte) *access.Service {
		s, err := access.New(db, events.New(db), clock.System(), access.Options{WrappingKey: bytes.Repeat([]byte{key}, 32)})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, other, stranger := replica(1), replica(1), replica(2)
	text := []byte("where the page ended")
	sealed, err := one.Seal("cursor", "ada", text)
	if err != nil || bytes.Contains(sealed, text) {
		t.Fatalf("sealed as %q: %v", sealed, err)
	}
	if again, err := one.Seal("cursor", "ada", text); err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealed twice alike, %v", err)
	}
	if got, ok := other.Open("cursor", "ada", sealed); !ok || !bytes.Equal(got, text) {
		t.Errorf("another replica reads %q", got)
	}
	for name, opened := range map[string]func() ([]byte, bool){
		"another holder":       func() ([]byte, bool) { return one.Open("cursor", "ben", sealed) },
		"another purpose":      func() ([]byte, bool) { return one.Open("token", "ada", sealed) },
		"a seam moved":         func() ([]byte, bool) { return one.Open("cursora", "da", sealed) },
		"another installation": func() ([]byte, bool) { return stranger.Open("cursor", "ada", sealed) },
		"nothing":              func() ([]byte, bool) { return one.Open("cursor", "ada", nil) },
	} {
		if got, ok := opened(); ok {
			t.Errorf("%s reads %q", name, got)
		}
	}
	for bit := range len(sealed) * 8 {
		changed := slices.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		if got, ok := one.Open("cursor", "ada", changed); ok {
			t.Fatalf("with bit %d flipped it reads %q", bit, got)
		}
	}
}
