-- oldest binary: 20261124225049

-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_attribute_schemas" table
CREATE TABLE `new_attribute_schemas` (
  `tenant_id` uuid NOT NULL,
  `id` uuid NOT NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NOT NULL,
  `version` integer NOT NULL DEFAULT (1),
  `urn` text NOT NULL,
  `urn_key` text NOT NULL,
  `name` text NOT NULL,
  `resource_type` text NOT NULL,
  `code` integer NOT NULL,
  `status` text NOT NULL DEFAULT ('ready'),
  `definition` text NOT NULL,
  PRIMARY KEY (`tenant_id`, `id`)
);
-- Copy rows from old table "attribute_schemas" to new temporary table "new_attribute_schemas"
INSERT INTO `new_attribute_schemas` (`tenant_id`, `id`, `created_at`, `updated_at`, `version`, `urn`, `urn_key`, `name`, `resource_type`, `definition`) SELECT `tenant_id`, `id`, `created_at`, `updated_at`, `version`, `urn`, `urn_key`, `name`, `resource_type`, `definition` FROM `attribute_schemas`;
-- Drop "attribute_schemas" table after copying rows
DROP TABLE `attribute_schemas`;
-- Rename temporary table "new_attribute_schemas" to "attribute_schemas"
ALTER TABLE `new_attribute_schemas` RENAME TO `attribute_schemas`;
-- Create index "attribute_schemas_urn" to table: "attribute_schemas"
CREATE UNIQUE INDEX `attribute_schemas_urn` ON `attribute_schemas` (`tenant_id`, `urn_key`);
-- Create index "attribute_schemas_code" to table: "attribute_schemas"
CREATE UNIQUE INDEX `attribute_schemas_code` ON `attribute_schemas` (`tenant_id`, `code`);
-- Create index "groups_created" to table: "groups"
CREATE INDEX `groups_created` ON `groups` (`tenant_id`, `created_at`);
-- Create index "groups_updated" to table: "groups"
CREATE INDEX `groups_updated` ON `groups` (`tenant_id`, `updated_at`);
-- Create index "links_inactive" to table: "links"
CREATE INDEX `links_inactive` ON `links` (`tenant_id`, `scim_config_id`, `user_id`) WHERE NOT active;
-- Create "new_scim_configs" table
CREATE TABLE `new_scim_configs` (
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
  `member_mode` text NOT NULL DEFAULT ('authoritative'),
  `show_seats` bool NOT NULL DEFAULT (false),
  `recognized` text NOT NULL DEFAULT (''),
  `recognized_at` datetime NULL,
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `scim_configs_tenant_id` FOREIGN KEY (`tenant_id`) REFERENCES `tenants` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION,
  CONSTRAINT `scim_configs_license_id` FOREIGN KEY (`tenant_id`, `license_id`) REFERENCES `licenses` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Copy rows from old table "scim_configs" to new temporary table "new_scim_configs"
INSERT INTO `new_scim_configs` (`tenant_id`, `id`, `created_at`, `updated_at`, `version`, `name`, `name_key`, `identity_provider`, `preset`, `auto_assign`, `license_id`, `status`, `paused_by`) SELECT `tenant_id`, `id`, `created_at`, `updated_at`, `version`, `name`, `name_key`, `identity_provider`, `preset`, `auto_assign`, `license_id`, `status`, `paused_by` FROM `scim_configs`;
-- Drop "scim_configs" table after copying rows
DROP TABLE `scim_configs`;
-- Rename temporary table "new_scim_configs" to "scim_configs"
ALTER TABLE `new_scim_configs` RENAME TO `scim_configs`;
-- Create index "scim_configs_name" to table: "scim_configs"
CREATE UNIQUE INDEX `scim_configs_name` ON `scim_configs` (`tenant_id`, `name_key`);
-- Create "new_users" table
CREATE TABLE `new_users` (
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
  `indexed` bool NOT NULL DEFAULT (false),
  PRIMARY KEY (`tenant_id`, `id`),
  CONSTRAINT `users_tenant_id` FOREIGN KEY (`tenant_id`) REFERENCES `tenants` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Copy rows from old table "users" to new temporary table "new_users"
INSERT INTO `new_users` (`tenant_id`, `id`, `created_at`, `updated_at`, `version`, `user_name`, `user_name_key`, `display_name`, `given_name`, `family_name`, `title`, `department`, `employee_number`, `manager`, `blocked`, `active`, `origin`, `attributes`) SELECT `tenant_id`, `id`, `created_at`, `updated_at`, `version`, `user_name`, `user_name_key`, `display_name`, `given_name`, `family_name`, `title`, `department`, `employee_number`, `manager`, `blocked`, `active`, `origin`, `attributes` FROM `users`;
-- Drop "users" table after copying rows
DROP TABLE `users`;
-- Rename temporary table "new_users" to "users"
ALTER TABLE `new_users` RENAME TO `users`;
-- Create index "users_user_name" to table: "users"
CREATE UNIQUE INDEX `users_user_name` ON `users` (`tenant_id`, `user_name_key`);
-- Create index "users_manager" to table: "users"
CREATE INDEX `users_manager` ON `users` (`tenant_id`, `manager`) WHERE manager <> '';
-- Create index "users_created" to table: "users"
CREATE INDEX `users_created` ON `users` (`tenant_id`, `created_at`);
-- Create index "users_updated" to table: "users"
CREATE INDEX `users_updated` ON `users` (`tenant_id`, `updated_at`);
-- Create index "users_inactive" to table: "users"
CREATE INDEX `users_inactive` ON `users` (`tenant_id`, `id`) WHERE NOT active;
-- Create index "users_unindexed" to table: "users"
CREATE INDEX `users_unindexed` ON `users` (`tenant_id`, `id`) WHERE NOT indexed;
-- Create "user_values" table
CREATE TABLE `user_values` (
  `tenant_id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  `attr` integer NOT NULL,
  `ord` integer NOT NULL,
  `lead` bool NOT NULL,
  `key` text NOT NULL,
  `rest` text NOT NULL DEFAULT (''),
  PRIMARY KEY (`tenant_id`, `user_id`, `attr`, `ord`),
  CONSTRAINT `user_values_user_id` FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "user_values_key" to table: "user_values"
CREATE INDEX `user_values_key` ON `user_values` (`tenant_id`, `attr`, `key`, `user_id`);
-- Drop "user_emails" table: e-mail addresses are values of users now
DROP TABLE `user_emails`;
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
