package filter_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/filter"
)

const (
	user       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

var options = filter.Options{URNs: []string{user, enterprise}}

func ExampleParse() {
	n, _ := filter.Parse(`userName EQ "ines" or  emails[type eq "work"]`, filter.Options{})
	fmt.Println(n)
	// Output: userName eq "ines" or emails[type eq "work"]
}

func TestTreesOfFilters(t *testing.T) {
	t.Parallel()
	a := func(name string) filter.Node { return filter.Compare{Attr: filter.Attr{Name: name}, Op: filter.Pr} }
	for text, want := range map[string]filter.Node{
		`a pr or b pr and c pr`:         filter.Or{Left: a("a"), Right: filter.And{Left: a("b"), Right: a("c")}},
		`(a pr or b pr) and c pr`:       filter.And{Left: filter.Or{Left: a("a"), Right: a("b")}, Right: a("c")},
		`not (a pr) and b pr`:           filter.And{Left: filter.Not{Of: a("a")}, Right: a("b")},
		`not(a pr or b pr)`:             filter.Not{Of: filter.Or{Left: a("a"), Right: a("b")}},
		`notes pr and android pr`:       filter.And{Left: a("notes"), Right: a("android")},
		`  userName  Eq  "b\"\u00e9"  `: filter.Compare{Attr: filter.Attr{Name: "userName"}, Op: filter.Eq, Value: filter.Value{Kind: filter.String, Text: `b"é`}},
		`userName eq"x"`:                filter.Compare{Attr: filter.Attr{Name: "userName"}, Op: filter.Eq, Value: filter.Value{Kind: filter.String, Text: "x"}},
		`active eq TRUE`:                filter.Compare{Attr: filter.Attr{Name: "active"}, Op: filter.Eq, Value: filter.Value{Kind: filter.Bool, Text: "true"}},
		`a gt 9007199254740993`:         filter.Compare{Attr: filter.Attr{Name: "a"}, Op: filter.Gt, Value: filter.Value{Kind: filter.Number, Text: "9007199254740993"}},
		strings.ToUpper(enterprise) + `:manager.value eq "m"`: filter.Compare{
			Attr: filter.Attr{URN: enterprise, Name: "manager", Sub: "value"}, Op: filter.Eq, Value: filter.Value{Kind: filter.String, Text: "m"},
		},
		`emails[type eq "work"].value eq "x"`: filter.Each{Attr: filter.Attr{Name: "emails"}, Where: filter.And{
			Left:  filter.Compare{Attr: filter.Attr{Name: "type"}, Op: filter.Eq, Value: filter.Value{Kind: filter.String, Text: "work"}},
			Right: filter.Compare{Attr: filter.Attr{Name: "value"}, Op: filter.Eq, Value: filter.Value{Kind: filter.String, Text: "x"}},
		}},
	} {
		got, err := filter.Parse(text, options)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %v, %v\nwant %v", text, got, err, want)
		}
	}
}

func TestWhatIsNoFilterIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, ` `, `meta.resourceType eq User`, `displayName sw 'Group'`, `emails[x[y eq 1]]`, `userName regex "x"`, `userName eq`, `eq "x"`,
		`userName eq "x" and`, `(userName pr`, `userName pr)`, `not userName pr`, `a pr b pr`, `a pr and or b pr`, `emails[]`,
		`emails[type eq "work"`, `urn:x:y:foo eq "a"`, `userName eq "a" xor b pr`, `userName eq {}`, `a..b pr`, `.a pr`, "a\tpr", "a pr\n",
		`a eq "\ud800"`, `a eq "\u0000"`, `a eq "x`, `a eq 01`, `a eq +1`, `a eq nan`, `1a pr`, `a eq "x"y`, `a.b.c pr`, `a eq [1]`,
		strings.Repeat("(", 10_000), strings.Repeat("(", 40) + "a pr" + strings.Repeat(")", 40),
		strings.Repeat("a pr and ", 64) + "a pr", "a eq \"" + strings.Repeat("x", filter.MaxBytes) + "\"", "a eq \"\xff\"",
	} {
		if n, err := filter.Parse(text, options); err == nil {
			t.Errorf("%.60q was read as %v", text, n)
		} else if fault := new(filter.SyntaxError); !errors.As(err, &fault) || fault.Reason == "" || fault.Pos > len(text) {
			t.Errorf("%.60q got %v", text, err)
		}
	}
}

