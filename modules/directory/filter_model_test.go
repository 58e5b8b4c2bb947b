package directory_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

// What a filter means, said once more over plain Go values: a resource is the JSON object that a provider would read. It knows
// nothing of the database, of the parser, and of how the directory keeps what it knows.

// A test is a filter as a tree.
type test struct {
	is    string // and, or, not, each, or the operator of a comparison
	of    []test
	path  string // canonical: "emails.value", or with an extension's URN in front of it; within each, the part alone
	value any    // string, bool or nil for null
}

const (
	enterprise  = directory.EnterpriseURN + ":"
	own         = crmURN + ":" // of the tenant's own schema
	sortableKey = 256          // lists are sorted by so much of a value
)

// exact are the attributes whose case counts; dates are compared as instants.
var (
	exact = []string{
		"id", "externalId", "schemas", "meta.resourceType", "meta.location", "meta.version", "profileUrl", "photos.value", "x509Certificates.value",
		"groups.$ref", "members.$ref", enterprise + "manager.$ref", own + "code", own + "page", own + "key",
	}
	instants = []string{"meta.created", "meta.lastModified", own + "hired"}
)

func folded(text string) string {
	for range 4 {
		text = norm.NFC.String(cases.Lower(language.Und, cases.HandleFinalSigma(false)).String(width.Fold.String(text)))
	}
	return text
}

// step returns the parts of a path: the URN's object, the attribute, the part.
func step(path string) []string {
	var steps []string
	for _, urn := range []string{enterprise, own} {
		if rest, found := strings.CutPrefix(path, urn); found {
			steps, path = append(steps, strings.TrimSuffix(urn, ":")), rest
		}
	}
	return append(steps, strings.Split(path, ".")...)
}

// valuesAt returns the values that a path leads to, through every element of a list. primary is false where it is not there.
func valuesAt(resource any, path string) []any {
	at := []any{resource}
	for _, name := range step(path) {
		var next []any
		for _, one := range at {
			object, _ := one.(map[string]any)
			value := object[name]
			switch {
			case value == nil && name == "primary":
				next = append(next, false)
			case value == nil:
			default:
				if list, isList := value.([]any); isList {
					next = append(next, list...)
				} else {
					next = append(next, value)
				}
			}
		}
		at = next
	}
	return at
}

// present tells whether there is a value that is not empty. Nobody is shown a primary of false.
func present(resource any, path string) bool {
	return slices.ContainsFunc(valuesAt(resource, path), func(value any) bool {
		switch value := value.(type) {
		case string:
			return value != ""
		case map[string]any:
			return len(value) > 0
		case bool:
			return value || !strings.HasSuffix(path, "primary")
		default:
			return true
		}
	})
}

// takes tells whether a filter takes a resource or, within each, an element. Paths within are the attribute's.
func (f test) takes(resource any, within string) bool {
	switch f.is {
	case "and":
		return !slices.ContainsFunc(f.of, func(part test) bool { return !part.takes(resource, within) })
	case "or":
		return slices.ContainsFunc(f.of, func(part test) bool { return part.takes(resource, within) })
	case "not":
		return !f.of[0].takes(resource, within)
	case "each":
		return slices.ContainsFunc(valuesAt(resource, f.path), func(element any) bool {
			if _, isObject := element.(map[string]any); !isObject {
				element = map[string]any{"value": element}
			}
			return f.of[0].takes(element, f.path)
		})
	case "pr":
		return present(resource, f.path)
	}
	if f.value == nil {
		return present(resource, f.path) == (f.is == "ne")
	}
	path, whole := f.path, f.path
	if within != "" {
		whole = within + "." + path
		if within == "schemas" || within == own+"tags" || within == own+"sizes" {
			whole = within
		}
	} else if name := strings.TrimPrefix(strings.TrimPrefix(path, enterprise), own); slices.Contains([]string{"emails", "phoneNumbers", "ims", "photos", "entitlements", "roles", "x509Certificates", "groups", "members", "manager", "desks"}, name) {
		path += ".value"
		whole = path
	}
	values := valuesAt(resource, path)
	if len(values) == 0 {
		return f.is == "ne"
	}
	return slices.ContainsFunc(values, func(value any) bool { return meets(value, f.is, f.value, whole) })
}

