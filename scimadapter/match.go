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
		switch {
		case sub == nil || n.Attr.Sub != "":
			return errInvalidFilter.At("path").Sayf("%s has no part %s", a.Name, quoted(n.Attr.String()))
		case sub.Type == typeBoolean && (ordered(n.Op) || textual(n.Op)):
			return errInvalidFilter.At("path").Sayf("%s is true or false and cannot be compared with %s", sub.Name, n.Op)
		}
		return nil
	default:
		return errInvalidFilter.At("path").Sayf("brackets cannot stand within brackets")
	}
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
	switch {
	case n.Op == filter.Pr:
		return value != nil
	case value == nil:
		return n.Op == filter.Ne && n.Value.Kind != filter.Null || n.Op == filter.Eq && n.Value.Kind == filter.Null
	case n.Value.Kind == filter.Null:
		return n.Op == filter.Ne
	}
	if is, ok := value.(bool); ok {
		return (strings.EqualFold(n.Value.Text, "true") == is) == (n.Op == filter.Eq)
	}
	have, _ := value.(string)
	want := n.Value.Text
	if a.CaseExact == nil || !*a.CaseExact {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	switch n.Op {
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
