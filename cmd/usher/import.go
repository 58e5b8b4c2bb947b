package main

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
)

var (
	errSheetMedia = fault.New(fault.Invalid, "unsupported_media_type", "send the table itself, in UTF-8, as text/csv (no form and no multipart)")
	errStopping   = fault.New(fault.Unavailable, "stopping", "the server stops; send this row and those after it again")
	errImport     = fault.New(fault.Invalid, "invalid_import", "the table cannot be taken so")
)

// intake is a kind of table that can come in: its columns, the scope that it needs, and how many rows its verb takes at once.
type intake struct {
	columns

	scope string
	batch int
	// prepare reads what is asked for besides the rows, and returns what takes some of them: one result for each, in their order.
	prepare func(h *house, q asking) (func(ctx context.Context, rows []sheetRow) ([]outcome, error), error)
}

// asking finds what stands in the query of the address, or in a flag.
type asking func(name string) string

// outcome is what has become of a row.
type outcome struct {
	Row    int    `json:"row"`
	Status string `json:"status"`
	ID     string `json:"id,omitempty"`
	Code   string `json:"code,omitempty"`
	Field  string `json:"field,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// What becomes of rows. Seats tell their state, and uses what recordActivity says of them.
const (
	rowRefused   = "refused"
	rowFailed    = "failed" // by an accident; the rest was not read
	rowCreated   = "created"
	rowChanged   = "changed"
	rowUnchanged = "unchanged"
)

// outcomeOf makes a result of an error: a fault is the row's own, anything else is an accident that comes back.
func outcomeOf(err error) (outcome, error) {
	f, known := fault.As(err)
	if !known {
		return outcome{}, err
	}
	return outcome{Status: rowRefused, Code: f.Code, Field: f.Field, Detail: f.Message}, nil
}

var intakes = map[string]intake{"people": peopleIntake, "groups": groupsIntake, seatsTable: seatsIntake, "activity": activityIntake}

// take reads a table to its end and tells what has become of each row, as soon as it is known. What is wrong with a row is its result. An
// accident ends it; the rows before are done.
func (h *house) take(ctx context.Context, kind intake, s *sheet, q asking, tell func(outcome) error) error {
	apply, err := kind.prepare(h, q)
	if err != nil {
		return err
	}
	var waiting []sheetRow
	flush := func() error {
		if len(waiting) == 0 {
			return nil
		}
		done, err := apply(ctx, waiting)
		if err != nil {
			return err
		}
		for i, one := range done {
			one.Row = waiting[i].number
			if err := tell(one); err != nil {
				return err
			}
		}
		waiting = waiting[:0]
		return nil
	}
	for {
		row, goOn, wrong := s.next()
		if wrong == nil {
			if waiting = append(waiting, row); len(waiting) < kind.batch {
				continue
			}
		}
		if err := flush(); err != nil || errors.Is(wrong, io.EOF) {
			return err
		}
		if wrong == nil {
			continue
		}
		refused, err := outcomeOf(wrong)
		if err != nil {
			return err
		}
		refused.Row = row.number
		if err := tell(refused); err != nil || !goOn {
			return err
		}
	}
}

// imports answers POST /import/…: tables of people, groups, seats and activity, with the tokens, sessions, scopes and verbs of GraphQL.
func (s *serving) imports(writer reader) http.Handler {
	mux := http.NewServeMux()
	for name, kind := range intakes {
		mux.HandleFunc("POST /import/"+name, func(w http.ResponseWriter, r *http.Request) {
			ctx, err := writer(r.Context(), r)
			if err == nil {
				err = errors.Join(caller.Require(ctx, kind.scope), asTable(r))
			}
			if err != nil {
				s.refuseTable(w, r, err)
				return
			}
			s.takeIn(ctx, w, r, kind)
		})
	}
	return mux
}

// takeIn takes a table. Results go out while rows come in; a client that reads none before it has sent all of them is waited for. What is
// wrong with the table as a whole is told with a status, as the result of row 1.
func (s *serving) takeIn(ctx context.Context, w http.ResponseWriter, r *http.Request, kind intake) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // where it cannot be, results come at the end
	body := &unhurried{from: http.MaxBytesReader(w, r.Body, maxSheet), control: control, clock: s.clock, leaving: s.leaving.Load}
	table, err := openSheet(body, kind.columns)
	if err == nil {
		_, err = kind.prepare(s.house, r.URL.Query().Get)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	results := newResults(w, wantsLines(r))
	if err != nil {
		f, known := fault.As(err)
		if !known {
			s.refuseTable(w, r, err)
			return
		}
		w.WriteHeader(statusOf(f))
		_ = results.tell(outcome{Row: 1, Status: rowRefused, Code: f.Code, Field: f.Field, Detail: f.Message}) // a client that has gone away is no mistake
		_ = results.end()
		drain(body)
		return
	}
	err = s.take(ctx, kind, table, r.URL.Query().Get, results.tell)
	if err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "a table was not taken to its end", "id", requestOf(ctx), "error", err)
		_ = results.tell(outcome{Row: table.rows + 1, Status: rowFailed, Code: "internal", Detail: "internal error; up to here the rows are done"})
	}
	if err := results.end(); err != nil {
		panic(http.ErrAbortHandler) // nobody takes half of the results for all
	}
	drain(body)
}

// refuseTable tells that a table was not looked at.
func (s *serving) refuseTable(w http.ResponseWriter, r *http.Request, err error) {
	f, known := fault.As(err)
	switch {
	case !known:
		s.log.ErrorContext(r.Context(), "a table was not taken", "id", requestOf(r.Context()), "error", err)
		plain(w, http.StatusInternalServerError, "internal error")
	case f.Code == errSheetMedia.Code:
		plain(w, http.StatusUnsupportedMediaType, f.Message)
	default:
		plain(w, statusOf(f), f.Message)
	}
}

// asTable refuses what is no table by its own account, and one that is too large.
func asTable(r *http.Request) error {
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := strings.ToLower(parameters["charset"])
	switch {
	case err != nil, media != "text/csv", charset != "" && charset != "utf-8", r.Header.Get("Content-Encoding") != "":
		return errSheetMedia
	case r.ContentLength > maxSheet:
		return errTooLong.Sayf("a table has at most %d MiB", maxSheet>>20)
	default:
		return nil
	}
}

// wantsLines tells whether the client asks for results as JSON lines. Otherwise they are CSV.
func wantsLines(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		media, _, _ := mime.ParseMediaType(part)
		if slices.Contains([]string{"application/jsonl", "application/x-ndjson", "application/json"}, media) {
			return true
		}
	}
	return false
}

// unhurried gives a client time for each piece of a table, not for the whole.
type unhurried struct {
	from    io.Reader
	control *http.ResponseController
	clock   func() time.Time
	leaving func() bool
}

// Read waits for the next piece. A server that stops takes no more.
func (u *unhurried) Read(into []byte) (int, error) {
	if u.leaving() {
		return 0, errStopping
	}
	now := u.clock()
	_ = u.control.SetReadDeadline(now.Add(patience.read)) // a connection without deadlines has none to set
	_ = u.control.SetWriteDeadline(now.Add(patience.write))
	return u.from.Read(into) //nolint:wrapcheck // a reader's errors are passed on as they are
}

// drain reads what nobody looks at: a client that is cut off while it sends does not see its results.
func drain(body io.Reader) { _, _ = io.Copy(io.Discard, body) }
