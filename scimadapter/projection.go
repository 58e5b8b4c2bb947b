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

// cut takes out of a rendered resource what is not wanted. What is always returned stays.
func (p projection) cut(t *resourceType, body []byte) ([]byte, error) {
	if !p.asked() {
		return body, nil
	}
	o, err := readObject(body)
	if err != nil {
		return nil, err
	}
	if len(p.only) > 0 {
		kept := object{attrSchemas: o[attrSchemas], "id": o["id"]}
		for _, name := range p.only {
			keep(t, o, kept, name)
		}
		return json.Marshal(kept)
	}
	for _, name := range p.without {
		drop(t, o, name)
	}
	return json.Marshal(o)
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

func keep(t *resourceType, from, into object, name string) {
	urn, attr, sub, ok := named(t, name)
	if !ok {
		return
	}
	if urn != "" {
		container, _ := from[urn].(object)
		if container == nil {
			return
		}
		if attr == "" {
			into[urn] = container
			return
		}
		kept, _ := into[urn].(object)
		if kept == nil {
			kept = object{}
		}
		keepPart(container, kept, attr, sub)
		into.put(urn, kept)
		return
	}
	keepPart(from, into, attr, sub)
}

func keepPart(from, into object, attr, sub string) {
	value, there := from[attr]
	switch {
	case !there:
	case sub == "":
		into[attr] = value
	default:
		into[attr] = partsOf(value, into[attr], sub)
	}
}

// partsOf keeps one more part of a complex value or of each element of a list.
func partsOf(value, kept any, sub string) any {
	switch value := value.(type) {
	case object:
		o, _ := kept.(object)
		if o == nil {
			o = object{}
		}
		if part, ok := value[sub]; ok {
			o[sub] = part
		}
		return o
	case []any:
		all, _ := kept.([]any)
		if all == nil {
			all = make([]any, len(value))
		}
		for i := range value {
			all[i] = partsOf(value[i], all[i], sub)
		}
		return all
	default:
		return value
	}
}

func drop(t *resourceType, o object, name string) {
	urn, attr, sub, ok := named(t, name)
	if !ok || attr == "id" || attr == attrSchemas {
		return
	}
	holder := o
	if urn != "" {
		if holder, _ = o[urn].(object); holder == nil {
			return
		}
	}
	switch {
	case attr == "":
		delete(o, urn)
	case sub == "":
		delete(holder, attr)
	default:
		dropPart(holder[attr], sub)
	}
	if urn != "" && attr != "" {
		o.put(urn, holder)
	}
}

func dropPart(value any, sub string) {
	switch value := value.(type) {
	case object:
		delete(value, sub)
	case []any:
		for _, one := range value {
			dropPart(one, sub)
		}
	}
}
