package provisioning

import (
	"context"
	"strings"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/tenancy"
)

var _ tenancy.PlanFollowers = (*Service)(nil)

// NewConfig is a configuration to make. Other, PresetAuto and Authoritative stand in for what is not given.
type NewConfig struct {
	Name               string
	IdentityProvider   IdentityProvider
	Preset             Preset
	MemberMode         MemberMode
	AutoAssign         bool
	License            *id.ID
	AutoAssignPriority int // in line, of those who are given a seat of the license
	ShowSeats          bool
}

// CreateConfig makes a configuration. Refuses with ErrNotInPlan, ErrConfigName, ErrInvalidConfig and, for the license, with
// licensing.ErrLicenseNotFound.
func (s *Service) CreateConfig(ctx context.Context, n NewConfig) (Config, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Config{}, err
	}
	now := s.clock()
	c := Config{
		ID: id.New(), Name: strings.TrimSpace(n.Name), IdentityProvider: n.IdentityProvider, Preset: n.Preset, AutoAssign: n.AutoAssign,
		License: n.License, AutoAssignPriority: n.AutoAssignPriority, ShowSeats: n.ShowSeats, MemberMode: n.MemberMode, Status: Active,
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if c.IdentityProvider == "" {
		c.IdentityProvider = Other
	}
	if c.Preset == "" {
		c.Preset = PresetAuto
	}
	if c.MemberMode == "" {
		c.MemberMode = Authoritative
	}
	if err := c.check(); err != nil {
		return Config{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Config, error) {
		tenant, err := s.tenants.Own(ctx)
		switch {
		case err != nil:
			return Config{}, err
		case !tenant.Plan.HasSCIM():
			return Config{}, ErrNotInPlan
		}
		if err := s.licensed(ctx, c); err != nil {
			return Config{}, err
		}
		if err := insertConfig(ctx, c); err != nil {
			return Config{}, err
		}
		if err := s.assign(ctx, c); err != nil {
			return Config{}, err
		}
		return c, s.record(ctx, "scim_config.created", c)
	})
}

// ChangeConfig edits the name, the identity provider, the preset, the member mode and what is assigned. With expected, a configuration in
// another version is ErrStaleVersion. A change that changes nothing writes nothing.
func (s *Service) ChangeConfig(ctx context.Context, of id.ID, expected *int64, edit func(*Config) error) (Config, error) {
	return s.change(ctx, of, func(c *Config) (string, error) {
		if expected != nil && *expected != c.Version {
			return "", ErrStaleVersion
		}
		was := *c
		if err := edit(c); err != nil {
			return "", err
		}
		c.Name = strings.TrimSpace(c.Name)
		c.ID, c.Status, c.PausedBy, c.Version, c.CreatedAt, c.UpdatedAt = was.ID, was.Status, was.PausedBy, was.Version, was.CreatedAt, was.UpdatedAt
		return "scim_config.changed", c.check()
	})
}

// PauseConfig has the identity provider told to come again later, until ResumeConfig.
func (s *Service) PauseConfig(ctx context.Context, of id.ID) (Config, error) {
	return s.change(ctx, of, func(c *Config) (string, error) {
		c.Status, c.PausedBy = Paused, ByAdministrator
		return "scim_config.paused", nil
	})
}

// ResumeConfig ends a pause. Refuses with ErrNotInPlan.
func (s *Service) ResumeConfig(ctx context.Context, of id.ID) (Config, error) {
	return s.change(ctx, of, func(c *Config) (string, error) {
		tenant, err := s.tenants.Own(ctx)
		switch {
		case err != nil:
			return "", err
		case !tenant.Plan.HasSCIM():
			return "", ErrNotInPlan
		}
		c.Status, c.PausedBy = Active, ""
		return "scim_config.resumed", nil
	})
}

// DeleteConfig ends a configuration that holds nobody, with its tokens. Its groups stay, with their members, by hand. Refuses
// with ErrConfigInUse while it holds people.
func (s *Service) DeleteConfig(ctx context.Context, of id.ID) error {
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		if _, err := s.change(ctx, of, func(c *Config) (string, error) {
			held, err := s.holds(ctx, c.ID)
			switch {
			case err != nil:
				return "", err
			case held:
				return "", ErrConfigInUse
			}
			c.Status, c.PausedBy, c.AutoAssign, c.License = deleted, "", false, nil
			return "scim_config.deleted", nil
		}); err != nil {
			return err
		}
		if err := s.directory.Forget(ctx, of); err != nil {
			return err
		}
		return s.access.RevokeSubject(ctx, of)
	})
}

// change loads, edits and saves a configuration as one unit; edit says what to call the change in the journal.
func (s *Service) change(ctx context.Context, of id.ID, edit func(*Config) (string, error)) (Config, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Config{}, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (Config, error) {
		was, err := s.load(ctx, of)
		if err != nil {
			return Config{}, err
		}
		now := was
		kind, err := edit(&now)
		if err != nil || now.same(was) {
			return was, err
		}
		if err := s.licensed(ctx, now); err != nil {
			return Config{}, err
		}
		now.Version, now.UpdatedAt = was.Version+1, s.clock()
		if err := updateConfig(ctx, now); err != nil {
			return Config{}, err
		}
		if err := s.assign(ctx, now); err != nil {
			return Config{}, err
		}
		return now, s.record(ctx, kind, now)
	})
}

// licensed refuses a license that the tenant does not have, also one that is named for later only. An id from outside is a claim.
func (s *Service) licensed(ctx context.Context, c Config) error {
	if c.License == nil {
		return nil
	}
	_, err := s.seats.Get(ctx, *c.License)
	return err
}

