package scimadapter_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wireRows is how many things a service provider has to bear to live with the identity providers there are: W-1 to W-78.
const wireRows = 78

// later are the rows that nothing shows yet, and what they wait for.
var later = map[string]string{
	"W-3": "Basic authentication, with the token endpoint",
	"W-4": "the token endpoint",
	"W-5": "the token endpoint",
	"W-6": "the token endpoint",
}

// TestEveryRowOfTheWireIsShown fails when a row is shown by no conversation and by no test, or is shown and still called later.
func TestEveryRowOfTheWireIsShown(t *testing.T) {
	t.Parallel()
	shown := shownByTests(t)
	for _, path := range conversationFiles(t) {
		for _, row := range loadConversation(t, path).shows {
			shown[row] = append(shown[row], path)
		}
	}
	for n := 1; n <= wireRows; n++ {
		row := fmt.Sprintf("W-%d", n)
		switch why, waits := later[row]; {
		case waits && len(shown[row]) > 0:
			t.Errorf("%s waits for %s, and is shown by %v", row, why, shown[row])
		case !waits && len(shown[row]) == 0:
			t.Errorf("%s is shown by nothing", row)
		}
		delete(shown, row)
	}
	for row, by := range shown {
		if strings.HasPrefix(row, "W-") {
			t.Errorf("%v show %s, which is no row", by, row)
		}
	}
	if waiting := slices.Sorted(maps.Keys(later)); t.Failed() {
		t.Logf("later are %v", waiting)
	}
}

// shownByTests reads the lines that begin with Conformance: in the comments of all tests of the house.
func shownByTests(t *testing.T) map[string][]string {
	t.Helper()
	shown := map[string][]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "generated" || entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && len(entry.Name()) > 2):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "Conformance:") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			test, ok := declared.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(test.Name.Name, "Test") {
				continue
			}
			for line := range strings.Lines(test.Doc.Text()) {
				if ids, ok := strings.CutPrefix(strings.TrimSpace(line), "Conformance:"); ok {
					for id := range strings.FieldsSeq(ids) {
						shown[id] = append(shown[id], test.Name.Name)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return shown
}
