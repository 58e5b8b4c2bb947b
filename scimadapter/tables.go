package scimadapter

import "github.com/usherhq/usher/modules/directory"

// The tables follow RFC 7643 section 8.7.1 with its verified errata. A primary among addresses stands in section 2.4 and in
// the examples of RFC 7644, though not in that list.

func text(name, description string, more ...func(*attribute)) *attribute {
	return build(&attribute{Name: name, Type: typeString, Description: description, CaseExact: new(bool)}, more)
}

func flag(name, description string) *attribute {
	return build(&attribute{Name: name, Type: typeBoolean, Description: description}, nil)
}

func reference(name, description string, types ...string) *attribute {
	exact := true
	return build(&attribute{Name: name, Type: typeReference, Description: description, CaseExact: &exact, ReferenceTypes: types}, nil)
}

func complexOf(name, description string, sub ...*attribute) *attribute {
	return build(&attribute{Name: name, Type: typeComplex, Description: description, SubAttributes: sub}, nil)
}

// list is a multi-valued attribute whose elements have the four usual parts.
func list(name, description string, value *attribute, types ...string) *attribute {
	kind := text("type", "What the value is for.")
	kind.CanonicalValues = types
	a := complexOf(name, description, value, text("display", "How to show the value."), kind, flag("primary", "Whether it is the preferred one; at most one is."))
	a.MultiValued = true
	return a
}

// of is an attribute whose values have to fit.
func of(a *attribute, misfit func(text string) string) *attribute {
	a.misfit = misfit
	return a
}

func build(a *attribute, more []func(*attribute)) *attribute {
	a.Mutability, a.Returned, a.Uniqueness = readWrite, returnedDefault, "none"
	for _, change := range more {
		change(a)
	}
	return a
}

func required(a *attribute)   { a.Required = true }
func unique(a *attribute)     { a.Uniqueness = "server" }
func caseExact(a *attribute)  { *a.CaseExact = true }
func always(a *attribute)     { a.Returned = returnedAlways }
func fixed(a *attribute)      { a.Mutability = immutable }
func serverOnly(a *attribute) { a.Mutability = readOnly }

// served marks an attribute, with its parts, as the server's own.
func served(a *attribute) *attribute {
	a.Mutability = readOnly
	for _, sub := range a.SubAttributes {
		served(sub)
	}
	return a
}

// common are the attributes that every resource has (RFC 7643 section 3.1). /Schemas does not list them.
var common = []*attribute{
	schemasAttribute(),
	text("id", "The server's name for the resource.", caseExact, always, unique, serverOnly),
	text("externalId", "The identity provider's name for the resource.", caseExact),
	served(complexOf("meta", "What the server says of the resource.", text("resourceType", "The type of the resource.", caseExact), dateTime("created", "When it was made."),
		dateTime("lastModified", "When it last changed."), reference("location", "Where it is.", "uri"), text("version", "The version as an entity tag.", caseExact))),
}

func dateTime(name, description string) *attribute {
	return build(&attribute{Name: name, Type: typeDateTime, Description: description}, nil)
}

func schemasAttribute() *attribute {
	a := reference(attrSchemas, "The schemas whose attributes the resource has.", "uri")
	a.MultiValued, a.Required, a.Returned = true, true, returnedAlways
	return a
}

