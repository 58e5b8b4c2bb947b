package scimadapter

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

const searchPath = ".search"

// table joins addresses and what they take.
func (h *Handler) table() map[string]route {
	get := func(act func(*exchange) error) map[string]func(*exchange) error {
		return map[string]func(*exchange) error{http.MethodGet: act}
	}
	post := func(act func(*exchange) error) map[string]func(*exchange) error {
		return map[string]func(*exchange) error{http.MethodPost: act}
	}
	return map[string]route{
		"Users": {methods: map[string]func(*exchange) error{http.MethodGet: (*exchange).listUsers, http.MethodPost: (*exchange).createUser}},
		"Users/": {item: userType, methods: map[string]func(*exchange) error{
			http.MethodGet: (*exchange).getUser, http.MethodPut: (*exchange).putUser, http.MethodPatch: (*exchange).patchUser,
			http.MethodDelete: (*exchange).deleteUser,
		}},
		"Groups": {methods: map[string]func(*exchange) error{http.MethodGet: (*exchange).listGroups, http.MethodPost: (*exchange).createGroup}},
		"Groups/": {item: groupType, methods: map[string]func(*exchange) error{
			http.MethodGet: (*exchange).getGroup, http.MethodPut: (*exchange).putGroup, http.MethodPatch: (*exchange).patchGroup,
			http.MethodDelete: (*exchange).deleteGroup,
		}},
		"Licenses":               {methods: get((*exchange).listLicenses)},
		"Licenses/":              {item: licenseType, methods: get((*exchange).getLicense)},
		"ServiceProviderConfig":  {methods: get((*exchange).serviceProviderConfig), public: true},
		"ResourceTypes":          {methods: get((*exchange).listResourceTypes)},
		"ResourceTypes/":         {methods: get((*exchange).getResourceType)},
		"Schemas":                {methods: get((*exchange).listSchemas)},
		"Schemas/":               {methods: get((*exchange).getSchema)},
		"Me":                     {unbuilt: true},
		"Bulk":                   {methods: map[string]func(*exchange) error{http.MethodPost: (*exchange).bulk}},
		"":                       {methods: get((*exchange).listAll)},
		searchPath:               {methods: post((*exchange).searchAll)},
		"Users/" + searchPath:    {methods: post((*exchange).searchUsers)},
		"Groups/" + searchPath:   {methods: post((*exchange).searchGroups)},
		"Licenses/" + searchPath: {methods: post((*exchange).searchLicenses)},
	}
}

type supported struct {
	Supported bool `json:"supported"`
}

type bulkSupport struct {
	Supported      bool `json:"supported"`
	MaxOperations  int  `json:"maxOperations"`
	MaxPayloadSize int  `json:"maxPayloadSize"`
}

type filterSupport struct {
	Supported  bool `json:"supported"`
	MaxResults int  `json:"maxResults"`
}

type pagination struct {
	Cursor                  bool   `json:"cursor"`
	Index                   bool   `json:"index"`
	DefaultPaginationMethod string `json:"defaultPaginationMethod"`
	DefaultPageSize         int    `json:"defaultPageSize"`
	MaxPageSize             int    `json:"maxPageSize"`
	CursorTimeout           int    `json:"cursorTimeout"` // seconds
}

type authenticationScheme struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	SpecURI     string `json:"specUri"`
	Primary     bool   `json:"primary"`
}

// meta is what the server says of a thing that has no versions.
type meta struct {
	ResourceType string `json:"resourceType"`
	Location     string `json:"location"`
}

// providerConfig tells truly what this door can do (RFC 7643 section 5).
type providerConfig struct {
	Schemas               []string               `json:"schemas"`
	Patch                 supported              `json:"patch"`
	Bulk                  bulkSupport            `json:"bulk"`
	Filter                filterSupport          `json:"filter"`
	ChangePassword        supported              `json:"changePassword"`
	Sort                  supported              `json:"sort"`
	ETag                  supported              `json:"etag"`
	Pagination            pagination             `json:"pagination"`
	AuthenticationSchemes []authenticationScheme `json:"authenticationSchemes"`
	Meta                  meta                   `json:"meta"`
}

