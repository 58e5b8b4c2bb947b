// Package e2e_test opens the console in a real browser, against the real binary, and does there what administrators do.
//
// It is all tests. They find things as people do, by role and name, wait for what they want to see and never for a time, and
// share one Chromium, in which each page has a profile of its own. Whatever a test looks at, it fails when a page asks another
// host for anything, when the Content-Security-Policy is violated, when the page says an error on its console, and when the
// server fails. Every page is looked at by axe-core, in light and dark, wide and narrow, and its picture is written to
// the folder screenshots, or to the one that USHER_SHOTS names.
//
// Chromium is the one that USHER_TEST_CHROMIUM names, or one of this machine; axe-core is what npm puts into web/node_modules.
// .ci/browser sees to both. Where one is missing, the tests are skipped with a loud word; with CI set that is a failure.
package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

var (
	errNoChromium = errors.New("no Chromium was found: install it (Debian: apt-get install chromium), or set USHER_TEST_CHROMIUM to its path")
	errNoAxe      = errors.New("axe-core was not found: run npm ci in web")
)

// folder is where this run keeps what it makes: the binary.
var folder string

func TestMain(m *testing.M) {
	made, err := os.MkdirTemp("", "usher-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	folder = made
	code := m.Run()
	closeBrowser()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

var complain = sync.OnceFunc(func() {
	fmt.Fprintf(os.Stderr, "\n*** THE CONSOLE WAS NOT TESTED IN A BROWSER ***\n%v\n\n", errors.Join(missing()...))
})

// missing is what this machine lacks.
func missing() []error {
	_, chromium := findChromium()
	_, axe := theAxe()
	return []error{chromium, axe}
}

// needBrowser skips the test where there is no browser, which in CI is a failure.
func needBrowser(t *testing.T) {
	t.Helper()
	err := errors.Join(missing()...)
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("tests need a browser here: %v", err)
	default:
		complain()
		t.Skip(err)
	}
}

// findChromium returns the path of the browser.
func findChromium() (string, error) {
	if named := os.Getenv("USHER_TEST_CHROMIUM"); named != "" {
		return named, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errNoChromium
}

// theAxe reads axe-core, once.
var theAxe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(filepath.Join("..", "node_modules", "axe-core", "axe.min.js"))
	if errors.Is(err, os.ErrNotExist) {
		return "", errNoAxe
	}
	return string(text), err
})

// theBinary builds usher, once, and returns its path.
var theBinary = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(folder, "usher")
	build := exec.Command("go", "build", "-o", binary, "./cmd/usher")
	build.Dir = filepath.Join("..", "..")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build usher: %w\n%s", err, said)
	}
	return binary, nil
})

var closeBrowser = func() {}

// theBrowser starts Chromium, once, and returns the context of its pages.
var theBrowser = sync.OnceValues(func() (context.Context, error) {
	path, err := findChromium()
	if err != nil {
		return nil, err
	}
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-extensions", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true), chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.Flag("lang", "en-US"), chromedp.WindowSize(wide, tall),
	}
	allocated, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, end := chromedp.NewContext(allocated)
	closeBrowser = func() {
		_ = chromedp.Cancel(ctx)
		end()
		stop()
	}
	if err := chromedp.Run(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return ctx, nil
})
