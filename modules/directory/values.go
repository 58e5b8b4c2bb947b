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
func valuesOf(u *User, own *SchemaSet) []value {
	c := &collector{all: ownValues(u, own)}
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

// ownValues returns the rows of schemas: which ones the person has data of, and that data of the tenant's own. They are those
// that dropOwnValues drops.
func ownValues(u *User, own *SchemaSet) []value {
	c := &collector{}
	if u.Enterprise != (Enterprise{}) {
		c.exact(numberSchemas, 0, true, EnterpriseURN)
	}
	for i, urn := range sortedKeys(u.Extra) {
		number := int32(numberUndeclared)
		if s := own.ByURN(urn); s != nil {
			number = numberSchemas
			c.extension(s, objectOf(u.Extra[urn]))
		}
		c.exact(number, int32(i+1), false, urn)
	}
	return c.all
}

// extension adds the data of one of the tenant's schemas. What does not fit is not found.
func (c *collector) extension(s *Schema, object map[string]any) {
	s.leaves(func(parent, leaf *Attribute) {
		holder := leaf
		if parent != nil {
			holder = parent
		}
		if value := object[holder.Name]; value != nil && !holder.hidden() && !leaf.hidden() && holder.misfit(value) == "" {
			c.leaf(s.code+leaf.number, value, holder, leaf)
		}
	})
}

// leaf adds the values of an attribute that stands by itself, or as a part of the holder.
func (c *collector) leaf(number int32, value any, holder, leaf *Attribute) {
	elements, isList := value.([]any)
	if !isList {
		elements = []any{value}
	}
	lead := max(slices.IndexFunc(elements, isPrimary), 0)
	for i, element := range elements {
		if holder != leaf {
			parts, _ := element.(map[string]any)
			element = parts[leaf.Name]
		}
		if key, ok := leaf.key(element); ok && key != "" && (key != keyFalse || !leaf.isPrimary(holder)) {
			c.add(number, int32(i), i == lead, key)
		}
	}
}

// isPrimary tells whether a part of a list says which element is preferred: one that does not say so is not (RFC 7643 section 2.4).
func (a *Attribute) isPrimary(holder *Attribute) bool {
	return holder.MultiValued && holder != a && a.Name == partPrimary
}

// unique is a row of user_uniques.
type unique struct {
	Attr int32  `json:"attr"`
	Key  string `json:"key"`
}

// uniquesOf returns the values of a person that nobody else may have, and the attribute of each.
func uniquesOf(u *User, own *SchemaSet) map[unique]*Attribute {
	found := map[unique]*Attribute{}
	for _, s := range own.All {
		if !s.uniques {
			continue
		}
		object := objectOf(u.Extra[s.URN])
		s.leaves(func(_, leaf *Attribute) {
			value := object[leaf.Name]
			if !leaf.unique() || value == nil || leaf.misfit(value) != "" {
				return
			}
			elements, isList := value.([]any)
			if !isList {
				elements = []any{value}
			}
			for _, element := range elements {
				if key, ok := leaf.key(element); ok && key != "" {
					found[unique{Attr: s.code + leaf.number, Key: key}] = leaf
				}
			}
		})
	}
	return found
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
