package access_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/events"
)

func wrapping() access.Options { return access.Options{WrappingKey: bytes.Repeat([]byte{7}, 32)} }

func open(t testing.TB, ctx context.Context, db *store.DB, now clock.Clock) *access.Service {
	t.Helper()
	s, err := access.New(db, events.New(db), now, wrapping())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Load(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

func issue(t testing.TB, ctx context.Context, s *access.Service, scopes ...string) (access.Token, string) {
	t.Helper()
	who, _ := caller.From(ctx)
	token, secret, err := s.Issue(ctx, access.Request{Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: "Report job", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return token, secret.Reveal()
}

func TestATokenSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		token, secret := issue(t, ctx, s, caller.ScopeReportsRead)
		for _, header := range []string{"Bearer " + secret, "bEaReR   " + secret, secret, " " + secret + " "} {
			v, err := s.Authenticate(t.Context(), header)
			if err != nil || v.Token != token.ID || v.Tenant != token.Tenant || !v.Scopes.Allow(caller.ScopeReportsRead) || v.Scopes.Allow(caller.ScopeAdmin) {
				t.Errorf("got %+v, %v", v, err)
			}
		}
		again := open(t, ctx, db, clock.System())
		if _, err := again.Authenticate(t.Context(), secret); err != nil {
			t.Errorf("after a restart: %v", err)
		}
		if got := token.ExpiresAt.Sub(token.CreatedAt); got != access.DefaultLife {
			t.Errorf("it lives %v", got)
		}
	})
}

func TestASecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := access.Secret("eyJ.secret.part")
	text, err := json.Marshal(map[string]any{"token": secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret), string(text)} {
		if strings.Contains(shown, "secret.part") {
			t.Errorf("printed as %s", shown)
		}
	}
}

// forged is a token like a good one, with something changed.
type forged struct {
	header map[string]any
	claims jwt.MapClaims
}

func taken(t *testing.T, secret string) forged {
	t.Helper()
	f := forged{claims: jwt.MapClaims{}}
	token, _, err := jwt.NewParser().ParseUnverified(secret, f.claims)
	if err != nil {
		t.Fatal(err)
	}
	f.header = token.Header
	return f
}

func (f forged) signed(t *testing.T, method jwt.SigningMethod, key any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, f.claims)
	maps.Copy(token.Header, f.header)
	token.Header["alg"] = method.Alg()
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func publicKey(t *testing.T, s *access.Service) []byte {
	t.Helper()
	text, err := s.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []struct {
			X string `json:"x"`
			Y string `json:"y"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("key set %s: %v", text, err)
	}
	x, errX := base64.RawURLEncoding.DecodeString(set.Keys[0].X)
	y, errY := base64.RawURLEncoding.DecodeString(set.Keys[0].Y)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err := errors.Join(errX, errY, err); err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		_, secret := issue(t, ctx, s, caller.ScopeAdmin)
		foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		good := taken(t, secret)
		parts := strings.Split(secret, ".")
		refused := map[string]string{
			"no algorithm":             good.signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType),
			"the public key as secret": good.signed(t, jwt.SigningMethodHS256, publicKey(t, s)),
			"a foreign key":            good.signed(t, jwt.SigningMethodES256, foreign),
			"a changed payload":        parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"scope":"operator"}`)) + "." + parts[2],
			"no signature":             parts[0] + "." + parts[1] + ".",
			"half a token":             secret[:len(secret)/2],
			"no token":                 "non-token",
			"another scheme":           "Basic " + secret,
			"an endless one":           strings.Repeat("a", 9000),
		}
		unknown := taken(t, secret)
		unknown.header["kid"] = id.New().String()
		refused["an unknown key"] = unknown.signed(t, jwt.SigningMethodES256, foreign)
		for name, header := range refused {
			if _, err := s.Authenticate(t.Context(), header); !errors.Is(err, access.ErrTokenInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, header := range []string{"", "  ", "Bearer", "bearer "} {
			if _, err := s.Authenticate(t.Context(), header); !errors.Is(err, access.ErrTokenMissing) {
				t.Errorf("%q: %v", header, err)
			}
		}
	})
}

