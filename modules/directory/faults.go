package directory

import (
	"time"

	"github.com/usherhq/usher/internal/fault"
)

const schemaWait = 5 * time.Second

// Faults of the directory.
var (
	ErrUserNotFound      = fault.New(fault.NotFound, "user_not_found", "there is no such user")
	ErrUserNameTaken     = fault.New(fault.Conflict, "user_name_taken", "a user with this userName exists already").At("userName").Scim("uniqueness")
	ErrInvalidUser       = fault.New(fault.Invalid, "invalid_user", "the user is not valid").Scim("invalidValue")
	ErrGroupNotFound     = fault.New(fault.NotFound, "group_not_found", "there is no such group; if it was deleted here, unlink it in the identity provider and push it anew")
	ErrGroupNameTaken    = fault.New(fault.Conflict, "group_name_taken", "a group with this displayName exists already").At("displayName").Scim("uniqueness")
	ErrInvalidGroup      = fault.New(fault.Invalid, "invalid_group", "the group is not valid").Scim("invalidValue")
	ErrInvalidMember     = fault.New(fault.Invalid, "invalid_member", "a member is neither a user nor a group of the tenant").At("members").Scim("invalidValue")
	ErrGroupOfOthers     = fault.New(fault.Forbidden, "group_of_others", "the group was made by somebody else; only who made or linked it may delete it")
	ErrNoProvider        = fault.New(fault.Conflict, "no_provider", "no identity provider owns the group, so there is no drift to settle")
	ErrAuthoritative     = fault.New(fault.Conflict, "authoritative", "the identity provider's next whole list would take these members out again; set the configuration's memberMode to ADDITIVE first")
	ErrStaleVersion      = fault.New(fault.Stale, "stale_version", "somebody has changed it since it was read; read it again")
	ErrFilterUnsupported = fault.New(fault.Invalid, "filter_unsupported", "the filter cannot be answered").At("filter").Scim("invalidFilter")
	ErrFilterTooCostly   = fault.New(fault.Invalid, "filter_too_costly", "no index helps with this filter, and there are too many to look at each one within 2 seconds; join it by and with a comparison by eq, sw, gt, ge, lt or le").At("filter").Scim("tooMany")
	ErrSortUnsupported   = fault.New(fault.Invalid, "sort_unsupported", "the list cannot be sorted so").At("sortBy").Scim("invalidValue")
)

// Faults of a tenant's own schemas.
var (
	ErrSchemaNotFound     = fault.New(fault.NotFound, "schema_not_found", "there is no such schema")
	ErrInvalidSchema      = fault.New(fault.Invalid, "invalid_schema", "the schema is not valid").Scim("invalidValue")
	ErrIncompatibleSchema = fault.New(fault.Conflict, "schema_incompatible", "the change would make wrong what people have")
	ErrSchemaTaken        = fault.New(fault.Conflict, "schema_taken", "a schema with this URN is registered already").At("id").Scim("uniqueness")
	ErrTooManySchemas     = fault.New(fault.Conflict, "too_many_schemas", "the tenant has 20 schemas, which is as many as it can have")
	ErrSchemaInUse        = fault.New(fault.Conflict, "schema_in_use", "people have data of the schema; say that it may go all the same: they keep the data, but what is never shown is erased")
	ErrSchemaIndexing     = fault.New(fault.Unavailable, "schema_indexing", "people who had data of the schema before it was registered are being made findable; ask again in a moment").After(schemaWait)
	ErrSchemaLeaving      = fault.New(fault.Unavailable, "schema_leaving", "the last schema of this URN is still being cleared away; register it again in a moment").After(schemaWait)
	ErrSchemaNew          = fault.New(fault.Unavailable, "schema_new", "the schemas of this data have changed this moment; send it again").After(time.Second)
	ErrImmutable          = fault.New(fault.Invalid, "immutable", "the attribute cannot be changed").Scim("mutability")
	ErrValueTaken         = fault.New(fault.Conflict, "value_taken", "another user has this value already").Scim("uniqueness")
)
