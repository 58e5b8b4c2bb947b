package wire

import (
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
)

// Faults of values that a client sends.
var (
	ErrTime  = fault.New(fault.Invalid, "invalid_time", "a time is written as RFC 3339 does, such as 2027-01-31T12:00:00Z, in the years 1 to 9999")
	ErrInt64 = fault.New(fault.Invalid, "invalid_number", "a number is whole and lies between -9223372036854775808 and 9223372036854775807")
)

// MarshalTime writes a moment in UTC, to the microsecond.
func MarshalTime(at time.Time) graphql.Marshaler {
	if at.IsZero() {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		var text [len(`"2006-01-02T15:04:05.999999999+07:00"`)]byte
		quoted := append(at.UTC().AppendFormat(append(text[:0], '"'), time.RFC3339Nano), '"')
		_, _ = w.Write(quoted) // the writer is a buffer of the answer
	})
}

// UnmarshalTime reads a moment of a client and cuts it to what the databases keep. Refuses with ErrTime.
func UnmarshalTime(value any) (time.Time, error) {
	text, ok := value.(string)
	if !ok {
		return time.Time{}, ErrTime
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, ErrTime.Because(err)
	}
	at = clock.Cut(at)
	if at.Year() < 1 || at.Year() > 9999 {
		return time.Time{}, ErrTime
	}
	return at, nil
}

// MarshalInt64 writes a whole number.
func MarshalInt64(n int64) graphql.Marshaler { return graphql.MarshalInt64(n) }

// UnmarshalInt64 reads a whole number of a client, as a number or as a string of digits. Refuses with ErrInt64.
func UnmarshalInt64(value any) (int64, error) {
	var text string
	switch v := value.(type) {
	case int64:
		return v, nil
	case json.Number:
		text = v.String()
	case string:
		text = v
	default:
		return 0, ErrInt64
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, ErrInt64.Because(err)
	}
	return n, nil
}
