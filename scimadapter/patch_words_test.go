package scimadapter_test

import (
	"maps"
	"slices"
	"strings"
)

// modelAttr is an attribute of the model. Its marks: c a country, r required, o readOnly, w writeOnly, m multi-valued, b boolean, e exact in its
// case, u an address on the web, s the schemas.
type modelAttr struct {
	name, marks string
	parts       []modelAttr
}

func (a *modelAttr) is(mark string) bool { return a != nil && strings.Contains(a.marks, mark) }

func (a *modelAttr) part(name string) *modelAttr {
	if a == nil {
		return nil
	}
	return attrIn(a.parts, name)
}

func attrIn(all []modelAttr, name string) *modelAttr {
	for i := range all {
		if strings.EqualFold(all[i].name, name) {
			return &all[i]
		}
	}
	return nil
}

func simple(marks string, names ...string) (all []modelAttr) {
	for _, name := range names {
		all = append(all, modelAttr{name: name, marks: marks})
	}
	return all
}

func plural(name, valueMarks string) modelAttr {
	return modelAttr{name, "m", slices.Concat(simple(valueMarks, "value"), simple("", "display", "type"), simple("b", "primary"))}
}

var modelUser = slices.Concat(
	simple("", "displayName", "nickName", "title"), simple("r", "userName"), simple("e", "externalId"), simple("b", "active"), simple("w", "password"),
	simple("u", "profileUrl"), simple("o", "id"), simple("s", "schemas"),
	[]modelAttr{
		{"meta", "o", simple("o", "created", "version")}, {"groups", "om", simple("o", "value", "type")}, {"name", "", simple("", "givenName", "familyName", "formatted")},
		plural("emails", ""), plural("phoneNumbers", ""), plural("roles", ""), plural("photos", "eu"),
		{"addresses", "m", slices.Concat(simple("", "streetAddress"), simple("c", "country"), simple("", "type"), simple("b", "primary"))},
	},
)

var modelEnterprise = slices.Concat(simple("", "department", "costCenter"), []modelAttr{{"manager", "", slices.Concat(simple("", "value", "$ref"), simple("o", "displayName"))}})

// modelPath is what a path means. broken is the keyword that a text gets which means nothing.
type modelPath struct {
	broken, urn, attr, sub string
	where                  *modelFilter
	written                string // how it is sent
}

// modelFilter is a filter: and, or and not over comparisons.
type modelFilter struct {
	word  string // and, or, not, or the operator of a comparison
	parts []*modelFilter
	sub   string
	value any // string, bool, nil or json.Number
}

// modelOp is an operation. members are those of a value without a path.
type modelOp struct {
	op      string
	path    *modelPath // nil for none
	value   any
	has     bool
	members []modelMember
}

type modelMember struct {
	key   string
	path  modelPath
	value any
}

// takes tells whether a filter takes an element.
func (f *modelFilter) takes(a *modelAttr, e doc) bool {
	switch f.word {
	case "and":
		return f.parts[0].takes(a, e) && f.parts[1].takes(a, e)
	case "or":
		return f.parts[0].takes(a, e) || f.parts[1].takes(a, e)
	case "not":
		return !f.parts[0].takes(a, e)
	}
	sub := a.part(f.sub)
	have, want := sub.shown(e[sub.name]), sub.shown(f.value)
	if have == nil && sub.is("b") && want != nil {
		have = false
	}
	is, _ := have.(string)
	word, isText := want.(string)
	switch f.word {
	case "pr":
		return e[sub.name] != nil
	case "eq", "ne":
		return (have == want || sub.is("b") && isText && (have == true) == (word == "true")) == (f.word == "eq")
	case "co":
		return have != nil && strings.Contains(is, word)
	case "sw":
		return have != nil && strings.HasPrefix(is, word)
	case "gt":
		return have != nil && is > word
	default:
		return have != nil && is <= word
	}
}

// fits tells whether a filter compares what there is with what it can be compared with.
func (f *modelFilter) fits(a *modelAttr) bool {
	if f.parts != nil {
		return !slices.ContainsFunc(f.parts, func(part *modelFilter) bool { return !part.fits(a) })
	}
	sub := a.part(f.sub)
	word, isText := f.value.(string)
	equality := f.word == "eq" || f.word == "ne"
	switch _, isFlag := f.value.(bool); {
	case sub == nil || f.value == nil:
		return sub != nil && (equality || f.word == "pr")
	case sub.is("b"):
		return equality && (isFlag || strings.EqualFold(word, "true") || strings.EqualFold(word, "false"))
	}
	return isText
}

// equalities are the parts that a filter fixes, and whether it does nothing else.
func (f *modelFilter) equalities(a *modelAttr) (fixed doc, plain bool) {
	fixed, plain = doc{}, f.word == "eq"
	switch sub := a.part(f.sub); {
	case f.word == "and":
		left, leftPlain := f.parts[0].equalities(a)
		right, rightPlain := f.parts[1].equalities(a)
		maps.Copy(fixed, left)
		maps.Copy(fixed, right)
		return fixed, leftPlain && rightPlain
	case plain && f.value != nil && sub.is("b"):
		fixed[sub.name] = f.value == true || strings.EqualFold(text(f.value), `"true"`)
	case plain && f.value != nil:
		fixed[sub.name] = f.value
	}
	return fixed, plain
}
