package access_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
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

// mutatedTokens is how many are tried on each database: USHER_TEST_TOKENS, or 10,000.
func mutatedTokens() int {
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_TOKENS")); err == nil {
		return n
	}
	return 10_000
}

// forger makes tokens that are no good of one that is.
type forger struct {
	*rand.Rand

	t         *testing.T
	good      string
	parts     []string
	kid       string
	own       *ecdsa.PrivateKey // of the installation: only for what it would never say
	foreign   *ecdsa.PrivateKey
	public    []byte
	elsewhere string // where a key could be fetched from
}

// trick makes a token in one of the ways in which tokens were confused before.
type trick func(f *forger) string

func one[T any](f *forger, of ...T) T { return of[f.IntN(len(of))] }

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// part decodes the header or the claims.
func (f *forger) part(n int) map[string]any {
	text, err := base64.RawURLEncoding.DecodeString(f.parts[n])
	if err != nil {
		f.t.Fatal(err)
	}
	var said map[string]any
	if err := json.Unmarshal(text, &said); err != nil {
		f.t.Fatal(err)
	}
	return said
}

// sign signs a header and claims as they are, whatever they say of the algorithm.
func (f *forger) sign(header, claims string, key *ecdsa.PrivateKey) string {
	signature, err := jwt.SigningMethodES256.Sign(header+"."+claims, key)
	if err != nil {
		f.t.Fatal(err)
	}
	return header + "." + claims + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// claims returns the good claims with one changed into something that no token of the installation says.
func (f *forger) claims() map[string]any {
	said := f.part(1)
	now := time.Now()
	jti, _ := said["jti"].(string)
	changed := map[string][]any{
		"iss": {id.New().String(), "", nil, []string{"x"}, 7}, "aud": {id.New().String(), []string{}, nil, map[string]any{}}, "sub": {"operator:" + id.New().String(), "", nil},
		"client_id": {id.New().String(), "", nil}, "tid": {id.Tenant.Format(id.New()), "", nil, []string{"x"}}, "scope": {"operator", "admin operator scim", "", nil, []string{"admin"}},
		"jti": {id.New().String(), "", nil, "1", "' OR 1=1", strings.ToUpper(jti), "urn:uuid:" + jti, "{" + jti + "}", strings.ReplaceAll(jti, "-", "")}, "iat": {now.Add(time.Hour).Unix(), "yesterday", nil, 1e308},
		"nbf": {now.Add(time.Hour).Unix(), now.AddDate(-1, 0, 0).Unix(), "now", nil}, "exp": {"2099", now.AddDate(50, 0, 0).Unix(), -1, 0, 1.5, 1e308, nil, now.Add(-time.Hour).Unix()},
	}
	name := one(f, slices.Sorted(maps.Keys(changed))...)
	if value := one(f, changed[name]...); value != nil {
		said[name] = value
	} else {
		delete(said, name)
	}
	return said
}

// header returns the good header with something in it that leads astray.
func (f *forger) header() map[string]any {
	said := f.part(0)
	changed := map[string][]any{
		"alg": {"none", "None", "NONE", "HS256", "RS256", "ES384", "ES256K", "EdDSA", "", nil, 7}, "typ": {"JWT", "at+jwt2", "", nil, "secevent+jwt"},
		"kid": {id.New().String(), "../../etc/passwd", "' OR 1=1 --", "", nil, 7, strings.ToUpper(f.kid), "urn:uuid:" + f.kid, f.kid + " "},
		"jku": {f.elsewhere}, "x5u": {f.elsewhere}, "jwk": {map[string]any{"kty": "EC"}}, "x5c": {[]string{"MII"}}, "crit": {[]string{"exp"}, []string{}}, "b64": {false}, "zip": {"DEF"}, "cty": {"JWT"},
	}
	name := one(f, slices.Sorted(maps.Keys(changed))...)
	if value := one(f, changed[name]...); value != nil {
		said[name] = value
	} else {
		delete(said, name)
	}
	return said
}

var tricks = map[string]trick{
	"a byte changed, dropped or doubled": func(f *forger) string {
		text := []byte(f.good)
		for range 1 + f.IntN(3) {
			at := f.IntN(len(text))
			switch f.IntN(3) {
			case 0:
				text[at] ^= byte(1 + f.IntN(255))
			case 1:
				text = slices.Delete(text, at, at+1)
			default:
				text = slices.Insert(text, at, text[at])
			}
		}
		return string(text)
	},
	"a bit of the signature": func(f *forger) string {
		signature, err := base64.RawURLEncoding.DecodeString(f.parts[2])
		if err != nil {
			f.t.Fatal(err)
		}
		signature[f.IntN(len(signature))] ^= 1 << f.IntN(8)
		return f.parts[0] + "." + f.parts[1] + "." + base64.RawURLEncoding.EncodeToString(signature)
	},
	"bits that no byte of the signature has": func(f *forger) string {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := len(f.good) - 1
		return f.good[:last] + string(alphabet[strings.IndexByte(alphabet, f.good[last])+1+f.IntN(15)])
	},
	"parts left out, moved and repeated": func(f *forger) string {
		var parts []string
		for range f.IntN(6) {
			parts = append(parts, one(f, append(f.parts, "", "e30", encoded(f.part(1)))...))
		}
		return strings.Join(parts, ".")
	},
	"dots": func(f *forger) string {
		piece := one(f, ".", "a.", f.parts[1]+".")
		return strings.Repeat(piece, 1+f.IntN(1<<f.IntN(20))/len(piece)) // 1 MB at most
	},
	"other claims over the good signature": func(f *forger) string { return f.parts[0] + "." + encoded(f.claims()) + "." + f.parts[2] },
	"other header over the good signature": func(f *forger) string { return encoded(f.header()) + "." + f.parts[1] + "." + f.parts[2] },
	"signed by a foreign key": func(f *forger) string {
		return f.sign(one(f, f.parts[0], encoded(f.header())), one(f, f.parts[1], encoded(f.claims())), f.foreign)
	},
	"claims that the installation never says":   func(f *forger) string { return f.sign(f.parts[0], encoded(f.claims()), f.own) },
	"a header that the installation never says": func(f *forger) string { return f.sign(encoded(f.header()), f.parts[1], f.own) },
	"a claim twice": func(f *forger) string {
		claims := `{"scope":"operator",` + strings.TrimPrefix(jsonOf(f.part(1)), "{")
		if f.IntN(2) == 0 {
			claims = strings.TrimSuffix(jsonOf(f.part(1)), "}") + `,"scope":"operator"}`
		}
		return f.parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "." + f.parts[2]
	},
	"the public key as a secret": func(f *forger) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(f.part(1)))
		token.Header["kid"], token.Header["typ"] = f.kid, "at+jwt"
		text, err := token.SignedString(f.public)
		if err != nil {
			f.t.Fatal(err)
		}
		return text
	},
	"no signature": func(f *forger) string {
		return encoded(f.header()) + "." + one(f, f.parts[1], encoded(f.claims())) + "." + one(f, "", "AA")
	},
	"a token in a token": func(f *forger) string {
		return f.sign(f.parts[0], base64.RawURLEncoding.EncodeToString([]byte(jsonOf(f.good))), one(f, f.own, f.foreign))
	},
	"padding and other alphabets": func(f *forger) string {
		return one(f, f.good+"=", f.good+"==", f.parts[0]+"=."+f.parts[1]+"."+f.parts[2], strings.ReplaceAll(f.good, ".", "%2e"), f.good+"\x00", f.good+"."+f.parts[2],
			base64.StdEncoding.EncodeToString([]byte(f.good)), "Bearer bearer "+f.good, "DPoP "+f.good, "Basic "+f.good, f.good+","+f.good)
	},
}

