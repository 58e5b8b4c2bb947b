// Package schema describes the tables of Usher, one file per module that owns them.
//
// Invariants: every table that belongs to a tenant mixes in Tenanted; ids are UUIDv7 made by the module that inserts the row;
// there are no edges, because predicates over edges would pass the tenant guard (the foreign keys are added by the
// migration generator, as (tenant_id, id) keys). Nothing of Usher is imported here.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"
)

// Tenanted marks a table whose rows belong to one tenant. The store's guard filters, stamps and narrows by its column.
type Tenanted struct{ mixin.Schema }

// Fields of a tenanted table: the key, tenant first.
func (Tenanted) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.UUID("tenant_id", uuid.UUID{}).Immutable(),
	}
}

// Identified marks a table that belongs to the installation and not to a tenant.
type Identified struct{ mixin.Schema }

// Fields of an installation-wide table: its id.
func (Identified) Fields() []ent.Field {
	return []ent.Field{field.UUID("id", uuid.UUID{}).Immutable()}
}

// Stamped adds the two times and the version that every edited thing carries.
type Stamped struct{ mixin.Schema }

// Fields of an edited thing. The version starts at 1 and grows by one with each real change.
func (Stamped) Fields() []ent.Field {
	return []ent.Field{
		field.Time("created_at").Immutable(),
		field.Time("updated_at"),
		field.Int64("version").Default(1),
	}
}

func table(name string) schema.Annotation { return entsql.Annotation{Table: name} }

func checked(name string, checks map[string]string) schema.Annotation {
	return entsql.Annotation{Table: name, Checks: checks}
}

func partial(where string) schema.Annotation { return entsql.IndexWhere(where) }
