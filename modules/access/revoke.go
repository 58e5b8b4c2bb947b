package access

import (
	"context"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// Revoke ends a token of the tenant; an operator outside of any tenant may end every token. Ending it twice changes nothing.
// Refuses with ErrTokenNotFound.
func (s *Service) Revoke(ctx context.Context, token id.ID) (Token, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Token{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Token, error) {
		t, err := s.Get(ctx, token)
		if err != nil || t.RevokedAt != nil {
			return t, err
		}
		return s.revoke(caller.InTenant(ctx, t.Tenant), t)
	})
}

func (s *Service) revoke(ctx context.Context, t Token) (Token, error) {
	now := s.clock()
	t.RevokedAt = &now
	if err := revokeToken(ctx, t.ID, now); err != nil {
		return Token{}, err
	}
	store.AfterCommit(ctx, func() {
		s.known.revoke(t.ID, t.ExpiresAt)
		s.db.Notify(News)
	})
	return t, s.record(ctx, "token.revoked", t)
}

// RevokeSubject ends every live token of a configuration or an administrator.
func (s *Service) RevokeSubject(ctx context.Context, subject id.ID) error {
	return s.revokeWhere(ctx, subject, func(Token) bool { return true })
}

// revokeWhere ends the live tokens of a subject that are to end.
func (s *Service) revokeWhere(ctx context.Context, subject id.ID, ends func(Token) bool) error {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return err
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		all, err := s.Tokens(ctx, []id.ID{subject})
		if err != nil {
			return err
		}
		for _, t := range all[subject] {
			if t.RevokedAt != nil || !ends(t) {
				continue
			}
			if _, err := s.revoke(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
}
