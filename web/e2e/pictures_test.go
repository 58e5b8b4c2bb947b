package e2e_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// largest is how many bytes a picture of the docs may have.
const largest = 120_000

// forTheDocs takes the pictures that README.md and docs/console.md show. Nobody's token is in one.
func (p *page) forTheDocs(of ids) {
	p.t.Helper()
	for _, place := range []struct {
		name, at, says string
		height         int64
	}{
		{"overview", "", "Last calls of the providers", 807},
		{"report", "reports/" + of.license, "Paid for and not used", 1234},
		{"person", "people/" + of.holder, "Seats, and why", 680},
	} {
		p.turn(place.at)
		p.sees(place.says)
		p.kept(place.name, place.height)
	}
	p.turn("scim")
	p.click("button", "Add SCIM configuration")
	p.fill("textbox", "Name", "Okta, Sales")
	p.click("button", "Next")
	p.choose("combobox", "License", "Sales Navigator Advanced (*")
	p.click("button", "Generate token")
	p.sees("shown this once")
	var token string
	p.eval(&token, `(() => {
		const [base, secret] = document.querySelectorAll('.secret'), was = secret.textContent;
		base.textContent = 'http://localhost:8080/scim/v2';
		secret.textContent = '\u2022'.repeat(48);
		return was;
	})()`)
	if token == "" {
		p.t.Fatal("no token was there to be hidden")
	}
	p.misses(token)
	p.kept("configuration", 720)
}

// kept takes a picture for the docs: light, wide, so many pixels high. It goes to the folder docs beside the other pictures, from which
// those that are shown are copied to docs/images.
func (p *page) kept(name string, height int64) {
	p.t.Helper()
	p.run(emulation.SetDeviceMetricsOverride(wide, height, 1, false))
	p.settle()
	var taken []byte
	p.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		taken, err = cdppage.CaptureScreenshot().Do(ctx)
		return err
	}))
	p.run(size(wide))
	small := smaller(p.t, taken)
	if len(small) > largest {
		p.t.Errorf("the picture %s has %d bytes", name, len(small))
	}
	at := filepath.Join(shots(p.t), "docs")
	if err := os.MkdirAll(at, 0o750); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, name+".png"), small, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// smaller writes a picture with 256 colors: always the one more that serves the worst of what the picture has, and each other one as
// the nearest of them.
func smaller(t *testing.T, picture []byte) []byte {
	t.Helper()
	was, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[color.RGBA]int{}
	for y := was.Bounds().Min.Y; y < was.Bounds().Max.Y; y++ {
		for x := was.Bounds().Min.X; x < was.Bounds().Max.X; x++ {
			counts[color.RGBAModel.Convert(was.At(x, y)).(color.RGBA)]++
		}
	}
	all := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return slices.Compare([]byte{a.R, a.G, a.B, a.A}, []byte{b.R, b.G, b.B, b.A})
	})
	var palette color.Palette
	far := make([]int, len(all)) // from the nearest color of the palette
	for i := range far {
		far[i] = 1 << 20
	}
	for len(palette) < min(len(all), 256) {
		worst := 0
		for i, c := range all {
			if counts[c]*far[i] > counts[all[worst]]*far[worst] {
				worst = i
			}
		}
		palette = append(palette, all[worst])
		for i, c := range all {
			far[i] = min(far[i], distance(c, all[worst]))
		}
	}
	now := image.NewPaletted(was.Bounds(), palette)
	draw.Draw(now, now.Bounds(), was, was.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, now); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func distance(a, b color.RGBA) int {
	r, g, bl := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return r*r + g*g + bl*bl
}
