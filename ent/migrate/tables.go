package main

import (
	"fmt"
	"slices"

	"entgo.io/ent/dialect"
	entschema "entgo.io/ent/dialect/sql/schema"

	"github.com/usherhq/usher/ent/generated/migrate"
)

// reference is a foreign key that the schema cannot say because it has no edges: column names a row of the same tenant.
type reference struct{ table, column, parent string }

// references lists them all. What is only appended to (events, ledger, calls, count deltas) has none: it outlives what it
// names, and is written too often. A seat outlives its holder, so it names only its license.
var references = []reference{
	{"administrators", "tenant_id", "tenants"},
	{"scim_configs", "tenant_id", "tenants"},
	{"scim_configs", "license_id", "licenses"},
	{"users", "tenant_id", "tenants"},
	{"user_values", "user_id", "users"},
	{"user_uniques", "user_id", "users"},
	{"links", "user_id", "users"},
	{"links", "scim_config_id", "scim_configs"},
	{"groups", "tenant_id", "tenants"},
	{"memberships", "group_id", "groups"},
	{"memberships", "user_id", "users"},
	{"memberships", "subgroup_id", "groups"},
	{"parked_members", "group_id", "groups"},
	{"parked_members", "scim_config_id", "scim_configs"},
	{"licenses", "tenant_id", "tenants"},
	{"rules", "license_id", "licenses"},
	{"rule_revisions", "rule_id", "rules"},
	{"rule_runs", "rule_id", "rules"},
	{"consents", "license_id", "licenses"},
	{"activity_sources", "license_id", "licenses"},
	{"claims", "license_id", "licenses"},
	{"claims", "user_id", "users"},
	{"seats", "license_id", "licenses"},
}

// keys are those of tables that have no id.
var keys = map[string][]string{
	"user_values": {"tenant_id", "user_id", "attr", "ord"}, "activity_days": {"tenant_id", "license_id", "user_id", "day"},
	"user_uniques": {"tenant_id", "attr", "key"},
}

// ordered are the columns whose text is compared by its bytes, on both databases alike: SQLite does so anyway.
var ordered = [][2]string{
	{"user_values", "key"}, {"user_values", "rest"}, {"users", "user_name_key"}, {"links", "external_id"}, {"groups", "display_name_key"},
	{"groups", "external_id"}, {"user_uniques", "key"},
}

// tables returns the tables that ent generates, with the keys that it cannot express: (tenant_id, id) for what belongs to a
// tenant, and references that cannot leave the tenant.
func tables() ([]*entschema.Table, error) {
	byName := map[string]*entschema.Table{}
	for _, table := range migrate.Tables {
		byName[table.Name] = table
		if tenant := column(table, "tenant_id"); tenant != nil && !tenant.Nullable {
			table.PrimaryKey = []*entschema.Column{tenant, column(table, "id")}
			// Atlas reads the columns of a key from SQLite in the order of the table, so the tenant stands first there too.
			table.Columns = slices.DeleteFunc(table.Columns, func(c *entschema.Column) bool { return c == tenant })
			table.Columns = slices.Insert(table.Columns, 0, tenant)
		}
		if own := keys[table.Name]; own != nil {
			table.PrimaryKey = nil
			for _, name := range own {
				table.PrimaryKey = append(table.PrimaryKey, column(table, name))
			}
			table.Columns = slices.DeleteFunc(table.Columns, func(c *entschema.Column) bool { return c.Name == "id" })
		}
		table.ForeignKeys = nil
	}
	for _, r := range references {
		table, parent := byName[r.table], byName[r.parent]
		if table == nil || parent == nil || column(table, r.column) == nil {
			return nil, fmt.Errorf("a reference from %s.%s to %s names something that is not there", r.table, r.column, r.parent)
		}
		key := &entschema.ForeignKey{
			Symbol: r.table + "_" + r.column, RefTable: parent, RefColumns: parent.PrimaryKey,
			OnDelete: entschema.NoAction, OnUpdate: entschema.NoAction,
		}
		if len(parent.PrimaryKey) > 1 {
			key.Columns = append(key.Columns, column(table, "tenant_id"))
		}
		key.Columns = append(key.Columns, column(table, r.column))
		table.ForeignKeys = append(table.ForeignKeys, key)
	}
	return migrate.Tables, nil
}

// collate has the ordered columns compared by bytes on PostgreSQL, whatever its locale.
func collate(all []*entschema.Table, kind string) {
	for _, table := range all {
		for _, c := range table.Columns {
			if slices.Contains(ordered, [2]string{table.Name, c.Name}) {
				c.Collation = ""
				if kind == dialect.Postgres {
					c.Collation = "C"
				}
			}
		}
	}
}

func column(table *entschema.Table, name string) *entschema.Column {
	at := slices.IndexFunc(table.Columns, func(c *entschema.Column) bool { return c.Name == name })
	if at < 0 {
		return nil
	}
	return table.Columns[at]
}
