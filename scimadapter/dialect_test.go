package scimadapter

import (
	flags "flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/modules/provisioning"
)

// TestTheDocsTellEveryKindness compares the table in docs/scim.md with the one that the door follows; -update writes it.
func TestTheDocsTellEveryKindness(t *testing.T) {
	t.Parallel()
	const file, begins, ends = "../docs/scim.md", "<!-- kindnesses -->\n", "<!-- end of kindnesses -->\n"
	docs, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(docs), begins)
	there, after, ended := strings.Cut(rest, ends)
	table := kindnessTable()
	switch update := flags.Lookup("update"); {
	case !found || !ended:
		t.Fatalf("%s has no place for the table", file)
	case update != nil && update.Value.String() == "true":
		if err := os.WriteFile(file, []byte(before+begins+table+ends+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case there != table:
		t.Errorf("%s does not have this table; go test -update writes it:\n%s", file, table)
	}
	for _, k := range kindnesses {
		if _, err := os.Stat("testdata/" + k.example + ".txt"); err != nil {
			t.Errorf("%q is shown by no conversation: %v", k.does, err)
		}
	}
}

func kindnessTable() string {
	var out strings.Builder
	out.WriteString("| Usher takes or does | Who needs it | The RFC says | Presets | Conversation |\n|---|---|---|---|---|\n")
	for _, k := range kindnesses {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | `%s` |\n", k.does, k.who, k.rfc, presetWords(k.on), k.example)
	}
	return out.String()
}

func presetWords(on []provisioning.Preset) string {
	switch {
	case len(on) == len(everywhere):
		return "all"
	case slices.Equal(on, butStrict):
		return "all but `strict`"
	}
	var names []string
	for _, preset := range on {
		names = append(names, "`"+string(preset)+"`")
	}
	return strings.Join(names, ", ")
}

// TestPresetsDifferWhereTheTableSays: nothing is kind in strict that the table does not turn on there, and auto is never less
// kind than a provider's own preset.
func TestPresetsDifferWhereTheTableSays(t *testing.T) {
	t.Parallel()
	if strict := mannersOf(provisioning.PresetStrict); strict != (manners{strict: true}) {
		t.Errorf("strict is %+v", strict)
	}
	for _, k := range kindnesses {
		if k.turn != nil && slices.Contains(k.on, provisioning.PresetStrict) {
			t.Errorf("%q is turned on in strict", k.does)
		}
	}
}
