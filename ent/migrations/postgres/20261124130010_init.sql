-- oldest binary: 20261124130010

-- Create "events" table
CREATE TABLE "events" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "number" bigint NULL,
  "kind" character varying NOT NULL,
  "subject_id" uuid NOT NULL,
  "actor_kind" character varying NOT NULL,
  "actor_id" uuid NULL,
  "actor_name" character varying NOT NULL DEFAULT '',
  "data" text NOT NULL,
  "transaction_id" uuid NOT NULL,
  "request_id" character varying NOT NULL DEFAULT '',
  "at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "id")
);
-- Create index "events_number" to table: "events"
CREATE INDEX "events_number" ON "events" ("tenant_id", "number");
-- Create index "events_subject" to table: "events"
CREATE INDEX "events_subject" ON "events" ("tenant_id", "subject_id", "id");
-- Create index "events_unnumbered" to table: "events"
CREATE INDEX "events_unnumbered" ON "events" ("id") WHERE (number IS NULL);
-- Create "access_tokens" table
CREATE TABLE "access_tokens" (
  "id" uuid NOT NULL,
  "tenant_id" uuid NULL,
  "subject_kind" character varying NOT NULL,
  "subject_id" uuid NOT NULL,
  "name" character varying NOT NULL,
  "scopes" character varying NOT NULL,
  "key_id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "expires_at" timestamptz NOT NULL,
  "last_used_at" timestamptz NULL,
  "revoked_at" timestamptz NULL,
  PRIMARY KEY ("id")
);
-- Create index "access_tokens_key" to table: "access_tokens"
CREATE INDEX "access_tokens_key" ON "access_tokens" ("key_id", "expires_at");
-- Create index "access_tokens_revoked" to table: "access_tokens"
CREATE INDEX "access_tokens_revoked" ON "access_tokens" ("revoked_at") WHERE (revoked_at IS NOT NULL);
-- Create index "access_tokens_subject" to table: "access_tokens"
CREATE INDEX "access_tokens_subject" ON "access_tokens" ("tenant_id", "subject_id", "id");
-- Create "alerts" table
CREATE TABLE "alerts" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "kind" character varying NOT NULL,
  "subject_id" uuid NOT NULL,
  "crossed_at" timestamptz NOT NULL,
  "over_at" timestamptz NULL,
  "data" text NOT NULL DEFAULT '{}',
  PRIMARY KEY ("tenant_id", "id")
);
-- Create index "alerts_subject" to table: "alerts"
CREATE INDEX "alerts_subject" ON "alerts" ("tenant_id", "kind", "subject_id");
-- Create "attribute_schemas" table
CREATE TABLE "attribute_schemas" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "urn" character varying NOT NULL,
  "urn_key" character varying NOT NULL,
  "name" character varying NOT NULL,
  "resource_type" character varying NOT NULL,
  "definition" text NOT NULL,
  PRIMARY KEY ("tenant_id", "id")
);
-- Create index "attribute_schemas_urn" to table: "attribute_schemas"
CREATE UNIQUE INDEX "attribute_schemas_urn" ON "attribute_schemas" ("tenant_id", "urn_key");
-- Create "tenants" table
CREATE TABLE "tenants" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "name" character varying NOT NULL,
  "slug" character varying NOT NULL,
  "plan" character varying NOT NULL,
  "time_zone" character varying NOT NULL DEFAULT 'UTC',
  "settings" text NOT NULL DEFAULT '{}',
  PRIMARY KEY ("id")
);
-- Create index "tenants_slug" to table: "tenants"
CREATE UNIQUE INDEX "tenants_slug" ON "tenants" ("slug");
-- Create "count_deltas" table
CREATE TABLE "count_deltas" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "name" character varying NOT NULL,
  "delta" bigint NOT NULL,
  PRIMARY KEY ("tenant_id", "id")
);
-- Create index "count_deltas_name" to table: "count_deltas"
CREATE INDEX "count_deltas_name" ON "count_deltas" ("tenant_id", "name");
-- Create "installations" table
CREATE TABLE "installations" (
  "id" uuid NOT NULL,
  "one" bigint NOT NULL DEFAULT 1,
  "created_at" timestamptz NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "installations_one" CHECK (one = 1)
);
-- Create index "installations_one_row" to table: "installations"
CREATE UNIQUE INDEX "installations_one_row" ON "installations" ("one");
-- Create "scim_calls" table
CREATE TABLE "scim_calls" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "scim_config_id" uuid NOT NULL,
  "token_id" uuid NOT NULL,
  "at" timestamptz NOT NULL,
  "method" character varying NOT NULL,
  "path" character varying NOT NULL,
  "status" bigint NOT NULL,
  "scim_type" character varying NOT NULL DEFAULT '',
  "detail" character varying NOT NULL DEFAULT '',
  "duration_us" bigint NOT NULL,
  "resource_type" character varying NOT NULL DEFAULT '',
  "resource_id" uuid NULL,
  "probe" boolean NOT NULL,
  "user_agent" character varying NOT NULL DEFAULT '',
  "request_id" character varying NOT NULL,
  PRIMARY KEY ("tenant_id", "id")
);
-- Create index "scim_calls_at" to table: "scim_calls"
CREATE INDEX "scim_calls_at" ON "scim_calls" ("at");
-- Create index "scim_calls_config" to table: "scim_calls"
CREATE INDEX "scim_calls_config" ON "scim_calls" ("tenant_id", "scim_config_id", "id");
-- Create index "scim_calls_resource" to table: "scim_calls"
CREATE INDEX "scim_calls_resource" ON "scim_calls" ("tenant_id", "resource_id", "id");
-- Create "signing_keys" table
CREATE TABLE "signing_keys" (
  "id" uuid NOT NULL,
  "wrapped" bytea NOT NULL,
  "public" bytea NOT NULL,
  "created_at" timestamptz NOT NULL,
  "retired_at" timestamptz NULL,
  PRIMARY KEY ("id")
);
-- Create "journal_heads" table
CREATE TABLE "journal_heads" (
  "id" uuid NOT NULL,
  "last" bigint NOT NULL,
  PRIMARY KEY ("id")
);
-- Create "counts" table
CREATE TABLE "counts" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "name" character varying NOT NULL,
  "total" bigint NOT NULL,
  PRIMARY KEY ("tenant_id", "id")
);
-- Create index "counts_name" to table: "counts"
CREATE UNIQUE INDEX "counts_name" ON "counts" ("tenant_id", "name");
-- Create "ledger" table
CREATE TABLE "ledger" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "license_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "was" character varying NOT NULL,
  "now" character varying NOT NULL,
  "cause" character varying NOT NULL,
  "event_id" uuid NOT NULL,
  "at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "id")
);
-- Create index "ledger_license" to table: "ledger"
CREATE INDEX "ledger_license" ON "ledger" ("tenant_id", "license_id", "id");
-- Create index "ledger_user" to table: "ledger"
CREATE INDEX "ledger_user" ON "ledger" ("tenant_id", "user_id", "at");
-- Create "snapshots" table
CREATE TABLE "snapshots" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "license_id" uuid NOT NULL,
  "day" character varying NOT NULL,
  "figures" text NOT NULL,
  PRIMARY KEY ("tenant_id", "id")
);
-- Create index "snapshots_day" to table: "snapshots"
CREATE UNIQUE INDEX "snapshots_day" ON "snapshots" ("tenant_id", "license_id", "day");
-- Create "administrators" table
CREATE TABLE "administrators" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "name" character varying NOT NULL,
  "email" character varying NOT NULL,
  "email_key" character varying NOT NULL,
  "role" character varying NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "administrators_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "administrators_email" to table: "administrators"
