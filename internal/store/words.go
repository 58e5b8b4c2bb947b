package store

import (
	"database/sql/driver"
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"github.com/usherhq/usher/internal/clock"
)

type kind bool

const (
	sqlite   kind = false
	postgres kind = true
)

// sqliteTime has a fixed width, so that times compare as text.
const sqliteTime = "2006-01-02 15:04:05.000000+00:00"

// What raw SQL may say beyond the words that both databases share; see the package comment.
var (
	castPattern   = regexp.MustCompile(`::[a-z]+(\[\])?`)
	anyPattern    = regexp.MustCompile(`= ANY\(\(SELECT (\$\d+)\)\)|= ANY\((\$\d+)\)`)
	allPattern    = regexp.MustCompile(`<> ALL\((\$\d+)\)`)
	unnestPattern = regexp.MustCompile(`unnest\((\$\d+)\) AS (\w+)\(value\)`)
	placePattern  = regexp.MustCompile(`\$(\d)`)
	numberPattern = regexp.MustCompile(`\$\d+`)
	indexPattern  = regexp.MustCompile(`/\* (INDEXED BY \w+) \*/`)

	otherWords = strings.NewReplacer("strpos(", "instr(", "ascii(", "unicode(", `COLLATE "C"`, "COLLATE BINARY")
)

// rewrite turns the SQL of this code base, which is PostgreSQL's, into what the database understands.
func (k kind) rewrite(text string) string {
	if k == postgres || !strings.Contains(text, "$") && !strings.Contains(text, "::") {
		return text
	}
	text = castPattern.ReplaceAllString(text, "")
	text = anyPattern.ReplaceAllString(text, "IN (SELECT value FROM json_each($1$2))")
	text = allPattern.ReplaceAllString(text, "NOT IN (SELECT value FROM json_each($1))")
	text = unnestPattern.ReplaceAllString(text, "json_each($1) AS $2")
	text = indexPattern.ReplaceAllString(text, "$1")
	text = otherWords.Replace(text)
	return placePattern.ReplaceAllString(text, "?$1")
}

// CheckNamedValue brings arguments to what the database keeps: times in UTC and microseconds, ids as text, lists as arrays.
func (c *conn) CheckNamedValue(nv *driver.NamedValue) error {
	value, err := c.shared.dialect.value(nv.Value)
	if err == nil {
		nv.Value = value
	}
	return err
}

func (k kind) value(value any) (driver.Value, error) {
	switch v := value.(type) {
	case string:
		return v, k.text(v)
	case uuid.UUID:
		return v.String(), nil
	case time.Time:
		return k.time(v), nil
	case []uuid.UUID:
		texts := make([]string, len(v))
		for i, id := range v {
			texts[i] = id.String()
		}
		return k.list(texts)
	case []string:
		return k.list(v)
	}
	plain, err := driver.DefaultParameterConverter.ConvertValue(value)
	if at, ok := plain.(time.Time); ok {
		return k.time(at), err
	}
	return plain, err
}

// text refuses on SQLite what PostgreSQL refuses: SQLite keeps any bytes, and compares texts up to U+0000 alone.
func (k kind) text(text string) error {
	if k == sqlite && (strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text)) {
		return ErrText
	}
	return nil
}

func (k kind) time(at time.Time) driver.Value {
	at = clock.Cut(at)
	if k == postgres {
		return at
	}
	return at.Format(sqliteTime)
}

func (k kind) list(texts []string) (driver.Value, error) {
	if k == postgres {
		return pq.StringArray(texts).Value()
	}
	for _, text := range texts {
		if err := k.text(text); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(texts)
	return string(text), err
}
