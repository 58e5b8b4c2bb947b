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
