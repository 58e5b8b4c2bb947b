package scimadapter

import (
	"encoding/json"
	"strings"

	"github.com/usherhq/usher/modules/directory"
)

// maxElements bounds the values of one attribute of a person: nobody has as many addresses.
const maxElements = 1000

const (
	attrPrimary = "primary"
	attrType    = "type"
	keyTrue     = "true"
)

func isPrimary(element any) bool {
	o, _ := element.(object)
	return o[attrPrimary] == true
}

// compared is what a value of the attribute is compared by: without its case, where that does not count. What is not primary
// and what says nothing of it are the same (RFC 7643 section 2.4).
func (a *attribute) compared(value any) string {
	text, isText := value.(string)
	switch {
	case value == nil, value == false && a.Name == attrPrimary:
		return ""
	case a.own && a.Type != typeComplex:
		if key, ok := directory.Type(a.Type).Key(value, a.exact()); ok {
			return key
		}
	case isText && a.CaseExact != nil && *a.CaseExact:
		return text
	case isText:
		return strings.ToLower(text)
	}
	written, err := json.Marshal(value)
	if err != nil { // what was read can be written
		return ""
	}
	return string(written)
}

// sameness is equal for elements of a multi-valued attribute that are the same: of one value and type or, without a value, in
// all of their parts. No two of those are kept (RFC 7643 section 2.4).
func (a *attribute) sameness(element any) string {
	o, isObject := element.(object)
	if !isObject {
		return a.compared(element)
	}
	var key strings.Builder
	_, hasValue := o[attrValue]
	for _, sub := range a.SubAttributes {
		if !hasValue || sub.Name == attrValue || sub.Name == attrType {
			text := sub.compared(o[sub.Name])
			key.WriteString(sub.Name + "\x00" + text + "\x00")
		}
	}
	return key.String()
}

// merged is an element with the parts of another one that is the same. A part that differs in its case alone stays.
func (a *attribute) merged(element, with any) any {
	o, isObject := element.(object)
	parts, alsoObject := with.(object)
	if !isObject || !alsoObject {
		return element
	}
	now := o.copied()
	for _, sub := range a.SubAttributes {
		if part, given := parts[sub.Name]; given && sub.compared(part) != sub.compared(o[sub.Name]) {
			now[sub.Name] = part
		}
	}
	return now
}

// covers tells whether an element has all parts of a pattern.
func (a *attribute) covers(element, pattern any) bool {
	o, isObject := element.(object)
	parts, alsoObject := pattern.(object)
	if !isObject || !alsoObject {
		return a.compared(element) == a.compared(pattern)
	}
	for _, sub := range a.SubAttributes {
		if part, given := parts[sub.Name]; given && sub.compared(part) != sub.compared(o[sub.Name]) {
			return false
		}
	}
	return true
}

// distinct puts elements that are the same into the first of them.
func distinct(a *attribute, elements []any) []any {
	var all []any
	places := make(map[string]int, len(elements))
	for _, element := range elements {
		key := a.sameness(element)
		if at, there := places[key]; there {
			all[at] = a.merged(all[at], element)
			continue
		}
		places[key] = len(all)
		all = append(all, element)
	}
	return all
}
