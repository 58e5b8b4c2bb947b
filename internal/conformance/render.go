package main

import (
	"fmt"
	"strings"
)

// render writes the table and counts the items that are not as they should be.
func render(shown proofs, ran results) (text string, failed int) {
	var out strings.Builder
	var total, fine, waiting int
	var tables strings.Builder
	for _, part := range parts {
		fmt.Fprintf(&tables, "\n## %s\n\n| id | what | verdict | shown by |\n|---|---|---|---|\n", part.title)
		for _, one := range items {
			if !strings.HasPrefix(one.id, part.prefix) {
				continue
			}
			verdict, why := judge(one.id, shown[one.id], ran)
			total++
			switch verdict {
			case conforms:
				fine++
			case failsIt:
				failed++
			default:
				waiting++
			}
			fmt.Fprintf(&tables, "| %s | %s | %s | %s |\n", one.id, one.title, verdict, why)
		}
	}
	fmt.Fprintf(&out, `# Conformance

Every item of the SCIM standards and of what providers are known to send, with the tests that show it, on SQLite and on PostgreSQL.
%s writes this page from the tests' results; it fails when an item is missing or fails.

%d items: %d shown, %d not shown for the reason given, %d failing.
`, "`make conformance`", total, fine, waiting, failed)
	return out.String() + tables.String(), failed
}

const (
	conforms = "yes"
	failsIt  = "**fails**"
)

// judge tells what tests say of an item, or why none does.
func judge(name string, by []proof, ran results) (verdict, why string) {
	if len(by) == 0 {
		e, _ := excused(name)
		return e.verdict, e.reason
	}
	verdict = conforms
	tests := make([]string, 0, len(by))
	for _, one := range by {
		tests = append(tests, "`"+strings.TrimPrefix(one.test, talks+"/")+"`")
		if !ran[one] {
			verdict = failsIt
		}
	}
	return verdict, strings.Join(tests, ", ")
}
