package access_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/events"
)

func as(ctx context.Context, scope string) context.Context {
	who, _ := caller.From(ctx)
	who.Scopes = caller.Scopes{scope}
	return caller.With(ctx, who)
}

// outside returns an operator who acts in no tenant.
func outside(ctx context.Context) context.Context {
	return caller.With(ctx, caller.Caller{Kind: caller.KindOperator, Name: "Night shift", Scopes: caller.Scopes{caller.ScopeOperator}})
}

func service(tenant id.ID) access.Request {
	return access.Request{Tenant: tenant, SubjectKind: access.SubjectService, Name: "Report job", Scopes: caller.Scopes{caller.ScopeReportsRead}}
}

func tokensIn(t *testing.T, ctx context.Context, s *access.Service) []id.ID {
	t.Helper()
	listed, err := s.List(ctx, page.Args{}, access.TokenFilter{}, page.Descending)
	if err != nil {
		t.Fatal(err)
	}
	var of []id.ID
	for _, token := range listed.Items {
		of = append(of, token.ID)
	}
	return of
}

func TestATokenIsIssuedWithinTheCallersTenant(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		here, there := storetest.Tenant(t, db), storetest.Tenant(t, db)
		s := open(t, here, db, clock.System())
		mine, _ := caller.From(here)
		foreign, _ := caller.From(there)
		nowhere := mine
		nowhere.Tenant = id.Nil
		operator := access.Request{SubjectKind: access.SubjectOperator, Name: "Second", Scopes: caller.Scopes{caller.ScopeOperator}}
		bound := operator
		bound.Tenant = mine.Tenant
		for name, try := range map[string]struct {
			ctx     context.Context
			request access.Request
		}{
			"another tenant":                       {here, service(foreign.Tenant)},
			"no tenant":                            {here, service(id.Nil)},
			"no tenant by nobody's":                {caller.With(here, nowhere), service(id.Nil)},
			"another tenant by nobody's":           {caller.With(here, nowhere), service(foreign.Tenant)},
			"an operator's within a tenant":        {outside(here), bound},
			"a service's without one":              {outside(here), service(id.Nil)},
			"another than the operator is in":      {caller.InTenant(outside(here), foreign.Tenant), service(mine.Tenant)},
			"an administrator's without a subject": {here, access.Request{Tenant: mine.Tenant, SubjectKind: access.SubjectAdministrator, Name: "X", Scopes: caller.Scopes{"admin"}}},
		} {
			if _, _, err := s.Issue(try.ctx, try.request); !errors.Is(err, access.ErrInvalidToken) {
				t.Errorf("%s: %v", name, err)
			}
		}
		token, secret, err := s.Issue(outside(here), service(foreign.Tenant))
		if err != nil {
			t.Fatal(err)
		}
		want := access.Verified{
			Tenant: foreign.Tenant, SubjectKind: access.SubjectService, Subject: token.Subject, Token: token.ID, Name: "Report job",
			Scopes: caller.Scopes{caller.ScopeReportsRead}, ExpiresAt: token.ExpiresAt,
		}
		if got, err := s.Authenticate(t.Context(), secret.Reveal()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("an operator's gift: got %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestAnOperatorSeesTheOperatorsTokensAndEndsEverybodys(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		theirs, secret := issue(t, ctx, s, caller.ScopeAdmin)
		own, ownSecret, err := s.Issue(outside(ctx), access.Request{
			SubjectKind: access.SubjectOperator, Name: "Second", Scopes: caller.Scopes{caller.ScopeOperator},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := tokensIn(t, outside(ctx), s), []id.ID{own.ID}; !reflect.DeepEqual(got, want) {
			t.Errorf("the operator's are %v, want %v", got, want)
		}
		if got, want := tokensIn(t, ctx, s), []id.ID{theirs.ID}; !reflect.DeepEqual(got, want) {
			t.Errorf("the tenant's are %v, want %v", got, want)
		}
		if _, err := s.Revoke(ctx, own.ID); !errors.Is(err, access.ErrTokenNotFound) {
			t.Errorf("an administrator ends the operator's token: %v", err)
		}
		for name, held := range map[id.ID]string{theirs.ID: secret, own.ID: ownSecret.Reveal()} {
			if _, err := s.Revoke(outside(ctx), name); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Authenticate(ctx, held); !errors.Is(err, access.ErrTokenRevoked) {
				t.Errorf("after its end: %v", err)
			}
		}
	})
}

func TestTokensAndAdministratorsAreForAdministratorsEyes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		token, _ := issue(t, ctx, s, caller.ScopeAdmin)
		ada, err := s.CreateAdministrator(ctx, access.NewAdministrator{Name: "Ada", Email: "ada@example.com", Role: access.Reporting})
		if err != nil {
			t.Fatal(err)
		}
		nowhere := caller.With(ctx, caller.Caller{Kind: caller.KindAdmin, Scopes: caller.Scopes{caller.ScopeAdmin}})
		for name, who := range map[string]context.Context{
			"a report job": as(ctx, caller.ScopeReportsRead), "an identity provider": as(ctx, caller.ScopeSCIM), "an administrator of nowhere": nowhere,
		} {
			_, get := s.Get(who, token.ID)
			_, list := s.List(who, page.Args{}, access.TokenFilter{}, page.Descending)
			_, tokens := s.Tokens(who, []id.ID{token.Subject})
			_, one := s.Administrator(who, ada.ID)
			_, all := s.Administrators(who)
			_, some := s.AdministratorsByID(who, []id.ID{ada.ID})
			for verb, err := range map[string]error{"Get": get, "List": list, "Tokens": tokens, "Administrator": one, "Administrators": all, "AdministratorsByID": some} {
				if found, ok := fault.As(err); !ok || found.Kind != fault.Forbidden {
					t.Errorf("%s by %s: %v", verb, name, err)
				}
			}
		}
		reading := as(ctx, caller.ScopeAdminRead)
		if _, _, err := s.Issue(reading, service(token.Tenant)); err == nil {
			t.Error("who may only read has issued a token")
		}
		if _, err := s.Revoke(reading, token.ID); err == nil {
			t.Error("who may only read has revoked a token")
		}
		who, _ := caller.From(as(ctx, caller.ScopeReportsRead))
		who.Admin = ada.ID
		if got, err := s.Administrator(caller.With(ctx, who), ada.ID); err != nil || !reflect.DeepEqual(got, ada) {
			t.Errorf("she sees of herself %+v, %v", got, err)
		}
		if got, err := s.AdministratorsByID(ctx, []id.ID{ada.ID, id.New()}); err != nil || !reflect.DeepEqual(got, map[id.ID]access.Administrator{ada.ID: ada}) {
			t.Errorf("by ids: %+v, %v", got, err)
		}
		if got, err := s.AdministratorsByID(storetest.Tenant(t, db), []id.ID{ada.ID}); err != nil || len(got) != 0 {
			t.Errorf("another tenant sees %+v, %v", got, err)
		}
	})
}

