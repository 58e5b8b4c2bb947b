package directory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
)

// maxElements bounds the values of one attribute of a tenant's own.
const maxElements = 1000

// judge refuses what a change makes of a person's data of the schema, with ErrInvalidUser or ErrImmutable. What stays as it was is
// not judged again: neither data that was there before the schema, nor a required attribute that she never had, may stand in
// the way of a change that has nothing to do with them.
func (s *Schema) judge(q scope, was, now map[string]any) error {
	for _, name := range sortedKeys(now) {
		a := attributeNamed(s.Attributes, name)
		switch {
		case reflect.DeepEqual(was[name], now[name]):
		case a == nil || a.Name != name:
			return ErrInvalidUser.At(s.URN).Sayf("the schema %s has no attribute %s", s.URN, shortened(name))
		default:
			if why := a.misfit(now[name]); why != "" {
				return ErrInvalidUser.At(a.Name).Sayf("%s:%s %s", s.URN, a.Name, why)
			}
		}
	}
	for i := range s.Attributes {
		if err := s.judgeAttribute(q, &s.Attributes[i], was, now); err != nil {
			return err
		}
	}
	if s.Required && len(now) == 0 {
		return ErrInvalidUser.At(s.URN).Sayf("the extension %s is required", s.URN)
	}
	return nil
}

// judgeAttribute keeps what is fixed fixed, and what is required there.
func (s *Schema) judgeAttribute(q scope, a *Attribute, was, now map[string]any) error {
	before, after := was[a.Name], now[a.Name]
	switch {
	case a.Required && after == nil && len(now) > 0 && (before != nil || len(was) == 0):
		return ErrInvalidUser.At(a.Name).Sayf("%s:%s is required", s.URN, a.Name)
	case reflect.DeepEqual(before, after):
		return nil
	case a.Mutability == Immutable && before != nil:
		return ErrImmutable.At(a.Name).Sayf("%s:%s cannot be changed once it has a value", s.URN, a.Name)
	case a.Mutability == ReadOnly && q.provider():
		return ErrImmutable.At(a.Name).Sayf("%s:%s is only for the server to write", s.URN, a.Name)
	case a.Type != TypeComplex || a.MultiValued:
		return nil
	}
	old, _ := before.(map[string]any)
	parts, _ := after.(map[string]any)
	for i := range a.SubAttributes {
		sub := &a.SubAttributes[i]
		switch {
		case reflect.DeepEqual(old[sub.Name], parts[sub.Name]):
		case sub.Mutability == Immutable && old[sub.Name] != nil, sub.Mutability == ReadOnly && q.provider():
			return ErrImmutable.At(a.Name).Sayf("%s:%s.%s cannot be changed", s.URN, a.Name, sub.Name)
		}
	}
	return nil
}

// misfit tells why a value cannot be one of the attribute's, in words that go behind its name, or nothing when it can.
func (a *Attribute) misfit(value any) string {
	if !a.MultiValued {
		return a.misfitOne(value)
	}
	all, isList := value.([]any)
	switch {
	case !isList:
		return "is not a list"
	case len(all) > maxElements:
		return fmt.Sprintf("has more than %d values", maxElements)
	}
	primaries := 0
	for _, one := range all {
		if why := a.misfitOne(one); why != "" {
			return "has a value that " + why
		}
		if isPrimary(one) {
			primaries++
		}
	}
	if primaries > 1 {
		return "has more than one primary value"
	}
	return ""
}

func isPrimary(element any) bool {
	parts, _ := element.(map[string]any)
	return parts[partPrimary] == true
}

func (a *Attribute) misfitOne(value any) string {
	if a.Type == TypeComplex {
		return a.misfitParts(value)
	}
	if why := a.Type.Misfit(value, a.ReferenceTypes); why != "" {
		return why
	}
	if key, _ := a.key(value); a.unique() && len(key) > keySize {
		return fmt.Sprintf("is too long: what is unique has at most %d bytes", keySize)
	}
	return ""
}

func (a *Attribute) misfitParts(value any) string {
	parts, ok := value.(map[string]any)
	if !ok || len(parts) == 0 {
		return a.Type.Misfit(nil, nil)
	}
	for _, name := range sortedKeys(parts) {
		sub := attributeNamed(a.SubAttributes, name)
		if sub == nil || sub.Name != name {
			return "has the part " + shortened(name) + ", which the schema does not know"
		}
		if why := sub.misfitOne(parts[name]); why != "" {
			return "has a part " + sub.Name + " that " + why
		}
	}
	for i := range a.SubAttributes {
		if sub := &a.SubAttributes[i]; sub.Required && parts[sub.Name] == nil {
			return "lacks the part " + sub.Name + ", which is required"
		}
	}
	return ""
}

func shortened(name string) string {
	unknown := Attribute{Name: name}
	return fmt.Sprintf("%q", unknown.path(nil))
}

