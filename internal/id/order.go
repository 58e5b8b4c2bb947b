package id

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// bitsADigit is how much of an id a digit tells. The first tells three bits alone, because 26 digits have two more than an id.
const bitsADigit = 5

// First returns the first id, in their order, whose spelling without the prefix is not less than a text, and whether it is
// spelled so exactly. There is none when the text is greater than every spelling. Ids have the order of their spellings.
func First(text string) (of ID, exact, ok bool) {
	if of, exact = parse(text); exact {
		return of, true, true
	}
	var spelled [Digits]byte
	at := 0
	for ; at < min(len(text), Digits); at++ {
		next := strings.IndexFunc(digits, func(digit rune) bool { return digit >= rune(text[at]) })
		if next < 0 {
			return above(spelled, at)
		}
		spelled[at] = byte(next) //nolint:gosec // there are 32 digits
		if digits[next] > text[at] {
			return whole(spelled)
		}
	}
	if len(text) > Digits {
		return above(spelled, at)
	}
	return whole(spelled)
}

// above returns the first id behind all that begin with some digits.
func above(spelled [Digits]byte, known int) (of ID, exact, ok bool) {
	for at := known - 1; at >= 0; at-- {
		if int(spelled[at]) < len(digits)-1 {
			spelled[at]++
			clear(spelled[at+1:])
			return whole(spelled)
		}
	}
	return Nil, false, false
}

func whole(spelled [Digits]byte) (of ID, exact, ok bool) {
	var high, low uint64
	for _, digit := range spelled {
		high = high<<5 | low>>59
		low = low<<5 | uint64(digit)
	}
	binary.BigEndian.PutUint64(of[:8], high)
	binary.BigEndian.PutUint64(of[8:], low)
	return of, false, spelled[0] <= 7 // 26 digits have two bits more than an id
}

// Spelling returns SQL that spells a column of ids without a prefix, in the words of the store.
func Spelling(column string) string {
	hex := func(n int) string { // of the 32 hexadecimal digits, between which dashes stand
		at := n + 1
		for _, dash := range []int{8, 12, 16, 20} {
			if n >= dash {
				at++
			}
		}
		return "(strpos('0123456789abcdef', substr(" + column + "::text, " + strconv.Itoa(at) + ", 1)) - 1)"
	}
	parts := make([]string, Digits)
	for i := range parts {
		bits := hex(0) + " >> 1"
		if i > 0 {
			from := bitsADigit*i - 2
			bits = "(" + hex(from/4) + " * 16 + " + hex(from/4+1) + ") >> " + strconv.Itoa(3-from%4) + " & 31"
		}
		parts[i] = "substr('" + digits + "', (" + bits + ") + 1, 1)"
	}
	return "(" + strings.Join(parts, " || ") + ")"
}

// Reading returns SQL that reads an id from a text of 26 digits behind a prefix of a known length: Spelling turned around. Of
// texts that spell no id it makes some id.
func Reading(text string, prefix int) string {
	digit := func(n int) string {
		return "(strpos('" + digits + "', substr(" + text + ", " + strconv.Itoa(prefix+n+1) + ", 1)) - 1)"
	}
	const nibble = 4
	var parts []string
	for i := range 32 {
		from := nibble*i + 2
		bits := "(" + digit(from/bitsADigit) + " * 32"
		if shift := 2*bitsADigit - nibble - from%bitsADigit; shift >= bitsADigit {
			bits += ") >> " + strconv.Itoa(shift) + " & 15"
		} else {
			bits += " + " + digit(from/bitsADigit+1) + ") >> " + strconv.Itoa(shift) + " & 15"
		}
		parts = append(parts, "substr('0123456789abcdef', ("+bits+") + 1, 1)")
		if i == 7 || i == 11 || i == 15 || i == 19 {
			parts = append(parts, "'-'")
		}
	}
	return "(" + strings.Join(parts, " || ") + ")::uuid"
}
