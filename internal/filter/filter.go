// Package filter reads the filters and PATCH paths of SCIM into trees.
//
// Invariants: a tree that was read prints to text that reads back to the same tree; whatever the input, reading ends at once
// and never panics; a text over MaxBytes, a filter of more than MaxTerms comparisons or MaxDepth levels is refused. What an
// attribute is, and whether a filter can be answered, is for others to say. Grammar: RFC 7644, sections 3.4.2.2, 3.5.2, 3.10.
package filter

import (
	"fmt"
	"strings"
)

// Bounds of a filter.
const (
	MaxBytes = 8 << 10
	MaxTerms = 64
	MaxDepth = 32
)

// Op compares an attribute with a value.
type Op string

// The operators. Pr stands without a value.
const (
	Eq Op = "eq"
	Ne Op = "ne"
	Co Op = "co"
	Sw Op = "sw"
	Ew Op = "ew"
	Gt Op = "gt"
	Ge Op = "ge"
	Lt Op = "lt"
	Le Op = "le"
	Pr Op = "pr"
)

// Attr names an attribute, as in urn:…:User:name.givenName.
type Attr struct {
	URN  string // as registered; empty for the schema of the resource
	Name string // as the client wrote it: names are compared without case
	Sub  string
}

// Is tells whether the attribute is the one of the given name, "emails" or "name.givenName", without case and whatever its URN.
func (a Attr) Is(name string) bool {
	parent, sub, _ := strings.Cut(name, ".")
	return strings.EqualFold(a.Name, parent) && strings.EqualFold(a.Sub, sub)
}

func (a Attr) String() string {
	var out strings.Builder
	if a.URN != "" {
		out.WriteString(a.URN + ":")
	}
	out.WriteString(a.Name)
	if a.Sub != "" {
		out.WriteString("." + a.Sub)
	}
	return out.String()
}

// Kind is the type of a literal.
type Kind int

// The kinds of literals.
const (
	String Kind = iota + 1
	Number
	Bool
	Null
)

const null = "null"

// Value is a literal. Text is a string's contents, a number exactly as written, or true or false.
type Value struct {
	Kind Kind
	Text string
}

// Node is a filter or a part of one: And, Or, Not, Compare or Each.
type Node interface {
	fmt.Stringer
	node()
}

// And is true when both sides are.
type And struct{ Left, Right Node }

// Or is true when one side is.
type Or struct{ Left, Right Node }

// Not is true when its inside is not.
type Not struct{ Of Node }

// Compare compares one attribute; with Pr it asks whether there is a value.
type Compare struct {
	Attr  Attr
	Op    Op
	Value Value
}

// Each is true when one element of a multi-valued attribute satisfies all of Where, in which names are sub-attributes.
type Each struct {
	Attr  Attr
	Where Node
}

func (And) node()     {}
func (Or) node()      {}
func (Not) node()     {}
func (Compare) node() {}
func (Each) node()    {}

func (n And) String() string { return within(n.Left, isOr) + " and " + within(n.Right, isAndOr) }
func (n Or) String() string  { return n.Left.String() + " or " + within(n.Right, isOr) }
func (n Not) String() string { return "not (" + n.Of.String() + ")" }

func (n Compare) String() string {
	if n.Op == Pr {
		return n.Attr.String() + " pr"
	}
	return n.Attr.String() + " " + string(n.Op) + " " + n.Value.String()
}

func (n Each) String() string { return n.Attr.String() + "[" + n.Where.String() + "]" }

func isOr(n Node) bool { _, ok := n.(Or); return ok }

func isAndOr(n Node) bool {
	_, ok := n.(And)
	return ok || isOr(n)
}

func within(n Node, needsBrackets func(Node) bool) string {
	if needsBrackets(n) {
		return "(" + n.String() + ")"
	}
	return n.String()
}

func (v Value) String() string {
	switch v.Kind {
	case String:
		return quote(v.Text)
	case Null:
		return null
	case Number, Bool:
		return v.Text
	default:
		return v.Text
	}
}

// quote writes a JSON string that reads back to the same text.
func quote(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r < 0x20:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// SyntaxError says where a text stops being a filter or a path, and what was expected there.
type SyntaxError struct {
	Pos    int // of the byte, from 0
	Reason string
	Inside bool // within the brackets of a path, which is a fault of the filter and not of the path
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("at position %d: %s", e.Pos+1, e.Reason) }

// Equalities returns the comparisons of a filter that is made of eq joined by and, and nothing else. A PATCH creates an
// element from them.
func Equalities(n Node) ([]Compare, bool) {
	switch n := n.(type) {
	case Compare:
		return []Compare{n}, n.Op == Eq
	case And:
		left, ok := Equalities(n.Left)
		if !ok {
			return nil, false
		}
		right, ok := Equalities(n.Right)
		return append(left, right...), ok
	default:
		return nil, false
	}
}