func meets(have any, op string, want any, path string) bool {
	if is, isFlag := have.(bool); isFlag {
		wanted := want == true || strings.EqualFold(asText(want), "true")
		return (is == wanted) == (op == "eq")
	}
	if number, isNumber := have.(json.Number); isNumber {
		return holds(asNumber(number).Cmp(asNumber(want)), op)
	}
	a, b := asText(have), asText(want)
	if slices.Contains(instants, path) {
		return holds(asTime(a).Compare(asTime(b)), op)
	}
	if !slices.Contains(exact, path) {
		a, b = folded(a), folded(b)
	}
	switch op {
	case "co":
		return strings.Contains(a, b)
	case "sw":
		return strings.HasPrefix(a, b)
	case "ew":
		return strings.HasSuffix(a, b)
	default:
		return holds(strings.Compare(a, b), op)
	}
}

func holds(compared int, op string) bool {
	return map[string]bool{
		"eq": compared == 0, "ne": compared != 0, "gt": compared > 0, "ge": compared >= 0, "lt": compared < 0, "le": compared <= 0,
	}[op]
}

func asText(value any) string { text, _ := value.(string); return text }

func asNumber(value any) *big.Rat {
	number, ok := new(big.Rat).SetString(fmt.Sprint(value))
	if !ok {
		panic(value)
	}
	return number
}

func asTime(text string) time.Time {
	if len(text) == len("2026-11-23T10:00:00") {
		text += "Z" // UTC, where nothing is said
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return at
}

// sortKey is what a resource is sorted by: the value of the primary element, or of the first one, or none.
func sortKey(resource any, path string) (string, bool) {
	at := resource
	if strings.HasPrefix(path, "meta.") && slices.Contains(instants, path) {
		path += "~" // lists are sorted by all of a time, though less of it is shown
	}
	for _, name := range step(path) {
		object, _ := at.(map[string]any)
		at = object[name]
		if name == "primary" && object != nil && at == nil {
			at = false
		}
		if list, isList := at.([]any); isList {
			first := max(slices.IndexFunc(list, func(one any) bool {
				element, _ := one.(map[string]any)
				return element["primary"] == true
			}), 0)
			at = list[first]
		}
	}
	switch value := at.(type) {
	case string:
		if value == "" {
			return "", false
		}
		if path == own+"hired" {
			return asTime(value).UTC().Format("2006-01-02T15:04:05.000000000"), true
		}
		if !slices.Contains(exact, path) && !strings.HasSuffix(path, "~") {
			value = folded(value)
		}
		for size := sortableKey; len(value) > sortableKey && path != "externalId"; size-- { // which is bounded itself
			if strings.ToValidUTF8(value[:size], "") == value[:size] {
				value = value[:size]
			}
		}
		return value, true
	case bool:
		return map[bool]string{true: "true", false: "false"}[value], true
	case json.Number: // as decimals of one length, all of them positive
		return fmt.Sprintf("%080s", new(big.Rat).Add(asNumber(value), big.NewRat(1<<62, 1)).FloatString(40)), true
	default:
		return "", false
	}
}

// ordered sorts resources by an attribute: those without a value last, equal ones by their ids, descending turned around.
func ordered(all []map[string]any, path string, descending bool) []string {
	ids := func(one map[string]any) string { return asText(one["id"])[4:] } // the prefix is no part of the order
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b map[string]any) int {
		keyA, hasA := sortKey(a, path)
		keyB, hasB := sortKey(b, path)
		switch {
		case hasA && !hasB:
			return -1
		case hasB && !hasA:
			return 1
		}
		return cmp.Or(strings.Compare(keyA, keyB), strings.Compare(ids(a), ids(b)))
	})
	if descending {
		slices.Reverse(sorted)
	}
	names := make([]string, len(sorted))
	for i, one := range sorted {
		names[i] = asText(one["id"])
	}
	return names
}

const address = "https://usher.example/scim/v2"

