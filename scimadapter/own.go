package scimadapter

import (
	"slices"
	"sync"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

// typesOf are the tables of people that have been made, each for a tenant's own schemas and for whether seats are shown.
type typesOf struct {
	mu   sync.RWMutex
	made map[peopleOf]*resourceType
}

type peopleOf struct {
	own   *directory.SchemaSet
	seats bool
}

// maxTypes bounds the tables that are remembered. Old ones are those of schemas as they were.
const maxTypes = 10_000

func newTypes() *typesOf { return &typesOf{made: map[peopleOf]*resourceType{}} }

// people returns the table of people for the caller: the standard's schemas and the tenant's own.
func (e *exchange) people() (*resourceType, error) {
	if e.session.Tenant == id.Nil {
		return userType, nil
	}
	own, err := e.h.directory.Schemas(e.ctx)
	if err != nil {
		return nil, err
	}
	return e.h.types.of(peopleOf{own: own, seats: e.session.Config.ShowSeats}), nil
}

func (c *typesOf) of(people peopleOf) *resourceType {
	c.mu.RLock()
	found := c.made[people]
	c.mu.RUnlock()
	if found != nil {
		return found
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.made) >= maxTypes {
		clear(c.made)
	}
	if c.made[people] == nil {
		c.made[people] = people.table()
	}
	return c.made[people]
}

// table makes the table of people. What discovery says of it is what the endpoints do: where a configuration shows seats, they
// are returned by default.
func (p peopleOf) table() *resourceType {
	t := *userType
	t.hidden = p.own.Hidden
	t.Extensions = slices.Clone(userType.Extensions)
	if p.seats {
		t.Extensions[slices.Index(t.Extensions, seatSchema)] = shownSeatSchema
	}
	for _, s := range p.own.All {
		own := &schema{URN: s.URN, Name: s.Name, Description: s.Description, Required: s.Required, Attributes: attributesOf(s.Attributes)}
		t.Extensions = append(t.Extensions, own)
		t.special = t.special || special(own.Attributes)
	}
	return &t
}

func attributesOf(own []directory.Attribute) []*attribute {
	all := make([]*attribute, len(own))
	for i := range own {
		all[i] = attributeOf(&own[i])
	}
	return all
}

func attributeOf(own *directory.Attribute) *attribute {
	a := &attribute{
		Name: own.Name, Type: string(own.Type), MultiValued: own.MultiValued, Description: own.Description, Required: own.Required,
		CanonicalValues: own.CanonicalValues, Mutability: own.Mutability, Returned: own.Returned, Uniqueness: own.Uniqueness,
		ReferenceTypes: own.ReferenceTypes, SubAttributes: attributesOf(own.SubAttributes), own: true,
	}
	switch own.Type {
	case directory.TypeString, directory.TypeReference, directory.TypeBinary:
		a.CaseExact = &own.CaseExact
	case directory.TypeBoolean, directory.TypeInteger, directory.TypeDecimal, directory.TypeDateTime, directory.TypeComplex:
	}
	return a
}

// special tells whether some attribute is not returned by default and on request alike, so that answers have to be cut.
func special(attributes []*attribute) bool {
	return slices.ContainsFunc(attributes, func(a *attribute) bool { return a.Returned != returnedDefault || special(a.SubAttributes) })
}
