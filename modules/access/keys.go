package access

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// key is a pair that signs tokens. A retired one only verifies.
type key struct {
	id      id.ID
	public  *ecdsa.PublicKey
	private *ecdsa.PrivateKey // nil when retired
	wrapped []byte
	retired bool
}

// Load reads the installation's id, its keys and what was revoked; on the first start it makes them. Several replicas may
// start at once.
func (s *Service) Load(ctx context.Context) error {
	ran := false
	for !ran {
		var err error
		ran, err = s.db.Exclusively(ctx, "access", func(ctx context.Context) error { return s.found(ctx) })
		if err != nil {
			return fmt.Errorf("load keys: %w", err)
		}
		if !ran { // another replica is at it
			select {
			case <-ctx.Done():
				return fmt.Errorf("load keys: %w", ctx.Err())
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return s.Refresh(ctx)
}

// found makes what a new installation lacks.
func (s *Service) found(ctx context.Context) error {
	_, err := s.loadInstallation(ctx)
	if err == nil {
		return nil
	}
	if !errors.Is(err, errNoInstallation) {
		return err
	}
	first, err := s.newKey()
	if err != nil {
		return err
	}
	return store.Do(asWorker(ctx), s.db, func(ctx context.Context) error {
		if err := s.insertInstallation(ctx, id.New()); err != nil {
			return err
		}
		return insertKey(ctx, first, s.clock())
	})
}

func asWorker(ctx context.Context) context.Context {
	return caller.With(ctx, caller.Caller{Kind: caller.KindWorker, Name: "usher"})
}

func (s *Service) newKey() (key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return key{}, fmt.Errorf("make a signing key: %w", err)
	}
	plain, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return key{}, fmt.Errorf("make a signing key: %w", err)
	}
	k := key{id: id.New(), public: &private.PublicKey, private: private}
	nonce := make([]byte, s.seal.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return key{}, fmt.Errorf("make a signing key: %w", err)
	}
	k.wrapped = s.seal.Seal(nonce, nonce, plain, k.id[:])
	return k, nil
}

// unwrap opens the private half of a key that signs.
func (s *Service) unwrap(k *key) error {
	size := s.seal.NonceSize()
	if len(k.wrapped) < size {
		return fmt.Errorf("signing key %s is damaged", k.id)
	}
	plain, err := s.seal.Open(nil, k.wrapped[:size], k.wrapped[size:], k.id[:])
	if err != nil {
		return fmt.Errorf("signing key %s was wrapped with another wrapping key: start with that one: %w", k.id, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return fmt.Errorf("read signing key %s: %w", k.id, err)
	}
	pair, ok := private.(*ecdsa.PrivateKey)
	if !ok || !pair.PublicKey.Equal(k.public) {
		return fmt.Errorf("signing key %s does not fit its public half", k.id)
	}
	k.private = pair
	return nil
}

// Key is what is told of a signing key. Its public half is in JWKS.
type Key struct {
	ID            id.ID // the kid of the tokens that it has signed
	CreatedAt     time.Time
	RetiredAt     *time.Time // nil while it signs
	VerifiesUntil *time.Time // when the last of its tokens expires; nil when it has signed none
}

// RotateKey has new tokens signed by a new key, which it returns. Tokens of the old one stay good until they expire. It needs
// the scope operator.
func (s *Service) RotateKey(ctx context.Context) (Key, error) {
	if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
		return Key{}, err
	}
	next, err := s.newKey()
	if err != nil {
		return Key{}, err
	}
	now := s.clock()
	err = store.Do(ctx, s.db, func(ctx context.Context) error {
		if err := s.retireKeys(ctx, now); err != nil {
			return err
		}
		if err := insertKey(ctx, next, now); err != nil {
			return err
		}
		store.AfterCommit(ctx, func() { s.db.Notify(News) })
		return nil
	})
	if err != nil {
		return Key{}, fmt.Errorf("rotate the signing key: %w", err)
	}
	slog.InfoContext(ctx, "the signing key was rotated", "key", next.id)
	return Key{ID: next.id, CreatedAt: now}, s.Refresh(ctx)
}

// Keys returns every key that the installation has had, the newest first. It needs the scope operator.
func (s *Service) Keys(ctx context.Context) ([]Key, error) {
	if err := caller.Require(ctx, caller.ScopeOperator); err != nil {
		return nil, err
	}
	return s.listKeys(store.AcrossTenants(ctx, "keys are the installation's"))
}

type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	Kid string `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
}

// JWKS returns the public halves of the keys as a JSON Web Key Set (RFC 7517), for /.well-known/jwks.json.
func (s *Service) JWKS() ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, k := range s.known.keys() {
		point, err := k.public.Bytes()
		if err != nil {
			return nil, fmt.Errorf("show signing key %s: %w", k.id, err)
		}
		half := len(point) / 2 // behind the byte that says that the point is not compressed
		set.Keys = append(set.Keys, jwk{
			Kty: "EC", Crv: "P-256", X: base64.RawURLEncoding.EncodeToString(point[1 : half+1]), Y: base64.RawURLEncoding.EncodeToString(point[half+1:]),
			Kid: k.id.String(), Use: "sig", Alg: algorithm,
		})
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("show signing keys: %w", err)
	}
	return text, nil
}
