package licensing

import (
	"context"
	"sync"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// Settings is the topic of store's news that tells replicas of changed rules and configurations.
const Settings = "settings"

// ruleLife is how long another replica may not know of a changed rule when the news does not reach it.
const ruleLife = time.Second

// AutoAssign says that people of a configuration get seats of the license; nil says that they get none. People who are there
// already keep what they have: the switch is for those who join or come back from now on.
func (s *Service) AutoAssign(ctx context.Context, config id.ID, license *id.ID) error {
	return s.AutoAssignAt(ctx, config, license, 0)
}

// AutoAssignAt is AutoAssign with the priority that the reasons it gives have in line, beside those of rules and hands. Who waits
// already keeps the priority she came with. Refuses with ErrLicenseNotFound and, beyond MaxPriority on either side, for the priority.
func (s *Service) AutoAssignAt(ctx context.Context, config id.ID, license *id.ID, priority int) error {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return err
	}
	if priority < -MaxPriority || priority > MaxPriority {
		return errPriority
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		if license != nil {
			if _, err := s.load(ctx, *license); err != nil {
				return err
			}
		}
		if err := s.saveRule(ctx, config, license, priority); err != nil {
			return err
		}
		store.AfterCommit(ctx, func() {
			s.rules.forget(config)
			s.db.Notify(Settings)
		})
		return nil
	})
}

// ruleCache remembers which license a configuration assigns, so that a joiner without auto-assign costs no query.
type ruleCache struct {
	db    *store.DB
	clock clock.Clock
	mu    sync.Mutex
	known map[id.ID]cachedRule

	requirements map[id.ID]cachedRequirements // by tenant
	published    map[id.ID]cachedPublished    // by tenant
}

type cachedPublished struct {
	rules []holding // that hold
	any   bool      // whether there are rules at all, drafts and retired ones included
	until time.Time
}

type cachedRequirements struct {
	dependents map[id.ID][]id.ID
	until      time.Time
}

type cachedRule struct {
	assigned

	until time.Time
}

const rememberedRules = 10_000

func newRuleCache(db *store.DB, now clock.Clock) *ruleCache {
	return &ruleCache{db: db, clock: now, known: make(map[id.ID]cachedRule), requirements: make(map[id.ID]cachedRequirements), published: make(map[id.ID]cachedPublished)}
}

// assigned is what a configuration assigns to those who come through it; its zero value is nothing.
type assigned struct {
	license  id.ID
	priority int
}

func (a assigned) nothing() bool { return a.license == id.Nil }

// of returns what a configuration assigns.
func (c *ruleCache) of(ctx context.Context, config id.ID) (assigned, error) {
	now := c.clock()
	c.mu.Lock()
	rule, hit := c.known[config]
	c.mu.Unlock()
	if hit && now.Before(rule.until) {
		return rule.assigned, nil
	}
	found, err := loadAssigned(ctx, c.db, config)
	if err != nil {
		return assigned{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= rememberedRules {
		clear(c.known)
	}
	c.known[config] = cachedRule{assigned: found, until: now.Add(ruleLife)}
	return found, nil
}

func (c *ruleCache) forget(config id.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, config)
}

// dependents returns the licenses that require one.
func (s *Service) dependents(ctx context.Context, license id.ID) ([]id.ID, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return nil, err
	}
	c, now := s.rules, s.clock()
	c.mu.Lock()
	known, hit := c.requirements[tenant]
	c.mu.Unlock()
	if hit && now.Before(known.until) {
		return known.dependents[license], nil
	}
	dependents, err := s.requirements(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requirements) >= rememberedRules {
		clear(c.requirements)
	}
	c.requirements[tenant] = cachedRequirements{dependents: dependents, until: now.Add(ruleLife)}
	return dependents[license], nil
}

func (c *ruleCache) forgetPublished() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.published)
}

func (c *ruleCache) forgetRequirements() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.requirements)
}
