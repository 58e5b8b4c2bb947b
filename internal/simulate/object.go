package simulate

import "strconv"

// object is a JSON object of the target.
type object = map[string]any

// str reads a text of an object by a path of names.
func str(o object, path ...string) string {
	var value any = o
	for _, name := range path {
		inner, _ := value.(object)
		value = inner[name]
	}
	text, _ := value.(string)
	return text
}

// items reads the objects of a list.
func items(o object, name string) []object {
	all, _ := o[name].([]any)
	var found []object
	for _, one := range all {
		if item, ok := one.(object); ok {
			found = append(found, item)
		}
	}
	return found
}

// number reads a number of an object, or -1.
func number(o object, name string) int {
	n, ok := o[name].(float64)
	if !ok {
		return -1
	}
	return int(n)
}

// total reads the totalResults of a list, or -1.
func total(o object) int { return number(o, "totalResults") }

// patchOf is a PATCH of operations (RFC 7644 section 3.5.2).
func patchOf(ops ...object) object {
	return object{"schemas": []string{patchURN}, "Operations": ops}
}

// text writes a number.
func text(n int) string { return strconv.Itoa(n) }

// objectOf is a value that should be an object; another one has nothing in it.
func objectOf(value any) object {
	o, _ := value.(object)
	return o
}
