package scimadapter

const attrSchemas = "schemas"

// The types of attributes (RFC 7643 section 2.3).
const (
	typeString    = "string"
	typeBoolean   = "boolean"
	typeReference = "reference"
	typeDateTime  = "dateTime"
	typeBinary    = "binary"
	typeInteger   = "integer"
	typeDecimal   = "decimal"
	typeComplex   = "complex"
)

// How a client may write an attribute, and when it is returned (RFC 7643 section 2.2).
const (
	readWrite = "readWrite"
	readOnly  = "readOnly"
	immutable = "immutable"
	writeOnly = "writeOnly"

	returnedAlways  = "always"
	returnedDefault = "default"
	returnedRequest = "request"
	returnedNever   = "never"
)

// attribute is a row of the attribute table: everything that the door knows of an attribute.
type attribute struct {
	Name            string       `json:"name"`
	Type            string       `json:"type"`
	SubAttributes   []*attribute `json:"subAttributes,omitempty"`
	MultiValued     bool         `json:"multiValued"`
	Description     string       `json:"description"`
	Required        bool         `json:"required"`
	CanonicalValues []string     `json:"canonicalValues,omitempty"`
	CaseExact       *bool        `json:"caseExact,omitempty"` // of strings and references alone
	Mutability      string       `json:"mutability"`
	Returned        string       `json:"returned"`
	Uniqueness      string       `json:"uniqueness"`
	ReferenceTypes  []string     `json:"referenceTypes,omitempty"`

	misfit func(text string) string // why a text cannot be a value; nil where any can
	unruly func(text string) string // why it cannot be one by the letter, though providers send it
	own    bool                     // of a schema of the tenant's own
	secret bool                     // taken and thrown away; discovery does not speak of it
}

// schema is a set of attributes with the URN that names it.
type schema struct {
	URN         string
	Name        string
	Description string
	Required    bool // whether a new resource must have it
	Attributes  []*attribute
}

// resourceType is what an endpoint serves.
type resourceType struct {
	Name        string
	Endpoint    string
	Description string
	Core        *schema
	Extensions  []*schema

	special bool                  // some attribute is not simply returned by default
	hidden  func(urn string) bool // what stands under the URN is shown to nobody
}

func find(all []*attribute, name string) *attribute {
	for _, a := range all {
		if sameName(a.Name, name) {
			return a
		}
	}
	return nil
}

// extension returns the extension of that URN, without case, or nil.
func (t *resourceType) extension(urn string) *schema {
	for _, s := range t.Extensions {
		if sameName(s.URN, urn) {
			return s
		}
	}
	return nil
}

// attribute returns the attribute of the core schema or of the common ones, or nil.
func (t *resourceType) attribute(name string) *attribute {
	if a := find(common, name); a != nil {
		return a
	}
	return find(t.Core.Attributes, name)
}

// urns are the schemas that names of the resource may be qualified with.
func (t *resourceType) urns() []string {
	all := []string{t.Core.URN}
	for _, s := range t.Extensions {
		all = append(all, s.URN)
	}
	return all
}
