package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// License is what a tenant bought: a product and a number of seats. taken and waiting are kept, and the database refuses
// to go above the ceiling.
type License struct{ ent.Schema }

// Mixin of License.
func (License) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}, Stamped{}} }

// Annotations of License.
func (License) Annotations() []schema.Annotation {
	return []schema.Annotation{checked("licenses", map[string]string{
		"licenses_taken":   "taken >= 0 AND taken <= ceiling",
		"licenses_waiting": "waiting >= 0",
	})}
}

// Fields of License.
func (License) Fields() []ent.Field {
	return []ent.Field{
		field.String("product"),
		field.String("sku"),
		field.String("sku_key"),
		field.String("edition").Default(""),
		field.Int64("seats"),
		field.Int64("ceiling"),
		field.Int64("taken").Default(0),
		field.Int64("waiting").Default(0),
		field.Int64("next_position").Default(1),
		field.Bool("granted").Default(false),
		field.Time("term_start").Optional().Nillable(),
		field.Time("term_end").Optional().Nillable(),
		field.Int64("price_minor").Optional().Nillable(),
		field.String("currency").Default(""),
	}
}

// Indexes of License.
func (License) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "sku_key").Unique().StorageKey("licenses_sku")}
}

// Rule says who should get a seat of a license; the auto-assign switch of a SCIM configuration is one.
type Rule struct{ ent.Schema }

// Mixin of Rule.
func (Rule) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}, Stamped{}} }

// Annotations of Rule.
func (Rule) Annotations() []schema.Annotation { return []schema.Annotation{table("rules")} }

// Fields of Rule.
func (Rule) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("license_id", uuid.UUID{}).Immutable(),
		field.String("kind").Immutable(),
		field.UUID("source_id", uuid.UUID{}).Immutable(),
		field.Int("priority").Default(0),
		field.Text("definition").Default("{}"),
	}
}

// Indexes of Rule.
func (Rule) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "kind", "source_id", "license_id").Unique().StorageKey("rules_source"),
	}
}

// Claim is one reason for which a person should hold a seat of a license.
type Claim struct{ ent.Schema }

// Mixin of Claim.
func (Claim) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of Claim.
func (Claim) Annotations() []schema.Annotation { return []schema.Annotation{table("claims")} }

// Fields of Claim.
func (Claim) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("license_id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.String("reason").Immutable(),
		field.UUID("reason_id", uuid.UUID{}).Immutable(),
		field.Time("since").Immutable(),
	}
}

// Indexes of Claim.
func (Claim) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "user_id", "license_id", "reason", "reason_id").Unique().StorageKey("claims_reason"),
		index.Fields("tenant_id", "reason_id", "user_id").StorageKey("claims_by_reason"),
	}
}

// Seat is the place of one person in one license. It outlives the person, without attributes of hers.
type Seat struct{ ent.Schema }

// Mixin of Seat.
func (Seat) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of Seat.
func (Seat) Annotations() []schema.Annotation { return []schema.Annotation{table("seats")} }

// Fields of Seat.
func (Seat) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("license_id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.String("state"),
		field.Int("priority").Default(0),
		field.Int64("position").Default(0),
		field.Time("since"),
		field.Time("activated_at").Optional().Nillable(),
		field.Time("valid_until").Optional().Nillable(),
		field.Time("created_at").Immutable(),
	}
}

// Indexes of Seat.
func (Seat) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "license_id", "user_id").Unique().StorageKey("seats_holder"),
		index.Fields("tenant_id", "user_id").StorageKey("seats_user"),
		index.Fields("tenant_id", "license_id", "state", "priority", "position").StorageKey("seats_queue"),
	}
}

// Ledger is the append-only account of every step of every seat.
type Ledger struct{ ent.Schema }

// Mixin of Ledger.
func (Ledger) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of Ledger.
func (Ledger) Annotations() []schema.Annotation { return []schema.Annotation{table("ledger")} }

// Fields of Ledger.
func (Ledger) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("license_id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.String("was").Immutable(),
		field.String("now").Immutable(),
		field.String("cause").Immutable(),
		field.UUID("event_id", uuid.UUID{}).Immutable(),
		field.Time("at").Immutable(),
	}
}

// Indexes of Ledger.
func (Ledger) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "license_id", "id").StorageKey("ledger_license"),
		index.Fields("tenant_id", "user_id", "at").StorageKey("ledger_user"),
	}
}
