package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/usherhq/usher/graph"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

// list is a list that becomes a table, a page at a time. Nothing is written before the first page is there.
type list[T any] struct {
	read   func(page.Args) (page.Page[T], error)
	cursor func(T) string
	rows   func([]T) ([][]any, error)
}

func (l list[T]) write(out cells, head []string) error {
	for args := (page.Args{First: page.Max}); ; {
		p, err := l.read(args)
		if err != nil {
			return err
		}
		rows, err := l.rows(p.Items)
		if err != nil {
			return err
		}
		if args.After == "" && head != nil {
			if err := out.row(anys(head)...); err != nil {
				return err
			}
		}
		for _, row := range rows {
			if err := out.row(row...); err != nil {
				return err
			}
		}
		if !p.HasNext || len(p.Items) == 0 {
			return nil
		}
		out.Flush()
		args.After = l.cursor(p.Items[len(p.Items)-1])
	}
}

// each makes one row of each item.
func each[T any](row func(T) []any) func([]T) ([][]any, error) {
	return func(items []T) ([][]any, error) {
		rows := make([][]any, len(items))
		for i, item := range items {
			rows[i] = row(item)
		}
		return rows, nil
	}
}

// asks reads the query of an address. The first value that is none is told.
type asks struct {
	url.Values

	err error
}

func (a *asks) refuse(name, say string) {
	if a.err == nil {
		a.err = errExport.At(name).Sayf("%s is %s", name, say)
	}
}

func (a *asks) of(kind id.Kind, name string) *id.ID {
	text := a.Get(name)
	if text == "" {
		return nil
	}
	of, ok := kind.Parse(text)
	if !ok {
		a.refuse(name, "an id, such as "+string(kind)+"_…")
	}
	return &of
}

func (a *asks) text(name string) *string {
	if text := a.Get(name); text != "" {
		return &text
	}
	return nil
}

func (a *asks) truth(name string) *bool {
	text := a.Get(name)
	if text == "" {
		return nil
	}
	is, err := strconv.ParseBool(text)
	if err != nil {
		a.refuse(name, "true or false")
	}
	return &is
}

// way is the direction of a list, as over GraphQL.
func (a *asks) way(fallback page.Way) page.Way {
	switch a.Get("direction") {
	case "":
		return fallback
	case "ascending":
		return page.Ascending
	case "descending":
		return page.Descending
	default:
		a.refuse("direction", "ascending or descending")
		return fallback
	}
}

func (s *serving) exportUsers(r *http.Request, out cells) error {
	ctx, q := r.Context(), asks{Values: r.URL.Query()}
	f := directory.UserFilter{
		Search: q.Get("search"), Active: q.truth("active"), Department: q.text(colDepartment), Group: q.of(id.Group, "group"), Config: q.of(id.Config, "scimConfig"),
	}
	order := directory.UserOrder{Descending: q.way(page.Ascending) == page.Descending}
	if q.err != nil {
		return q.err
	}
	return list[*directory.User]{
		read: func(args page.Args) (page.Page[*directory.User], error) {
			return s.directory.ListUsers(ctx, args, f, order)
		},
		cursor: func(u *directory.User) string { return directory.UserCursor(u, order) },
		rows: each(func(u *directory.User) []any {
			return []any{
				id.User.Format(u.ID), u.UserName, u.DisplayName, u.Name.GivenName, u.Name.FamilyName, u.Title, u.Enterprise.Department, u.Enterprise.EmployeeNumber,
				primaryEmail(u.Emails), u.Active, u.Blocked, u.Origin, u.Version, u.CreatedAt, u.UpdatedAt,
			}
		}),
	}.write(out, usersHead)
}

func (s *serving) exportGroups(r *http.Request, out cells) error {
	ctx, q := r.Context(), asks{Values: r.URL.Query()}
	f := directory.GroupFilter{Search: q.Get("search"), Config: q.of(id.Config, "scimConfig")}
	order := directory.GroupOrder{Descending: q.way(page.Ascending) == page.Descending}
	if q.err != nil {
		return q.err
	}
	return list[*directory.Group]{
		read: func(args page.Args) (page.Page[*directory.Group], error) {
			return s.directory.ListGroups(ctx, args, f, order)
		},
		cursor: func(g *directory.Group) string { return directory.GroupCursor(g, order) },
		rows: each(func(g *directory.Group) []any {
			return []any{id.Group.Format(g.ID), g.DisplayName, g.ExternalID, shownID(id.Config, g.Config), g.Version, g.CreatedAt, g.UpdatedAt}
		}),
	}.write(out, groupsHead)
}

// shownID is an id that may not be there.
func shownID(kind id.Kind, of *id.ID) any {
	if of == nil || *of == id.Nil {
		return nil
	}
	return kind.Format(*of)
}

