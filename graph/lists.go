package graph

import (
	"context"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/modules/tenancy"
)

// listed reads a list of a tenant, its rows and its length, each only if the client wants it.
func listed[T any](ctx context.Context, rows func() (page.Page[T], error), count func() (int64, error)) (p page.Page[T], w wanted, total int64, err error) {
	w = want(ctx)
	if w.rows() {
		if p, err = rows(); err != nil {
			return p, w, 0, err
		}
	}
	if w.total {
		total, err = count()
	}
	return p, w, total, err
}

func (r *Resolver) users(ctx context.Context, args page.Args, filter *generated.UserFilter, order *generated.UserOrder) (*generated.UserConnection, error) {
	f, err := userFilter(filter)
	if err != nil {
		return nil, err
	}
	by := directory.UserOrder{}
	if order != nil {
		by.Descending = order.Direction == generated.DirectionDescending
		if order.Field == generated.UserOrderFieldCreatedAt {
			by.By = directory.UsersByCreatedAt
		}
	}
	list := r.Directory.ListUsers
	if detail(ctx, "User") == directory.Outline {
		list = r.Directory.OutlineUsers
	}
	p, w, total, err := listed(ctx, func() (page.Page[*directory.User], error) { return list(ctx, args, f, by) },
		func() (int64, error) { return r.Directory.CountUsers(ctx, f) })
	if err != nil {
		return nil, err
	}
	c := userConnection(p, w, by)
	c.TotalCount = total
	hold(ctx, levelOf(c.Nodes))
	return c, nil
}

var claimed = map[generated.ClaimedState]directory.Claimed{
	generated.ClaimedStateCreated: directory.ClaimedCreated, generated.ClaimedStateAdopted: directory.ClaimedAdopted,
	generated.ClaimedStateNever: directory.ClaimedNever,
}

func userFilter(given *generated.UserFilter) (f directory.UserFilter, err error) {
	if given == nil {
		return f, nil
	}
	set(&f.Search, given.Search)
	f.Active, f.Department = value(given.Active), value(given.Department)
	if state := value(given.Claimed); state != nil {
		f.Claimed = claimed[*state]
	}
	if f.Group, err = optional(id.Group, "groupId", value(given.GroupID)); err != nil {
		return f, err
	}
	f.Config, err = optional(id.Config, "scimConfigId", value(given.ScimConfigID))
	return f, err
}

func (r *Resolver) groups(ctx context.Context, args page.Args, filter *generated.GroupFilter, order *generated.GroupOrder) (*generated.GroupConnection, error) {
	var f directory.GroupFilter
	if filter != nil {
		set(&f.Search, filter.Search)
		var err error
		if f.Config, err = optional(id.Config, "scimConfigId", value(filter.ScimConfigID)); err != nil {
			return nil, err
		}
	}
	by := directory.GroupOrder{}
	if order != nil {
		by.Descending = order.Direction == generated.DirectionDescending
		if order.Field == generated.GroupOrderFieldCreatedAt {
			by.By = directory.GroupsByCreatedAt
		}
	}
	p, w, total, err := listed(ctx, func() (page.Page[*directory.Group], error) { return r.Directory.ListGroups(ctx, args, f, by) },
		func() (int64, error) { return r.Directory.CountGroups(ctx, f) })
	if err != nil {
		return nil, err
	}
	c := groupConnection(p, w, by)
	c.TotalCount = total
	hold(ctx, levelOf(c.Nodes))
	return c, nil
}

func (r *Resolver) licenses(ctx context.Context, args page.Args, filter *generated.LicenseFilter, order *generated.LicenseOrder) (*generated.LicenseConnection, error) {
	var f licensing.Filter
	if filter != nil {
		set(&f.Search, filter.Search)
	}
	by := licensing.Order{}
	if order != nil {
		by.Way = way(order.Direction)
		by.By = map[generated.LicenseOrderField]licensing.OrderField{
			generated.LicenseOrderFieldSku: licensing.BySKU, generated.LicenseOrderFieldProduct: licensing.ByProduct,
			generated.LicenseOrderFieldCreatedAt: licensing.ByCreatedAt,
		}[order.Field]
	}
	p, w, total, err := listed(ctx, func() (page.Page[licensing.License], error) { return r.Licensing.List(ctx, args, f, by) },
		func() (int64, error) { return r.Licensing.Count(ctx, f) })
	if err != nil {
		return nil, err
	}
	c := licenseConnection(p, w, by)
	c.TotalCount = total
	hold(ctx, levelOf(c.Nodes))
	return c, nil
}

func ledgerFilter(given *generated.LedgerFilter) (f licensing.LedgerFilter, err error) {
	if given == nil {
		return f, nil
	}
	set(&f.Now, given.Now)
	user, err := optional(id.User, "userId", value(given.UserID))
	if user != nil {
		f.User = *user
	}
	return f, err
}

func (r *Resolver) scimConfigs(ctx context.Context, args page.Args, filter *generated.ScimConfigFilter, order *generated.ScimConfigOrder) (*generated.ScimConfigConnection, error) {
	var f provisioning.ConfigFilter
	if filter != nil {
		set(&f.Status, filter.Status)
		set(&f.IdentityProvider, filter.IdentityProvider)
	}
	by := provisioning.ConfigOrder{}
	if order != nil {
		by = provisioning.ConfigOrder{ByAge: order.Field == generated.ScimConfigOrderFieldCreatedAt, Way: way(order.Direction)}
	}
	p, w, total, err := listed(ctx, func() (page.Page[provisioning.Config], error) { return r.Provisioning.ListConfigs(ctx, args, f, by) },
		func() (int64, error) { return r.Provisioning.CountConfigs(ctx, f) })
	if err != nil {
		return nil, err
	}
	c := configConnection(p, w, by)
	c.TotalCount = total
	hold(ctx, levelOf(c.Nodes))
	return c, nil
}