CREATE UNIQUE INDEX "administrators_email" ON "administrators" ("tenant_id", "email_key");
-- Create "licenses" table
CREATE TABLE "licenses" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "product" character varying NOT NULL,
  "sku" character varying NOT NULL,
  "sku_key" character varying NOT NULL,
  "edition" character varying NOT NULL DEFAULT '',
  "seats" bigint NOT NULL,
  "ceiling" bigint NOT NULL,
  "taken" bigint NOT NULL DEFAULT 0,
  "waiting" bigint NOT NULL DEFAULT 0,
  "next_position" bigint NOT NULL DEFAULT 1,
  "granted" boolean NOT NULL DEFAULT false,
  "term_start" timestamptz NULL,
  "term_end" timestamptz NULL,
  "price_minor" bigint NULL,
  "currency" character varying NOT NULL DEFAULT '',
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "licenses_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "licenses_taken" CHECK ((taken >= 0) AND (taken <= ceiling)),
  CONSTRAINT "licenses_waiting" CHECK (waiting >= 0)
);
-- Create index "licenses_sku" to table: "licenses"
CREATE UNIQUE INDEX "licenses_sku" ON "licenses" ("tenant_id", "sku_key");
-- Create "users" table
CREATE TABLE "users" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "user_name" character varying NOT NULL,
  "user_name_key" character varying NOT NULL,
  "display_name" character varying NOT NULL DEFAULT '',
  "given_name" character varying NOT NULL DEFAULT '',
  "family_name" character varying NOT NULL DEFAULT '',
  "title" character varying NOT NULL DEFAULT '',
  "department" character varying NOT NULL DEFAULT '',
  "employee_number" character varying NOT NULL DEFAULT '',
  "manager" character varying NOT NULL DEFAULT '',
  "blocked" boolean NOT NULL DEFAULT false,
  "active" boolean NOT NULL DEFAULT true,
  "origin" character varying NOT NULL,
  "attributes" text NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "users_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "users_manager" to table: "users"
