package scimadapter

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
)

// FuzzCursor seals where any list has ended and opens it again: it is where it was, for its holder alone and as long as no bit of
// it is changed. Any other text is refused with a fault.
func FuzzCursor(f *testing.F) {
	tokens, err := access.New(nil, nil, clock.System(), access.Options{WrappingKey: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		f.Fatal(err)
	}
	e := &exchange{h: &Handler{access: tokens, clock: clock.System()}}
	f.Add("", "ada@example.com", "Tenant", false, uint(0))
	f.Add("AAAA", "é", "", true, uint(77))
	f.Fuzz(func(t *testing.T, text, key, holder string, missing bool, bit uint) {
		q := query{Query: directory.Query{Count: 5, Keyed: true}, holder: holder}
		refused := func(what string, of query, text string) {
			t.Helper()
			got, err := e.openCursor(of, text)
			if _, known := fault.As(err); got != nil || !known && text != "" {
				t.Fatalf("%s: %q was opened as %v, %v", what, text, got, err)
			}
		}
		refused("any text", q, text)
		mark := directory.Mark{Missing: missing, Key: key, ID: id.New()}
		sealed, err := e.nextCursor(q, &mark)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.openCursor(q, sealed)
		valid := bytes.Equal(bytes.ToValidUTF8([]byte(key), []byte("\uFFFD")), []byte(key))
		if long := len(sealed) > maxCursor; long != (err != nil) || !long && valid && *got != mark {
			t.Fatalf("%+v was opened as %+v, %v", mark, got, err)
		}
		other := q
		other.holder += "x"
		refused("another holder", other, sealed)
		box, err := base64.RawURLEncoding.DecodeString(sealed)
		if err != nil {
			t.Fatal(err)
		}
		box[bit/8%uint(len(box))] ^= 1 << (bit % 8)
		refused("a bit changed", q, base64.RawURLEncoding.EncodeToString(box))
	})
}
