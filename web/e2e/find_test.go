package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// thing is something in the page, as assistive technology sees it.
type thing struct {
	Ignored    bool              `json:"ignored"`
	ID         cdp.BackendNodeID `json:"backendDOMNodeId"`
	Role       spoken            `json:"role"`
	Name       spoken            `json:"name"`
	Value      spoken            `json:"value"`
	Properties []struct {
		Name  string `json:"name"`
		Value spoken `json:"value"`
	} `json:"properties"`
}

// spoken is a value as it is said.
type spoken struct {
	Value any `json:"value"`
}

// String is the value with single blanks.
func (s spoken) String() string {
	if s.Value == nil {
		return ""
	}
	return strings.Join(strings.Fields(fmt.Sprint(s.Value)), " ")
}

// things are asked for in the protocol's own words: cdproto knows fewer of its values than browsers send.
func things(ctx context.Context, method string, parameters any) ([]thing, error) {
	var found struct {
		Nodes []thing `json:"nodes"`
	}
	err := cdp.Execute(ctx, method, parameters, &found)
	return slices.DeleteFunc(found.Nodes, func(n thing) bool { return n.Ignored }), err
}

// all finds everything with a role and a name that is there now. A * in the name stands for any text.
func (p *page) all(role, name string) []thing {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	var found []thing
	err := chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		document, _, err := runtime.Evaluate("document").Do(ctx)
		if err != nil {
			return err
		}
		found, err = things(ctx, accessibility.CommandQueryAXTree, accessibility.QueryAXTree().WithObjectID(document.ObjectID).WithRole(role))
		return err
	}))
	if err != nil {
		return nil // the page has changed meanwhile: whoever waits asks again
	}
	return slices.DeleteFunc(found, func(n thing) bool { return !n.named(name) })
}

func (n thing) named(pattern string) bool {
	name := n.Name.String()
	before, after, open := strings.Cut(pattern, "*")
	if !open {
		return name == pattern
	}
	return len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
}

// find waits for the first thing with a role and a name.
func (p *page) find(role, name string) thing {
	p.t.Helper()
	var found []thing
	p.until(fmt.Sprintf("a %s %q", role, name), func() bool {
		found = p.all(role, name)
		return len(found) > 0
	})
	return found[0]
}

// holds waits for a field to hold a text.
func (p *page) holds(role, name, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("a %s %q with %q in it", role, name, text), func() bool {
		found := p.all(role, name)
		return len(found) > 0 && strings.Contains(found[0].Value.String(), text)
	})
}

// gone waits until nothing has that role and name.
func (p *page) gone(role, name string) {
	p.t.Helper()
	p.until(fmt.Sprintf("a page without the %s %q", role, name), func() bool { return len(p.all(role, name)) == 0 })
}

// whereToClick scrolls a thing into view and tells where the middle of it, or of its first line, is, or why it cannot be clicked
// yet: because something moves, because it is disabled, or because something else is in front of it.
const whereToClick = `function () {
	const element = this.getBoundingClientRect().width < 2 && this.labels?.length ? this.labels[0] : this;
	element.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
	if (document.getAnimations().some((a) => a.playState === 'running' && Number.isFinite(a.effect?.getComputedTiming().endTime))) return { why: 'something moves' };
	if (this.disabled) return { why: 'it is disabled' };
	if (!element.getClientRects().length) return { why: 'it takes no room' };
	const at = element.getClientRects()[0], x = at.x + at.width / 2, y = at.y + at.height / 2;
	const hit = document.elementFromPoint(x, y);
	if (!hit || !element.contains(hit)) return { why: 'it is behind ' + hit?.outerHTML.slice(0, 200) };
	return { x, y, why: '' };
}`

// click clicks the first thing with a role and a name as a mouse does, once it can be clicked.
func (p *page) click(role, name string) {
	p.t.Helper()
	why := "it is not there"
	defer func() {
		if why != "" {
			p.t.Logf("the %s %q was not clicked: %s", role, name, why)
		}
	}()
	p.until(fmt.Sprintf("a %s %q that can be clicked", role, name), func() bool {
		found := p.all(role, name)
		if len(found) == 0 {
			return false
		}
		var at struct {
			X, Y float64
			Why  string
		}
		if err := p.call(found[0], whereToClick, &at); err != nil {
			return false // it has just gone
		}
		if why = at.Why; why != "" {
			return false
		}
		p.run(chromedp.MouseClickXY(at.X, at.Y))
		return true
	})
}

// call calls a function of JavaScript on a thing.
func (p *page) call(of thing, function string, into any) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		object, err := dom.ResolveNode().WithBackendNodeID(of.ID).Do(ctx)
		if err != nil {
			return err
		}
		value, thrown, err := runtime.CallFunctionOn(function).WithObjectID(object.ObjectID).WithReturnByValue(true).Do(ctx)
		switch {
		case err != nil:
			return err
		case thrown != nil:
			return thrown
		case into == nil:
			return nil
		}
		return json.Unmarshal(value.Value, into)
	}))
}

// fill types into a field, over what is there.
func (p *page) fill(role, name, text string) {
	p.t.Helper()
	p.click(role, name)
	p.eval(nil, "document.activeElement.select()")
	if text == "" {
		p.press("\b")
		return
	}
	p.run(input.InsertText(text))
}

// choose opens a field with choices and takes one.
func (p *page) choose(role, field, choice string) {
	p.t.Helper()
	p.click(role, field)
	p.click("option", choice)
}

// press presses keys.
func (p *page) press(keys string) {
	p.t.Helper()
	p.run(chromedp.KeyEvent(keys))
}

// clipboard is the one that all pages share.
var clipboard sync.Mutex

// copied presses a button that copies, and returns what is on the clipboard then.
func (p *page) copied(button string) string {
	p.t.Helper()
	clipboard.Lock()
	defer clipboard.Unlock()
	p.click("button", button)
	p.sees("Copied")
	var text string
	p.eval(&text, "navigator.clipboard.readText()")
	return text
}

// disabled waits until a thing cannot be used.
func (p *page) disabled(role, name string) {
	p.t.Helper()
	p.until(fmt.Sprintf("a %s %q that is disabled", role, name), func() bool {
		found := p.all(role, name)
		var is bool
		return len(found) > 0 && p.call(found[0], `function () { return !!this.disabled }`, &is) == nil && is
	})
}
