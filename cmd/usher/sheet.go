package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/fault"
)

// Bounds of a table that comes in.
const (
	maxSheet     = 64 << 20 // bytes of a file
	maxSheetRow  = 16 << 10 // bytes of a row
	maxSheetRows = 100_000
)

// Faults of a table that comes in, and of its rows.
var (
	errHeader    = fault.New(fault.Invalid, "invalid_header", "the first row does not name the columns as they are named")
	errEncoding  = fault.New(fault.Invalid, "invalid_encoding", "this is not UTF-8; save the table as CSV in UTF-8")
	errRow       = fault.New(fault.Invalid, "invalid_row", "the row is no CSV as RFC 4180 has it")
	errRowLength = fault.New(fault.TooLarge, "row_too_long", fmt.Sprintf("a row has at most %d bytes; this one and what follows were not read", maxSheetRow))
	errTooMany   = fault.New(fault.TooLarge, "too_many_rows", fmt.Sprintf("a table has at most %d rows; this one and what follows were not read", maxSheetRows))
	errTooLong   = fault.New(fault.TooLarge, "file_too_large", fmt.Sprintf("a table has at most %d MiB; what follows was not read", maxSheet>>20))
)

// columns are those that a table may have. One of each of the needed sets has to be there; what is told only is skipped, so that a
// table that Usher has written can come back.
type columns struct {
	taken, told []string
	needed      [][]string
}

// sheet reads a table row by row (RFC 4180, UTF-8 with or without a byte order mark). It never holds more than a row.
type sheet struct {
	csv   *csv.Reader
	bound *boundedRow
	names []string
	at    map[string]int
	rows  int
}

// sheetRow is one row, numbered by the line that it begins on: the header stands on line 1.
type sheetRow struct {
	number int
	cells  []string
	at     map[string]int
}

// has tells whether the table has a column.
func (r sheetRow) has(name string) bool {
	_, there := r.at[name]
	return there
}

// text is the text of a cell, without the apostrophe that harmless puts in front of what would be a formula.
func (r sheetRow) text(name string) string {
	i, there := r.at[name]
	if !there {
		return ""
	}
	return plainText(r.cells[i])
}

// openSheet reads the header. It refuses with errHeader and errEncoding.
func openSheet(from io.Reader, c columns) (*sheet, error) {
	buffered := bufio.NewReader(from)
	begins, _ := buffered.Peek(len(byteOrderMark)) // what goes wrong shows when the header is read
	switch {
	case bytes.Equal(begins, []byte(byteOrderMark)):
		_, _ = buffered.Discard(len(byteOrderMark))
	case bytes.HasPrefix(begins, []byte{0xff, 0xfe}), bytes.HasPrefix(begins, []byte{0xfe, 0xff}):
		return nil, errEncoding.Sayf("this is UTF-16; save the table as CSV in UTF-8")
	}
	s := &sheet{bound: &boundedRow{from: buffered, left: maxSheetRow}, at: map[string]int{}}
	s.csv = csv.NewReader(s.bound)
	s.csv.FieldsPerRecord = -1
	names, err := s.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errHeader.Sayf("the table is empty; its first row names the columns")
	case err != nil:
		return nil, s.refused(names, err)
	}
	s.names = names
	return s, s.readHeader(c)
}

const byteOrderMark = "\xef\xbb\xbf"

func (s *sheet) readHeader(c columns) error {
	for i, name := range s.names {
		name = strings.TrimSpace(name)
		_, twice := s.at[name]
		switch {
		case unreadable(name):
			return errEncoding.Sayf("the header is not UTF-8; save the table as CSV in UTF-8")
		case twice:
			return errHeader.At(name).Sayf("the column %q is there twice", name)
		case len(s.names) == 1 && strings.ContainsAny(name, ";\t"):
			return errHeader.Sayf("cells are separated by commas")
		case !slices.Contains(c.taken, name) && !slices.Contains(c.told, name):
			return errHeader.At(shortened(name)).Sayf("there is no column %q; the columns are %s", shortened(name), strings.Join(c.taken, ", "))
		}
		s.names[i], s.at[name] = name, i
	}
	for _, oneOf := range c.needed {
		if !slices.ContainsFunc(oneOf, func(name string) bool { _, there := s.at[name]; return there }) {
			return errHeader.At(oneOf[0]).Sayf("the column %s is missing", strings.Join(oneOf, " or "))
		}
	}
	return nil
}

// next returns the next row; at the end io.EOF. A fault comes with the number of the row that it is about; goOn tells whether the rows
// after it can be read: where quotes are wrong, nobody knows where the next one begins.
func (s *sheet) next() (r sheetRow, goOn bool, err error) {
	s.bound.left = maxSheetRow
	cells, err := s.csv.Read()
	if errors.Is(err, io.EOF) {
		return sheetRow{}, false, io.EOF
	}
	if s.rows++; s.rows > maxSheetRows {
		return sheetRow{number: s.lineOf(cells, err)}, false, errTooMany
	}
	r = sheetRow{number: s.lineOf(cells, err), cells: cells, at: s.at}
	if err != nil {
		return r, false, s.refused(cells, err)
	}
	for i, cell := range cells[:min(len(cells), len(s.names))] {
		if unreadable(cell) {
			return r, true, errEncoding.At(s.names[i]).Sayf("the cell is not UTF-8, or has the character U+0000")
		}
	}
	if len(cells) != len(s.names) {
		return r, true, errRow.Sayf("the row has %d cells, and the header %d", len(cells), len(s.names))
	}
	return r, true, nil
}

// lineOf is the line on which a row begins.
func (s *sheet) lineOf(cells []string, err error) int {
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		return wrong.StartLine
	}
	if len(cells) == 0 {
		return s.rows + 1
	}
	line, _ := s.csv.FieldPos(0)
	return line
}

// refused says what is wrong with a row that cannot be read. cells are those before the bad one.
func (s *sheet) refused(cells []string, err error) error {
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		field := ""
		if len(cells) < len(s.names) {
			field = s.names[len(cells)]
		}
		if errors.Is(err, csv.ErrQuote) {
			return errRow.At(field).Sayf("a quoted cell does not end as it should (line %d): write a quote within it twice; what follows was not read", wrong.Line).Because(err)
		}
		return errRow.At(field).Sayf("a quote stands in a cell without quotes (line %d): quote the cell, and write the quote twice; what follows was not read", wrong.Line).Because(err)
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLong.Because(err)
	}
	return err
}

func unreadable(text string) bool { return !utf8.ValidString(text) || strings.ContainsRune(text, 0) }

// plainText undoes harmless.
func plainText(cell string) string {
	if rest, quoted := strings.CutPrefix(cell, "'"); quoted && harmless(rest) != rest {
		return rest
	}
	return cell
}

// shortened is the beginning of a text of a client, short enough to be told.
func shortened(text string) string {
	return cutAt(text, 60) //nolint:mnd // characters of a name that one can still read
}

// cutAt is the beginning of a text, of about so many bytes.
func cutAt(text string, long int) string {
	for i := range text {
		if i > long {
			return text[:i] + "…"
		}
	}
	return text
}

// boundedRow ends a row that is too long. The reader above it reads in pieces of 4 KiB, which is within the bound.
type boundedRow struct {
	from io.Reader
	left int
}

// Read reads on, as long as the row may.
func (b *boundedRow) Read(into []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRowLength
	}
	n, err := b.from.Read(into)
	b.left -= n
	return n, err //nolint:wrapcheck // a reader's errors are passed on as they are
}