func TestTokensOfAnotherInstallationTenantOrTimeAreRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		_, secret := issue(t, ctx, s, caller.ScopeAdmin)
		signer := access.SignerOf(s)
		change := func(edit func(forged)) string {
			f := taken(t, secret)
			edit(f)
			return f.signed(t, jwt.SigningMethodES256, signer)
		}
		if _, err := s.Authenticate(t.Context(), change(func(forged) {})); err != nil {
			t.Fatalf("unchanged: %v", err)
		}
		for name, edit := range map[string]func(forged){
			"another audience": func(f forged) { f.claims["aud"] = id.New().String() },
			"another issuer":   func(f forged) { f.claims["iss"] = id.New().String() },
			"another tenant":   func(f forged) { f.claims["tid"] = id.Tenant.Format(id.New()) },
			"another client":   func(f forged) { f.claims["client_id"] = id.New().String() },
			"more scopes":      func(f forged) { f.claims["scope"] = "admin operator" },
			"another jti":      func(f forged) { f.claims["jti"] = id.New().String() },
			"another type":     func(f forged) { f.header["typ"] = "JWT" },
			"not yet good":     func(f forged) { f.claims["nbf"] = time.Now().Add(time.Hour).Unix() },
			"issued later":     func(f forged) { f.claims["iat"] = time.Now().Add(time.Hour).Unix() },
			"without an end":   func(f forged) { delete(f.claims, "exp") },
			"without a start":  func(f forged) { delete(f.claims, "nbf") },
		} {
			if _, err := s.Authenticate(t.Context(), change(edit)); !errors.Is(err, access.ErrTokenInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		old := change(func(f forged) { f.claims["exp"] = time.Now().Add(-time.Hour).Unix() })
		if _, err := s.Authenticate(t.Context(), old); !errors.Is(err, access.ErrTokenExpired) {
			t.Errorf("expired: %v", err)
		}
	})
}

func TestAnExpiredTokenIsRefusedThoughItIsRemembered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, now := storetest.Tenant(t, db), time.Now().UTC()
		s := open(t, ctx, db, func() time.Time { return now })
		who, _ := caller.From(ctx)
		_, secret, err := s.Issue(ctx, access.Request{
			Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: "Short", Scopes: caller.Scopes{caller.ScopeAdminRead}, Life: time.Hour,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, secret.Reveal()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
		if _, err := s.Authenticate(ctx, secret.Reveal()); !errors.Is(err, access.ErrTokenExpired) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAKnownTokenAsksNoDatabaseAndAReplicaThatHearsNothingLetsNobodyIn(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, err := store.Open(t.Context(), store.Options{URL: storetest.URL(t, dialect)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, now := storetest.Tenant(t, db), time.Now().UTC()
			s := open(t, ctx, db, func() time.Time { return now })
			_, secret := issue(t, ctx, s, caller.ScopeAdmin)
			if _, err := s.Authenticate(ctx, secret); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Authenticate(ctx, secret); err != nil {
				t.Errorf("a known token needs the database: %v", err)
			}
			now = now.Add(61 * time.Second)
			if _, err := s.Authenticate(ctx, secret); !errors.Is(err, access.ErrUnsure) {
				t.Errorf("after a minute without news: %v", err)
			}
		})
	}
}

func TestTokensOfARetiredKeyStayGood(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		_, old := issue(t, ctx, s, caller.ScopeAdmin)
		operator := caller.With(ctx, caller.Caller{Kind: caller.KindOperator, Scopes: caller.Scopes{caller.ScopeOperator}})
		if _, err := s.RotateKey(operator); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RotateKey(ctx); err == nil {
			t.Error("an administrator rotated the installation's key")
		}
		_, fresh := issue(t, ctx, s, caller.ScopeAdmin)
		again := open(t, ctx, db, clock.System())
		for name, secret := range map[string]string{"old": old, "new": fresh} {
			if _, err := again.Authenticate(ctx, secret); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if taken(t, old).header["kid"] == taken(t, fresh).header["kid"] {
			t.Error("the key is still the old one")
		}
	})
}

func TestAnotherWrappingKeyIsAClearError(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		open(t, t.Context(), db, clock.System())
		s, err := access.New(db, events.New(db), clock.System(), access.Options{WrappingKey: bytes.Repeat([]byte{8}, 32)})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "another wrapping key") {
			t.Errorf("got %v", err)
		}
	})
	if _, err := access.New(nil, nil, nil, access.Options{WrappingKey: []byte("short")}); err == nil {
		t.Error("a short wrapping key was taken")
	}
}

