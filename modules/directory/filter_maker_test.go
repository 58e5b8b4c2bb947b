package directory_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

// maker makes people, filters and their spellings from one seed.
type maker struct {
	*rand.Rand

	t     *testing.T
	seen  []string // texts that somebody has
	times []string
}

// made is an attribute that filters are made of.
type made struct {
	path  string
	parts []string // of a list, or of a complex attribute
	kind  string   // text, flag, time, binary
	list  bool
}

func textsMade(prefix string, names ...string) (all []made) {
	for _, name := range names {
		all = append(all, made{path: prefix + name, kind: "text"})
	}
	return all
}

var usual = []string{"value", "display", "type", "primary"}

var commonAttributes = slices.Concat(textsMade("", "id", "externalId", "meta.resourceType", "meta.location", "meta.version", "displayName"), []made{
	{path: "meta.created", kind: "time"}, {path: "meta.lastModified", kind: "time"}, {path: "meta", parts: []string{"version"}},
	{path: "schemas", parts: []string{"value"}, list: true, kind: "text"},
})

var userAttributes = slices.Concat(commonAttributes,
	textsMade("", "userName", "nickName", "profileUrl", "title", "userType", "locale", "name.formatted", "name.familyName", "name.givenName"),
	textsMade(enterprise, "employeeNumber", "department", "manager.value", "manager.displayName", "manager.$ref"),
	[]made{
		{path: "active", kind: "flag"}, {path: "name", parts: []string{"givenName"}}, {path: enterprise + "manager", parts: []string{"value"}},
		{path: "emails", parts: usual, list: true}, {path: "phoneNumbers", parts: usual, list: true}, {path: "photos", parts: usual, list: true},
		{path: "roles", parts: usual, list: true}, {path: "x509Certificates", parts: usual, list: true},
		{path: "addresses", parts: []string{"formatted", "locality", "country", "type", "primary"}, list: true},
		{path: "groups", parts: []string{"value", "display", "type", "$ref"}, list: true},
	}, ownAttributes)

// ownAttributes are those of a schema that the tenant has registered, see crm.
var ownAttributes = slices.Concat(textsMade(own, "region", "code", "page", "badge"), []made{
	{path: own + "vip", kind: "flag"}, {path: own + "quota", kind: "number"}, {path: own + "rate", kind: "number"}, {path: own + "hired", kind: "time"},
	{path: own + "key", kind: "binary"}, {path: own + "tags", parts: []string{"value"}, list: true, kind: "text"},
	{path: own + "sizes", parts: []string{"value"}, list: true, kind: "number"}, {path: own + "desks", parts: []string{"value", "floor", "primary"}, list: true},
})

// numbers are spelled in many ways, and some are alike in all that a float holds.
var numbers = []json.Number{"0", "-0", "1", "1.0", "10e-1", "-1", "1.5", "150E-2", "-2.25", "9007199254740992", "9007199254740993", "1e10", "12345678901234567.1"}

var wholes = []json.Number{"0", "1", "-1", "2", "-17", "9007199254740992", "9007199254740993", "1234567890123456789"}

func (g *maker) number(from []json.Number) json.Number { return from[g.IntN(len(from))] }

var moments = []string{
	"2026-11-23T10:00:00Z", "2026-11-23T12:00:00+02:00", "2026-11-23T10:00:00.000000001Z", "2026-11-23T10:00:00", "1999-12-31T23:59:59-05:00", "2026-11-22T23:30:00-10:30",
}

