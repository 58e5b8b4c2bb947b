package access

import (
	"context"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// Faults of administrators.
var (
	ErrAdministratorNotFound = fault.New(fault.NotFound, "administrator_not_found", "there is no such administrator")
	ErrEmailTaken            = fault.New(fault.Conflict, "email_taken", "another administrator has this e-mail address").At("email")
	ErrInvalidAdministrator  = fault.New(fault.Invalid, "invalid_administrator", "the administrator is not valid")
	ErrLastAdministrator     = fault.New(fault.Conflict, "last_administrator", "this is the last full administrator; make another one first")
	ErrStaleVersion          = fault.New(fault.Stale, "stale_version", "somebody has changed it since it was read; read it again")
)

// Role is what an administrator may do.
type Role string

// The roles: Full may change everything, Limited may read everything, Reporting sees licenses and figures, InGroups sees figures of
// the people of some groups, and these people.
const (
	Full      Role = "full"
	Reporting Role = "reporting"
	Limited   Role = "limited"
	InGroups  Role = "groups"
)

func (r Role) scopes() []string {
	switch r {
	case Full:
		return []string{caller.ScopeAdmin, caller.ScopeAdminRead, caller.ScopeReportsRead, caller.ScopeEntitlementsRead}
	case Limited:
		return []string{caller.ScopeAdminRead, caller.ScopeReportsRead}
	case Reporting:
		return []string{caller.ScopeReportsRead}
	case InGroups:
		return []string{caller.ScopeGroupReportsRead}
	default:
		return nil
	}
}

// Administrator is a person who may manage the tenant.
type Administrator struct {
	ID        id.ID
	Name      string
	Email     string
	Role      Role
	Groups    []id.ID // with InGroups: whose members she sees, also those of the groups in them
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// NewAdministrator is an administrator to make.
type NewAdministrator struct {
	Name   string
	Email  string
	Role   Role
	Groups []id.ID
}

// CreateAdministrator makes an administrator. Refuses with ErrEmailTaken and ErrInvalidAdministrator.
func (s *Service) CreateAdministrator(ctx context.Context, n NewAdministrator) (Administrator, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Administrator{}, err
	}
	if _, err := caller.Tenant(ctx); err != nil {
		return Administrator{}, err
	}
	now := s.clock()
	a := Administrator{ID: id.New(), Name: n.Name, Email: n.Email, Role: n.Role, Groups: n.Groups, Version: 1, CreatedAt: now, UpdatedAt: now}
	if err := a.check(); err != nil {
		return Administrator{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Administrator, error) {
		if err := s.checkGroups(ctx, a.Groups); err != nil {
			return Administrator{}, err
		}
		if err := insertAdministrator(ctx, a); err != nil {
			return Administrator{}, err
		}
		return a, s.recordAdministrator(ctx, "administrator.created", a)
	})
}

// ChangeAdministrator edits an administrator. With expected, one in another version is ErrStaleVersion. The last full one
// stays one: ErrLastAdministrator. Her live tokens that open more than her new role does are revoked.
func (s *Service) ChangeAdministrator(ctx context.Context, of id.ID, expected *int64, edit func(*Administrator) error) (Administrator, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Administrator{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Administrator, error) {
		was, err := s.locked(ctx, of)
		switch {
		case err != nil:
			return Administrator{}, err
		case expected != nil && *expected != was.Version:
			return Administrator{}, ErrStaleVersion
		}
		now := was
		if err := edit(&now); err != nil {
			return Administrator{}, err
		}
		now.ID, now.Version, now.CreatedAt, now.UpdatedAt = was.ID, was.Version, was.CreatedAt, was.UpdatedAt
		if was.Role == InGroups && now.Role != InGroups {
			now.Groups = nil
		}
		if err := now.check(); err != nil || now.same(was) {
			return was, err
		}
		if err := s.checkGroups(ctx, now.Groups); err != nil {
			return Administrator{}, err
		}
		if err := s.changeRole(ctx, was, now); err != nil {
			return Administrator{}, err
		}
		now.Version, now.UpdatedAt = was.Version+1, s.clock()
		if err := updateAdministrator(ctx, now); err != nil {
			return Administrator{}, err
		}
		return now, s.recordAdministrator(ctx, "administrator.changed", now)
	})
}

func (s *Service) changeRole(ctx context.Context, was, now Administrator) error {
	if was.Role == now.Role && slices.Equal(was.Groups, now.Groups) {
		return nil
	}
	if was.Role == Full {
		if err := s.another(ctx, was.ID); err != nil {
			return err
		}
	}
	store.AfterCommit(ctx, func() { s.db.Notify(News) })
	left := now.Role.scopes()
	return s.revokeWhere(ctx, was.ID, func(t Token) bool { return among(t.Scopes, left) != nil })
}

