package simulate

import "strings"

// operations writes changes of a person in one of the two dialects. Without the flag, each attribute has an operation and a
// path of its own, and words are written large. With it, only what needs a filter or a form of its own has a path; the rest is
// one object, with keys such as name.familyName and urn:…:User:department.
func (p *entraPlay) operations(who *person, changes facts, s style) []object {
	var ops []object
	together, name := object{}, object{}
	for _, fact := range p.mapping {
		value, changed := changes[fact]
		switch {
		case !changed:
		case fact == factRoles:
			ops = append(ops, p.roles.operation(who.Role, s))
		case s.nested && strings.HasPrefix(fact, "name."):
			name[strings.TrimPrefix(fact, "name.")] = value
		case s.flag && !strings.Contains(fact, "["):
			together[pathOf(fact)] = flagged(fact, value)
		default:
			ops = append(ops, object{"op": s.word(who.held()[fact]), "path": pathOf(fact), "value": s.value(fact, value)})
		}
	}
	if len(name) > 0 && s.flag {
		together["name"] = name
	} else if len(name) > 0 {
		ops = append(ops, object{"op": "Replace", "path": "name", "value": name}) // the parts that it does not name stay
	}
	if len(together) > 0 {
		ops = append(ops, object{"op": "replace", "value": together})
	}
	return ops
}

// word is what to do to a fact that is now something or nothing.
func (s style) word(now string) string {
	if now == "" && !s.replace {
		return s.write("Add")
	}
	return s.write("Replace")
}

// write spells the word of an operation.
func (s style) write(word string) string {
	if s.flag {
		return strings.ToLower(word)
	}
	return word
}

// value writes a value. Without the flag a boolean is a text, at least most of the time.
func (s style) value(fact, value string) any {
	switch {
	case fact != factActive:
		return value
	case s.boolean || s.flag:
		return value == "true"
	case value == "true":
		return "True"
	default:
		return "False"
	}
}

func flagged(fact, value string) any { return style{flag: true}.value(fact, value) }

// pathOf is the path of a fact: emails[work].value is at emails[type eq "work"].value, and department in its extension.
func pathOf(fact string) string {
	switch fact {
	case "department", "employeeNumber", factManager:
		return enterpriseURN + ":" + fact
	}
	list, rest, inList := strings.Cut(fact, "[")
	if !inList {
		return fact
	}
	kind, part, _ := strings.Cut(rest, "]")
	return list + `[type eq "` + kind + `"]` + part
}
