package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// User is a person of a tenant. Looked-up attributes are columns; attributes holds the person's own SCIM attributes, rendered once.
type User struct{ ent.Schema }

// Mixin of User.
func (User) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}, Stamped{}} }

// Annotations of User.
func (User) Annotations() []schema.Annotation { return []schema.Annotation{table("users")} }

// Fields of User.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("user_name"),
		field.String("user_name_key"),
		field.String("display_name").Default(""),
		field.String("given_name").Default(""),
		field.String("family_name").Default(""),
		field.String("title").Default(""),
		field.String("department").Default(""),
		field.String("employee_number").Default(""),
		field.String("manager").Default(""),
		field.Bool("blocked").Default(false),
		field.Bool("active").Default(true),
		field.String("origin").Immutable(),
		field.Text("attributes"),
		field.Bool("indexed").Default(false),
	}
}

// Indexes of User.
func (User) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "user_name_key").Unique().StorageKey("users_user_name"),
		index.Fields("tenant_id", "manager").StorageKey("users_manager").Annotations(partial("manager <> ''")),
		index.Fields("tenant_id", "created_at").StorageKey("users_created"),
		index.Fields("tenant_id", "updated_at").StorageKey("users_updated"),
		index.Fields("tenant_id", "id").StorageKey("users_inactive").Annotations(partial("NOT active")),
		index.Fields("tenant_id", "id").StorageKey("users_unindexed").Annotations(partial("NOT indexed")),
	}
}

// UserValue makes a person findable by one value of one of her attributes: attr is the attribute's number in the directory's
// list of fields, ord the element of a multi-valued attribute, key what the value is compared by, cut to what an index takes,
// and rest what was cut off. Of each attribute one value leads: lists are sorted by it.
type UserValue struct{ ent.Schema }

// Annotations of UserValue.
func (UserValue) Annotations() []schema.Annotation { return []schema.Annotation{table("user_values")} }

// Fields of UserValue. Its key is tenant, user, attribute and element; ent wants an id, which the table does not have.
func (UserValue) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.UUID("tenant_id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.Int32("attr").Immutable(),
		field.Int32("ord").Immutable(),
		field.Bool("lead").Immutable(),
		field.String("key").Immutable(),
		field.String("rest").Default("").Immutable(),
	}
}

// Indexes of UserValue.
func (UserValue) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "attr", "key", "user_id").StorageKey("user_values_key")}
}

// Link ties a person to one SCIM configuration, which sees its own externalId and its own active.
type Link struct{ ent.Schema }

// Mixin of Link.
func (Link) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of Link.
func (Link) Annotations() []schema.Annotation { return []schema.Annotation{table("links")} }

// Fields of Link.
func (Link) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("user_id", uuid.UUID{}).Immutable(),
		field.UUID("scim_config_id", uuid.UUID{}).Immutable(),
		field.String("external_id").Default(""),
		field.Bool("active"),
		field.String("how"),
		field.Time("first_write_at").Immutable(),
		field.Time("last_write_at"),
		field.Time("ended_at").Optional().Nillable(),
	}
}

// Indexes of Link.
func (Link) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "user_id", "scim_config_id").Unique().StorageKey("links_user"),
		index.Fields("tenant_id", "external_id", "scim_config_id").StorageKey("links_external_id"),
		index.Fields("tenant_id", "scim_config_id", "user_id").StorageKey("links_inactive").Annotations(partial("NOT active")),
	}
}

// Group is a named set of people and of other groups.
type Group struct{ ent.Schema }

// Mixin of Group.
func (Group) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}, Stamped{}} }

// Annotations of Group.
func (Group) Annotations() []schema.Annotation { return []schema.Annotation{table("groups")} }

// Fields of Group.
func (Group) Fields() []ent.Field {
	return []ent.Field{
		field.String("display_name"),
		field.String("display_name_key"),
		field.String("external_id").Default(""),
		field.UUID("scim_config_id", uuid.UUID{}).Optional().Nillable(),
	}
}

