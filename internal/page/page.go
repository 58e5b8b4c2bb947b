// Package page holds the pieces of lists that are read a page at a time.
//
// Cursors are opaque to clients: a kind, so that one list's cursor opens no other list, and the key of the row it stands at.
// They give no rights; every page is authorized anew.
package page

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/usherhq/usher/internal/fault"
)

const (
	// Default is the number of items of a page when nobody asks for another.
	Default = 50
	// Max is the greatest number of items of a page.
	Max = 1000

	maxCursor = 2048
)

// Faults of a request for a page.
var (
	ErrCursor = fault.New(fault.Invalid, "invalid_cursor", "the cursor is not one of this list; start again without it")
	ErrArgs   = fault.New(fault.Invalid, "invalid_page", "ask for a page with first and after, or with last and before")
)

// Page is a piece of a list.
type Page[T any] struct {
	Items       []T
	HasNext     bool
	HasPrevious bool
	Total       int64
}

// Args ask for a page: First items After a cursor, or the Last items Before one. The zero Args ask for the first Default items.
type Args struct {
	First, Last   int
	After, Before string
}

// Limit returns how many items are wanted and whether they are counted from the end. It refuses both directions at once,
// numbers under 1 and over Max.
func (a Args) Limit() (count int, backward bool, err error) {
	backward = a.Last != 0 || a.Before != ""
	if backward && (a.First != 0 || a.After != "") {
		return 0, false, ErrArgs
	}
	count = a.First
	if backward {
		count = a.Last
	}
	if count == 0 {
		count = Default
	}
	if count < 1 || count > Max {
		return 0, false, ErrArgs.Sayf("a page has 1 to %d items", Max)
	}
	return count, backward, nil
}

// Way is the way that the keys of a list go from its first item to its last.
type Way bool

// The ways of a list.
const (
	Ascending  Way = false
	Descending Way = true
)

// Toward is Limit for a list that goes a way: it tells whether keys are read downwards.
func (a Args) Toward(way Way) (count int, downwards bool, err error) {
	count, backward, err := a.Limit()
	return count, backward != bool(way), err
}

// Cursor returns the cursor that the page starts from, whichever direction; empty for an end of the list.
func (a Args) Cursor() string {
	if a.Before != "" {
		return a.Before
	}
	return a.After
}

// Cut makes a page of rows that were read in the asked direction with a limit of count+1: it drops the extra row, turns
// backward rows around and tells what lies beyond.
func Cut[T any](rows []T, a Args, total int64) (Page[T], error) {
	count, backward, err := a.Limit()
	if err != nil {
		return Page[T]{}, err
	}
	more := len(rows) > count
	if more {
		rows = rows[:count]
	}
	if backward {
		slices.Reverse(rows)
		return Page[T]{Items: rows, HasPrevious: more, HasNext: a.Before != "", Total: total}, nil
	}
	return Page[T]{Items: rows, HasNext: more, HasPrevious: a.After != "", Total: total}, nil
}

// Encode makes the cursor of a row from the kind of list and the row's key.
func Encode(kind string, key ...string) string {
	text, _ := json.Marshal(append([]string{kind}, key...)) //nolint:errchkjson // strings always marshal
	return base64.RawURLEncoding.EncodeToString(text)
}

// Decode reads a cursor of the given kind with parts key parts. It refuses everything else with ErrCursor.
func Decode(kind, cursor string, parts int) ([]string, error) {
	if len(cursor) > maxCursor {
		return nil, ErrCursor
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return nil, ErrCursor.Because(err)
	}
	var all []string
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, ErrCursor.Because(err)
	}
	if len(all) != parts+1 || all[0] != kind || slices.ContainsFunc(all, func(part string) bool { return strings.IndexByte(part, 0) >= 0 }) {
		return nil, ErrCursor
	}
	return all[1:], nil
}
