package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/reporting"
)

var errExport = fault.New(fault.Invalid, "invalid_export", "the table cannot be made as it was asked for")

// reader identifies who reads: with an access token, or signed in to the console.
type reader func(context.Context, *http.Request) (context.Context, error)

// tables are all tables that can be had, by the scope that each needs: that of the same list over GraphQL.
func (s *serving) tables() map[string]map[string]func(r *http.Request, out cells) error {
	return map[string]map[string]func(r *http.Request, out cells) error{
		caller.ScopeGroupReportsRead: {"utilization": s.exportUtilization, "people": s.exportPeople},
		caller.ScopeReportsRead: {
			"series": s.exportSeries, "breakdown": s.exportBreakdown, "flow": s.exportFlow,
			"moves": s.exportMoves, "forecasts": s.exportForecasts, "reclaimable": s.exportReclaimable, "sources": s.exportSources, "alerts": s.exportAlerts,
			"licenses": s.exportLicenses, seatsTable: s.exportSeats, "ledger": s.exportLedger,
		},
		caller.ScopeAdminRead:        {"users": s.exportUsers, "groups": s.exportGroups, "members": s.exportMembers},
		caller.ScopeEntitlementsRead: {"events": s.exportEvents},
	}
}

// exports answers GET /export/…: reports and lists of GraphQL as CSV, with the same access tokens, sessions and scopes. A table is sent as it is read.
func (s *serving) exports(read reader) http.Handler {
	mux := http.NewServeMux()
	for scope, tables := range s.tables() {
		for path, write := range tables {
			mux.HandleFunc("GET /export/"+path+".csv", func(w http.ResponseWriter, r *http.Request) {
				s.export(w, r, read, path, func(r *http.Request, out cells) error {
					if err := caller.Require(r.Context(), scope); err != nil {
						return err
					}
					return write(r, out)
				})
			})
		}
	}
	return mux
}

// export authenticates and writes a table. What goes wrong before the first row is told with a status; later the answer breaks off.
func (s *serving) export(w http.ResponseWriter, r *http.Request, read reader, name string, write func(*http.Request, cells) error) {
	ctx, err := read(r.Context(), r)
	sent := &watched{ResponseWriter: w}
	if err == nil {
		r = r.WithContext(ctx)
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		w.Header().Set("Cache-Control", "no-store")
		out := newCells(sent)
		if err = write(r, out); err == nil {
			out.Flush()
			err = out.Error()
		}
	}
	switch f, known := fault.As(err); {
	case err == nil:
	case sent.status != 0:
		panic(http.ErrAbortHandler) // nobody takes half a table for a whole one
	case known:
		w.Header().Del("Content-Disposition")
		plain(w, statusOf(f), f.Message)
	default:
		s.log.ErrorContext(r.Context(), "a table was not made", "id", requestOf(r.Context()), "error", err)
		w.Header().Del("Content-Disposition")
		plain(w, http.StatusInternalServerError, "internal error")
	}
}

func statusOf(f *fault.Fault) int {
	status := map[fault.Kind]int{
		fault.Invalid: http.StatusBadRequest, fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
		fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict, fault.Unavailable: http.StatusServiceUnavailable,
		fault.TooLarge: http.StatusRequestEntityTooLarge, fault.Stale: http.StatusPreconditionFailed, fault.Exhausted: http.StatusConflict,
	}[f.Kind]
	if status == 0 {
		return http.StatusBadRequest
	}
	return status
}

// asked reads what every table may be asked for: licenses by id, none for all, and a moment.
func asked(q url.Values) (of []id.ID, at *time.Time, err error) {
	for _, text := range q["license"] {
		one, ok := id.License.Parse(text)
		if !ok {
			return nil, nil, errExport.At("license").Sayf("license is the id of a license, such as lic_…")
		}
		of = append(of, one)
	}
	if text := q.Get("at"); text != "" {
		moment, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, nil, errExport.At("at").Sayf("at is a moment, such as 2027-01-31T12:00:00Z").Because(err)
		}
		at = &moment
	}
	return of, at, nil
}

func (s *serving) exportUtilization(r *http.Request, out cells) error {
	of, at, err := asked(r.URL.Query())
	if err != nil {
		return err
	}
	found, licenses, err := s.reportOf(r.Context(), of, at)
	if err != nil {
		return err
	}
	return utilizationTable(out, found, licenses)
}

func (s *serving) exportSeries(r *http.Request, out cells) error {
	q := r.URL.Query()
	of, at, err := asked(q)
	if err != nil {
		return err
	}
	step := reporting.Step(q.Get("step"))
	switch step {
	case "":
		step = reporting.ByDay
	case reporting.ByDay, reporting.ByWeek, reporting.ByMonth:
	default:
		return errExport.At("step").Sayf("step is day, week or month")
	}
	text := func(name string) *string {
		if value := q.Get(name); value != "" {
			return &value
		}
		return nil
	}
	found, licenses, err := s.reportOf(r.Context(), of, at)
	if err != nil {
		return err
	}
	return s.seriesTable(r.Context(), out, found, licenses, reporting.NewSpan(text("from"), text("to"), step))
}

func (s *serving) exportPeople(r *http.Request, out cells) error {
	q := r.URL.Query()
	of, at, err := asked(q)
	if err != nil {
		return err
	}
	if len(of) != 1 {
		return errExport.At("license").Sayf("name one license")
	}
	list := reporting.Listing{Figure: reporting.Figure(q.Get("figure")), Days: reporting.Windows[0]}
	if text := q.Get("days"); text != "" {
		if list.Days, err = strconv.Atoi(text); err != nil {
			return errExport.At("days").Sayf("days is 30, 60 or 90").Because(err)
		}
	}
	if department := q.Get("department"); department != "" {
		list.Filter.Department = &department
	}
	found, _, err := s.reportOf(r.Context(), of, at)
	if err != nil {
		return err
	}
	return s.peopleTable(r.Context(), out, found[0], list)
}
