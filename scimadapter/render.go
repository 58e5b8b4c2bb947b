package scimadapter

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

const timeForm = "2006-01-02T15:04:05.000Z"

func (e *exchange) locationOf(id string, t *resourceType) string {
	return e.base + t.Endpoint + "/" + id
}

// appendText appends a JSON string. Most have nothing that needs an escape.
func appendText(out []byte, text string) []byte {
	if isPlain(text) {
		out = append(out, '"')
		out = append(out, text...)
		return append(out, '"')
	}
	quoted, err := json.Marshal(text)
	if err != nil { // strings always marshal
		return append(out, `""`...)
	}
	return append(out, quoted...)
}

func isPlain(text string) bool {
	for i := range len(text) {
		if b := text[i]; b < ' ' || b > '~' || b == '"' || b == '\\' || b == '<' || b == '>' || b == '&' {
			return false
		}
	}
	return true
}

func (e *exchange) appendLocation(out []byte, name string, t *resourceType) []byte {
	if !isPlain(e.base) {
		return appendText(out, e.locationOf(name, t))
	}
	out = append(out, '"')
	out = append(out, e.base...)
	out = append(out, t.Endpoint...)
	out = append(out, '/')
	out = append(out, name...)
	return append(out, '"')
}

// appendUser appends a person. Her own attributes are kept as they are sent, and only put between what the server says.
func (e *exchange) appendUser(out []byte, u directory.Record, seats shownSeats) []byte {
	name := id.User.Format(u.ID)
	urns, attributes := e.manners.declared(e.users, u.Attributes)
	out = append(out, `{"schemas":["`+directory.UserURN+`"`...)
	for _, urn := range urns {
		out = append(out, ',')
		out = appendText(out, urn)
	}
	if len(seats.standings) > 0 {
		out = append(out, `,"`+seatURN+`"`...)
	}
	out = append(out, `],"id":"`+name+`"`...)
	if u.ExternalID != "" {
		out = append(out, `,"externalId":`...)
		out = appendText(out, u.ExternalID)
	}
	out = append(out, ',')
	out = append(out, attributes...)
	if u.Active {
		out = append(out, `,"active":true`...)
	} else {
		out = append(out, `,"active":false`...)
	}
	for i, g := range u.Groups {
		if i == 0 {
			out = append(out, `,"groups":[`...)
		} else {
			out = append(out, ',')
		}
		group := id.Group.Format(g.ID)
		out = append(out, `{"value":"`+group+`","$ref":`...)
		out = e.appendLocation(out, group, groupType)
		out = append(out, `,"display":`...)
		out = appendText(out, g.DisplayName)
		if g.Indirect {
			out = append(out, `,"type":"indirect"}`...)
		} else {
			out = append(out, `,"type":"direct"}`...)
		}
	}
	if len(u.Groups) > 0 {
		out = append(out, ']')
	}
	out = seats.append(out)
	return append(e.appendMeta(out, userType, name, u.CreatedAt, u.UpdatedAt, u.Version), '}')
}

func (e *exchange) appendMeta(out []byte, t *resourceType, name string, created, updated time.Time, version int64) []byte {
	out = append(out, `,"meta":{"resourceType":"`+t.Name+`","created":"`...)
	out = created.UTC().AppendFormat(out, timeForm)
	out = append(out, `","lastModified":"`...)
	out = updated.UTC().AppendFormat(out, timeForm)
	out = append(out, `","location":`...)
	out = e.appendLocation(out, name, t)
	out = append(out, `,"version":"W/\"`...)
	out = strconv.AppendInt(out, version, 10)
	return append(out, `\""}`...)
}

// piece is how many members are read at a time.
const piece = 1000

// appendGroup appends a group with its members, read in pieces and only where they are wanted.
func (e *exchange) appendGroup(out []byte, g *directory.Group, view projection) ([]byte, error) {
	name := id.Group.Format(g.ID)
	out = append(out, `{"schemas":["`+directory.GroupURN+`"],"id":"`+name+`"`...)
	if g.ExternalID != "" {
		out = append(out, `,"externalId":`...)
		out = appendText(out, g.ExternalID)
	}
	out = append(out, `,"displayName":`...)
	out = appendText(out, g.DisplayName)
	if view.wants(attrMembers) {
		var err error
		if out, err = e.appendMembers(out, g); err != nil {
			return nil, err
		}
	}
	return append(e.appendMeta(out, groupType, name, g.CreatedAt, g.UpdatedAt, g.Version), '}'), nil
}

// appendMembers appends who is in a group. An empty one shows an empty list, as Entra's documents have it; strictly, nothing, as
// with every attribute that has no value (RFC 7643 section 2.5).
func (e *exchange) appendMembers(out []byte, g *directory.Group) ([]byte, error) {
	before := len(out)
	out = append(out, `,"members":[`...)
	for after, first := id.Nil, true; ; {
		members, err := e.h.directory.Members(e.ctx, g.ID, after, piece)
		if err != nil {
			return nil, err
		}
		if first && len(members) == 0 && e.manners.strict {
			return out[:before], nil
		}
		for _, m := range members {
			if !first {
				out = append(out, ',')
			}
			out, first, after = e.appendMember(out, m), false, m.ID
		}
		if len(members) < piece {
			return append(out, ']'), nil
		}
	}
}

func (e *exchange) appendMember(out []byte, m directory.Member) []byte {
	kind, of := id.User, userType
	if m.IsGroup {
		kind, of = id.Group, groupType
	}
	name := kind.Format(m.ID)
	out = append(out, `{"value":"`+name+`","$ref":`...)
	out = e.appendLocation(out, name, of)
	out = append(out, `,"type":"`+of.Name+`","display":`...)
	out = appendText(out, m.Display)
	return append(out, '}')
}
