package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The windows in which pages are looked at.
const (
	wide   = 1280
	narrow = 400
	tall   = 900
)

// shots is the folder of the pictures.
func shots(t *testing.T) string {
	t.Helper()
	at := os.Getenv("USHER_SHOTS")
	if at == "" {
		at = "screenshots"
	}
	if err := os.MkdirAll(at, 0o750); err != nil {
		t.Fatal(err)
	}
	return at
}

func size(width int64) chromedp.Action {
	return emulation.SetDeviceMetricsOverride(width, tall, 1, width == narrow)
}

// colors asks the page for light or dark, as the system of its reader does.
func colors(scheme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}})
}

// settled waits until a page has loaded what it shows and nothing moves.
const settled = `!document.querySelector('[aria-busy="true"], [aria-label="Loading"]') &&
	!document.getAnimations().some((a) => a.playState === 'running' && Number.isFinite(a.effect?.getComputedTiming().endTime))`

func (p *page) settle() {
	p.t.Helper()
	p.until("a page at rest", func() bool {
		var rests bool
		return p.tryEval(&rests, settled) == nil && rests
	})
}

// look has the page in light and dark, wide and narrow: axe-core must find nothing, the page may not be wider than its window, and each
// picture is kept under the name.
func (p *page) look(name string) {
	p.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{wide, narrow} {
			p.run(colors(scheme), size(width))
			p.settle()
			as := fmt.Sprintf("%s-%s-%d", name, scheme, width)
			p.fits(as)
			p.accessible(as)
			p.picture(as)
		}
	}
	p.run(colors("light"), size(wide))
	p.settle()
}

func (p *page) fits(as string) {
	p.t.Helper()
	var beyond int
	p.eval(&beyond, `document.documentElement.scrollWidth - window.innerWidth`)
	if beyond > 0 {
		p.t.Errorf("%s is %d pixels wider than its window", as, beyond)
	}
}

// violation is what axe-core has found.
type violation struct {
	ID, Help string
	Nodes    []struct {
		HTML           string
		FailureSummary string
	}
}

// String tells the rule and the first places.
func (v violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", v.ID, v.Help)
	for i, n := range v.Nodes {
		if i == 3 {
			fmt.Fprintf(&b, "\n  and %d more", len(v.Nodes)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %.300s\n    %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", " "))
	}
	return b.String()
}

func (p *page) accessible(as string) {
	p.t.Helper()
	var there bool
	p.eval(&there, `typeof axe === 'object'`)
	if !there {
		axe, err := theAxe()
		if err != nil {
			p.t.Fatal(err)
		}
		p.eval(nil, axe)
	}
	var found []violation
	p.eval(&found, `axe.run(document, { preload: false, resultTypes: ['violations'] }).then((r) => r.violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })) })))`)
	for _, v := range found {
		p.t.Errorf("%s: axe-core says %v", as, v)
	}
}

// picture keeps a picture of the whole page.
func (p *page) picture(as string) {
	p.t.Helper()
	var picture []byte
	p.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, _, _, _, _, whole, err := cdppage.GetLayoutMetrics().Do(ctx)
		if err != nil {
			return err
		}
		if whole.Width == 0 {
			return errors.New("the page has no width")
		}
		height := min(max(whole.Height, tall), 4000) // more than that nobody looks at
		picture, err = cdppage.CaptureScreenshot().WithOptimizeForSpeed(true).WithCaptureBeyondViewport(true).
			WithClip(&cdppage.Viewport{Width: whole.Width, Height: height, Scale: 1}).Do(ctx)
		return err
	}))
	if err := os.WriteFile(filepath.Join(shots(p.t), as+".png"), picture, 0o600); err != nil {
		p.t.Fatal(err)
	}
}
