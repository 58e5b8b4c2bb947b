package filter

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func (p *parser) value() Value {
	if p.sees('"') {
		return p.quoted()
	}
	from := p.at
	for p.at < len(p.text) && strings.IndexByte(" ()[]\"\t\r\n", p.text[p.at]) < 0 {
		p.at++
	}
	word := p.text[from:p.at]
	switch {
	case isWord(word, "true"):
		return Value{Kind: Bool, Text: "true"}
	case isWord(word, "false"):
		return Value{Kind: Bool, Text: "false"}
	case isWord(word, null):
		return Value{Kind: Null, Text: null}
	case isNumber(word):
		return Value{Kind: Number, Text: word}
	case p.o.AllowBare && word != "" && !strings.ContainsAny(word, `{}'\,`):
		return Value{Kind: String, Text: word}
	}
	p.at = from
	p.fail(`expected a value: a string in double quotes, a number, true, false or null`)
	return Value{}
}

// isWord compares without the case of ASCII.
func isWord(word, as string) bool { return len(word) == len(as) && strings.EqualFold(word, as) }

// isNumber tells whether a word is a number of JSON (RFC 8259 section 6).
func isNumber(word string) bool {
	rest, whole := digits(strings.TrimPrefix(word, "-"))
	if whole == "" || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	if after, pointed := strings.CutPrefix(rest, "."); pointed {
		var fraction string
		if rest, fraction = digits(after); fraction == "" {
			return false
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		var exponent string
		if rest, exponent = digits(rest); exponent == "" {
			return false
		}
	}
	return rest == ""
}

func digits(text string) (rest, found string) {
	at := 0
	for at < len(text) && text[at] >= '0' && text[at] <= '9' {
		at++
	}
	return text[at:], text[:at]
}

// quoted reads a JSON string (RFC 8259 section 7). Lone surrogates and NUL are refused, for no database could give them back.
// Most strings have no escape, and are then a piece of the filter.
func (p *parser) quoted() Value {
	from := p.at
	var text []byte
	plain := from + 1 // where what has not been copied begins
	for p.at++; p.at < len(p.text); {
		switch b := p.text[p.at]; {
		case b == '"':
			p.at++
			if text == nil {
				return Value{Kind: String, Text: p.text[plain : p.at-1]}
			}
			return Value{Kind: String, Text: string(append(text, p.text[plain:p.at-1]...))}
		case b < ' ':
			p.at = from
			p.fail("the string has a control character, which is written as an escape")
			return Value{}
		case b == '\\':
			text = append(text, p.text[plain:p.at]...)
			r, size := escape(p.text[p.at:])
			if size == 0 {
				p.at = from
				p.fail("the string is not a JSON string of valid characters")
				return Value{}
			}
			text = utf8.AppendRune(text, r)
			p.at += size
			plain = p.at
		default:
			p.at++
		}
	}
	p.at = from
	p.fail("the string has no end")
	return Value{}
}

// escape reads an escape at the beginning of a text, two where they make one character. What is none has no size.
func escape(text string) (r rune, size int) {
	if len(text) < 2 {
		return 0, 0
	}
	if at := strings.IndexByte(`"\/bfnrt`, text[1]); at >= 0 {
		return rune("\"\\/\b\f\n\r\t"[at]), 2
	}
	r, ok := unit(text)
	switch {
	case !ok || r == 0:
		return 0, 0
	case !utf16.IsSurrogate(r):
		return r, unitSize
	}
	second, ok := unit(text[unitSize:])
	if r = utf16.DecodeRune(r, second); !ok || r == utf8.RuneError {
		return 0, 0
	}
	return r, 2 * unitSize
}

const unitSize = len(`\u0000`)

// unit reads \uXXXX.
func unit(text string) (rune, bool) {
	if len(text) < unitSize || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:unitSize], 16, 16)
	return rune(n), err == nil
}
