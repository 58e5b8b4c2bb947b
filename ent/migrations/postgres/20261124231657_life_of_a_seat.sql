-- oldest binary: 20261124231657

-- Modify "seats" table
ALTER TABLE "seats" ADD COLUMN "resume" character varying NOT NULL DEFAULT '', ADD COLUMN "waiting_since" timestamptz NULL, ADD COLUMN "assigned_at" timestamptz NULL, ADD COLUMN "last_used_at" timestamptz NULL, ADD COLUMN "noticed_at" timestamptz NULL, ADD COLUMN "reclaim_reason" character varying NOT NULL DEFAULT '';
-- Create index "seats_ending" to table: "seats"
CREATE INDEX "seats_ending" ON "seats" ("valid_until") WHERE ((state)::text = 'grace'::text);
-- Create "invitations" table
CREATE TABLE "invitations" (
  "id" uuid NOT NULL,
  "tenant_id" uuid NULL,
  "administrator_id" uuid NULL,
  "secret_hash" character varying NOT NULL,
  "created_at" timestamptz NOT NULL,
  "expires_at" timestamptz NOT NULL,
  "used_at" timestamptz NULL,
  PRIMARY KEY ("id")
);
-- Create index "invitations_administrator" to table: "invitations"
CREATE INDEX "invitations_administrator" ON "invitations" ("tenant_id", "administrator_id");
-- Create index "invitations_secret" to table: "invitations"
CREATE UNIQUE INDEX "invitations_secret" ON "invitations" ("secret_hash");
-- Modify "claims" table
ALTER TABLE "claims" ADD COLUMN "priority" bigint NOT NULL DEFAULT 0;
-- Create index "ledger_at" to table: "ledger"
CREATE INDEX "ledger_at" ON "ledger" ("tenant_id", "license_id", "at", "id");
-- Create index "ledger_holder" to table: "ledger"
CREATE INDEX "ledger_holder" ON "ledger" ("tenant_id", "license_id", "user_id", "at", "id");
-- Modify "licenses" table
ALTER TABLE "licenses" ADD COLUMN "allowed" bigint NOT NULL DEFAULT 0, ADD COLUMN "over_percent" bigint NOT NULL DEFAULT 0, ADD COLUMN "grace_days" bigint NOT NULL DEFAULT 0, ADD COLUMN "consent" boolean NOT NULL DEFAULT false, ADD COLUMN "requires" text NOT NULL DEFAULT '[]', ADD COLUMN "reclaim" text NOT NULL DEFAULT '{}', ADD COLUMN "alerts" text NOT NULL DEFAULT '{}';
-- Create "sessions" table
CREATE TABLE "sessions" (
  "id" uuid NOT NULL,
  "tenant_id" uuid NULL,
  "administrator_id" uuid NULL,
  "secret_hash" character varying NOT NULL,
  "user_agent" character varying NOT NULL DEFAULT '',
  "created_at" timestamptz NOT NULL,
  "seen_at" timestamptz NOT NULL,
  "expires_at" timestamptz NOT NULL,
  "ended_at" timestamptz NULL,
  PRIMARY KEY ("id")
);
-- Create index "sessions_administrator" to table: "sessions"
CREATE INDEX "sessions_administrator" ON "sessions" ("tenant_id", "administrator_id");
-- Create index "sessions_secret" to table: "sessions"
CREATE UNIQUE INDEX "sessions_secret" ON "sessions" ("secret_hash");
-- Create "activity_days" table
CREATE TABLE "activity_days" (
  "tenant_id" uuid NOT NULL,
  "license_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "day" integer NOT NULL,
  "source_id" uuid NOT NULL,
  "first_at" timestamptz NOT NULL,
  "last_at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "license_id", "user_id", "day")
);
-- Create index "activity_days_day" to table: "activity_days"
CREATE INDEX "activity_days_day" ON "activity_days" ("tenant_id", "license_id", "day", "user_id");
-- Modify "access_tokens" table
ALTER TABLE "access_tokens" ADD COLUMN "group_ids" text NOT NULL DEFAULT '[]';
-- Modify "administrators" table
ALTER TABLE "administrators" ADD COLUMN "group_ids" text NOT NULL DEFAULT '[]', ADD COLUMN "status" character varying NOT NULL DEFAULT 'active';
-- Create "activity_sources" table
CREATE TABLE "activity_sources" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "name" character varying NOT NULL,
  "name_key" character varying NOT NULL,
  "license_id" uuid NOT NULL,
  "lag_hours" bigint NOT NULL DEFAULT 24,
  "silent_hours" bigint NOT NULL DEFAULT 72,
  "reported_at" timestamptz NULL,
  "latest_at" timestamptz NULL,
  "created_at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "activity_sources_license_id" FOREIGN KEY ("tenant_id", "license_id") REFERENCES "licenses" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "activity_sources_name" to table: "activity_sources"
