package page_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/page"
)

func TestACursorOpensItsOwnListOnly(t *testing.T) {
	t.Parallel()
	cursor := page.Encode("users", "ines", "7")
	if got, err := page.Decode("users", cursor, 2); err != nil || !reflect.DeepEqual(got, []string{"ines", "7"}) {
		t.Fatalf("got %q, %v", got, err)
	}
	for _, bad := range []string{"", "x", cursor + "A", cursor[1:], strings.Repeat("A", 4096), page.Encode("users", "ines", "7\x00"), page.Encode("users", "ines")} {
		if _, err := page.Decode("users", bad, 2); !errors.Is(err, page.ErrCursor) {
			t.Errorf("%.40q got %v", bad, err)
		}
	}
	if _, err := page.Decode("groups", cursor, 2); !errors.Is(err, page.ErrCursor) {
		t.Errorf("another list's cursor got %v", err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, bad := range []page.Args{{First: -1}, {First: 1001}, {Last: -5}, {First: 1, Last: 1}, {First: 1, Before: "x"}} {
		if _, _, err := bad.Limit(); !errors.Is(err, page.ErrArgs) {
			t.Errorf("%+v got %v", bad, err)
		}
	}
	if count, backward, err := (page.Args{}).Limit(); count != page.Default || backward || err != nil {
		t.Errorf("nothing asked: got %d %v %v", count, backward, err)
	}
}

func TestCutTellsWhatLiesBeyond(t *testing.T) {
	t.Parallel()
	forward, err := page.Cut([]int{1, 2, 3}, page.Args{First: 2, After: "c"}, 9)
	if want := (page.Page[int]{Items: []int{1, 2}, HasNext: true, HasPrevious: true, Total: 9}); err != nil || !reflect.DeepEqual(forward, want) {
		t.Errorf("forward got %+v, %v", forward, err)
	}
	backward, err := page.Cut([]int{9, 8}, page.Args{Last: 2}, 9)
	if want := (page.Page[int]{Items: []int{8, 9}, Total: 9}); err != nil || !reflect.DeepEqual(backward, want) {
		t.Errorf("backward got %+v, %v", backward, err)
	}
}

func TestAWalkSeesEveryItemOnceInOrder(t *testing.T) {
	t.Parallel()
	all := []string{"a", "b", "c", "d", "e"}
	read := func(args page.Args) (page.Page[string], error) {
		count, backward, err := args.Limit()
		if err != nil {
			return page.Page[string]{}, err
		}
		rows := slices.Clone(all)
		if backward {
			slices.Reverse(rows)
		}
		if at := slices.Index(rows, args.Cursor()); at >= 0 {
			rows = rows[at+1:]
		}
		return page.Cut(rows[:min(len(rows), count+1)], args, 0)
	}
	for size := 1; size <= len(all)+1; size++ {
		for _, args := range []page.Args{{First: size}, {Last: size}} {
			if got, err := page.Walk(args, read, func(s string) string { return s }); err != nil || !slices.Equal(got, all) {
				t.Errorf("%+v: %v, %v", args, got, err)
			}
		}
	}
	if _, err := page.Walk(page.Args{First: -1}, read, func(s string) string { return s }); !errors.Is(err, page.ErrArgs) {
		t.Errorf("a bad size: %v", err)
	}
}

// FuzzDecode reads any text as a cursor: what is taken is what Encode makes of the same key, or another spelling of it, and what
// Encode makes of any key is read as that key.
func FuzzDecode(f *testing.F) {
	f.Add(page.Encode("users", "a", "b"))
	f.Add("W10")
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, key := range [][]string{{cursor, "b"}, {"", cursor}} {
			made := page.Encode("users", key...)
			got, err := page.Decode("users", made, 2)
			good := utf8.ValidString(cursor) && !strings.Contains(cursor, "\x00") && len(made) <= page.MaxCursor
			if good && (err != nil || !slices.Equal(got, key)) || !good && err == nil && slices.Equal(got, key) {
				t.Fatalf("the cursor of %q gave %q, %v", key, got, err)
			}
		}
		parts, err := page.Decode("users", cursor, 2)
		switch {
		case err != nil && !errors.Is(err, page.ErrCursor):
			t.Fatalf("%q made the accident %v", cursor, err)
		case err == nil:
			again, err := page.Decode("users", page.Encode("users", parts...), 2)
			if err != nil || !slices.Equal(again, parts) {
				t.Fatalf("%q gave %q, and its own cursor %q, %v", cursor, parts, again, err)
			}
		}
	})
}
