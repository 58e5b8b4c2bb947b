package provisioning

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// The providers that are known by their calls, besides those that a configuration can be of.
const (
	JumpCloud    IdentityProvider = "jumpcloud"
	Google       IdentityProvider = "google"
	PingFederate IdentityProvider = "pingfederate"
	Authentik    IdentityProvider = "authentik"
)

// Sign is something in a call that tells of the provider who sent it. A sign is one value for the whole program, and counts once
// however often it is seen.
type Sign struct {
	Provider IdentityProvider
	Weight   int // Sure alone is enough
}

// Sure is how much signs weigh together from which a provider is recognized.
const Sure = 10

// signLife is how long a sign counts after it was last seen: a configuration may be given to another provider.
const signLife = 24 * time.Hour

// Recognition is what the calls of a configuration have given away.
type Recognition struct {
	Provider IdentityProvider
	Since    time.Time
}

// recognizer remembers the signs of each configuration. It is used by the writer of the log alone.
type recognizer struct {
	mu   sync.Mutex
	seen map[id.ID]map[*Sign]time.Time
}

func newRecognizer() *recognizer { return &recognizer{seen: map[id.ID]map[*Sign]time.Time{}} }

// note adds the signs of a call and tells who is recognized by all of them, if anybody is: her signs weigh enough, and more than
// twice as much as anybody else's.
func (r *recognizer) note(c Call) (IdentityProvider, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen[c.Config]
	if seen == nil {
		if len(r.seen) >= maxConfigs {
			clear(r.seen)
		}
		seen = map[*Sign]time.Time{}
		r.seen[c.Config] = seen
	}
	for _, sign := range c.Signs {
		seen[sign] = c.At
	}
	weights := map[IdentityProvider]int{}
	for sign, at := range seen {
		if c.At.Sub(at) > signLife {
			delete(seen, sign)
			continue
		}
		weights[sign.Provider] += sign.Weight
	}
	var best IdentityProvider
	for provider, weight := range weights {
		if weight > weights[best] {
			best = provider
		}
	}
	if weights[best] < Sure {
		return "", false
	}
	for provider, weight := range weights {
		if provider != best && 2*weight >= weights[best] {
			return "", false
		}
	}
	return best, true
}

// recognizeFrom learns from calls that were written, and keeps what is new. What cannot be kept is found out again.
func (s *Service) recognizeFrom(ctx context.Context, calls []Call) {
	for _, c := range calls {
		if len(c.Signs) == 0 || c.Config == id.Nil {
			continue
		}
		provider, sure := s.signs.note(c)
		if !sure {
			continue
		}
		worker := caller.With(ctx, caller.Caller{Tenant: c.Tenant, Kind: caller.KindWorker, Name: "recognizer"})
		if err := s.recognize(worker, c.Config, provider, c.At); err != nil {
			slog.WarnContext(ctx, "a recognized identity provider was not kept", "provider", provider, "error", err)
		}
	}
}

// recognize keeps who sends the calls of a configuration, if that is somebody else than before.
func (s *Service) recognize(ctx context.Context, of id.ID, provider IdentityProvider, at time.Time) error {
	known, err := s.config(ctx, of)
	if err != nil || known.recognizedAs(provider) {
		return err
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		was, err := s.load(ctx, of)
		if err != nil || was.recognizedAs(provider) {
			return err
		}
		if err := saveRecognition(ctx, of, provider, at); err != nil {
			return err
		}
		store.AfterCommit(ctx, func() { s.configs.forget(of) })
		data := recognitionNews{Provider: provider, IdentityProvider: was.IdentityProvider}
		if was.Recognized != nil {
			data.Was = was.Recognized.Provider
		}
		_, err = s.events.Record(ctx, events.Event{Kind: "scim_config.recognized", Subject: of, Data: data})
		return err
	})
}

// recognitionNews is what the journal keeps of a recognized provider.
type recognitionNews struct {
	Provider         IdentityProvider `json:"provider"`
	Was              IdentityProvider `json:"was,omitempty"`
	IdentityProvider IdentityProvider `json:"identityProvider"` // as the configuration is set
}

func (c Config) recognizedAs(provider IdentityProvider) bool {
	return c.Recognized != nil && c.Recognized.Provider == provider
}

// Warning is something about a configuration that its administrator should look at.
type Warning struct {
	Code    string // never renamed
	Message string
}

// spoken is what people call the providers.
var spoken = map[IdentityProvider]string{
	Okta: "Okta", Entra: "Microsoft Entra ID", OneLogin: "OneLogin", JumpCloud: "JumpCloud", Google: "Google Workspace",
	PingFederate: "PingFederate", Authentik: "authentik", Other: "another product",
}

// presetOf is the preset that is a provider's own, if one is.
var presetOf = map[IdentityProvider]Preset{Okta: PresetOkta, Entra: PresetEntra, OneLogin: PresetOneLogin}

// Warnings tells where what is set and what the calls give away disagree.
func (c Config) Warnings() []Warning {
	warnings := []Warning{}
	if c.Recognized == nil {
		return warnings
	}
	who := spoken[c.Recognized.Provider]
	set := c.IdentityProvider
	if set != Other && set != c.Recognized.Provider || set == Other && presetOf[c.Recognized.Provider] != "" {
		warnings = append(warnings, Warning{"provider_disagrees", "the configuration is set to " + spoken[set] + ", and its calls are those of " + who +
			"; change its identity provider, or look who has its token"})
	}
	if c.Preset == PresetAuto || c.Preset == presetOf[c.Recognized.Provider] {
		return warnings
	}
	if c.Preset == PresetStrict {
		return append(warnings, Warning{"preset_refuses", "the preset strict refuses some of what " + who + " sends; auto takes all of it"})
	}
	return append(warnings, Warning{"preset_disagrees", "the preset is " + string(c.Preset) + ", and its calls are those of " + who + "; set it to auto"})
}
