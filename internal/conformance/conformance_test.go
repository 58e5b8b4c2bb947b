package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestTestsNameItemsThatThereAre(t *testing.T) {
	t.Parallel()
	shown, err := find("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range shown.unknown() {
		t.Errorf("%s %s", one.id, one.title)
	}
	if len(items) < 461 {
		t.Errorf("the table has %d items", len(items))
	}
}

func TestTheTableTellsWhatFails(t *testing.T) {
	t.Parallel()
	good, bad := proof{"scimadapter", "TestGood"}, proof{"scimadapter", "TestBad"}
	shown := proofs{"S-2.1-01": {good}, "S-2.1-02": {good, bad}, "S-2.1-03": {{"scimadapter", "TestThatDidNotRun"}}}
	text, failed := render(shown, results{good: true, bad: false})
	for _, want := range []string{"| S-2.1-01 | names of attributes mean the same in any case | yes | `TestGood` |", "| **fails** | `TestGood`, `TestBad` |"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q", want)
		}
	}
	if failed != 2 {
		t.Errorf("%d items fail", failed)
	}
	if missing := shown.missing(); len(missing) < 100 || missing[0].id != "B-6750-01" {
		t.Errorf("what is missing begins with %v", missing[0])
	}
	if strange := (proofs{"S-0.0-00": {good}}).unknown(); len(strange) != 1 || strange[0].id != "S-0.0-00" {
		t.Errorf("a name that no item has is not found: %v", strange[0])
	}
}

func TestOnlyTestsThatShowSomethingAreRun(t *testing.T) {
	t.Parallel()
	shown := proofs{
		"S-2.1-01": {{"scimadapter", "TestGood"}, {"scimadapter", talks + "/okta/import"}}, "S-2.1-02": {{"modules/access", "TestBad"}, {"scimadapter", talks + "/entra/groups"}},
	}
	if tests, packages := shown.tests(), shown.packages(); !slices.Equal(tests, []string{"TestBad", talks, "TestGood"}) || !slices.Equal(packages, []string{"modules/access", "scimadapter"}) {
		t.Errorf("run are %v in %v", tests, packages)
	}
}

// TestNoItemIsMissing: each item is shown by a test or excused by a reason.
func TestNoItemIsMissing(t *testing.T) {
	t.Parallel()
	shown, err := find("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range shown.missing() {
		t.Errorf("%s, %s, is shown by no test and excused by no reason", one.id, one.title)
	}
}

// TestThePageNamesEveryItem: what was written last has all of them, and none that fails.
func TestThePageNamesEveryItem(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/scim-conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range items {
		if !strings.Contains(string(page), "\n| "+one.id+" | "+one.title+" |") {
			t.Errorf("%s, %s, is not on the page: run make conformance", one.id, one.title)
		}
	}
	if strings.Contains(string(page), "**fails**") {
		t.Error("the page tells of items that fail")
	}
}
