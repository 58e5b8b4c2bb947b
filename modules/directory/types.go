package directory

import (
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Misfit tells why a value is none of a type, in words that go behind the name of its attribute, or nothing when it is one.
// Values are bool, string and json.Number, as JSON has them. References of resources outside of SCIM are addresses of the web.
func (t Type) Misfit(value any, references []string) string {
	switch t {
	case TypeBoolean:
		if _, ok := value.(bool); !ok {
			return "is not true or false"
		}
		return ""
	case TypeInteger, TypeDecimal:
		number, ok := value.(json.Number)
		if !ok {
			return "is not a number"
		}
		return t.misfitNumber(string(number))
	case TypeComplex:
		return "is not an object"
	case TypeString, TypeDateTime, TypeReference, TypeBinary:
	}
	text, ok := value.(string)
	switch {
	case !ok:
		return "is not text"
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return "has a character that cannot be kept, such as U+0000"
	case t == TypeDateTime:
		return misfitTime(text)
	case t == TypeBinary:
		return misfitBinary(text)
	case t == TypeReference:
		return misfitReference(text, references)
	default:
		return ""
	}
}

func (t Type) misfitNumber(text string) string {
	if t == TypeInteger && !isDigits(strings.TrimPrefix(text, "-")) {
		return "is not a whole number, written without fraction and exponent"
	}
	if _, ok := numberKey(text); !ok {
		return "is a number with too many digits"
	}
	return ""
}

func misfitTime(text string) string {
	if _, ok := instant(text); !ok {
		return "is not a date with a time, as in 2026-11-23T10:00:00Z"
	}
	return ""
}

// misfitBinary takes base64 of RFC 4648 section 4 with and without its padding.
func misfitBinary(text string) string {
	if _, err := unbase64(text); err != nil {
		return "is not base64"
	}
	return ""
}

func unbase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") { // the library would pass them over
		return nil, base64.CorruptInputError(strings.IndexAny(text, "\r\n"))
	}
	if strings.Contains(text, "=") {
		return base64.StdEncoding.DecodeString(text)
	}
	return base64.RawStdEncoding.DecodeString(text)
}

const referenceExternal = "external"

// misfitReference takes absolute and relative URIs. What is outside of SCIM is an address of the web: whoever shows it as a link
// must not run a script with it.
func misfitReference(text string, references []string) string {
	at, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, " \t\r\n<>\"\\^`{|}") {
		return "is not a URI"
	}
	scheme := strings.ToLower(at.Scheme)
	switch {
	case slices.Contains(references, referenceExternal) && (scheme != "http" && scheme != "https" || at.Host == ""):
		return "is not an address that begins with https:// or http://"
	case slices.Contains([]string{"javascript", "vbscript", "data"}, scheme):
		return "is a script and not the address of anything"
	default:
		return ""
	}
}

// MisfitCertificate tells why a text in base64 is not one certificate in DER, or nothing when it is.
func MisfitCertificate(text string) string {
	der, err := unbase64(text)
	if err != nil {
		return "is not base64"
	}
	var element asn1.RawValue
	rest, err := asn1.Unmarshal(der, &element)
	switch {
	case err != nil || element.Tag != asn1.TagSequence || !element.IsCompound:
		return "is not a certificate in DER"
	case len(rest) > 0:
		return "is more than one certificate; give each a value of its own"
	default:
		return ""
	}
}

// Key returns what a value of a type is compared by: texts without case, or exactly; numbers as numbers; times as instants. It
// refuses a value that is none of the type.
func (t Type) Key(value any, caseExact bool) (string, bool) {
	a := Attribute{Type: t, CaseExact: caseExact}
	return a.key(value)
}

func (a *Attribute) key(value any) (string, bool) {
	switch value := value.(type) {
	case bool:
		return flagKey(value), a.kind() == kindFlag
	case json.Number:
		if a.kind() != kindNumber {
			return "", false
		}
		return numberKey(string(value))
	case string:
		switch a.kind() {
		case kindText:
			return fold(value), true
		case kindExact, kindBinary:
			return value, true
		case kindTime:
			return timeKey(value)
		case kindFlag, kindNumber:
		}
	}
	return "", false
}
