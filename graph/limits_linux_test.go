package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
)

// threadCPU is what the calling thread has used of the processor. Others that run at the same time do not count.
func threadCPU(t *testing.T) time.Duration {
	t.Helper()
	const thisThread = 1 // RUSAGE_THREAD
	var used syscall.Rusage
	if err := syscall.Getrusage(thisThread, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// costly are documents that would hold a core, were they only validated: validating fields of one name takes quadratic time.
func costly() map[string]string {
	const kilobytes = 40 << 10
	fill := func(piece string) string { return strings.Repeat(piece, kilobytes/len(piece)) }
	long := "name" + strings.Repeat(" ", 17) // 40 KB in fewer tokens than are too many
	var aliases, places, spreads strings.Builder
	for i := range 900 {
		fmt.Fprintf(&aliases, "aliasOfSomeLength%022d: name ", i)
		fmt.Fprintf(&places, "... on Viewer { name kind %s} ", strings.Repeat(" ", 20))
	}
	for range 1900 {
		spreads.WriteString("...f" + strings.Repeat(" ", 17))
	}
	half := strings.Repeat("name ", 400)
	return map[string]string{
		"fields":                         `{ viewer { ` + fill("name ") + `} }`,
		"fields far apart":               `{ viewer { ` + strings.Repeat(long, 1900) + `} }`,
		"objects":                        `{ ` + fill("viewer{name} ") + `}`,
		"objects in objects":             `{ ` + fill("tenant{users{nodes{id}}} ") + `}`,
		"in a fragment":                  `{ viewer { ...f } } fragment f on Viewer { ` + fill("name ") + `}`,
		"in a fragment, far apart":       `{ viewer { ...f } } fragment f on Viewer { ` + strings.Repeat(long, 1900) + `}`,
		"a fragment, spread":             `{ viewer { ` + spreads.String() + `} } fragment f on Viewer { name kind }`,
		"a fragment of fragments":        `{ viewer { ...a ...a ...a ...a } } fragment a on Viewer { ...b ...b ...b ...b } fragment b on Viewer { ...c ...c ...c ...c } fragment c on Viewer { ` + half + `}` + strings.Repeat(" ", 38000),
		"inline fragments":               `{ viewer { ` + fill("... { name } ") + `} }`,
		"inline fragments with a type":   `{ viewer { ` + fill("... on Viewer { name } ") + `} }`,
		"inline fragments, far apart":    `{ viewer { ` + places.String()[:kilobytes/2] + strings.Repeat(" ", kilobytes/2) + `} }`,
		"aliases":                        `{ viewer { ` + aliases.String() + `} }`,
		"arguments":                      `{ ` + fill(`user(userName: "a") { id } `) + `}`,
		"unknown fields":                 `{ viewer { ` + fill("nope ") + `} }`,
		"directives":                     `{ viewer { name ` + fill("@skip(if: false) ") + `} }`,
		"an object of values":            `{ users(filter: {` + fill(`search: "a" `) + `}) { totalCount } }`,
		"a list of values":               `{ events(filter: {kinds: [` + fill(`"a" `) + `]}) { totalCount } }`,
		"depth":                          fill("{a"),
		"brackets":                       fill("["),
		"one string":                     `{ user(userName: "` + fill("x") + `") { id } } { `,
		"a circle of fragments":          `{ viewer { ...a } } ` + strings.Repeat("fragment a on Viewer { ...b } fragment b on Viewer { ...a } ", 60),
		"the same in many places":        `{ ` + strings.Repeat("viewer { "+strings.Repeat("name ", 20)+"} ", 60) + `}` + strings.Repeat(" ", 36000),
		"merged places within a bound":   `{ ` + strings.Repeat("viewer { tenant { name slug name } } ", 60) + `}`,
		"merged places through a spread": `{ ` + strings.Repeat("viewer { ...f } ", 60) + `} fragment f on Viewer { name kind scopes tenant { id name slug plan } }`,
	}
}

// TestNoDocumentHoldsACore sends real documents of 40 KB, and some smaller that are as bad, and measures the processor's time:
// 50 ms at most, refused or answered.
func TestNoDocumentHoldsACore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const most = 50 * time.Millisecond
		_, admin := w.tenant(caller.ScopeAdmin)
		w.want(admin, `{ viewer { name } }`)
		for name, document := range costly() {
			got, used := w.timed(t, admin, document)
			for try := 1; used > most && try < 3; try++ { // it may have been this thread's turn to collect garbage
				_, again := w.timed(t, admin, document+strings.Repeat(" ", try)) // one more blank: it is not remembered
				used = min(used, again)
			}
			if used > most {
				t.Errorf("%s took %v", name, used)
			}
			merged := strings.HasPrefix(name, "merged")
			if refused := strings.Contains(got.Body.String(), `"data":null`); got.Code >= 500 || !merged && !refused {
				t.Errorf("%s of %d bytes was answered %d %.200s", name, len(document), got.Code, got.Body)
			}
			if !merged && name != "a circle of fragments" && len(document) < 38<<10 {
				t.Errorf("%s has only %d bytes", name, len(document))
			}
		}
	})
}

// timed sends a document and tells what it has cost the processor, whoever else is at it.
func (w *world) timed(t *testing.T, token, document string) (*httptest.ResponseRecorder, time.Duration) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(sent{query: document, variables: "{}"}.body()))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	got := httptest.NewRecorder()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadCPU(t)
	w.server.ServeHTTP(got, r)
	return got, threadCPU(t) - before
}
