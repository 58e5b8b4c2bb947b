package access_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
)

// TestATokenIsGoodWhereItWasIssued takes a good token of another installation, and tokens that the right key has signed for other
// audiences, clients and tenants.
//
// Conformance: J-7519/8725/9068-03
func TestATokenIsGoodWhereItWasIssued(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, other := storetest.Open(t, dialect), storetest.Open(t, dialect)
			ctx := storetest.Tenant(t, db)
			s := open(t, ctx, db, clock.System())
			theirs := storetest.Tenant(t, other)
			elsewhere := open(t, theirs, other, clock.System())
			token, secret := issue(t, ctx, s, caller.ScopeAdmin)
			second, _ := issue(t, storetest.Tenant(t, db), s, caller.ScopeAdmin)
			_, foreign := issue(t, theirs, elsewhere, caller.ScopeAdmin)
			if _, err := elsewhere.Authenticate(ctx, foreign); err != nil {
				t.Fatal(err)
			}
			refused := map[string]string{"another installation's": foreign}
			for name, edit := range map[string]func(forged){
				"another issuer":   func(f forged) { f.claims["iss"] = id.New().String() },
				"another audience": func(f forged) { f.claims["aud"] = []string{id.New().String()} },
				"another tenant":   func(f forged) { f.claims["tid"] = id.Tenant.Format(second.Tenant) },
				"another tenant's client": func(f forged) {
					f.claims["sub"], f.claims["client_id"] = "service:"+second.Subject.String(), second.Subject.String()
				},
				"another tenant's client and scope": func(f forged) { f.claims["jti"] = second.ID.String() },
				"another kind of subject":           func(f forged) { f.claims["sub"] = "operator:" + token.Subject.String() },
			} {
				f := taken(t, secret)
				edit(f)
				refused[name] = f.signed(t, jwt.SigningMethodES256, access.SignerOf(s))
			}
			for name, text := range refused {
				if v, err := s.Authenticate(ctx, text); !errors.Is(err, access.ErrTokenInvalid) {
					t.Errorf("%s: %+v, %v", name, v, err)
				}
			}
		})
	}
}

// TestOneKindOfTokenIsNoOther tries every type that a JWT can say of itself, and swaps the two kinds of things that clients bring
// back: access tokens, and sealed texts such as cursors.
//
// Conformance: J-7519/8725/9068-04
func TestOneKindOfTokenIsNoOther(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		_, secret := issue(t, ctx, s, caller.ScopeAdmin)
		if typ := taken(t, secret).header["typ"]; typ != "at+jwt" {
			t.Errorf("its type is %v", typ)
		}
		for _, typ := range []any{"JWT", "jwt", "secevent+jwt", "application/secevent+jwt", "logout+jwt", "client-authentication+jwt", "dpop+jwt", "id+jwt", "", nil, 7, []string{"at+jwt"}} {
			f := taken(t, secret)
			f.header["typ"] = typ
			if typ == nil {
				delete(f.header, "typ")
			}
			token := jwt.NewWithClaims(jwt.SigningMethodES256, f.claims)
			token.Header = f.header
			text, err := token.SignedString(access.SignerOf(s))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Authenticate(ctx, text); !errors.Is(err, access.ErrTokenInvalid) {
				t.Errorf("type %v: %v", typ, err)
			}
		}
		sealed, err := s.Seal("cursor", "holder", []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, base64.RawURLEncoding.EncodeToString(sealed)); !errors.Is(err, access.ErrTokenInvalid) {
			t.Errorf("a sealed text as a token: %v", err)
		}
		for _, text := range []string{secret, strings.Split(secret, ".")[1]} {
			if opened, ok := s.Open("cursor", "holder", []byte(text)); ok {
				t.Errorf("a token was opened as a sealed text: %q", opened)
			}
		}
	})
}

// TestEveryClaimIsThereAndInTime leaves out each claim, and moves each time past what clocks may differ by.
//
// Conformance: J-7519/8725/9068-05
func TestEveryClaimIsThereAndInTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		token, secret := issue(t, ctx, s, caller.ScopeAdmin)
		for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "nbf", "tid", "scope"} {
			f := taken(t, secret)
			if f.claims[name] == nil {
				t.Errorf("it does not say %s", name)
			}
			delete(f.claims, name)
			if _, err := s.Authenticate(ctx, f.signed(t, jwt.SigningMethodES256, access.SignerOf(s))); !errors.Is(err, access.ErrTokenInvalid) {
				t.Errorf("without %s: %v", name, err)
			}
		}
		from, until := token.CreatedAt, token.ExpiresAt
		for at, want := range map[time.Time]error{
			from.Add(-61 * time.Second): access.ErrTokenInvalid, from: nil, until.Add(-time.Second): nil, until: access.ErrTokenExpired, until.Add(61 * time.Second): access.ErrTokenExpired,
		} {
			if _, err := open(t, ctx, db, func() time.Time { return at }).Authenticate(ctx, secret); !errors.Is(err, want) {
				t.Errorf("%v after its start: %v, want %v", at.Sub(from), err, want)
			}
		}
	})
}

