package scimadapter_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/scimadapter"
)

// patches is how many operations the model test does: what is asked for in USHER_TEST_PATCHES, or fewer.
func patches(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_PATCHES")); err == nil {
		return n
	}
	return usual
}

// TestPATCHIsWhatTheModelSays applies random operations by the engine and by the model, in both presets, and finds no difference.
//
// Conformance: P-3.5.2-03
func TestPATCHIsWhatTheModelSays(t *testing.T) {
	t.Parallel()
	for preset, m := range map[provisioning.Preset]model{provisioning.PresetAuto: {}, provisioning.PresetStrict: {strict: true}} {
		t.Run(string(preset), func(t *testing.T) {
			t.Parallel()
			g := maker{rand.New(rand.NewPCG(5, 6))}
			done, refused, state := 0, map[string]int{}, doc{}
			for done < patches(50_000)/2 {
				if len(state) == 0 || g.often(4) {
					state = doc{"userName": "ada", "active": true}
				}
				ops, message := g.message()
				done += len(ops)
				want, refusal := m.patch(state, ops)
				got, engines := scimadapter.PatchUser(preset, []byte(text(state)), message)
				if engines != refusal || string(got) != text(want) {
					t.Fatalf("after %d operations, of %s\n%s\nmade %s %s, want\n%s %s", done, text(state), message, engines, got, refusal, text(want))
				}
				refused[refusal]++
				if err := json.Unmarshal(got, &want); err != nil {
					t.Fatal(err)
				}
				state = want
			}
			t.Logf("%d operations, refusals %v", done, refused)
		})
	}
}
