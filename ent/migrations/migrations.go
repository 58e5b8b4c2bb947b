// Package migrations holds the versioned changes of the schema, one folder for each database, embedded in the binary.
//
// They are made by `go run ./ent/migrate --name NAME`, read by a person, and never changed once released: atlas.sum in each
// folder tells when one has been. The first line of each names the oldest version of the schema whose binaries may go on
// running beside it; a migration that removes or renames what older binaries use raises it.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed postgres sqlite
var files embed.FS

// Postgres returns the folder of PostgreSQL.
func Postgres() (fs.FS, error) { return fs.Sub(files, "postgres") }

// SQLite returns the folder of SQLite.
func SQLite() (fs.FS, error) { return fs.Sub(files, "sqlite") }
