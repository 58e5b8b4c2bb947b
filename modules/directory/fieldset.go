package directory

import (
	"slices"
	"strings"

	"github.com/usherhq/usher/internal/filter"
)

// fieldSet finds what filters and sorts name: the fields of one type of resource, by URN and path, without case. A tenant's own
// attributes are added by with.
type fieldSet struct {
	core       string
	fields     []field
	attributes map[string]*attribute // by attributeKey

	waiting map[string]bool // URNs of schemas by which people are not findable yet
	unshown map[string]bool // attributes that nobody is shown, by attributeKey
}

// attribute is what a name without a part means: a simple attribute, or a complex one with its parts.
type attribute struct {
	name   string // in SCIM's spelling
	urn    string // of the extension; empty for the core schema
	many   bool
	simple *field   // nil of a complex one
	parts  []*field // of a complex one
}

// newFieldSet makes a set of the fields of a type whose core schema has the URN.
func newFieldSet(core string, lists ...[]field) *fieldSet {
	s := &fieldSet{core: core, fields: slices.Concat(lists...), attributes: map[string]*attribute{}}
	for i := range s.fields {
		s.add(&s.fields[i])
	}
	return s
}

// with returns the set with more fields: attributes of extensions, each with its URN and with numbers from numbersOfOwn on.
// Parts of one complex attribute stand side by side.
func (s *fieldSet) with(own []field) *fieldSet { return newFieldSet(s.core, s.fields, own) }

func (s *fieldSet) add(f *field) {
	name, part, isPart := strings.Cut(f.path, ".")
	key := attributeKey(f.urn, name)
	a := s.attributes[key]
	if a == nil {
		a = &attribute{name: name, urn: f.urn, many: f.many}
		s.attributes[key] = a
	}
	if !isPart || part == "" {
		a.simple = f
		return
	}
	a.parts = append(a.parts, f)
}

// is tells whether a field is that one of the core schema, and not one of an extension that is called the same.
func (f *field) is(path string) bool { return f.path == path && f.urn == "" }

// ready refuses with ErrSchemaIndexing a field by which not everybody is found yet.
func (s *fieldSet) ready(a *attribute) error {
	if s.waiting[a.urn] || len(s.waiting) > 0 && a.simple != nil && a.simple.is(pathSchemas) {
		return ErrSchemaIndexing
	}
	return nil
}

func attributeKey(urn, name string) string { return strings.ToLower(urn + ":" + name) }

// bareName is the one attribute of an extension that may be named without its URN: Entra asks for "manager eq …".
const bareName = "manager"

// find returns the attribute of a name, whatever its part, or nil. The URN of the core schema may be left out; attributes of
// extensions are known by their URN alone.
func (s *fieldSet) find(named filter.Attr) *attribute {
	urn := named.URN
	if strings.EqualFold(urn, s.core) {
		urn = ""
	}
	if found := s.attributes[attributeKey(urn, named.Name)]; found != nil {
		return found
	}
	if urn == "" && strings.EqualFold(named.Name, bareName) {
		return s.attributes[attributeKey(EnterpriseURN, bareName)]
	}
	return nil
}

// part returns the part of a complex attribute, or nil. A simple attribute has none, though within brackets "value" stands for
// an element of a simple list.
func (a *attribute) part(name string) *field {
	for _, f := range a.parts {
		if strings.EqualFold(f.path[len(a.name)+1:], name) {
			return f
		}
	}
	if a.simple != nil && a.many && strings.EqualFold(name, "value") {
		return a.simple
	}
	return nil
}

// field returns the simple field that a name means, or nil: the attribute itself, its part, or the value of a complex attribute
// that has one, because the examples of RFC 7644 say emails for emails.value.
func (s *fieldSet) field(named filter.Attr) *field {
	a := s.find(named)
	switch {
	case a == nil:
		return nil
	case named.Sub != "" && a.simple == nil:
		return a.part(named.Sub)
	case named.Sub != "":
		return nil
	case a.simple != nil:
		return a.simple
	default:
		return a.part("value")
	}
}
