package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

// cells writes CSV. No cell of text is taken for a formula by a spreadsheet: what would be is told apart by an apostrophe. A number
// that is unknown, or over a denominator of 0, is an empty cell.
type cells struct{ *csv.Writer }

func newCells(w io.Writer) cells { return cells{Writer: csv.NewWriter(w)} }

func (c cells) row(values ...any) error {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = cell(value)
	}
	return wrote(c.Write(texts))
}

// anys is a header as a row.
func anys(names []string) []any {
	row := make([]any, len(names))
	for i, name := range names {
		row[i] = name
	}
	return row
}

func cell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return harmless(v)
	case *string:
		if v != nil {
			return harmless(*v)
		}
	case *int64:
		if v != nil {
			return strconv.FormatInt(*v, 10)
		}
	case *float64:
		if v != nil {
			return strconv.FormatFloat(*v, 'f', -1, 64)
		}
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case *time.Time:
		if v != nil {
			return v.UTC().Format(time.RFC3339Nano)
		}
	default:
		return fmt.Sprint(v)
	}
	return ""
}

// harmless is a text that no spreadsheet takes for a formula. What begins with apostrophes before such a text gets one more, so that
// plainText finds the text again.
func harmless(text string) string {
	if begins := strings.TrimLeft(text, "'"); begins != "" && strings.ContainsRune("=+-@\t\r\n", rune(begins[0])) {
		return "'" + text
	}
	return text
}

const licenseID = "licenseId"

var seatColumns = []any{"purchased", "assigned", "invited", "activated", "consentPending", "paused", "grace", "free", colWaiting, "overAssigned",
	"assignmentRate", "activationRate", "neverUsed"}

func useColumns() (all []any) {
	for _, days := range reporting.Windows {
		for _, name := range []string{"active", "inactive", "utilizationOfPurchased", "utilizationOfAssigned", "unused", "costOfUnused"} {
			all = append(all, fmt.Sprintf("%s%d", name, days))
		}
	}
	return append(all, colCurrency)
}

func figureCells(s reporting.Seats, u reporting.Use, limited bool) []any {
	var purchased, free, over any = s.Purchased, s.Free, s.OverAssigned
	if limited {
		purchased, free, over = nil, nil, nil // these are the whole license's
	}
	all := []any{purchased, s.Assigned, s.Invited, s.Activated, s.ConsentPending, s.Paused, s.Grace, free, s.Waiting, over,
		s.AssignmentRate, s.ActivationRate, u.NeverUsed}
	return append(all, useCells(u)...)
}

// useCells are the cells of useColumns.
func useCells(u reporting.Use) (all []any) {
	currency := ""
	for _, w := range u.Windows {
		all = append(all, w.Active, w.Inactive, w.UtilizationOfPurchased, w.UtilizationOfAssigned)
		if w.Unused == nil {
			all = append(all, nil, nil)
			continue
		}
		all, currency = append(all, w.Unused.Seats, w.Unused.Cost), w.Unused.Currency
	}
	return append(all, currency)
}

// reportOf reads the report of some licenses, with the licenses themselves.
func (h *house) reportOf(ctx context.Context, of []id.ID, at *time.Time) ([]reporting.Utilization, map[id.ID]licensing.License, error) {
	found, err := h.reports.Utilization(ctx, reporting.Question{Licenses: of, At: at}, reporting.WithUse)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]id.ID, len(found))
	for i, u := range found {
		ids[i] = u.License
	}
	licenses, err := h.seats.Licenses(ctx, ids)
	return found, licenses, err
}

// utilizationTable writes one row for each license.
func utilizationTable(out cells, found []reporting.Utilization, licenses map[id.ID]licensing.License) error {
	if err := out.row(append(append([]any{licenseID, colSKU, "product", colAt}, seatColumns...), useColumns()...)...); err != nil {
		return err
	}
	for _, u := range found {
		l := licenses[u.License]
		if err := out.row(append([]any{id.License.Format(u.License), l.SKU, l.Product, u.At}, figureCells(u.Seats, u.Use, u.Limited)...)...); err != nil {
			return err
		}
	}
	return nil
}

// seriesTable writes one row for each piece of the series of each license.
func (h *house) seriesTable(ctx context.Context, out cells, found []reporting.Utilization, licenses map[id.ID]licensing.License, span reporting.Span) error {
	series, err := h.reports.Series(ctx, found, span)
	if err != nil {
		return err
	}
	head := append(append([]any{licenseID, colSKU, "from", "to", colAt}, seatColumns...), useColumns()...)
	if err := out.row(append(head, "assignments", "removals", "peak", "peakAt")...); err != nil {
		return err
	}
	for _, u := range found {
		for _, p := range series[u.License] {
			row := append([]any{id.License.Format(u.License), licenses[u.License].SKU, string(p.From), string(p.To), p.At}, figureCells(p.Seats, p.Use, u.Limited)...)
			if err := out.row(append(row, p.Given, p.Freed, p.Peak, p.PeakAt)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// peopleTable writes one row for each person behind a figure, a page at a time.
func (h *house) peopleTable(ctx context.Context, out cells, u reporting.Utilization, list reporting.Listing) error {
	head := anys(holdersHead)
	for args := (page.Args{First: page.Max}); ; {
		all, err := h.reports.Holders(ctx, []reporting.Utilization{u}, list, args)
		if err != nil {
			return err
		}
		if head != nil { // nothing is written before the first page is there
			if err := out.row(head...); err != nil {
				return err
			}
			head = nil
		}
		for _, p := range all[u.License].Items {
			err := out.row(id.User.Format(p.User), p.UserName, p.DisplayName, p.Department, string(p.State), p.Since, p.AssignedAt, p.LastUsedAt,
				strings.Join(p.Reasons, " "))
			if err != nil {
				return err
			}
			args.After = list.Order.Cursor(p)
		}
		out.Flush()
		if !all[u.License].HasNext {
			return nil
		}
	}
}
