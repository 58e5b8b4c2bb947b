package main

import (
	"net/http"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

// reported are the licenses of one report, whose figures a table tells.
type reported struct {
	found    []reporting.Utilization
	licenses map[id.ID]licensing.License
}

func (s *serving) reported(r *http.Request) (reported, error) {
	of, at, err := asked(r.URL.Query())
	if err != nil {
		return reported{}, err
	}
	found, licenses, err := s.reportOf(r.Context(), of, at)
	return reported{found, licenses}, err
}

// write writes the rows of each license behind what names it.
func (r reported) write(out cells, head []any, rows func(u reporting.Utilization) [][]any) error {
	if err := out.row(append([]any{licenseID, colSKU}, head...)...); err != nil {
		return err
	}
	for _, u := range r.found {
		for _, row := range rows(u) {
			if err := out.row(append([]any{id.License.Format(u.License), r.licenses[u.License].SKU}, row...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

func partColumns() []any {
	all := []any{"by", "key", "label", "assigned", "invited", "activated", "consentPending", "paused", "grace", colWaiting, "activationRate", "neverUsed"}
	return append(all, useColumns()...)
}

func (s *serving) exportBreakdown(r *http.Request, out cells) error {
	by := reporting.Dimension(r.URL.Query().Get("by"))
	if by == "" {
		by = reporting.ByDepartment
	}
	report, err := s.reported(r)
	if err != nil {
		return err
	}
	parts, err := s.reports.Parts(r.Context(), report.found, by)
	if err != nil {
		return err
	}
	kind := map[reporting.Dimension]id.Kind{reporting.ByGroup: id.Group, reporting.ByConfig: id.Config}[by]
	return report.write(out, partColumns(), func(u reporting.Utilization) (rows [][]any) {
		for _, p := range parts[u.License] {
			row := []any{string(by), reporting.PartKey(p, kind), p.Label, p.Assigned, p.Invited, p.Activated, p.ConsentPending, p.Paused, p.Grace, p.Waiting, p.ActivationRate, p.NeverUsed}
			rows = append(rows, append(row, useCells(p.Use)...))
		}
		return rows
	})
}

var flowColumns = []any{
	"from", "to", "assignments", "removals", "recovered", "recoveredWorth", colCurrency, "seatCases", "seatP50Seconds", "seatP95Seconds", "recoverCases",
	"recoverP50Seconds", "recoverP95Seconds",
}

func (s *serving) exportFlow(r *http.Request, out cells) error {
	since, err := momentOf(r, colSince)
	if err != nil {
		return err
	}
	report, err := s.reported(r)
	if err != nil {
		return err
	}
	flows, err := s.reports.Flows(r.Context(), report.found, since)
	if err != nil {
		return err
	}
	return report.write(out, flowColumns, func(u reporting.Utilization) [][]any {
		f := flows[u.License]
		row := []any{f.From, f.To, f.Assigned, f.Removed, f.Recovered, f.RecoveredWorth, f.Currency}
		return [][]any{append(append(row, durationCells(f.TimeToSeat)...), durationCells(f.TimeToRecover)...)}
	})
}

// momentOf reads a moment of an address; nil is none.
func momentOf(r *http.Request, name string) (*time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return nil, nil //nolint:nilnil // none was given
	}
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return nil, errExport.At(name).Sayf("%s is a moment, such as 2027-01-31T12:00:00Z", name).Because(err)
	}
	return &moment, nil
}

func durationCells(d reporting.Durations) []any {
	return []any{d.Count, seconds(d.P50), seconds(d.P95)}
}

func seconds(of *time.Duration) *float64 {
	if of == nil {
		return nil
	}
	s := of.Seconds()
	return &s
}

var forecastColumns = []any{
	"daysOfData", "runOutEarliest", "runOutExpected", "runOutLatest", "takeUpSlow", "takeUpMedian", "takeUpFast", "trueUpAt", "expectedNeed", "lowNeed", "highNeed",
	"difference",
}

func (s *serving) exportForecasts(r *http.Request, out cells) error {
	report, err := s.reported(r)
	if err != nil {
		return err
	}
	forecasts, err := s.reports.Forecasts(r.Context(), report.found)
	if err != nil {
		return err
	}
	return report.write(out, forecastColumns, func(u reporting.Utilization) [][]any {
		f := forecasts[u.License]
		row := []any{f.DaysOfData, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil}
		if o := f.RunOut; o != nil {
			copy(row[1:], []any{dayCell(o.Earliest), dayCell(o.Expected), dayCell(o.Latest), &o.TakeUp.Slow, &o.TakeUp.Median, &o.TakeUp.Fast})
		}
		if up := f.TrueUp; up != nil {
			copy(row[7:], []any{up.At, up.ExpectedNeed, up.LowNeed, up.HighNeed, up.Difference})
		}
		return [][]any{row}
	})
}

func dayCell(d *reporting.Day) any {
	if d == nil {
		return nil
	}
	return string(*d)
}

var reclaimableColumns = []any{"idleDays", "invitedDays", "seats", "idle", "neverActivated", "left", "worthPerYear", colCurrency}

func (s *serving) exportReclaimable(r *http.Request, out cells) error {
	report, err := s.reported(r)
	if err != nil {
		return err
	}
	all, err := s.reports.Reclaimables(r.Context(), report.found)
	if err != nil {
		return err
	}
	return report.write(out, reclaimableColumns, func(u reporting.Utilization) [][]any {
		of := all[u.License]
		idle := &of.Idle
		if !of.IdleKnown {
			idle = nil
		}
		return [][]any{{of.IdleDays, of.InvitedDays, of.Seats, idle, of.NeverActivated, of.Left, of.WorthPerYear, of.Currency}}
	})
}

var sourceColumns = []any{"name", "lagHours", "silentHours", "reportedAt", "latestAt", "silent"}

func (s *serving) exportSources(r *http.Request, out cells) error {
	report, err := s.reported(r)
	if err != nil {
		return err
	}
	return report.write(out, sourceColumns, func(u reporting.Utilization) (rows [][]any) {
		for _, source := range u.Sources {
			rows = append(rows, []any{source.Name, source.LagHours, source.SilentHours, source.ReportedAt, source.LatestAt, source.Silent})
		}
		return rows
	})
}

var moveColumns = []any{"figure", colAt, colUserID, colUserName, "was", "now", "cause", "tookSeconds", colEventID}

// exportMoves writes the steps behind a figure of a flow.
func (s *serving) exportMoves(r *http.Request, out cells) error {
	ctx, q := r.Context(), asks{Values: r.URL.Query()}
	since, err := momentOf(r, colSince)
	if err != nil {
		return err
	}
	m := reporting.Moving{Figure: reporting.MoveFigure(q.Get("figure")), Since: since, Way: q.way(page.Descending)}
	if m.Figure == "" {
		m.Figure = reporting.MovesIn
	}
	if q.err != nil {
		return q.err
	}
	report, err := s.reported(r)
	if err != nil {
		return err
	}
	if _, err := s.reports.Moves(ctx, report.found, m, page.Args{First: 1}); err != nil { // refuses before anything is written
		return err
	}
	if err := out.row(append([]any{licenseID, colSKU}, moveColumns...)...); err != nil {
		return err
	}
	for _, u := range report.found {
		err := list[reporting.Move]{
			read: func(args page.Args) (page.Page[reporting.Move], error) {
				found, err := s.reports.Moves(ctx, []reporting.Utilization{u}, m, args)
				return found[u.License], err
			},
			cursor: m.Cursor,
			rows: each(func(of reporting.Move) []any {
				return []any{
					id.License.Format(u.License), report.licenses[u.License].SKU, string(m.Figure), of.At, id.User.Format(of.User), of.UserName, of.Was, of.Now, of.Cause,
					seconds(of.Took), id.Event.Format(of.Event),
				}
			}),
		}.write(out, nil)
		if err != nil {
			return err
		}
	}
	return nil
}