// assign keeps licensing's rule in step with the configuration, and lets every replica know.
func (s *Service) assign(ctx context.Context, c Config) error {
	license := c.License
	if !c.AutoAssign {
		license = nil
	}
	store.AfterCommit(ctx, func() {
		s.configs.forget(c.ID)
		s.db.Notify(licensing.Settings)
	})
	return s.seats.AutoAssignAt(ctx, c.ID, license, c.AutoAssignPriority)
}

func (c Config) same(was Config) bool {
	sameLicense := c.License == nil && was.License == nil || c.License != nil && was.License != nil && *c.License == *was.License
	c.License, was.License = nil, nil
	c.Recognized, was.Recognized = nil, nil // nobody sets it
	return sameLicense && c == was
}

// GetConfig returns a configuration of the tenant, or ErrConfigNotFound.
func (s *Service) GetConfig(ctx context.Context, of id.ID) (Config, error) { return s.load(ctx, of) }

// ConfigNamed returns the configuration of the tenant with a name, whatever its case, or ErrConfigNotFound.
func (s *Service) ConfigNamed(ctx context.Context, name string) (Config, error) {
	return s.one(ctx, "name_key", keyOf(strings.TrimSpace(name)))
}

// Configs returns those of some configurations that the tenant has or had.
func (s *Service) Configs(ctx context.Context, ids []id.ID) (map[id.ID]Config, error) {
	return s.several(ctx, ids)
}

// ConfigFilter narrows a list of configurations. Its zero value takes all.
type ConfigFilter struct {
	Status           Status
	IdentityProvider IdentityProvider
}

// ConfigOrder is the order of a list of configurations: by name or, with ByAge, by when they were made.
type ConfigOrder struct {
	ByAge bool
	Way   page.Way
}

func (o ConfigOrder) kind() string {
	if o.ByAge {
		return configCursor + ":created"
	}
	return configCursor
}

// ListConfigs returns a page of the tenant's configurations. Total is not counted: CountConfigs does that.
func (s *Service) ListConfigs(ctx context.Context, args page.Args, f ConfigFilter, order ConfigOrder) (page.Page[Config], error) {
	return s.list(ctx, args, f, order)
}

// CountConfigs tells how many configurations a filter takes.
func (s *Service) CountConfigs(ctx context.Context, f ConfigFilter) (int64, error) {
	return s.countConfigs(ctx, f)
}

// ConfigCursor returns the cursor of a configuration in a list of that order. Ids grow with time.
func ConfigCursor(c Config, order ConfigOrder) string {
	if order.ByAge {
		return page.Encode(order.kind(), c.ID.String())
	}
	return page.Encode(order.kind(), keyOf(c.Name))
}

// IssueToken makes an access token of a configuration, for its life in days; the secret is shown this once. Issue a second
// one before the first is revoked, and the identity provider sees no gap.
func (s *Service) IssueToken(ctx context.Context, config id.ID, r access.Request) (access.Token, access.Secret, error) {
	c, err := s.load(ctx, config)
	if err != nil {
		return access.Token{}, "", err
	}
	who, err := caller.Must(ctx)
	if err != nil {
		return access.Token{}, "", err
	}
	r.Tenant, r.SubjectKind, r.Subject = who.Tenant, access.SubjectConfig, c.ID
	return s.access.Issue(ctx, r)
}

// PlanChanged pauses every configuration of a tenant whose plan has lost SCIM, and resumes those when it has it again.
func (s *Service) PlanChanged(ctx context.Context, now tenancy.Tenant) error {
	all, err := s.allConfigs(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		var kind string
		switch {
		case !now.Plan.HasSCIM() && c.Status == Active:
			c.Status, c.PausedBy, kind = Paused, ByPlan, "scim_config.paused"
		case now.Plan.HasSCIM() && c.Status == Paused && c.PausedBy == ByPlan:
			c.Status, c.PausedBy, kind = Active, "", "scim_config.resumed"
		default:
			continue
		}
		c.Version, c.UpdatedAt = c.Version+1, s.clock()
		if err := updateConfig(ctx, c); err != nil {
			return err
		}
		if err := s.record(ctx, kind, c); err != nil {
			return err
		}
		store.AfterCommit(ctx, func() { s.configs.forget(c.ID) })
	}
	store.AfterCommit(ctx, func() { s.db.Notify(licensing.Settings) })
	return nil
}

// configNews is what the journal keeps of a configuration.
type configNews struct {
	Name             string           `json:"name"`
	IdentityProvider IdentityProvider `json:"identityProvider"`
	Preset           Preset           `json:"preset"`
	MemberMode       MemberMode       `json:"memberMode"`
	AutoAssign       bool             `json:"autoAssign"`
	License          string           `json:"license,omitempty"`
	Priority         int              `json:"autoAssignPriority,omitempty"`
	ShowSeats        bool             `json:"showSeats,omitempty"`
	Status           Status           `json:"status"`
	PausedBy         string           `json:"pausedBy,omitempty"`
	Version          int64            `json:"version"`
}

func (s *Service) record(ctx context.Context, kind string, c Config) error {
	data := configNews{
		Name: c.Name, IdentityProvider: c.IdentityProvider, Preset: c.Preset, MemberMode: c.MemberMode, AutoAssign: c.AutoAssign,
		Priority: c.AutoAssignPriority, ShowSeats: c.ShowSeats, Status: c.Status, PausedBy: c.PausedBy, Version: c.Version,
	}
	if c.License != nil {
		data.License = id.License.Format(*c.License)
	}
	_, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: c.ID, Data: data})
	return err
}
