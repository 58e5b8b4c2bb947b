-- oldest binary: 20261124231852

-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create index "scim_calls_request" to table: "scim_calls"
CREATE INDEX `scim_calls_request` ON `scim_calls` (`tenant_id`, `request_id`, `id`);
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
  `auto_assign_priority` integer NOT NULL DEFAULT (0),
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
INSERT INTO `new_scim_configs` (`tenant_id`, `id`, `created_at`, `updated_at`, `version`, `name`, `name_key`, `identity_provider`, `preset`, `auto_assign`, `license_id`, `status`, `paused_by`, `member_mode`, `show_seats`, `recognized`, `recognized_at`) SELECT `tenant_id`, `id`, `created_at`, `updated_at`, `version`, `name`, `name_key`, `identity_provider`, `preset`, `auto_assign`, `license_id`, `status`, `paused_by`, `member_mode`, `show_seats`, `recognized`, `recognized_at` FROM `scim_configs`;
-- Drop "scim_configs" table after copying rows
DROP TABLE `scim_configs`;
-- Rename temporary table "new_scim_configs" to "scim_configs"
ALTER TABLE `new_scim_configs` RENAME TO `scim_configs`;
-- Create index "scim_configs_name" to table: "scim_configs"
CREATE UNIQUE INDEX `scim_configs_name` ON `scim_configs` (`tenant_id`, `name_key`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
