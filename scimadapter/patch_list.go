package scimadapter

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/usherhq/usher/internal/filter"
)

// applyList works on a multi-valued attribute as a whole.
func (m manners) applyList(holder object, a *attribute, op operation) error {
	old, _ := holder[a.Name].([]any)
	if op.op == opRemove {
		return m.removeFrom(holder, a, old, op)
	}
	if op.value == nil && op.op == opAdd {
		return errInvalidValue.At(a.Name).Sayf("add needs a value")
	}
	taken, err := m.take(a, op.value)
	if err != nil {
		return err
	}
	given, _ := taken.([]any)
	if op.op == opAdd {
		given = added(a, old, given)
	}
	return holder.keepList(a, given)
}

func (o object) keepList(a *attribute, elements []any) error {
	if len(elements) > maxElements {
		return errInvalidValue.At(a.Name).Sayf("%s has more than %d values", a.Name, maxElements)
	}
	o.setList(a.Name, elements)
	return nil
}

// setList puts a list in its place, or removes it when it is empty. What is not primary says nothing of it.
func (o object) setList(name string, elements []any) {
	for i, element := range elements {
		if part, ok := element.(object); ok && part[attrPrimary] == false {
			part = part.copied()
			delete(part, attrPrimary)
			elements[i] = part
		}
	}
	elements = slices.DeleteFunc(elements, func(element any) bool { o, ok := element.(object); return ok && len(o) == 0 })
	if len(elements) == 0 {
		delete(o, name)
		return
	}
	o[name] = elements
}

// added puts elements behind those that are there, or into the ones that they are the same as. One that is primary takes that
// from the others.
func added(a *attribute, old, given []any) []any {
	all, places := slices.Clone(old), make(map[string]int, len(old))
	for i, element := range all {
		places[a.sameness(element)] = i
	}
	for _, element := range given {
		key := a.sameness(element)
		at, there := places[key]
		if there {
			all[at] = a.merged(all[at], element)
		} else {
			at = len(all)
			all, places[key] = append(all, element), at
		}
		if isPrimary(all[at]) && isPrimary(element) {
			demote(all, at)
		}
	}
	return all
}

// demote makes every element but one not primary.
func demote(elements []any, but int) {
	for i, element := range elements {
		if i == but || !isPrimary(element) {
			continue
		}
		if o, ok := element.(object); ok {
			o = o.copied()
			delete(o, attrPrimary)
			elements[i] = o
		}
	}
}

func (o object) copied() object {
	c := make(object, len(o)+1)
	maps.Copy(c, o)
	return c
}

// removeFrom removes everything, or with a value those elements that have all of its parts: Entra's older form. A value that says
// no more than "not primary" names none.
func (m manners) removeFrom(holder object, a *attribute, old []any, op operation) error {
	if op.value == nil {
		return holder.removeWhole(a, op)
	}
	taken, err := m.take(a, op.value)
	if err != nil {
		return err
	}
	patterns, _ := taken.([]any)
	holder.setList(a.Name, slices.DeleteFunc(slices.Clone(old), func(element any) bool {
		return slices.ContainsFunc(patterns, func(pattern any) bool {
			return a.sameness(pattern) != a.sameness(object{}) && a.covers(element, pattern)
		})
	}))
	return nil
}

// applyWhere works on those elements of a list that a filter takes.
func (m manners) applyWhere(holder object, at target, op operation) error {
	if err := checkWhere(at.attr, at.where); err != nil {
		return err
	}
	old, _ := holder[at.attr.Name].([]any)
	matches := 0
	for _, element := range old {
		if o, ok := element.(object); ok && matchesElement(at.attr, o, at.where) {
			matches++
		}
	}
	if op.op == opRemove {
		holder.setList(at.attr.Name, m.withoutMatches(at, old))
		return nil
	}
	change, err := m.elementChange(at, op)
	if err != nil {
		return err
	}
	if matches == 0 {
		return m.createElement(holder, at, op, old, change)
	}
	if change[attrPrimary] == true && matches > 1 {
		return errInvalidValue.At(at.attr.Name).Sayf("only one value of %s can be primary, and the filter takes %d", at.attr.Name, matches)
	}
	now, primary := make([]any, 0, len(old)), -1
	for _, element := range old {
		o, ok := element.(object)
		if ok && matchesElement(at.attr, o, at.where) {
			o = at.changed(o, op, change)
			if change[attrPrimary] == true {
				primary = len(now)
			}
			element = o
		}
		if o, isObject := element.(object); !isObject || len(o) > 0 {
			now = append(now, element)
		}
	}
	if primary >= 0 {
		demote(now, primary)
	}
	holder.setList(at.attr.Name, distinct(at.attr, now))
	return nil
}

