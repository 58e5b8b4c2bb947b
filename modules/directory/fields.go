package directory

// fieldKind says how the values of a field are compared.
type fieldKind int

const (
	kindText   fieldKind = iota + 1 // without case, see fold
	kindExact                       // byte by byte: references, binaries and whatever is case exact
	kindFlag                        // true or false
	kindNumber                      // as the exact number that was written
	kindTime                        // as an instant
)

// field is an attribute of people that is found by user_values: each of its values is a row there, under the field's number.
// The numbers are in the database and are never given to another field.
type field struct {
	number int32
	path   string // in SCIM's spelling, without the schema
	urn    string // of the extension; empty for the core schema
	kind   fieldKind
}

// The first numbers of lists, whose parts follow: value, display, type and primary.
const (
	numberSchemas  = 1
	numberEmails   = 100
	numberManager  = 205
	numbersOfOwn   = 10_000 // from here on: attributes of the tenant's own schemas
	numbersASchema = 256    // how many attributes one of them has room for
)

// userFields are the fields of people that are not columns: userName, externalId, active, id, meta and groups are found otherwise.
var userFields = concat(
	[]field{{numberSchemas, "schemas", "", kindExact}},
	texts("", 10, "name.formatted", "name.familyName", "name.givenName", "name.middleName", "name.honorificPrefix", "name.honorificSuffix"),
	texts("", 20, "displayName", "nickName"),
	[]field{{22, "profileUrl", "", kindExact}},
	texts("", 23, "title", "userType", "preferredLanguage", "locale", "timezone"),
	listFields(numberEmails, "emails", kindText),
	listFields(110, "phoneNumbers", kindText),
	listFields(120, "ims", kindText),
	listFields(130, "photos", kindExact),
	listFields(140, "entitlements", kindText),
	listFields(150, "roles", kindText),
	listFields(160, "x509Certificates", kindExact),
	texts("", 170, "addresses.formatted", "addresses.streetAddress", "addresses.locality", "addresses.region", "addresses.postalCode",
		"addresses.country", "addresses.type"),
	[]field{{177, "addresses.primary", "", kindFlag}},
	texts(EnterpriseURN, 200, "employeeNumber", "costCenter", "organization", "division", "department", "manager.value"),
)

func concat(all ...[]field) (fields []field) {
	for _, some := range all {
		fields = append(fields, some...)
	}
	return fields
}

func texts(urn string, first int32, paths ...string) []field {
	fields := make([]field, len(paths))
	for i, path := range paths {
		fields[i] = field{first + int32(i), path, urn, kindText} //nolint:gosec // there are few
	}
	return fields
}

func listFields(first int32, name string, value fieldKind) []field {
	return []field{
		{first, name + ".value", "", value}, {first + 1, name + ".display", "", kindText}, {first + 2, name + ".type", "", kindText},
		{first + 3, name + ".primary", "", kindFlag},
	}
}
