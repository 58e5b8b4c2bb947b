package filter_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/filter"
)

// lines reads a corpus: a filter a line.
func lines(t *testing.T, name string, least int) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(all) < least {
		t.Errorf("%s has %d filters, %d are promised", name, len(all), least)
	}
	return all
}

// TestTheCorpus reads what is a filter, with the same meaning however it is printed, and refuses what is none. Those of
// refused.txt are filters that make no sense; the door to them refuses them.
//
// Conformance: P-3.4.2.2-03 P-3.4.2.2-15
func TestTheCorpus(t *testing.T) {
	t.Parallel()
	for _, text := range append(lines(t, "valid.txt", 200), lines(t, "refused.txt", 80)...) {
		n, err := filter.Parse(text, options)
		if err != nil {
			t.Errorf("%.200s is refused: %v", text, err)
			continue
		}
		if again, err := filter.Parse(n.String(), options); err != nil || again.String() != n.String() {
			t.Errorf("%.200s is printed as %.200s and read as %v, %v", text, n, again, err)
		}
	}
	more := []string{
		"", " ", "\t", "\n", "title\tpr", "title pr\t", "title\npr", "title pr\n", "title\u00a0pr", "title eq \"a\x01b\"", "title eq \"a\tb\"", "title eq \"a\nb\"", "title eq \"\x00\"",
		"\x00", "title eq \"\xff\"", "\xfe\xff", "title\x00 pr", "title eq \"\xed\xa0\x80\"", "title pr\r\n", "\ufefftitle pr",
	}
	for _, text := range append(lines(t, "invalid.txt", 300), more...) {
		if n, err := filter.Parse(text, options); err == nil {
			t.Errorf("%.200q was read as %.200v", text, n)
		}
	}
}

// TestPrecedence evaluates the vectors of truth values, and every shape of two operators over three of them.
//
// Conformance: P-3.4.2.2-04
func TestPrecedence(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"t or t and f": true, "(t or t) and f": false, "not (t) or t": true, "not (t or t)": false, "f and f or t": true, "t and not (f)": true,
		"not (f) and f": false, "f or t and not (t)": false,
	} {
		if got := truthOf(t, text); got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
	and, or := func(a, b bool) bool { return a && b }, func(a, b bool) bool { return a || b }
	word := map[bool]string{true: "t", false: "f"}
	for bits := range 8 {
		a, b, c := bits&1 > 0, bits&2 > 0, bits&4 > 0
		for text, want := range map[string]bool{
			"a and b or c": or(and(a, b), c), "a or b and c": or(a, and(b, c)), "a and b and c": a && b && c, "a or b or c": a || b || c,
			"(a or b) and c": and(or(a, b), c), "a and (b or c)": and(a, or(b, c)), "not (a) and b or c": or(and(!a, b), c), "not (a and b) or c": or(!and(a, b), c),
			"not (a or b) and c": and(!or(a, b), c), "a or not (b) and c": or(a, and(!b, c)), "a and not (b or c)": and(a, !or(b, c)), "not (not (a)) or b and c": or(a, and(b, c)),
		} {
			spelled := letter.ReplaceAllStringFunc(text, func(name string) string { return word[map[string]bool{"a": a, "b": b, "c": c}[name]] })
			if got := truthOf(t, spelled); got != want {
				t.Errorf("%s is %v, want %v of %s", spelled, got, want, text)
			}
		}
	}
}

var letter = regexp.MustCompile(`\b[abctf]\b`)

// truthOf evaluates a filter of the words t and f.
func truthOf(t *testing.T, text string) bool {
	t.Helper()
	n, err := filter.Parse(letter.ReplaceAllString(text, "$0 pr"), options)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return evaluated(n)
}

func evaluated(n filter.Node) bool {
	switch n := n.(type) {
	case filter.And:
		return evaluated(n.Left) && evaluated(n.Right)
	case filter.Or:
		return evaluated(n.Left) || evaluated(n.Right)
	case filter.Not:
		return !evaluated(n.Of)
	case filter.Compare:
		return n.Attr.Name == "t"
	default:
		return false
	}
}
