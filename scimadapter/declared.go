package scimadapter

import "strings"

// declared returns the URNs of the extensions that a person's rendered attributes have, in the spelling of the table, and what is
// within the braces of the attributes. Data under a URN that the tenant has not registered is shown as it was sent, though
// discovery cannot tell of it: Entra sends again what it does not read back. Strictly, it is not shown (RFC 7643 section 7).
func (m manners) declared(t *resourceType, attributes []byte) (urns []string, inside []byte) {
	inside = attributes[1 : len(attributes)-1]
	var parts [][]byte
	from, changed := 0, false // from here on, nothing has been taken into parts
	eachMember(inside, func(begin, value, end int) {
		key := inside[begin+1 : value-2] // between the quotation marks
		if len(key) <= len(urnPrefix) || !strings.EqualFold(string(key[:len(urnPrefix)]), urnPrefix) {
			return
		}
		s := t.extension(string(key))
		switch {
		case s != nil:
			urns = append(urns, s.URN)
		case !m.strict && !t.hidden(string(key)):
			urns = append(urns, string(key))
		}
		if len(urns) > 0 && urns[len(urns)-1] == string(key) {
			return
		}
		changed = true
		parts = append(parts, inside[from:max(begin-1, from)])
		if from = end; s != nil {
			parts = append(parts, append([]byte(`"`+s.URN+`":`), inside[value:end]...))
		}
		from = min(from+1, len(inside)) // the comma
	})
	if !changed {
		return urns, inside
	}
	return urns, joined(append(parts, inside[from:]))
}

const urnPrefix = "urn:"

func joined(parts [][]byte) []byte {
	var out []byte
	for _, part := range parts {
		if len(part) == 0 {
			continue
		}
		if out != nil {
			out = append(out, ',')
		}
		out = append(out, part...)
	}
	return out
}

// eachMember walks through the members of a rendered object, given what is within its braces: where each begins, where its value
// does, and where it ends. It takes JSON as it is rendered, without blanks.
func eachMember(inside []byte, each func(begin, value, end int)) {
	for at := 0; at < len(inside); at++ { // past the comma
		begin := at
		value := pastText(inside, at) + 1
		at = pastValue(inside, value)
		each(begin, value, at)
	}
}

// pastText returns where a text ends that begins there.
func pastText(json []byte, at int) int {
	for at++; at < len(json) && json[at] != '"'; at++ {
		if json[at] == '\\' {
			at++
		}
	}
	return min(at+1, len(json))
}

// pastValue returns where a value ends that begins there.
func pastValue(json []byte, at int) int {
	for depth := 0; at < len(json); {
		switch json[at] {
		case '"':
			at = pastText(json, at)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return len(json)
}
