package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/id"
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

func pageInfo[T any](p page.Page[T], cursor func(T) string) generated.PageInfo {
	info := generated.PageInfo{HasNextPage: p.HasNext, HasPreviousPage: p.HasPrevious}
	if n := len(p.Items); n > 0 {
		start, end := cursor(p.Items[0]), cursor(p.Items[n-1])
		info.StartCursor, info.EndCursor = &start, &end
	}
	return info
}

func edges[T, E any](p page.Page[T], edge func(T) *E) []*E {
	all := make([]*E, len(p.Items))
	for i, item := range p.Items {
		all[i] = edge(item)
	}
	return all
}

// fields are the names of what a client wants of what is being resolved: what costs something is not made for nothing.
type fields []graphql.CollectedField

func asked(ctx context.Context) fields { return graphql.CollectFieldsCtx(ctx, nil) }

func (f fields) have(name string) bool {
	return slices.ContainsFunc(f, func(field graphql.CollectedField) bool { return field.Name == name })
}

func tenantConnection(p page.Page[tenancy.Tenant]) *generated.TenantConnection {
	return &generated.TenantConnection{
		Edges: edges(p, func(t tenancy.Tenant) *generated.TenantEdge {
			return &generated.TenantEdge{Cursor: tenancy.Cursor(t), Node: t}
		}),
		Nodes: pointers(p.Items), PageInfo: pageInfo(p, tenancy.Cursor), TotalCount: p.Total,
	}
}

func configConnection(p page.Page[provisioning.Config]) *generated.ScimConfigConnection {
	return &generated.ScimConfigConnection{
		Edges: edges(p, func(c provisioning.Config) *generated.ScimConfigEdge {
			return &generated.ScimConfigEdge{Cursor: provisioning.ConfigCursor(c), Node: c}
		}),
		Nodes: pointers(p.Items), PageInfo: pageInfo(p, provisioning.ConfigCursor), TotalCount: p.Total,
	}
}

func callConnection(p page.Page[provisioning.Call]) *generated.CallConnection {
	return &generated.CallConnection{
		Edges: edges(p, func(c provisioning.Call) *generated.CallEdge {
			return &generated.CallEdge{Cursor: provisioning.CallCursor(c), Node: c}
		}),
		Nodes: pointers(p.Items), PageInfo: pageInfo(p, provisioning.CallCursor),
	}
}

func tokenConnection(p page.Page[access.Token]) *generated.AccessTokenConnection {
	return &generated.AccessTokenConnection{
		Edges: edges(p, func(t access.Token) *generated.AccessTokenEdge {
			return &generated.AccessTokenEdge{Cursor: access.TokenCursor(t), Node: t}
		}),
		Nodes: pointers(p.Items), PageInfo: pageInfo(p, access.TokenCursor), TotalCount: p.Total,
	}
}

func licenseConnection(p page.Page[licensing.License]) *generated.LicenseConnection {
	return &generated.LicenseConnection{
		Edges: edges(p, func(l licensing.License) *generated.LicenseEdge {
			return &generated.LicenseEdge{Cursor: licensing.Cursor(l), Node: l}
		}),
		Nodes: pointers(p.Items), PageInfo: pageInfo(p, licensing.Cursor), TotalCount: p.Total,
	}
}

func seatConnection(p page.Page[licensing.Seat]) *generated.SeatConnection {
	return &generated.SeatConnection{
		Edges: edges(p, func(s licensing.Seat) *generated.SeatEdge {
			return &generated.SeatEdge{Cursor: licensing.SeatCursor(s), Node: s}
		}),
		Nodes: pointers(p.Items), PageInfo: pageInfo(p, licensing.SeatCursor), TotalCount: p.Total,
	}
}

func ledgerConnection(p page.Page[licensing.Entry]) *generated.LedgerConnection {
	return &generated.LedgerConnection{
		Edges: edges(p, func(e licensing.Entry) *generated.LedgerEdge {
			return &generated.LedgerEdge{Cursor: licensing.EntryCursor(e), Node: e}
		}),
		Nodes: pointers(p.Items), PageInfo: pageInfo(p, licensing.EntryCursor),
	}
}

func eventConnection(p page.Page[events.Event]) *generated.EventConnection {
	return &generated.EventConnection{
		Edges: edges(p, func(e events.Event) *generated.EventEdge {
			return &generated.EventEdge{Cursor: events.Cursor(e), Node: e}
		}),
		Nodes: pointers(p.Items), PageInfo: pageInfo(p, events.Cursor),
	}
}

func userConnection(p page.Page[*directory.User], order directory.UserOrder, wanted fields) *generated.UserConnection {
	cursor := func(u *directory.User) string { return directory.UserCursor(u, order) }
	c := &generated.UserConnection{Nodes: p.Items, PageInfo: pageInfo(p, cursor), TotalCount: p.Total}
	if wanted.have("edges") {
		c.Edges = edges(p, func(u *directory.User) *generated.UserEdge { return &generated.UserEdge{Cursor: cursor(u), Node: *u} })
	}
	return c
}

func groupConnection(p page.Page[*directory.Group], order directory.GroupOrder) *generated.GroupConnection {
	cursor := func(g *directory.Group) string { return directory.GroupCursor(g, order) }
	return &generated.GroupConnection{
		Edges: edges(p, func(g *directory.Group) *generated.GroupEdge {
			return &generated.GroupEdge{Cursor: cursor(g), Node: *g}
		}),
		Nodes: p.Items, PageInfo: pageInfo(p, cursor), TotalCount: p.Total,
	}
}

var membershipSources = map[string]generated.MembershipSource{
	directory.SourceSCIM: generated.MembershipSourceScim, directory.SourceHand: generated.MembershipSourceHand, directory.SourceRule: generated.MembershipSourceRule,
	directory.SourceAdopted: generated.MembershipSourceAdopted,
}

