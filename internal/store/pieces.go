package store

import (
	"strings"

	"github.com/google/uuid"
)

// Ways is a query for pieces of several ordered lists at once, which can be read from either end.
type Ways struct{ up, down string }

// BothWays makes the two texts of such a query. It is written once, with words for what depends on the way: {beyond} is the
// comparison with the key that a piece starts behind, {order} the order in which rows are read, {until} the comparison with
// the last key of a piece, and {end} the key that nothing lies behind.
func BothWays(text string) Ways {
	return Ways{
		up:   strings.NewReplacer("{beyond}", ">", "{order}", "ASC", "{until}", "<=", "{end}", "'"+uuid.Max.String()+"'::uuid").Replace(text),
		down: strings.NewReplacer("{beyond}", "<", "{order}", "DESC", "{until}", ">=", "{end}", "'"+uuid.Nil.String()+"'::uuid").Replace(text),
	}
}

// Query returns the text that reads keys upwards or downwards.
func (w Ways) Query(descending bool) string {
	if descending {
		return w.down
	}
	return w.up
}

// Beginning is the key in front of the first that is read upwards or downwards.
func Beginning(descending bool) uuid.UUID {
	if descending {
		return uuid.Max
	}
	return uuid.Nil
}
