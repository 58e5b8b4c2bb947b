-- oldest binary: 20261124231852

-- Create "user_uniques" table
CREATE TABLE `user_uniques` (
  `tenant_id` uuid NOT NULL,
  `attr` integer NOT NULL,
  `key` text NOT NULL,
  `user_id` uuid NOT NULL,
  PRIMARY KEY (`tenant_id`, `attr`, `key`),
  CONSTRAINT `user_uniques_user_id` FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION
);
-- Create index "user_uniques_user" to table: "user_uniques"
CREATE INDEX `user_uniques_user` ON `user_uniques` (`tenant_id`, `user_id`);
