package directory

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
)

// operand is what stands on the left of a comparison: a column, an expression, a constant. It makes the condition that one
// value meets a comparison with a text that has been brought to the value's form. Only eq, co, sw, ew, gt, ge, lt and le come
// here; what the others mean follows from these.
type operand func(a *arguments, op filter.Op, text string) condition

// shortText is how long a text can be that is compared with a key alone: every key that was cut is longer.
const shortText = keySize - utf8.UTFMax

// keyedText compares values that are kept as key and rest, by the columns of an alias.
func keyedText(alias string) operand {
	key, whole := alias+".key", "("+alias+".key || "+alias+".rest)"
	return func(a *arguments, op filter.Op, text string) condition {
		if op == filter.Eq {
			head, rest := keyed(text)
			return allOf(condition(key+" = "+a.add(head)), condition(alias+".rest = "+a.add(rest)))
		}
		if op == filter.Co || op == filter.Ew {
			return textTest(whole)(a, op, text)
		}
		if len(text) <= shortText {
			return textTest(key)(a, op, text)
		}
		// The beginning finds them by the index, and the whole decides.
		head := text[:shortText]
		for !utf8.ValidString(head) {
			head = head[:len(head)-1]
		}
		if op == filter.Sw {
			return allOf(textTest(key)(a, op, head), startsWith(a, whole, text))
		}
		if op == filter.Gt || op == filter.Ge {
			return allOf(textTest(key)(a, filter.Ge, head), textTest(whole)(a, op, text))
		}
		return allOf(condition(key+" "+signs[op]+" "+a.add(text)), textTest(whole)(a, op, text))
	}
}

func startsWith(a *arguments, expression, text string) condition {
	return condition("substr(" + expression + ", 1, " + a.add(utf8.RuneCountInString(text)) + ") = " + a.add(text))
}

// textTest compares an expression of text that sorts by its bytes and is never empty.
func textTest(expression string) operand {
	return func(a *arguments, op filter.Op, text string) condition {
		if text == "" {
			return truth(op != filter.Eq && op != filter.Lt && op != filter.Le)
		}
		switch op {
		case filter.Co:
			return condition("strpos(" + expression + ", " + a.add(text) + ") > 0")
		case filter.Ew:
			return condition("substr(" + expression + ", length(" + expression + ") - " + a.add(utf8.RuneCountInString(text)) + " + 1) = " + a.add(text))
		case filter.Sw:
			from := condition(expression + " >= " + a.add(text))
			if next, ok := successor(text); ok {
				return allOf(from, condition(expression+" < "+a.add(next)))
			}
			return from
		case filter.Eq, filter.Gt, filter.Ge, filter.Lt, filter.Le:
			return condition(expression + " " + signs[op] + " " + a.add(text))
		case filter.Ne, filter.Pr:
		}
		return no
	}
}

var signs = map[filter.Op]string{filter.Eq: "=", filter.Gt: ">", filter.Ge: ">=", filter.Lt: "<", filter.Le: "<="}

// successor returns the first text behind all that begin with a text, in the order of bytes.
func successor(text string) (string, bool) {
	for text != "" {
		last, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
		if last == utf8.MaxRune {
			continue
		}
		if last == 0xd7ff { // surrogates are no characters
			last = 0xdfff
		}
		return text + string(last+1), true
	}
	return "", false
}

// constant is a value that everybody has.
func constant(value string) operand {
	return func(_ *arguments, op filter.Op, text string) condition {
		switch op {
		case filter.Eq:
			return truth(value == text)
		case filter.Co:
			return truth(strings.Contains(value, text))
		case filter.Sw:
			return truth(strings.HasPrefix(value, text))
		case filter.Ew:
			return truth(strings.HasSuffix(value, text))
		case filter.Gt:
			return truth(value > text)
		case filter.Ge:
			return truth(value >= text)
		case filter.Lt:
			return truth(value < text)
		case filter.Le:
			return truth(value <= text)
		case filter.Ne, filter.Pr:
		}
		return no
	}
}

// flagTest compares an expression that is true or false. Flags are only equal or not.
func flagTest(expression condition) operand {
	return func(_ *arguments, _ filter.Op, text string) condition {
		if text == keyTrue {
			return expression
		}
		return notOf(expression)
	}
}

// spelledID compares what is a prefix with the spelling of an id behind it.
func spelledID(column, prefix string) operand {
	return func(a *arguments, op filter.Op, text string) condition {
		if op == filter.Co || op == filter.Ew {
			return spelledPart(a, op, column, prefix, text)
		}
		rest, inside := strings.CutPrefix(text, prefix)
		switch {
		case !inside && op == filter.Sw:
			return truth(strings.HasPrefix(prefix, text))
		case !inside: // the prefix decides
			return constant(prefix)(a, op, text)
		}
		first, exact, some := id.First(rest)
		switch {
		case op == filter.Eq && exact:
			return condition(column + " = " + a.add(first))
		case op == filter.Eq:
			return no
		case op == filter.Sw:
			return spelledFrom(a, column, rest)
		case !some:
			return truth(op == filter.Lt || op == filter.Le)
		}
		sign := map[filter.Op]string{filter.Ge: ">=", filter.Gt: ">=", filter.Lt: "<", filter.Le: "<"}[op]
		if exact && op != filter.Ge && op != filter.Lt {
			sign = signs[op]
		}
		return condition(column + " " + sign + " " + a.add(first))
	}
}

func spelledFrom(a *arguments, column, beginning string) condition {
	first, _, some := id.First(beginning)
	if !some {
		return no
	}
	from := condition(column + " >= " + a.add(first))
	if next, ok := successor(beginning); ok {
		if end, _, some := id.First(next); some {
			return allOf(from, condition(column+" < "+a.add(end)))
		}
	}
	return from
}

func spelledPart(a *arguments, op filter.Op, column, prefix, text string) condition {
	if op == filter.Co && strings.Contains(prefix, text) || text == "" {
		return yes
	}
	whole := "(" + a.add(prefix) + "::text || " + id.Spelling(column) + ")"
	if op == filter.Co {
		return textTest(whole)(a, op, text)
	}
	start := utf8.RuneCountInString(prefix) + id.Digits - utf8.RuneCountInString(text) + 1
	if start < 1 {
		return no
	}
	return condition("substr(" + whole + ", " + a.add(start) + ") = " + a.add(text))
}

// shownTime is what finer parts of a time are cut to when it is shown. A filter sees what is shown.
const shownTime = time.Millisecond

// timeTest compares a column of times.
func timeTest(column string) operand {
	return func(a *arguments, op filter.Op, text string) condition {
		at, ok := instant(text)
		if !ok {
			return no
		}
		at = at.UTC()
		whole := at.Truncate(shownTime)
		next := whole.Add(shownTime)
		from, below := whole, next
		if at.After(whole) { // nothing that is shown lies between the two
			from, below = next, next
			if op == filter.Eq {
				return no
			}
		} else if op == filter.Lt {
			below = whole
		}
		if op == filter.Eq {
			return allOf(condition(column+" >= "+a.add(whole)), condition(column+" < "+a.add(next)))
		}
		if op == filter.Ge {
			return condition(column + " >= " + a.add(from))
		}
		if op == filter.Gt {
			return condition(column + " >= " + a.add(next))
		}
		return condition(column + " < " + a.add(below)) // lt, le
	}
}
