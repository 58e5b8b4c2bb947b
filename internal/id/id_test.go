package id_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/id"
)

func ExampleKind_Format() {
	fmt.Println(id.User.Format(uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")))
	// Output: usr_01h455vb4pex5vsknk084sn02q
}

func TestEveryIDReadsBackAsWritten(t *testing.T) {
	t.Parallel()
	for range 1000 {
		of := id.New()
		kind, got, ok := id.KindOf(id.Group.Format(of))
		if !ok || kind != id.Group || got != of {
			t.Fatalf("%s read back as %s %s %v", id.Group.Format(of), kind, got, ok)
		}
	}
}

func TestIDsIncrease(t *testing.T) {
	t.Parallel()
	was := id.User.Format(id.New())
	for range 10000 {
		now := id.User.Format(id.New())
		if now <= was {
			t.Fatalf("%s does not come after %s", now, was)
		}
		was = now
	}
}

// TestNoIDIsMadeTwice makes many side by side, and spells them as every kind of thing.
//
// Conformance: S-3.1-01 S-3.1-02 P-6-03
func TestNoIDIsMadeTwice(t *testing.T) {
	t.Parallel()
	const makers, each = 8, 20_000
	made := make(chan []id.ID, makers)
	for range makers {
		go func() {
			all := make([]id.ID, each)
			for i := range all {
				all[i] = id.New()
			}
			made <- all
		}()
	}
	seen := make(map[id.ID]bool, makers*each)
	for range makers {
		for _, of := range <-made {
			seen[of] = true
		}
	}
	if len(seen) != makers*each {
		t.Errorf("%d ids are %d", makers*each, len(seen))
	}
	kinds := []id.Kind{id.Tenant, id.User, id.Group, id.License, id.Seat, id.Config, id.Token, id.Administrator, id.Event, id.Call, id.Rule, id.Claim, id.Alert}
	for of := range seen {
		for _, kind := range kinds {
			if text := kind.Format(of); text == "" || strings.Contains(strings.ToLower(text), "bulkid") {
				t.Fatalf("%s has a word that is reserved (RFC 7643 section 3.1)", text)
			}
		}
	}
	if of := id.New(); of.Version() != 7 || of.Variant() != uuid.RFC4122 { // 74 of its 128 bits are random
		t.Errorf("%s is no UUIDv7", of)
	}
}

func TestParseRefusesEveryOtherSpelling(t *testing.T) {
	t.Parallel()
	good := id.User.Format(id.New())
	bad := []string{
		"", "usr_", "1", "0", "-1", strings.ToUpper(good), good + "0", good[:len(good)-1], "grp" + good[3:],
		"usr_8" + good[5:], "usr_" + strings.Repeat("l", 26), "usr-" + good[4:], uuid.NewString(), " " + good, good + "\x00",
	}
	for _, text := range bad {
		if _, ok := id.User.Parse(text); ok {
			t.Errorf("%q was taken for a user's id", text)
		}
	}
}
