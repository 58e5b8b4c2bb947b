package directory

import "strings"

// condition is a boolean expression of SQL that is never NULL. It can stand anywhere among others without brackets.
type condition string

const (
	yes condition = "true"
	no  condition = "false"
)

func allOf(parts ...condition) condition { return joined(parts, " AND ", yes, no) }

func anyOf(parts ...condition) condition { return joined(parts, " OR ", no, yes) }

// joined leaves out what makes no difference, and stops at what decides.
func joined(parts []condition, word string, neutral, decisive condition) condition {
	var texts []string
	for _, part := range parts {
		if part == decisive {
			return decisive
		}
		if part != neutral {
			texts = append(texts, string(part))
		}
	}
	switch len(texts) {
	case 0:
		return neutral
	case 1:
		return condition(texts[0])
	default:
		return condition("(" + strings.Join(texts, word) + ")")
	}
}

func notOf(c condition) condition {
	switch c {
	case yes:
		return no
	case no:
		return yes
	default:
		return "NOT (" + c + ")"
	}
}

func truth(is bool) condition {
	if is {
		return yes
	}
	return no
}
