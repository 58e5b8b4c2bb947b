// Package access says who may come in: it issues access tokens, verifies them, keeps a tenant's administrators and signs them in
// to the console.
//
// Invariants: a token is a JWT signed with ES256 by a key of this installation, and is stored nowhere; what is stored is its
// jti, with whose it is. Issuer and audience are the installation's id. Private keys leave the database only unwrapped in
// memory. A retired key verifies until its last token has expired. A token that was verified is remembered and costs no
// database; a revocation reaches every replica by news within a second and by polling within five, and a replica that has
// heard nothing for a minute lets nobody in. A tenant keeps one full administrator at least, and no live token opens more than
// its administrator's role. A link signs in once; neither a link nor a session's secret is stored, only their hashes are. A
// session opens what its administrator's role opens at the moment of each request.
//
// Events: token.issued, token.revoked, administrator.created, administrator.changed, administrator.removed,
// administrator.invited, administrator.uninvited, administrator.signed_in, administrator.signed_out, tenant.entered. Tokens, links
// and sessions of the operator and keys belong to no tenant and are in the server's log instead.
package access

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// News is the topic of store's news that tells replicas of revoked tokens and new keys.
const News = "access"

// Whose a token can be.
const (
	SubjectConfig        = "config"
	SubjectAdministrator = "administrator"
	SubjectService       = "service"
	SubjectOperator      = "operator"
)

// Faults of access.
var (
	ErrTokenMissing  = fault.New(fault.Unauthenticated, "token_missing", "there is no access token; send one, as in \"Authorization: Bearer …\"")
	ErrTokenInvalid  = fault.New(fault.Unauthenticated, "token_invalid", "the access token is not one of this installation; paste it whole, or issue a new one")
	ErrTokenExpired  = fault.New(fault.Unauthenticated, "token_expired", "the access token has expired; issue a new one and paste it where the old one was")
	ErrTokenRevoked  = fault.New(fault.Unauthenticated, "token_revoked", "the access token was revoked; issue a new one and paste it where the old one was")
	ErrUnsure        = fault.New(fault.Unavailable, "revocations_unknown", "it cannot be told at the moment which access tokens were revoked; try again").After(5 * time.Second)
	ErrTokenNotFound = fault.New(fault.NotFound, "token_not_found", "there is no such access token")
	ErrNoSuchGroup   = fault.New(fault.Invalid, "group_not_found", "there is no such group").At("groupIds")
	ErrInvalidToken  = fault.New(fault.Invalid, "invalid_token_request", "such an access token cannot be issued")
)

// Options are what access needs besides a database.
type Options struct {
	WrappingKey []byte        // 32 bytes: the key that wraps signing keys
	Poll        time.Duration // how often Run looks for revocations without news of any; 4 s when 0
}

// Service issues and verifies the tokens of an installation.
type Service struct {
	db     *store.DB
	events *events.Service
	clock  clock.Clock
	seal   cipher.AEAD
	known  *known
	fresh  *fresh
	uses   *uses
	poll   time.Duration

	groups   GroupFinder
	wrapping []byte // the key that every other key is wrapped with or made of
}

// New returns the access of an installation. Call Load before the first token.
func New(db *store.DB, journal *events.Service, now clock.Clock, o Options) (*Service, error) {
	const keySize = 32
	if len(o.WrappingKey) != keySize {
		return nil, fmt.Errorf("the wrapping key has %d bytes: it needs %d", len(o.WrappingKey), keySize)
	}
	block, err := aes.NewCipher(o.WrappingKey)
	if err != nil {
		return nil, fmt.Errorf("use the wrapping key: %w", err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("use the wrapping key: %w", err)
	}
	return &Service{
		db: db, events: journal, clock: now, seal: seal, known: newKnown(), fresh: newFresh(), uses: newUses(), wrapping: slices.Clone(o.WrappingKey),
		poll: cmp.Or(o.Poll, pollEvery),
	}, nil
}

// Secret is a token as its holder sends it. It prints as an ellipsis; Reveal shows it.
type Secret string

const hidden = "…"

// Reveal returns the token itself, to be shown this once.
func (s Secret) Reveal() string { return string(s) }

// String hides the token.
func (s Secret) String() string { return hidden }

// GoString hides the token.
func (s Secret) GoString() string { return hidden }

// MarshalText hides the token.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue hides the token.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Token is what is remembered of an access token.
type Token struct {
	ID          id.ID
	Tenant      id.ID // id.Nil for the operator's
	SubjectKind string
	Subject     id.ID
	Name        string
	Scopes      caller.Scopes
	Groups      []id.ID // whose people it tells of; none: everybody
	CreatedAt   time.Time
	ExpiresAt   time.Time
	LastUsedAt  *time.Time // to the minute
	RevokedAt   *time.Time
}

// Verified is whose token a request has brought.
type Verified struct {
	Tenant      id.ID
	SubjectKind string
	Subject     id.ID
	Token       id.ID
	Name        string
	Scopes      caller.Scopes
	Groups      []id.ID
	ExpiresAt   time.Time
}

// Caller is who asks with a verified token.
func (v Verified) Caller(requestID string) caller.Caller {
	who := caller.Caller{Tenant: v.Tenant, Token: v.Token, Name: v.Name, Scopes: v.Scopes, Groups: v.Groups, RequestID: requestID}
	switch v.SubjectKind {
	case SubjectConfig:
		who.Kind, who.Config = caller.KindSCIM, v.Subject
	case SubjectAdministrator:
		who.Kind, who.Admin = caller.KindAdmin, v.Subject
	case SubjectOperator:
		who.Kind = caller.KindOperator
	default:
		who.Kind = caller.KindService
	}
	return who
}

var errNotLoaded = errors.New("access was used before it was loaded")
