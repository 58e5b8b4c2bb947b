package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// License is what a tenant bought: a product and a number of seats. taken and waiting are kept; allowed is how many may be
// taken under the policy of over-assignment, and the database refuses to go above the ceiling, which is that or what was taken
// when it shrank. requires, reclaim and alerts are JSON: ids of licenses, a policy, thresholds.
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
		field.Int64("allowed").Default(0),
		field.Int64("over_percent").Default(0),
		field.Int64("grace_days").Default(0),
		field.Bool("consent").Default(false),
		field.Text("requires").Default("[]"),
		field.Text("reclaim").Default("{}"),
		field.Text("alerts").Default("{}"),
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
		field.String("name").Default(""),
		field.String("status").Default("active"),
		field.Int64("published").Default(0),
	}
}

// Indexes of Rule.
func (Rule) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "kind", "source_id", "license_id").Unique().StorageKey("rules_source"),
	}
}

// RuleRevision is one version of a rule: a draft, the published one, or one that was published before.
type RuleRevision struct{ ent.Schema }

// Mixin of RuleRevision.
func (RuleRevision) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of RuleRevision.
func (RuleRevision) Annotations() []schema.Annotation {
	return []schema.Annotation{table("rule_revisions")}
}

// Fields of RuleRevision.
func (RuleRevision) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("rule_id", uuid.UUID{}).Immutable(),
		field.Int64("number").Immutable(),
		field.String("status"),
		field.Int("priority"),
		field.Text("definition"),
		field.String("author").Default(""),
		field.Time("created_at").Immutable(),
		field.Time("published_at").Optional().Nillable(),
	}
}

// Indexes of RuleRevision.
func (RuleRevision) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "rule_id", "number").Unique().StorageKey("rule_revisions_number")}
}

// RuleRun brings everybody in line with what was published: position is the last person done.
type RuleRun struct{ ent.Schema }

// Mixin of RuleRun.
func (RuleRun) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of RuleRun.
func (RuleRun) Annotations() []schema.Annotation { return []schema.Annotation{table("rule_runs")} }

// Fields of RuleRun.
func (RuleRun) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("rule_id", uuid.UUID{}).Immutable(),
		field.Int64("revision").Immutable(),
		field.String("state"),
		field.UUID("position", uuid.UUID{}),
		field.Int64("total").Default(0),
		field.Int64("done").Default(0),
		field.Int64("gained").Default(0),
		field.Int64("lost").Default(0),
		field.Time("started_at").Immutable(),
		field.Time("ended_at").Optional().Nillable(),
	}
}

// Indexes of RuleRun.
func (RuleRun) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "rule_id", "id").StorageKey("rule_runs_rule"),
		index.Fields("state").StorageKey("rule_runs_open").Annotations(partial("state = 'running'")),
	}
}

// Consent is what a person has said to a license that needs her consent.
type Consent struct{ ent.Schema }

// Mixin of Consent.
func (Consent) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of Consent.
func (Consent) Annotations() []schema.Annotation { return []schema.Annotation{table("consents")} }

// Fields of Consent.
func (Consent) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("license_id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.String("state"),
		field.Time("at"),
	}
}

// Indexes of Consent.
func (Consent) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "license_id", "user_id").Unique().StorageKey("consents_person")}
}

// ActivitySource is where news of use comes from, how late it is, and after how long a silence nothing is known.
type ActivitySource struct{ ent.Schema }

// Mixin of ActivitySource.
func (ActivitySource) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of ActivitySource.
func (ActivitySource) Annotations() []schema.Annotation {
	return []schema.Annotation{table("activity_sources")}
}

// Fields of ActivitySource.
func (ActivitySource) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("name_key"),
		field.UUID("license_id", uuid.UUID{}).Immutable(),
		field.Int64("lag_hours").Default(24),
		field.Int64("silent_hours").Default(72),
		field.Time("reported_at").Optional().Nillable(),
		field.Time("latest_at").Optional().Nillable(),
		field.Time("created_at").Immutable(),
	}
}

// Indexes of ActivitySource.
func (ActivitySource) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "license_id", "name_key").Unique().StorageKey("activity_sources_name")}
}

// ActivityDay says that a person has used a license on a day, counted from 1970 in UTC. Its key is tenant, license, person
// and day.
type ActivityDay struct{ ent.Schema }

// Annotations of ActivityDay.
func (ActivityDay) Annotations() []schema.Annotation {
	return []schema.Annotation{table("activity_days")}
}

// Fields of ActivityDay. ent wants an id, which the table does not have.
func (ActivityDay) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.UUID("tenant_id", uuid.UUID{}).Immutable(),
		field.UUID("license_id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.Int32("day").Immutable(),
		field.UUID("source_id", uuid.UUID{}),
		field.Time("first_at"),
		field.Time("last_at"),
	}
}

// Indexes of ActivityDay.
func (ActivityDay) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "license_id", "day", "user_id").StorageKey("activity_days_day")}
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
		field.Int("priority").Default(0),
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
		field.String("resume").Default(""),
		field.Time("waiting_since").Optional().Nillable(),
		field.Time("assigned_at").Optional().Nillable(),
		field.Time("last_used_at").Optional().Nillable(),
		field.Time("noticed_at").Optional().Nillable(),
		field.String("reclaim_reason").Default(""),
		field.Time("created_at").Immutable(),
	}
}

// Indexes of Seat.
func (Seat) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "license_id", "user_id").Unique().StorageKey("seats_holder"),
		index.Fields("tenant_id", "user_id").StorageKey("seats_user"),
		index.Fields("tenant_id", "license_id", "state", "priority", "position").StorageKey("seats_queue"),
		index.Fields("tenant_id", "license_id", "state", "last_used_at", "assigned_at").StorageKey("seats_use"),
		index.Fields("valid_until").StorageKey("seats_ending").Annotations(partial("state = 'grace'")),
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
		index.Fields("tenant_id", "license_id", "user_id", "at", "id", "was", "now").StorageKey("ledger_holder"), // all that a report of the past reads
		index.Fields("tenant_id", "license_id", "at", "id").StorageKey("ledger_at"),
	}
}
