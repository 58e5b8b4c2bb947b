package simulate_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/simulate"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// turnedAway answers the first posts of people with 429.
func turnedAway(times int32, header string) func(http.Handler) http.Handler {
	var refused atomic.Int32
	return instead(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/Users") || refused.Add(1) > times {
			return false
		}
		if header != "" {
			w.Header().Set("Retry-After", header)
		}
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
}

// TestOktaWaitsAsOktaDoes holds what Okta documents of 429: exactly what it is told, twice as long after each further one, five
// minutes without a whole number, and no more after ten tries.
func TestOktaWaitsAsOktaDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		times  int32
		header string
		most   time.Duration
		waited []time.Duration
		fails  bool
	}{
		"as long as it is told":      {times: 1, header: "7", waited: []time.Duration{7 * time.Second}},
		"twice as long each time":    {times: 4, header: "3", waited: []time.Duration{3 * time.Second, 6 * time.Second, 12 * time.Second, 24 * time.Second}},
		"five minutes without words": {times: 2, waited: []time.Duration{5 * time.Minute, 10 * time.Minute}},
		"five minutes for a date":    {times: 1, header: "Fri, 27 Nov 2026 08:00:00 GMT", waited: []time.Duration{5 * time.Minute}},
		"five minutes for a part":    {times: 1, header: "1.5", waited: []time.Duration{5 * time.Minute}},
		"ten tries": {times: 10, header: "1", fails: true, waited: []time.Duration{
			1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second, 128 * time.Second, 256 * time.Second,
		}},
		"no longer than it may": {times: 2, header: "20", most: 30 * time.Second, fails: true, waited: []time.Duration{20 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w waits
			o := target(t, storetest.Open(t, storetest.SQLite), turnedAway(c.times, c.header))
			o.Wait, o.MaxWait, o.Concurrency = w.wait, c.most, 1
			report, said := played(t, simulate.Okta, o)
			if !slices.Equal(w.all, c.waited) {
				t.Errorf("waited %v, want %v", w.all, c.waited)
			}
			if report.OK() == c.fails || c.fails && !strings.Contains(said, "found 429") {
				t.Error(said)
			}
		})
	}
}

// TestWhatWasTurnedAwayIsDoneInALaterRound shows that Entra and OneLogin do not wait within a call, and miss nothing all the
// same.
func TestWhatWasTurnedAwayIsDoneInALaterRound(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]provider{"entra": simulate.Entra, "onelogin": simulate.OneLogin} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w waits
			o := target(t, storetest.Open(t, storetest.SQLite), turnedAway(25, "9"))
			o.Wait = w.wait
			report, said := played(t, play, o)
			if !report.OK() || !slices.Equal(w.all, []time.Duration{9 * time.Second}) {
				t.Errorf("waited %v\n%s", w.all, said)
			}
		})
	}
}

func TestWhatIsTurnedAwayForEverIsTold(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]provider{"entra": simulate.Entra, "onelogin": simulate.OneLogin} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w waits
			o := target(t, storetest.Open(t, storetest.SQLite), instead(func(writer http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/Groups") {
					return false
				}
				writer.WriteHeader(http.StatusTooManyRequests)
				return true
			}))
			o.Wait, o.MaxWait = w.wait, time.Minute
			report, _ := played(t, play, o)
			onlyAbout(t, report, `^3 writes: expected to be taken in one of 10 rounds, found 429`)
			var seconds []float64
			for _, d := range w.all[:8] {
				seconds = append(seconds, d.Seconds())
			}
			if !slices.Equal(seconds, []float64{1, 2, 4, 8, 16, 32, 60, 60}) {
				t.Errorf("waited %v, want longer and longer, and a minute at most", w.all)
			}
		})
	}
}

// TestAnAnswerThatIsLostIsNoDifference loses answers to writes, half of them before the target has read the request.
func TestAnAnswerThatIsLostIsNoDifference(t *testing.T) {
	t.Parallel()
	plays := map[string]provider{"okta": simulate.Okta, "entra": simulate.Entra, "onelogin": simulate.OneLogin}
	for name, play := range plays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				for _, retries := range []int{0, 3} {
					var w waits
					var seen atomic.Int32
					o := target(t, db, instead(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
						n := seen.Add(1)
						if r.Method == http.MethodGet || n%7 > 1 {
							return false
						}
						if n%7 == 0 {
							next.ServeHTTP(httptest.NewRecorder(), r)
						}
						panic(http.ErrAbortHandler)
					}))
					o.Wait, o.Retries = w.wait, retries
					if report, said := played(t, play, o); !report.OK() {
						t.Errorf("with %d retries: %s", retries, said)
					}
				}
			})
		})
	}
}

func TestATargetThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	there := target(t, storetest.Open(t, storetest.SQLite), honest)
	for name, play := range map[string]provider{"okta": simulate.Okta, "entra": simulate.Entra, "onelogin": simulate.OneLogin} {
		if report, err := play(t.Context(), simulate.Options{BaseURL: server.URL, Token: "t", Users: 1}); err == nil {
			t.Errorf("%s: got %+v", name, report)
		}
		if _, err := play(ended, there); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: a canceled simulation ended with %v", name, err)
		}
	}
}

// TestATargetThatTalksNonsenseIsOnlyWrong answers everything with something that is no SCIM. A simulation ends soon, and finds it.
func TestATargetThatTalksNonsenseIsOnlyWrong(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		`[]`, `no JSON`, `{"totalResults":"many","Resources":{}}`, `{"totalResults":0,"Resources":null}`,
		`{"totalResults":0,"Resources":[[],7,null],"id":3,"members":[null,{}]}`,
		`{"totalResults":1000000000,"Resources":[{"id":"1","emails":[[]],"roles":7,"name":[],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":[]}],"id":"1"}`,
		`{"totalResults":1000000000,"Resources":[{}],"attributes":{},"id":{"id":[]}}`,
	} {
		for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusNotFound, http.StatusConflict} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, answer)
			}))
			for name, play := range map[string]provider{"okta": simulate.Okta, "entra": simulate.Entra, "onelogin": simulate.OneLogin} {
				if report, err := play(t.Context(), simulate.Options{BaseURL: server.URL, Token: "t", Users: 5, Groups: 2}); err == nil && report.OK() {
					t.Errorf("%s found nothing wrong with %d %s", name, status, answer)
				}
			}
			server.Close()
		}
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	good := simulate.Options{BaseURL: "http://localhost", Token: "t", Users: 1}
	for says, spoil := range map[string]func(*simulate.Options){
		"http://":         func(o *simulate.Options) { o.BaseURL = "ftp://x" },
		"token":           func(o *simulate.Options) { o.Token = " " },
		"users is 0":      func(o *simulate.Options) { o.Users = 0 },
		"groups is -1":    func(o *simulate.Options) { o.Groups = -1 },
		"dialect":         func(o *simulate.Options) { o.Dialect = "put" }, // which is Okta's
		"userName, exter": func(o *simulate.Options) { o.Match = "mail" },
		"suspend, delete": func(o *simulate.Options) { o.Removal = "erase" },
		"negative":        func(o *simulate.Options) { o.MaxWait = -1 },
	} {
		o := good
		spoil(&o)
		if _, err := simulate.Entra(t.Context(), o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want words about %q", err, says)
		}
	}
}