// sourceConfig returns the configuration that a membership comes from, if one does.
func sourceConfig(ctx context.Context, source string, of *id.ID) (*provisioning.Config, error) {
	if source != directory.SourceSCIM || of == nil {
		return nil, nil //nolint:nilnil // made by hand
	}
	return load(ctx).configs.Load(ctx, *of)
}

// memberConnection reads a page of members, and who they are, each kind at once.
func memberConnection(ctx context.Context, group id.ID, args page.Args) (*generated.MemberConnection, error) {
	p, err := load(ctx).memberPages.Load(ctx, pieceOf{of: group, args: args})
	if err != nil {
		return nil, err
	}
	c, wanted := &generated.MemberConnection{Edges: []*generated.MemberEdge{}, PageInfo: pageInfo(p, directory.MemberCursor)}, asked(ctx)
	if wanted.have("totalCount") {
		if c.TotalCount, err = load(ctx).memberCounts.Load(ctx, group); err != nil {
			return nil, err
		}
	}
	if !wanted.have("edges") {
		return c, nil
	}
	users, groups, configs := load(ctx).membersBehind(ctx, p.Items)
	for i, m := range p.Items {
		edge := &generated.MemberEdge{
			Cursor: directory.MemberCursor(m), Source: membershipSources[m.Source], Reasons: pointers(m.Reasons), Since: m.Since,
		}
		if m.IsGroup {
			g, err := groups[i]()
			if err != nil || g == nil {
				return nil, gone(err)
			}
			edge.Node = g
		} else {
			u, err := users[i]()
			if err != nil || u == nil {
				return nil, gone(err)
			}
			edge.Node = u
		}
		if ask := configs[i]; ask != nil {
			if edge.ScimConfig, err = ask(); err != nil {
				return nil, err
			}
		}
		c.Edges = append(c.Edges, edge)
	}
	return c, nil
}

// driftConnection reads a page of the drift of a group.
func driftConnection(ctx context.Context, group id.ID, args page.Args) (*generated.DriftConnection, error) {
	p, err := load(ctx).driftPages.Load(ctx, pieceOf{of: group, args: args})
	if err != nil {
		return nil, err
	}
	c, wanted := &generated.DriftConnection{
		Edges: edges(p, func(d directory.Drift) *generated.DriftEdge {
			return &generated.DriftEdge{Cursor: directory.DriftCursor(d), Node: d}
		}),
		Nodes: pointers(p.Items), PageInfo: pageInfo(p, directory.DriftCursor), Hints: []string{},
	}, asked(ctx)
	if wanted.have("totalCount") {
		if c.TotalCount, err = load(ctx).driftCounts.Load(ctx, group); err != nil {
			return nil, err
		}
	}
	if !wanted.have("hints") {
		return c, nil
	}
	suspect, err := load(ctx).suspects.Load(ctx, group)
	if suspect {
		c.Hints = append(c.Hints, directory.SuspectHint)
	}
	return c, err
}

// gone says that a member went between two statements of the request.
func gone(err error) error {
	if err != nil {
		return err
	}
	return errChanged
}

type (
	userThunk   = func() (*directory.User, error)
	groupThunk  = func() (*directory.Group, error)
	configThunk = func() (*provisioning.Config, error)
)

// membersBehind asks for everything that members stand for before it waits for any of it.
func (l *loaders) membersBehind(ctx context.Context, members []directory.Member) ([]userThunk, []groupThunk, []configThunk) {
	users, groups, configs := make([]userThunk, len(members)), make([]groupThunk, len(members)), make([]configThunk, len(members))
	for i, m := range members {
		if m.IsGroup {
			groups[i] = l.groups.LoadThunk(ctx, m.ID)
		} else {
			users[i] = l.users.LoadThunk(ctx, m.ID)
		}
		if m.Source == directory.SourceSCIM && m.SourceID != nil {
			configs[i] = l.configs.LoadThunk(ctx, *m.SourceID)
		}
	}
	return users, groups, configs
}

// userGroupConnection reads a page of the groups that somebody is in.
func userGroupConnection(ctx context.Context, user id.ID, args page.Args) (*generated.UserGroupConnection, error) {
	p, err := load(ctx).groupPages.Load(ctx, pieceOf{of: user, args: args})
	if err != nil {
		return nil, err
	}
	c, wanted := &generated.UserGroupConnection{Edges: []*generated.UserGroupEdge{}, Nodes: []*directory.Group{}}, asked(ctx)
	if wanted.have("pageInfo") {
		c.PageInfo = pageInfo(p, directory.GroupRefCursor)
	}
	if wanted.have("totalCount") {
		if c.TotalCount, err = load(ctx).groupCounts.Load(ctx, user); err != nil {
			return nil, err
		}
	}
	withEdges := wanted.have("edges")
	if !withEdges && !wanted.have("nodes") {
		return c, nil
	}
	var thunks []groupThunk
	for _, ref := range p.Items {
		thunks = append(thunks, load(ctx).groups.LoadThunk(ctx, ref.ID))
	}
	for i, ref := range p.Items {
		g, err := thunks[i]()
		if err != nil || g == nil {
			return nil, gone(err)
		}
		c.Nodes = append(c.Nodes, g)
		if !withEdges {
			continue
		}
		edge := &generated.UserGroupEdge{Cursor: directory.GroupRefCursor(ref), Node: *g, Source: membershipSources[ref.Source], Since: ref.Since}
		if edge.ScimConfig, err = sourceConfig(ctx, ref.Source, ref.SourceID); err != nil {
			return nil, err
		}
		c.Edges = append(c.Edges, edge)
	}
	return c, nil
}
