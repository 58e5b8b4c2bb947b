package directory

// fieldKind says how the values of a field are compared.
type fieldKind int

const (
	kindText   fieldKind = iota + 1 // without case, see fold
	kindExact                       // byte by byte: references and whatever is case exact
	kindBinary                      // byte by byte, and without an order
	kindFlag                        // true or false
	kindNumber                      // as the exact number that was written, see numberKey
	kindTime                        // as an instant, see timeKey
)

// field is a simple attribute, or a part of a complex one, that filters and sorts can name. Most are found by user_values: each
// value is a row there, under the field's number. The numbers are in the database and are never given to another field.
type field struct {
	number int32  // zero where the field is found otherwise
	path   string // in SCIM's spelling, without the schema: "title", "emails.value"
	urn    string // of the extension; empty for the core schema
	kind   fieldKind
	many   bool // of a list: there may be several values
}

// partPrimary is the part of an element of a list that says whether it is the preferred one.
const partPrimary = "primary"

// The first numbers of lists, whose parts follow: value, display, type and primary.
const (
	numberSchemas     = 1
	numberUndeclared  = 2 // URNs of data that no schema of the tenant describes; no field is found by it
	numberDisplayName = 20
	numberEmails      = 100
	numberManager     = 205
	numbersOfOwn      = 10_000 // from here on: attributes of the tenant's own schemas
	numbersASchema    = 256    // how many attributes one of them has room for
)

// Paths of fields that are found otherwise than by user_values.
const (
	pathID           = "id"
	pathUserName     = "userName"
	pathExternalID   = "externalId"
	pathActive       = "active"
	pathDisplayName  = "displayName"
	pathSchemas      = "schemas"
	pathResourceType = "meta.resourceType"
	pathCreated      = "meta.created"
	pathLastModified = "meta.lastModified"
	pathLocation     = "meta.location"
	pathVersion      = "meta.version"
	pathGroupsValue  = "groups.value"
	pathGroupsRef    = "groups.$ref"
	pathGroupsName   = "groups.display"
	pathGroupsType   = "groups.type"
	pathMembersValue = "members.value"
	pathMembersRef   = "members.$ref"
	pathMembersName  = "members.display"
	pathMembersType  = "members.type"
	pathManagerRef   = "manager.$ref"
	pathManagerName  = "manager.displayName"
)

// commonFields are those of every resource (RFC 7643 section 3.1).
var commonFields = []field{
	{0, pathID, "", kindExact, false},
	{0, pathExternalID, "", kindExact, false},
	{0, pathResourceType, "", kindExact, false},
	{0, pathCreated, "", kindTime, false},
	{0, pathLastModified, "", kindTime, false},
	{0, pathLocation, "", kindExact, false},
	{0, pathVersion, "", kindExact, false},
}

// userFields are the fields of people.
var userFields = newFieldSet(UserURN, commonFields,
	[]field{
		{numberSchemas, pathSchemas, "", kindExact, true},
		{0, pathUserName, "", kindText, false},
		{0, pathActive, "", kindFlag, false},
		{0, pathGroupsValue, "", kindText, true},
		{0, pathGroupsRef, "", kindExact, true},
		{0, pathGroupsName, "", kindText, true},
		{0, pathGroupsType, "", kindText, true},
		{0, pathManagerRef, EnterpriseURN, kindExact, false},
		{0, pathManagerName, EnterpriseURN, kindText, false},
	},
	texts("", 10, "name.formatted", "name.familyName", "name.givenName", "name.middleName", "name.honorificPrefix", "name.honorificSuffix"),
	texts("", numberDisplayName, pathDisplayName, "nickName"),
	[]field{{22, "profileUrl", "", kindExact, false}},
	texts("", 23, "title", "userType", "preferredLanguage", "locale", "timezone"),
	listFields(numberEmails, "emails", kindText),
	listFields(110, "phoneNumbers", kindText),
	listFields(120, "ims", kindText),
	listFields(130, "photos", kindExact),
	listFields(140, "entitlements", kindText),
	listFields(150, "roles", kindText),
	listFields(160, "x509Certificates", kindBinary),
	manyOf(texts("", 170, "addresses.formatted", "addresses.streetAddress", "addresses.locality", "addresses.region", "addresses.postalCode",
		"addresses.country", "addresses.type")),
	[]field{{177, "addresses.primary", "", kindFlag, true}},
	texts(EnterpriseURN, 200, "employeeNumber", "costCenter", "organization", "division", "department", "manager.value"),
)

// groupFields are the fields of groups.
var groupFields = newFieldSet(GroupURN, commonFields, []field{
	{0, pathSchemas, "", kindExact, true},
	{0, pathDisplayName, "", kindText, false},
	{0, pathMembersValue, "", kindText, true},
	{0, pathMembersRef, "", kindExact, true},
	{0, pathMembersName, "", kindText, true},
	{0, pathMembersType, "", kindText, true},
})

func texts(urn string, first int32, paths ...string) []field {
	fields := make([]field, len(paths))
	for i, path := range paths {
		fields[i] = field{first + int32(i), path, urn, kindText, false}
	}
	return fields
}

func manyOf(fields []field) []field {
	for i := range fields {
		fields[i].many = true
	}
	return fields
}

func listFields(first int32, name string, value fieldKind) []field {
	return []field{
		{first, name + ".value", "", value, true}, {first + 1, name + ".display", "", kindText, true}, {first + 2, name + ".type", "", kindText, true},
		{first + 3, name + ".primary", "", kindFlag, true},
	}
}
