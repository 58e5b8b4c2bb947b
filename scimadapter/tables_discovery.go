package scimadapter

// The schemas of what discovery itself answers with (RFC 7643 section 8.7.2 with its errata, RFC 9865 section 4). Everything in them
// is the server's.

const (
	providerConfigURN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	resourceTypeURN   = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	schemaURN         = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

var discoverySchemas = []*schema{providerConfigSchema(), resourceTypeSchema(), schemaSchema()}

func servedSchema(urn, name, description string, attributes ...*attribute) *schema {
	for _, a := range attributes {
		served(a)
	}
	return &schema{URN: urn, Name: name, Description: description, Attributes: attributes}
}

func must(a *attribute) *attribute {
	a.Required = true
	return a
}

func many(a *attribute) *attribute {
	a.MultiValued = true
	return a
}

func withCase(a *attribute) *attribute {
	exact := true
	a.CaseExact = &exact
	return a
}

func oneOf(a *attribute, values ...string) *attribute {
	a.CanonicalValues = values
	return a
}

func providerConfigSchema() *schema {
	can := func(name, what string, more ...*attribute) *attribute {
		return must(complexOf(name, what, append([]*attribute{must(flag("supported", "Whether it is supported."))}, more...)...))
	}
	return servedSchema(providerConfigURN, "ServiceProviderConfig", "What the server can do.",
		reference("documentationUri", "Where people read about the server.", "external"),
		can("patch", "PATCH."),
		can("bulk", "Bulk.", must(integer("maxOperations", "How many operations one bulk may have.")), must(integer("maxPayloadSize", "How many bytes one bulk may have."))),
		can("filter", "Filters.", must(integer("maxResults", "How many resources a page has at most."))),
		can("changePassword", "Changing passwords."),
		can("sort", "Sorting."),
		can("etag", "Versions as entity tags."),
		must(many(complexOf("authenticationSchemes", "How clients say who they are.",
			must(oneOf(text("type", "The kind of scheme."), "oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest")),
			must(text("name", "What the scheme is called.")), must(text("description", "What the scheme is.")),
			reference("specUri", "Where the scheme is specified.", "external"), reference("documentationUri", "Where people read about it.", "external"),
			flag("primary", "Whether it is the preferred one.")))),
		complexOf("pagination", "How lists are read in pieces.",
			must(flag("cursor", "Whether by cursor.")), must(flag("index", "Whether by index.")),
			oneOf(text("defaultPaginationMethod", "How, where the client does not say."), "cursor", "index"),
			integer("defaultPageSize", "How many resources a page has, where the client does not say."),
			integer("maxPageSize", "How many a page has at most."), integer("cursorTimeout", "For how many seconds a cursor lives.")),
	)
}

func resourceTypeSchema() *schema {
	return servedSchema(resourceTypeURN, "ResourceType", "What an endpoint serves.",
		text("id", "The name of the type."), must(text("name", "The name of the type.")), text("description", "What the type is."),
		must(reference("endpoint", "Where its resources are, below the base address.", "uri")),
		must(reference("schema", "The URN of its own schema.", "uri")),
		many(complexOf("schemaExtensions", "The schemas that it may have besides.",
			must(reference("schema", "The URN of the extension.", "uri")), must(flag("required", "Whether a new resource must have it.")))),
	)
}

func schemaSchema() *schema {
	types := []string{typeString, typeBoolean, typeDecimal, typeInteger, typeDateTime, typeReference, typeBinary}
	return servedSchema(schemaURN, "Schema", "A set of attributes.",
		must(text("id", "The URN of the schema.")), must(text("name", "What the schema is called.")), text("description", "What the schema is."),
		must(many(complexOf("attributes", "The attributes.", append(characteristics(append(types, typeComplex)), many(complexOf("subAttributes",
			"The parts of a complex attribute.", characteristics(types)...)))...))),
	)
}

// characteristics describe an attribute, or a part of one (RFC 7643 section 7).
func characteristics(types []string) []*attribute {
	return []*attribute{
		must(withCase(text("name", "The attribute's name."))), must(oneOf(text("type", "The type of its values."), types...)),
		must(flag("multiValued", "Whether there are several.")), withCase(text("description", "What it is.")), flag("required", "Whether it must have a value."),
		many(withCase(text("canonicalValues", "Values to choose from; others are taken too."))), flag("caseExact", "Whether case counts."),
		oneOf(withCase(text("mutability", "Who writes it, and when.")), readOnly, readWrite, immutable, writeOnly),
		oneOf(withCase(text("returned", "When it is returned.")), returnedAlways, returnedNever, returnedDefault, returnedRequest),
		oneOf(withCase(text("uniqueness", "Among whom its values are unique.")), "none", "server", "global"),
		many(withCase(text("referenceTypes", "What a reference refers to."))),
	}
}
