package scimadapter_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/usherhq/usher/modules/directory"
)

const (
	probedURN = "urn:example:scim:schemas:extension:probed:2.0:User"
	neededURN = "urn:example:scim:schemas:extension:needed:2.0:User"
)

// probed is a schema with every type, and with every characteristic that is not as nothing said of it would be.
func probed() directory.SchemaDefinition {
	return directory.SchemaDefinition{URN: probedURN, Name: "Probed", Description: "Everything that an attribute can be.", Attributes: []directory.Attribute{
		{Name: "level", Required: true, Description: "How high.", CanonicalValues: []string{"Low", "High"}},
		{Name: "region"}, {Name: "code", CaseExact: true}, {Name: "vip", Type: directory.TypeBoolean}, {Name: "quota", Type: directory.TypeInteger},
		{Name: "rate", Type: directory.TypeDecimal}, {Name: "hired", Type: directory.TypeDateTime}, {Name: "key", Type: directory.TypeBinary},
		{Name: "page", Type: directory.TypeReference, ReferenceTypes: []string{"external"}}, {Name: "thing", Type: directory.TypeReference, ReferenceTypes: []string{"uri"}},
		{Name: "tags", MultiValued: true}, {Name: "sizes", Type: directory.TypeInteger, MultiValued: true}, {Name: "dates", Type: directory.TypeDateTime, MultiValued: true},
		{Name: "badge", Uniqueness: directory.UniqueInTenant}, {Name: "serial", CaseExact: true, Uniqueness: directory.UniqueInTenant},
		{Name: "number", Type: directory.TypeInteger, Uniqueness: directory.UniqueInTenant},
		{Name: "contract", Mutability: directory.Immutable}, {Name: "labels", MultiValued: true, Mutability: directory.Immutable},
		{Name: "secret", Mutability: directory.WriteOnly, Returned: directory.ReturnedNever}, {Name: "score", Mutability: directory.ReadOnly, Type: directory.TypeInteger},
		{Name: "flagged", Returned: directory.ReturnedAlways}, {Name: "notes", Returned: directory.ReturnedOnRequest}, {Name: "hash", Returned: directory.ReturnedNever},
		{Name: "plan", Type: directory.TypeComplex, SubAttributes: []directory.Attribute{
			{Name: "name"}, {Name: "seats", Type: directory.TypeInteger}, {Name: "since", Type: directory.TypeDateTime, Mutability: directory.Immutable},
			{Name: "grade", Mutability: directory.ReadOnly}, {Name: "price", Type: directory.TypeDecimal, Returned: directory.ReturnedOnRequest},
			{Name: "pin", Mutability: directory.WriteOnly, Returned: directory.ReturnedNever}, {Name: "tier", Returned: directory.ReturnedAlways},
		}},
		{Name: "desks", Type: directory.TypeComplex, MultiValued: true, SubAttributes: []directory.Attribute{
			{Name: "value", Required: true}, {Name: "type"}, {Name: "floor", Type: directory.TypeInteger}, {Name: "booked", Type: directory.TypeDateTime},
			{Name: "primary", Type: directory.TypeBoolean}, {Name: "note", Returned: directory.ReturnedOnRequest},
		}},
	}}
}

// needed is a schema that every new person has to have.
func needed() directory.SchemaDefinition {
	return directory.SchemaDefinition{URN: neededURN, Name: "Needed", Description: "What nobody comes without.", Required: true, Attributes: []directory.Attribute{
		{Name: "payroll", Required: true}, {Name: "office"},
	}}
}

// sample makes the n-th value of an attribute, a list where it has several.
func (a *described) sample(n int) any {
	value := a.one(n)
	if a.MultiValued && value != nil {
		return []any{value}
	}
	return value
}

func (a *described) one(n int) any {
	switch a.Type {
	case "boolean":
		return n%2 == 1
	case "integer":
		return json.Number(fmt.Sprint(9007199254740993 + n)) // no float holds it
	case "decimal":
		return json.Number(fmt.Sprintf("%d.250", n))
	case "dateTime":
		return fmt.Sprintf("2026-11-23T10:00:%02d.5+02:00", n)
	case "binary":
		der, _ := asn1.Marshal(struct {
			N int
			T string
		}{n, strings.Repeat("probe ", 4)})
		return base64.StdEncoding.EncodeToString(der)
	case "reference":
		if slices.Contains(a.ReferenceTypes, "external") || slices.Contains(a.ReferenceTypes, "uri") {
			return fmt.Sprintf("https://probe.example/Page-%d", n)
		}
		return nil // it follows from the value
	case "complex":
		parts := map[string]any{}
		for _, sub := range a.SubAttributes {
			if value := sub.one(n); value != nil && sub.Mutability != "readOnly" {
				parts[sub.Name] = value
			}
		}
		return parts
	case "string":
		return fmt.Sprintf("Probe %s %d", a.local(), n)
	default:
		return nil
	}
}

