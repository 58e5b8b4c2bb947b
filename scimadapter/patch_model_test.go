package scimadapter_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// The model is PATCH told a second time, over plain maps and without anything of the engine: the 58 rows of the table, as one
// reads them. Paths come to it as what they mean, not as text. A refusal is its status and keyword.
type model struct{ strict bool }

type doc = map[string]any

const (
	badSyntax, badValue, badPath  = "400 invalidSyntax", "400 invalidValue", "400 invalidPath"
	badFilter, noTarget, badWrite = "400 invalidFilter", "400 noTarget", "400 mutability"
)

// patch returns what operations make of a person, or why they are refused.
func (m model) patch(was doc, ops []modelOp) (doc, string) {
	if len(ops) == 0 && m.strict {
		return was, badSyntax
	}
	for _, o := range ops {
		word := strings.ToLower(o.op)
		if word != "add" && word != "remove" && word != "replace" || !o.has && (word == "add" || word == "replace" && o.path == nil) {
			return was, badSyntax
		}
	}
	now := copied(was)
	for _, o := range ops {
		word, why := strings.ToLower(o.op), noTarget
		switch _, isObject := o.value.(doc); {
		case o.path != nil:
			why = m.at(now, word, *o.path, o.value)
		case word != "remove" && !isObject:
			why = badValue
		case word != "remove":
			why = m.members(now, word, o.members)
		}
		if why != "" {
			return was, why
		}
	}
	if now["active"] == nil {
		now["active"] = was["active"]
	}
	return now, ""
}

func text(value any) string {
	written, _ := json.Marshal(value) //nolint:errchkjson // it was read as JSON
	return string(written)
}

// copied is an object that shares no object with the first. Lists and their elements are never changed in place.
func copied(value any) doc {
	c := doc{}
	object, _ := value.(doc)
	for name, part := range object {
		if _, isObject := part.(doc); isObject {
			part = copied(part)
		}
		c[name] = part
	}
	return c
}

// put sets a value; what is empty is not there.
func put(d doc, name string, value any) {
	d[name] = value
	switch of := reflect.ValueOf(value); {
	case value == nil, (of.Kind() == reflect.Map || of.Kind() == reflect.Slice || of.Kind() == reflect.String) && of.Len() == 0:
		delete(d, name)
	}
}

// members applies those of a value without a path: what is not known or not to be written is passed over.
func (m model) members(d doc, word string, members []modelMember) string {
	slices.SortFunc(members, func(a, b modelMember) int { return strings.Compare(a.key, b.key) })
	for _, member := range members {
		a, _, why := m.find(member.path)
		switch {
		case why == badWrite, !m.strict && (why != "" || a.is("s")), why == "" && member.value == nil && word == "add":
			continue
		case why != "":
			return badSyntax
		}
		if why := m.at(d, word, member.path, member.value); why != "" {
			return why
		}
	}
	return ""
}

// find returns the attribute and its part that a path means, or what is wrong with the path. An extension has no attribute.
func (m model) find(p modelPath) (a, sub *modelAttr, why string) {
	switch {
	case p.broken != "":
		return nil, nil, "400 " + p.broken
	case p.urn != "" && p.attr == "":
		return nil, nil, ""
	case p.urn == "":
		a = attrIn(modelUser, p.attr)
	}
	if a == nil && (p.urn != "" || !m.strict) {
		a = attrIn(modelEnterprise, p.attr)
	}
	sub = a.part(p.sub)
	switch {
	case a == nil, p.sub != "" && sub == nil, p.where != nil && (!a.is("m") || a.parts == nil), p.where == nil && sub != nil && a.is("m"):
		return a, sub, badPath
	case a.is("o"), sub.is("o"):
		return a, sub, badWrite
	}
	return a, sub, ""
}

func (m model) at(d doc, word string, p modelPath, value any) string {
	a, sub, why := m.find(p)
	switch {
	case why == badWrite && a.name == "manager" && !m.strict:
		return ""
	case why != "":
		return why
	case a == nil:
		return m.extension(d, word, value)
	case a.is("w"):
		return ""
	case a.is("s"):
		return m.schemas(d, word, value)
	case attrIn(modelUser, a.name) == a:
		return m.attribute(d, word, a, sub, p.where, value)
	}
	holder := copied(d[enterprise])
	why = m.attribute(holder, word, a, sub, p.where, value)
	put(d, enterprise, holder)
	return why
}

func (m model) extension(d doc, word string, value any) string {
	object, isObject := value.(doc)
	switch {
	case word == "add" && value == nil, word != "remove" && value != nil && !isObject:
		return badValue
	case word == "remove", value == nil:
		delete(d, enterprise)
		return ""
	}
	var members []modelMember
	for name, part := range object {
		members = append(members, modelMember{key: name, path: modelPath{urn: enterprise, attr: name}, value: part})
	}
	return m.members(d, word, members)
}

