package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/modules/tenancy"
)

// paging reads the arguments of a connection. A number that is none asks for a page that page.Args refuses.
func paging(first *int, after *string, last *int, before *string) page.Args {
	count := func(n *int) int {
		switch {
		case n == nil:
			return 0
		case *n == 0:
			return -1
		default:
			return *n
		}
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return page.Args{First: count(first), After: text(after), Last: count(last), Before: text(before)}
}

// way turns a direction of the schema into the way of a list.
func way(direction generated.Direction) page.Way {
	return page.Way(direction == generated.DirectionDescending)
}

// wanted says what a client wants of a connection: what it does not ask for is not read, counted or made.
type wanted struct{ edges, nodes, pageInfo, total, hints bool }

func want(ctx context.Context) (w wanted) {
	for _, field := range graphql.CollectFieldsCtx(ctx, nil) {
		switch field.Name {
		case "edges":
			w.edges = true
		case "nodes":
			w.nodes = true
		case "pageInfo":
			w.pageInfo = true
		case "totalCount":
			w.total = true
		case "hints":
			w.hints = true
		}
	}
	return w
}

// rows tells whether rows have to be read for it.
func (w wanted) rows() bool { return w.edges || w.nodes || w.pageInfo }

// typeName is the field of every type that tells its name.
const typeName = "__typename"

// outline are the fields, by type, for which an outline of people or groups is enough.
var outline = map[string][]string{
	"User": {
		typeName, "id", "userName", "active", "blocked", "origin", "version", "createdAt", "updatedAt", "links", "seats", "groups", "events",
	},
	"Group":         {typeName, "id", "displayName", "members", "parkedMembers", "drift", "events"},
	"UserGroupEdge": {typeName, "cursor", "node"},
}

// detail tells how much the client wants to know of the things of some types right below a field.
func detail(ctx context.Context, types ...string) directory.Detail {
	if outlined(graphql.GetFieldContext(ctx).Field.Selections, types) {
		return directory.Outline
	}
	return directory.Whole
}

func outlined(set ast.SelectionSet, types []string) bool {
	return !slices.ContainsFunc(set, func(selected ast.Selection) bool {
		switch s := selected.(type) {
		case *ast.Field:
			of := s.ObjectDefinition.Name
			if slices.Contains(types, of) && !slices.Contains(outline[of], s.Name) {
				return true
			}
			return of != "User" && of != "Group" && !outlined(s.SelectionSet, types) // what is below them is read by itself
		case *ast.InlineFragment:
			return !outlined(s.SelectionSet, types)
		case *ast.FragmentSpread:
			return !outlined(s.Definition.SelectionSet, types)
		default:
			return false
		}
	})
}

// fill makes those parts of a connection that the client wants.
func fill[T, E any](p page.Page[T], w wanted, cursor func(T) string, edge func(T, string) *E, edges *[]*E, info *generated.PageInfo) {
	if w.edges {
		*edges = make([]*E, len(p.Items))
		for i, item := range p.Items {
			(*edges)[i] = edge(item, cursor(item))
		}
	}
	if !w.pageInfo {
		return
	}
	*info = generated.PageInfo{HasNextPage: p.HasNext, HasPreviousPage: p.HasPrevious}
	if n := len(p.Items); n > 0 {
		start, end := cursor(p.Items[0]), cursor(p.Items[n-1])
		info.StartCursor, info.EndCursor = &start, &end
	}
}

func tenantConnection(p page.Page[tenancy.Tenant], w wanted, order tenancy.Order) *generated.TenantConnection {
	c := &generated.TenantConnection{Nodes: pointers(p.Items)}
	fill(p, w, func(t tenancy.Tenant) string { return tenancy.Cursor(t, order) }, func(t tenancy.Tenant, cursor string) *generated.TenantEdge {
		return &generated.TenantEdge{Cursor: cursor, Node: t}
	}, &c.Edges, &c.PageInfo)
	return c
}

func configConnection(p page.Page[provisioning.Config], w wanted, order provisioning.ConfigOrder) *generated.ScimConfigConnection {
	c := &generated.ScimConfigConnection{Nodes: pointers(p.Items)}
	cursor := func(c provisioning.Config) string { return provisioning.ConfigCursor(c, order) }
	fill(p, w, cursor, func(of provisioning.Config, cursor string) *generated.ScimConfigEdge {
		return &generated.ScimConfigEdge{Cursor: cursor, Node: of}
	}, &c.Edges, &c.PageInfo)
	return c
}

func callConnection(p page.Page[provisioning.Call], w wanted) *generated.CallConnection {
	c := &generated.CallConnection{Nodes: pointers(p.Items)}
	fill(p, w, provisioning.CallCursor, func(of provisioning.Call, cursor string) *generated.CallEdge {
		return &generated.CallEdge{Cursor: cursor, Node: of}
	}, &c.Edges, &c.PageInfo)
	return c
}

func tokenConnection(p page.Page[access.Token], w wanted) *generated.AccessTokenConnection {
	c := &generated.AccessTokenConnection{Nodes: pointers(p.Items)}
	fill(p, w, access.TokenCursor, func(t access.Token, cursor string) *generated.AccessTokenEdge {
		return &generated.AccessTokenEdge{Cursor: cursor, Node: t}
	}, &c.Edges, &c.PageInfo)
	return c
}

func licenseConnection(p page.Page[licensing.License], w wanted, order licensing.Order) *generated.LicenseConnection {
	c := &generated.LicenseConnection{Nodes: pointers(p.Items)}
	fill(p, w, func(l licensing.License) string { return licensing.Cursor(l, order) }, func(l licensing.License, cursor string) *generated.LicenseEdge {
		return &generated.LicenseEdge{Cursor: cursor, Node: l}
	}, &c.Edges, &c.PageInfo)
	return c
}

func seatConnection(p page.Page[licensing.Seat], w wanted) *generated.SeatConnection {
	c := &generated.SeatConnection{Nodes: pointers(p.Items)}
	fill(p, w, licensing.SeatCursor, func(s licensing.Seat, cursor string) *generated.SeatEdge {
		return &generated.SeatEdge{Cursor: cursor, Node: s}
	}, &c.Edges, &c.PageInfo)
	return c
}

func ledgerConnection(p page.Page[licensing.Entry], w wanted) *generated.LedgerConnection {
	c := &generated.LedgerConnection{Nodes: pointers(p.Items)}
	fill(p, w, licensing.EntryCursor, func(e licensing.Entry, cursor string) *generated.LedgerEdge {
		return &generated.LedgerEdge{Cursor: cursor, Node: e}
	}, &c.Edges, &c.PageInfo)
	return c
}

func eventConnection(p page.Page[events.Event], w wanted, cursor func(events.Event) string) *generated.EventConnection {
	c := &generated.EventConnection{Nodes: pointers(p.Items)}
	fill(p, w, cursor, func(e events.Event, cursor string) *generated.EventEdge {
		return &generated.EventEdge{Cursor: cursor, Node: e}
	}, &c.Edges, &c.PageInfo)
	return c
}

func userConnection(p page.Page[*directory.User], w wanted, order directory.UserOrder) *generated.UserConnection {
	c := &generated.UserConnection{Nodes: p.Items}
	fill(p, w, func(u *directory.User) string { return directory.UserCursor(u, order) }, func(u *directory.User, cursor string) *generated.UserEdge {
		return &generated.UserEdge{Cursor: cursor, Node: *u}
	}, &c.Edges, &c.PageInfo)
	return c
}

func groupConnection(p page.Page[*directory.Group], w wanted, order directory.GroupOrder) *generated.GroupConnection {
	c := &generated.GroupConnection{Nodes: p.Items}
	fill(p, w, func(g *directory.Group) string { return directory.GroupCursor(g, order) }, func(g *directory.Group, cursor string) *generated.GroupEdge {
		return &generated.GroupEdge{Cursor: cursor, Node: *g}
	}, &c.Edges, &c.PageInfo)
	return c
}

var membershipSources = map[string]generated.MembershipSource{
	directory.SourceSCIM: generated.MembershipSourceScim, directory.SourceHand: generated.MembershipSourceHand, directory.SourceRule: generated.MembershipSourceRule,
	directory.SourceAdopted: generated.MembershipSourceAdopted,
}

func memberConnection(p page.Page[directory.WholeMember], w wanted) *generated.MemberConnection {
	c := &generated.MemberConnection{}
	fill(p, w, directory.MemberCursor, func(m directory.WholeMember, cursor string) *generated.MemberEdge {
		edge := &generated.MemberEdge{Cursor: cursor, Source: membershipSources[m.Source], Since: m.Since, Config: configBehind(m.Source, m.SourceID), Reasons: pointers(m.Reasons)}
		if m.IsGroup {
			edge.Node = m.Group
		} else {
			edge.Node = m.User
		}
		return edge
	}, &c.Edges, &c.PageInfo)
	return c
}

func memberOfConnection(p page.Page[directory.MemberOf], w wanted) *generated.UserGroupConnection {
	c := &generated.UserGroupConnection{Nodes: make([]*directory.Group, len(p.Items))}
	for i := range p.Items {
		c.Nodes[i] = &p.Items[i].Group
	}
	fill(p, w, directory.MemberOfCursor, func(m directory.MemberOf, cursor string) *generated.UserGroupEdge {
		return &generated.UserGroupEdge{
			Cursor: cursor, Node: m.Group, Source: membershipSources[m.Source], Since: m.Since, Config: configBehind(m.Source, m.SourceID),
		}
	}, &c.Edges, &c.PageInfo)
	return c
}

func parkedConnection(p page.Page[directory.ParkedMember], w wanted) *generated.ParkedMemberConnection {
	c := &generated.ParkedMemberConnection{Nodes: pointers(p.Items)}
	fill(p, w, directory.ParkedCursor, func(m directory.ParkedMember, cursor string) *generated.ParkedMemberEdge {
		return &generated.ParkedMemberEdge{Cursor: cursor, Node: m}
	}, &c.Edges, &c.PageInfo)
	return c
}

func driftConnection(p page.Page[directory.Drift], w wanted) *generated.DriftConnection {
	c := &generated.DriftConnection{Nodes: pointers(p.Items), Hints: []string{}}
	fill(p, w, directory.DriftCursor, func(d directory.Drift, cursor string) *generated.DriftEdge {
		return &generated.DriftEdge{Cursor: cursor, Node: d}
	}, &c.Edges, &c.PageInfo)
	return c
}