CREATE INDEX "users_manager" ON "users" ("tenant_id", "manager") WHERE ((manager)::text <> ''::text);
-- Create index "users_user_name" to table: "users"
CREATE UNIQUE INDEX "users_user_name" ON "users" ("tenant_id", "user_name_key");
-- Create "claims" table
CREATE TABLE "claims" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "license_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "reason" character varying NOT NULL,
  "reason_id" uuid NOT NULL,
  "since" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "claims_license_id" FOREIGN KEY ("tenant_id", "license_id") REFERENCES "licenses" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "claims_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "claims_by_reason" to table: "claims"
CREATE INDEX "claims_by_reason" ON "claims" ("tenant_id", "reason_id", "user_id");
-- Create index "claims_reason" to table: "claims"
CREATE UNIQUE INDEX "claims_reason" ON "claims" ("tenant_id", "user_id", "license_id", "reason", "reason_id");
-- Create "groups" table
CREATE TABLE "groups" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "display_name" character varying NOT NULL,
  "display_name_key" character varying NOT NULL,
  "external_id" character varying NOT NULL DEFAULT '',
  "scim_config_id" uuid NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "groups_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "groups_display_name" to table: "groups"
CREATE UNIQUE INDEX "groups_display_name" ON "groups" ("tenant_id", "display_name_key");
-- Create index "groups_external_id" to table: "groups"
CREATE INDEX "groups_external_id" ON "groups" ("tenant_id", "external_id");
-- Create "scim_configs" table
CREATE TABLE "scim_configs" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "name" character varying NOT NULL,
  "name_key" character varying NOT NULL,
  "identity_provider" character varying NOT NULL,
  "preset" character varying NOT NULL,
  "auto_assign" boolean NOT NULL,
  "license_id" uuid NULL,
  "status" character varying NOT NULL,
  "paused_by" character varying NOT NULL DEFAULT '',
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "scim_configs_license_id" FOREIGN KEY ("tenant_id", "license_id") REFERENCES "licenses" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "scim_configs_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "scim_configs_name" to table: "scim_configs"
CREATE UNIQUE INDEX "scim_configs_name" ON "scim_configs" ("tenant_id", "name_key");
-- Create "links" table
CREATE TABLE "links" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "scim_config_id" uuid NOT NULL,
  "external_id" character varying NOT NULL DEFAULT '',
  "active" boolean NOT NULL,
  "how" character varying NOT NULL,
  "first_write_at" timestamptz NOT NULL,
  "last_write_at" timestamptz NOT NULL,
  "ended_at" timestamptz NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "links_scim_config_id" FOREIGN KEY ("tenant_id", "scim_config_id") REFERENCES "scim_configs" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "links_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "links_external_id" to table: "links"
