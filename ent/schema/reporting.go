package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Snapshot holds the figures of one license on one day of the tenant's calendar.
type Snapshot struct{ ent.Schema }

// Mixin of Snapshot.
func (Snapshot) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of Snapshot.
func (Snapshot) Annotations() []schema.Annotation { return []schema.Annotation{table("snapshots")} }

// Fields of Snapshot.
func (Snapshot) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("license_id", uuid.UUID{}).Immutable(),
		field.String("day").Immutable(),
		field.Text("figures"),
	}
}

// Indexes of Snapshot.
func (Snapshot) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "license_id", "day").Unique().StorageKey("snapshots_day")}
}

// Alert is a threshold that was crossed, and whether it is over.
type Alert struct{ ent.Schema }

// Mixin of Alert.
func (Alert) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of Alert.
func (Alert) Annotations() []schema.Annotation { return []schema.Annotation{table("alerts")} }

// Fields of Alert.
func (Alert) Fields() []ent.Field {
	return []ent.Field{
		field.String("kind").Immutable(),
		field.UUID("subject_id", uuid.UUID{}).Immutable(),
		field.Time("crossed_at").Immutable(),
		field.Time("over_at").Optional().Nillable(),
		field.Text("data").Default("{}"),
	}
}

// Indexes of Alert.
func (Alert) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "kind", "subject_id").StorageKey("alerts_subject")}
}
