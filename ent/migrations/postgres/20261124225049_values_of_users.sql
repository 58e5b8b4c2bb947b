-- oldest binary: 20261124225049

-- Modify "attribute_schemas" table
ALTER TABLE "attribute_schemas" ADD COLUMN "code" integer NOT NULL, ADD COLUMN "status" character varying NOT NULL DEFAULT 'ready';
-- Create index "attribute_schemas_code" to table: "attribute_schemas"
CREATE UNIQUE INDEX "attribute_schemas_code" ON "attribute_schemas" ("tenant_id", "code");
-- Create index "groups_created" to table: "groups"
CREATE INDEX "groups_created" ON "groups" ("tenant_id", "created_at");
-- Create index "groups_updated" to table: "groups"
CREATE INDEX "groups_updated" ON "groups" ("tenant_id", "updated_at");
-- Create index "links_inactive" to table: "links"
CREATE INDEX "links_inactive" ON "links" ("tenant_id", "scim_config_id", "user_id") WHERE (NOT active);
-- Modify "scim_configs" table
ALTER TABLE "scim_configs" ADD COLUMN "member_mode" character varying NOT NULL DEFAULT 'authoritative', ADD COLUMN "show_seats" boolean NOT NULL DEFAULT false, ADD COLUMN "recognized" character varying NOT NULL DEFAULT '', ADD COLUMN "recognized_at" timestamptz NULL;
-- Modify "users" table
ALTER TABLE "users" ADD COLUMN "indexed" boolean NOT NULL DEFAULT false;
-- Create index "users_created" to table: "users"
CREATE INDEX "users_created" ON "users" ("tenant_id", "created_at");
-- Create index "users_inactive" to table: "users"
CREATE INDEX "users_inactive" ON "users" ("tenant_id", "id") WHERE (NOT active);
-- Create index "users_unindexed" to table: "users"
CREATE INDEX "users_unindexed" ON "users" ("tenant_id", "id") WHERE (NOT indexed);
-- Create index "users_updated" to table: "users"
CREATE INDEX "users_updated" ON "users" ("tenant_id", "updated_at");
-- Create "user_values" table
CREATE TABLE "user_values" (
  "tenant_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "attr" integer NOT NULL,
  "ord" integer NOT NULL,
  "lead" boolean NOT NULL,
  "key" character varying NOT NULL COLLATE "C",
  "rest" character varying NOT NULL DEFAULT '' COLLATE "C",
  PRIMARY KEY ("tenant_id", "user_id", "attr", "ord"),
  CONSTRAINT "user_values_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "user_values_key" to table: "user_values"
CREATE INDEX "user_values_key" ON "user_values" ("tenant_id", "attr", "key", "user_id");
-- Names are compared by their bytes, whatever the locale of the database
ALTER TABLE "users" ALTER COLUMN "user_name_key" TYPE character varying COLLATE "C";
ALTER TABLE "links" ALTER COLUMN "external_id" TYPE character varying COLLATE "C";
ALTER TABLE "groups" ALTER COLUMN "display_name_key" TYPE character varying COLLATE "C", ALTER COLUMN "external_id" TYPE character varying COLLATE "C";
-- Drop "user_emails" table: e-mail addresses are values of users now
DROP TABLE "user_emails";
