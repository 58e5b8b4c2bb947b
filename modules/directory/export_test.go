package directory

import (
	"context"
	"time"
)

// Hurry gives queries that look at everybody another time than two seconds.
func (s *Service) Hurry(most time.Duration) { s.slowest = most }

// Statement is what a query asks the database.
type Statement struct {
	SQL  string
	Args []any
}

// Statements returns how a query of people or of groups reads a piece and counts.
func (s *Service) Statements(ctx context.Context, query Query, ofGroups bool) (piece, count Statement, err error) {
	of, columns := aUser, recordColumns
	if ofGroups {
		of, columns = aGroup, groupColumns
	}
	l, err := s.listOf(ctx, of, query)
	if err != nil {
		return piece, count, err
	}
	read := l.statement
	if l.byValue() {
		read = l.valued
	}
	piece.SQL, piece.Args = read(columns, query.After, 101, 0)
	with, body := l.parts()
	if with != "" {
		with = "WITH " + with + " "
	}
	count.SQL, count.Args = l.used(with + "SELECT count(*)" + body)
	return piece, count, nil
}

// ReadGroups reads the groups of a person as the databases list them in JSON.
func ReadGroups(text []byte) ([]GroupRef, error) { return groupNames{}.read(text) }
