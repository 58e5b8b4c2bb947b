package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// proof is a test that shows items.
type proof struct {
	pkg  string // folder
	test string // as go test names it, with the subtest of a conversation
}

// proofs are the tests of each item.
type proofs map[string][]proof

// talks is the test that replays conversations; each file is a subtest.
const talks = "TestConversations"

// find reads the tests and conversations below a folder.
func find(root string) (proofs, error) {
	found := proofs{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && (name == "node_modules" || name == "generated" || name == "fuzz" || strings.HasPrefix(name, ".") && path != root):
			return filepath.SkipDir
		case strings.HasSuffix(name, "_test.go"):
			return found.readTests(path)
		case strings.HasSuffix(name, ".txt") && strings.Contains(path, "scimadapter/testdata/"):
			return found.readTalk(path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the tests: %w", err)
	}
	return found, nil
}

func (p proofs) readTests(path string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, declared := range file.Decls {
		test, ok := declared.(*ast.FuncDecl)
		if !ok || test.Doc == nil || !strings.HasPrefix(test.Name.Name, "Test") {
			continue
		}
		for line := range strings.SplitSeq(test.Doc.Text(), "\n") {
			if ids, is := strings.CutPrefix(line, "Conformance: "); is {
				p.add(strings.Fields(ids), proof{filepath.Dir(path), test.Name.Name})
			}
		}
	}
	return nil
}

func (p proofs) readTalk(path string) error {
	text, err := os.ReadFile(path) //nolint:gosec // a file of the repository
	if err != nil {
		return err
	}
	provider := filepath.Base(filepath.Dir(path))
	name := talks + "/" + provider + "/" + strings.TrimSuffix(filepath.Base(path), ".txt")
	for line := range strings.SplitSeq(string(text), "\n") {
		if !strings.HasPrefix(line, "#") {
			break
		}
		if ids, is := strings.CutPrefix(line, "# Shows: "); is {
			p.add(strings.Fields(ids), proof{"scimadapter", name})
		}
	}
	return nil
}

func (p proofs) add(ids []string, by proof) {
	for _, name := range ids {
		name = canonical(strings.Trim(name, ",."))
		if !slices.Contains(p[name], by) {
			p[name] = append(p[name], by)
		}
	}
}

// canonical brings the numbers of rows to the form of the table.
func canonical(name string) string {
	if row, is := strings.CutPrefix(name, "PATCH-"); is && len(row) == 1 {
		return "PATCH-0" + row
	}
	if row, is := strings.CutPrefix(name, "W-0"); is {
		return "W-" + row
	}
	return name
}

// missing are the items that nothing shows and nothing excuses.
func (p proofs) missing() []item {
	var all []item
	for _, one := range items {
		if _, fine := excused(one.id); len(p[one.id]) == 0 && !fine {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, byID)
	return all
}

// unknown are the names that no item has.
func (p proofs) unknown() []item {
	known := map[string]bool{}
	for _, one := range items {
		known[one.id] = true
	}
	var all []item
	for name, by := range p {
		if !known[name] {
			all = append(all, item{name, "is no item, but named by " + by[0].test})
		}
	}
	slices.SortFunc(all, byID)
	return all
}

func byID(a, b item) int { return strings.Compare(a.id, b.id) }

// packages are the folders of all tests.
func (p proofs) packages() []string {
	var all []string
	for _, by := range p {
		for _, one := range by {
			all = append(all, one.pkg)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// tests are the names of all tests, each once; a conversation's is that of the test which replays it.
func (p proofs) tests() []string {
	var all []string
	for _, by := range p {
		for _, one := range by {
			name, _, _ := strings.Cut(one.test, "/")
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