// ownData makes data of the tenant's own schema, or none.
func (g *maker) ownData() map[string]json.RawMessage {
	data := map[string]any{}
	put := func(name string, value any) {
		if g.IntN(3) > 0 {
			data[name] = value
		}
	}
	if g.IntN(4) > 0 {
		put("region", g.word())
		put("code", g.word())
		put("page", "https://crm.example/"+strings.Repeat("a", g.IntN(3))+[]string{"", "A", "b"}[g.IntN(3)])
		put("badge", fmt.Sprint("B-", g.Uint32()))
		put("vip", g.IntN(2) == 0)
		put("quota", g.number(wholes))
		put("rate", g.number(numbers))
		put("hired", moments[g.IntN(len(moments))])
		put("key", []string{"AAE=", "AAE", "YWJj", "YWJD"}[g.IntN(4)])
		put("tags", []string{g.word(), g.word()}[:1+g.IntN(2)])
		put("sizes", []json.Number{g.number(wholes), g.number(wholes)}[:1+g.IntN(2)])
		var desks []any
		primary := g.IntN(4)
		for i := range g.IntN(3) {
			desk := map[string]any{"value": g.word(), "floor": g.number(wholes)}
			if i == primary || g.IntN(3) == 0 {
				desk["primary"] = i == primary
			}
			desks = append(desks, desk)
		}
		if desks != nil {
			put("desks", desks)
		}
	}
	text, err := json.Marshal(data)
	if err != nil {
		g.t.Fatal(err)
	}
	return map[string]json.RawMessage{crmURN: text}
}

var groupAttributes = slices.Concat(commonAttributes, []made{{path: "members", parts: []string{"value", "display", "type", "$ref"}, list: true}})

// Words that have met trouble before: wildcards, quotes, letters that fold in odd ways, the last characters of Unicode.
var words = []string{
	"a", "b", "ab", "ABC", "abc", "Ada", "ada@b.org", "ADA@B.ORG", "work", "home", "100%", "1_0", `back\slash`, `it's`, `"quoted"`, "é", "E\u0301", "ＷＩＤＥ", "ß", "SS",
	"İstanbul", "ς", "Σ", "\uFFFF", "\U0010FFFF", "😀", " lead", "trail ", "x y", "(b) [c]", "%", "_", "z", "null", "true", "7", "\ud7ff", "\ue000", "tab\tbed", "line\nbroken",
}

func (g *maker) word() string {
	switch g.IntN(12) {
	case 0:
		return words[g.IntN(len(words))] + words[g.IntN(len(words))]
	case 1: // as long as an index key takes, or a little more or less, and alike in the beginning
		return strings.Repeat("long ", 50) + "tail"[:g.IntN(5)] + []string{"é", "x", "😀", ""}[g.IntN(4)] + words[g.IntN(len(words))]
	default:
		return words[g.IntN(len(words))]
	}
}

func (g *maker) maybe() string {
	if g.IntN(3) == 0 {
		return ""
	}
	return g.word()
}

func (g *maker) values(kinds ...string) (all []directory.Value) {
	primary := g.IntN(6)
	for i := range g.IntN(4) {
		all = append(all, directory.Value{Value: g.word(), Display: g.maybe(), Type: kinds[g.IntN(len(kinds))], Primary: i == primary})
	}
	return all
}

func (g *maker) person(i int, others []*directory.User) directory.User {
	u := directory.User{
		UserName: fmt.Sprintf("%s %d", strings.Map(visible, words[g.IntN(len(words))]), i), ExternalID: g.maybe(), Active: g.IntN(4) > 0, DisplayName: strings.TrimSpace(g.maybe()), NickName: g.maybe(),
		Title: g.maybe(), UserType: g.maybe(), Locale: g.maybe(), ProfileURL: g.maybe(), Emails: g.values("work", "home", ""), PhoneNumbers: g.values("work", "Mobile"),
		Photos: g.values("photo", ""), Roles: g.values(""), Certificates: g.values("", "x"),
		Name:       directory.Name{Formatted: g.maybe(), FamilyName: g.maybe(), GivenName: g.maybe()},
		Enterprise: directory.Enterprise{EmployeeNumber: g.maybe(), Department: g.maybe()}, Extra: g.ownData(),
	}
	for i := range g.IntN(3) {
		u.Addresses = append(u.Addresses, directory.Address{Formatted: g.maybe(), Locality: g.word(), Country: "NO", Type: g.maybe(), Primary: i == 1})
	}
	if len(others) > 0 && g.IntN(2) == 0 {
		boss := others[g.IntN(len(others))]
		u.Enterprise.Manager = id.User.Format(boss.ID)
		if g.IntN(2) == 0 {
			u.Enterprise.Manager = strings.ToUpper(boss.UserName)
		}
	} else if g.IntN(3) == 0 {
		u.Enterprise.Manager = "somebody else"
	}
	return u
}

