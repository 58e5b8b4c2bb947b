package scimadapter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// object is a JSON object. Values are nil, bool, string, json.Number, object and []any.
type object map[string]any

// maxDepth bounds how deep a body may be nested: SCIM needs five levels.
const maxDepth = 16

var (
	errDeep      = errors.New("it is nested too deeply")
	errDuplicate = errors.New("an object has a member twice")
)

// readObject reads a JSON object and nothing after it. Members of one name, without case, are refused, because which of them
// counts would be a guess.
func readObject(body []byte) (object, error) { return readJSON(body, maxDepth) }

// readBulk reads a bulk, in which each operation's data may be as deep as a body of its own.
func readBulk(body []byte) (object, error) { return readJSON(body, maxDepth+3) }

func readJSON(body []byte, levels int) (object, error) {
	if !utf8.Valid(body) {
		return nil, errInvalidSyntax.Sayf("the body is not UTF-8")
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
	case errors.Is(err, errDeep), errors.Is(err, errDuplicate):
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
	switch {
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
		if strings.EqualFold(key, name) {
			return value, true
		}
	}
	return nil, false
}

// names returns the names of the members in a lasting order.
func (o object) names() []string { return slices.Sorted(maps.Keys(o)) }

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }

// covers tells whether an element has all parts of a pattern, as the pattern has them.
func covers(element, pattern any) bool {
	e, isObject := element.(object)
	p, alsoObject := pattern.(object)
	if !isObject || !alsoObject {
		return equal(element, pattern)
	}
	for name, value := range p {
		if !equal(e[name], value) {
			return false
		}
	}
	return true
}
