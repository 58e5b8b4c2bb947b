package scimadapter

import (
	"encoding/json"
	"strings"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/modules/directory"
)

// takeOwn reads a simple value of an attribute of the tenant's own. What fits its type is the directory's to say.
func takeOwn(a *attribute, value any) (any, error) {
	if value == nil || value == "" {
		return nil, nil //nolint:nilnil // neither is a value
	}
	if a.Type == typeBoolean {
		return takeBoolean(a, value)
	}
	if why := directory.Type(a.Type).Misfit(value, a.ReferenceTypes); why != "" {
		return nil, errInvalidValue.At(a.Name).Sayf("%s %s", a.Name, why)
	}
	return value, nil
}

// exact tells whether the case of the attribute's texts counts.
func (a *attribute) exact() bool { return a.CaseExact != nil && *a.CaseExact }

// ownLiteral is the value that a filter compares with, as the attribute has it.
func ownLiteral(a *attribute, v filter.Value) any {
	switch directory.Type(a.Type) {
	case directory.TypeBoolean:
		return strings.EqualFold(v.Text, "true")
	case directory.TypeInteger, directory.TypeDecimal:
		return json.Number(v.Text)
	case directory.TypeString, directory.TypeDateTime, directory.TypeReference, directory.TypeBinary, directory.TypeComplex:
	}
	return v.Text
}

// checkOwn refuses a comparison that makes no sense for the type (RFC 7644 section 3.4.2.2).
func checkOwn(a *attribute, n filter.Compare) error {
	refuse := errInvalidFilter.At("path").Sayf
	if n.Op == filter.Pr {
		return nil
	}
	if n.Value.Kind == filter.Null {
		if n.Op == filter.Eq || n.Op == filter.Ne {
			return nil
		}
		return refuse("null is compared with eq and ne alone")
	}
	kind, unordered, untextual := filter.String, false, true
	switch directory.Type(a.Type) {
	case directory.TypeBoolean:
		kind, unordered = filter.Bool, true
	case directory.TypeInteger, directory.TypeDecimal:
		kind = filter.Number
	case directory.TypeDateTime:
	case directory.TypeBinary:
		unordered, untextual = true, false
	case directory.TypeString, directory.TypeReference, directory.TypeComplex:
		untextual = false
	}
	_, fits := directory.Type(a.Type).Key(ownLiteral(a, n.Value), a.exact())
	quotedFlag := a.Type == typeBoolean && (strings.EqualFold(n.Value.Text, "true") || strings.EqualFold(n.Value.Text, "false"))
	switch {
	case unordered && ordered(n.Op), untextual && textual(n.Op):
		return refuse("%s is of type %s and cannot be compared with %s", a.Name, a.Type, n.Op)
	case !fits || n.Value.Kind != kind && !quotedFlag:
		return refuse("%s is of type %s and cannot be compared with %s", a.Name, a.Type, n.Value)
	default:
		return nil
	}
}

// comparesOwn compares as filters on the whole directory do.
func comparesOwn(a *attribute, value any, n filter.Compare) bool {
	have, ok := directory.Type(a.Type).Key(value, a.exact())
	want, alsoOK := directory.Type(a.Type).Key(ownLiteral(a, n.Value), a.exact())
	return ok && alsoOK && compareTexts(have, want, n.Op)
}

// keepFixed is what PUT leaves of the tenant's own attributes though the body does not have them (RFC 7644 section 3.5.1): what
// cannot be changed, and what the client cannot know because it is never shown. Who says expressly that a fixed attribute has
// no value is told that it cannot be changed.
func keepFixed(t *resourceType, was, now, body object) error {
	for _, s := range t.Extensions {
		before, _ := was[s.URN].(object)
		after, _ := now[s.URN].(object)
		given, _ := body.get(s.URN)
		said, _ := given.(object)
		kept := after.copied()
		for _, a := range s.Attributes {
			if !a.own || before[a.Name] == nil || after[a.Name] != nil || a.Mutability != immutable && a.Mutability != writeOnly {
				continue
			}
			switch _, expressly := said.get(a.Name); {
			case !expressly:
				kept[a.Name] = before[a.Name]
			case a.Mutability == immutable:
				return errMutability.At(a.Name).Sayf("%s cannot be changed once it has a value", a.Name)
			}
		}
		if len(before) > 0 {
			now.put(s.URN, kept)
		}
	}
	return nil
}
