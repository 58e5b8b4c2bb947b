package scimadapter

import (
	"maps"
	"slices"

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
		given = added(old, given)
	}
	holder.setList(a.Name, given)
	return nil
}

func (o object) setList(name string, elements []any) {
	if len(elements) == 0 {
		delete(o, name)
		return
	}
	o[name] = elements
}

// added appends elements that are not there yet. One that is primary takes that from the others.
func added(old, given []any) []any {
	all := slices.Clone(old)
	for _, element := range given {
		if slices.ContainsFunc(all, func(there any) bool { return equal(there, element) }) {
			continue
		}
		if o, ok := element.(object); ok && o["primary"] == true {
			demote(all, nil)
		}
		all = append(all, element)
	}
	return all
}

// demote makes every element but one not primary.
func demote(elements []any, but object) {
	for i, element := range elements {
		o, ok := element.(object)
		if ok && o["primary"] == true && !same(o, but) {
			changed := o.copied()
			changed["primary"] = false
			elements[i] = changed
		}
	}
}

func same(a, b object) bool { return b != nil && equal(a, b) }

func (o object) copied() object {
	c := make(object, len(o)+1)
	maps.Copy(c, o)
	return c
}

// removeFrom removes everything, or with a value those elements that have all of its parts: Entra's older form.
func (m manners) removeFrom(holder object, a *attribute, old []any, op operation) error {
	if op.value == nil {
		delete(holder, a.Name)
		return nil
	}
	taken, err := m.take(a, op.value)
	if err != nil {
		return err
	}
	patterns, _ := taken.([]any)
	holder.setList(a.Name, slices.DeleteFunc(slices.Clone(old), func(element any) bool {
		return slices.ContainsFunc(patterns, func(pattern any) bool { return covers(element, pattern) })
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
	if change["primary"] == true && matches > 1 {
		return errInvalidValue.At(at.attr.Name).Sayf("only one value of %s can be primary, and the filter takes %d", at.attr.Name, matches)
	}
	now := make([]any, 0, len(old))
	var primary object
	for _, element := range old {
		o, ok := element.(object)
		if ok && matchesElement(at.attr, o, at.where) {
			o = at.changed(o, op, change)
			if change["primary"] == true {
				primary = o
			}
			element = o
		}
		if o, isObject := element.(object); !isObject || len(o) > 0 {
			now = append(now, element)
		}
	}
	if primary != nil {
		demote(now, primary)
	}
	holder.setList(at.attr.Name, now)
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
	return left
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
// filter names.
func (at target) changed(element object, op operation, change object) object {
	now := element.copied()
	if op.op == opReplace && at.sub == nil {
		now = fixedBy(at)
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

// fixedBy are the parts that a filter of eq joined by and says an element has.
func fixedBy(at target) object {
	o := object{}
	terms, ok := filter.Equalities(at.where)
	if !ok {
		return o
	}
	for _, term := range terms {
		if sub := find(at.attr.SubAttributes, term.Attr.Name); sub != nil && term.Value.Kind != filter.Null {
			o[sub.Name] = literal(sub, term.Value)
		}
	}
	return o
}

func literal(a *attribute, v filter.Value) any {
	if a.Type == typeBoolean {
		return v.Text == "true" || v.Text == "True"
	}
	return v.Text
}

// createElement adds the element that a filter describes where there is none.
func (m manners) createElement(holder object, at target, op operation, old []any, change object) error {
	if _, plain := filter.Equalities(at.where); !plain || op.op == opReplace && !m.creates {
		return errNoTarget.At("path").Sayf("no value of %s is taken by the filter in the path", at.attr.Name)
	}
	element := fixedBy(at)
	for name, value := range change {
		if value != nil {
			element[name] = value
		}
	}
	if at.sub != nil && change[at.sub.Name] == nil {
		return nil // nothing to keep of it
	}
	holder.setList(at.attr.Name, added(old, []any{element}))
	return nil
}
