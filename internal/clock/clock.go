// Package clock is the only place where Usher looks at the time.
//
// Every reading is in UTC and cut to microseconds, the finest step that both
// databases keep, so that a time survives the way to a table and back.
package clock

import "time"

// Clock tells what time it is. It is handed in wherever time matters, so that
// a test can say what time it is.
type Clock func() time.Time

// System returns the clock of the machine.
func System() Clock {
	return func() time.Time { return Cut(time.Now()) }
}

// Fixed returns a clock that stands still at the given time.
func Fixed(at time.Time) Clock {
	at = Cut(at)
	return func() time.Time { return at }
}

// Cut brings a time from elsewhere to the form that clocks tell: UTC, microseconds.
func Cut(t time.Time) time.Time {
	return t.UTC().Truncate(time.Microsecond)
}