func (m model) schemas(d doc, word string, value any) string {
	names := strings.ToLower(text(value))
	odd := slices.ContainsFunc(asList(value), func(one any) bool { _, isText := one.(string); return !isText })
	base, extension := strings.Contains(names, ":core:2.0:user"), strings.Contains(names, strings.ToLower(enterprise))
	switch {
	case value == nil && word == "add", value != nil && odd:
		return badValue
	case word == "add":
	case value == nil, base == (word == "remove"):
		return badWrite
	case extension == (word == "remove"):
		delete(d, enterprise)
	}
	return ""
}

// asList is a value as a list.
func asList(value any) []any {
	if list, isList := value.([]any); isList {
		return list
	}
	return []any{value}
}

func (m model) attribute(holder doc, word string, a, sub *modelAttr, where *modelFilter, value any) string {
	parent := copied(holder[a.name])
	switch {
	case where != nil:
		return m.elements(holder, word, a, sub, where, value)
	case a.is("m"):
		return m.list(holder, word, a, value)
	case a.parts == nil:
		return m.single(holder, word, a, value)
	case sub == nil:
		return m.complex(holder, word, a, value)
	case sub.name == "$ref" && (word == "remove" || word == "replace" && value == nil): // it follows from the manager's value
	case sub.name == "$ref" && value != nil:
		return m.complex(holder, word, a, doc{"$ref": value})
	default:
		why := m.single(parent, word, sub, value)
		put(holder, a.name, parent)
		return why
	}
	return ""
}

func (m model) single(holder doc, word string, a *modelAttr, value any) string {
	if word == "remove" {
		value = nil
	}
	taken, why := m.take(a, value)
	switch {
	case word == "remove" && a.is("r"):
		return badWrite
	case why == "" && (word == "add" && value == nil || taken == nil && a.is("r")):
		return badValue
	case why == "":
		put(holder, a.name, taken)
	}
	return why
}

func (m model) complex(holder doc, word string, a *modelAttr, value any) string {
	if list := asList(value); len(list) == 1 && a.name == "manager" {
		value = list[0]
	}
	object, isObject := value.(doc)
	_, isText := value.(string)
	switch {
	case word == "remove", word == "replace" && value == nil, value == "" && a.part("value") != nil:
		delete(holder, a.name)
		return ""
	case isText && a.part("value") != nil:
		object = doc{"value": value}
	case !isObject:
		return badValue
	case len(object) == 0:
		return ""
	}
	now := copied(holder[a.name])
	if word == "replace" && m.strict && isObject {
		now = doc{}
	}
	why := m.parts(now, a, object)
	put(holder, a.name, now)
	return why
}

// leadsTo is the address of a person, relative to the server.
var leadsTo = regexp.MustCompile(`^(?:.*/)?Users/([^/]+)$`)

// parts sets those of a complex value that an object has.
func (m model) parts(into doc, a *modelAttr, object doc) string {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		sub, value := a.part(name), object[name]
		switch ref, isText := value.(string); {
		case sub == nil && m.strict:
			return badSyntax
		case sub.is("o"), sub == nil:
			continue
		case sub.name == "$ref" && isText && object["value"] == nil && leadsTo.MatchString(ref):
			sub, value = a.part("value"), leadsTo.FindStringSubmatch(ref)[1]
		case sub.name == "$ref" && (isText || value == nil):
			continue
		}
		if why := m.single(into, "replace", sub, value); why != "" {
			return why
		}
	}
	return ""
}

func (m model) list(holder doc, word string, a *modelAttr, value any) string {
	old, _ := holder[a.name].([]any)
	given, why := m.takeList(a, value)
	switch {
	case word == "add" && value == nil:
		return badValue
	case why != "":
		return why
	case word == "add":
		given = a.joined(old, given)
	case word == "remove" && value != nil:
		given = slices.DeleteFunc(slices.Clone(old), func(e any) bool {
			return slices.ContainsFunc(given, func(p any) bool { return text(a.shown(a.merged(e, p))) == text(a.shown(e)) })
		})
	case word == "remove":
		given = nil
	}
	put(holder, a.name, given)
	return ""
}

