package graph

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/graph/wire"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

// orNothing answers null for what is not there.
func orNothing[T any](of *T, err error) (*T, error) {
	if f, ok := fault.As(err); ok && f.Kind == fault.NotFound {
		return nil, nil //nolint:nilnil // null is the answer
	}
	return of, err
}

// found is orNothing for what comes as a value.
func found[T any](of T, err error) (*T, error) {
	if err != nil {
		return orNothing[T](nil, err)
	}
	return &of, nil
}

// nothing makes a node of a pointer that may be nil: an interface that holds a nil pointer is not null.
func nothing[T any](of *T, err error) (wire.Node, error) {
	if err != nil || of == nil {
		return nil, err
	}
	return of, nil
}

// node finds the thing with an id, whatever it is.
func (r *Resolver) node(ctx context.Context, text string) (wire.Node, error) {
	kind, of, ok := id.KindOf(text)
	if !ok {
		return nil, errID.At("id")
	}
	switch kind {
	case id.User:
		return nothing(load(ctx).users.Load(ctx, of))
	case id.Group:
		return nothing(load(ctx).groups.Load(ctx, of))
	case id.License:
		return nothing(load(ctx).licenses.Load(ctx, of))
	case id.Seat:
		return nothing(load(ctx).seatsByID.Load(ctx, of))
	case id.Call:
		return nothing(load(ctx).calls.Load(ctx, of))
	case id.Config:
		return nothing(found(r.Provisioning.GetConfig(ctx, of)))
	case id.Token:
		return nothing(found(r.Access.Get(ctx, of)))
	case id.Administrator:
		return nothing(found(r.Access.Administrator(ctx, of)))
	case id.Tenant:
		return nothing(found(r.Tenants.Get(ctx, of)))
	case id.Event:
		e, there, err := r.Events.Get(ctx, of)
		if err != nil || !there {
			return nil, err
		}
		return &e, nil
	case id.Rule, id.Claim:
		return nil, errID.At("id").Sayf("rules and claims are read with what they belong to")
	default:
		return nil, errID.At("id")
	}
}

func expected(given graphql.Omittable[*int64]) *directory.Expect {
	if version := value(given); version != nil {
		return &directory.Expect{Versions: []int64{*version}}
	}
	return nil
}

const day = 24 * time.Hour

func life(given graphql.Omittable[*int]) (time.Duration, error) {
	days := value(given)
	switch {
	case days == nil:
		return 0, nil
	case *days < 1 || time.Duration(*days) > access.MaxLife/day:
		return 0, access.ErrInvalidToken.At("days").Sayf("a token lives for 1 to %d days", access.MaxLife/day)
	default:
		return time.Duration(*days) * day, nil
	}
}

func setEmails(u *directory.User, given graphql.Omittable[[]*generated.EmailInput]) {
	emails, ok := given.ValueOK()
	if !ok {
		return
	}
	u.Emails = nil
	for _, email := range emails {
		v := directory.Value{Value: email.Value}
		set(&v.Type, email.Type)
		set(&v.Primary, email.Primary)
		u.Emails = append(u.Emails, v)
	}
}

func setPointer[T any](into **T, given graphql.Omittable[*T]) {
	if v, ok := given.ValueOK(); ok {
		*into = v
	}
}

func memberRefs(ids []string) []directory.MemberRef {
	refs := make([]directory.MemberRef, len(ids))
	for i, of := range ids {
		refs[i] = directory.MemberRef{Value: of}
	}
	return refs
}

// kinds are what an event's subject is, by the first word of the event's kind.
var kinds = map[string]id.Kind{
	"user": id.User, "group": id.Group, "license": id.License, "seat": id.User, "scim_config": id.Config, "token": id.Token,
	"administrator": id.Administrator, "tenant": id.Tenant,
}

func subjectID(e *events.Event) *string {
	for i := range e.Kind {
		if e.Kind[i] != '.' {
			continue
		}
		kind, known := kinds[e.Kind[:i]]
		if e.Kind == "seat.transferred" {
			kind = id.License
		}
		if !known || e.Subject == id.Nil {
			return nil
		}
		text := kind.Format(e.Subject)
		return &text
	}
	return nil
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
	p, err := r.Directory.ListUsers(ctx, args, f, by)
	if err != nil {
		return nil, err
	}
	return userConnection(p, by, asked(ctx)), nil
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
	p, err := r.Directory.ListGroups(ctx, args, f, by)
	if err != nil {
		return nil, err
	}
	return groupConnection(p, by), nil
}

func (r *Resolver) licenses(ctx context.Context, args page.Args) (*generated.LicenseConnection, error) {
	p, err := r.Licensing.List(ctx, args)
	if err != nil {
		return nil, err
	}
	return licenseConnection(p), nil
}

func (r *Resolver) calls(ctx context.Context, args page.Args, filter *generated.CallFilter, config *id.ID) (*generated.CallConnection, error) {
	f, err := callFilter(filter)
	if err != nil {
		return nil, err
	}
	if config != nil {
		f.Config = config
	}
	p, err := r.Provisioning.Calls(ctx, args, f)
	if err != nil {
		return nil, err
	}
	return callConnection(p), nil
}

func callFilter(given *generated.CallFilter) (f provisioning.CallFilter, err error) {
	if given == nil {
		return f, nil
	}
	set(&f.Method, given.Method)
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

func seatsOf(ctx context.Context, license id.ID, args page.Args, state *licensing.State) (*generated.SeatConnection, error) {
	wanted := pieceOf{of: license, args: args}
	if state != nil {
		wanted.state = *state
	}
	p, err := load(ctx).seatPages.Load(ctx, wanted)
	if err != nil {
		return nil, err
	}
	if asked(ctx).have("totalCount") {
		wanted.args = page.Args{}
		if p.Total, err = load(ctx).seatCounts.Load(ctx, wanted); err != nil {
			return nil, err
		}
	}
	return seatConnection(p), nil
}

// seatVerb does something with the seat of a person, and shows it with its license.
func (r *Resolver) seatVerb(ctx context.Context, input generated.SeatInput,
	verb func(ctx context.Context, license, user id.ID) (licensing.Seat, error),
) (*generated.SeatPayload, error) {
	license, err := parsed(id.License, "licenseId", input.LicenseID)
	if err != nil {
		return nil, err
	}
	user, err := parsed(id.User, "userId", input.UserID)
	if err != nil {
		return nil, err
	}
	seat, err := verb(ctx, license, user)
	if err != nil {
		return nil, err
	}
	l, err := r.Licensing.Get(ctx, license)
	if err != nil {
		return nil, err
	}
	return &generated.SeatPayload{Seat: seat, License: l}, nil
}

// persons reads who is asked about. That each is named in one way is the schema's rule.
func persons(given []*generated.PersonInput) ([]directory.Person, error) {
	if len(given) > licensing.MaxPeople {
		return nil, licensing.ErrTooManyPeople
	}
	people := make([]directory.Person, len(given))
	for i, one := range given {
		p := &people[i]
		set(&p.UserName, one.UserName)
		set(&p.ExternalID, one.ExternalID)
		of, err := optional(id.User, "id", value(one.ID))
		if err != nil {
			return nil, err
		}
		if of != nil {
			p.ID = *of
		}
		if p.ID == id.Nil && p.UserName == "" && p.ExternalID == "" {
			return nil, errArguments.At("people").Sayf("name each person by id, userName or externalId")
		}
	}
	return people, nil
}
