-- oldest binary: 20261124231852

-- Disable the enforcement of foreign-keys constraints
PRAGMA foreign_keys = off;
-- Create "new_ledger" table
CREATE TABLE `new_ledger` (
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
-- Copy rows from old table "ledger" to new temporary table "new_ledger"
INSERT INTO `new_ledger` (`tenant_id`, `id`, `license_id`, `user_id`, `was`, `now`, `cause`, `event_id`, `at`) SELECT `tenant_id`, `id`, `license_id`, `user_id`, `was`, `now`, `cause`, `event_id`, `at` FROM `ledger`;
-- Drop "ledger" table after copying rows
DROP TABLE `ledger`;
-- Rename temporary table "new_ledger" to "ledger"
ALTER TABLE `new_ledger` RENAME TO `ledger`;
-- Create index "ledger_license" to table: "ledger"
CREATE INDEX `ledger_license` ON `ledger` (`tenant_id`, `license_id`, `id`);
-- Create index "ledger_user" to table: "ledger"
CREATE INDEX `ledger_user` ON `ledger` (`tenant_id`, `user_id`, `at`);
-- Create index "ledger_holder" to table: "ledger"
CREATE INDEX `ledger_holder` ON `ledger` (`tenant_id`, `license_id`, `user_id`, `at`, `id`, `was`, `now`);
-- Create index "ledger_at" to table: "ledger"
CREATE INDEX `ledger_at` ON `ledger` (`tenant_id`, `license_id`, `at`, `id`);
-- Create index "seats_use" to table: "seats"
CREATE INDEX `seats_use` ON `seats` (`tenant_id`, `license_id`, `state`, `last_used_at`, `assigned_at`);
-- Enable back the enforcement of foreign-keys constraints
PRAGMA foreign_keys = on;
