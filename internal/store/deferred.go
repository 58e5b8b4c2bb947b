package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/usherhq/usher/internal/fault"
)

const (
	maxComposed     = 24    // statements in one; more would be composed anew each time
	maxComposedArgs = 60000 // PostgreSQL allows 65535
	maxTexts        = 1024
)

// Stmt is a write that can wait until the end of its unit.
type Stmt struct {
	// SQL is one INSERT, UPDATE or DELETE without RETURNING and without WITH.
	SQL  string
	Args []any
	// Rows is how many rows it must change; 0 is any number. When it changes another number the unit fails with Missing, or
	// runs again if that is nil, because a row has changed since it was read.
	Rows    int
	Missing error
	// Unique tells, by the name of a unique index, what to fail with when the write would repeat what that index guards.
	Unique map[string]error
	// Refers says that the write names rows that may have gone since they were read: when one has, the unit runs again.
	Refers bool
}

// Defer adds a write to the unit of work. It runs at the end, or before the first write that cannot wait. On PostgreSQL
// deferred writes go as one statement: they do not see each other's effects, and no two may touch the same row. Name parents
// before the rows that refer to them.
func Defer(ctx context.Context, write Stmt) error {
	u := unitOf(ctx)
	if u == nil {
		return errNoUnit
	}
	if write.Missing != nil && write.Rows == 0 {
		write.Rows = 1
	}
	u.writes = append(u.writes, write)
	return nil
}

// Flush writes what has been deferred so far. A unit that defers very much does so every now and then: a few writes of the same kinds
// go as one statement that is prepared once, very many go one by one.
func Flush(ctx context.Context) error {
	u := unitOf(ctx)
	if u == nil {
		return errNoUnit
	}
	if err := u.begin(ctx); err != nil { // what is written now and what comes later are one transaction
		return err
	}
	return u.flush(ctx)
}

// flush runs what has been deferred so far.
func (u *unit) flush(ctx context.Context) error {
	u.deferCounts(ctx)
	writes := u.writes
	u.writes = nil
	if len(writes) == 0 {
		return nil
	}
	var err error
	if u.composes(writes) {
		err = u.runComposed(ctx, writes)
	} else {
		err = u.runSingly(ctx, writes)
	}
	if err != nil {
		u.fail(err)
	}
	return err
}

func (u *unit) composes(writes []Stmt) bool {
	if !u.db.Postgres() || u.oneByOne || len(writes) > maxComposed {
		return false
	}
	args := 0
	for i := range writes {
		args += len(writes[i].Args)
	}
	return args <= maxComposedArgs
}

func (u *unit) runComposed(ctx context.Context, writes []Stmt) error {
	text := compose(writes)
	args := make([]any, 0, 8*len(writes))
	for i := range writes {
		args = append(args, writes[i].Args...)
	}
	_, err := u.executor().ExecContext(ctx, text, args...)
	switch {
	case err == nil:
		return nil
	case divisionByZero(err):
		return whichMissed(writes, err)
	default:
		return named(writes, translate(ctx, err))
	}
}

// whichMissed decides what a failed expectation means. Only one statement expects anything: then it is that one.
func whichMissed(writes []Stmt, err error) error {
	missing, expecting := error(nil), 0
	for i := range writes {
		if writes[i].Rows == 0 {
			continue
		}
		expecting++
		if writes[i].Missing != nil {
			missing = writes[i].Missing
		}
	}
	switch {
	case expecting == 0:
		return err // somebody's own division
	case missing == nil:
		return fmt.Errorf("%w: %w", errStale, err)
	case expecting == 1:
		return because(missing, err)
	default:
		return fmt.Errorf("%w: %w", errMismatch, err)
	}
}

func (u *unit) runSingly(ctx context.Context, writes []Stmt) error {
	if err := u.begin(ctx); err != nil {
		return err
	}
	for i := range writes {
		write := &writes[i]
		result, err := u.tx.ExecContext(ctx, write.SQL, write.Args...)
		if err != nil {
			return named(writes[i:i+1], translate(ctx, err))
		}
		if write.Rows == 0 {
			continue
		}
		changed, err := result.RowsAffected()
		if err != nil {
			return fmt.Errorf("count the changed rows: %w", err)
		}
		if changed == int64(write.Rows) {
			continue
		}
		if write.Missing != nil {
			return write.Missing
		}
		return errStale
	}
	return nil
}

type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (u *unit) executor() executor {
	if u.tx != nil {
		return u.tx
	}
	return u.db.pool
}

// named turns a violated unique index or foreign key into what one of the writes says about it.
func named(writes []Stmt, err error) error {
	if ForeignKey(err) && slices.ContainsFunc(writes, func(w Stmt) bool { return w.Refers }) {
		return fmt.Errorf("%w: %w", errStale, err)
	}
	index, ok := Unique(err)
	if !ok {
		return err
	}
	for i := range writes {
		if is, known := writes[i].Unique[index]; known {
			return because(is, err)
		}
	}
	return err
}

func because(is, cause error) error {
	if known, ok := is.(*fault.Fault); ok { //nolint:errorlint // a declared fault gets a cause; anything else is wrapped
		return known.Because(cause)
	}
	return fmt.Errorf("%w: %w", is, cause)
}

// texts remembers what compose has made, so that the same writes are the same text, prepared once.
var texts = struct {
	sync.RWMutex

	made map[string]string
}{made: map[string]string{}}

func compose(writes []Stmt) string {
	key := composedKey(writes)
	texts.RLock()
	text, ok := texts.made[key]
	texts.RUnlock()
	if ok {
		return text
	}
	text = composed(writes)
	texts.Lock()
	defer texts.Unlock()
	if len(texts.made) >= maxTexts {
		clear(texts.made)
	}
	texts.made[key] = text
	return text
}

func composedKey(writes []Stmt) string {
	size := 0
	for i := range writes {
		size += len(writes[i].SQL) + 4
	}
	key := make([]byte, 0, size)
	for i := range writes {
		key = append(key, writes[i].SQL...)
		key = append(key, 0)
		key = strconv.AppendInt(key, int64(writes[i].Rows), 10)
		key = append(key, 0)
	}
	return string(key)
}

// composed makes one statement of several. The numbers of changed rows are checked inside it, by a division by zero where one
// is wrong, so that a wrong one undoes everything.
func composed(writes []Stmt) string {
	var text, checks strings.Builder
	offset := 0
	for i := range writes {
		separator, name := ", ", "w"+strconv.Itoa(i)
		if i == 0 {
			separator = "WITH "
		}
		text.WriteString(separator + name + " AS (" + renumbered(writes[i].SQL, offset) + " RETURNING 1)")
		offset += len(writes[i].Args)
		if writes[i].Rows > 0 {
			checks.WriteString(" AND (SELECT count(*) FROM " + name + ") = " + strconv.Itoa(writes[i].Rows))
		}
	}
	if checks.Len() == 0 {
		return text.String() + " SELECT 1"
	}
	return text.String() + " SELECT 1 / (CASE WHEN true" + checks.String() + " THEN 1 ELSE 0 END)"
}

// renumbered shifts the placeholders of a statement.
func renumbered(statement string, offset int) string {
	if offset == 0 {
		return statement
	}
	return numberPattern.ReplaceAllStringFunc(statement, func(place string) string {
		number, _ := strconv.Atoi(place[1:])
		return "$" + strconv.Itoa(number+offset)
	})
}
