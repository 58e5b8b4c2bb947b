package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Event is one change, recorded in the transaction that made it and numbered after the commit.
type Event struct{ ent.Schema }

// Mixin of Event.
func (Event) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of Event.
func (Event) Annotations() []schema.Annotation { return []schema.Annotation{table("events")} }

// Fields of Event.
func (Event) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("number").Optional().Nillable(),
		field.String("kind").Immutable(),
		field.UUID("subject_id", uuid.UUID{}).Immutable(),
		field.String("actor_kind").Immutable(),
		field.UUID("actor_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.String("actor_name").Default("").Immutable(),
		field.Text("data"),
		field.UUID("transaction_id", uuid.UUID{}).Immutable(),
		field.String("request_id").Default("").Immutable(),
		field.Time("at").Immutable(),
	}
}

// Indexes of Event.
func (Event) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "number").StorageKey("events_number"),
		index.Fields("tenant_id", "subject_id", "id").StorageKey("events_subject"),
		index.Fields("id").StorageKey("events_unnumbered").Annotations(partial("number IS NULL")),
	}
}

// JournalHead is the one row that remembers the last number given to an event.
type JournalHead struct{ ent.Schema }

// Mixin of JournalHead.
func (JournalHead) Mixin() []ent.Mixin { return []ent.Mixin{Identified{}} }

// Annotations of JournalHead.
func (JournalHead) Annotations() []schema.Annotation {
	return []schema.Annotation{table("journal_heads")}
}

// Fields of JournalHead.
func (JournalHead) Fields() []ent.Field { return []ent.Field{field.Int64("last")} }
