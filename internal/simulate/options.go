package simulate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/clock"
)

// Dialect says which of its ways of writing the provider uses.
type Dialect string

// The dialects of Okta: a classic app replaces whole resources, a template or newer app patches them.
const (
	PUT   Dialect = "put"
	PATCH Dialect = "patch"
)

// The dialects of Entra: with the flag aadOptscim062020 in its tenant URL it is closer to the standard. It is not where somebody
// is provisioned on demand, so that a target may get both on the same day.
const (
	EntraDefault Dialect = "default"
	EntraFlag    Dialect = "scim062020"
	Mixed        Dialect = "mixed"
)

// The dialects of OneLogin are the connectors of its catalog. Mixed sends each person by the template of another one.
const (
	OneLoginV1         Dialect = "v1.1"
	OneLoginCore       Dialect = "v2-core"
	OneLoginEnterprise Dialect = "v2-enterprise"
)

// Match is the attribute by which Entra finds people before it has created them.
type Match string

// The attributes that administrators mark as matching.
const (
	MatchUserName   Match = "userName"
	MatchExternalID Match = "externalId"
	MatchWorkEmail  Match = "workEmail"
)

// Removal is what OneLogin does in the target when a person is deleted.
type Removal string

// The policies that an administrator chooses from.
const (
	Suspend Removal = "suspend"
	Delete  Removal = "delete"
	Nothing Removal = "nothing"
)

// Options say what to play and against whom.
type Options struct {
	BaseURL     string       // of the SCIM endpoint, with its path: https://host/scim/v2
	Token       string       // sent as a bearer token
	Users       int          // people in the organization, at least one
	Groups      int          // groups that remain at the end
	Concurrency int          // calls side by side; 0 means 4
	Dialect     Dialect      // empty means the provider's first: PUT, EntraDefault, OneLoginEnterprise
	Match       Match        // of Entra; empty means MatchUserName
	Removal     Removal      // of OneLogin; empty means Suspend
	Seed        uint64       // another seed is another organization
	HTTP        *http.Client // nil means a client with the provider's time-out
	Progress    func(Progress)
	Clock       clock.Clock // nil means the system's

	// Retries is how often a call without an answer (no connection, 502, 503,
	// 504) is repeated. Providers do not; a load generator or a crash test wants it.
	Retries int
	// MaxWait is the longest that one call waits for a target that answers 429, and that
	// a later round waits; 0 is as long as the provider itself: hours, for Okta.
	MaxWait time.Duration
	// Wait waits; nil means by the system's clock. A test has other things to do.
	Wait func(context.Context, time.Duration) error
	// Sample is how many users and groups are read one by one at the end, evenly
	// spread; 0 means at most 1,000 of each. The pages are always read whole.
	Sample int
	// Shared says that others write to the target meanwhile: totals and the order
	// of pages are then not held against it.
	Shared bool
}

// Progress is told after every finished step, one at a time.
type Progress struct {
	Stage       string `json:"stage"`
	Done        int    `json:"done"`
	Total       int    `json:"total"`
	Calls       int    `json:"calls"`
	Differences int    `json:"differences"`
}

const (
	maxUsers       = 1_000_000
	maxGroups      = 100_000
	maxConcurrency = 1_024

	// Okta drops a connection after sixty seconds of silence; the others do not say.
	answerTimeout = 60 * time.Second
)

// checked returns the options with every gap filled, or all that is wrong with them.
func checked(o Options, dialects []Dialect) (Options, error) {
	o.fill(dialects[0])
	wrong := []error{
		checkBase(o.BaseURL),
		within("users", o.Users, 1, maxUsers),
		within("groups", o.Groups, 0, maxGroups),
		within("concurrency", o.Concurrency, 1, maxConcurrency),
		within("retries", o.Retries, 0, 1000),
		within("sample", o.Sample, 0, maxUsers),
	}
	if strings.TrimSpace(o.Token) == "" {
		wrong = append(wrong, errors.New("a token is needed"))
	}
	wrong = append(wrong,
		among("dialect", o.Dialect, dialects...),
		among("match", o.Match, MatchUserName, MatchExternalID, MatchWorkEmail),
		among("removal", o.Removal, Suspend, Delete, Nothing))
	if o.MaxWait < 0 {
		wrong = append(wrong, fmt.Errorf("the longest wait is %v: it cannot be negative", o.MaxWait))
	}
	return o, errors.Join(wrong...)
}

func (o *Options) fill(dialect Dialect) {
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Concurrency == 0 {
		o.Concurrency = 4
	}
	o.Dialect, o.Match, o.Removal = cmp.Or(o.Dialect, dialect), cmp.Or(o.Match, MatchUserName), cmp.Or(o.Removal, Suspend)
	if o.Sample == 0 {
		o.Sample = 1000
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.HTTP == nil {
		o.HTTP = newHTTPClient(o.Concurrency)
	}
	if o.Wait == nil {
		o.Wait = waitFor
	}
}

func newHTTPClient(concurrency int) *http.Client {
	return &http.Client{
		Timeout: answerTimeout,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			MaxIdleConns:        concurrency,
			MaxIdleConnsPerHost: concurrency,
			IdleConnTimeout:     answerTimeout,
		},
	}
}

func checkBase(base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return fmt.Errorf("read base URL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("base URL is %q: it must begin with http:// or https:// and name a host", base)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("base URL must end with its path: no user, query or fragment")
	}
	return nil
}

func within(what string, n, low, high int) error {
	if n < low || n > high {
		return fmt.Errorf("%s is %d: it must be between %d and %d", what, n, low, high)
	}
	return nil
}

// among checks that a choice is one of those that there are.
func among[T ~string](what string, chosen T, of ...T) error {
	if slices.Contains(of, chosen) {
		return nil
	}
	var names []string
	for _, one := range of {
		names = append(names, string(one))
	}
	return fmt.Errorf("%s is %q: it must be one of %s", what, chosen, strings.Join(names, ", "))
}

func waitFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait %v: %w", d, ctx.Err())
	case <-timer.C:
		return nil
	}
}