func (m manners) withoutMatches(at target, old []any) []any {
	var left []any
	for _, element := range old {
		o, ok := element.(object)
		if !ok || !matchesElement(at.attr, o, at.where) {
			left = append(left, element)
			continue
		}
		if at.sub == nil {
			continue
		}
		o = o.copied()
		delete(o, at.sub.Name)
		if len(o) > 0 {
			left = append(left, o)
		}
	}
	return distinct(at.attr, left)
}

// elementChange reads the value of an operation on elements as the parts of an element. A part that was given empty is nil.
func (m manners) elementChange(at target, op operation) (object, error) {
	if op.value == nil && op.op == opAdd {
		return nil, errInvalidValue.At(at.attr.Name).Sayf("add needs a value")
	}
	if at.sub != nil {
		taken, err := m.take(at.sub, op.value)
		return object{at.sub.Name: taken}, err
	}
	value := op.value
	if one, ok := value.([]any); ok && len(one) == 1 {
		value = one[0]
	}
	taken, err := m.takeComplex(at.attr, value)
	if err != nil {
		return nil, err
	}
	change, _ := taken.(object)
	if change == nil {
		return nil, errInvalidValue.At(at.attr.Name).Sayf("the value of an element has parts")
	}
	return change, nil
}

// changed is an element with new parts. Replace without a part puts the new ones in the place of all but those that the
// filter names by eq.
func (at target) changed(element object, op operation, change object) object {
	now := element.copied()
	if op.op == opReplace && at.sub == nil {
		now = object{}
		for _, term := range conjuncts(at.where) {
			if sub := find(at.attr.SubAttributes, term.Attr.Name); sub != nil && term.Op == filter.Eq {
				now.set(sub.Name, element[sub.Name])
			}
		}
	}
	for name, value := range change {
		if value == nil {
			delete(now, name)
			continue
		}
		now[name] = value
	}
	return now
}

// conjuncts are the comparisons that a filter wants all of.
func conjuncts(n filter.Node) []filter.Compare {
	switch n := n.(type) {
	case filter.And:
		return append(conjuncts(n.Left), conjuncts(n.Right)...)
	case filter.Compare:
		return []filter.Compare{n}
	default:
		return nil
	}
}

// describedBy is the element that a filter of eq joined by and describes.
func describedBy(at target) object {
	o := object{}
	for _, term := range conjuncts(at.where) {
		if sub := find(at.attr.SubAttributes, term.Attr.Name); sub != nil && term.Value.Kind != filter.Null {
			o[sub.Name] = literal(sub, term.Value)
		}
	}
	return o
}

func literal(a *attribute, v filter.Value) any {
	switch {
	case a.Type == typeBoolean:
		return strings.EqualFold(v.Text, keyTrue)
	case v.Kind == filter.Number:
		return json.Number(v.Text)
	default:
		return v.Text
	}
}

// createElement adds the element that a filter describes where there is none.
func (m manners) createElement(holder object, at target, op operation, old []any, change object) error {
	if _, plain := filter.Equalities(at.where); !plain || op.op == opReplace && !m.creates {
		return errNoTarget.At("path").Sayf("no value of %s is taken by the filter in the path", at.attr.Name)
	}
	if at.sub != nil && change[at.sub.Name] == nil {
		return nil // nothing to keep of it
	}
	element := describedBy(at)
	for name, value := range change {
		element.set(name, value)
	}
	taken, err := m.take(at.attr, element)
	if err != nil {
		return err
	}
	given, _ := taken.([]any)
	return holder.keepList(at.attr, added(at.attr, old, given))
}