func (s *serving) exportMembers(r *http.Request, out cells) error {
	ctx, q := r.Context(), asks{Values: r.URL.Query()}
	of, way := q.of(id.Group, "group"), q.way(page.Ascending)
	switch {
	case q.err != nil:
		return q.err
	case of == nil:
		return errExport.At("group").Sayf("name one group")
	}
	group, err := s.directory.GetGroup(ctx, *of)
	if err != nil {
		return err
	}
	return list[directory.WholeMember]{
		read: func(args page.Args) (page.Page[directory.WholeMember], error) {
			found, err := s.directory.MembersOf(ctx, []id.ID{group.ID}, args, way, directory.Outline)
			return found[group.ID], err
		},
		cursor: directory.MemberCursor,
		rows: each(func(m directory.WholeMember) []any {
			kind, member := "user", id.User.Format(m.ID)
			if m.IsGroup {
				kind, member = "group", id.Group.Format(m.ID)
			}
			var config any
			if m.Source == directory.SourceSCIM || m.Source == directory.SourceAdopted {
				config = shownID(id.Config, m.SourceID)
			}
			return []any{id.Group.Format(group.ID), group.DisplayName, member, kind, nameOf(m), m.Source, config, m.Since}
		}),
	}.write(out, membersHead)
}

// nameOf is what a member is called: the userName of a person, the displayName of a group.
func nameOf(m directory.WholeMember) string {
	switch {
	case m.User != nil:
		return m.User.UserName
	case m.Group != nil:
		return m.Group.DisplayName
	default:
		return ""
	}
}

var licensesHead = []string{
	licenseID, colSKU, "product", "edition", "total", "taken", "free", colWaiting, "overAssigned", "allowed", "termStart", "termEnd", "pricePerSeatMinor", colCurrency,
	colVersion, colCreatedAt, colUpdatedAt,
}

func (s *serving) exportLicenses(r *http.Request, out cells) error {
	ctx, q := r.Context(), asks{Values: r.URL.Query()}
	order := licensing.Order{Way: q.way(page.Ascending)}
	if q.err != nil {
		return q.err
	}
	return list[licensing.License]{
		read: func(args page.Args) (page.Page[licensing.License], error) {
			return s.seats.List(ctx, args, licensing.Filter{Search: q.Get("search")}, order)
		},
		cursor: func(l licensing.License) string { return licensing.Cursor(l, order) },
		rows: each(func(l licensing.License) []any {
			allowed := &l.Allowed
			if l.OverPercent == licensing.Unlimited {
				allowed = nil
			}
			return []any{
				id.License.Format(l.ID), l.SKU, l.Product, l.Edition, l.Seats, l.Taken, l.Free(), l.Waiting, l.OverAssigned(), allowed, l.TermStart, l.TermEnd,
				l.PriceMinor, l.Currency, l.Version, l.CreatedAt, l.UpdatedAt,
			}
		}),
	}.write(out, licensesHead)
}

// everyLicense writes a table of several licenses, one after the other in the order of their SKUs: those that are asked for, or all.
func (s *serving) everyLicense(ctx context.Context, q *asks, out cells, head []string, write func(licensing.License) error) error {
	of, _, err := asked(q.Values)
	if err == nil {
		err = q.err
	}
	if err != nil {
		return err
	}
	wanted := map[id.ID]bool{}
	for _, one := range of {
		wanted[one] = true
	}
	known, err := s.seats.Licenses(ctx, of)
	if err != nil {
		return err
	}
	if len(known) < len(wanted) {
		return licensing.ErrLicenseNotFound.At(askLicense)
	}
	everything, err := all(func(args page.Args) (page.Page[licensing.License], error) {
		return s.seats.List(ctx, args, licensing.Filter{}, licensing.Order{})
	}, func(l licensing.License) string { return licensing.Cursor(l, licensing.Order{}) })
	if err != nil {
		return err
	}
	if err := out.row(anys(head)...); err != nil {
		return err
	}
	for _, l := range everything {
		if len(wanted) > 0 && !wanted[l.ID] {
			continue
		}
		if err := write(l); err != nil {
			return err
		}
	}
	return nil
}

func (s *serving) exportSeats(r *http.Request, out cells) error {
	ctx, q := r.Context(), asks{Values: r.URL.Query()}
	state, way := licensing.State(q.Get(colState)), q.way(page.Ascending)
	if state != "" && len(licensing.Transitions(state)) == 0 {
		q.refuse(colState, "waiting, consent_pending, invited, activated, paused, grace or released")
	}
	return s.everyLicense(ctx, &q, out, seatsHead, func(l licensing.License) error {
		return list[licensing.Seat]{
			read: func(args page.Args) (page.Page[licensing.Seat], error) {
				found, err := s.seats.Seats(ctx, []id.ID{l.ID}, state, args, way)
				return found[l.ID], err
			},
			cursor: licensing.SeatCursor,
			rows:   func(seats []licensing.Seat) ([][]any, error) { return s.seatRows(ctx, l, seats) },
		}.write(out, nil)
	})
}

