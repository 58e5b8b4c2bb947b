package scimadapter

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/usherhq/usher/modules/directory"
)

// resource reads a body as a resource of a type: names as the table spells them, values of the right types, what is empty or
// only the server's left out. Extensions that nobody declared are kept as they are, other unknown attributes are not.
func (m manners) resource(t *resourceType, body object) (object, error) {
	if err := m.checkSchemas(t, body); err != nil {
		return nil, err
	}
	read := object{}
	for _, name := range body.names() {
		value := body[name]
		if err := m.member(t, read, name, value); err != nil {
			return nil, err
		}
	}
	return read, nil
}

func (m manners) member(t *resourceType, into object, name string, value any) error {
	if a := t.attribute(name); a != nil {
		if a.Mutability == readOnly || a.Mutability == writeOnly || a.Name == attrSchemas {
			return nil
		}
		taken, err := m.take(a, value)
		if err != nil || taken == nil {
			return err
		}
		into[a.Name] = taken
		return nil
	}
	if s := t.extension(name); s != nil {
		taken, err := m.take(s.container(), value)
		if err != nil || taken == nil {
			return err
		}
		into[s.URN] = taken
		return nil
	}
	switch _, isObject := value.(object); {
	case m.strict:
		return errInvalidSyntax.At(name).Sayf(unknownAttribute, quoted(name))
	case isObject && isURN(name):
		into[name] = value
	}
	return nil
}

// container is an extension seen as one complex attribute.
func (s *schema) container() *attribute { return complexOf(s.URN, s.Description, s.Attributes...) }

// take reads the value of an attribute. Nil is an absent one: so is an empty string or list.
func (m manners) take(a *attribute, value any) (any, error) {
	if value == nil {
		return nil, nil //nolint:nilnil // null is no value (RFC 7643 section 2.5)
	}
	if !a.MultiValued {
		return m.takeOne(a, value)
	}
	elements, isList := value.([]any)
	if !isList {
		elements = []any{value}
	}
	var taken []any
	primaries := 0
	for _, element := range elements {
		one, err := m.takeOne(a, element)
		if err != nil {
			return nil, err
		}
		if one == nil {
			continue
		}
		if isPrimary(one) {
			primaries++
		}
		taken = append(taken, one)
	}
	switch {
	case primaries > 1:
		return nil, errInvalidValue.At(a.Name).Sayf("only one value of %s can be primary", a.Name)
	case len(taken) > maxElements:
		return nil, errInvalidValue.At(a.Name).Sayf("%s has more than %d values", a.Name, maxElements)
	case taken == nil:
		return nil, nil //nolint:nilnil // an empty list is no value
	}
	return distinct(a, taken), nil
}

func (m manners) takeOne(a *attribute, value any) (any, error) {
	switch {
	case a.Type == typeComplex:
		return m.takeComplex(a, value)
	case a.own:
		return takeOwn(a, value)
	case a.Type == typeBoolean:
		return takeBoolean(a, value)
	default:
		return m.takeText(a, value)
	}
}

func (m manners) takeText(a *attribute, value any) (any, error) {
	read, ok := value.(string)
	switch {
	case value == nil, ok && read == "":
		return nil, nil //nolint:nilnil // an empty string is no value: providers send it for what they do not have
	case !ok:
		return nil, wrongType(a, "text")
	case strings.ContainsRune(read, 0):
		return nil, errInvalidValue.At(a.Name).Sayf("%s has the character U+0000, which cannot be kept", a.Name)
	case a.misfit != nil:
		if why := a.misfit(read); why != "" {
			return nil, errInvalidValue.At(a.Name).Sayf("%s %s", a.Name, why)
		}
	case m.strict && a.unruly != nil:
		if why := a.unruly(read); why != "" {
			return nil, errInvalidValue.At(a.Name).Sayf("%s %s", a.Name, why)
		}
	}
	return read, nil
}

// takeBoolean takes the words in quotes, too, in any case, and a list of one: Entra sends both.
func takeBoolean(a *attribute, value any) (any, error) {
	if one, ok := value.([]any); ok && len(one) == 1 {
		value = one[0]
	}
	switch read := value.(type) {
	case nil:
		return nil, nil //nolint:nilnil // null is no value
	case bool:
		return read, nil
	case string:
		switch strings.ToLower(read) {
		case keyTrue:
			return true, nil
		case "false":
			return false, nil
		case "":
			return nil, nil //nolint:nilnil // an empty string is no value
		}
	}
	return nil, wrongType(a, "true or false")
}

