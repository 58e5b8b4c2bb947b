package graph

import (
	"context"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/graph/wire"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
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

// among finds one thing with a verb that finds several.
func among[T any](ctx context.Context, of id.ID, read func(context.Context, []id.ID) (map[id.ID]T, error)) (*T, error) {
	found, err := read(ctx, []id.ID{of})
	if one, there := found[of]; there {
		return &one, err
	}
	return nil, err
}

// node finds the thing with an id, whatever it is.
func (r *Resolver) node(ctx context.Context, text string) (wire.Node, error) {
	kind, of, ok := id.KindOf(text)
	if !ok {
		return nil, errID.At("id")
	}
	switch kind {
	case id.User:
		return nothing(orNothing(r.Directory.Get(ctx, of)))
	case id.Group:
		return nothing(orNothing(r.Directory.GetGroup(ctx, of)))
	case id.License:
		return nothing(found(r.Licensing.Get(ctx, of)))
	case id.Seat:
		return nothing(among(ctx, of, r.Licensing.SeatsByID))
	case id.Call:
		return nothing(among(ctx, of, r.Provisioning.CallsByID))
	case id.Alert:
		return nothing(among(ctx, of, r.Reports.AlertsByID))
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
	case id.Rule:
		return nothing(among(ctx, of, r.Licensing.RulesByID))
	case id.Claim, id.Session:
		return nil, errID.At("id").Sayf("claims and sessions are read with what they belong to")
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
	"user": id.User, "group": id.Group, "license": id.License, "rule": id.Rule, "seat": id.User, "scim_config": id.Config, "token": id.Token,
	"administrator": id.Administrator, "alert": id.License, "tenant": id.Tenant,
}

// subjectKind is what an event's subject is; empty for what has no id of its own.
func subjectKind(e *events.Event) id.Kind {
	if e.Kind == "seat.transferred" {
		return id.License
	}
	family, _, _ := strings.Cut(e.Kind, ".")
	return kinds[family]
}

// SubjectID is the id of what an event is about, as clients know it; nil where there is none.
func SubjectID(e *events.Event) *string {
	kind := subjectKind(e)
	if kind == "" || e.Subject == id.Nil {
		return nil
	}
	text := kind.Format(e.Subject)
	return &text
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

// persons reads who is asked about.
func persons(given []*generated.PersonInput) ([]directory.Person, error) {
	if len(given) > licensing.MaxUses {
		return nil, licensing.ErrTooManyPeople
	}
	people := make([]directory.Person, len(given))
	for i, one := range given {
		ways := 0
		for _, way := range []*string{value(one.ID), value(one.UserName), value(one.ExternalID)} {
			if way != nil {
				ways++
			}
		}
		if ways != 1 {
			return nil, errArguments.At("people").Sayf("name each person by one of id, userName and externalId")
		}
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
	}
	return people, nil
}

// viewer shows who asks.
func (r *Resolver) viewer(ctx context.Context, who caller.Caller) (*generated.Viewer, error) {
	viewer := &generated.Viewer{Kind: who.Kind, Name: who.Name, Scopes: who.Scopes, AdministratorID: shownAdministrator(who.Admin)}
	session, signedIn, err := r.Access.Session(ctx)
	if err != nil {
		return nil, err
	}
	if signedIn {
		viewer.Session = &session
	}
	if who.Admin != id.Nil {
		a, err := r.Access.Administrator(ctx, who.Admin)
		if err != nil {
			return nil, err
		}
		viewer.Email, viewer.Role = &a.Email, &a.Role
	}
	if who.Tenant == id.Nil {
		return viewer, nil
	}
	tenant, err := r.Tenants.Own(ctx)
	viewer.Tenant = &tenant
	return viewer, err
}

// enter moves the operator's session into a tenant that is there, or out of all.
func (r *Resolver) enter(ctx context.Context, of *id.ID) (*generated.Viewer, error) {
	to := id.Nil
	if of != nil {
		t, err := r.Tenants.Get(ctx, *of)
		if err != nil {
			return nil, err
		}
		to = t.ID
	}
	who, err := r.Access.EnterTenant(ctx, to)
	if err != nil {
		return nil, err
	}
	return r.viewer(caller.With(ctx, who), who)
}

// invited shows a link, this once.
func (r *Resolver) invited(a access.Administrator, i access.Invitation, link access.Secret) *generated.InvitationPayload {
	return &generated.InvitationPayload{Administrator: a, Invitation: i, Link: access.Link(r.ConsoleURL, link)}
}

// groupsOf reads the groups that somebody is limited to.
func groupsOf(given graphql.Omittable[[]string]) ([]id.ID, error) {
	texts, _ := given.ValueOK()
	groups := make([]id.ID, len(texts))
	for i, text := range texts {
		of, err := parsed(id.Group, "groupIds", text)
		if err != nil {
			return nil, err
		}
		groups[i] = of
	}
	return groups, nil
}
