// Package fault says what went wrong in words that a door can show.
//
// A fault has a kind (what the door does with it), a code (what a client may switch on; never renamed) and a message (safe to
// show, says what to do). An error that holds no fault is an accident: the door answers "internal error" and logs the chain.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind tells a door what sort of answer the fault deserves.
type Kind int

// The kinds of faults, with the HTTP status that fits them.
const (
	Invalid         Kind = iota + 1 // 400: the request is wrong as it stands
	Unauthenticated                 // 401: who calls is not known
	Forbidden                       // 403: the caller may not do this
	NotFound                        // 404
	Conflict                        // 409: something else stands in the way
	Stale                           // 412: the thing has changed since it was read
	TooLarge                        // 413
	Exhausted                       // 409: nothing is left to give
	Unsupported                     // 501: Usher does not do this
	Unavailable                     // 503: the same request may succeed later
)

// Fault is an error that a client may see.
type Fault struct {
	Kind       Kind
	Code       string
	Message    string
	Field      string        // the input that is at fault, as the client spells it; may be empty
	ScimType   string        // RFC 7644 table 9 keyword, where one fits
	RetryAfter time.Duration // for Unavailable: when to come again
	cause      error
}

// New declares a fault. Codes are lower case with underscores.
func New(kind Kind, code, message string) *Fault {
	return &Fault{Kind: kind, Code: code, Message: message}
}

// Error tells the fault and its cause. Doors show Message instead.
func (f *Fault) Error() string {
	if f.cause != nil {
		return f.Code + ": " + f.Message + ": " + f.cause.Error()
	}
	return f.Code + ": " + f.Message
}

// Unwrap returns what the fault was made Because of.
func (f *Fault) Unwrap() error { return f.cause }

// Is tells whether two faults have the same code, whatever field, wording or cause they carry.
func (f *Fault) Is(target error) bool {
	other, ok := target.(*Fault)
	return ok && other.Code == f.Code
}

// Because returns the fault with its cause, which is logged and never shown.
func (f *Fault) Because(cause error) *Fault {
	with := *f
	with.cause = cause
	return &with
}

// At returns the fault with the name of the input that is at fault.
func (f *Fault) At(field string) *Fault {
	with := *f
	with.Field = field
	return &with
}

// Sayf returns the fault with words for this case. They are shown to the client.
func (f *Fault) Sayf(format string, args ...any) *Fault {
	with := *f
	with.Message = fmt.Sprintf(format, args...)
	return &with
}

// Scim returns the fault with the error keyword that SCIM uses for it.
func (f *Fault) Scim(keyword string) *Fault {
	with := *f
	with.ScimType = keyword
	return &with
}

// After returns the fault with the time after which the client should come again.
func (f *Fault) After(wait time.Duration) *Fault {
	with := *f
	with.RetryAfter = wait
	return &with
}

// As finds the fault in an error's chain.
func As(err error) (*Fault, bool) {
	var found *Fault
	ok := errors.As(err, &found)
	return found, ok
}