func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		who, _ := caller.From(ctx)
		for name, r := range map[string]access.Request{
			"operator by an administrator": {SubjectKind: access.SubjectOperator, Scopes: caller.Scopes{caller.ScopeOperator}},
			"operator for a service":       {SubjectKind: access.SubjectService, Scopes: caller.Scopes{caller.ScopeOperator}},
			"admin for a configuration":    {SubjectKind: access.SubjectConfig, Subject: id.New(), Scopes: caller.Scopes{caller.ScopeAdmin}},
			"nothing":                      {SubjectKind: access.SubjectService},
			"an endless life":              {SubjectKind: access.SubjectService, Scopes: caller.Scopes{caller.ScopeAdmin}, Life: 11 * 366 * 24 * time.Hour},
			"nobody's":                     {SubjectKind: "robot", Scopes: caller.Scopes{caller.ScopeAdmin}},
		} {
			r.Tenant, r.Name = who.Tenant, "Test"
			if _, _, err := s.Issue(ctx, r); err == nil {
				t.Errorf("%s was issued", name)
			}
		}
		token, _ := issue(t, ctx, s, caller.ScopeAdmin)
		if _, err := s.Revoke(storetest.Tenant(t, db), token.ID); !errors.Is(err, access.ErrTokenNotFound) {
			t.Errorf("another tenant revoked it: %v", err)
		}
		listed, err := s.List(ctx, page.Args{First: 5}, access.TokenFilter{}, page.Descending)
		if err != nil || len(listed.Items) != 1 || listed.Items[0].ID != token.ID {
			t.Errorf("listed %+v, %v", listed, err)
		}
	})
}

func TestWhenATokenWasLastUsedIsWrittenDown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		token, secret := issue(t, ctx, s, caller.ScopeAdmin)
		if _, err := s.Authenticate(ctx, secret); err != nil {
			t.Fatal(err)
		}
		if err := s.FlushUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(ctx, token.ID)
		if err != nil || got.LastUsedAt == nil {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestTheLastFullAdministratorStays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		ada, err := s.CreateAdministrator(ctx, access.NewAdministrator{Name: "Ada", Email: "ada@example.com", Role: access.Full})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateAdministrator(ctx, access.NewAdministrator{Name: "Other", Email: "ADA@example.com", Role: access.Full}); !errors.Is(err, access.ErrEmailTaken) {
			t.Errorf("the same address: %v", err)
		}
		if err := s.RemoveAdministrator(ctx, ada.ID); !errors.Is(err, access.ErrLastAdministrator) {
			t.Errorf("removing the last: %v", err)
		}
		lower := func(a *access.Administrator) error { a.Role = access.Limited; return nil }
		if _, err := s.ChangeAdministrator(ctx, ada.ID, nil, lower); !errors.Is(err, access.ErrLastAdministrator) {
			t.Errorf("lowering the last: %v", err)
		}
		ben, err := s.CreateAdministrator(ctx, access.NewAdministrator{Name: "Ben", Email: "ben@example.com", Role: access.Full})
		if err != nil {
			t.Fatal(err)
		}
		who, _ := caller.From(ctx)
		_, secret, err := s.Issue(ctx, access.Request{
			Tenant: who.Tenant, SubjectKind: access.SubjectAdministrator, Subject: ada.ID, Name: "Ada's", Scopes: caller.Scopes{caller.ScopeAdmin},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveAdministrator(ctx, ada.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, secret.Reveal()); !errors.Is(err, access.ErrTokenRevoked) {
			t.Errorf("the token of who is gone: %v", err)
		}
		if all, err := s.Administrators(ctx); err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], ben) {
			t.Errorf("left are %+v, %v", all, err)
		}
	})
}

func FuzzAuthenticate(f *testing.F) {
	db, err := store.Open(f.Context(), store.Options{URL: storetest.URL(f, storetest.SQLite)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	s := open(f, f.Context(), db, clock.System())
	for _, seed := range []string{"", "Bearer", "Bearer a.b.c", "a.b.c", "Basic dTpw", "eyJhbGciOiJub25lIn0.e30.", "Bearer \x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		_, err := s.Authenticate(t.Context(), header)
		if !errors.Is(err, access.ErrTokenInvalid) && !errors.Is(err, access.ErrTokenMissing) && !errors.Is(err, access.ErrTokenExpired) {
			t.Errorf("%q got %v", header, err)
		}
	})
}