// objectOf reads an extension's data; anything but an object is none.
func objectOf(text json.RawMessage) map[string]any {
	reader := json.NewDecoder(bytes.NewReader(text))
	reader.UseNumber()
	var object map[string]any
	if len(text) == 0 || reader.Decode(&object) != nil {
		return nil
	}
	return object
}

// judge refuses a change of a person that a schema of the tenant does not allow. A person who is new was nobody.
func (k *SchemaSet) judge(q scope, was, now *User) error {
	for _, s := range k.All {
		before, after := json.RawMessage(nil), now.Extra[s.URN]
		if was != nil {
			before = was.Extra[s.URN]
		}
		if was != nil && bytes.Equal(before, after) {
			continue
		}
		if err := s.judge(q, objectOf(before), objectOf(after)); err != nil {
			return err
		}
	}
	return nil
}

// misfits tells what of a person's data does not fit, one thing of several, or nothing.
func (s *Schema) misfits(object map[string]any) string {
	for _, name := range sortedKeys(object) {
		a := attributeNamed(s.Attributes, name)
		if a == nil {
			return shortened(name) + " is none of the schema's attributes"
		}
		if why := a.misfit(object[name]); why != "" {
			return a.Name + " " + why
		}
	}
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Required && object[a.Name] == nil && len(object) > 0 {
			return a.Name + " is required and missing"
		}
	}
	return ""
}

// spell gives attributes their spelling.
func (s *Schema) spell(object map[string]any) { spell(s.Attributes, object) }

func spell(attributes []Attribute, object map[string]any) {
	for _, name := range sortedKeys(object) {
		a := attributeNamed(attributes, name)
		if a == nil {
			continue
		}
		value := object[name]
		if _, there := object[a.Name]; a.Name != name && !there {
			delete(object, name)
			object[a.Name] = value
		}
		elements, isList := value.([]any)
		if !isList {
			elements = []any{value}
		}
		for _, element := range elements {
			if parts, ok := element.(map[string]any); ok {
				spell(a.SubAttributes, parts)
			}
		}
	}
}

// spell gives the data of the tenant's schemas the spelling of their URNs, and of their attributes.
func (k *SchemaSet) spell(extra map[string]json.RawMessage) {
	for _, name := range sortedKeys(extra) {
		s := k.ByURN(name)
		if s == nil || s.URN == name {
			continue
		}
		text := extra[name]
		delete(extra, name)
		if _, there := extra[s.URN]; !there {
			extra[s.URN] = text
		}
	}
}

// keepNone and keepFixed say what carry keeps.
func keepNone(*Attribute) bool    { return false }
func keepFixed(a *Attribute) bool { return a.Mutability == Immutable }

// carry takes over from what a person was those attributes that a caller has no say in: always what is readOnly, for an identity
// provider, and what she may not even have named, where keep says so and nothing is said of it now.
func (k *SchemaSet) carry(q scope, was, now *User, keep func(*Attribute) bool) error {
	if !q.provider() {
		return nil
	}
	for _, s := range k.All {
		before := objectOf(was.Extra[s.URN])
		if len(before) == 0 {
			continue
		}
		after := objectOf(now.Extra[s.URN])
		if after == nil {
			after = map[string]any{}
		}
		for i := range s.Attributes {
			s.Attributes[i].carry(before, after, keep)
		}
		if err := now.setExtra(s.URN, after); err != nil {
			return err
		}
	}
	return nil
}

func (a *Attribute) carry(before, after map[string]any, keep func(*Attribute) bool) {
	old, had := before[a.Name]
	if !had {
		return
	}
	_, given := after[a.Name]
	if a.Mutability == ReadOnly || !given && keep(a) {
		after[a.Name] = old
		return
	}
	parts, isObject := after[a.Name].(map[string]any)
	oldParts, wasObject := old.(map[string]any)
	if !isObject || !wasObject {
		return
	}
	for i := range a.SubAttributes {
		a.SubAttributes[i].carry(oldParts, parts, keep)
	}
}

func (u *User) setExtra(urn string, object map[string]any) error {
	if len(object) == 0 {
		delete(u.Extra, urn)
		return nil
	}
	text, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("render an extension: %w", err)
	}
	if u.Extra == nil {
		u.Extra = map[string]json.RawMessage{}
	}
	u.Extra[urn] = text
	return nil
}

func sameExtra(a, b *User) bool {
	return maps.EqualFunc(a.Extra, b.Extra, func(x, y json.RawMessage) bool { return bytes.Equal(x, y) })
}

// needsAgreement tells whether a person has data under a URN that is none of the tenant's schemas, or of one with secrets.
func (k *SchemaSet) needsAgreement(u *User) bool {
	for urn := range u.Extra {
		if s := k.ByURN(urn); s == nil || s.hides {
			return true
		}
	}
	return false
}
