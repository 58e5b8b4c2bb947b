package scimadapter

// wroteIn names the attributes of extensions that a body writes: those that are returned on request are in its answer, because
// to write them was to ask for them (RFC 7643 section 7).
func wroteIn(t *resourceType, body object) []string {
	if !t.special {
		return nil
	}
	var wrote []string
	for _, name := range body.names() {
		s := t.extension(name)
		values, isObject := body[name].(object)
		if s == nil || !isObject {
			continue
		}
		for _, attr := range values.names() {
			wrote = append(wrote, s.URN+":"+attr)
		}
	}
	return wrote
}

// wroteBy is wroteIn for operations.
func wroteBy(t *resourceType, ops []operation) []string {
	if !t.special {
		return nil
	}
	var wrote []string
	for _, op := range ops {
		values, isObject := op.value.(object)
		switch s := t.extension(op.path); {
		case op.path == "" && isObject:
			wrote = append(append(wrote, wroteIn(t, values)...), values.names()...)
		case s != nil && isObject:
			wrote = append(wrote, wroteIn(t, object{s.URN: values})...)
		default:
			wrote = append(wrote, withoutBrackets(op.path))
		}
	}
	return wrote
}

// withoutBrackets is the attribute, and the part, that a path names.
func withoutBrackets(path string) string {
	for from := range path {
		if path[from] != '[' {
			continue
		}
		for to := len(path) - 1; to > from; to-- {
			if path[to] == ']' {
				return path[:from] + path[to+1:]
			}
		}
	}
	return path
}
