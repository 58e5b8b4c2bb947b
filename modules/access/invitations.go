package access

import (
	"context"
	"log/slog"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// InvitationLife is how long a link of an invitation is good.
const InvitationLife = 72 * time.Hour

// ErrInvitationNotFound is what there is to revoke when nobody is invited.
var ErrInvitationNotFound = fault.New(fault.NotFound, "invitation_not_found", "she has no invitation that is open; invite her again for a new link")

// Invitation is a link by which an administrator signs in to the console, once. What the link carries is told when it is made
// and kept nowhere: only its hash is.
type Invitation struct {
	ID            id.ID
	Tenant        id.ID // id.Nil for the operator's
	Administrator id.ID // id.Nil for the operator's
	CreatedAt     time.Time
	ExpiresAt     time.Time
	UsedAt        *time.Time
}

// Link is the address that a secret of an invitation makes of the console's. The secret stands behind the #, which browsers keep
// to themselves: no server, proxy or log sees it.
func Link(console string, secret Secret) string { return console + "#/sign-in/" + secret.Reveal() }

// InviteAdministrator makes an administrator and a link for her. Refuses as CreateAdministrator does.
func (s *Service) InviteAdministrator(ctx context.Context, n NewAdministrator) (a Administrator, i Invitation, link Secret, err error) {
	err = store.Do(ctx, s.db, func(ctx context.Context) error {
		if a, err = s.CreateAdministrator(ctx, n); err != nil {
			return err
		}
		i, link, err = s.invite(ctx, a)
		return err
	})
	return a, i, link, err
}

// RenewInvitation gives an administrator a new link, whether she has signed in before or not; a link that is still open ends.
// Refuses with ErrAdministratorNotFound.
func (s *Service) RenewInvitation(ctx context.Context, of id.ID) (a Administrator, i Invitation, link Secret, err error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Administrator{}, Invitation{}, "", err
	}
	err = store.Do(ctx, s.db, func(ctx context.Context) error {
		if err := s.lockAdministrator(ctx, of); err != nil {
			return err
		}
		if a, err = s.Administrator(ctx, of); err != nil {
			return err
		}
		if _, err := s.endInvitations(ctx, of); err != nil {
			return err
		}
		i, link, err = s.invite(ctx, a)
		return err
	})
	return a, i, link, err
}

// InviteOperator makes a link that signs in as the operator of the installation. It needs the scope operator.
func (s *Service) InviteOperator(ctx context.Context) (Invitation, Secret, error) {
	if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
		return Invitation{}, "", err
	}
	i, secret, hash := s.newInvitation(id.Nil, id.Nil)
	err := store.Do(ctx, s.db, func(ctx context.Context) error {
		store.AfterCommit(ctx, func() { // the journal is a tenant's
			slog.InfoContext(ctx, "a link of the operator was made", "expires", i.ExpiresAt)
		})
		return insertInvitation(ctx, i, hash)
	})
	return i, secret, err
}

func (s *Service) invite(ctx context.Context, a Administrator) (Invitation, Secret, error) {
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		return Invitation{}, "", err
	}
	i, secret, hash := s.newInvitation(tenant, a.ID)
	if err := insertInvitation(ctx, i, hash); err != nil {
		return Invitation{}, "", err
	}
	return i, secret, s.recordInvitation(ctx, "administrator.invited", a, i)
}

func (s *Service) newInvitation(tenant, administrator id.ID) (i Invitation, secret Secret, hash string) {
	now := s.clock()
	secret, hash = newSecret()
	return Invitation{ID: id.New(), Tenant: tenant, Administrator: administrator, CreatedAt: now, ExpiresAt: now.Add(InvitationLife)}, secret, hash
}

// RevokeInvitation ends the link of an administrator who has not used it. Refuses with ErrAdministratorNotFound and
// ErrInvitationNotFound.
func (s *Service) RevokeInvitation(ctx context.Context, of id.ID) (Administrator, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Administrator{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Administrator, error) {
		a, err := s.Administrator(ctx, of)
		if err != nil {
			return Administrator{}, err
		}
		ended, err := s.endInvitations(ctx, of)
		switch {
		case err != nil:
			return Administrator{}, err
		case ended == 0:
			return Administrator{}, ErrInvitationNotFound
		}
		return a, s.recordAdministrator(ctx, "administrator.uninvited", a)
	})
}

// Invitations returns the links of the tenant that are still open, the newest first: at most one for each administrator.
func (s *Service) Invitations(ctx context.Context) ([]Invitation, error) {
	if _, err := reader(ctx); err != nil {
		return nil, err
	}
	return s.openInvitations(ctx)
}

// invitationNews is what the journal keeps of an invitation: never the link.
type invitationNews struct {
	administratorNews

	ExpiresAt time.Time `json:"expiresAt"`
}

func (s *Service) recordInvitation(ctx context.Context, kind string, a Administrator, i Invitation) error {
	data := invitationNews{administratorNews: administratorNews{Name: a.Name, Email: a.Email, Role: a.Role}, ExpiresAt: i.ExpiresAt}
	_, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: a.ID, Data: data})
	return err
}
