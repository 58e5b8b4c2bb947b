-- oldest binary: 20261124231852

-- Create index "scim_calls_request" to table: "scim_calls"
CREATE INDEX "scim_calls_request" ON "scim_calls" ("tenant_id", "request_id", "id");
-- Modify "scim_configs" table
ALTER TABLE "scim_configs" ADD COLUMN "auto_assign_priority" bigint NOT NULL DEFAULT 0;
