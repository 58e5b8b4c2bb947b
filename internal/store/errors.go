package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/lib/pq"
	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/usherhq/usher/ent/generated/migrate"
	"github.com/usherhq/usher/internal/fault"
)

// Faults of the database.
var (
	ErrBusy        = fault.New(fault.Unavailable, "busy", "too much happens at the same time; try again").After(time.Second)
	ErrUnavailable = fault.New(fault.Unavailable, "database_unavailable", "the database cannot be reached; try again").After(5 * time.Second)
	// ErrText stands behind the doors, which refuse such texts themselves and say where they are.
	ErrText = fault.New(fault.Invalid, "invalid_text", "a text has the character U+0000 or is not UTF-8, and cannot be kept; leave that out").Scim("invalidValue")
)

var (
	errLost   = errors.New("the connection broke while a statement ran; whether it has happened is not known")
	errNoUnit = errors.New("store: a write outside of a unit of work")

	// errStale says that a row has changed since the unit read it, errMismatch that one of several statements, nobody knows
	// which, has not met as many rows as it expects. The unit runs again.
	errStale    = errors.New("store: a row has changed since it was read")
	errMismatch = errors.New("store: a statement has not met the rows it expects")
)

// translate makes faults of the errors that say "not now" or "not this text". Everything else passes as it is.
func translate(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if known, ok := fault.As(err); ok && known.Kind == fault.Unavailable {
		return err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w: %w", context.Canceled, err)
	}
	switch {
	case unkeepable(err):
		return ErrText.Because(err)
	case overloaded(err) || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return ErrBusy.Because(err)
	case unreachable(err):
		return ErrUnavailable.Because(err)
	default:
		return err
	}
}

// unkeepable recognizes texts that PostgreSQL does not take: character_not_in_repertoire, untranslatable_character.
func unkeepable(err error) bool {
	server, ok := errors.AsType[*pq.Error](err)
	return ok && (server.Code == "22021" || server.Code == "22P05")
}

func overloaded(err error) bool {
	if server, ok := errors.AsType[*pq.Error](err); ok {
		// lock_not_available, query_canceled by statement_timeout, too_many_connections
		return server.Code == "55P03" || server.Code == "57014" || server.Code == "53300"
	}
	code := sqliteCode(err) & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

func unreachable(err error) bool {
	if server, ok := errors.AsType[*pq.Error](err); ok {
		class := server.Code.Class()
		return class == "08" || class == "53" || class == "57" || class == "58" || server.Code == "25006"
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, errLost) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func sqliteCode(err error) int {
	if local, ok := errors.AsType[*sqlitedriver.Error](err); ok {
		return local.Code()
	}
	return sqlite3.SQLITE_OK
}

// passing tells whether the same unit of work may well succeed when it runs again.
func passing(err error) bool {
	if errors.Is(err, errStale) || errors.Is(err, errMismatch) || planSpoiled(err) {
		return true
	}
	if server, ok := errors.AsType[*pq.Error](err); ok {
		return server.Code == "40001" || server.Code == "40P01"
	}
	return sqliteCode(err) == sqlite3.SQLITE_BUSY_SNAPSHOT
}

// planSpoiled recognizes SQLSTATE 0A000 of a prepared statement whose tables have changed.
func planSpoiled(err error) bool {
	server, ok := errors.AsType[*pq.Error](err)
	return ok && server.Code == "0A000" && server.Routine == "RevalidateCachedQuery"
}

func divisionByZero(err error) bool {
	server, ok := errors.AsType[*pq.Error](err)
	return ok && server.Code == "22012"
}

// Unique tells whether a write failed because it would repeat what must be unique, and which unique index says so.
func Unique(err error) (index string, ok bool) {
	if server, ok := errors.AsType[*pq.Error](err); ok {
		return server.Constraint, server.Code == "23505"
	}
	code := sqliteCode(err)
	if code != sqlite3.SQLITE_CONSTRAINT_UNIQUE && code != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		return "", false
	}
	return indexOf[sqliteColumns(err)], true
}

// Check tells whether a write failed because of a CHECK of a table, and which one.
func Check(err error) (name string, ok bool) {
	if server, ok := errors.AsType[*pq.Error](err); ok {
		return server.Constraint, server.Code == "23514"
	}
	if sqliteCode(err) != sqlite3.SQLITE_CONSTRAINT_CHECK {
		return "", false
	}
	if found := failedPattern.FindStringSubmatch(err.Error()); found != nil {
		name = found[1]
	}
	return name, true
}

// ForeignKey tells whether a write failed because a row that it names is not there, or because rows still name the one it
// deletes.
func ForeignKey(err error) bool {
	if server, ok := errors.AsType[*pq.Error](err); ok {
		return server.Code == "23503"
	}
	return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// SQLite names the columns of a unique index, not the index, and only in words.
var failedPattern = regexp.MustCompile(`(?:UNIQUE|CHECK) constraint failed: ([^(]+?) \(\d+\)`)

func sqliteColumns(err error) string {
	if found := failedPattern.FindStringSubmatch(err.Error()); found != nil {
		return found[1]
	}
	return ""
}

// indexOf finds the name of a unique index by "table.column, table.column". The keys of tables without an id are said here.
var indexOf = func() map[string]string {
	names := map[string]string{
		"user_values.tenant_id, user_values.user_id, user_values.attr, user_values.ord": "user_values_pkey",
		"user_uniques.tenant_id, user_uniques.attr, user_uniques.key":                   "user_uniques_pkey",
	}
	for _, table := range migrate.Tables {
		names[table.Name+".tenant_id, "+table.Name+".id"] = table.Name + "_pkey"
		names[table.Name+".id"] = table.Name + "_pkey"
		for _, index := range table.Indexes {
			if !index.Unique {
				continue
			}
			columns := make([]string, len(index.Columns))
			for i, column := range index.Columns {
				columns[i] = table.Name + "." + column.Name
			}
			names[strings.Join(columns, ", ")] = index.Name
		}
	}
	return names
}()
