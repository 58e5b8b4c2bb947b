package reporting_test

import (
	"testing"

	"github.com/usherhq/usher/modules/reporting"
)

// TestStatesAreToldApartByTheirLetters: reports of the past add letters up.
func TestStatesAreToldApartByTheirLetters(t *testing.T) {
	t.Parallel()
	seen := map[int]reporting.State{}
	for _, state := range reporting.StateNames {
		if other, there := seen[reporting.Letter(state)]; there {
			t.Errorf("%q and %q have the same letter", state, other)
		}
		seen[reporting.Letter(state)] = state
	}
}
