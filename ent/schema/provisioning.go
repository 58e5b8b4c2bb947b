package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// ScimConfig is one connection of an identity provider.
type ScimConfig struct{ ent.Schema }

// Mixin of ScimConfig.
func (ScimConfig) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}, Stamped{}} }

// Annotations of ScimConfig.
func (ScimConfig) Annotations() []schema.Annotation {
	return []schema.Annotation{table("scim_configs")}
}

// Fields of ScimConfig.
func (ScimConfig) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("name_key"),
		field.String("identity_provider"),
		field.String("preset"),
		field.Bool("auto_assign"),
		field.Int("auto_assign_priority").Default(0),
		field.UUID("license_id", uuid.UUID{}).Optional().Nillable(),
		field.String("status"),
		field.String("paused_by").Default(""),
		field.String("member_mode").Default("authoritative"),
		field.Bool("show_seats").Default(false),
		field.String("recognized").Default(""),
		field.Time("recognized_at").Optional().Nillable(),
	}
}

// Indexes of ScimConfig.
func (ScimConfig) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "name_key").Unique().StorageKey("scim_configs_name")}
}

// ScimCall is one SCIM request as it was answered, redacted, kept for 30 days.
type ScimCall struct{ ent.Schema }

// Mixin of ScimCall.
func (ScimCall) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of ScimCall.
func (ScimCall) Annotations() []schema.Annotation { return []schema.Annotation{table("scim_calls")} }

// Fields of ScimCall.
func (ScimCall) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("scim_config_id", uuid.UUID{}).Immutable(),
		field.UUID("token_id", uuid.UUID{}).Immutable(),
		field.Time("at").Immutable(),
		field.String("method").Immutable(),
		field.String("path").Immutable(),
		field.Int("status").Immutable(),
		field.String("scim_type").Default("").Immutable(),
		field.String("detail").Default("").Immutable(),
		field.Int64("duration_us").Immutable(),
		field.String("resource_type").Default("").Immutable(),
		field.UUID("resource_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.Bool("probe").Immutable(),
		field.String("user_agent").Default("").Immutable(),
		field.String("request_id").Immutable(),
	}
}

// Indexes of ScimCall.
func (ScimCall) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "scim_config_id", "id").StorageKey("scim_calls_config"),
		index.Fields("tenant_id", "resource_id", "id").StorageKey("scim_calls_resource"),
		index.Fields("tenant_id", "request_id", "id").StorageKey("scim_calls_request"),
		index.Fields("at").StorageKey("scim_calls_at"),
	}
}
