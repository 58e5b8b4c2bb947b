package directory

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// keySize is how many bytes of a value its index keeps; the rest is compared where these are equal.
const keySize = 256

// value is a row of user_values.
type value struct {
	Attr int32  `json:"attr"`
	Ord  int32  `json:"ord"`
	Lead bool   `json:"lead"`
	Key  string `json:"key"`
	Rest string `json:"rest"`
}

// place names a row of a person's values.
func (v value) place() [2]int32 { return [2]int32{v.Attr, v.Ord} }

// keyed cuts what a value is compared by in two, between two characters.
func keyed(text string) (key, rest string) {
	if len(text) <= keySize {
		return text, ""
	}
	at := keySize
	for !utf8.RuneStart(text[at]) {
		at--
	}
	return text[:at], text[at:]
}

const (
	keyTrue  = "true"
	keyFalse = "false"
)

func flagKey(is bool) string {
	if is {
		return keyTrue
	}
	return keyFalse
}

// collector gathers the values of a person.
type collector struct{ all []value }

func (c *collector) add(number, ord int32, lead bool, text string) {
	key, rest := keyed(text)
	c.all = append(c.all, value{Attr: number, Ord: ord, Lead: lead, Key: key, Rest: rest})
}

func (c *collector) text(number, ord int32, lead bool, text string) {
	if text != "" {
		c.add(number, ord, lead, fold(text))
	}
}

func (c *collector) exact(number, ord int32, lead bool, text string) {
	if text != "" {
		c.add(number, ord, lead, text)
	}
}

func (c *collector) texts(first int32, all ...string) {
	for i, text := range all {
		c.text(first+int32(i), 0, true, text)
	}
}

// list adds a multi-valued attribute. Its primary element leads, or else its first one.
func (c *collector) list(first int32, values []Value, exact bool) {
	lead := max(slices.IndexFunc(values, func(v Value) bool { return v.Primary }), 0)
	for i, v := range values {
		ord, leads := int32(i), i == lead
		if exact {
			c.exact(first, ord, leads, v.Value)
		} else {
			c.text(first, ord, leads, v.Value)
		}
		c.text(first+1, ord, leads, v.Display)
		c.text(first+2, ord, leads, v.Type)
		if v.Primary {
			c.add(first+3, ord, leads, keyTrue)
		}
	}
}

func (c *collector) addresses(first int32, all []Address) {
	lead := max(slices.IndexFunc(all, func(a Address) bool { return a.Primary }), 0)
	for i, a := range all {
		ord, leads := int32(i), i == lead
		for part, text := range []string{a.Formatted, a.StreetAddress, a.Locality, a.Region, a.PostalCode, a.Country, a.Type} {
			c.text(first+int32(part), ord, leads, text)
		}
		if a.Primary {
			c.add(first+7, ord, leads, keyTrue)
		}
	}
}

// valuesOf returns the rows by which a person is found, in the order of their places.
func valuesOf(u *User) []value {
	c := &collector{}
	if u.Enterprise != (Enterprise{}) {
		c.exact(numberSchemas, 0, true, EnterpriseURN)
	}
	for i, urn := range sortedKeys(u.Extra) {
		c.exact(numberSchemas, int32(i+1), false, urn)
	}
	c.texts(10, u.Name.Formatted, u.Name.FamilyName, u.Name.GivenName, u.Name.MiddleName, u.Name.HonorificPrefix, u.Name.HonorificSuffix)
	c.texts(20, u.DisplayName, u.NickName)
	c.exact(22, 0, true, u.ProfileURL)
	c.texts(23, u.Title, u.UserType, u.PreferredLanguage, u.Locale, u.Timezone)
	c.list(numberEmails, u.Emails, false)
	c.list(110, u.PhoneNumbers, false)
	c.list(120, u.IMs, false)
	c.list(130, u.Photos, true)
	c.list(140, u.Entitlements, false)
	c.list(150, u.Roles, false)
	c.list(160, u.Certificates, true)
	c.addresses(170, u.Addresses)
	e := u.Enterprise
	c.texts(200, e.EmployeeNumber, e.CostCenter, e.Organization, e.Division, e.Department, e.Manager)
	return c.all
}

// changedValues tells which rows are to be written and which are to go.
func changedValues(was, now []value) (written, gone []value) {
	before := make(map[[2]int32]value, len(was))
	for _, v := range was {
		before[v.place()] = v
	}
	for _, v := range now {
		if before[v.place()] != v {
			written = append(written, v)
		}
		delete(before, v.place())
	}
	for _, v := range was {
		if _, left := before[v.place()]; left {
			gone = append(gone, v)
		}
	}
	return written, gone
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}