func jsonOf(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestNoMutatedTokenIsAccepted makes tokens that are no good in every way above. None is taken, and none has a key fetched from
// anywhere.
//
// CVE-2025-30204 (golang-jwt) and CVE-2025-27144 (go-jose): a token of dots alone took memory without bounds.
//
// Conformance: J-7519/8725/9068-01 J-7519/8725/9068-02 J-7519/8725/9068-06
func TestNoMutatedTokenIsAccepted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var fetched atomic.Int64
		keys := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched.Add(1) }))
		defer keys.Close()
		ctx := storetest.Tenant(t, db)
		s := open(t, ctx, db, clock.System())
		_, good := issue(t, ctx, s, caller.ScopeAdmin)
		foreign, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		f := &forger{
			Rand: rand.New(rand.NewPCG(1, 2)), t: t, good: good, parts: strings.Split(good, "."), own: access.SignerOf(s), foreign: foreign, public: publicKey(t, s),
			elsewhere: keys.URL + "/jwks.json",
		}
		f.kid, _ = f.part(0)["kid"].(string)
		names := slices.Sorted(maps.Keys(tricks))
		const batch = 1000
		tried := 0
		for tried < mutatedTokens() {
			var tokens, made []string
			for len(tokens) < batch {
				name := names[f.IntN(len(names))]
				if token := tricks[name](f); strings.TrimSpace(token) != good {
					tokens, made = append(tokens, token), append(made, name)
				}
			}
			for n, token := range tokens {
				_, err := s.Authenticate(ctx, token)
				if !errors.Is(err, access.ErrTokenInvalid) && !errors.Is(err, access.ErrTokenMissing) && !errors.Is(err, access.ErrTokenExpired) {
					t.Fatalf("%s: %v for %.300s", made[n], err, token)
				}
			}
			tried += batch
		}
		if fetched.Load() > 0 {
			t.Errorf("keys were fetched from elsewhere %d times", fetched.Load())
		}
		if _, err := s.Authenticate(ctx, good); err != nil {
			t.Errorf("the good one: %v", err)
		}
		t.Logf("%d tokens", tried)
	})
}
