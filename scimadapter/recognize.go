package scimadapter

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/modules/provisioning"
)

// A provider gives itself away by its name, where it tells one, and by the shape of what it sends. What several providers send
// alike is no sign. The weights are such that a name is enough, and shapes are from two or three of them on.
const (
	surely  = provisioning.Sure
	likely  = 6
	perhaps = 3
)

// agents are words in the User-Agent header. Entra's is not documented.
var agents = []struct {
	word string
	sign *provisioning.Sign
}{
	{"okta", &provisioning.Sign{Provider: provisioning.Okta, Weight: surely}},
	{"onelogin", &provisioning.Sign{Provider: provisioning.OneLogin, Weight: surely}},
	{"jumpcloud", &provisioning.Sign{Provider: provisioning.JumpCloud, Weight: surely}},
	{"authentik", &provisioning.Sign{Provider: provisioning.Authentik, Weight: surely}},
	{"pingfederate", &provisioning.Sign{Provider: provisioning.PingFederate, Weight: surely}},
	{"google", &provisioning.Sign{Provider: provisioning.Google, Weight: surely}},
	{"azure", &provisioning.Sign{Provider: provisioning.Entra, Weight: likely}},
	{"microsoft", &provisioning.Sign{Provider: provisioning.Entra, Weight: likely}},
}

// Shapes, by provider.
var (
	oktaPage     = &provisioning.Sign{Provider: provisioning.Okta, Weight: perhaps} // startIndex=1&count=100 beside a filter
	oktaTest     = &provisioning.Sign{Provider: provisioning.Okta, Weight: perhaps} // a list of two
	oktaFiller   = &provisioning.Sign{Provider: provisioning.Okta, Weight: likely}  // a password and no groups, in a create
	oktaID       = &provisioning.Sign{Provider: provisioning.Okta, Weight: likely}  // 00u…
	oktaRename   = &provisioning.Sign{Provider: provisioning.Okta, Weight: likely}  // a group's id beside its name
	entraOp      = &provisioning.Sign{Provider: provisioning.Entra, Weight: likely} // Add, Replace, Remove
	entraFlag    = &provisioning.Sign{Provider: provisioning.Entra, Weight: surely}
	entraURN     = &provisioning.Sign{Provider: provisioning.Entra, Weight: surely}
	entraLean    = &provisioning.Sign{Provider: provisioning.Entra, Weight: likely} // groups without members
	entraGUID    = &provisioning.Sign{Provider: provisioning.Entra, Weight: perhaps}
	entraElement = &provisioning.Sign{Provider: provisioning.Entra, Weight: perhaps} // emails[type eq "work"].value eq …
	entraNullRef = &provisioning.Sign{Provider: provisioning.Entra, Weight: likely}
	entraKeys    = &provisioning.Sign{Provider: provisioning.Entra, Weight: likely}  // dotted keys without a path
	entraWord    = &provisioning.Sign{Provider: provisioning.Entra, Weight: likely}  // "False" for false
	entraMeta    = &provisioning.Sign{Provider: provisioning.Entra, Weight: perhaps} // a meta of its own, in a create
	entraRole    = &provisioning.Sign{Provider: provisioning.Entra, Weight: surely}
	oneOldURN    = &provisioning.Sign{Provider: provisioning.OneLogin, Weight: likely}
	oneVerbs     = &provisioning.Sign{Provider: provisioning.OneLogin, Weight: likely} // operation inside a member
	oneObject    = &provisioning.Sign{Provider: provisioning.OneLogin, Weight: likely} // emails as one object
	oneNullID    = &provisioning.Sign{Provider: provisioning.OneLogin, Weight: likely}
	jumpID       = &provisioning.Sign{Provider: provisioning.JumpCloud, Weight: likely}  // 24 hexadecimal digits
	jumpRemove   = &provisioning.Sign{Provider: provisioning.JumpCloud, Weight: likely}  // remove, in lower case, with a list
	googleTest   = &provisioning.Sign{Provider: provisioning.Google, Weight: perhaps}    // a list of one
	authentikSPC = &provisioning.Sign{Provider: provisioning.Authentik, Weight: perhaps} // what the server can do
)

const (
	adscimURN   = "http://schemas.microsoft.com/2006/11/resourcemanagement/adscim/"
	entraSwitch = "aadOptscim062020"
	entraRoles  = "WindowsAzureActiveDirectoryRole"

	oktaIDLength = 20
	jumpIDLength = 24
)

// signs are found while a request is answered, and weighed when its call is logged.
type signs []*provisioning.Sign

func (s *signs) when(there bool, sign *provisioning.Sign) {
	if there {
		*s = append(*s, sign)
	}
}