func (m manners) takeComplex(a *attribute, value any) (any, error) {
	if one, ok := value.([]any); ok && len(one) == 1 && a.Name == attrManager {
		value = one[0]
	}
	given, ok := value.(object)
	if !ok {
		wrapped, err := wrap(a, value)
		if err != nil || wrapped == nil {
			return nil, err
		}
		given = wrapped
	}
	switch {
	case m.strict:
	case a.Name == attrRoles:
		given = unwrapped(given)
	case a.Name == attrManager:
		given = renamed(given, "managerId", attrValue) // as SCIM 1.1 has it, and templates of OneLogin
	}
	taken := object{}
	for _, name := range given.names() {
		sub := find(a.SubAttributes, name)
		if sub == nil {
			if m.strict {
				return nil, errInvalidSyntax.At(a.Name).Sayf("%s has no part %s", a.Name, quoted(name))
			}
			continue
		}
		if sub.Mutability == readOnly {
			continue
		}
		part, err := m.take(sub, given[name])
		if err != nil {
			return nil, err
		}
		if part != nil {
			taken[sub.Name] = part
		}
	}
	if a.Name == attrManager {
		m.nameManager(taken)
	}
	if len(taken) == 0 {
		return nil, nil //nolint:nilnil // a complex value without parts is no value
	}
	return taken, nil
}

const (
	attrManager = "manager"
	attrRoles   = "roles"
)

// wrap makes a complex value of a bare text, where the attribute has a value.
func wrap(a *attribute, value any) (object, error) {
	bare, ok := value.(string)
	if !ok || find(a.SubAttributes, attrValue) == nil {
		return nil, wrongType(a, "an object")
	}
	if bare == "" {
		return nil, nil //nolint:nilnil // an empty string is no value
	}
	return object{attrValue: bare}, nil
}

const (
	attrValue  = "value"
	attrRef    = "$ref"
	attrActive = "active"
)

// renamed is an object with a member under another name, unless it has one of that name.
func renamed(o object, from, to string) object {
	value, old := o.get(from)
	if _, given := o.get(to); given || !old {
		return o
	}
	o = o.copied()
	o[to] = value
	return o
}

// unwrapped is a role without the JSON that Entra writes into its value, and with the name that it calls displayName there.
func unwrapped(role object) object {
	o := role.copied()
	for name, inside := range inText(o) {
		if _, given := o.get(name); !given || strings.EqualFold(name, attrValue) {
			o[name] = inside
		}
	}
	return renamed(o, "displayName", "display")
}

// inText is the object that is written as text into a value, if one is.
func inText(o object) object {
	value, _ := o.get(attrValue)
	written, _ := value.(string)
	if !strings.HasPrefix(written, "{") {
		return nil
	}
	inside, err := readObject([]byte(written))
	if err != nil {
		return nil // a text that only begins so
	}
	return inside
}

func wrongType(a *attribute, want string) error {
	return errInvalidValue.At(a.Name).Sayf("%s is not %s", a.Name, want)
}

// quoted shows a name that a client sent, in bounds.
func quoted(name string) string {
	const most = 100
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	shown, err := json.Marshal(name)
	if err != nil {
		return "?"
	}
	return string(shown)
}

// user makes a person of a document.
func (o object) user() (directory.User, error) {
	u := directory.User{Active: true}
	own := object{}
	for name, value := range o {
		switch name {
		case attrActive:
			u.Active, _ = value.(bool)
		case "externalId":
			u.ExternalID, _ = value.(string)
		default:
			own[name] = value
		}
	}
	text, err := json.Marshal(own)
	if err != nil {
		return u, errInvalidSyntax.Because(err)
	}
	if err := json.Unmarshal(text, &u); err != nil {
		return u, errInvalidValue.Sayf("an attribute has a value of the wrong type").Because(err)
	}
	return u, nil
}

// nameManager takes a manager's id from where she is, when that is all there is. Where she is follows from it.
func (m manners) nameManager(manager object) {
	ref, _ := manager[attrRef].(string)
	delete(manager, attrRef)
	if who := m.addressed(ref); manager[attrValue] == nil && who != "" {
		manager[attrValue] = who
	}
}

// document is a person as the attribute table sees her.
func document(u *directory.User) (object, error) {
	text, err := json.Marshal(u)
	if err != nil {
		return nil, err
	}
	o, err := readObject(text)
	if err != nil {
		return nil, err
	}
	o[attrActive] = u.Active
	if u.ExternalID != "" {
		o["externalId"] = u.ExternalID
	}
	return o, nil
}

// become puts what a document says in the place of what a person was.
func become(u *directory.User, o object) error {
	now, err := o.user()
	if err != nil {
		return err
	}
	now.ID, now.Version, now.CreatedAt, now.UpdatedAt, now.Origin, now.Blocked = u.ID, u.Version, u.CreatedAt, u.UpdatedAt, u.Origin, u.Blocked
	*u = now
	return nil
}

// replaced is what PUT makes of a person: what was read of the body, with what a client that leaves something out does not mean
// to take away (RFC 7644 section 3.5.1): whether she is active, what she is entitled to, and extensions that the body does not
// speak of.
func replaced(was, read, body object) object {
	now := object{}
	maps.Copy(now, read)
	schemas, _ := body.get(attrSchemas)
	for name, value := range was {
		_, given := now[name]
		_, spoken := body.get(name)
		named := slices.ContainsFunc(schemasOf(schemas), func(urn string) bool { return sameName(urn, name) })
		if name == attrActive && !given || name == attrEntitlements && !spoken || isURN(name) && !spoken && !named {
			now[name] = value
		}
	}
	return now
}

func isURN(name string) bool { return len(name) > 4 && strings.EqualFold(name[:4], "urn:") }
