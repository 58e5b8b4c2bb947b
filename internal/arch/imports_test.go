package arch_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/usherhq/usher/"

// source is a Go file of the house with what it imports of the house.
type source struct {
	file, pkg string
	imports   []string
	test      bool
}

// may lists, for a package, the packages of the house that it may import. A trailing /... stands for a whole folder.
var may = map[string][]string{
	"cmd/usher":            {"..."},
	"graph":                {"modules/...", "graph/generated", "graph/wire", "internal/caller", "internal/fault", "internal/page", "internal/id", "internal/filter", "internal/clock"},
	"graph/wire":           {"internal/fault", "internal/clock"},
	"graph/generated":      {"graph/...", "modules/...", "internal/page", "internal/id"},
	"scimadapter":          {"modules/provisioning", "modules/directory", "modules/licensing", "modules/access", "internal/caller", "internal/fault", "internal/page", "internal/id", "internal/filter", "internal/clock"},
	"modules/provisioning": {"modules/tenancy", "modules/access", "modules/directory", "modules/licensing", "modules/events"},
	"modules/licensing":    {"modules/tenancy", "modules/directory", "modules/events"},
	"modules/directory":    {"modules/events"},
	"modules/tenancy":      {"modules/events"},
	"modules/access":       {"modules/events"},
	"modules/audit":        {"modules/events"},
	"modules/webhooks":     {"modules/events"},
	"modules/reporting":    {"modules/events"},
	"modules/events":       {},
	"internal/store":       {"ent/generated/...", "ent/migrations", "internal/caller", "internal/fault", "internal/clock"},
	"internal/storetest":   {"internal/store", "internal/caller", "internal/id", "internal/clock", "ent/generated/...", "ent/migrations"},
	"internal/simulate":    {"internal/clock", "internal/filter"},
	"internal/bench":       {"..."},
	"ent/schema":           {},
	"ent/migrations":       {},
	"ent/migrate":          {"ent/generated/...", "ent/migrations", "internal/storetest", "internal/store"},
	"web":                  {},
}

// ground is what every module may stand on besides what the table says.
var ground = []string{"internal/caller", "internal/fault", "internal/page", "internal/id", "internal/filter", "internal/clock", "internal/store"}

func TestNobodyImportsAcrossAWall(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || !s.ours() || s.pkg == "ent" {
			continue
		}
		allowed, known := may[s.pkg]
		switch {
		case known:
		case strings.HasPrefix(s.pkg, "internal/"):
			allowed = []string{"internal/fault"}
		default:
			t.Errorf("%s: package %s has no row in the import table", s.file, s.pkg)
		}
		for _, imported := range s.imports {
			if !permitted(s, allowed, imported) {
				t.Errorf("%s: %s may not import %s", s.file, s.pkg, imported)
			}
		}
	}
}

func permitted(s source, allowed []string, imported string) bool {
	if matches(allowed, imported) {
		return true
	}
	if !strings.HasPrefix(s.pkg, "modules/") {
		return false
	}
	if strings.HasPrefix(imported, "ent/generated") {
		return strings.HasPrefix(path.Base(s.file), "store")
	}
	return slices.Contains(ground, imported)
}

func matches(allowed []string, imported string) bool {
	return slices.ContainsFunc(allowed, func(entry string) bool {
		folder, whole := strings.CutSuffix(entry, "...")
		if whole {
			return strings.HasPrefix(imported+"/", folder)
		}
		return imported == entry
	})
}

// owned lists the tables of each module, as ent's packages spell them.
var owned = map[string][]string{
	"modules/tenancy":      {"tenant"},
	"modules/access":       {"installation", "signingkey", "accesstoken", "administrator", "invitation", "session"},
	"modules/provisioning": {"scimconfig", "scimcall"},
	"modules/directory":    {"user", "uservalue", "userunique", "link", "group", "membership", "parkedmember", "attributeschema"},
	"modules/licensing":    {"license", "rule", "rulerevision", "rulerun", "consent", "activitysource", "activityday", "claim", "seat", "ledger"},
	"modules/events":       {"event", "journalhead"},
	"modules/reporting":    {"..."},
}

func TestPredicatesBelongToTheModuleThatOwnsTheTable(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if !strings.HasPrefix(s.pkg, "modules/") || s.test {
			continue
		}
		for _, imported := range s.imports {
			table, isPredicate := strings.CutPrefix(imported, "ent/generated/")
			if isPredicate && table != "predicate" && !slices.Contains(owned[s.pkg], table) && !slices.Contains(owned[s.pkg], "...") {
				t.Errorf("%s: the table %s is not %s's", s.file, table, s.pkg)
			}
		}
	}
}

func TestTheWallsAreReallyChecked(t *testing.T) {
	t.Parallel()
	intruder := source{file: "modules/directory/user.go", pkg: "modules/directory"}
	for _, imported := range []string{"modules/licensing", "graph", "ent/generated", "scimadapter"} {
		if permitted(intruder, may[intruder.pkg], imported) {
			t.Errorf("%s may import %s, which no wall should allow", intruder.file, imported)
		}
	}
	intruder.file = "modules/directory/store_users.go"
	if !permitted(intruder, may[intruder.pkg], "ent/generated/user") {
		t.Error("a store file may not import ent, which it must")
	}
}

// sources reads every Go file of the house that is not generated by gqlgen or npm.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == "bin") {
			return filepath.SkipDir
		}
		if filepath.Ext(file) != ".go" {
			return nil
		}
		all = append(all, read(t, root, file))
		return nil
	})
	if err != nil {
		t.Fatalf("read the sources: %v", err)
	}
	if len(all) < 50 {
		t.Fatalf("found %d sources only", len(all))
	}
	return all
}

func read(t *testing.T, root, file string) source {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("parse %s: %v", file, err)
	}
	name, err := filepath.Rel(root, file)
	if err != nil {
		t.Fatalf("name %s: %v", file, err)
	}
	s := source{file: filepath.ToSlash(name), test: strings.HasSuffix(name, "_test.go")}
	s.pkg = path.Dir(s.file)
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if own, ok := strings.CutPrefix(imported, module); ok {
			s.imports = append(s.imports, own)
		}
	}
	return s
}