// ofAddress reads the header and the address.
func (s *signs) ofAddress(r *http.Request) {
	if agent := strings.ToLower(r.UserAgent()); agent != "" {
		for _, a := range agents {
			s.when(strings.Contains(agent, a.word), a.sign)
		}
	}
	s.when(strings.HasSuffix(r.URL.Path, "/ServiceProviderConfig"), authentikSPC)
	if r.URL.RawQuery == "" {
		return
	}
	query := r.URL.Query()
	s.when(query.Has(entraSwitch), entraFlag)
	s.when(strings.EqualFold(query.Get("excludedAttributes"), attrMembers), entraLean)
	s.when(r.URL.RawQuery == "count=1", googleTest)
	if query.Get("startIndex") != "1" {
		return
	}
	s.when(query.Has("filter") && query.Get("count") == "100", oktaPage)
	s.when(!query.Has("filter") && query.Get("count") == "2", oktaTest)
}

func isOkta(r *http.Request) bool { return strings.Contains(strings.ToLower(r.UserAgent()), "okta") }

// ofBody reads what a body is made of.
func (s *signs) ofBody(body object) {
	urns, _ := body.get(attrSchemas)
	for _, urn := range schemasOf(urns) {
		s.when(strings.EqualFold(urn, oldURN), oneOldURN)
		s.when(strings.HasPrefix(strings.ToLower(urn), adscimURN), entraURN)
	}
	if ops, ok := body["Operations"].([]any); ok {
		for _, op := range ops[:min(len(ops), 10)] {
			s.ofOperation(op)
		}
		return
	}
	_, asObject := body["emails"].(object)
	s.when(asObject, oneObject)
	s.when(len(verbs(body)) > 0, oneVerbs)
	given, there := body["id"]
	s.when(there && given == nil, oneNullID)
	external, _ := body["externalId"].(string)
	s.when(len(external) == oktaIDLength && strings.HasPrefix(external, "00u"), oktaID)
	s.when(len(external) == jumpIDLength && strings.Trim(external, "0123456789abcdef") == "", jumpID)
	_, meta := body["meta"].(object)
	s.when(meta && !there, entraMeta)
	_, filler := body["password"].(string)
	groups, _ := body["groups"].([]any)
	s.when(filler && groups != nil && len(groups) == 0, oktaFiller)
	s.ofRoles(body["roles"])
}

func (s *signs) ofOperation(one any) {
	op, _ := one.(object)
	word, _ := op["op"].(string)
	s.when(word == "Add" || word == "Replace" || word == "Remove", entraOp)
	path, _ := op["path"].(string)
	s.when(path == attrActive && (op[attrValue] == "False" || op[attrValue] == "True"), entraWord)
	list, _ := op[attrValue].([]any)
	s.when(word == opRemove && path == attrMembers && len(list) > 0, jumpRemove)
	values, _ := op[attrValue].(object)
	if path == "" {
		_, id := values["id"].(string)
		_, name := values["displayName"].(string)
		s.when(id && name, oktaRename)
		for key := range values {
			s.when(strings.HasPrefix(key, "name.") || strings.HasPrefix(key, enterpriseSchema.URN+":"), entraKeys)
		}
	}
	for _, element := range elementsOf(op[attrValue]) {
		o, _ := element.(object)
		ref, there := o["$ref"]
		s.when(there && ref == nil, entraNullRef)
	}
	if strings.HasPrefix(path, attrRoles) {
		s.ofRoles(op[attrValue])
	}
}

func (s *signs) ofRoles(value any) {
	for _, element := range elementsOf(value) {
		o, _ := element.(object)
		s.when(o["type"] == entraRoles, entraRole)
	}
}

// elementsOf returns the first elements of a list: who sends one thing in a list sends it in its first elements.
func elementsOf(value any) []any {
	all, _ := value.([]any)
	return all[:min(len(all), 10)]
}

// ofFilter reads what was asked for.
func (s *signs) ofFilter(where filter.Node) {
	s.when(isGUID(where), entraGUID)
	if each, ok := where.(filter.Each); ok {
		terms, plain := filter.Equalities(each.Where)
		s.when(plain && len(terms) == 2 && terms[0].Attr.Is("type") && terms[1].Attr.Is(attrValue), entraElement)
	}
}

// isGUID tells whether a filter asks for a GUID where nobody has one.
func isGUID(where filter.Node) bool {
	c, ok := where.(filter.Compare)
	if each, isEach := where.(filter.Each); isEach {
		if terms, plain := filter.Equalities(each.Where); plain {
			c, ok = terms[len(terms)-1], true
			c.Attr = each.Attr
		}
	}
	if !ok || c.Op != filter.Eq || len(c.Value.Text) != len(uuid.Nil.String()) || uuid.Validate(c.Value.Text) != nil {
		return false
	}
	return slices.ContainsFunc([]string{"userName", "displayName", "emails", "emails.value"}, c.Attr.Is)
}
