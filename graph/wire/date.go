package wire

import (
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/usherhq/usher/internal/fault"
)

// ErrDate is for a day that is none.
var ErrDate = fault.New(fault.Invalid, "invalid_date", "a day is written as 2027-01-31, in the years 1 to 9999")

// MarshalDate writes a day.
func MarshalDate(day string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(day)) }) // the writer is a buffer of the answer
}

// UnmarshalDate reads a day of a client. Refuses with ErrDate.
func UnmarshalDate(value any) (string, error) {
	text, ok := value.(string)
	if !ok {
		return "", ErrDate
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return "", ErrDate.Because(err)
	}
	if at.Year() < 1 {
		return "", ErrDate
	}
	return text, nil
}
