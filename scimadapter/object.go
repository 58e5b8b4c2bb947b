package scimadapter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// object is a JSON object. Values are nil, bool, string, json.Number, object and []any.
type object map[string]any

// maxDepth bounds how deep a body may be nested: SCIM needs five levels.
const maxDepth = 16

var (
	errDeep      = errors.New("it is nested too deeply")
	errDuplicate = errors.New("an object has a member twice")
	errNumber    = errors.New("a number is too large, or too large for its fraction, to be kept exactly")
	errSurrogate = errors.New("a text has half of a character, an escape \\ud800 to \\udfff without the other one")
)

// readObject reads a JSON object and nothing after it, as I-JSON has it (RFC 7493). Members of one name, without case, are
// refused, because which of them counts would be a guess; so are halves of characters and numbers that others would read as
// another number.
func readObject(body []byte) (object, error) { return readJSON(body, maxDepth) }

// readBulk reads a bulk, in which each operation's data may be as deep as a body of its own.
func readBulk(body []byte) (object, error) { return readJSON(body, maxDepth+3) }

func readJSON(body []byte, levels int) (object, error) {
	if !utf8.Valid(body) {
		return nil, errInvalidSyntax.Sayf("the body is not UTF-8")
	}
	if hasHalf(body) {
		return nil, errInvalidSyntax.Sayf("the body is not JSON that can be read: %s", errSurrogate)
	}
	reader := json.NewDecoder(bytes.NewReader(body))
	reader.UseNumber()
	value, err := readValue(reader, levels)
	if err != nil {
		return nil, errInvalidSyntax.Sayf("the body is not JSON that can be read: %s", reason(err)).Because(err)
	}
	if _, err := reader.Token(); !errors.Is(err, io.EOF) {
		return nil, errInvalidSyntax.Sayf("there is more behind the body's JSON object")
	}
	o, ok := value.(object)
	if !ok {
		return nil, errInvalidSyntax.Sayf("the body is not a JSON object")
	}
	return o, nil
}

// reason tells what is wrong without repeating what was sent.
func reason(err error) string {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, errDeep), errors.Is(err, errDuplicate), errors.Is(err, errNumber):
		return err.Error()
	case errors.As(err, &syntax):
		return fmt.Sprintf("it goes wrong at byte %d", syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	default:
		return "it is malformed"
	}
}

// readValue reads a value of at most so many levels.
func readValue(reader *json.Decoder, levels int) (any, error) {
	token, err := reader.Token()
	if err != nil {
		return nil, err
	}
	opened, isDelim := token.(json.Delim)
	number, isNumber := token.(json.Number)
	switch {
	case isNumber && !exact(number):
		return nil, errNumber
	case !isDelim:
		return token, nil
	case levels == 0:
		return nil, errDeep
	case opened == '[':
		return readList(reader, levels-1)
	default:
		return readMembers(reader, levels-1)
	}
}

func readList(reader *json.Decoder, levels int) (any, error) {
	all := []any{}
	for reader.More() {
		value, err := readValue(reader, levels)
		if err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	_, err := reader.Token()
	return all, err
}

func readMembers(reader *json.Decoder, levels int) (any, error) {
	o, seen := object{}, map[string]bool{}
	for reader.More() {
		token, err := reader.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if key := strings.ToLower(name); seen[key] {
			return nil, errDuplicate
		} else {
			seen[key] = true
		}
		if o[name], err = readValue(reader, levels); err != nil {
			return nil, err
		}
	}
	_, err := reader.Token()
	return o, err
}

// get returns a member by its name without case.
func (o object) get(name string) (any, bool) {
	if value, ok := o[name]; ok {
		return value, true
	}
	for key, value := range o {
		if sameName(key, name) {
			return value, true
		}
	}
	return nil, false
}

// sameName compares the names of attributes: without the case of ASCII, and so of the same length, for K is not the kelvin sign.
func sameName(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// maxExact is up to where all whole numbers are the same to everybody who reads JSON (RFC 7493 section 2.2).
const maxExact = 1 << 53

// exact tells whether a number is read as the same one by everybody, or is written as a whole number and kept as that.
func exact(n json.Number) bool {
	value, err := strconv.ParseFloat(n.String(), 64)
	return err == nil && (math.Abs(value) < maxExact || !strings.ContainsAny(n.String(), ".eE"))
}

// hasHalf tells whether a text in JSON has half of a character: an escaped surrogate without its partner.
func hasHalf(body []byte) bool {
	for at := bytes.IndexByte(body, '\\'); at >= 0 && at+1 < len(body); {
		next := at + 2
		if body[at+1] == 'u' {
			first := escaped(body[at:])
			next = min(at+escapeSize, len(body))
			if utf16.IsSurrogate(first) {
				if utf16.DecodeRune(first, escaped(body[next:])) == utf8.RuneError {
					return true
				}
				next += escapeSize
			}
		}
		more := bytes.IndexByte(body[next:], '\\')
		if more < 0 {
			return false
		}
		at = next + more
	}
	return false
}

// escapeSize is how many bytes an escape like \u00e9 has.
const escapeSize = 6

// escaped is the code that an escape at the beginning of a text stands for, or -1.
func escaped(text []byte) rune {
	if len(text) < escapeSize || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	code, err := strconv.ParseUint(string(text[2:escapeSize]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(code)
}

// names returns the names of the members in a lasting order.
func (o object) names() []string { return slices.Sorted(maps.Keys(o)) }
