-- oldest binary: 20261124130010

-- Create "access_tokens" table
CREATE TABLE `access_tokens` (
  `id` uuid NOT NULL,
  `tenant_id` uuid NULL,
  `subject_kind` text NOT NULL,
  `subject_id` uuid NOT NULL,
  `name` text NOT NULL,
  `scopes` text NOT NULL,
  `key_id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `expires_at` datetime NOT NULL,
  `last_used_at` datetime NULL,
  `revoked_at` datetime NULL,
  PRIMARY KEY (`id`)
);
-- Create index "access_tokens_subject" to table: "access_tokens"
CREATE INDEX `access_tokens_subject` ON `access_tokens` (`tenant_id`, `subject_id`, `id`);
-- Create index "access_tokens_revoked" to table: "access_tokens"
CREATE INDEX `access_tokens_revoked` ON `access_tokens` (`revoked_at`) WHERE revoked_at IS NOT NULL;
-- Create index "access_tokens_key" to table: "access_tokens"
CREATE INDEX `access_tokens_key` ON `access_tokens` (`key_id`, `expires_at`);
-- Create "administrators" table
CREATE TABLE `administrators` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `name` text NOT NULL,
  `email` text NOT NULL,
  `email_key` text NOT NULL,
  `role` text NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `administrators_tenant_id` FOREIGN KEY (`tenant_id`) REFERENCES `tenants` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "administrators_email" to table: "administrators"
CREATE UNIQUE INDEX `administrators_email` ON `administrators` (`tenant_id`, `email_key`);
-- Create "alerts" table
CREATE TABLE `alerts` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `kind` text NOT NULL,
  `subject_id` uuid NOT NULL,
  `crossed_at` datetime NOT NULL,
  `over_at` datetime NULL,
  `data` text NOT NULL DEFAULT ('{}'),
  PRIMARY KEY (`tenant_id`, `id`)
);
-- Create index "alerts_subject" to table: "alerts"
CREATE INDEX `alerts_subject` ON `alerts` (`tenant_id`, `kind`, `subject_id`);
-- Create "attribute_schemas" table
CREATE TABLE `attribute_schemas` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `urn` text NOT NULL,
  `urn_key` text NOT NULL,
  `name` text NOT NULL,
  `resource_type` text NOT NULL,
  `definition` text NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`)
);
-- Create index "attribute_schemas_urn" to table: "attribute_schemas"
CREATE UNIQUE INDEX `attribute_schemas_urn` ON `attribute_schemas` (`tenant_id`, `urn_key`);
-- Create "claims" table
CREATE TABLE `claims` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `license_id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  `reason` text NOT NULL,
  `reason_id` uuid NOT NULL,
  `since` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `claims_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `claims_user_id` FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "claims_reason" to table: "claims"
CREATE UNIQUE INDEX `claims_reason` ON `claims` (`tenant_id`, `user_id`, `license_id`, `reason`, `reason_id`);
-- Create index "claims_by_reason" to table: "claims"
CREATE INDEX `claims_by_reason` ON `claims` (`tenant_id`, `reason_id`, `user_id`);
-- Create "count_deltas" table
CREATE TABLE `count_deltas` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `name` text NOT NULL,
  `delta` integer NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`)
);
-- Create index "count_deltas_name" to table: "count_deltas"
CREATE INDEX `count_deltas_name` ON `count_deltas` (`tenant_id`, `name`);
-- Create "events" table
CREATE TABLE `events` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `number` integer NULL,
  `kind` text NOT NULL,
  `subject_id` uuid NOT NULL,
  `actor_kind` text NOT NULL,
  `actor_id` uuid NULL,
  `actor_name` text NOT NULL DEFAULT (''),
  `data` text NOT NULL,
  `transaction_id` uuid NOT NULL,
  `request_id` text NOT NULL DEFAULT (''),
  `at` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`)
);
-- Create index "events_number" to table: "events"
CREATE INDEX `events_number` ON `events` (`tenant_id`, `number`);
-- Create index "events_subject" to table: "events"
CREATE INDEX `events_subject` ON `events` (`tenant_id`, `subject_id`, `id`);
-- Create index "events_unnumbered" to table: "events"
CREATE INDEX `events_unnumbered` ON `events` (`id`) WHERE number IS NULL;
-- Create "groups" table
CREATE TABLE `groups` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `display_name` text NOT NULL,
  `display_name_key` text NOT NULL,
  `external_id` text NOT NULL DEFAULT (''),
  `scim_config_id` uuid NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `groups_tenant_id` FOREIGN KEY (`tenant_id`) REFERENCES `tenants` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "groups_display_name" to table: "groups"
