package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Tenant is a customer of the vendor.
type Tenant struct{ ent.Schema }

// Mixin of Tenant.
func (Tenant) Mixin() []ent.Mixin { return []ent.Mixin{Identified{}, Stamped{}} }

// Annotations of Tenant.
func (Tenant) Annotations() []schema.Annotation { return []schema.Annotation{table("tenants")} }

// Fields of Tenant.
func (Tenant) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("slug"),
		field.String("plan"),
		field.String("time_zone").Default("UTC"),
		field.Text("settings").Default("{}"),
	}
}

// Indexes of Tenant.
func (Tenant) Indexes() []ent.Index {
	return []ent.Index{index.Fields("slug").Unique().StorageKey("tenants_slug")}
}
