package clock_test

import (
	"testing"
	"time"

	"github.com/usherhq/usher/internal/clock"
)

func TestSystemTellsUTCInMicroseconds(t *testing.T) {
	t.Parallel()
	now := clock.System()()
	if now.Location() != time.UTC {
		t.Errorf("location is %v, want UTC", now.Location())
	}
	if rest := now.Nanosecond() % 1000; rest != 0 {
		t.Errorf("%d nanoseconds are left over a whole microsecond", rest)
	}
}

func TestSystemGoesForward(t *testing.T) {
	t.Parallel()
	tell := clock.System()
	first, second := tell(), tell()
	if second.Before(first) {
		t.Errorf("the second reading %v is before the first %v", second, first)
	}
}

func TestFixedStandsStill(t *testing.T) {
	t.Parallel()
	oslo := time.FixedZone("Oslo", 3600)
	tell := clock.Fixed(time.Date(2026, 3, 2, 9, 0, 0, 1234567, oslo))
	want := time.Date(2026, 3, 2, 8, 0, 0, 1234000, time.UTC)
	for range 2 {
		if got := tell(); got != want {
			t.Errorf("the clock tells %v, want %v", got, want)
		}
	}
}