func (e *exchange) serviceProviderConfig() error {
	location := e.base + "/ServiceProviderConfig"
	return e.writeJSON(providerConfig{
		Schemas: []string{providerConfigURN},
		Patch:   supported{true}, Bulk: bulkSupport{Supported: true, MaxOperations: maxBulk, MaxPayloadSize: maxBulkBytes},
		Filter: filterSupport{Supported: true, MaxResults: maxPage}, Sort: supported{true}, ETag: supported{true},
		Pagination: pagination{
			Cursor: true, Index: true, DefaultPaginationMethod: "index", DefaultPageSize: defaultPage, MaxPageSize: maxPage,
			CursorTimeout: int(cursorLife.Seconds()),
		},
		AuthenticationSchemes: []authenticationScheme{{
			Type: "oauthbearertoken", Name: "Access token", Description: "An access token of the SCIM configuration, as a bearer token.",
			SpecURI: "https://www.rfc-editor.org/info/rfc6750", Primary: true,
		}},
		Meta: meta{ResourceType: "ServiceProviderConfig", Location: location},
	}, location)
}

// writeJSON answers with one thing that has no versions. A filter on it would promise more than it keeps (RFC 7644 section 4).
func (e *exchange) writeJSON(value any, location string) error {
	if e.r.URL.Query().Has(paramFilter) {
		return errFilterHere
	}
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	e.w.Header().Set("Location", location)
	e.w.Header().Set("Content-Location", location)
	e.write(http.StatusOK, body)
	return nil
}

// writeList answers with a list of everything.
func writeList[T any](e *exchange, all []T) error {
	if e.r.URL.Query().Has(paramFilter) {
		return errFilterHere
	}
	l := newListing(int64(len(all)), 1, len(all), "")
	for _, one := range all {
		item, err := json.Marshal(one)
		if err != nil {
			return err
		}
		l.add(item)
	}
	e.write(http.StatusOK, l.end())
	return nil
}

type schemaExtension struct {
	Schema   string `json:"schema"`
	Required bool   `json:"required"`
}

// typeResource is a resource type as a resource (RFC 7643 section 6).
type typeResource struct {
	Schemas     []string          `json:"schemas"`
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Endpoint    string            `json:"endpoint"`
	Description string            `json:"description"`
	Schema      string            `json:"schema"`
	Extensions  []schemaExtension `json:"schemaExtensions,omitempty"`
	Meta        meta              `json:"meta"`
}

var resourceTypes = []*resourceType{userType, groupType, licenseType}

// types are the resource types as the caller's tenant has them.
func (e *exchange) types() []*resourceType { return []*resourceType{e.users, groupType, licenseType} }

func (e *exchange) typeResource(t *resourceType) typeResource {
	r := typeResource{
		Schemas: []string{resourceTypeURN}, ID: t.Name, Name: t.Name, Endpoint: t.Endpoint,
		Description: t.Description, Schema: t.Core.URN, Meta: meta{ResourceType: "ResourceType", Location: e.base + "/ResourceTypes/" + t.Name},
	}
	for _, s := range t.Extensions {
		r.Extensions = append(r.Extensions, schemaExtension{Schema: s.URN, Required: s.Required})
	}
	return r
}

func (e *exchange) listResourceTypes() error {
	var all []typeResource
	for _, t := range e.types() {
		all = append(all, e.typeResource(t))
	}
	return writeList(e, all)
}

func (e *exchange) getResourceType() error {
	for _, t := range e.types() {
		if strings.EqualFold(e.name, t.Name) {
			shown := e.typeResource(t)
			return e.writeJSON(shown, shown.Meta.Location)
		}
	}
	return errTypeUnknown
}

// schemaResource is a schema as a resource (RFC 7643 section 7).
type schemaResource struct {
	Schemas     []string     `json:"schemas"`
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Attributes  []*attribute `json:"attributes"`
	Meta        meta         `json:"meta"`
}

func (e *exchange) schemaResource(s *schema) schemaResource {
	return schemaResource{
		Schemas: []string{schemaURN}, ID: s.URN, Name: s.Name, Description: s.Description,
		Attributes: listed(s.Attributes), Meta: meta{ResourceType: "Schema", Location: e.base + "/Schemas/" + s.URN},
	}
}

// listed are the attributes that discovery speaks of.
func listed(all []*attribute) []*attribute {
	return slices.DeleteFunc(slices.Clone(all), func(a *attribute) bool { return a.secret })
}

// schemas are those of everything that the caller's tenant can read, the schemas themselves not excepted.
func (e *exchange) schemas() []*schema {
	var all []*schema
	for _, t := range e.types() {
		all = append(append(all, t.Core), t.Extensions...)
	}
	return append(all, discoverySchemas...)
}

func (e *exchange) listSchemas() error {
	var all []schemaResource
	for _, s := range e.schemas() {
		all = append(all, e.schemaResource(s))
	}
	return writeList(e, all)
}

func (e *exchange) getSchema() error {
	for _, s := range e.schemas() {
		if strings.EqualFold(e.name, s.URN) {
			shown := e.schemaResource(s)
			return e.writeJSON(shown, shown.Meta.Location)
		}
	}
	return errSchemaUnknown
}
