package graph

import (
	"context"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/reporting"
)

func alertKey(a *reporting.Alert) (id.ID, bool)          { return a.License, true }
func reportedKey(u *reporting.Utilization) (id.ID, bool) { return u.License, true }
func behindKey(h *reporting.Holder) (id.ID, bool)        { return h.User, true }
func movedKey(m *reporting.Move) (id.ID, bool)           { return m.User, true }

// reportKey makes the report of a license its own key: its verbs want to know the moment and the terms too.
func reportKey(u *reporting.Utilization) (*reporting.Utilization, bool) { return u, true }

// utilization reads the figures of licenses, and of their use only what is asked for.
func (r *Resolver) utilization(ctx context.Context, licenses []string, at *time.Time) (*reporting.Report, error) {
	q := reporting.Question{At: at}
	if len(licenses) > reporting.MaxLicenses {
		return nil, errArguments.At("licenses").Sayf("name at most %d licenses", reporting.MaxLicenses)
	}
	for _, text := range licenses {
		of, err := parsed(id.License, "licenses", text)
		if err != nil {
			return nil, err
		}
		q.Licenses = append(q.Licenses, of)
	}
	report := &reporting.Report{Licenses: []*reporting.Utilization{}}
	if licenses != nil && len(licenses) == 0 {
		return report, nil
	}
	selected := graphql.GetFieldContext(ctx).Field.Selections
	found, err := r.Reports.Utilization(ctx, q, reporting.Depth(names(selected, "LicenseUtilization.windows", "LicenseUtilization.neverUsed", "LicenseUtilization.series")))
	if err != nil {
		return nil, err
	}
	report.At, report.Licenses = r.Reports.At(q), pointers(found)
	if len(found) > 0 {
		report.At = found[0].At
	}
	hold(ctx, levelOf(report.Licenses))
	if len(found) > 0 && names(selected, "UtilizationReport.people", "UtilizationReport.seats") {
		report.People, report.Seats, err = r.Reports.People(ctx, found)
	}
	return report, err
}

// names tells whether a selection names one of some fields, each written behind its type, at whatever depth.
func names(set ast.SelectionSet, fields ...string) bool {
	return slices.ContainsFunc(set, func(selected ast.Selection) bool {
		switch s := selected.(type) {
		case *ast.Field:
			return slices.Contains(fields, s.ObjectDefinition.Name+"."+s.Name) || names(s.SelectionSet, fields...)
		case *ast.InlineFragment:
			return names(s.SelectionSet, fields...)
		case *ast.FragmentSpread:
			return names(s.Definition.SelectionSet, fields...)
		default:
			return false
		}
	})
}

// reported reads something of every report of a level.
func reported[T, V any](read func(context.Context, []reporting.Utilization) (map[id.ID]T, error), shape func(T) V,
) func(context.Context, []*reporting.Utilization) (map[*reporting.Utilization]V, []any, error) {
	return func(ctx context.Context, of []*reporting.Utilization) (map[*reporting.Utilization]V, []any, error) {
		found, err := read(ctx, values(of))
		if err != nil {
			return nil, nil, err
		}
		all := make(map[*reporting.Utilization]V, len(of))
		for _, u := range of {
			all[u] = shape(found[u.License])
		}
		return all, nil, nil
	}
}

func values[T any](all []*T) []T {
	some := make([]T, len(all))
	for i, one := range all {
		some[i] = *one
	}
	return some
}

func reclaimableSeats(of reporting.Reclaimable) *generated.ReclaimableSeats {
	seats := &generated.ReclaimableSeats{
		IdleDays: of.IdleDays, InvitedDays: of.InvitedDays, Seats: of.Seats, NeverActivated: of.NeverActivated, Left: of.Left,
		WorthPerYear: of.WorthPerYear, Currency: of.Currency,
	}
	if of.IdleKnown {
		seats.Idle = &of.Idle
	}
	return seats
}

func seatFlow(of reporting.Flow) *generated.SeatFlow {
	return &generated.SeatFlow{
		From: of.From, To: of.To, Assignments: of.Assigned, Removals: of.Removed, Recovered: of.Recovered, RecoveredWorth: of.RecoveredWorth,
		Currency: of.Currency, TimeToSeat: durations(of.TimeToSeat), TimeToRecover: durations(of.TimeToRecover),
	}
}

func durations(of reporting.Durations) generated.CaseDurations {
	return generated.CaseDurations{Cases: of.Count, P50Seconds: secondsOf(of.P50), P95Seconds: secondsOf(of.P95)}
}

func secondsOf(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := d.Seconds()
	return &s
}

