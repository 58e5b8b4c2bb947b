package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/fault"
)

var errTaken = fault.New(fault.Conflict, "name_taken", "the name is taken")

func TestAFaultIsKnownByItsCodeWhateverItCarries(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("save: %w", errTaken.At("name").Sayf("%q is taken", "x").Because(io.EOF))
	if !errors.Is(err, errTaken) || !errors.Is(err, io.EOF) {
		t.Fatalf("%v lost its code or its cause", err)
	}
	if errors.Is(err, fault.New(fault.Conflict, "other", "")) {
		t.Fatal("another code was taken for this one")
	}
}

func TestDecoratingLeavesTheDeclarationAlone(t *testing.T) {
	t.Parallel()
	with := errTaken.At("name").Scim("uniqueness").After(time.Second).Because(io.EOF)
	found, ok := fault.As(fmt.Errorf("wrapped: %w", with))
	if !ok || found.Field != "name" || found.ScimType != "uniqueness" || found.RetryAfter != time.Second {
		t.Fatalf("got %+v", found)
	}
	if errTaken.Field != "" || errTaken.ScimType != "" || errTaken.RetryAfter != 0 || errTaken.Unwrap() != nil {
		t.Fatalf("the declaration changed: %+v", errTaken)
	}
	if got, want := with.Error(), "name_taken: the name is taken: EOF"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestAnAccidentHoldsNoFault(t *testing.T) {
	t.Parallel()
	if found, ok := fault.As(io.EOF); ok || found != nil {
		t.Fatalf("found %v in io.EOF", found)
	}
}
