package directory

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Bounds of numbers. What is beyond them is no number that anybody counts with, and its key would not fit in the index.
const (
	maxDigits   = 200
	maxExponent = 9999
)

// numberKey returns the key of a number in JSON's notation: keys of numbers are in the order of the numbers, exactly, and
// numbers that are equal have one key (1, 1.0 and 10e-1 are one number). It refuses what is no number and what is out of bounds.
//
// A number is 0.d₁d₂d₃… times a power of ten. Its key has the sign, the exponent in five places, and the digits; in keys of
// negative numbers all digits are turned around, and their end is greater than any digit.
func numberKey(text string) (string, bool) {
	negative, digits, exponent, ok := decimal(text)
	switch {
	case !ok:
		return "", false
	case digits == "":
		return "1", true
	}
	magnitude := strconv.Itoa(50_000+exponent) + digits
	if !negative {
		return "2" + magnitude, true
	}
	turned := []byte(magnitude)
	for i, digit := range turned {
		turned[i] = '0' + '9' - digit
	}
	return "0" + string(turned) + "~", true
}

// decimal takes a number in JSON's notation apart: 0.digits × 10^exponent, without zeros at either end. Zero has no digits.
func decimal(text string) (negative bool, digits string, exponent int, ok bool) {
	if len(text) > 2*maxDigits {
		return false, "", 0, false
	}
	text, negative = strings.CutPrefix(text, "-")
	mantissa := text
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		mantissa = text[:at]
		n, err := strconv.ParseInt(text[at+1:], 10, 32)
		if err != nil {
			return false, "", 0, false
		}
		exponent = int(n)
	}
	whole, fraction, pointed := strings.Cut(mantissa, ".")
	if !isDigits(whole) || pointed && !isDigits(fraction) || len(whole) > 1 && whole[0] == '0' {
		return false, "", 0, false
	}
	exponent += len(whole)
	all := whole + fraction
	digits = strings.TrimLeft(all, "0")
	exponent -= len(all) - len(digits)
	digits = strings.TrimRight(digits, "0")
	if digits == "" {
		return false, "", 0, true
	}
	return negative, digits, exponent, len(digits) <= maxDigits && -maxExponent <= exponent && exponent <= maxExponent
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

const (
	timeKeyForm = "2006-01-02T15:04:05.000000000"
	zoneless    = "2006-01-02T15:04:05.999999999"
)

// The shape of an xsd:dateTime. The library that reads it takes more.
var timePattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-](0\d|1[0-4]):[0-5]\d)?$`)

// instant reads an xsd:dateTime: a date and a time, to the nanosecond, of the years 1 to 9999. One without a zone is in UTC.
func instant(text string) (time.Time, bool) {
	if !timePattern.MatchString(text) {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		if at, err = time.Parse(zoneless, text); err != nil {
			return time.Time{}, false
		}
	}
	at = at.UTC()
	return at, at.Year() >= 1 && at.Year() <= 9999
}

// timeKey returns the key of an instant: keys are in the order of the instants, whatever zone they were written in.
func timeKey(text string) (string, bool) {
	at, ok := instant(text)
	return at.Format(timeKeyForm), ok
}