CREATE UNIQUE INDEX `groups_display_name` ON `groups` (`tenant_id`, `display_name_key`);
-- Create index "groups_external_id" to table: "groups"
CREATE INDEX `groups_external_id` ON `groups` (`tenant_id`, `external_id`);
-- Create "installations" table
CREATE TABLE `installations` (
  `id` uuid NOT NULL,
  `one` integer NOT NULL DEFAULT (1),
  `created_at` datetime NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `installations_one` CHECK (one = 1)
);
-- Create index "installations_one_row" to table: "installations"
CREATE UNIQUE INDEX `installations_one_row` ON `installations` (`one`);
-- Create "journal_heads" table
CREATE TABLE `journal_heads` (
  `id` uuid NOT NULL,
  `last` integer NOT NULL,
  PRIMARY KEY (`id`)
);
-- Create "counts" table
CREATE TABLE `counts` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `name` text NOT NULL,
  `total` integer NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`)
);
-- Create index "counts_name" to table: "counts"
CREATE UNIQUE INDEX `counts_name` ON `counts` (`tenant_id`, `name`);
-- Create "ledger" table
CREATE TABLE `ledger` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `license_id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  `was` text NOT NULL,
  `now` text NOT NULL,
  `cause` text NOT NULL,
  `event_id` uuid NOT NULL,
  `at` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`)
);
-- Create index "ledger_license" to table: "ledger"
CREATE INDEX `ledger_license` ON `ledger` (`tenant_id`, `license_id`, `id`);
-- Create index "ledger_user" to table: "ledger"
CREATE INDEX `ledger_user` ON `ledger` (`tenant_id`, `user_id`, `at`);
-- Create "licenses" table
CREATE TABLE `licenses` (
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
-- Create index "licenses_sku" to table: "licenses"
CREATE UNIQUE INDEX `licenses_sku` ON `licenses` (`tenant_id`, `sku_key`);
-- Create "links" table
CREATE TABLE `links` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  `scim_config_id` uuid NOT NULL,
  `external_id` text NOT NULL DEFAULT (''),
  `active` bool NOT NULL,
  `how` text NOT NULL,
  `first_write_at` datetime NOT NULL,
  `last_write_at` datetime NOT NULL,
  `ended_at` datetime NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `links_user_id` FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `links_scim_config_id` FOREIGN KEY (`tenant_id`, `scim_config_id`) REFERENCES `scim_configs` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "links_user" to table: "links"
CREATE UNIQUE INDEX `links_user` ON `links` (`tenant_id`, `user_id`, `scim_config_id`);
-- Create index "links_external_id" to table: "links"
CREATE INDEX `links_external_id` ON `links` (`tenant_id`, `external_id`, `scim_config_id`);
-- Create "memberships" table
CREATE TABLE `memberships` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `group_id` uuid NOT NULL,
  `member_id` uuid NOT NULL,
  `user_id` uuid NULL,
  `subgroup_id` uuid NULL,
  `source` text NOT NULL,
  `source_id` uuid NULL,
  `since` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `memberships_group_id` FOREIGN KEY (`tenant_id`, `group_id`) REFERENCES `groups` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `memberships_user_id` FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `memberships_subgroup_id` FOREIGN KEY (`tenant_id`, `subgroup_id`) REFERENCES `groups` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "memberships_member" to table: "memberships"
CREATE UNIQUE INDEX `memberships_member` ON `memberships` (`tenant_id`, `group_id`, `member_id`);
-- Create index "memberships_groups" to table: "memberships"
CREATE INDEX `memberships_groups` ON `memberships` (`tenant_id`, `member_id`, `group_id`);
-- Create "parked_members" table
CREATE TABLE `parked_members` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `group_id` uuid NOT NULL,
  `value` text NOT NULL,
  `display` text NOT NULL DEFAULT (''),
  `scim_config_id` uuid NOT NULL,
  `since` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `parked_members_group_id` FOREIGN KEY (`tenant_id`, `group_id`) REFERENCES `groups` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `parked_members_scim_config_id` FOREIGN KEY (`tenant_id`, `scim_config_id`) REFERENCES `scim_configs` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "parked_members_group" to table: "parked_members"
CREATE UNIQUE INDEX `parked_members_group` ON `parked_members` (`tenant_id`, `group_id`, `value`);
-- Create index "parked_members_value" to table: "parked_members"
CREATE INDEX `parked_members_value` ON `parked_members` (`tenant_id`, `value`);
-- Create "rules" table
CREATE TABLE `rules` (
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
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `rules_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "rules_source" to table: "rules"
CREATE UNIQUE INDEX `rules_source` ON `rules` (`tenant_id`, `kind`, `source_id`, `license_id`);
-- Create "scim_calls" table
CREATE TABLE `scim_calls` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `scim_config_id` uuid NOT NULL,
  `token_id` uuid NOT NULL,
  `at` datetime NOT NULL,
  `method` text NOT NULL,
  `path` text NOT NULL,
  `status` integer NOT NULL,
  `scim_type` text NOT NULL DEFAULT (''),
  `detail` text NOT NULL DEFAULT (''),
  `duration_us` integer NOT NULL,
  `resource_type` text NOT NULL DEFAULT (''),
  `resource_id` uuid NULL,
  `probe` bool NOT NULL,
  `user_agent` text NOT NULL DEFAULT (''),
  `request_id` text NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`)
);
-- Create index "scim_calls_config" to table: "scim_calls"
CREATE INDEX `scim_calls_config` ON `scim_calls` (`tenant_id`, `scim_config_id`, `id`);
-- Create index "scim_calls_resource" to table: "scim_calls"
CREATE INDEX `scim_calls_resource` ON `scim_calls` (`tenant_id`, `resource_id`, `id`);
-- Create index "scim_calls_at" to table: "scim_calls"
CREATE INDEX `scim_calls_at` ON `scim_calls` (`at`);
-- Create "scim_configs" table
CREATE TABLE `scim_configs` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `name` text NOT NULL,
  `name_key` text NOT NULL,
  `identity_provider` text NOT NULL,
  `preset` text NOT NULL,
  `auto_assign` bool NOT NULL,
  `license_id` uuid NULL,
  `status` text NOT NULL,
  `paused_by` text NOT NULL DEFAULT (''),
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `scim_configs_tenant_id` FOREIGN KEY (`tenant_id`) REFERENCES `tenants` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `scim_configs_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "scim_configs_name" to table: "scim_configs"
CREATE UNIQUE INDEX `scim_configs_name` ON `scim_configs` (`tenant_id`, `name_key`);
-- Create "seats" table
CREATE TABLE `seats` (
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
  `created_at` datetime NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `seats_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "seats_holder" to table: "seats"
CREATE UNIQUE INDEX `seats_holder` ON `seats` (`tenant_id`, `license_id`, `user_id`);
-- Create index "seats_user" to table: "seats"
CREATE INDEX `seats_user` ON `seats` (`tenant_id`, `user_id`);
-- Create index "seats_queue" to table: "seats"
CREATE INDEX `seats_queue` ON `seats` (`tenant_id`, `license_id`, `state`, `priority`, `position`);
-- Create "signing_keys" table
CREATE TABLE `signing_keys` (
  `id` uuid NOT NULL,
  `wrapped` blob NOT NULL,
  `public` blob NOT NULL,
  `created_at` datetime NOT NULL,
  `retired_at` datetime NULL,
  PRIMARY KEY (`id`)
);
-- Create "snapshots" table
CREATE TABLE `snapshots` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `license_id` uuid NOT NULL,
  `day` text NOT NULL,
  `figures` text NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`)
);
-- Create index "snapshots_day" to table: "snapshots"
CREATE UNIQUE INDEX `snapshots_day` ON `snapshots` (`tenant_id`, `license_id`, `day`);
-- Create "tenants" table
CREATE TABLE `tenants` (
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `name` text NOT NULL,
  `slug` text NOT NULL,
  `plan` text NOT NULL,
  `time_zone` text NOT NULL DEFAULT ('UTC'),
  `settings` text NOT NULL DEFAULT ('{}'),
  PRIMARY KEY (`id`)
);
-- Create index "tenants_slug" to table: "tenants"
CREATE UNIQUE INDEX `tenants_slug` ON `tenants` (`slug`);
-- Create "users" table
CREATE TABLE `users` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `user_name` text NOT NULL,
  `user_name_key` text NOT NULL,
  `display_name` text NOT NULL DEFAULT (''),
  `given_name` text NOT NULL DEFAULT (''),
  `family_name` text NOT NULL DEFAULT (''),
  `title` text NOT NULL DEFAULT (''),
  `department` text NOT NULL DEFAULT (''),
  `employee_number` text NOT NULL DEFAULT (''),
  `manager` text NOT NULL DEFAULT (''),
  `blocked` bool NOT NULL DEFAULT (false),
  `active` bool NOT NULL DEFAULT (true),
  `origin` text NOT NULL,
  `attributes` text NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `users_tenant_id` FOREIGN KEY (`tenant_id`) REFERENCES `tenants` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "users_user_name" to table: "users"
CREATE UNIQUE INDEX `users_user_name` ON `users` (`tenant_id`, `user_name_key`);
-- Create index "users_manager" to table: "users"
CREATE INDEX `users_manager` ON `users` (`tenant_id`, `manager`) WHERE manager <> '';
-- Create "user_emails" table
CREATE TABLE `user_emails` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  `value_key` text NOT NULL,
  `type_key` text NOT NULL DEFAULT (''),
  `primary` bool NOT NULL DEFAULT (false),
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `user_emails_user_id` FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "user_emails_value" to table: "user_emails"
CREATE INDEX `user_emails_value` ON `user_emails` (`tenant_id`, `value_key`);
-- Create index "user_emails_user" to table: "user_emails"
CREATE INDEX `user_emails_user` ON `user_emails` (`tenant_id`, `user_id`);