// TestNamesOfKeysAreLookedUpAndNothingElse sends names that would lead astray whoever put them into a path or a statement.
//
// Conformance: J-7519/8725/9068-06
func TestNamesOfKeysAreLookedUpAndNothingElse(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		_, secret := issue(t, ctx, s, caller.ScopeAdmin)
		for _, kid := range []string{
			"../../../../etc/passwd", "/dev/null", `'; DROP TABLE signing_keys; --`, `' UNION SELECT wrapped FROM signing_keys --`, "${jndi:ldap://x}", "{{7*7}}", "\x00", "*", "%",
			strings.Repeat("a", 1<<20), strings.Repeat("../", 1000),
		} {
			f := taken(t, secret)
			f.header["kid"] = kid
			if _, err := s.Authenticate(ctx, f.signed(t, jwt.SigningMethodES256, access.SignerOf(s))); !errors.Is(err, access.ErrTokenInvalid) {
				t.Errorf("%.40q: %v", kid, err)
			}
		}
		if _, err := s.Authenticate(ctx, secret); err != nil {
			t.Errorf("the good one: %v", err)
		}
	})
}

// TestKeysAreStrong puts weaker and other keys in the place of the installation's, and bytes that are no text into a token.
//
// Conformance: J-7519/8725/9068-01 J-7519/8725/9068-07
func TestKeysAreStrong(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		_, secret := issue(t, ctx, s, caller.ScopeAdmin)
		if bits := access.SignerOf(s).Curve.Params().BitSize; bits < 256 {
			t.Errorf("the key that signs has %d bits", bits)
		}
		parts := strings.Split(secret, ".")
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		latin := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"note":"`+"\xe9"+`",`+string(payload[1:])))
		signature, err := jwt.SigningMethodES256.Sign(latin, access.SignerOf(s))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, latin+"."+base64.RawURLEncoding.EncodeToString(signature)); !errors.Is(err, access.ErrTokenInvalid) {
			t.Errorf("a token that is not UTF-8: %v", err)
		}
		for name, public := range otherKeys(t) {
			der, err := x509.MarshalPKIXPublicKey(public)
			if err != nil {
				t.Fatal(err)
			}
			err = store.Do(ctx, db, func(ctx context.Context) error {
				_, err := db.Exec(ctx, `UPDATE signing_keys SET public = $1`, der)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			weak, err := access.New(db, nil, clock.System(), wrapping())
			if err != nil {
				t.Fatal(err)
			}
			if err := weak.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "of another kind") {
				t.Errorf("%s was loaded: %v", name, err)
			}
		}
		for _, size := range []int{0, 16, 24, 31, 33} {
			if _, err := access.New(db, nil, clock.System(), access.Options{WrappingKey: make([]byte, size)}); err == nil {
				t.Errorf("a wrapping key of %d bytes was taken", size)
			}
		}
	})
}

func otherKeys(t *testing.T) map[string]crypto.PublicKey {
	t.Helper()
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	larger, errLarger := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	ed, _, errEd := ed25519.GenerateKey(rand.Reader)
	factors, errRSA := rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(err, errLarger, errEd, errRSA); err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.PublicKey{"P-224": &weak.PublicKey, "P-384": &larger.PublicKey, "Ed25519": ed, "RSA": &factors.PublicKey}
}

// TestKeysChangeUnderLoadAndNobodyIsTurnedAway has eight clients take new and old tokens to two replicas while the key is changed ten
// times, now on one and now on the other.
//
// Conformance: J-7519/8725/9068-08
func TestKeysChangeUnderLoadAndNobodyIsTurnedAway(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			ctx := storetest.Tenant(t, one)
			replicas := []*access.Service{open(t, ctx, one, clock.System()), open(t, ctx, two, clock.System())}
			who, _ := caller.From(ctx)
			_, old := issue(t, ctx, replicas[0], caller.ScopeAdmin)
			var all sync.WaitGroup
			for client := range 8 {
				all.Go(func() {
					for i := range 25 {
						_, fresh, err := replicas[(client+i)%2].Issue(ctx, access.Request{
							Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: "Job", Scopes: caller.Scopes{caller.ScopeAdmin},
						})
						if err != nil {
							t.Error(err)
							return
						}
						for n, replica := range replicas {
							for _, secret := range []string{fresh.Reveal(), old} {
								if _, err := replica.Authenticate(ctx, secret); err != nil {
									t.Errorf("replica %d: %v", n, err)
								}
							}
						}
					}
				})
			}
			for i := range 10 {
				if _, err := replicas[i%2].RotateKey(outside(ctx)); err != nil {
					t.Error(err)
				}
			}
			all.Wait()
		})
	}
}