func (r *Resolver) calls(ctx context.Context, args page.Args, filter *generated.CallFilter, direction generated.Direction) (*generated.CallConnection, error) {
	f, err := callFilter(filter)
	if err != nil {
		return nil, err
	}
	p, w, total, err := listed(ctx, func() (page.Page[provisioning.Call], error) {
		return r.Provisioning.Calls(ctx, args, f, way(direction))
	}, func() (int64, error) { return r.Provisioning.CountCalls(ctx, f) })
	if err != nil {
		return nil, err
	}
	c := callConnection(p, w)
	c.TotalCount = total
	hold(ctx, levelOf(c.Nodes))
	return c, nil
}

func callFilter(given *generated.CallFilter) (f provisioning.CallFilter, err error) {
	if given == nil {
		return f, nil
	}
	set(&f.Method, given.Method)
	set(&f.Path, given.Path)
	set(&f.Status, given.Status)
	set(&f.Verdict, given.Verdict)
	set(&f.Refused, given.Refused)
	f.Probe, f.Since, f.Until = value(given.Probe), value(given.Since), value(given.Until)
	if f.Config, err = optional(id.Config, "scimConfigId", value(given.ScimConfigID)); err != nil {
		return f, err
	}
	if text := value(given.ResourceID); text != nil {
		kind, of, ok := id.KindOf(*text)
		if !ok || kind != id.User && kind != id.Group {
			return f, errID.At("resourceId")
		}
		f.Resource = &of
	}
	return f, nil
}

// MaxKinds bounds a filter of events.
const MaxKinds = 50

var errFilter = fault.New(fault.Invalid, "invalid_filter", "the filter is not valid")

func (r *Resolver) events(ctx context.Context, args page.Args, filter *generated.EventFilter) (*generated.EventConnection, error) {
	f, err := eventFilter(filter)
	if err != nil {
		return nil, err
	}
	p, w, total, err := listed(ctx, func() (page.Page[events.Event], error) { return r.Events.List(ctx, args, f) },
		func() (int64, error) { return r.Events.Count(ctx, f) })
	if err != nil {
		return nil, err
	}
	c := eventConnection(p, w, events.Cursor)
	hold(ctx, levelOf(c.Nodes))
	c.TotalCount = total
	return c, nil
}

func eventFilter(given *generated.EventFilter) (f events.Filter, err error) {
	if given == nil {
		return f, nil
	}
	if f.Kinds, _ = given.Kinds.ValueOK(); len(f.Kinds) > MaxKinds {
		return f, errFilter.At("kinds").Sayf("name at most %d kinds", MaxKinds)
	}
	if text := value(given.SubjectID); text != nil {
		_, of, ok := id.KindOf(*text)
		if !ok {
			return f, errID.At("subjectId")
		}
		f.Subject = of
	}
	return f, nil
}

func (r *Resolver) tokens(ctx context.Context, args page.Args, filter *generated.AccessTokenFilter, direction generated.Direction) (*generated.AccessTokenConnection, error) {
	f, err := tokenFilter(filter)
	if err != nil {
		return nil, err
	}
	p, w, total, err := listed(ctx, func() (page.Page[access.Token], error) { return r.Access.List(ctx, args, f, way(direction)) },
		func() (int64, error) { return r.Access.Count(ctx, f) })
	if err != nil {
		return nil, err
	}
	c := tokenConnection(p, w)
	c.TotalCount = total
	return c, nil
}

func tokenFilter(given *generated.AccessTokenFilter) (f access.TokenFilter, err error) {
	if given == nil {
		return f, nil
	}
	f.Live = value(given.Live)
	config, err := optional(id.Config, "scimConfigId", value(given.ScimConfigID))
	if err != nil {
		return f, err
	}
	administrator, err := optional(id.Administrator, "administratorId", value(given.AdministratorID))
	switch {
	case err != nil:
		return f, err
	case config != nil && administrator != nil:
		return f, errFilter.Sayf("a token belongs to a configuration or to an administrator: name one of them")
	case config != nil:
		f.Subject = *config
	case administrator != nil:
		f.Subject = *administrator
	}
	return f, nil
}

func (r *Resolver) tenants(ctx context.Context, args page.Args, filter *generated.TenantFilter, order *generated.TenantOrder) (*generated.TenantConnection, error) {
	var f tenancy.Filter
	if filter != nil {
		set(&f.Search, filter.Search)
		set(&f.Plan, filter.Plan)
	}
	by := tenancy.Order{}
	if order != nil {
		by = tenancy.Order{ByAge: order.Field == generated.TenantOrderFieldCreatedAt, Way: way(order.Direction)}
	}
	p, w, total, err := listed(ctx, func() (page.Page[tenancy.Tenant], error) { return r.Tenants.List(ctx, args, f, by) },
		func() (int64, error) { return r.Tenants.Count(ctx, f) })
	if err != nil {
		return nil, err
	}
	c := tenantConnection(p, w, by)
	c.TotalCount = total
	return c, nil
}
