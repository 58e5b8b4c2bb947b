package id_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
)

// TestFirstIsTheLeastIDThatIsNotLess tries texts of digits and of other characters around them.
func TestFirstIsTheLeastIDThatIsNotLess(t *testing.T) {
	t.Parallel()
	const letters = "0123456789abcdefghijklmnopqrstuvwxyz ~AZ\u00e9"
	random := rand.New(rand.NewPCG(1, 2))
	spelled := func(of id.ID) string { return strings.TrimPrefix(id.User.Format(of), "usr_") }
	for range 20_000 {
		text := []byte(spelled(id.New()))
		text[0] = '0' + byte(random.IntN(10))
		for range random.IntN(3) {
			text[random.IntN(len(text))] = letters[random.IntN(len(letters))]
		}
		text = append(text, letters[:random.IntN(3)]...)
		text = text[:random.IntN(len(text)+1)]
		first, exact, ok := id.First(string(text))
		if !ok {
			if last := "7" + strings.Repeat("z", 25); string(text) <= last {
				t.Fatalf("%q is not greater than the last id", text)
			}
			continue
		}
		if got := spelled(first); got < string(text) || exact != (got == string(text)) {
			t.Fatalf("the first id from %q on is %s, exact %v", text, got, exact)
		}
		before := bytes.Clone(first[:])
		for at := len(before) - 1; at >= 0; at-- {
			before[at]--
			if before[at] != 0xff {
				break
			}
		}
		if first != id.Nil && spelled(id.ID(before)) >= string(text) {
			t.Fatalf("%s comes before %s and is not less than %q", spelled(id.ID(before)), spelled(first), text)
		}
	}
}
