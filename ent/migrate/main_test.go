package main

import "testing"

func TestMigrationsMakeTheSchema(t *testing.T) {
	t.Chdir("../..")
	if err := run(t.Context(), "", true); err != nil {
		t.Error(err)
	}
}
