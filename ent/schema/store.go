package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// CountDelta is a change of a kept total that has not been folded yet.
type CountDelta struct{ ent.Schema }

// Mixin of CountDelta.
func (CountDelta) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of CountDelta.
func (CountDelta) Annotations() []schema.Annotation {
	return []schema.Annotation{table("count_deltas")}
}

// Fields of CountDelta.
func (CountDelta) Fields() []ent.Field {
	return []ent.Field{field.String("name").Immutable(), field.Int64("delta").Immutable()}
}

// Indexes of CountDelta.
func (CountDelta) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "name").StorageKey("count_deltas_name")}
}

// KeptCount is a kept total; the true total is it plus the open deltas.
type KeptCount struct{ ent.Schema }

// Mixin of KeptCount.
func (KeptCount) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of KeptCount.
func (KeptCount) Annotations() []schema.Annotation { return []schema.Annotation{table("counts")} }

// Fields of KeptCount.
func (KeptCount) Fields() []ent.Field {
	return []ent.Field{field.String("name").Immutable(), field.Int64("total")}
}

// Indexes of KeptCount.
func (KeptCount) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "name").Unique().StorageKey("counts_name")}
}