// elements works on those of a list that a filter takes.
func (m model) elements(holder doc, word string, a, sub *modelAttr, where *modelFilter, value any) string {
	old, _ := holder[a.name].([]any)
	change, why := doc{}, ""
	switch list := asList(value); {
	case !where.fits(a):
		return badFilter
	case word == "remove" && sub != nil:
		change[sub.name] = nil
	case word == "remove":
	case word == "add" && value == nil:
		return badValue
	case sub != nil:
		change[sub.name], why = m.take(sub, value)
	case len(list) != 1:
		return badValue
	default:
		var taken any
		if taken, why = m.take(a, list[0]); why == "" && taken == nil {
			return badValue
		}
		change, _ = taken.(doc)
	}
	if why != "" {
		return why
	}
	fixed, plain := where.equalities(a)
	var now []any
	matches, primary := 0, -1
	for _, one := range old {
		element := copied(one)
		if where.takes(a, element) {
			matches++
			if word == "remove" && sub == nil {
				continue
			}
			if word == "replace" && sub == nil {
				maps.DeleteFunc(element, func(name string, _ any) bool { _, stays := fixed[name]; return !stays })
			}
			for name, part := range change {
				put(element, name, part)
			}
			if change["primary"] == true {
				primary = len(now)
			}
		}
		now = append(now, element)
	}
	switch {
	case matches > 1 && primary >= 0:
		return badValue
	case matches > 0 || word == "remove":
		for i, other := range now {
			if i != primary && primary >= 0 {
				delete(other.(doc), "primary")
			}
		}
		put(holder, a.name, a.joined(nil, now))
	case !plain || word == "replace" && m.strict:
		return noTarget
	case sub == nil || change[sub.name] != nil:
		maps.DeleteFunc(change, func(_ string, part any) bool { return part == nil })
		maps.Copy(fixed, change)
		given, why := m.takeList(a, fixed)
		put(holder, a.name, a.joined(old, given))
		return why
	}
	return ""
}

func (m model) takeList(a *modelAttr, value any) (taken []any, why string) {
	primaries := 0
	for _, one := range asList(value) {
		element, why := m.take(a, one)
		if why != "" {
			return nil, why
		}
		if o, _ := element.(doc); o["primary"] == true {
			primaries++
		}
		if element != nil {
			taken = append(taken, element)
		}
	}
	if primaries > 1 {
		return nil, badValue
	}
	return a.joined(nil, taken), ""
}

// take reads one value; nil is none.
func (m model) take(a *modelAttr, value any) (any, string) {
	if list := asList(value); len(list) == 1 && a.is("b") {
		value = list[0]
	}
	object, isObject := value.(doc)
	word, isText := value.(string)
	_, isFlag := value.(bool)
	switch {
	case value == nil, isText && word == "" && (a.parts == nil || a.part("value") != nil):
		return nil, ""
	case isText && a.part("value") != nil:
		return m.take(a, doc{"value": word})
	case isObject && a.parts != nil:
		taken := doc{}
		if why := m.parts(taken, a, object); why != "" || len(taken) == 0 {
			return nil, why
		}
		return taken, ""
	case a.is("b") && isText && slices.Contains([]string{"true", "false"}, strings.ToLower(word)):
		return strings.EqualFold(word, "true"), ""
	case a.is("c") && m.strict && isText && !strings.EqualFold(word, "NO"):
		return nil, badValue
	case a.parts == nil && a.is("b") && isFlag, a.parts == nil && !a.is("b") && isText && (!a.is("u") || !strings.HasPrefix(word, "script:")):
		return value, ""
	}
	return nil, badValue
}

// shown is a value as it is compared.
func (a *modelAttr) shown(value any) any {
	switch value := value.(type) {
	case string:
		if !a.is("e") {
			return strings.ToLower(value)
		}
	case doc:
		parts := doc{}
		for name, part := range value {
			if part != false {
				parts[name] = a.part(name).shown(part)
			}
		}
		return parts
	}
	return value
}

// key is what tells elements apart: value and type or, without a value, everything.
func (a *modelAttr) key(element any) string {
	shown, _ := a.shown(element).(doc)
	if shown["value"] != nil {
		shown = doc{"value": shown["value"], "type": shown["type"]}
	}
	return text(shown)
}

// merged is an element with the parts of another; what differs in its case alone stays.
func (a *modelAttr) merged(element, with any) doc {
	now := copied(element)
	for name, part := range with.(doc) {
		if sub := a.part(name); part == false {
			delete(now, name)
		} else if sub.shown(part) != sub.shown(now[name]) {
			now[name] = part
		}
	}
	return now
}

// joined puts elements behind others, or into the ones that they are the same as. One that is primary takes that from the others.
func (a *modelAttr) joined(old, given []any) (all []any) {
	places := map[string]int{}
	for _, element := range slices.Concat(old, given) {
		key := a.key(element)
		at, there := places[key]
		if !there {
			at, places[key], all = len(all), len(all), append(all, element)
		}
		all[at] = a.merged(all[at], element)
		for i := range all {
			if other := all[i].(doc); i != at && element.(doc)["primary"] == true && other["primary"] == true {
				all[i] = a.merged(other, doc{"primary": false})
			}
		}
	}
	return slices.DeleteFunc(all, func(e any) bool { return len(e.(doc)) == 0 })
}