var userSchema = &schema{
	URN: directory.UserURN, Name: "User", Description: "A person.",
	Attributes: []*attribute{
		text("userName", "The name that the person signs in with; unique in the tenant, without case.", required, unique),
		complexOf("name", "The parts of the person's name.", text("formatted", "The whole name."), text("familyName", "The family name."),
			text("givenName", "The given name."), text("middleName", "The middle names."), text("honorificPrefix", "Titles in front of the name."),
			text("honorificSuffix", "Titles behind the name.")),
		text("displayName", "What to call the person."),
		text("nickName", "A casual name."),
		of(reference("profileUrl", "A page about the person.", "external"), notWeb),
		text("title", "The position, such as Account Executive."),
		text("userType", "The relation to the organization, such as Employee."),
		text("preferredLanguage", "The language to speak with the person."),
		text("locale", "The conventions for dates, numbers and currency."),
		text("timezone", "The time zone, such as Europe/Oslo."),
		flag(attrActive, "Whether this identity provider lets the person in."),
		password(),
		list("emails", "E-mail addresses.", text("value", "The address."), "work", "home", "other"),
		list("phoneNumbers", "Telephone numbers.", text("value", "The number."), "work", "home", "mobile", "fax", "pager", "other"),
		list("ims", "Addresses for messages.", text("value", "The address."), "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo", "other"),
		list("photos", "Pictures of the person.", of(reference("value", "Where the picture is.", "external"), notWeb), "photo", "thumbnail"),
		addresses(),
		groups(),
		list("entitlements", "What the person is entitled to.", text("value", "The entitlement.")),
		list("roles", "The person's roles.", text("value", "The role.")),
		list("x509Certificates", "Certificates of the person.", certificate()),
	},
}

func password() *attribute {
	a := text("password", "Accepted and thrown away: nobody signs in to Usher with it.")
	a.Mutability, a.Returned, a.secret = writeOnly, returnedNever, true
	return a
}

func addresses() *attribute {
	kind := text("type", "What the address is for.")
	kind.CanonicalValues = []string{"work", "home", "other"}
	country := text("country", "The code of the country, such as NO.")
	country.unruly = notCountry
	a := complexOf("addresses", "Postal addresses.", text("formatted", "The address as it is written on a letter."), text("streetAddress", "Street and number."),
		text("locality", "City."), text("region", "State or region."), text("postalCode", "Postal code."), country, kind,
		flag("primary", "Whether it is the preferred one; at most one is."))
	a.MultiValued = true
	return a
}

func groups() *attribute {
	kind := text("type", "Whether the membership is direct.")
	kind.CanonicalValues = []string{"direct", "indirect"}
	a := complexOf("groups", "The groups that the person is a member of.", text("value", "The group's id."), reference("$ref", "Where the group is.", "Group"),
		text("display", "The group's name."), kind)
	a.MultiValued = true
	return served(a)
}

func certificate() *attribute {
	exact := true
	return of(build(&attribute{Name: "value", Type: typeBinary, Description: "The certificate, DER in base64.", CaseExact: &exact}, nil), notCertificate)
}

var enterpriseSchema = &schema{
	URN: directory.EnterpriseURN, Name: "EnterpriseUser", Description: "A person's place in an organization.",
	Attributes: []*attribute{
		text("employeeNumber", "The number of the employment."),
		text("costCenter", "The cost center."),
		text("organization", "The organization."),
		text("division", "The division."),
		text("department", "The department."),
		complexOf("manager", "The person's manager.", text("value", "The manager's id, or her userName."), reference("$ref", "Where the manager is.", "User"),
			text("displayName", "What to call the manager.", serverOnly)),
	},
}

var groupSchema = &schema{
	URN: directory.GroupURN, Name: "Group", Description: "A set of people and groups.",
	Attributes: []*attribute{
		text("displayName", "The group's name; unique in the tenant, without case.", required, unique),
		members(),
	},
}

func members() *attribute {
	kind := text("type", "User or Group.", fixed)
	kind.CanonicalValues = []string{userType.Name, groupType.Name}
	ref := reference("$ref", "Where the member is.", userType.Name, groupType.Name)
	fixed(ref)
	a := complexOf("members", "Who is in the group.", text("value", "The member's id.", fixed), ref, kind, text("display", "What to call the member.", serverOnly))
	a.MultiValued = true
	return a
}

var (
	userType  = &resourceType{Name: "User", Endpoint: "/Users", Description: "People.", hidden: nothingHidden}
	groupType = &resourceType{Name: "Group", Endpoint: "/Groups", Description: "Groups of people."}
)

func nothingHidden(string) bool { return false }

func init() { //nolint:gochecknoinits // the two resource types and their tables name each other
	userType.Core, userType.Extensions = userSchema, []*schema{enterpriseSchema, seatSchema}
	groupType.Core = groupSchema
}
