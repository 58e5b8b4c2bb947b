// Package tenancy keeps the tenants: who is a customer, and which plan she has.
//
// Invariants: slugs are unique in the installation and never change; SCIM is there on the plans Advanced and Advanced Plus;
// who depends on the plan is told of a change within the same unit of work. Only an operator makes tenants, lists them and
// changes plans.
//
// Events: tenant.created, tenant.changed.
package tenancy

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// Plan is what a tenant has bought of the product as a whole.
type Plan string

// The plans.
const (
	Core         Plan = "core"
	Advanced     Plan = "advanced"
	AdvancedPlus Plan = "advanced-plus"
)

// HasSCIM tells whether identity providers may be connected on this plan.
func (p Plan) HasSCIM() bool { return p == Advanced || p == AdvancedPlus }

func (p Plan) known() bool { return p == Core || p.HasSCIM() }

// Faults of tenancy.
var (
	ErrNotFound     = fault.New(fault.NotFound, "tenant_not_found", "there is no such tenant")
	ErrSlugTaken    = fault.New(fault.Conflict, "slug_taken", "another tenant has this slug").At("slug")
	ErrInvalid      = fault.New(fault.Invalid, "invalid_tenant", "the tenant is not valid")
	ErrStaleVersion = fault.New(fault.Stale, "stale_version", "somebody has changed it since it was read; read it again")
)

// Tenant is a customer of the vendor.
type Tenant struct {
	ID        id.ID     `json:"id"`
	Name      string    `json:"name"`
	Slug      string    `json:"slug"`
	Plan      Plan      `json:"plan"`
	TimeZone  string    `json:"timeZone"`
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// PlanFollowers are told, within the same unit of work, that a tenant's plan has changed.
type PlanFollowers interface {
	PlanChanged(ctx context.Context, now Tenant) error
}

// Service keeps the tenants of the installation.
type Service struct {
	db        *store.DB
	events    *events.Service
	clock     clock.Clock
	followers PlanFollowers
}

// New returns the tenants kept in a database.
func New(db *store.DB, journal *events.Service, now clock.Clock) *Service {
	return &Service{db: db, events: journal, clock: now}
}

// FollowPlans names who is told of changed plans. Call it once, before the first verb.
func (s *Service) FollowPlans(f PlanFollowers) { s.followers = f }

// NewTenant is a tenant to make. The time zone is UTC where none is given.
type NewTenant struct {
	Name, Slug string
	Plan       Plan
	TimeZone   string
}

// Create makes a tenant. It needs the scope operator and refuses with ErrSlugTaken and ErrInvalid.
func (s *Service) Create(ctx context.Context, n NewTenant) (Tenant, error) {
	if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
		return Tenant{}, err
	}
	now := s.clock()
	t := Tenant{ID: id.New(), Name: strings.TrimSpace(n.Name), Slug: n.Slug, Plan: n.Plan, TimeZone: n.TimeZone, Version: 1, CreatedAt: now, UpdatedAt: now}
	if t.TimeZone == "" {
		t.TimeZone = "UTC"
	}
	if err := t.check(); err != nil {
		return Tenant{}, err
	}
	return store.InTx(caller.InTenant(ctx, t.ID), s.db, func(ctx context.Context) (Tenant, error) {
		if err := insert(ctx, t); err != nil {
			return Tenant{}, err
		}
		return t, s.record(ctx, "tenant.created", t)
	})
}

// Get returns a tenant: the caller's own, or any for an operator. Everybody else gets ErrNotFound.
func (s *Service) Get(ctx context.Context, of id.ID) (Tenant, error) {
	who, err := caller.Must(ctx)
	if err != nil {
		return Tenant{}, err
	}
	if who.Tenant != of && !who.Scopes.Allow(caller.ScopeOperator) {
		return Tenant{}, ErrNotFound
	}
	return s.load(ctx, "id", of)
}

// Own returns the tenant that the caller acts in. An operator who acts in none gets caller.ErrNoTenant.
func (s *Service) Own(ctx context.Context) (Tenant, error) {
	own, err := caller.Tenant(ctx)
	if err != nil {
		return Tenant{}, err
	}
	return s.load(ctx, "id", own)
}