// asRead makes of people and groups what a provider would read.
func (w *world) asRead(people []*directory.User, groups []*directory.Group, members map[id.ID][]directory.Member) (users, sets []map[string]any) {
	w.t.Helper()
	in := map[id.ID][]any{}
	for _, g := range groups {
		name := id.Group.Format(g.ID)
		o := map[string]any{
			"schemas": []any{directory.GroupURN}, "id": name, "displayName": g.DisplayName, "meta": meta("Group", name, g.CreatedAt, g.UpdatedAt, g.Version),
		}
		if g.ExternalID != "" {
			o["externalId"] = g.ExternalID
		}
		var inside []any
		for _, m := range members[g.ID] {
			kind, of := id.User, "User"
			if m.IsGroup {
				kind, of = id.Group, "Group"
			}
			inside = append(inside, map[string]any{
				"value": kind.Format(m.ID), "$ref": address + "/" + of + "s/" + kind.Format(m.ID), "type": of, "display": m.Display,
			})
			in[m.ID] = append(in[m.ID], map[string]any{"value": name, "$ref": address + "/Groups/" + name, "display": g.DisplayName, "type": "direct"})
		}
		if inside != nil {
			o["members"] = inside
		}
		sets = append(sets, o)
	}
	for _, u := range people {
		users = append(users, w.userAsRead(u, in[u.ID], people))
	}
	return users, sets
}

func (w *world) userAsRead(u *directory.User, groups []any, people []*directory.User) map[string]any {
	w.t.Helper()
	text, err := json.Marshal(u)
	if err != nil {
		w.t.Fatal(err)
	}
	reader := json.NewDecoder(bytes.NewReader(text))
	reader.UseNumber()
	var o map[string]any
	if err := reader.Decode(&o); err != nil {
		w.t.Fatal(err)
	}
	name := id.User.Format(u.ID)
	o["id"], o["active"], o["meta"] = name, u.Active, meta("User", name, u.CreatedAt, u.UpdatedAt, u.Version)
	if u.ExternalID != "" {
		o["externalId"] = u.ExternalID
	}
	schemas := []any{directory.UserURN}
	if extension, ok := o[directory.EnterpriseURN].(map[string]any); ok {
		schemas = append(schemas, directory.EnterpriseURN)
		if manager, ok := extension["manager"].(map[string]any); ok {
			for _, other := range people {
				if asText(manager["value"]) == id.User.Format(other.ID) || folded(asText(manager["value"])) == folded(other.UserName) {
					manager["$ref"] = address + "/Users/" + id.User.Format(other.ID)
					manager["displayName"] = directory.UserRef{UserName: other.UserName, DisplayName: other.DisplayName}.Display()
				}
			}
		}
	}
	if _, ok := o[crmURN]; ok {
		schemas = append(schemas, crmURN)
	}
	o["schemas"] = schemas
	if groups != nil {
		o["groups"] = groups
	}
	return o
}

func meta(of, name string, created, updated time.Time, version int64) map[string]any {
	const form, whole = "2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05.000000Z"
	return map[string]any{
		"resourceType": of, "location": address + "/" + of + "s/" + name, "version": fmt.Sprintf(`W/"%d"`, version),
		"created": created.UTC().Format(form), "lastModified": updated.UTC().Format(form),
		"created~": created.UTC().Format(whole), "lastModified~": updated.UTC().Format(whole),
	}
}

// TestTheModelItself pins the laws that the model stands for, by hand.
func TestTheModelItself(t *testing.T) {
	t.Parallel()
	her := map[string]any{
		"title": "Director", "emails": []any{map[string]any{"value": "work@a", "type": "work"}, map[string]any{"value": "home@b.org", "type": "home"}},
	}
	c := func(path, is string, value any) test { return test{is: is, path: path, value: value} }
	for i, want := range []struct {
		filter test
		takes  bool
	}{
		{c("title", "eq", "DIRECTOR"), true}, {c("nickName", "ne", "x"), true}, {c("nickName", "eq", nil), true}, {c("title", "ne", nil), true},
		{c("nickName", "lt", "x"), false}, {test{is: "not", of: []test{c("nickName", "lt", "x")}}, true}, {c("emails.type", "ne", "work"), true},
		{test{is: "each", path: "emails", of: []test{{is: "and", of: []test{c("type", "eq", "work"), c("value", "ew", "@b.org")}}}}, false},
		{test{is: "and", of: []test{c("emails.type", "eq", "work"), c("emails.value", "ew", "@b.org")}}, true},
		{c("emails.primary", "eq", false), true}, {c("emails.primary", "pr", nil), false}, {c("emails", "co", "b.ORG"), true},
	} {
		if got := want.filter.takes(her, ""); got != want.takes {
			t.Errorf("filter %d takes her: %v", i, got)
		}
	}
}