// visible leaves out what no userName can have.
func visible(r rune) rune {
	if r < ' ' || unicode.Is(unicode.Cn, r) {
		return -1
	}
	return r
}

// learn takes note of the texts that filters can look for.
func (g *maker) learn(all []map[string]any) {
	var read func(value any)
	read = func(value any) {
		switch value := value.(type) {
		case string:
			g.seen = append(g.seen, value)
		case []any:
			for _, one := range value {
				read(one)
			}
		case map[string]any:
			for _, name := range sortedNames(value) {
				read(value[name])
			}
		}
	}
	for _, one := range all {
		m, _ := one["meta"].(map[string]any)
		g.times = append(g.times, asText(m["created"]), asText(m["lastModified"]), asText(m["created~"]))
		read(one)
	}
}

func sortedNames(of map[string]any) (names []string) {
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// filter makes a tree of at most so many levels.
func (g *maker) filter(from []made, depth int) test {
	if depth == 0 || g.IntN(3) == 0 {
		return g.comparison(from)
	}
	switch g.IntN(5) {
	case 0, 1:
		return test{is: "and", of: []test{g.filter(from, depth-1), g.filter(from, depth-1)}}
	case 2, 3:
		return test{is: "or", of: []test{g.filter(from, depth-1), g.filter(from, depth-1)}}
	default:
		return test{is: "not", of: []test{g.filter(from, depth-1)}}
	}
}

func (g *maker) comparison(from []made) test {
	a := from[g.IntN(len(from))]
	switch {
	case a.list && g.IntN(2) == 0:
		var inside []made
		for _, part := range a.parts {
			inside = append(inside, made{path: part, kind: kindOf(a.path, part)})
		}
		return test{is: "each", path: a.path, of: []test{g.filter(inside, 2)}}
	case a.parts != nil && (g.IntN(6) == 0 || a.path == "name" || a.path == "meta"):
		if g.IntN(3) == 0 {
			return test{is: []string{"eq", "ne"}[g.IntN(2)], path: a.path}
		}
		return test{is: "pr", path: a.path}
	case a.parts != nil && a.kind != "": // of simple values
		return g.compared(a.path, a.kind)
	case a.parts != nil && a.path != "addresses" && g.IntN(4) == 0:
		return g.compared(a.path, kindOf(a.path, "value"))
	case a.parts != nil:
		part := a.parts[g.IntN(len(a.parts))]
		return g.compared(a.path+"."+part, kindOf(a.path, part))
	default:
		return g.compared(a.path, a.kind)
	}
}

func kindOf(list, part string) string {
	switch {
	case part == "primary":
		return "flag"
	case list == "x509Certificates" && part == "value":
		return "binary"
	case part == "floor" || list == own+"sizes":
		return "number"
	default:
		return "text"
	}
}

var operators = map[string][]string{
	"text": {"eq", "eq", "eq", "ne", "co", "sw", "sw", "ew", "gt", "ge", "lt", "le"}, "flag": {"eq", "ne"},
	"time": {"eq", "ne", "gt", "ge", "lt", "le"}, "number": {"eq", "eq", "ne", "gt", "ge", "lt", "le"}, "binary": {"eq", "ne", "co", "sw", "ew"},
}

func (g *maker) compared(path, kind string) test {
	switch g.IntN(8) {
	case 0:
		return test{is: "pr", path: path}
	case 1:
		return test{is: []string{"eq", "ne"}[g.IntN(2)], path: path}
	}
	f := test{is: operators[kind][g.IntN(len(operators[kind]))], path: path}
	switch kind {
	case "flag":
		f.value = []any{true, false, "True", "false"}[g.IntN(4)]
	case "time":
		f.value = g.times[g.IntN(len(g.times))]
		if path == own+"hired" {
			f.value = moments[g.IntN(len(moments))]
		}
	case "number":
		f.value = g.number(slices.Concat(numbers, wholes))
	default:
		f.value = g.text(path)
	}
	return f
}

// text makes a text to compare with: a piece of what somebody has, often of one that fits the attribute.
func (g *maker) text(path string) string {
	text := g.word()
	if g.IntN(2) == 0 {
		text = g.seen[g.IntN(len(g.seen))]
	}
	if strings.Contains(path, "type") || path == "meta.resourceType" {
		text = []string{"work", "HOME", "user", "User", "Group", "direct", "x", text}[g.IntN(8)]
	}
	if path == "id" || strings.HasSuffix(path, "$ref") || strings.HasSuffix(path, "location") || strings.HasSuffix(path, "groups.value") || strings.HasSuffix(path, "members.value") {
		for range 20 {
			if text = g.seen[g.IntN(len(g.seen))]; strings.Contains(text, "_0") {
				break
			}
		}
	}
	letters := []rune(text)
	from, to := 0, len(letters)
	if g.IntN(3) > 0 && to > 0 {
		from = g.IntN(to)
		to = from + g.IntN(to-from+1)
		if g.IntN(2) == 0 {
			from = 0
		}
	}
	text = string(letters[from:to])
	switch g.IntN(6) {
	case 0:
		return strings.ToUpper(text)
	case 1:
		return text + words[g.IntN(len(words))]
	default:
		return text
	}
}

// sort picks an attribute to sort by.
func (g *maker) sort(from []made) string {
	for {
		a := from[g.IntN(len(from))]
		switch {
		case a.path == "schemas" || a.path == "name" || a.path == "meta" || a.path == own+"tags" || a.path == own+"sizes":
		case a.parts != nil:
			return a.path + "." + a.parts[g.IntN(len(a.parts))]
		default:
			return a.path
		}
	}
}

// spelled spells a name as clients do.
func (g *maker) spelled(path string) string {
	name, urn := path, ""
	if rest, found := strings.CutPrefix(path, enterprise); found {
		name, urn = rest, enterprise
		if strings.HasPrefix(name, "manager") && g.IntN(2) == 0 {
			urn = ""
		}
	} else if rest, found := strings.CutPrefix(path, own); found {
		name, urn = rest, own
	}
	switch g.IntN(4) {
	case 0:
		return strings.ToUpper(urn) + strings.ToUpper(name)
	case 1:
		return strings.ToLower(urn) + strings.ToLower(name)
	default:
		return urn + name
	}
}

// spell writes a filter. Brackets stand where they must, and sometimes where they need not.
func (g *maker) spell(f test, binds int) string {
	blank := func() string { return strings.Repeat(" ", 1+g.IntN(8)/7) }
	word := func(text string) string {
		if g.IntN(3) == 0 {
			return strings.ToUpper(text)
		}
		return text
	}
	switch f.is {
	case "and", "or":
		own := map[string]int{"or": 1, "and": 2}[f.is]
		text := g.spell(f.of[0], own) + blank() + word(f.is) + blank() + g.spell(f.of[1], own+1)
		if own < binds || g.IntN(8) == 0 {
			return "(" + text + ")"
		}
		return text
	case "not":
		return word("not") + strings.Repeat(" ", g.IntN(2)) + "(" + g.spell(f.of[0], 0) + ")"
	case "each":
		if both := f.of[0]; both.is == "and" && both.of[1].path != "" && both.of[1].of == nil && g.IntN(2) == 0 {
			return g.spelled(f.path) + "[" + g.spell(both.of[0], 0) + "]." + g.spell(both.of[1], 0)
		}
		return g.spelled(f.path) + "[" + g.spell(f.of[0], 0) + "]"
	case "pr":
		return g.spelled(f.path) + blank() + word("pr")
	default:
		return g.spelled(f.path) + blank() + word(f.is) + blank() + g.quoted(f.value)
	}
}

func (g *maker) quoted(value any) string {
	text, isText := value.(string)
	if !isText || g.IntN(3) > 0 {
		plain, err := json.Marshal(value)
		if err != nil {
			g.t.Fatal(err)
		}
		return string(plain)
	}
	var out strings.Builder
	for _, r := range text {
		if g.IntN(3) > 0 && r >= ' ' && r != '"' && r != '\\' {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04X`, unit)
		}
	}
	return `"` + out.String() + `"`
}