// RemoveAdministrator ends an administrator, her tokens, her sessions and her links. The last full one stays: ErrLastAdministrator.
func (s *Service) RemoveAdministrator(ctx context.Context, of id.ID) error {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return err
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		was, err := s.locked(ctx, of)
		if err != nil {
			return err
		}
		if was.Role == Full {
			if err := s.another(ctx, of); err != nil {
				return err
			}
		}
		if err := s.RevokeSubject(ctx, of); err != nil {
			return err
		}
		if _, err := s.endSessionsOf(ctx, of); err != nil {
			return err
		}
		if _, err := s.endInvitations(ctx, of); err != nil {
			return err
		}
		if err := deleteAdministrator(ctx, was); err != nil {
			return err
		}
		return s.recordAdministrator(ctx, "administrator.removed", was)
	})
}

// locked returns an administrator whom nobody else can change, nor the full ones, until the unit has ended: two full ones
// cannot go at once.
func (s *Service) locked(ctx context.Context, of id.ID) (Administrator, error) {
	if err := s.lockAdministrators(ctx, of); err != nil {
		return Administrator{}, err
	}
	return s.Administrator(ctx, of)
}

// another refuses unless there is another full administrator.
func (s *Service) another(ctx context.Context, besides id.ID) error {
	others, err := s.administrators(ctx, ` AND role = 'full' AND id <> $2`, besides)
	switch {
	case err != nil:
		return err
	case len(others) == 0:
		return ErrLastAdministrator
	default:
		return nil
	}
}

// Administrator returns an administrator of the tenant, or ErrAdministratorNotFound. Every administrator may see herself.
func (s *Service) Administrator(ctx context.Context, of id.ID) (Administrator, error) {
	if who, ok := caller.From(ctx); !ok || who.Admin == id.Nil || who.Admin != of {
		if _, err := reader(ctx); err != nil {
			return Administrator{}, err
		}
	}
	all, err := s.administrators(ctx, " AND id = $2", of)
	if err != nil {
		return Administrator{}, err
	}
	if len(all) == 0 {
		return Administrator{}, ErrAdministratorNotFound
	}
	return all[0], nil
}

// Administrators returns all administrators of the tenant, the oldest first.
func (s *Service) Administrators(ctx context.Context) ([]Administrator, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	return s.administrators(ctx, "")
}

// AdministratorsByID returns those administrators of the tenant that are there, by their ids.
func (s *Service) AdministratorsByID(ctx context.Context, of []id.ID) (map[id.ID]Administrator, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	all, err := s.administrators(ctx, " AND id = ANY($2)", of)
	if err != nil {
		return nil, err
	}
	found := make(map[id.ID]Administrator, len(all))
	for _, a := range all {
		found[a.ID] = a
	}
	return found, nil
}

func (a *Administrator) check() error {
	a.Name, a.Email = strings.TrimSpace(a.Name), strings.TrimSpace(a.Email)
	if n := utf8.RuneCountInString(a.Name); n < 1 || n > 200 || strings.ContainsRune(a.Name, 0) || !utf8.ValidString(a.Name) {
		return ErrInvalidAdministrator.At("name").Sayf("an administrator's name has 1 to 200 characters")
	}
	const longestAddress = 254 // RFC 5321 section 4.5.3.1.3, without the brackets
	if parsed, err := mail.ParseAddress(a.Email); err != nil || parsed.Address != a.Email || len(a.Email) > longestAddress {
		return ErrInvalidAdministrator.At("email").Sayf("this is no e-mail address")
	}
	if a.Role.scopes() == nil {
		return ErrInvalidAdministrator.At("role").Sayf("the roles are full, limited, reporting and groups")
	}
	a.Groups = tidyGroups(a.Groups)
	switch {
	case a.Role == InGroups && len(a.Groups) == 0:
		return ErrInvalidAdministrator.At("groupIds").Sayf("name at least one group whose people the administrator sees")
	case a.Role != InGroups && len(a.Groups) > 0:
		return ErrInvalidAdministrator.At("groupIds").Sayf("only the role groups is limited to groups")
	case len(a.Groups) > maxGroups:
		return ErrInvalidAdministrator.At("groupIds").Sayf("name %d groups at most; a group may hold others", maxGroups)
	}
	return nil
}

func (a *Administrator) same(b Administrator) bool {
	return a.Name == b.Name && a.Email == b.Email && a.Role == b.Role && slices.Equal(a.Groups, b.Groups)
}

type administratorNews struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  Role   `json:"role"`

	Groups []string `json:"groups,omitempty"`
}

func (s *Service) recordAdministrator(ctx context.Context, kind string, a Administrator) error {
	data := administratorNews{Name: a.Name, Email: a.Email, Role: a.Role}
	for _, group := range a.Groups {
		data.Groups = append(data.Groups, id.Group.Format(group))
	}
	_, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: a.ID, Data: data})
	return err
}
