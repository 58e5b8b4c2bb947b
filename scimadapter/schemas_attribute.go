package scimadapter

import (
	"slices"
	"strings"
)

// checkSchemas looks at the schemas that a body says it has (RFC 7643 section 3). What nobody knows is dropped, because
// providers name schemas of their own; a schema of another type of resource is a mistake that would lose what it is about.
// Strictly, the body names the schema of its type.
func (m manners) checkSchemas(t *resourceType, body object) error {
	given, _ := body.get(attrSchemas)
	urns, err := urnsIn(given)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, urn := range urns {
		key := strings.ToLower(urn)
		switch {
		case seen[key]:
			return errInvalidSyntax.At(attrSchemas).Sayf("schemas has %s twice", quoted(urn))
		case t.urnOf(urn) == "" && ofAnother(t, urn):
			return errInvalidSyntax.At(attrSchemas).Sayf("%s is no schema of a %s", quoted(urn), t.Name)
		}
		seen[key] = true
	}
	if m.strict && !seen[strings.ToLower(t.Core.URN)] {
		return errInvalidSyntax.At(attrSchemas).Sayf("schemas names %s", t.Core.URN)
	}
	return nil
}

// urnsIn reads a list of URNs, or one alone.
func urnsIn(value any) ([]string, error) {
	if value == nil {
		return nil, nil
	}
	all, isList := value.([]any)
	if !isList {
		all = []any{value}
	}
	urns := make([]string, len(all))
	for i, one := range all {
		urn, ok := one.(string)
		if !ok {
			return nil, errInvalidSyntax.At(attrSchemas).Sayf("schemas is a list of URNs")
		}
		urns[i] = urn
	}
	return urns, nil
}

// urnOf is the URN as the type spells it, or nothing when it has no such schema.
func (t *resourceType) urnOf(urn string) string {
	if sameName(t.Core.URN, urn) {
		return t.Core.URN
	}
	if s := t.extension(urn); s != nil {
		return s.URN
	}
	return ""
}

func ofAnother(t *resourceType, urn string) bool {
	return slices.ContainsFunc(resourceTypes, func(other *resourceType) bool { return other.Name != t.Name && other.urnOf(urn) != "" })
}

// applySchemas works on the schemas of a resource: an extension that is taken away goes with its data; one that is added has
// nothing until it has attributes.
func (m manners) applySchemas(t *resourceType, doc object, op operation) error {
	if op.value == nil {
		if op.op == opAdd {
			return errInvalidValue.At(attrSchemas).Sayf("add needs a value")
		}
		return errMutability.At(attrSchemas).Sayf("schemas is required and cannot be removed")
	}
	urns, err := urnsIn(op.value)
	if err != nil {
		return errInvalidValue.At(attrSchemas).Sayf("schemas is a list of URNs")
	}
	names := func(urn string) bool {
		return slices.ContainsFunc(urns, func(one string) bool { return sameName(one, urn) })
	}
	switch base := names(t.Core.URN); {
	case op.op == opAdd:
		return nil
	case base == (op.op == opRemove):
		return errMutability.At(attrSchemas).Sayf("a %s is nothing without the schema %s", t.Name, t.Core.URN)
	}
	for name := range doc {
		if !isURN(name) || names(name) != (op.op == opRemove) {
			continue
		}
		if s := t.extension(name); s != nil && s.Required {
			return errMutability.At(attrSchemas).Sayf("the extension %s is required and cannot be removed", s.URN)
		}
		delete(doc, name)
	}
	return nil
}
