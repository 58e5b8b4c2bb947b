// Package id makes and spells the identifiers of things.
//
// Ids are UUIDv7: stored natively, strictly increasing within a process, shown through every door with a prefix that names
// the kind (usr_01h…, TypeID's alphabet), so that a reader and node(id) know what they name. They are opaque; an id is never
// taken from a client to create with.
package id

import (
	"encoding/binary"
	"strings"

	"github.com/google/uuid"
)

// ID names one thing of any kind.
type ID = uuid.UUID

// Nil is the id of nothing.
var Nil = uuid.Nil

// New returns a fresh id, greater than every id that this process made before.
func New() ID { return uuid.Must(uuid.NewV7()) }

// Kind is the prefix that tells what an id names.
type Kind string

// The kinds of things that have ids of their own.
const (
	Tenant        Kind = "ten"
	User          Kind = "usr"
	Group         Kind = "grp"
	License       Kind = "lic"
	Seat          Kind = "seat"
	Config        Kind = "scim"
	Token         Kind = "tok"
	Administrator Kind = "adm"
	Event         Kind = "evt"
	Call          Kind = "call"
	Rule          Kind = "rule"
	Claim         Kind = "clm"
	Session       Kind = "ses"
	Alert         Kind = "alr"
)

// The 32 digits of an id: lower case, without the letters that look like digits.
const digits = "0123456789abcdefghjkmnpqrstvwxyz"

// Digits is how many digits an id is spelled with, behind the prefix of its kind.
const Digits = 26

// Format spells the id with the prefix of its kind.
func (k Kind) Format(of ID) string {
	out := make([]byte, len(k)+1+Digits)
	copy(out, k)
	out[len(k)] = '_'
	high, low := binary.BigEndian.Uint64(of[:8]), binary.BigEndian.Uint64(of[8:])
	for at := len(out) - 1; at > len(k); at-- {
		out[at] = digits[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(out)
}

// Parse reads an id of this kind. It refuses other kinds and every spelling but the canonical one.
func (k Kind) Parse(text string) (ID, bool) {
	rest, ok := strings.CutPrefix(text, string(k)+"_")
	if !ok {
		return Nil, false
	}
	return parse(rest)
}

// KindOf reads an id of any kind and tells which one it is.
func KindOf(text string) (Kind, ID, bool) {
	prefix, rest, found := strings.Cut(text, "_")
	if !found {
		return "", Nil, false
	}
	switch kind := Kind(prefix); kind {
	case Tenant, User, Group, License, Seat, Config, Token, Administrator, Event, Call, Rule, Claim, Session, Alert:
		of, ok := parse(rest)
		return kind, of, ok
	default:
		return "", Nil, false
	}
}

func parse(text string) (ID, bool) {
	if len(text) != Digits || text[0] > '7' {
		return Nil, false
	}
	var high, low uint64
	for i := range len(text) {
		digit := strings.IndexByte(digits, text[i])
		if digit < 0 {
			return Nil, false
		}
		high = high<<5 | low>>59
		low = low<<5 | uint64(digit)
	}
	var of ID
	binary.BigEndian.PutUint64(of[:8], high)
	binary.BigEndian.PutUint64(of[8:], low)
	return of, true
}
