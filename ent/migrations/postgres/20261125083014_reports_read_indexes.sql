-- oldest binary: 20261124231852

-- Drop index "ledger_holder" from table: "ledger"
DROP INDEX "ledger_holder";
-- Create index "ledger_holder" to table: "ledger"
CREATE INDEX "ledger_holder" ON "ledger" ("tenant_id", "license_id", "user_id", "at", "id", "was", "now");
-- Create index "seats_use" to table: "seats"
CREATE INDEX "seats_use" ON "seats" ("tenant_id", "license_id", "state", "last_used_at", "assigned_at");