// BySlug returns the tenant of a slug, for an operator.
func (s *Service) BySlug(ctx context.Context, slug string) (Tenant, error) {
	if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
		return Tenant{}, err
	}
	return s.load(ctx, bySlug, slug)
}

// Filter narrows a list of tenants. Its zero value takes all.
type Filter struct {
	Search string // the beginning of the name or of the slug, without case
	Plan   Plan
}

// Order is the order of a list of tenants: by slug or, with ByAge, by when they were made.
type Order struct {
	ByAge bool
	Way   page.Way
}

func (o Order) kind() string {
	if o.ByAge {
		return cursorKind + ":created"
	}
	return cursorKind
}

// List returns a page of all tenants, for an operator. Total is not counted: Count does that.
func (s *Service) List(ctx context.Context, args page.Args, f Filter, order Order) (page.Page[Tenant], error) {
	if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
		return page.Page[Tenant]{}, err
	}
	return s.list(ctx, args, f, order)
}

// Count tells how many tenants a filter takes, for an operator.
func (s *Service) Count(ctx context.Context, f Filter) (int64, error) {
	if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
		return 0, err
	}
	return s.count(ctx, f)
}

// Cursor returns the cursor of a tenant in a list of that order. Ids grow with time.
func Cursor(t Tenant, order Order) string {
	if order.ByAge {
		return page.Encode(order.kind(), t.ID.String())
	}
	return page.Encode(order.kind(), t.Slug)
}

// Change edits a tenant's name, time zone and plan. With expected, a tenant in another version is ErrStaleVersion. The plan
// needs the scope operator. A change that changes nothing writes nothing.
func (s *Service) Change(ctx context.Context, of id.ID, expected *int64, edit func(*Tenant) error) (Tenant, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Tenant{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Tenant, error) {
		was, err := s.Get(ctx, of)
		if err != nil {
			return Tenant{}, err
		}
		if expected != nil && *expected != was.Version {
			return Tenant{}, ErrStaleVersion
		}
		now := was
		if err := edit(&now); err != nil {
			return Tenant{}, err
		}
		now.ID, now.Slug, now.Version, now.CreatedAt, now.UpdatedAt = was.ID, was.Slug, was.Version, was.CreatedAt, was.UpdatedAt
		if now == was {
			return was, nil
		}
		return s.change(caller.InTenant(ctx, of), was, now)
	})
}

func (s *Service) change(ctx context.Context, was, now Tenant) (Tenant, error) {
	if err := now.check(); err != nil {
		return Tenant{}, err
	}
	if now.Plan != was.Plan {
		if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
			return Tenant{}, err
		}
	}
	now.Version, now.UpdatedAt = was.Version+1, s.clock()
	if err := update(ctx, now); err != nil {
		return Tenant{}, err
	}
	if now.Plan != was.Plan && s.followers != nil {
		if err := s.followers.PlanChanged(ctx, now); err != nil {
			return Tenant{}, err
		}
	}
	return now, s.record(ctx, "tenant.changed", now)
}

func (s *Service) record(ctx context.Context, kind string, t Tenant) error {
	data := map[string]any{"name": t.Name, "slug": t.Slug, "plan": t.Plan, "timeZone": t.TimeZone}
	_, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: t.ID, Data: data})
	return err
}

var slugForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (t Tenant) check() error {
	if n := utf8.RuneCountInString(t.Name); n < 1 || n > 200 || !utf8.ValidString(t.Name) || strings.IndexFunc(t.Name, unicode.IsControl) >= 0 {
		return ErrInvalid.At("name").Sayf("a tenant's name has 1 to 200 characters, none of them a control character")
	}
	if !slugForm.MatchString(t.Slug) {
		return ErrInvalid.At("slug").Sayf("a slug has 1 to 63 lower-case letters, digits and hyphens, and no hyphen at its ends")
	}
	if !t.Plan.known() {
		return ErrInvalid.At("plan").Sayf("the plans are core, advanced and advanced-plus")
	}
	if _, err := time.LoadLocation(t.TimeZone); err != nil || t.TimeZone == "Local" {
		return ErrInvalid.At("timeZone").Sayf("the time zone is no IANA name such as Europe/Oslo")
	}
	return nil
}
