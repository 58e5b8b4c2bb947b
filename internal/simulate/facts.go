package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// facts are what is said of a person, each under its name: title, name.givenName, emails[work].value, department, active. What
// is not there is not said; as a change, an empty text takes something away.
type facts map[string]string

// Facts that more than the code that reads them knows by name.
const (
	factActive   = "active"
	factExternal = "externalId"
	factManager  = "manager"
	factRoles    = "roles"
	factTitle    = "title"
	factWorkMail = "emails[work].value"
)

// with returns the facts after changes.
func (f facts) with(changes facts) facts {
	now := maps.Clone(f)
	if now == nil {
		now = facts{}
	}
	for name, value := range changes {
		if value == "" {
			delete(now, name)
			continue
		}
		now[name] = value
	}
	return now
}

// said are the facts that say something.
func (f facts) said() facts { return facts{}.with(f) }

// only returns the facts of some names.
func (f facts) only(names ...string) facts {
	some := facts{}
	for _, name := range names {
		if value, there := f[name]; there {
			some[name] = value
		}
	}
	return some
}

// factsOf reads everything that a target says of a person, but for what is its own to say.
func factsOf(o object) facts {
	f := facts{}
	for name, value := range o {
		switch name {
		case "schemas", "id", "meta", "groups", "password":
		case factRoles:
			f.put(factRoles, rolesOf(value))
		case factActive:
			f.put(factActive, activeOf(value))
		case enterpriseURN:
			for part, value := range objectOf(value) {
				if part == factManager {
					f.put(factManager, managerOf(value))
					continue
				}
				f.add(part, value)
			}
		default:
			if !strings.HasPrefix(strings.ToLower(name), "urn:") {
				f.add(name, value)
			}
		}
	}
	return f
}

func (f facts) put(name, value string) {
	if value != "" {
		f[name] = value
	}
}

// add adds a value with its parts.
func (f facts) add(name string, value any) {
	switch value := value.(type) {
	case object:
		for part, inner := range value {
			f.add(name+"."+part, inner)
		}
	case []any:
		f.addElements(name, value)
	case nil:
	default:
		f.put(name, fmt.Sprint(value))
	}
}

// addElements adds the elements of a list, each under its type. The primary one is there under that name, too, and a second one
// of a type is told apart.
func (f facts) addElements(name string, elements []any) {
	seen := map[string]int{}
	for _, element := range elements {
		o, isObject := element.(object)
		if !isObject {
			o = object{"value": element}
		}
		kind := str(o, "type")
		seen[kind]++
		for part, value := range o {
			if part == "type" || part == "primary" {
				continue
			}
			f.add(elementName(name, kind, part)+again(seen[kind]), value)
			if o["primary"] == true {
				f.add(elementName(name, "primary", part), value)
			}
		}
	}
}

func elementName(list, kind, part string) string {
	if kind == "" {
		return list + "." + part
	}
	return list + "[" + kind + "]." + part
}

// again marks what is there more than once.
func again(n int) string {
	if n < 2 { //nolint:mnd // the first one
		return ""
	}
	return fmt.Sprintf(" (%d)", n)
}

// rolesOf names the roles in their order; how else a target spells a role is its own matter.
func rolesOf(value any) string {
	all, isList := value.([]any)
	if !isList {
		return wrongly(value)
	}
	var names []string
	for _, one := range all {
		o, _ := one.(object)
		names = append(names, str(o, "value"))
	}
	return roleNames(names...)
}

// roleNames writes a set of roles.
func roleNames(names ...string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// activeOf reads a boolean. A text is none.
func activeOf(value any) string {
	if active, ok := value.(bool); ok {
		return fmt.Sprint(active)
	}
	return wrongly(value)
}

// managerOf reads a manager, who is an object with a value. Entra cannot read a text in her place.
func managerOf(value any) string {
	o, ok := value.(object)
	if !ok {
		return wrongly(value)
	}
	return str(o, "value")
}

func wrongly(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprintf("%T %v", value, value)
}

// mapping names the facts that a provider provisions, in the order in which differences are told.
type mapping []string

// differing names the facts that are not as they must be: those that are mapped, and second ones of them.
func (m mapping) differing(want, found facts) []string {
	var names []string
	for _, name := range m {
		if want[name] != found[name] {
			names = append(names, name)
		}
		for n := 2; found[name+again(n)] != ""; n++ {
			names = append(names, name+again(n))
		}
	}
	return names
}
