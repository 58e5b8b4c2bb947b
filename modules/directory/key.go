package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// fold brings a name to the form in which it is compared: PRECIS UsernameCaseMapped (RFC 8265: width mapping, lower case,
// NFC) without its narrow choice of characters, because providers send mail addresses and real names.
func fold(name string) string {
	if isASCII(name) {
		return strings.ToLower(name)
	}
	folded := name
	for range 3 { // RFC 8264 section 7: until nothing changes any more
		was := folded
		folded = norm.NFC.String(cases.Lower(language.Und, cases.HandleFinalSigma(false)).String(width.Fold.String(was)))
		if folded == was {
			break
		}
	}
	return folded
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unfit tells why a text cannot be a name, or nothing when it can.
func unfit(name string) string {
	switch {
	case strings.TrimSpace(name) == "":
		return "is required"
	case len(name) > maxName:
		return "is too long"
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	}
	for at, r := range name {
		switch {
		case unicode.IsControl(r):
			return "has a control character"
		case at == 0 && unicode.Is(unicode.M, r):
			return "begins with a combining mark"
		}
	}
	return ""
}

// unassigned tells whether a text has characters that Unicode has not given a meaning: how they fold is not known yet.
func unassigned(text string) bool {
	if isASCII(text) {
		return false
	}
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cn, r) })
}
