package directory

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the schemas of a tenant.
const (
	MaxSchemas         = 20
	MaxAttributes      = numbersASchema // of a schema, parts of complex ones counted and the complex ones themselves not
	maxURN             = 200            // bytes
	maxAttributeName   = 64
	maxDescription     = 1000 // bytes
	maxCanonicalValues = 100
	maxCanonicalValue  = 200 // bytes
)

var (
	urnPattern  = regexp.MustCompile(`^(?i:urn):[0-9A-Za-z][0-9A-Za-z-]{0,30}[0-9A-Za-z]:[0-9A-Za-z()+,\-.:=@;$_!*'%/~]*[0-9A-Za-z]$`)
	namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
)

// reserved are the beginnings of URNs that others give: the IETF, and Usher.
var reserved = []string{"urn:ietf:", "urn:usher:"}

// normalize fills in the defaults of RFC 7643 section 2.2 and refuses with ErrInvalidSchema what could not be kept to.
func (d *SchemaDefinition) normalize() error {
	if d.ResourceType == "" {
		d.ResourceType = resourceUser
	}
	if d.Name == "" {
		d.Name = d.URN
	}
	refuse := ErrInvalidSchema.Sayf
	switch {
	case len(d.URN) > maxURN || !urnPattern.MatchString(d.URN):
		return refuse("the id of a schema is a URN of at most %d characters, as in urn:example:scim:schemas:extension:crm:2.0:User", maxURN).At("id")
	case slices.ContainsFunc(reserved, func(prefix string) bool { return strings.HasPrefix(strings.ToLower(d.URN), prefix) }):
		return refuse("URNs that begin with urn:ietf: or urn:usher: are given by others; begin with urn: and a name of your own").At("id")
	case d.ResourceType == resourceGroup:
		return refuse("extensions of groups are not supported; register the schema for User").At("resourceType")
	case d.ResourceType != resourceUser:
		return refuse("a schema extends the resource type User").At("resourceType")
	case !shown(d.Name, 1, maxURN):
		return refuse("the name of a schema has 1 to %d characters", maxURN).At("name")
	case !shown(d.Description, 0, maxDescription):
		return refuse("a description has at most %d characters", maxDescription).At("description")
	case len(d.Attributes) == 0:
		return refuse("a schema has at least one attribute").At("attributes")
	case d.leafCount() > MaxAttributes:
		return refuse("a schema has at most %d attributes, parts of complex ones counted; make two of it", MaxAttributes).At("attributes")
	}
	if err := normalizeAttributes(d.Attributes, nil); err != nil {
		return err
	}
	if d.Required && !slices.ContainsFunc(d.Attributes, func(a Attribute) bool { return a.Mutability != ReadOnly }) {
		return refuse("the schema is required, and nobody could write any of its attributes").At("required")
	}
	return nil
}

