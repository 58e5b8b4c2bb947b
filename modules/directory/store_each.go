package directory

import (
	"strconv"
	"strings"

	"github.com/usherhq/usher/internal/filter"
)

// each compiles a filter in brackets: one and the same element meets all of it.
func (c *compiler) each(n filter.Each) (clause, error) {
	a, err := c.attribute(n.Attr)
	switch {
	case err != nil || a == nil:
		return nothing, err
	case !a.many || n.Attr.Sub != "":
		return nothing, ErrFilterUnsupported.Sayf("%s is no list: brackets stand behind an attribute of several values", n.Attr)
	case a.simple != nil:
		return c.eachSimple(a, n.Where)
	case a.numbers() != "":
		return c.eachValue(a, n.Where)
	default:
		return c.eachMembership(a, n.Where)
	}
}

// eachSimple: in a list of simple values, value stands for the element.
func (c *compiler) eachSimple(a *attribute, where filter.Node) (clause, error) {
	r := c.reach(a.simple)
	value := elementPart{there: yes, test: r.test}
	if r.also != "" {
		met, err := c.element(a, where, func(*field) elementPart { return elementPart{there: yes, test: constant(r.also)} })
		if err != nil || met == yes {
			return clause{where: met}, err
		}
	}
	met, err := c.element(a, where, func(*field) elementPart { return value })
	if err != nil {
		return nothing, err
	}
	return c.found(r, met, c.elementRank(a, where)), nil
}

// eachMembership: an element is a row of memberships.
func (c *compiler) eachMembership(a *attribute, where filter.Node) (clause, error) {
	met, err := c.element(a, where, func(f *field) elementPart { return elementPart{there: yes, test: c.reach(f).test} })
	if err != nil {
		return nothing, err
	}
	r := c.reach(a.parts[0])
	r.there = yes
	return c.found(r, met, c.elementRank(a, where)), nil
}

// eachValue: an element is the rows of user_values with one ord. One of them anchors it: the one that is looked for by an
// index, or else any.
func (c *compiler) eachValue(a *attribute, where filter.Node) (clause, error) {
	parts := conjuncts(where)
	anchor := c.anchor(a, parts)
	r := reach{rows: "user_values e", owner: "e.user_id", there: yes}
	on, conditions := "IN ("+a.numbers()+")", make([]condition, 0, len(parts))
	by := rankScan
	for i, part := range parts {
		of := c.valuePart
		if i == anchor {
			n, _ := part.(filter.Compare)
			f := a.part(n.Attr.Name)
			on, by = "= "+strconv.Itoa(int(f.number)), rankOf(n.Op, valuesOfField(f))
			of = func(*field) elementPart { return elementPart{there: yes, test: keyedText("e")} }
		}
		met, err := c.element(a, part, of)
		if err != nil {
			return nothing, err
		}
		conditions = append(conditions, met)
	}
	r.on = allOf(condition("e.tenant_id = $1 AND e.attr "+on), anyValue(r))
	return c.found(r, allOf(conditions...), by), nil
}

// valuePart looks for a part of the element that e is a row of.
func (c *compiler) valuePart(f *field) elementPart {
	row := func(test condition) condition {
		if test == no {
			return no
		}
		return condition("EXISTS (SELECT 1 FROM user_values p WHERE p.tenant_id = $1 AND p.user_id = e.user_id AND p.ord = e.ord AND p.attr = " +
			strconv.Itoa(int(f.number)) + " AND " + string(test) + ")")
	}
	return elementPart{
		there: row(yes),
		test:  func(a *arguments, op filter.Op, text string) condition { return row(keyedText("p")(a, op, text)) },
	}
}

// anchor returns the comparison, of those that an element has to meet, that expects the fewest; -1 where none is found by rows.
func (c *compiler) anchor(a *attribute, parts []filter.Node) int {
	best, rankBest := -1, rankScan+1
	for i, part := range parts {
		n, ok := part.(filter.Compare)
		if !ok || n.Op == filter.Ne || n.Op != filter.Pr && n.Value.Kind == filter.Null {
			continue
		}
		f := a.part(n.Attr.Name)
		if f == nil || n.Attr.Sub != "" || f.isPrimary() && n.Op != filter.Pr && !strings.EqualFold(n.Value.Text, keyTrue) {
			continue
		}
		if by := rankOf(n.Op, valuesOfField(f)); by < rankBest {
			best, rankBest = i, by
		}
	}
	return best
}

func (c *compiler) elementRank(a *attribute, where filter.Node) rank {
	best := rankScan
	for _, part := range conjuncts(where) {
		n, ok := part.(filter.Compare)
		if !ok || n.Op == filter.Ne || n.Op != filter.Pr && n.Value.Kind == filter.Null {
			continue
		}
		if f := a.part(n.Attr.Name); f != nil {
			best = min(best, rankOf(n.Op, c.reach(f)))
		}
	}
	return best
}

// elementPart is a part of one element: whether it is there, and how it is compared. What is not there meets no test.
type elementPart struct {
	there condition
	test  operand
}

// element makes the condition that one element meets a filter.
func (c *compiler) element(a *attribute, n filter.Node, of func(*field) elementPart) (condition, error) {
	switch n := n.(type) {
	case filter.And:
		left, right, err := c.twoOfElement(a, n.Left, n.Right, of)
		return allOf(left, right), err
	case filter.Or:
		left, right, err := c.twoOfElement(a, n.Left, n.Right, of)
		return anyOf(left, right), err
	case filter.Not:
		inside, err := c.element(a, n.Of, of)
		return notOf(inside), err
	case filter.Compare:
		return c.compareElement(a, n, of)
	default:
		return no, ErrFilterUnsupported.Sayf("brackets cannot stand within brackets")
	}
}

func (c *compiler) twoOfElement(a *attribute, left, right filter.Node, of func(*field) elementPart) (l, r condition, err error) {
	if l, err = c.element(a, left, of); err != nil {
		return no, no, err
	}
	r, err = c.element(a, right, of)
	return l, r, err
}

func (c *compiler) compareElement(a *attribute, n filter.Compare, of func(*field) elementPart) (condition, error) {
	f := a.part(n.Attr.Name)
	if f == nil || n.Attr.Sub != "" || n.Attr.URN != "" {
		return no, ErrFilterUnsupported.Sayf("%s has no part %q", a.name, n.Attr.String())
	}
	asks, negated, err := presence(n)
	if err != nil {
		return no, err
	}
	part := of(f)
	if asks {
		if negated {
			return notOf(part.there), nil
		}
		return part.there, nil
	}
	text, err := literal(f, n)
	if err != nil {
		return no, err
	}
	switch {
	case f.isPrimary():
		is := part.test(c.arguments, filter.Eq, keyTrue)
		if (text == keyTrue) == (n.Op == filter.Eq) {
			return is, nil
		}
		return notOf(is), nil
	case n.Op == filter.Ne:
		return notOf(part.test(c.arguments, filter.Eq, text)), nil
	default:
		return part.test(c.arguments, n.Op, text), nil
	}
}
