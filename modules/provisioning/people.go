package provisioning

import (
	"context"
	"slices"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

// Join takes a person in: she is created, or taken back where the configuration had let her go, linked, and given what the
// configuration assigns, all in one unit of work. A full license puts her in line and is no error.
func (s *Service) Join(ctx context.Context, u directory.User) (*directory.User, error) {
	if err := caller.Require(ctx, caller.ScopeSCIM); err != nil {
		return nil, err
	}
	return s.directory.Create(ctx, u)
}

// Change moves a person: attributes, and her activity in this configuration, which takes and gives seats. Among her
// entitlements, licenses that she has for another reason already are an echo of what the provider was shown, and dropped.
func (s *Service) Change(ctx context.Context, of id.ID, edit func(*directory.User) error, expect *directory.Expect) (*directory.User, bool, error) {
	if err := caller.Require(ctx, caller.ScopeSCIM); err != nil {
		return nil, false, err
	}
	return s.directory.Change(ctx, of, func(u *directory.User) error {
		was := slices.Clone(u.Entitlements)
		if err := edit(u); err != nil {
			return err
		}
		var err error
		u.Entitlements, err = s.seats.Own(ctx, of, was, u.Entitlements)
		return err
	}, expect)
}

// Leave lets a person go. The last configuration that lets go deletes her.
func (s *Service) Leave(ctx context.Context, of id.ID, expect *directory.Expect) error {
	if err := caller.Require(ctx, caller.ScopeSCIM); err != nil {
		return err
	}
	return s.directory.Delete(ctx, of, expect)
}

// CreateGroup adds a group that the identity provider pushes.
func (s *Service) CreateGroup(ctx context.Context, g directory.NewGroup) (*directory.Group, error) {
	if err := caller.Require(ctx, caller.ScopeSCIM); err != nil {
		return nil, err
	}
	return s.directory.CreateGroup(ctx, g)
}

// ChangeGroup edits a group and its members, in the member mode of the configuration.
func (s *Service) ChangeGroup(ctx context.Context, of id.ID, edit directory.GroupEdit, expect *directory.Expect) (*directory.Group, bool, error) {
	if err := caller.Require(ctx, caller.ScopeSCIM); err != nil {
		return nil, false, err
	}
	who, err := caller.Must(ctx)
	if err != nil {
		return nil, false, err
	}
	c, err := s.config(ctx, who.Config)
	if err != nil {
		return nil, false, err
	}
	edit.Additive = c.MemberMode == Additive
	return s.directory.ChangeGroup(ctx, of, edit, expect)
}

// DeleteGroup deletes a group; its members stay.
func (s *Service) DeleteGroup(ctx context.Context, of id.ID, expect *directory.Expect) error {
	if err := caller.Require(ctx, caller.ScopeSCIM); err != nil {
		return err
	}
	return s.directory.DeleteGroup(ctx, of, expect)
}

// SettleDrift settles the drift of a group, by the member mode of the configuration that owns it, and returns how much that was.
// It is for administrators. Refuses as directory.SettleDrift does.
func (s *Service) SettleDrift(ctx context.Context, of id.ID, how directory.Settle, expect *directory.Expect) (*directory.Group, int, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return nil, 0, err
	}
	g, err := s.directory.GetGroup(ctx, of)
	if err != nil {
		return nil, 0, err
	}
	if g.Config != nil {
		c, err := s.load(ctx, *g.Config)
		if err != nil {
			return nil, 0, err
		}
		how.Additive = c.MemberMode == Additive
	}
	return s.directory.SettleDrift(ctx, of, how, expect)
}