// shown tells whether a text can be shown to people, and is of that many bytes.
func shown(text string, least, most int) bool {
	return least <= len(text) && len(text) <= most && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func (d *SchemaDefinition) leafCount() int {
	count := 0
	for i := range d.Attributes {
		count += max(1, len(d.Attributes[i].SubAttributes))
	}
	return count
}

func normalizeAttributes(all []Attribute, parent *Attribute) error {
	seen := map[string]bool{}
	for i := range all {
		a := &all[i]
		a.fill(parent)
		if why := a.refusal(parent); why != "" {
			return ErrInvalidSchema.Sayf("the attribute %s: %s", a.path(parent), why).At("attributes")
		}
		key := strings.ToLower(a.Name)
		if seen[key] {
			return ErrInvalidSchema.Sayf("the attribute %s is there twice", a.path(parent)).At("attributes")
		}
		seen[key] = true
		if err := normalizeAttributes(a.SubAttributes, a); err != nil {
			return err
		}
	}
	return nil
}

// path shows the name of an attribute, or of a part, in bounds.
func (a *Attribute) path(parent *Attribute) string {
	name := a.Name
	if len(name) > maxAttributeName {
		name = strings.ToValidUTF8(name[:maxAttributeName], "") + "…"
	}
	if parent != nil {
		return parent.Name + "." + name
	}
	return name
}

// fill puts defaults where nothing is said; the parts of what cannot be read, or written, are no different. References and
// binaries are exact by their nature (sections 2.3.6 and 2.3.7).
func (a *Attribute) fill(parent *Attribute) {
	mutability, returned := ReadWrite, ReturnedByDefault
	if parent != nil && (parent.Mutability == WriteOnly || parent.Mutability == ReadOnly) {
		mutability = parent.Mutability
	}
	if parent != nil && parent.hidden() {
		returned = ReturnedNever
	}
	a.Type = cmp.Or(a.Type, TypeString)
	a.Mutability, a.Returned, a.Uniqueness = cmp.Or(a.Mutability, mutability), cmp.Or(a.Returned, returned), cmp.Or(a.Uniqueness, UniqueNowhere)
	if a.Type == TypeReference || a.Type == TypeBinary {
		a.CaseExact = true
	}
}

// refusal tells why an attribute, or a part of one, cannot be kept to; nothing when it can.
func (a *Attribute) refusal(parent *Attribute) string {
	for _, judge := range []func(*Attribute) string{a.badName, a.badType, a.badWords, a.badMutability, a.badUniqueness, a.badPart} {
		if why := judge(parent); why != "" {
			return why
		}
	}
	return ""
}

func (a *Attribute) badName(parent *Attribute) string {
	switch {
	case parent != nil && a.Name == "$ref" && a.Type == TypeReference:
		return ""
	case len(a.Name) > maxAttributeName || !namePattern.MatchString(a.Name):
		return "a name begins with a letter and has letters, digits, - and _ only, at most 64"
	default:
		return ""
	}
}

func (a *Attribute) badType(parent *Attribute) string {
	switch a.Type {
	case TypeString, TypeBoolean, TypeDecimal, TypeInteger, TypeDateTime, TypeReference, TypeBinary:
		if len(a.SubAttributes) > 0 {
			return "only a complex attribute has subAttributes"
		}
	case TypeComplex:
		switch {
		case parent != nil:
			return "a part of a complex attribute is not complex itself"
		case len(a.SubAttributes) == 0:
			return "a complex attribute has subAttributes"
		}
	default:
		return "the types are string, boolean, decimal, integer, dateTime, reference, binary and complex"
	}
	return ""
}

// The types of resources that a schema can extend and a reference can name.
const (
	resourceUser  = "User"
	resourceGroup = "Group"
)

var referenceTypes = []string{referenceExternal, "uri", resourceUser, resourceGroup}

func (a *Attribute) badWords(*Attribute) string {
	switch {
	case !shown(a.Description, 0, maxDescription):
		return "a description has at most 1000 characters"
	case len(a.CanonicalValues) > 0 && a.Type != TypeString:
		return "only a string has canonicalValues"
	case len(a.CanonicalValues) > maxCanonicalValues:
		return "it has more than 100 canonicalValues"
	case slices.ContainsFunc(a.CanonicalValues, func(text string) bool { return !shown(text, 1, maxCanonicalValue) }):
		return "a canonical value has 1 to 200 characters"
	case a.CaseExact && a.Type != TypeString && a.Type != TypeReference && a.Type != TypeBinary:
		return "only a string is caseExact"
	case a.Type == TypeReference && len(a.ReferenceTypes) == 0:
		return "a reference has referenceTypes: external, uri, User or Group"
	case a.Type != TypeReference && len(a.ReferenceTypes) > 0:
		return "only a reference has referenceTypes"
	case slices.ContainsFunc(a.ReferenceTypes, func(text string) bool { return !slices.Contains(referenceTypes, text) }):
		return "the referenceTypes are external, uri, User and Group"
	default:
		return ""
	}
}

func (a *Attribute) badMutability(*Attribute) string {
	switch {
	case !slices.Contains([]string{ReadWrite, ReadOnly, Immutable, WriteOnly}, a.Mutability):
		return "the mutability is readWrite, readOnly, immutable or writeOnly"
	case !slices.Contains([]string{ReturnedAlways, ReturnedByDefault, ReturnedOnRequest, ReturnedNever}, a.Returned):
		return "returned is always, default, request or never"
	case a.Mutability == WriteOnly && a.Returned != ReturnedNever:
		return "what is writeOnly is returned never"
	case a.Mutability == ReadOnly && a.Required:
		return "it is required, and nobody could write it, since it is readOnly"
	default:
		return ""
	}
}

func (a *Attribute) badUniqueness(parent *Attribute) string {
	switch {
	case a.Uniqueness == UniqueNowhere:
		return ""
	case a.Uniqueness != UniqueInTenant:
		return "the uniqueness is none or server"
	case parent != nil || a.Type == TypeComplex || a.Type == TypeBoolean || a.Type == TypeBinary:
		return "only strings, numbers, times and references that stand by themselves can be unique"
	default:
		return ""
	}
}

// badPart judges a part. In a list of complex values those names that RFC 7643 section 2.4 gives a meaning keep it, and elements
// come and go as a whole, so that none of their parts could be fixed.
func (a *Attribute) badPart(parent *Attribute) string {
	if parent == nil {
		return ""
	}
	standard := map[string]Type{"value": a.Type, "type": TypeString, "display": TypeString, partPrimary: TypeBoolean, "$ref": TypeReference}
	kind, known := standard[strings.ToLower(a.Name)]
	switch {
	case parent.MultiValued && known && a.Name != strings.ToLower(a.Name):
		return "in a list, the part is spelled " + strings.ToLower(a.Name)
	case a.MultiValued:
		return "a part of a complex attribute has one value"
	case parent.MultiValued && known && a.Type != kind:
		return "in a list, the part " + a.Name + " is of type " + string(kind)
	case (parent.Mutability == WriteOnly || parent.Mutability == ReadOnly) && a.Mutability != parent.Mutability:
		return "the parts of what is " + parent.Mutability + " are " + parent.Mutability + " too"
	case parent.hidden() && !a.hidden():
		return "the parts of what is returned never are returned never too"
	case parent.MultiValued && a.Mutability != ReadWrite && a.Mutability != parent.Mutability:
		return "the parts of a list are readWrite; say it of the attribute as a whole"
	default:
		return ""
	}
}
