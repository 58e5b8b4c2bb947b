package simulate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/clock"
)

// Dialect says with which verb the provider updates what it has created.
type Dialect string

// The dialects that providers have: a classic Okta app replaces whole
// resources, a template or newer app patches them.
const (
	PUT   Dialect = "put"
	PATCH Dialect = "patch"
)

// Options say what to play and against whom.
type Options struct {
	BaseURL     string       // of the SCIM endpoint, with its path: https://host/scim/v2
	Token       string       // sent as a bearer token
	Users       int          // people in the organization, at least one
	Groups      int          // groups that remain at the end
	Concurrency int          // calls side by side; 0 means 4
	Dialect     Dialect      // empty means PUT
	Seed        uint64       // another seed is another organization
	HTTP        *http.Client // nil means a client with the provider's time-out
	Progress    func(Progress)
	Clock       clock.Clock // nil means the system's

	// Retries is how often a call without an answer (no connection, 502, 503,
	// 504) is repeated. Providers do not; a load generator or a crash test wants it.
	Retries int
	// MaxWait is the longest Retry-After that is waited for; 0 means two minutes.
	MaxWait time.Duration
	// Sample is how many users and groups are read one by one at the end, evenly
	// spread; 0 means at most 1,000 of each. The pages are always read whole.
	Sample int
	// Shared says that others write to the target meanwhile: totals and the order
	// of pages are then not held against it.
	Shared bool

	wait func(context.Context, time.Duration) error // a test's patience
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

	// Okta drops a connection after sixty seconds of silence.
	answerTimeout = 60 * time.Second
)

// checked returns the options with every gap filled, or all that is wrong with them.
func checked(o Options) (Options, error) {
	o.fill()
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
	if o.Dialect != PUT && o.Dialect != PATCH {
		wrong = append(wrong, fmt.Errorf("dialect is %q: it must be put or patch", o.Dialect))
	}
	if o.MaxWait < 0 {
		wrong = append(wrong, fmt.Errorf("the longest wait is %v: it cannot be negative", o.MaxWait))
	}
	return o, errors.Join(wrong...)
}

func (o *Options) fill() {
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Concurrency == 0 {
		o.Concurrency = 4
	}
	if o.Dialect == "" {
		o.Dialect = PUT
	}
	if o.Sample == 0 {
		o.Sample = 1000
	}
	if o.MaxWait == 0 {
		o.MaxWait = 2 * time.Minute
	}
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.HTTP == nil {
		o.HTTP = newHTTPClient(o.Concurrency)
	}
	if o.wait == nil {
		o.wait = waitFor
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
