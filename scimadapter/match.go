package scimadapter

import (
	"strings"

	"github.com/usherhq/usher/internal/filter"
)

// checkWhere refuses a filter on elements that names what they do not have.
func checkWhere(a *attribute, n filter.Node) error {
	switch n := n.(type) {
	case filter.And:
		if err := checkWhere(a, n.Left); err != nil {
			return err
		}
		return checkWhere(a, n.Right)
	case filter.Or:
		if err := checkWhere(a, n.Left); err != nil {
			return err
		}
		return checkWhere(a, n.Right)
	case filter.Not:
		return checkWhere(a, n.Of)
	case filter.Compare:
		sub := find(a.SubAttributes, n.Attr.Name)
		if sub == nil || n.Attr.Sub != "" {
			return errInvalidFilter.At("path").Sayf("%s has no part %s", a.Name, quoted(n.Attr.String()))
		}
		return checkComparison(sub, n)
	default:
		return errInvalidFilter.At("path").Sayf("brackets cannot stand within brackets")
	}
}

// checkComparison refuses a comparison that makes no sense for the attribute (RFC 7644 section 3.4.2.2).
func checkComparison(a *attribute, n filter.Compare) error {
	word := strings.ToLower(n.Value.Text)
	switch {
	case n.Op == filter.Pr:
		return nil
	case a.own:
		return checkOwn(a, n)
	case n.Value.Kind == filter.Null && n.Op != filter.Eq && n.Op != filter.Ne:
		return errInvalidFilter.At("path").Sayf("null is compared with eq and ne alone")
	case n.Value.Kind == filter.Null:
		return nil
	case a.Type == typeBoolean && (ordered(n.Op) || textual(n.Op)):
		return errInvalidFilter.At("path").Sayf("%s is true or false and cannot be compared with %s", a.Name, n.Op)
	case a.Type == typeBoolean && (n.Value.Kind == filter.Number || word != keyTrue && word != "false"):
		return errInvalidFilter.At("path").Sayf("%s is compared with true or false", a.Name)
	case isText(a) && n.Value.Kind != filter.String:
		return errInvalidFilter.At("path").Sayf("%s is compared with a text in double quotes", a.Name)
	default:
		return nil
	}
}

func isText(a *attribute) bool {
	return a.Type == typeString || a.Type == typeReference || a.Type == typeBinary
}

func ordered(op filter.Op) bool {
	return op == filter.Gt || op == filter.Ge || op == filter.Lt || op == filter.Le
}

func textual(op filter.Op) bool { return op == filter.Co || op == filter.Sw || op == filter.Ew }

// matchesElement tells whether a filter takes an element. What is absent makes every comparison false but ne and eq null.
func matchesElement(a *attribute, element object, n filter.Node) bool {
	switch n := n.(type) {
	case filter.And:
		return matchesElement(a, element, n.Left) && matchesElement(a, element, n.Right)
	case filter.Or:
		return matchesElement(a, element, n.Left) || matchesElement(a, element, n.Right)
	case filter.Not:
		return !matchesElement(a, element, n.Of)
	case filter.Compare:
		sub := find(a.SubAttributes, n.Attr.Name)
		return sub != nil && compares(sub, element[sub.Name], n)
	default:
		return false
	}
}

func compares(a *attribute, value any, n filter.Compare) bool {
	if value == nil && a.Name == attrPrimary && n.Op != filter.Pr && n.Value.Kind != filter.Null {
		value = false // what does not say that it is primary is not (RFC 7643 section 2.4)
	}
	switch {
	case n.Op == filter.Pr:
		return value != nil
	case value == nil:
		return n.Op == filter.Ne && n.Value.Kind != filter.Null || n.Op == filter.Eq && n.Value.Kind == filter.Null
	case n.Value.Kind == filter.Null:
		return n.Op == filter.Ne
	case a.own:
		return comparesOwn(a, value, n)
	}
	if is, ok := value.(bool); ok {
		return (strings.EqualFold(n.Value.Text, keyTrue) == is) == (n.Op == filter.Eq)
	}
	have, _ := value.(string)
	want := n.Value.Text
	if a.CaseExact == nil || !*a.CaseExact {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	return compareTexts(have, want, n.Op)
}

func compareTexts(have, want string, op filter.Op) bool {
	switch op {
	case filter.Eq:
		return have == want
	case filter.Ne:
		return have != want
	case filter.Co:
		return strings.Contains(have, want)
	case filter.Sw:
		return strings.HasPrefix(have, want)
	case filter.Ew:
		return strings.HasSuffix(have, want)
	case filter.Gt:
		return have > want
	case filter.Ge:
		return have >= want
	case filter.Lt:
		return have < want
	case filter.Le:
		return have <= want
	case filter.Pr:
		return true
	default:
		return false
	}
}