CREATE UNIQUE INDEX "activity_sources_name" ON "activity_sources" ("tenant_id", "license_id", "name_key");
-- Create "consents" table
CREATE TABLE "consents" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "license_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "state" character varying NOT NULL,
  "at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "consents_license_id" FOREIGN KEY ("tenant_id", "license_id") REFERENCES "licenses" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "consents_person" to table: "consents"
CREATE UNIQUE INDEX "consents_person" ON "consents" ("tenant_id", "license_id", "user_id");
-- Modify "rules" table
ALTER TABLE "rules" ADD COLUMN "name" character varying NOT NULL DEFAULT '', ADD COLUMN "status" character varying NOT NULL DEFAULT 'active', ADD COLUMN "published" bigint NOT NULL DEFAULT 0;
-- Create "rule_revisions" table
CREATE TABLE "rule_revisions" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "rule_id" uuid NOT NULL,
  "number" bigint NOT NULL,
  "status" character varying NOT NULL,
  "priority" bigint NOT NULL,
  "definition" text NOT NULL,
  "author" character varying NOT NULL DEFAULT '',
  "created_at" timestamptz NOT NULL,
  "published_at" timestamptz NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "rule_revisions_rule_id" FOREIGN KEY ("tenant_id", "rule_id") REFERENCES "rules" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "rule_revisions_number" to table: "rule_revisions"
CREATE UNIQUE INDEX "rule_revisions_number" ON "rule_revisions" ("tenant_id", "rule_id", "number");
-- Create "rule_runs" table
CREATE TABLE "rule_runs" (
  "tenant_id" uuid NOT NULL,
  "id" uuid NOT NULL,
  "rule_id" uuid NOT NULL,
  "revision" bigint NOT NULL,
  "state" character varying NOT NULL,
  "position" uuid NOT NULL,
  "total" bigint NOT NULL DEFAULT 0,
  "done" bigint NOT NULL DEFAULT 0,
  "gained" bigint NOT NULL DEFAULT 0,
  "lost" bigint NOT NULL DEFAULT 0,
  "started_at" timestamptz NOT NULL,
  "ended_at" timestamptz NULL,
  PRIMARY KEY ("tenant_id", "id"),
  CONSTRAINT "rule_runs_rule_id" FOREIGN KEY ("tenant_id", "rule_id") REFERENCES "rules" ("tenant_id", "id") ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "rule_runs_open" to table: "rule_runs"
CREATE INDEX "rule_runs_open" ON "rule_runs" ("state") WHERE ((state)::text = 'running'::text);
-- Create index "rule_runs_rule" to table: "rule_runs"
CREATE INDEX "rule_runs_rule" ON "rule_runs" ("tenant_id", "rule_id", "id");
-- Until now as many may be taken as were bought, and nobody has been told when she got her seat but by its state
UPDATE "licenses" SET allowed = seats;
UPDATE "seats" SET assigned_at = since WHERE state IN ('invited', 'activated', 'grace');
UPDATE "seats" SET waiting_since = since WHERE state = 'waiting';