// seatRows tells of seats what GraphQL tells. Names are for who may read people.
func (s *serving) seatRows(ctx context.Context, l licensing.License, seats []licensing.Seat) ([][]any, error) {
	shown, err := s.showSeats(ctx, seats)
	if err != nil {
		return nil, err
	}
	who, _ := caller.From(ctx)
	rows := make([][]any, len(seats))
	for i, seat := range seats {
		one, kept := shown[i], seat.ValidUntil
		if seat.State != licensing.Grace && seat.State != licensing.Paused {
			kept = nil
		}
		name, place := any(nil), any(nil)
		if who.Scopes.Allow(caller.ScopeAdminRead) {
			name = one.UserName
		}
		if one.Position > 0 {
			place = one.Position
		}
		rows[i] = []any{
			one.ID, id.License.Format(l.ID), l.SKU, one.UserID, name, string(seat.State), place, seat.Since, one.Reason, seat.Priority, seat.WaitingSince,
			seat.AssignedAt, seat.ActivatedAt, kept, seat.LastUsedAt, seat.NoticedAt, seat.ReclaimReason,
		}
	}
	return rows, nil
}

var ledgerHead = []string{licenseID, colSKU, colAt, colUserID, "was", "now", "cause", colEventID}

func (s *serving) exportLedger(r *http.Request, out cells) error {
	ctx, q := r.Context(), asks{Values: r.URL.Query()}
	f, way := licensing.LedgerFilter{Now: licensing.State(q.Get("now"))}, q.way(page.Descending)
	if user := q.of(id.User, "user"); user != nil {
		f.User = *user
	}
	if f.Now != "" && len(licensing.Transitions(f.Now)) == 0 {
		q.refuse("now", "the state that steps have led to, such as invited")
	}
	return s.everyLicense(ctx, &q, out, ledgerHead, func(l licensing.License) error {
		return list[licensing.Entry]{
			read: func(args page.Args) (page.Page[licensing.Entry], error) {
				found, err := s.seats.Ledger(ctx, []id.ID{l.ID}, f, args, way)
				return found[l.ID], err
			},
			cursor: licensing.EntryCursor,
			rows: each(func(e licensing.Entry) []any {
				return []any{id.License.Format(l.ID), l.SKU, e.At, id.User.Format(e.User), string(e.Was), string(e.Now), e.Cause, id.Event.Format(e.Event)}
			}),
		}.write(out, nil)
	})
}

var eventsHead = []string{colEventID, "number", "kind", "subjectId", "actorKind", "actorName", "data", "requestId", colAt}

func (s *serving) exportEvents(r *http.Request, out cells) error {
	ctx, q := r.Context(), asks{Values: r.URL.Query()}
	f := events.Filter{Kinds: q.Values["kind"]}
	if text := q.Get("subject"); text != "" {
		_, of, ok := id.KindOf(text)
		if !ok {
			q.refuse("subject", "the id of what events are about")
		}
		f.Subject = of
	}
	if len(f.Kinds) > graph.MaxKinds {
		q.refuse("kind", "named at most "+strconv.Itoa(graph.MaxKinds)+" times")
	}
	if q.err != nil {
		return q.err
	}
	return list[events.Event]{
		read:   func(args page.Args) (page.Page[events.Event], error) { return s.events.List(ctx, args, f) },
		cursor: events.Cursor,
		rows: each(func(e events.Event) []any {
			data, _ := e.Data.(json.RawMessage)
			return []any{id.Event.Format(e.ID), e.Number, e.Kind, graph.SubjectID(&e), e.Actor.Kind, e.Actor.Name, string(data), e.RequestID, e.At}
		}),
	}.write(out, eventsHead)
}

var alertsHead = []string{"alertId", licenseID, colSKU, "kind", "threshold", "value", "crossedAt", "overAt"}

func (s *serving) exportAlerts(r *http.Request, out cells) error {
	ctx, q := r.Context(), asks{Values: r.URL.Query()}
	f, way := reporting.AlertFilter{License: q.of(id.License, askLicense), Open: q.truth("open")}, q.way(page.Descending)
	if q.err != nil {
		return q.err
	}
	return list[reporting.Alert]{
		read:   func(args page.Args) (page.Page[reporting.Alert], error) { return s.reports.Alerts(ctx, args, f, way) },
		cursor: reporting.AlertCursor,
		rows: func(alerts []reporting.Alert) ([][]any, error) {
			ids := make([]id.ID, len(alerts))
			for i, a := range alerts {
				ids[i] = a.License
			}
			licenses, err := s.seats.Licenses(ctx, ids)
			if err != nil {
				return nil, err
			}
			return each(func(a reporting.Alert) []any {
				return []any{
					id.Alert.Format(a.ID), id.License.Format(a.License), licenses[a.License].SKU, string(a.Kind), a.Threshold, a.Value, a.CrossedAt, a.OverAt,
				}
			})(alerts)
		},
	}.write(out, alertsHead)
}
