package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// patience is how long anything may take that a page is to do by itself.
const patience = 30 * time.Second

// page is a page of the browser, in a profile of its own. What it must not do is noted, and fails the test at its end.
type page struct {
	t      *testing.T
	ctx    context.Context
	origin string

	mu      sync.Mutex
	allowed []string
	wrongs  []string
}

// reportsViolations tells the console what the Content-Security-Policy has stopped.
const reportsViolations = `document.addEventListener('securitypolicyviolation', (e) =>
	console.error('content security policy: ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile + ':' + e.lineNumber))`

// open opens an empty page that may ask nobody but this server.
func open(t *testing.T, origin string) *page {
	t.Helper()
	needBrowser(t)
	browser, err := theBrowser()
	if err != nil {
		t.Fatal(err)
	}
	profile, tab, err := window(browser, origin)
	if err != nil {
		t.Fatalf("open a window: %v", err)
	}
	ctx, end := chromedp.NewContext(browser, chromedp.WithTargetID(tab))
	p := &page{t: t, ctx: ctx, origin: origin}
	t.Cleanup(func() {
		if t.Failed() {
			p.testify()
		}
		end()
		_ = target.DisposeBrowserContext(profile).Do(whole(browser)) // the browser may have gone
		for _, wrong := range p.noted() {
			t.Error(wrong)
		}
	})
	chromedp.ListenTarget(ctx, p.watch)
	p.run(
		network.Enable(), log.Enable(), runtime.Enable(), cdppage.Enable(),
		chromedp.ActionFunc(func(ctx context.Context) error {
			_, err := cdppage.AddScriptToEvaluateOnNewDocument(reportsViolations).Do(ctx)
			return err
		}),
		size(wide),
	)
	return p
}

// whole is the context of the browser itself.
func whole(browser context.Context) context.Context {
	return cdp.WithExecutor(browser, chromedp.FromContext(browser).Browser)
}

// window opens a window with a profile of its own, in which the origin may use the clipboard.
func window(browser context.Context, origin string) (profile cdp.BrowserContextID, tab target.ID, err error) {
	ctx := whole(browser)
	if profile, err = target.CreateBrowserContext().WithDisposeOnDetach(true).Do(ctx); err != nil {
		return "", "", err
	}
	mayCopy := []cdpbrowser.PermissionType{cdpbrowser.PermissionTypeClipboardReadWrite, cdpbrowser.PermissionTypeClipboardSanitizedWrite}
	if err := cdpbrowser.GrantPermissions(mayCopy).WithOrigin(origin).WithBrowserContextID(profile).Do(ctx); err != nil {
		return "", "", err
	}
	tab, err = target.CreateTarget("about:blank").WithBrowserContextID(profile).WithNewWindow(true).Do(ctx)
	return profile, tab, err
}

// signedIn opens a page and signs in with a link, as its owner does.
func signedIn(t *testing.T, origin, link string) *page {
	t.Helper()
	p := open(t, origin)
	p.visit(link)
	p.click("button", "Sign in")
	p.gone("button", "Sign in")
	return p
}

// run does something with the page that must work.
func (p *page) run(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	// Its first use opens the page, which must outlive the bound.
	if err := chromedp.Run(p.ctx); err != nil {
		p.t.Fatalf("open a page: %v", err)
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// visit goes to an address from outside.
func (p *page) visit(address string) {
	p.t.Helper()
	p.run(chromedp.Navigate(address))
}

// turn goes to a place of the console, as a click on a link does.
func (p *page) turn(place string) {
	p.t.Helper()
	p.eval(nil, "window.location.hash = "+quoted("#/"+place))
}

// eval runs JavaScript in the page.
func (p *page) eval(into any, script string) {
	p.t.Helper()
	if err := p.tryEval(into, script); err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) tryEval(into any, script string) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	var discarded any
	if into == nil {
		script, into = script+"\n;null", &discarded
	}
	return chromedp.Run(ctx, chromedp.Evaluate(script, into, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
}

// until waits for something to come about, and says what did not.
func (p *page) until(what string, met func() bool) {
	p.t.Helper()
	limit, tick := time.After(patience), time.NewTicker(25*time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-limit:
			p.t.Fatalf("within %v there was never %s\n%s", patience, what, p.says())
		case <-p.ctx.Done():
			p.t.Fatalf("the browser has gone before there was %s", what)
		case <-tick.C:
		}
	}
}

// says is the text that the page shows.
func (p *page) says() string {
	var text string
	if err := p.tryEval(&text, `document.body.innerText.replace(/\s+/g, ' ')`); err != nil {
		return err.Error()
	}
	return text
}

// sees waits for a text.
func (p *page) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.until(fmt.Sprintf("the text %q", text), func() bool { return strings.Contains(p.says(), text) })
	}
}

// misses waits until a text is not there.
func (p *page) misses(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("a page without the text %q", text), func() bool { return !strings.Contains(p.says(), text) })
}

// allow permits what has one of these texts in it, for tests of what goes wrong.
func (p *page) allow(texts ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = append(p.allowed, texts...)
}

// noted is what the page did and must not.
func (p *page) noted() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var wrongs []string
	for _, wrong := range p.wrongs {
		if !p.permits(wrong) {
			wrongs = append(wrongs, wrong)
		}
	}
	return wrongs
}

func (p *page) permits(wrong string) bool {
	for _, text := range p.allowed {
		if strings.Contains(wrong, text) {
			return true
		}
	}
	return false
}

func (p *page) notef(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrongs = append(p.wrongs, fmt.Sprintf(format, args...))
}

// watch notes what a page must never do.
func (p *page) watch(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if at := e.Request.URL; !strings.HasPrefix(at, p.origin+"/") && !strings.HasPrefix(at, "data:") && !strings.HasPrefix(at, "blob:") {
			p.notef("a request has left for %s", at)
		}
	case *network.EventWebSocketCreated:
		p.notef("a WebSocket was opened to %s", e.URL)
	case *network.EventResponseReceived:
		if e.Response.Status >= 500 {
			p.notef("%s answered %d", e.Response.URL, e.Response.Status)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Source == log.SourceSecurity || e.Entry.Source == log.SourceViolation {
			p.notef("the browser says: %s %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning || e.Type == runtime.APITypeAssert {
			p.notef("the page says on its console: %s %s", e.Type, said(e.Args))
		}
	case *runtime.EventExceptionThrown:
		p.notef("the page has thrown: %v", e.ExceptionDetails)
	}
}

func said(args []*runtime.RemoteObject) string {
	var words []string
	for _, arg := range args {
		text := string(arg.Value)
		if text == "" {
			text = arg.Description
		}
		words = append(words, text)
	}
	return strings.Join(words, " ")
}

// testify keeps a picture of a page on which a test has failed.
func (p *page) testify() {
	var picture []byte
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.CaptureScreenshot(&picture)); err != nil {
		p.t.Logf("no picture of the failure: %v", err)
		return
	}
	file := filepath.Join(shots(p.t), "failed-"+strings.ReplaceAll(p.t.Name(), "/", "-")+".png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		p.t.Log(err)
		return
	}
	p.t.Logf("a picture of the failure is in %s", file)
}

func quoted(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return string(out)
}