func TestABareWordIsAStringWhereAllowed(t *testing.T) {
	t.Parallel()
	got, err := filter.Parse(`externalId eq mnovak`, filter.Options{AllowBare: true})
	want := filter.Compare{Attr: filter.Attr{Name: "externalId"}, Op: filter.Eq, Value: filter.Value{Kind: filter.String, Text: "mnovak"}}
	if err != nil || got != want {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	work := filter.Compare{Attr: filter.Attr{Name: "type"}, Op: filter.Eq, Value: filter.Value{Kind: filter.String, Text: "work"}}
	for text, want := range map[string]filter.Path{
		`members`:                             {Attr: filter.Attr{Name: "members"}},
		`name.familyName`:                     {Attr: filter.Attr{Name: "name", Sub: "familyName"}},
		`emails[type eq "work"]`:              {Attr: filter.Attr{Name: "emails"}, Where: work},
		`emails[type eq "work"].value`:        {Attr: filter.Attr{Name: "emails"}, Where: work, Sub: "value"},
		enterprise:                            {Attr: filter.Attr{URN: enterprise}},
		enterprise + `:manager.displayName`:   {Attr: filter.Attr{URN: enterprise, Name: "manager", Sub: "displayName"}},
		user + `:emails[type eq "work"].$ref`: {Attr: filter.Attr{URN: user, Name: "emails"}, Where: work, Sub: "$ref"},
	} {
		if got, err := filter.ParsePath(text, options); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", text, got, err, want)
		}
	}
	for text, inside := range map[string]bool{``: false, `a b`: false, `a[`: true, `a[b eq 1`: true, `a[b eq 1]c`: false, `a[b xx 1]`: true, `urn:x:y`: false, `a.`: false} {
		_, err := filter.ParsePath(text, options)
		if fault := new(filter.SyntaxError); !errors.As(err, &fault) || fault.Inside != inside {
			t.Errorf("%q got %v, want a fault inside the brackets: %v", text, err, inside)
		}
	}
}

func TestEqualitiesOfAnElement(t *testing.T) {
	t.Parallel()
	pure, err := filter.Parse(`type eq "work" and primary eq true`, options)
	if err != nil {
		t.Fatal(err)
	}
	if found, ok := filter.Equalities(pure); !ok || len(found) != 2 || found[1].Attr.Name != "primary" {
		t.Errorf("got %v, %v", found, ok)
	}
	mixed, err := filter.Parse(`type eq "work" or primary eq true`, options)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := filter.Equalities(mixed); ok {
		t.Error("an or has no equalities")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`userName eq "a"`, `not (a pr) or b[c eq 1 and d co "x"].e sw "y"`, `a eq "\\\"\n"`, enterprise + `:manager pr`, `((a pr))`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := filter.Parse(text, options)
		if err != nil {
			return
		}
		again, err := filter.Parse(n.String(), options)
		if err != nil && len(n.String()) <= filter.MaxBytes {
			t.Fatalf("%q printed as %q, which is no filter: %v", text, n, err)
		}
		if err == nil && !reflect.DeepEqual(again, n) {
			t.Fatalf("%q read as %v, printed and read as %v", text, n, again)
		}
	})
}

func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{`a`, `a.b`, `a[b eq "c"].d`, enterprise, enterprise + `:a`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := filter.ParsePath(text, options)
		if err != nil {
			return
		}
		if path.Attr.Name == "" && path.Attr.URN == "" {
			t.Fatalf("%q names nothing", text)
		}
		printed := strings.TrimSuffix(path.Attr.String(), ":")
		if path.Where != nil {
			printed += "[" + path.Where.String() + "]"
		}
		if path.Sub != "" {
			printed += "." + path.Sub
		}
		if again, err := filter.ParsePath(printed, options); len(printed) <= filter.MaxBytes && (err != nil || !reflect.DeepEqual(again, path)) {
			t.Fatalf("%q was read as %v, printed as %q, and read again as %v, %v", text, path, printed, again, err)
		}
	})
}

// FuzzStrings reads JSON strings as the standard library does, but for NUL and lone surrogates, which it refuses.
func FuzzStrings(f *testing.F) {
	for _, seed := range []string{``, `a`, `\"\\\/\b\f\n\r\t`, `\u00e9\ud83d\ude00`, `\ud800`, `\u0000`, "\t", `\x`, `\`, `é`, `a\`, `\u00`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, inside string) {
		literal := `"` + inside + `"`
		var want string
		valid := json.Unmarshal([]byte(literal), &want) == nil && utf8.ValidString(literal)
		n, err := filter.Parse("a eq "+literal, options)
		got, isCompare := n.(filter.Compare)
		switch {
		case err == nil && (!valid || !isCompare || got.Value != filter.Value{Kind: filter.String, Text: want}):
			t.Fatalf("%q was read as %v, the library reads %q, %v", literal, n, want, valid)
		case err != nil && valid && !strings.ContainsAny(want, "\x00\uFFFD") && len(literal) < filter.MaxBytes-10:
			t.Fatalf("%q was refused: %v", literal, err)
		}
	})
}