func seatForecast(of reporting.Forecast) *generated.SeatForecast {
	f := &generated.SeatForecast{DaysOfData: of.DaysOfData}
	if out := of.RunOut; out != nil {
		f.RunOut = &generated.RunOut{
			Earliest: dayText(out.Earliest), Expected: dayText(out.Expected), Latest: dayText(out.Latest),
			TakeUp: []float64{out.TakeUp.Slow, out.TakeUp.Median, out.TakeUp.Fast},
		}
	}
	if up := of.TrueUp; up != nil {
		f.TrueUp = &generated.TrueUp{At: up.At, ExpectedNeed: up.ExpectedNeed, LowNeed: up.LowNeed, HighNeed: up.HighNeed, Difference: up.Difference}
	}
	return f
}

func dayText(d *reporting.Day) *string {
	if d == nil {
		return nil
	}
	text := string(*d)
	return &text
}

func (r *Resolver) breakdown(ctx context.Context, u *reporting.Utilization, by reporting.Dimension, args page.Args) (*generated.UtilizationPartConnection, error) {
	parts, err := along(ctx, u, thisField(ctx), reportKey, reported(func(ctx context.Context, of []reporting.Utilization) (map[id.ID][]reporting.Part, error) {
		return r.Reports.Parts(ctx, of, by)
	}, func(parts []reporting.Part) []reporting.Part { return parts }))
	if err != nil {
		return nil, err
	}
	cut, err := reporting.CutParts(parts, args)
	if err != nil {
		return nil, err
	}
	kind := map[reporting.Dimension]id.Kind{reporting.ByGroup: id.Group, reporting.ByConfig: id.Config}[by]
	nodes := make([]*generated.UtilizationPart, len(cut.Items))
	for i, p := range cut.Items {
		nodes[i] = utilizationPart(p, kind)
	}
	c := &generated.UtilizationPartConnection{Nodes: nodes, TotalCount: cut.Total}
	fill(cut, want(ctx), reporting.PartCursor, func(p reporting.Part, cursor string) *generated.UtilizationPartEdge {
		return &generated.UtilizationPartEdge{Cursor: cursor, Node: *utilizationPart(p, kind)}
	}, &c.Edges, &c.PageInfo)
	return c, nil
}

func utilizationPart(p reporting.Part, kind id.Kind) *generated.UtilizationPart {
	return &generated.UtilizationPart{
		Key: reporting.PartKey(p, kind), Label: p.Label, Assigned: p.Assigned, Invited: p.Invited, Activated: p.Activated, ConsentPending: p.ConsentPending,
		Paused: p.Paused, Grace: p.Grace, Waiting: p.Waiting, ActivationRate: p.ActivationRate, NeverUsed: p.NeverUsed, Windows: pointers(p.Windows),
	}
}

func (r *Resolver) peopleBehind(ctx context.Context, u *reporting.Utilization, figure reporting.Figure, days int, args page.Args,
	filter *generated.SeatHolderFilter, order *generated.SeatHolderOrder,
) (*generated.SeatHolderConnection, error) {
	list := reporting.Listing{Figure: figure, Days: days}
	if order != nil {
		list.Order = reporting.Order{By: order.Field, Way: way(order.Direction)}
	}
	if filter != nil {
		var err error
		if list.Filter.Group, err = optional(id.Group, "groupId", value(filter.GroupID)); err != nil {
			return nil, err
		}
		if list.Filter.Config, err = optional(id.Config, "scimConfigId", value(filter.ScimConfigID)); err != nil {
			return nil, err
		}
		list.Filter.Department, list.Filter.Manager = value(filter.Department), value(filter.Manager)
	}
	c, err := along(ctx, u, thisField(ctx), reportKey, r.holders(list, args))
	if err == nil && c == nil {
		return nil, reporting.ErrUseUnknown
	}
	return c, err
}

// holders reads the people behind a figure for every report of a level, and how many they are if that is asked.
func (r *Resolver) holders(list reporting.Listing, args page.Args,
) func(context.Context, []*reporting.Utilization) (map[*reporting.Utilization]*generated.SeatHolderConnection, []any, error) {
	return func(ctx context.Context, of []*reporting.Utilization) (map[*reporting.Utilization]*generated.SeatHolderConnection, []any, error) {
		w := want(ctx)
		of = slices.DeleteFunc(slices.Clone(of), func(u *reporting.Utilization) bool { return !list.Known(*u) })
		reports := values(of)
		var found map[id.ID]page.Page[reporting.Holder]
		var counts map[id.ID]int64
		var err error
		if w.rows() {
			if found, err = r.Reports.Holders(ctx, reports, list, args); err != nil {
				return nil, nil, err
			}
		}
		if w.total {
			if counts, err = r.Reports.HolderCounts(ctx, reports, list); err != nil {
				return nil, nil, err
			}
		}
		all := make(map[*reporting.Utilization]*generated.SeatHolderConnection, len(of))
		for _, u := range of {
			p := found[u.License]
			c := &generated.SeatHolderConnection{Nodes: pointers(p.Items), TotalCount: counts[u.License]}
			fill(p, w, list.Order.Cursor, func(h reporting.Holder, cursor string) *generated.SeatHolderEdge {
				return &generated.SeatHolderEdge{Cursor: cursor, Node: h}
			}, &c.Edges, &c.PageInfo)
			all[u] = c
		}
		return all, []any{each(all, func(c *generated.SeatHolderConnection) []*reporting.Holder { return c.Nodes })}, nil
	}
}

