// Package provisioning lets identity providers in: their SCIM configurations, what their writes may do, and the log of their
// calls.
//
// Invariants: every write of SCIM enters here, as a configuration that is active, of a tenant whose plan has SCIM. A paused
// configuration is told to come again later; it is never told that something was done which was not. Configurations that a
// plan has paused resume with the plan, those that an administrator has paused do not. Each call whose token was issued here
// is logged after it was answered, redacted, refused ones too; the log never slows or fails a call, drops calls rather than have
// them wait, and forgets after CallLife.
//
// Events: scim_config.created, scim_config.changed, scim_config.paused, scim_config.resumed, scim_config.recognized,
// scim_config.deleted.
package provisioning

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/tenancy"
)

// Faults of provisioning.
var (
	ErrNotInPlan      = fault.New(fault.Forbidden, "scim_not_in_plan", "SCIM is part of the plans Advanced and Advanced Plus; change the plan first")
	ErrConfigNotFound = fault.New(fault.NotFound, "config_not_found", "there is no such SCIM configuration")
	ErrConfigName     = fault.New(fault.Conflict, "config_name_taken", "another SCIM configuration has this name").At("name")
	ErrInvalidConfig  = fault.New(fault.Invalid, "invalid_config", "the SCIM configuration is not valid")
	ErrConfigInUse    = fault.New(fault.Conflict, "config_in_use", "the SCIM configuration still holds people; pause it, or let the identity provider remove them first")
	ErrStaleVersion   = fault.New(fault.Stale, "stale_version", "somebody has changed it since it was read; read it again")
	ErrPaused         = fault.New(fault.Unavailable, "config_paused", "the SCIM configuration is paused, and nothing was changed; resume it in Usher, the request will be taken then").After(5 * time.Minute)
	ErrNotForSCIM     = fault.New(fault.Unauthenticated, "token_not_for_scim", "this access token is not one of a SCIM configuration; issue one for the configuration and paste it into the identity provider")
)

// IdentityProvider names the product that a configuration connects.
type IdentityProvider string

// The identity providers.
const (
	Okta     IdentityProvider = "okta"
	Entra    IdentityProvider = "entra"
	OneLogin IdentityProvider = "onelogin"
	Other    IdentityProvider = "other"
)

// Preset says how a configuration takes requests: Auto takes every known provider as it comes, Strict is the RFC to the letter.
type Preset string

// The presets.
const (
	PresetAuto     Preset = "auto"
	PresetOkta     Preset = "okta"
	PresetEntra    Preset = "entra"
	PresetOneLogin Preset = "onelogin"
	PresetStrict   Preset = "strict"
)

// MemberMode says what the whole list of a group's members, as a provider pushes it, means for members by hand.
type MemberMode string

// The modes. In either one, nobody goes whom another configuration has put in.
const (
	Authoritative MemberMode = "authoritative" // the list is the whole list: members by hand go, and that is reported
	Additive      MemberMode = "additive"      // members by hand stay, and are shown as drift
)

// Status says whether a configuration takes requests.
type Status string

// The statuses. A deleted configuration keeps its row, so that the journal and the log still know its id.
const (
	Active  Status = "active"
	Paused  Status = "paused"
	deleted Status = "deleted"
)

// Who has paused a configuration.
const (
	ByAdministrator = "administrator"
	ByPlan          = "plan"
)

// Config is one connection of an identity provider.
type Config struct {
	ID                 id.ID
	Name               string
	IdentityProvider   IdentityProvider
	Preset             Preset
	AutoAssign         bool
	License            *id.ID // assigned to joiners when AutoAssign is on
	AutoAssignPriority int    // of these joiners, should they have to wait
	ShowSeats          bool   // people are shown with their seats by default
	MemberMode         MemberMode
	Status             Status
	PausedBy           string // empty unless paused
	Version            int64
	CreatedAt          time.Time
	UpdatedAt          time.Time
	Recognized         *Recognition // nil while its calls have given nobody away
}

// Service keeps the configurations of every tenant; the caller's tenant is the one it works on.
type Service struct {
	db        *store.DB
	events    *events.Service
	clock     clock.Clock
	tenants   *tenancy.Service
	access    *access.Service
	directory *directory.Service
	seats     *licensing.Service
	configs   configCache
	calls     *callLog
	signs     *recognizer
}

// Needs are what provisioning stands on.
type Needs struct {
	DB        *store.DB
	Events    *events.Service
	Clock     clock.Clock
	Tenants   *tenancy.Service
	Access    *access.Service
	Directory *directory.Service
	Seats     *licensing.Service
}

// New returns the provisioning of an installation. Call Run to have its calls logged.
func New(n Needs) *Service {
	return &Service{
		db: n.DB, events: n.Events, clock: n.Clock, tenants: n.Tenants, access: n.Access, directory: n.Directory, seats: n.Seats,
		configs: newConfigCache(), calls: newCallLog(), signs: newRecognizer(),
	}
}

func (c Config) check() error {
	if n := utf8.RuneCountInString(c.Name); n < 1 || n > 200 || strings.ContainsRune(c.Name, 0) || !utf8.ValidString(c.Name) {
		return ErrInvalidConfig.At("name").Sayf("a configuration's name has 1 to 200 characters")
	}
	if !slices.Contains([]IdentityProvider{Okta, Entra, OneLogin, Other}, c.IdentityProvider) {
		return ErrInvalidConfig.At("identityProvider").Sayf("the identity providers are okta, entra, onelogin and other")
	}
	switch c.Preset {
	case PresetAuto, PresetOkta, PresetEntra, PresetOneLogin, PresetStrict:
	default:
		return ErrInvalidConfig.At("preset").Sayf("the presets are auto, okta, entra, onelogin and strict")
	}
	if c.MemberMode != Authoritative && c.MemberMode != Additive {
		return ErrInvalidConfig.At("memberMode").Sayf("the member modes are authoritative and additive")
	}
	if c.AutoAssignPriority < -licensing.MaxPriority || c.AutoAssignPriority > licensing.MaxPriority {
		return ErrInvalidConfig.At("autoAssignPriority").Sayf("a priority is between -1,000,000 and 1,000,000")
	}
	if c.AutoAssign && c.License == nil {
		return ErrInvalidConfig.At("licenseId").Sayf("say which license to assign")
	}
	return nil
}