CREATE INDEX "links_external_id" ON "links" ("tenant_id", "external_id", "scim_config_id");
-- Create index "links_user" to table: "links"
CREATE UNIQUE INDEX "links_user" ON "links" ("tenant_id", "user_id", "scim_config_id");
-- Create "memberships" table
CREATE TABLE "memberships" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "group_id" uuid NOT NULL,
  "member_id" uuid NOT NULL,
  "user_id" uuid NULL,
  "subgroup_id" uuid NULL,
  "source" character varying NOT NULL,
  "source_id" uuid NULL,
  "since" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "memberships_group_id" FOREIGN KEY ("tenant_id", "group_id") REFERENCES "groups" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "memberships_subgroup_id" FOREIGN KEY ("tenant_id", "subgroup_id") REFERENCES "groups" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "memberships_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "memberships_groups" to table: "memberships"
CREATE INDEX "memberships_groups" ON "memberships" ("tenant_id", "member_id", "group_id");
-- Create index "memberships_member" to table: "memberships"
CREATE UNIQUE INDEX "memberships_member" ON "memberships" ("tenant_id", "group_id", "member_id");
-- Create "parked_members" table
CREATE TABLE "parked_members" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "group_id" uuid NOT NULL,
  "value" character varying NOT NULL,
  "display" character varying NOT NULL DEFAULT '',
  "scim_config_id" uuid NOT NULL,
  "since" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "parked_members_group_id" FOREIGN KEY ("tenant_id", "group_id") REFERENCES "groups" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT "parked_members_scim_config_id" FOREIGN KEY ("tenant_id", "scim_config_id") REFERENCES "scim_configs" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "parked_members_group" to table: "parked_members"
CREATE UNIQUE INDEX "parked_members_group" ON "parked_members" ("tenant_id", "group_id", "value");
-- Create index "parked_members_value" to table: "parked_members"
CREATE INDEX "parked_members_value" ON "parked_members" ("tenant_id", "value");
-- Create "rules" table
CREATE TABLE "rules" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" bigint NOT NULL DEFAULT 1,
  "license_id" uuid NOT NULL,
  "kind" character varying NOT NULL,
  "source_id" uuid NOT NULL,
  "priority" bigint NOT NULL DEFAULT 0,
  "definition" text NOT NULL DEFAULT '{}',
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "rules_license_id" FOREIGN KEY ("tenant_id", "license_id") REFERENCES "licenses" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "rules_source" to table: "rules"
CREATE UNIQUE INDEX "rules_source" ON "rules" ("tenant_id", "kind", "source_id", "license_id");
-- Create "seats" table
CREATE TABLE "seats" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "license_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "state" character varying NOT NULL,
  "priority" bigint NOT NULL DEFAULT 0,
  "position" bigint NOT NULL DEFAULT 0,
  "since" timestamptz NOT NULL,
  "activated_at" timestamptz NULL,
  "valid_until" timestamptz NULL,
  "created_at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "seats_license_id" FOREIGN KEY ("tenant_id", "license_id") REFERENCES "licenses" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "seats_holder" to table: "seats"
CREATE UNIQUE INDEX "seats_holder" ON "seats" ("tenant_id", "license_id", "user_id");
-- Create index "seats_queue" to table: "seats"
CREATE INDEX "seats_queue" ON "seats" ("tenant_id", "license_id", "state", "priority", "position");
-- Create index "seats_user" to table: "seats"
CREATE INDEX "seats_user" ON "seats" ("tenant_id", "user_id");
-- Create "user_emails" table
CREATE TABLE "user_emails" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "value_key" character varying NOT NULL,
  "type_key" character varying NOT NULL DEFAULT '',
  "primary" boolean NOT NULL DEFAULT false,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "user_emails_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "user_emails_user" to table: "user_emails"
CREATE INDEX "user_emails_user" ON "user_emails" ("tenant_id", "user_id");
-- Create index "user_emails_value" to table: "user_emails"
CREATE INDEX "user_emails_value" ON "user_emails" ("tenant_id", "value_key");