// wrong are values that are none of the attribute's type.
func (a *described) wrong() []any {
	switch a.Type {
	case "boolean":
		return []any{"perhaps", json.Number("7"), map[string]any{}}
	case "integer":
		return []any{json.Number("1.5"), json.Number("1.0"), json.Number("1e3"), "x", true}
	case "decimal":
		return []any{"x", true, map[string]any{}}
	case "dateTime":
		return []any{"2026-11-23", "10:00:00Z", "yesterday", json.Number("7")}
	case "binary":
		return []any{"%%%", "AAE\n", json.Number("7")}
	case "reference":
		if slices.Contains(a.ReferenceTypes, "external") {
			return []any{"javascript:alert(1)", json.Number("7"), true}
		}
		return []any{json.Number("7"), true}
	default:
		return []any{json.Number("7"), true}
	}
}

// person is a body that is being made: what everybody needs, and attributes by their paths.
type person map[string]any

func newPerson(userName string) person {
	return person{"userName": userName, neededURN: map[string]any{"payroll": "P"}}
}

// with sets an attribute; parts that its siblings need come with it.
func (p person) with(a *described, value any) person {
	p = maps.Clone(p)
	holder := map[string]any(p)
	if a.urn != "" {
		inside, _ := p[a.urn].(map[string]any)
		inside = maps.Clone(inside)
		if inside == nil {
			inside = map[string]any{}
		}
		if a.urn == probedURN && inside["level"] == nil && a.Name != "level" {
			inside["level"] = "Low"
		}
		p[a.urn], holder = inside, inside
	}
	if a.parent == nil {
		holder[a.Name] = value
		return p
	}
	parts := map[string]any{}
	for _, sibling := range a.parent.SubAttributes { // an element is nothing without what it is about
		if sibling.Required || a.parent.MultiValued && (sibling.Name == "value" || sibling.Name == "formatted") {
			parts[sibling.Name] = sibling.one(1)
		}
	}
	parts[a.Name] = value
	holder[a.parent.Name] = parts
	if a.parent.MultiValued {
		holder[a.parent.Name] = []any{parts}
	}
	return p
}

func (p person) json() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// in reads an attribute of a resource, the first of several, with numbers as they are written.
func (a *described) in(text string) any {
	reader := json.NewDecoder(bytes.NewReader([]byte(text)))
	reader.UseNumber()
	var o map[string]any
	if reader.Decode(&o) != nil {
		return nil
	}
	return a.inside(o)
}

func (a *described) inside(o map[string]any) any {
	if all, isList := o["Resources"].([]any); isList && len(all) > 0 {
		o, _ = all[0].(map[string]any)
	}
	if a.urn != "" {
		o, _ = o[a.urn].(map[string]any)
	}
	if a.parent == nil {
		return first(o[a.Name])
	}
	o, _ = first(o[a.parent.Name]).(map[string]any)
	return o[a.Name]
}

func first(value any) any {
	if all, isList := value.([]any); isList {
		if len(all) == 0 {
			return nil
		}
		return all[0]
	}
	return value
}

// same tells whether a value is what was sent, as far as it is shown.
func (a *described) same(got, sent any) bool {
	sent = first(sent)
	parts, isObject := sent.(map[string]any)
	if !isObject {
		return got == sent
	}
	shown, _ := got.(map[string]any)
	for _, sub := range a.SubAttributes {
		if sub.Returned == "default" && sub.Mutability != "readOnly" && sub.Mutability != "writeOnly" && parts[sub.Name] != false && shown[sub.Name] != parts[sub.Name] {
			return false
		}
	}
	return len(shown) > 0
}

func otherCase(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, text)
}

// literal writes a value into a filter.
func literal(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// patchPath is a path by which PATCH reaches the attribute of somebody who has the n-th sample of its parent.
func (a *described) patchPath(n int) string {
	if a.parent == nil || !a.parent.MultiValued {
		return a.path()
	}
	for _, key := range a.parent.SubAttributes {
		if key.Type == "string" && key != a && key.Returned == "default" {
			return a.parent.path() + "[" + key.Name + " eq " + literal(key.one(n)) + "]." + a.Name
		}
	}
	return a.path()
}
