package scimadapter

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/usherhq/usher/internal/filter"
)

const maxProjected = 200

// projection says which attributes a client wants (RFC 7644 section 3.9). Its zero value wants what is returned by default.
type projection struct {
	only    []string // attributes
	without []string // excludedAttributes
	wrote   []string // what the request has written, which is shown though it is returned on request only
}

func (e *exchange) projection() (projection, error) {
	query := e.r.URL.Query()
	return newProjection(query["attributes"], query["excludedAttributes"])
}

func newProjection(attributes, excluded []string) (projection, error) {
	p := projection{only: namesIn(attributes), without: namesIn(excluded)}
	switch {
	case len(p.only) > 0 && len(p.without) > 0:
		return p, errInvalidValue.At("attributes").Sayf("ask with attributes or with excludedAttributes, not with both")
	case len(p.only)+len(p.without) > maxProjected:
		return p, errInvalidValue.At("attributes").Sayf("name at most %d attributes", maxProjected)
	}
	return p, nil
}

func namesIn(values []string) []string {
	var names []string
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

func (p projection) asked() bool { return len(p.only)+len(p.without) > 0 }

// wants tells whether an attribute of the core is in the answer, so that what costs a query can be left out.
func (p projection) wants(name string) bool {
	is := func(asked string) bool {
		asked = asked[strings.LastIndexByte(asked, ':')+1:]
		whole, _, part := strings.Cut(asked, ".")
		return strings.EqualFold(whole, name) && (len(p.only) > 0 || !part)
	}
	if len(p.only) > 0 {
		return slices.ContainsFunc(p.only, is)
	}
	return !slices.ContainsFunc(p.without, is)
}

// cuts tells whether there may be something to cut.
func (p projection) cuts(t *resourceType) bool { return p.asked() || t.special }

// cut takes out of a rendered resource what is not returned, or not wanted (RFC 7643 section 7): what is returned always stays
// whatever was asked, what is returned never goes, and what is returned on request has to be named.
func (p projection) cut(t *resourceType, body []byte) ([]byte, error) {
	if !p.cuts(t) {
		return body, nil
	}
	o, err := readObject(body)
	if err != nil {
		return nil, err
	}
	c := cutter{only: len(p.only) > 0, named: namedIn(t, p.only, p.without), wrote: namedIn(t, p.wrote)}
	c.cut("", common, o)
	c.cut("", t.Core.Attributes, o)
	for _, s := range t.Extensions {
		if container, ok := o[s.URN].(object); ok {
			c.cut(s.URN, s.Attributes, container)
			o.put(s.URN, container)
		}
	}
	o.keepSchemas(t)
	return json.Marshal(o)
}

// keepSchemas lets a resource name the schemas of what it has, and no others (RFC 7643 section 3).
func (o object) keepSchemas(t *resourceType) {
	all, _ := o[attrSchemas].([]any)
	o[attrSchemas] = slices.DeleteFunc(slices.Clone(all), func(one any) bool {
		urn, _ := one.(string)
		_, has := o[urn]
		return !has && t.extension(urn) != nil
	})
}

// cutter takes out of a resource what is not to be seen.
type cutter struct {
	only  bool // what is not named goes; otherwise, what is named goes
	named namedSet
	wrote namedSet
}

// namedSet are attributes that a client names, by their places in the table: whole, or some of their parts.
type namedSet map[namedPlace]map[string]bool

type namedPlace struct{ urn, attr string } // no attr is an extension as a whole

// whole stands among the parts of what is named without one.
const whole = ""

func namedIn(t *resourceType, lists ...[]string) namedSet {
	set := namedSet{}
	for _, names := range lists {
		for _, name := range names {
			urn, attr, sub, ok := named(t, name)
			if !ok {
				continue
			}
			at := namedPlace{urn: urn, attr: attr}
			if set[at] == nil {
				set[at] = map[string]bool{}
			}
			set[at][sub] = true
		}
	}
	return set
}

// named finds the attribute that a client names.
func named(t *resourceType, name string) (urn, attr, sub string, ok bool) {
	path, err := filter.ParsePath(name, filter.Options{URNs: t.urns()})
	if err != nil || path.Where != nil {
		return "", "", "", false
	}
	attributes := t.Core.Attributes
	if s := t.extension(path.Attr.URN); s != nil {
		urn, attributes = s.URN, s.Attributes
	} else if found := find(common, path.Attr.Name); found != nil {
		return "", found.Name, canonicalSub(found, path.Attr.Sub), true
	}
	if path.Attr.Name == "" {
		return urn, "", "", urn != ""
	}
	found := find(attributes, path.Attr.Name)
	if found == nil {
		return "", "", "", false
	}
	return urn, found.Name, canonicalSub(found, path.Attr.Sub), true
}

func canonicalSub(a *attribute, name string) string {
	if sub := find(a.SubAttributes, name); sub != nil {
		return sub.Name
	}
	return name
}

// asks tells which parts of an attribute are named; of one whose extension is named, all of it.
func (n namedSet) asks(urn string, a *attribute) map[string]bool {
	if extension := n[namedPlace{urn: urn}]; extension != nil {
		return extension
	}
	return n[namedPlace{urn: urn, attr: a.Name}]
}

func (c cutter) cut(urn string, attributes []*attribute, holder object) {
	for _, a := range attributes {
		value, there := holder[a.Name]
		if !there {
			continue
		}
		parts := c.named.asks(urn, a)
		if !c.shows(a, parts != nil, parts[whole], c.wrote.asks(urn, a) != nil) {
			delete(holder, a.Name)
			continue
		}
		if elements, isList := value.([]any); len(a.SubAttributes) > 0 && (!isList || len(elements) > 0) {
			holder.keepPart(a.Name, c.cutParts(a, value, parts, c.wrote.asks(urn, a)))
		}
	}
}

// shows tells whether an attribute is returned: named is whether it, or a part of it, was asked for.
func (c cutter) shows(a *attribute, named, wholly, wrote bool) bool {
	switch a.Returned {
	case returnedAlways:
		return true
	case returnedNever:
		return false
	case returnedRequest:
		return c.only && named || !c.only && wrote && !wholly
	default:
		return c.only && named || !c.only && !wholly
	}
}

// cutParts cuts the parts of a complex value, or of each element of a list.
func (c cutter) cutParts(a *attribute, value any, asked, wrote map[string]bool) any {
	switch value := value.(type) {
	case object:
		for _, sub := range a.SubAttributes {
			if !c.showsPart(sub, asked, wrote) {
				delete(value, sub.Name)
			}
		}
		return value
	case []any:
		return slices.DeleteFunc(value, func(element any) bool {
			parts, isObject := c.cutParts(a, element, asked, wrote).(object)
			return isObject && len(parts) == 0
		})
	default:
		return value
	}
}

func (c cutter) showsPart(sub *attribute, asked, wrote map[string]bool) bool {
	switch {
	case (c.only && asked[whole] || !c.only && wrote[whole]) && sub.Returned != returnedNever:
		return true // the attribute was named as a whole
	case c.only && asked == nil && sub.Returned == returnedDefault:
		return true // it is here for another reason than its name
	default:
		return c.shows(sub, asked[sub.Name], asked[sub.Name], wrote[sub.Name])
	}
}

// keepPart sets a value, or removes it when nothing of it is left.
func (o object) keepPart(name string, value any) {
	switch value := value.(type) {
	case object:
		o.put(name, value)
	case []any:
		if len(value) == 0 {
			delete(o, name)
			return
		}
		o[name] = value
	default:
		o[name] = value
	}
}
