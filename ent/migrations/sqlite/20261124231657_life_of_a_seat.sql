-- oldest binary: 20261124231657

-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_access_tokens" table
CREATE TABLE `new_access_tokens` (
  `id` uuid NOT NULL,
  `tenant_id` uuid NULL,
  `subject_kind` text NOT NULL,
  `subject_id` uuid NOT NULL,
  `name` text NOT NULL,
  `scopes` text NOT NULL,
  `group_ids` text NOT NULL DEFAULT ('[]'),
  `key_id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `expires_at` datetime NOT NULL,
  `last_used_at` datetime NULL,
  `revoked_at` datetime NULL,
  PRIMARY KEY (`id`)
);
-- Copy rows from old table "access_tokens" to new temporary table "new_access_tokens"
INSERT INTO `new_access_tokens` (`id`, `tenant_id`, `subject_kind`, `subject_id`, `name`, `scopes`, `key_id`, `created_at`, `expires_at`, `last_used_at`, `revoked_at`) SELECT `id`, `tenant_id`, `subject_kind`, `subject_id`, `name`, `scopes`, `key_id`, `created_at`, `expires_at`, `last_used_at`, `revoked_at` FROM `access_tokens`;
-- Drop "access_tokens" table after copying rows
DROP TABLE `access_tokens`;
-- Rename temporary table "new_access_tokens" to "access_tokens"
ALTER TABLE `new_access_tokens` RENAME TO `access_tokens`;
-- Create index "access_tokens_subject" to table: "access_tokens"
CREATE INDEX `access_tokens_subject` ON `access_tokens` (`tenant_id`, `subject_id`, `id`);
-- Create index "access_tokens_revoked" to table: "access_tokens"
CREATE INDEX `access_tokens_revoked` ON `access_tokens` (`revoked_at`) WHERE revoked_at IS NOT NULL;
-- Create index "access_tokens_key" to table: "access_tokens"
CREATE INDEX `access_tokens_key` ON `access_tokens` (`key_id`, `expires_at`);
-- Create "new_administrators" table
CREATE TABLE `new_administrators` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `name` text NOT NULL,
  `email` text NOT NULL,
  `email_key` text NOT NULL,
  `role` text NOT NULL,
  `group_ids` text NOT NULL DEFAULT ('[]'),
  `status` text NOT NULL DEFAULT ('active'),
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `administrators_tenant_id` FOREIGN KEY (`tenant_id`) REFERENCES `tenants` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Copy rows from old table "administrators" to new temporary table "new_administrators"
INSERT INTO `new_administrators` (`tenant_id`, `id`, `created_at`, `updated_at`, `version`, `name`, `email`, `email_key`, `role`) SELECT `tenant_id`, `id`, `created_at`, `updated_at`, `version`, `name`, `email`, `email_key`, `role` FROM `administrators`;
-- Drop "administrators" table after copying rows
DROP TABLE `administrators`;
-- Rename temporary table "new_administrators" to "administrators"
ALTER TABLE `new_administrators` RENAME TO `administrators`;
-- Create index "administrators_email" to table: "administrators"
CREATE UNIQUE INDEX `administrators_email` ON `administrators` (`tenant_id`, `email_key`);
-- Create "new_claims" table
CREATE TABLE `new_claims` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `license_id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  `reason` text NOT NULL,
  `reason_id` uuid NOT NULL,
  `priority` integer NOT NULL DEFAULT (0),
  `since` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `claims_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `claims_user_id` FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Copy rows from old table "claims" to new temporary table "new_claims"
INSERT INTO `new_claims` (`tenant_id`, `id`, `license_id`, `user_id`, `reason`, `reason_id`, `since`) SELECT `tenant_id`, `id`, `license_id`, `user_id`, `reason`, `reason_id`, `since` FROM `claims`;
-- Drop "claims" table after copying rows
DROP TABLE `claims`;
-- Rename temporary table "new_claims" to "claims"
ALTER TABLE `new_claims` RENAME TO `claims`;
-- Create index "claims_reason" to table: "claims"
CREATE UNIQUE INDEX `claims_reason` ON `claims` (`tenant_id`, `user_id`, `license_id`, `reason`, `reason_id`);
-- Create index "claims_by_reason" to table: "claims"
CREATE INDEX `claims_by_reason` ON `claims` (`tenant_id`, `reason_id`, `user_id`);
-- Create index "ledger_holder" to table: "ledger"
CREATE INDEX `ledger_holder` ON `ledger` (`tenant_id`, `license_id`, `user_id`, `at`, `id`);
-- Create index "ledger_at" to table: "ledger"
CREATE INDEX `ledger_at` ON `ledger` (`tenant_id`, `license_id`, `at`, `id`);
-- Create "new_licenses" table
CREATE TABLE `new_licenses` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `product` text NOT NULL,
  `sku` text NOT NULL,
  `sku_key` text NOT NULL,
  `edition` text NOT NULL DEFAULT (''),
  `seats` integer NOT NULL,
  `ceiling` integer NOT NULL,
  `allowed` integer NOT NULL DEFAULT (0),
  `over_percent` integer NOT NULL DEFAULT (0),
  `grace_days` integer NOT NULL DEFAULT (0),
  `consent` bool NOT NULL DEFAULT (false),
  `requires` text NOT NULL DEFAULT ('[]'),
  `reclaim` text NOT NULL DEFAULT ('{}'),
  `alerts` text NOT NULL DEFAULT ('{}'),
  `taken` integer NOT NULL DEFAULT (0),
  `waiting` integer NOT NULL DEFAULT (0),
  `next_position` integer NOT NULL DEFAULT (1),
  `granted` bool NOT NULL DEFAULT (false),
  `term_start` datetime NULL,
  `term_end` datetime NULL,
  `price_minor` integer NULL,
  `currency` text NOT NULL DEFAULT (''),
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `licenses_tenant_id` FOREIGN KEY (`tenant_id`) REFERENCES `tenants` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `licenses_taken` CHECK (taken >= 0 AND taken <= ceiling),
  CONSTRAINT `licenses_waiting` CHECK (waiting >= 0)
);
-- Copy rows from old table "licenses" to new temporary table "new_licenses"
INSERT INTO `new_licenses` (`tenant_id`, `id`, `created_at`, `updated_at`, `version`, `product`, `sku`, `sku_key`, `edition`, `seats`, `ceiling`, `taken`, `waiting`, `next_position`, `granted`, `term_start`, `term_end`, `price_minor`, `currency`) SELECT `tenant_id`, `id`, `created_at`, `updated_at`, `version`, `product`, `sku`, `sku_key`, `edition`, `seats`, `ceiling`, `taken`, `waiting`, `next_position`, `granted`, `term_start`, `term_end`, `price_minor`, `currency` FROM `licenses`;
-- Drop "licenses" table after copying rows
DROP TABLE `licenses`;
-- Rename temporary table "new_licenses" to "licenses"
ALTER TABLE `new_licenses` RENAME TO `licenses`;
-- Create index "licenses_sku" to table: "licenses"
CREATE UNIQUE INDEX `licenses_sku` ON `licenses` (`tenant_id`, `sku_key`);
-- Create "new_rules" table
CREATE TABLE `new_rules` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `license_id` uuid NOT NULL,
  `kind` text NOT NULL,
  `source_id` uuid NOT NULL,
  `priority` integer NOT NULL DEFAULT (0),
  `definition` text NOT NULL DEFAULT ('{}'),
  `name` text NOT NULL DEFAULT (''),
  `status` text NOT NULL DEFAULT ('active'),
  `published` integer NOT NULL DEFAULT (0),
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `rules_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Copy rows from old table "rules" to new temporary table "new_rules"
INSERT INTO `new_rules` (`tenant_id`, `id`, `created_at`, `updated_at`, `version`, `license_id`, `kind`, `source_id`, `priority`, `definition`) SELECT `tenant_id`, `id`, `created_at`, `updated_at`, `version`, `license_id`, `kind`, `source_id`, `priority`, `definition` FROM `rules`;
-- Drop "rules" table after copying rows
DROP TABLE `rules`;
-- Rename temporary table "new_rules" to "rules"
ALTER TABLE `new_rules` RENAME TO `rules`;
-- Create index "rules_source" to table: "rules"
CREATE UNIQUE INDEX `rules_source` ON `rules` (`tenant_id`, `kind`, `source_id`, `license_id`);
-- Create "new_seats" table
CREATE TABLE `new_seats` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `license_id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  `state` text NOT NULL,
  `priority` integer NOT NULL DEFAULT (0),
  `position` integer NOT NULL DEFAULT (0),
  `since` datetime NOT NULL,
  `activated_at` datetime NULL,
  `valid_until` datetime NULL,
  `resume` text NOT NULL DEFAULT (''),
  `waiting_since` datetime NULL,
  `assigned_at` datetime NULL,
  `last_used_at` datetime NULL,
  `noticed_at` datetime NULL,
  `reclaim_reason` text NOT NULL DEFAULT (''),
  `created_at` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `seats_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Copy rows from old table "seats" to new temporary table "new_seats"
INSERT INTO `new_seats` (`tenant_id`, `id`, `license_id`, `user_id`, `state`, `priority`, `position`, `since`, `activated_at`, `valid_until`, `created_at`) SELECT `tenant_id`, `id`, `license_id`, `user_id`, `state`, `priority`, `position`, `since`, `activated_at`, `valid_until`, `created_at` FROM `seats`;
-- Drop "seats" table after copying rows
DROP TABLE `seats`;
-- Rename temporary table "new_seats" to "seats"
ALTER TABLE `new_seats` RENAME TO `seats`;
-- Create index "seats_holder" to table: "seats"
CREATE UNIQUE INDEX `seats_holder` ON `seats` (`tenant_id`, `license_id`, `user_id`);
-- Create index "seats_user" to table: "seats"
CREATE INDEX `seats_user` ON `seats` (`tenant_id`, `user_id`);
-- Create index "seats_queue" to table: "seats"
CREATE INDEX `seats_queue` ON `seats` (`tenant_id`, `license_id`, `state`, `priority`, `position`);
-- Create index "seats_ending" to table: "seats"
CREATE INDEX `seats_ending` ON `seats` (`valid_until`) WHERE state = 'grace';
-- Create "activity_days" table
CREATE TABLE `activity_days` (
  `tenant_id` uuid NOT NULL,
  `license_id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  `day` integer NOT NULL,
  `source_id` uuid NOT NULL,
  `first_at` datetime NOT NULL,
  `last_at` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `license_id`, `user_id`, `day`)
);
-- Create index "activity_days_day" to table: "activity_days"
CREATE INDEX `activity_days_day` ON `activity_days` (`tenant_id`, `license_id`, `day`, `user_id`);
-- Create "activity_sources" table
CREATE TABLE `activity_sources` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `name` text NOT NULL,
  `name_key` text NOT NULL,
  `license_id` uuid NOT NULL,
  `lag_hours` integer NOT NULL DEFAULT (24),
  `silent_hours` integer NOT NULL DEFAULT (72),
  `reported_at` datetime NULL,
  `latest_at` datetime NULL,
  `created_at` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `activity_sources_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "activity_sources_name" to table: "activity_sources"
CREATE UNIQUE INDEX `activity_sources_name` ON `activity_sources` (`tenant_id`, `license_id`, `name_key`);
-- Create "consents" table
CREATE TABLE `consents` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `license_id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  `state` text NOT NULL,
  `at` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `consents_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "consents_person" to table: "consents"
CREATE UNIQUE INDEX `consents_person` ON `consents` (`tenant_id`, `license_id`, `user_id`);
-- Create "invitations" table
CREATE TABLE `invitations` (
  `id` uuid NOT NULL,
  `tenant_id` uuid NULL,
  `administrator_id` uuid NULL,
  `secret_hash` text NOT NULL,
  `created_at` datetime NOT NULL,
  `expires_at` datetime NOT NULL,
  `used_at` datetime NULL,
  PRIMARY KEY (`id`)
);
-- Create index "invitations_secret" to table: "invitations"
CREATE UNIQUE INDEX `invitations_secret` ON `invitations` (`secret_hash`);
-- Create index "invitations_administrator" to table: "invitations"
CREATE INDEX `invitations_administrator` ON `invitations` (`tenant_id`, `administrator_id`);
-- Create "rule_revisions" table
CREATE TABLE `rule_revisions` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `rule_id` uuid NOT NULL,
  `number` integer NOT NULL,
  `status` text NOT NULL,
  `priority` integer NOT NULL,
  `definition` text NOT NULL,
  `author` text NOT NULL DEFAULT (''),
  `created_at` datetime NOT NULL,
  `published_at` datetime NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `rule_revisions_rule_id` FOREIGN KEY (`tenant_id`, `rule_id`) REFERENCES `rules` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "rule_revisions_number" to table: "rule_revisions"
CREATE UNIQUE INDEX `rule_revisions_number` ON `rule_revisions` (`tenant_id`, `rule_id`, `number`);
-- Create "rule_runs" table
CREATE TABLE `rule_runs` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `rule_id` uuid NOT NULL,
  `revision` integer NOT NULL,
  `state` text NOT NULL,
  `position` uuid NOT NULL,
  `total` integer NOT NULL DEFAULT (0),
  `done` integer NOT NULL DEFAULT (0),
  `gained` integer NOT NULL DEFAULT (0),
  `lost` integer NOT NULL DEFAULT (0),
  `started_at` datetime NOT NULL,
  `ended_at` datetime NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `rule_runs_rule_id` FOREIGN KEY (`tenant_id`, `rule_id`) REFERENCES `rules` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "rule_runs_rule" to table: "rule_runs"
CREATE INDEX `rule_runs_rule` ON `rule_runs` (`tenant_id`, `rule_id`, `id`);
-- Create index "rule_runs_open" to table: "rule_runs"
CREATE INDEX `rule_runs_open` ON `rule_runs` (`state`) WHERE state = 'running';
-- Create "sessions" table
CREATE TABLE `sessions` (
  `id` uuid NOT NULL,
  `tenant_id` uuid NULL,
  `administrator_id` uuid NULL,
  `secret_hash` text NOT NULL,
  `user_agent` text NOT NULL DEFAULT (''),
  `created_at` datetime NOT NULL,
  `seen_at` datetime NOT NULL,
  `expires_at` datetime NOT NULL,
  `ended_at` datetime NULL,
  PRIMARY KEY (`id`)
);
-- Create index "sessions_secret" to table: "sessions"
CREATE UNIQUE INDEX `sessions_secret` ON `sessions` (`secret_hash`);
-- Create index "sessions_administrator" to table: "sessions"
CREATE INDEX `sessions_administrator` ON `sessions` (`tenant_id`, `administrator_id`);
-- Until now as many may be taken as were bought, and nobody has been told when she got her seat but by its state
UPDATE `licenses` SET allowed = seats;
UPDATE `seats` SET assigned_at = since WHERE state IN ('invited', 'activated', 'grace');
UPDATE `seats` SET waiting_since = since WHERE state = 'waiting';
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
