package directory

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxName       = 512     // bytes of a userName, a group's name, an externalId; an index takes some 2,700
	maxAttributes = 1 << 18 // bytes of all attributes of a person
)

// normalize brings a person to the one form in which she is kept: empty values are absent, at most one value of an attribute
// is primary, extensions are rendered in one way. It refuses what cannot be kept with ErrInvalidUser. It returns the
// rendered attributes.
func (u *User) normalize() ([]byte, error) {
	if why := unfit(u.UserName); why != "" {
		return nil, ErrInvalidUser.At("userName").Sayf("userName %s", why)
	}
	if unassigned(u.UserName) {
		return nil, ErrInvalidUser.At("userName").Sayf("userName has a character that Unicode does not know")
	}
	if len(u.ExternalID) > maxName || !utf8.ValidString(u.ExternalID) || strings.IndexByte(u.ExternalID, 0) >= 0 {
		return nil, ErrInvalidUser.At("externalId").Sayf("externalId is too long or not text")
	}
	for _, values := range []*[]Value{&u.Emails, &u.PhoneNumbers, &u.IMs, &u.Photos, &u.Entitlements, &u.Roles, &u.Certificates} {
		*values = present(*values, func(v Value) bool { return v.Value == "" && v.Display == "" }, func(v *Value) *bool { return &v.Primary })
	}
	u.Addresses = present(u.Addresses, func(a Address) bool { a.Type, a.Primary = "", false; return a == Address{} },
		func(a *Address) *bool { return &a.Primary })
	for at := range u.Emails {
		if len(u.Emails[at].Value) > maxName || len(u.Emails[at].Type) > maxName {
			return nil, ErrInvalidUser.At("emails").Sayf("an e-mail address is too long")
		}
	}
	if len(u.Enterprise.Manager) > maxName {
		return nil, ErrInvalidUser.At("manager").Sayf("manager is too long")
	}
	if err := u.normalizeExtra(); err != nil {
		return nil, err
	}
	text, err := u.render()
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxAttributes:
		return nil, ErrInvalidUser.Sayf("the attributes are more than %d bytes", maxAttributes)
	case hasNUL(text):
		return nil, ErrInvalidUser.Sayf("an attribute has the character U+0000, which cannot be kept")
	}
	return text, nil
}

// present drops empty values and leaves the first primary one primary.
func present[T any](values []T, empty func(T) bool, primary func(*T) *bool) []T {
	values = slices.DeleteFunc(values, empty)
	seen := false
	for at := range values {
		is := primary(&values[at])
		*is, seen = *is && !seen, seen || *is
	}
	if len(values) == 0 {
		return nil
	}
	return values
}

// normalizeExtra renders extensions anew, so that the order of keys makes no difference.
func (u *User) normalizeExtra() error {
	for name, text := range u.Extra {
		canonical, err := canonicalJSON(text)
		if err != nil {
			return ErrInvalidUser.At(name).Sayf("the extension is not JSON").Because(err)
		}
		u.Extra[name] = canonical
	}
	maps.DeleteFunc(u.Extra, func(name string, text json.RawMessage) bool {
		return !foreign(name) || string(text) == "{}" || string(text) == "null"
	})
	if len(u.Extra) == 0 {
		u.Extra = nil
	}
	return nil
}

func canonicalJSON(text []byte) ([]byte, error) {
	reader := json.NewDecoder(bytes.NewReader(text))
	reader.UseNumber()
	var value any
	if err := reader.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// hasNUL looks for U+0000 in rendered JSON, where it is an escape that no backslash escapes in turn.
func hasNUL(text []byte) bool {
	for from := 0; ; {
		at := bytes.Index(text[from:], []byte(`\u0000`))
		if at < 0 {
			return false
		}
		at += from
		before := at
		for before > 0 && text[before-1] == '\\' {
			before--
		}
		if (at-before)%2 == 0 {
			return true
		}
		from = at + 1
	}
}
