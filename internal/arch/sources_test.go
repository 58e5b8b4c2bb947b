package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ours tells whether a person wrote the file.
func (s source) ours() bool {
	return !strings.Contains(s.file, "/generated/") && s.pkg != "."
}

func parsed(t *testing.T, s source) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", s.file), nil, parser.ParseComments)
	if err != nil {
		t.Fatalf("parse %s: %v", s.file, err)
	}
	return file
}

func TestTimeIsReadInOnePlace(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if !s.ours() || s.test || s.pkg == "internal/clock" {
			continue
		}
		ast.Inspect(parsed(t, s), func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if of, ok := call.X.(*ast.Ident); ok && of.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, call.Sel.Name) {
				t.Errorf("%s: time.%s is for internal/clock alone", s.file, call.Sel.Name)
			}
			return true
		})
	}
}

func TestEveryPackageHasASignOnItsDoor(t *testing.T) {
	t.Parallel()
	signs := map[string]bool{}
	for _, s := range sources(t) {
		if !s.ours() || s.test {
			continue
		}
		signs[s.pkg] = signs[s.pkg] || parsed(t, s).Doc != nil
	}
	for pkg, has := range signs {
		if !has {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}

func TestFilesAreOfReadableLength(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if !s.ours() || s.test {
			continue
		}
		files := token.NewFileSet()
		if _, err := parser.ParseFile(files, filepath.Join("..", "..", s.file), nil, parser.PackageClauseOnly); err != nil {
			t.Fatal(err)
		}
		files.Iterate(func(f *token.File) bool {
			if f.LineCount() > 500 {
				t.Errorf("%s has %d lines: two ideas in one room?", s.file, f.LineCount())
			}
			return true
		})
	}
}

// acrossTenants lists the files that may leave the tenant guard, each with its reason.
var acrossTenants = map[string]string{
	"modules/access":  "loading tokens and keys",
	"modules/tenancy": "tenant look-up and list; workers' enumeration of tenants",
	"modules/events":  "numbering the journal",
	"internal/store":  "the guard itself and the folding of counts",
}

func TestTheTenantGuardIsLeftInFourPlacesOnly(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if !s.ours() || s.test || acrossTenants[s.pkg] != "" {
			continue
		}
		ast.Inspect(parsed(t, s), func(n ast.Node) bool {
			if name, ok := n.(*ast.Ident); ok && name.Name == "AcrossTenants" {
				t.Errorf("%s leaves the tenant guard; say why in internal/arch or stay inside", s.file)
			}
			return true
		})
	}
}

func TestEveryStatementByHandNamesTheTenant(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if !strings.HasPrefix(s.pkg, "modules/") || s.test {
			continue
		}
		ast.Inspect(parsed(t, s), func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING {
				return true
			}
			if isStatement(text.Value) && !strings.Contains(text.Value, "tenant_id") && acrossTenants[s.pkg] == "" {
				t.Errorf("%s: a statement without tenant_id: %.80s", s.file, text.Value)
			}
			return true
		})
	}
}

func isStatement(literal string) bool {
	words := strings.Fields(strings.ToUpper(strings.Trim(literal, "`\"")))
	return len(words) > 2 && slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}, words[0]) &&
		(slices.Contains(words, "FROM") || slices.Contains(words, "INTO") || slices.Contains(words, "SET"))
}
