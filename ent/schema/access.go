package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Installation is the one row that names this installation; tokens carry its id as issuer and audience.
type Installation struct{ ent.Schema }

// Mixin of Installation.
func (Installation) Mixin() []ent.Mixin { return []ent.Mixin{Identified{}} }

// Annotations of Installation.
func (Installation) Annotations() []schema.Annotation {
	return []schema.Annotation{checked("installations", map[string]string{"installations_one": "one = 1"})}
}

// Fields of Installation.
func (Installation) Fields() []ent.Field {
	return []ent.Field{
		field.Int("one").Default(1).Immutable(),
		field.Time("created_at").Immutable(),
	}
}

// Indexes of Installation.
func (Installation) Indexes() []ent.Index {
	return []ent.Index{index.Fields("one").Unique().StorageKey("installations_one_row")}
}

// SigningKey is a key pair that signs access tokens; its private half is wrapped.
type SigningKey struct{ ent.Schema }

// Mixin of SigningKey.
func (SigningKey) Mixin() []ent.Mixin { return []ent.Mixin{Identified{}} }

// Annotations of SigningKey.
func (SigningKey) Annotations() []schema.Annotation {
	return []schema.Annotation{table("signing_keys")}
}

// Fields of SigningKey.
func (SigningKey) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("wrapped").Sensitive().Immutable(),
		field.Bytes("public").Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("retired_at").Optional().Nillable(),
	}
}

// AccessToken remembers an issued token by its jti, never the token itself. Operator tokens have no tenant.
type AccessToken struct{ ent.Schema }

// Mixin of AccessToken.
func (AccessToken) Mixin() []ent.Mixin { return []ent.Mixin{Identified{}} }

// Annotations of AccessToken.
func (AccessToken) Annotations() []schema.Annotation {
	return []schema.Annotation{table("access_tokens")}
}

// Fields of AccessToken.
func (AccessToken) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("tenant_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.String("subject_kind").Immutable(),
		field.UUID("subject_id", uuid.UUID{}).Immutable(),
		field.String("name"),
		field.String("scopes").Immutable(),
		field.Text("group_ids").Default("[]").Immutable(),
		field.UUID("key_id", uuid.UUID{}).Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Immutable(),
		field.Time("last_used_at").Optional().Nillable(),
		field.Time("revoked_at").Optional().Nillable(),
	}
}

// Indexes of AccessToken.
func (AccessToken) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "subject_id", "id").StorageKey("access_tokens_subject"),
		index.Fields("revoked_at").StorageKey("access_tokens_revoked").Annotations(partial("revoked_at IS NOT NULL")),
		index.Fields("key_id", "expires_at").StorageKey("access_tokens_key"),
	}
}

// Administrator is a person who may manage a tenant.
type Administrator struct{ ent.Schema }

// Mixin of Administrator.
func (Administrator) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}, Stamped{}} }

// Annotations of Administrator.
func (Administrator) Annotations() []schema.Annotation {
	return []schema.Annotation{table("administrators")}
}

// Fields of Administrator.
func (Administrator) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("email"),
		field.String("email_key"),
		field.String("role"),
		field.Text("group_ids").Default("[]"),
		field.String("status").Default("active"),
	}
}

// Indexes of Administrator.
func (Administrator) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "email_key").Unique().StorageKey("administrators_email")}
}

// Invitation is a link by which an administrator signs in once; the link itself is kept nowhere, only its hash.
type Invitation struct{ ent.Schema }

// Mixin of Invitation.
func (Invitation) Mixin() []ent.Mixin { return []ent.Mixin{Identified{}} }

// Annotations of Invitation.
func (Invitation) Annotations() []schema.Annotation { return []schema.Annotation{table("invitations")} }

// Fields of Invitation.
func (Invitation) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("tenant_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("administrator_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.String("secret_hash").Sensitive().Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Immutable(),
		field.Time("used_at").Optional().Nillable(),
	}
}

// Indexes of Invitation.
func (Invitation) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("secret_hash").Unique().StorageKey("invitations_secret"),
		index.Fields("tenant_id", "administrator_id").StorageKey("invitations_administrator"),
	}
}

// Session is a browser in which somebody is signed in to the console; an operator's has no administrator.
type Session struct{ ent.Schema }

// Mixin of Session.
func (Session) Mixin() []ent.Mixin { return []ent.Mixin{Identified{}} }

// Annotations of Session.
func (Session) Annotations() []schema.Annotation { return []schema.Annotation{table("sessions")} }

// Fields of Session.
func (Session) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("tenant_id", uuid.UUID{}).Optional().Nillable(),
		field.UUID("administrator_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.String("secret_hash").Sensitive().Immutable(),
		field.String("user_agent").Default("").Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("seen_at"),
		field.Time("expires_at").Immutable(),
		field.Time("ended_at").Optional().Nillable(),
	}
}

// Indexes of Session.
func (Session) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("secret_hash").Unique().StorageKey("sessions_secret"),
		index.Fields("tenant_id", "administrator_id").StorageKey("sessions_administrator"),
	}
}
