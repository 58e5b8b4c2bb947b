package directory

import (
	"strings"

	"github.com/usherhq/usher/internal/filter"
)

// UserQuery asks for a piece of the people whom a filter takes; no filter takes everybody. Start counts from 1.
type UserQuery struct {
	Where  filter.Node
	Start  int
	Count  int
	Groups bool // with the groups of each
}

// GroupQuery is UserQuery for groups.
type GroupQuery struct {
	Where filter.Node
	Start int
	Count int
}

// term is one condition of a filter: a field equals a value. Terms of one element of a multi-valued attribute are a group of
// their own.
type term struct {
	field   string // in the directory's spelling, see the fields below
	text    string
	flag    bool   // for fieldActive
	element []term // for fieldEmails: conditions that one and the same e-mail address meets
}

// The fields that a filter may name.
const (
	fieldID          = "id"
	fieldUserName    = "userName"
	fieldExternalID  = "externalId"
	fieldEmails      = "emails"
	fieldEmailValue  = "emails.value"
	fieldEmailType   = "emails.type"
	fieldActive      = "active"
	fieldManager     = "manager"
	fieldDisplayName = "displayName"
	fieldMembers     = "members"
)

// fieldNames are the spellings of the fields in a filter, besides their own. An attribute of many values stands for its value.
var fieldNames = map[string]string{
	"id": fieldID, "username": fieldUserName, "externalid": fieldExternalID, "emails": fieldEmailValue,
	"emails.value": fieldEmailValue, "emails.type": fieldEmailType, "active": fieldActive, "manager": fieldManager,
	"manager.value": fieldManager, "displayname": fieldDisplayName, "members": fieldMembers, "members.value": fieldMembers,
}

// termsOf takes a filter apart into conditions that all have to be met. No filter has none.
func termsOf(where filter.Node) ([]term, error) {
	switch n := where.(type) {
	case nil:
		return nil, nil
	case filter.And:
		left, err := termsOf(n.Left)
		if err != nil {
			return nil, err
		}
		right, err := termsOf(n.Right)
		return append(left, right...), err
	case filter.Compare:
		t, err := termOf(n, n.Attr)
		return []term{t}, err
	case filter.Each:
		return termsOfEach(n)
	default:
		return nil, ErrFilterUnsupported
	}
}

func termsOfEach(n filter.Each) ([]term, error) {
	conditions, ok := filter.Equalities(n.Where)
	if !ok {
		return nil, ErrFilterUnsupported
	}
	var element []term
	for _, c := range conditions {
		t, err := termOf(c, filter.Attr{URN: n.Attr.URN, Name: n.Attr.Name, Sub: c.Attr.Name})
		if err != nil {
			return nil, err
		}
		element = append(element, t)
	}
	switch {
	case n.Attr.Is(fieldEmails):
		return []term{{field: fieldEmails, element: element}}, nil
	case len(element) == 1 && element[0].field == fieldMembers:
		return element, nil
	default:
		return nil, ErrFilterUnsupported.Sayf("elements of %s cannot be filtered", n.Attr)
	}
}

func termOf(n filter.Compare, attr filter.Attr) (term, error) {
	plain := filter.Attr{Name: attr.Name, Sub: attr.Sub}
	field, known := fieldNames[strings.ToLower(plain.String())]
	switch {
	case !known:
		return term{}, ErrFilterUnsupported.Sayf("%s cannot be filtered by; use userName, externalId, id, emails.value, manager, displayName or members", attr)
	case n.Op != filter.Eq:
		return term{}, ErrFilterUnsupported.Sayf("%s can be filtered by eq only", attr)
	case field == fieldActive:
		return activeTerm(n)
	case n.Value.Kind != filter.String:
		return term{}, ErrFilterUnsupported.Sayf("%s is compared with a string in double quotes", attr)
	}
	return term{field: field, text: n.Value.Text}, nil
}

// activeTerm takes the word in quotes as well: some providers send it so.
func activeTerm(n filter.Compare) (term, error) {
	switch strings.ToLower(n.Value.Text) {
	case "true":
		return term{field: fieldActive, flag: true}, nil
	case "false":
		return term{field: fieldActive}, nil
	default:
		return term{}, ErrFilterUnsupported.Sayf("active is compared with true or false")
	}
}
