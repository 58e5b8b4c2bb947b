package provisioning

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/access"
)

// Session is the connection that a SCIM request belongs to. Of a refused request only the ids are known, and of the
// configuration none where the token is not one of a configuration.
type Session struct {
	Config Config
	Token  id.ID
	Tenant id.ID
}

// Authenticate tells whose request an Authorization header makes it, and returns a context that carries the caller. For a
// known token and configuration it asks no database. Refuses with the faults of access.Authenticate, with ErrNotForSCIM, with
// caller.ErrForbidden where the token may not even read and, when the configuration is paused, with ErrPaused; the session is
// filled in as far as it is known, for the log: whoever wonders why nothing comes in looks there. A token that is none of this
// installation belongs to nobody.
func (s *Service) Authenticate(ctx context.Context, header, requestID string) (context.Context, Session, error) {
	verified, err := s.access.Authenticate(ctx, header)
	session := Session{Token: verified.Token, Tenant: verified.Tenant}
	if verified.SubjectKind == access.SubjectConfig {
		session.Config.ID = verified.Subject
	}
	if err != nil {
		return ctx, session, err
	}
	if verified.SubjectKind != access.SubjectConfig {
		return ctx, session, ErrNotForSCIM
	}
	who := caller.Caller{
		Tenant: verified.Tenant, Kind: caller.KindSCIM, Config: verified.Subject, Token: verified.Token, Scopes: verified.Scopes, RequestID: requestID,
	}
	ctx = caller.With(ctx, who)
	config, err := s.config(ctx, verified.Subject)
	switch {
	case errors.Is(err, ErrConfigNotFound): // it was deleted, and with it what its tokens open
		return ctx, session, access.ErrTokenRevoked.Because(err)
	case err != nil:
		return ctx, session, err
	}
	session.Config = config
	who.Name = session.Config.Name
	ctx = caller.With(ctx, who)
	if err := caller.Require(ctx, caller.ScopeSCIMRead); err != nil {
		return ctx, session, err
	}
	switch {
	case session.Config.Status == Active:
		return ctx, session, nil
	case session.Config.PausedBy == ByPlan:
		return ctx, session, ErrPaused.Sayf("the tenant's plan has no SCIM, and nothing was changed; change the plan to Advanced or Advanced Plus, the request will be taken then")
	default:
		return ctx, session, ErrPaused
	}
}

// config returns a configuration as it was a moment ago.
func (s *Service) config(ctx context.Context, of id.ID) (Config, error) {
	now := s.clock()
	if known, ok := s.configs.find(of, now); ok {
		return known, nil
	}
	c, err := s.load(ctx, of)
	if err != nil {
		return Config{}, err
	}
	s.configs.keep(c, now.Add(configLife))
	return c, nil
}

// configLife is how long another replica may not know of a pause.
const configLife = time.Second

const maxConfigs = 10_000

type configCache struct {
	mu    *sync.Mutex
	known map[id.ID]cachedConfig
}

type cachedConfig struct {
	Config

	until time.Time
}

func newConfigCache() configCache {
	return configCache{mu: &sync.Mutex{}, known: map[id.ID]cachedConfig{}}
}

func (c configCache) find(of id.ID, now time.Time) (Config, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.known[of]
	return found.Config, ok && now.Before(found.until)
}

func (c configCache) keep(config Config, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxConfigs {
		clear(c.known)
	}
	c.known[config.ID] = cachedConfig{Config: config, until: until}
}

func (c configCache) forget(of id.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, of)
}