// Indexes of Group.
func (Group) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "display_name_key").Unique().StorageKey("groups_display_name"),
		index.Fields("tenant_id", "external_id").StorageKey("groups_external_id"),
		index.Fields("tenant_id", "created_at").StorageKey("groups_created"),
		index.Fields("tenant_id", "updated_at").StorageKey("groups_updated"),
	}
}

// Membership says that a user or a group is a direct member of a group, who said so, and since when.
// member_id repeats whichever of user_id and subgroup_id is set.
type Membership struct{ ent.Schema }

// Mixin of Membership.
func (Membership) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of Membership.
func (Membership) Annotations() []schema.Annotation { return []schema.Annotation{table("memberships")} }

// Fields of Membership.
func (Membership) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("group_id", uuid.UUID{}).Immutable(),
		field.UUID("member_id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("subgroup_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.String("source"),
		field.UUID("source_id", uuid.UUID{}).Optional().Nillable(),
		field.Time("since").Immutable(),
	}
}

// Indexes of Membership.
func (Membership) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "group_id", "member_id").Unique().StorageKey("memberships_member"),
		index.Fields("tenant_id", "member_id", "group_id").StorageKey("memberships_groups"),
	}
}

// ParkedMember is a member that a provider named before the person came.
type ParkedMember struct{ ent.Schema }

// Mixin of ParkedMember.
func (ParkedMember) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}} }

// Annotations of ParkedMember.
func (ParkedMember) Annotations() []schema.Annotation {
	return []schema.Annotation{table("parked_members")}
}

// Fields of ParkedMember.
func (ParkedMember) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("group_id", uuid.UUID{}).Immutable(),
		field.String("value").Immutable(),
		field.String("display").Default("").Immutable(),
		field.UUID("scim_config_id", uuid.UUID{}).Immutable(),
		field.Time("since").Immutable(),
	}
}

// Indexes of ParkedMember.
func (ParkedMember) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "group_id", "value").Unique().StorageKey("parked_members_group"),
		index.Fields("tenant_id", "value").StorageKey("parked_members_value"),
	}
}

// AttributeSchema is an extension schema that a tenant has registered. code is where the numbers of its attributes begin, see
// UserValue; status tells whether everybody is findable by them.
type AttributeSchema struct{ ent.Schema }

// Mixin of AttributeSchema.
func (AttributeSchema) Mixin() []ent.Mixin { return []ent.Mixin{Tenanted{}, Stamped{}} }

// Annotations of AttributeSchema.
func (AttributeSchema) Annotations() []schema.Annotation {
	return []schema.Annotation{table("attribute_schemas")}
}

// Fields of AttributeSchema.
func (AttributeSchema) Fields() []ent.Field {
	return []ent.Field{
		field.String("urn"),
		field.String("urn_key"),
		field.String("name"),
		field.String("resource_type"),
		field.Int32("code"),
		field.String("status").Default("ready"),
		field.Text("definition"),
	}
}

// Indexes of AttributeSchema.
func (AttributeSchema) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("tenant_id", "urn_key").Unique().StorageKey("attribute_schemas_urn"),
		index.Fields("tenant_id", "code").Unique().StorageKey("attribute_schemas_code"),
	}
}

// UserUnique holds a value that no other person of the tenant may have: attr is the number of an attribute that is unique, see
// UserValue, and key what its values are compared by.
type UserUnique struct{ ent.Schema }

// Annotations of UserUnique.
func (UserUnique) Annotations() []schema.Annotation {
	return []schema.Annotation{table("user_uniques")}
}

// Fields of UserUnique. Its key is tenant, attribute and key; ent wants an id, which the table does not have.
func (UserUnique) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Immutable(),
		field.UUID("tenant_id", uuid.UUID{}).Immutable(),
		field.Int32("attr").Immutable(),
		field.String("key").Immutable(),
		field.UUID("user_id", uuid.UUID{}).Immutable(),
	}
}

// Indexes of UserUnique.
func (UserUnique) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "user_id").StorageKey("user_uniques_user")}
}