// moves reads the steps behind a figure of a flow for every report of a level, and how many they are if that is asked.
func (r *Resolver) moves(list reporting.Moving, args page.Args,
) func(context.Context, []*reporting.Utilization) (map[*reporting.Utilization]*generated.SeatMoveConnection, []any, error) {
	return func(ctx context.Context, of []*reporting.Utilization) (map[*reporting.Utilization]*generated.SeatMoveConnection, []any, error) {
		w, reports := want(ctx), values(of)
		var found map[id.ID]page.Page[reporting.Move]
		var counts map[id.ID]int64
		var err error
		if w.rows() {
			if found, err = r.Reports.Moves(ctx, reports, list, args); err != nil {
				return nil, nil, err
			}
		}
		if w.total {
			if counts, err = r.Reports.MoveCounts(ctx, reports, list); err != nil {
				return nil, nil, err
			}
		}
		all := make(map[*reporting.Utilization]*generated.SeatMoveConnection, len(of))
		for _, u := range of {
			p := found[u.License]
			c := &generated.SeatMoveConnection{Nodes: pointers(p.Items), TotalCount: counts[u.License]}
			fill(p, w, list.Cursor, func(m reporting.Move, cursor string) *generated.SeatMoveEdge {
				return &generated.SeatMoveEdge{Cursor: cursor, Node: m}
			}, &c.Edges, &c.PageInfo)
			all[u] = c
		}
		return all, []any{each(all, func(c *generated.SeatMoveConnection) []*reporting.Move { return c.Nodes })}, nil
	}
}

func (r *Resolver) points(ctx context.Context, u *reporting.Utilization, span reporting.Span) ([]reporting.Point, error) {
	return along(ctx, u, thisField(ctx), reportKey, reported(func(ctx context.Context, of []reporting.Utilization) (map[id.ID][]reporting.Point, error) {
		return r.Reports.Series(ctx, of, span)
	}, func(points []reporting.Point) []reporting.Point { return points }))
}

func (r *Resolver) series(ctx context.Context, u *reporting.Utilization, span reporting.Span) ([]*generated.UtilizationPoint, error) {
	points, err := r.points(ctx, u, span)
	if err != nil {
		return nil, err
	}
	all := make([]*generated.UtilizationPoint, len(points))
	for i, p := range points {
		all[i] = &generated.UtilizationPoint{
			From: string(p.From), To: string(p.To), At: p.At, Purchased: p.Purchased, Assigned: p.Assigned, Invited: p.Invited, Activated: p.Activated,
			ConsentPending: p.ConsentPending, Paused: p.Paused, Grace: p.Grace, Free: p.Free, Waiting: p.Waiting, OverAssigned: p.OverAssigned,
			AssignmentRate: p.AssignmentRate, ActivationRate: p.ActivationRate, NeverUsed: p.NeverUsed, Windows: pointers(p.Windows),
			Assignments: p.Given, Removals: p.Freed, Peak: p.Peak, PeakAt: p.PeakAt,
		}
	}
	return all, nil
}

func (r *Resolver) peak(ctx context.Context, u *reporting.Utilization, span reporting.Span) (*reporting.Peak, error) {
	points, err := r.points(ctx, u, span)
	return reporting.PeakOf(points), err
}

func (r *Resolver) alerts(ctx context.Context, args page.Args, filter *generated.AlertFilter, direction generated.Direction) (*generated.AlertConnection, error) {
	var f reporting.AlertFilter
	if filter != nil {
		var err error
		f.Open = value(filter.Open)
		if f.License, err = optional(id.License, "licenseId", value(filter.LicenseID)); err != nil {
			return nil, err
		}
	}
	p, w, total, err := listed(ctx, func() (page.Page[reporting.Alert], error) { return r.Reports.Alerts(ctx, args, f, way(direction)) },
		func() (int64, error) { return r.Reports.CountAlerts(ctx, f) })
	if err != nil {
		return nil, err
	}
	c := &generated.AlertConnection{Nodes: pointers(p.Items), TotalCount: total}
	fill(p, w, reporting.AlertCursor, func(a reporting.Alert, cursor string) *generated.AlertEdge {
		return &generated.AlertEdge{Cursor: cursor, Node: a}
	}, &c.Edges, &c.PageInfo)
	hold(ctx, levelOf(c.Nodes))
	return c, nil
}
