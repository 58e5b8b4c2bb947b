package scimadapter_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
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

// TestPATCHThroughTheServerIsWhatTheModelSays sends random operations, and reads the person back after each PATCH.
//
// Conformance: P-3.5.2-04
func TestPATCHThroughTheServerIsWhatTheModelSays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for preset, m := range map[provisioning.Preset]model{provisioning.PresetAuto: {}, provisioning.PresetStrict: {strict: true}} {
			w := newWorld(t, db, func(n *provisioning.NewConfig) { n.Preset = preset })
			g := maker{rand.New(rand.NewPCG(7, 8))}
			done, state, path := 0, doc{}, ""
			for done < served(2_000)/4 {
				if len(state) == 0 || g.often(4) {
					if path != "" {
						w.want(http.StatusNoContent, "DELETE", path, "")
					}
					state = doc{"userName": "ada", "active": true}
					path = "/Users/" + w.create("ada")
				}
				ops, message := g.message()
				done += len(ops)
				want, refusal := m.patch(state, ops)
				want = settled(want)
				a := w.do("PATCH", path, string(message))
				if got := refusalOf(a); got != refusal {
					t.Fatalf("%s: after %d operations, of %s\n%s\nanswered %s, want %s", preset, done, text(state), message, a.text, refusal)
				}
				if got := personIn(t, w.want(http.StatusOK, "GET", path, "")); got != text(want) {
					t.Fatalf("%s: after %d operations, of %s\n%s\nleft %s, want\n%s", preset, done, text(state), message, got, text(want))
				}
				state = doc{}
				if err := json.Unmarshal([]byte(text(want)), &state); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// settled is a person as she is kept: values that say nothing but a type are none.
func settled(person doc) doc {
	for name, value := range person {
		list, isList := value.([]any)
		if !isList {
			continue
		}
		list = slices.DeleteFunc(slices.Clone(list), func(element any) bool {
			parts := maps.Clone(element.(doc))
			maps.DeleteFunc(parts, func(part string, _ any) bool { return part == "type" || part == "primary" })
			return len(parts) == 0
		})
		if person[name] = list; len(list) == 0 {
			delete(person, name)
		}
	}
	return person
}

// served is how many operations are sent to the server, over both databases and both presets: what is asked for in
// USHER_TEST_SERVED_PATCHES, or fewer.
func served(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_SERVED_PATCHES")); err == nil {
		return n
	}
	return usual
}

// refusalOf is an answer as the model names it: nothing for a success.
func refusalOf(a answer) string {
	if a.status < http.StatusMultipleChoices {
		return ""
	}
	return strconv.Itoa(a.status) + " " + a.str("scimType")
}

// personIn is what an answer tells of a person, without what is the server's.
func personIn(t *testing.T, a answer) string {
	t.Helper()
	person := doc{}
	if err := json.Unmarshal([]byte(a.text), &person); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id", "meta", "schemas"} {
		delete(person, name)
	}
	return text(person)
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
