package directory

import (
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
)

// Schema is an extension schema that a tenant has registered: attributes of her own that a person may have besides those of
// the standard, under the schema's URN.
type Schema struct {
	SchemaDefinition

	ID        id.ID
	Status    SchemaStatus
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time

	Misfits       int64    // people whose data did not fit when it was made findable; it was kept as it is
	MisfitSamples []Misfit // some of them

	code int32 // where the numbers of its attributes begin
	next int32 // the first number of it that no attribute has had

	uniques bool // some attribute is unique
	hides   bool // some attribute is never shown
}

// Misfit says what of a person's data did not fit.
type Misfit struct {
	User id.ID  `json:"user"`
	Why  string `json:"why"` // the attribute and what is wrong with it, and nothing of its value
}

// SchemaDefinition is what a tenant says of a schema.
type SchemaDefinition struct {
	URN          string      `json:"id"`
	Name         string      `json:"name"`
	Description  string      `json:"description"`
	ResourceType string      `json:"resourceType"` // User
	Required     bool        `json:"required"`     // whether a new person must have it
	Attributes   []Attribute `json:"attributes"`
}

// SchemaStatus tells how far a schema has come.
type SchemaStatus string

// The statuses of a schema. While it is indexing, whoever filters or sorts by it is told to come again: an answer would lack
// people who had its data before it was registered.
const (
	SchemaIndexing SchemaStatus = "indexing"
	SchemaReady    SchemaStatus = "ready"

	schemaRemoving SchemaStatus = "removing" // nobody sees it any more; its rows are being deleted
	schemaRemoved  SchemaStatus = "removed"  // kept, so that its numbers are never given to another one
)

// Type is the type of an attribute (RFC 7643 section 2.3).
type Type string

// The types of attributes.
const (
	TypeString    Type = "string"
	TypeBoolean   Type = "boolean"
	TypeDecimal   Type = "decimal"
	TypeInteger   Type = "integer"
	TypeDateTime  Type = "dateTime"
	TypeReference Type = "reference"
	TypeBinary    Type = "binary"
	TypeComplex   Type = "complex"
)

// How an attribute may be written, when it is returned, and among whom its values are unique (RFC 7643 section 7).
const (
	ReadWrite = "readWrite"
	ReadOnly  = "readOnly"
	Immutable = "immutable"
	WriteOnly = "writeOnly"

	ReturnedAlways    = "always"
	ReturnedByDefault = "default"
	ReturnedOnRequest = "request"
	ReturnedNever     = "never"

	UniqueNowhere  = "none"
	UniqueInTenant = "server"
)

// Attribute is an attribute of a schema, or a part of a complex one, in the words of RFC 7643 section 7. What is left out has
// the defaults of section 2.2.
type Attribute struct {
	Name            string      `json:"name"`
	Type            Type        `json:"type"`
	SubAttributes   []Attribute `json:"subAttributes,omitempty"`
	MultiValued     bool        `json:"multiValued"`
	Description     string      `json:"description"`
	Required        bool        `json:"required"`
	CanonicalValues []string    `json:"canonicalValues,omitempty"`
	CaseExact       bool        `json:"caseExact"`
	Mutability      string      `json:"mutability"`
	Returned        string      `json:"returned"`
	Uniqueness      string      `json:"uniqueness"`
	ReferenceTypes  []string    `json:"referenceTypes,omitempty"`

	number int32 // its place among the numbers of the schema; complex attributes have none
}

// attributeNamed returns the attribute of a name, without case, or nil.
func attributeNamed(all []Attribute, name string) *Attribute {
	for i := range all {
		if strings.EqualFold(all[i].Name, name) {
			return &all[i]
		}
	}
	return nil
}

// kind says how values of the attribute are compared.
func (a *Attribute) kind() fieldKind {
	switch a.Type {
	case TypeBoolean:
		return kindFlag
	case TypeInteger, TypeDecimal:
		return kindNumber
	case TypeDateTime:
		return kindTime
	case TypeReference:
		return kindExact
	case TypeBinary:
		return kindBinary
	case TypeString, TypeComplex:
	}
	if a.CaseExact {
		return kindExact
	}
	return kindText
}

// unique tells whether no two people of the tenant may have the same value.
func (a *Attribute) unique() bool { return a.Uniqueness == UniqueInTenant }

// hidden tells whether the value is never shown to anybody.
func (a *Attribute) hidden() bool { return a.Returned == ReturnedNever }

// leaves calls a function for each attribute that has values of its own, with the complex one that it is a part of or nil.
func (s *Schema) leaves(each func(parent, leaf *Attribute)) {
	for i := range s.Attributes {
		a := &s.Attributes[i]
		if a.Type != TypeComplex {
			each(nil, a)
			continue
		}
		for j := range a.SubAttributes {
			each(a, &a.SubAttributes[j])
		}
	}
}