func revokedAt(t *testing.T, ctx context.Context, s *access.Service, of id.ID) *time.Time {
	t.Helper()
	token, err := s.Get(ctx, of)
	if err != nil {
		t.Fatal(err)
	}
	return token.RevokedAt
}

func TestTokensAreListedInBothDirections(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		var all [4]access.Token // the newest first
		for n := range all {
			all[len(all)-1-n], _ = issue(t, ctx, s, caller.ScopeReportsRead)
		}
		other := storetest.Tenant(t, db)
		issue(t, other, s, caller.ScopeReportsRead)
		for _, step := range []struct {
			args page.Args
			want page.Page[access.Token]
		}{
			{page.Args{First: 3}, page.Page[access.Token]{Items: all[:3], HasNext: true}},
			{page.Args{First: 3, After: access.TokenCursor(all[2])}, page.Page[access.Token]{Items: all[3:], HasPrevious: true}},
			{page.Args{Last: 2}, page.Page[access.Token]{Items: all[2:], HasPrevious: true}},
			{page.Args{Last: 3, Before: access.TokenCursor(all[2])}, page.Page[access.Token]{Items: all[:2], HasNext: true}},
		} {
			if got, err := s.List(ctx, step.args, access.TokenFilter{}, page.Descending); err != nil || !reflect.DeepEqual(got, step.want) {
				t.Errorf("%+v: got %+v, %v, want %+v", step.args, got, err, step.want)
			}
		}
		if _, err := s.List(ctx, page.Args{After: "nonsense"}, access.TokenFilter{}, page.Descending); !errors.Is(err, page.ErrCursor) {
			t.Errorf("a wrong cursor: %v", err)
		}
		oldest, err := s.List(ctx, page.Args{First: 1}, access.TokenFilter{}, page.Ascending)
		if err != nil || len(oldest.Items) != 1 || oldest.Items[0].ID != all[3].ID || !oldest.HasNext {
			t.Errorf("the oldest: %+v, %v", oldest, err)
		}
		if _, err := s.Revoke(ctx, all[1].ID); err != nil {
			t.Fatal(err)
		}
		yes, no := true, false
		for _, c := range []struct {
			filter access.TokenFilter
			want   []access.Token
		}{
			{access.TokenFilter{}, all[:]}, {access.TokenFilter{Live: &yes}, []access.Token{all[0], all[2], all[3]}}, {access.TokenFilter{Live: &no}, all[1:2]},
			{access.TokenFilter{Subject: all[2].Subject}, all[2:3]}, {access.TokenFilter{Subject: all[2].Subject, Live: &no}, nil},
		} {
			found, err := s.List(ctx, page.Args{}, c.filter, page.Descending)
			n, errOfCount := s.Count(ctx, c.filter)
			same := slices.EqualFunc(found.Items, c.want, func(a, b access.Token) bool { return a.ID == b.ID })
			if err != nil || errOfCount != nil || !same || n != int64(len(c.want)) {
				t.Errorf("%+v found %+v of %d, %v, %v", c.filter, found.Items, n, err, errOfCount)
			}
		}
		all[1].RevokedAt = revokedAt(t, ctx, s, all[1].ID)
		got, err := s.Tokens(ctx, []id.ID{all[1].Subject, all[3].Subject, id.New()})
		want := map[id.ID][]access.Token{all[1].Subject: {all[1]}, all[3].Subject: {all[3]}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by subject: got %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestEveryChangeIsInTheJournalOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		ada, err := s.CreateAdministrator(ctx, access.NewAdministrator{Name: "Ada", Email: "ada@example.com", Role: access.Full})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateAdministrator(ctx, access.NewAdministrator{Name: "Ben", Email: "ben@example.com", Role: access.Full}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Ada L.", "Ada L."} { // the second time nothing changes
			if _, err := s.ChangeAdministrator(ctx, ada.ID, nil, func(a *access.Administrator) error { a.Name = name; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		first := ada.Version
		if _, err := s.ChangeAdministrator(ctx, ada.ID, &first, func(a *access.Administrator) error { a.Name = "Late"; return nil }); !errors.Is(err, access.ErrStaleVersion) {
			t.Errorf("an old version: %v", err)
		}
		token, _ := issueFor(t, ctx, s, ada.ID, caller.ScopeAdmin)
		for range 2 {
			if _, err := s.Revoke(ctx, token.ID); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.RemoveAdministrator(ctx, ada.ID); err != nil {
			t.Fatal(err)
		}
		journal := events.New(db)
		if _, err := journal.Number(t.Context()); err != nil {
			t.Fatal(err)
		}
		read, err := journal.After(ctx, 0, 50, events.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, e := range read.Items {
			kinds = append(kinds, e.Kind)
		}
		want := []string{
			"administrator.created", "administrator.created", "administrator.changed", "token.issued", "token.revoked", "administrator.removed",
		}
		if !reflect.DeepEqual(kinds, want) {
			t.Errorf("the journal has %v, want %v", kinds, want)
		}
	})
}

func issueFor(t testing.TB, ctx context.Context, s *access.Service, administrator id.ID, scopes ...string) (access.Token, string) {
	t.Helper()
	who, _ := caller.From(ctx)
	token, secret, err := s.Issue(ctx, access.Request{
		Tenant: who.Tenant, SubjectKind: access.SubjectAdministrator, Subject: administrator, Name: "Hers", Scopes: scopes, Life: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	return token, secret.Reveal()
}
