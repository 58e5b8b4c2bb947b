package scimadapter_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// prober probes one attribute after another, each with people of its own.
type prober struct {
	*world

	a    *described
	made int
}

// TestWhatDiscoverySaysOfPeopleIsSo reads /Schemas and probes each claim about each attribute of people: the standard's, and those
// of schemas that the tenant has registered.
//
// Conformance: P-4-04 S-7-02 S-7-03 S-7-04 S-7-05 S-7-06 S-2.3-01 S-2.3-02 S-2.3-03 S-2.3-04 S-2.3-05 S-2.3-10 S-3.3-02 S-3.3-03
// Conformance: S-4.1.1-05 P-3.5.1-04 P-3.5.2-06 PATCH-11 PATCH-12 PATCH-13 PATCH-16 PATCH-50 PATCH-53 PATCH-54 PATCH-58
func TestWhatDiscoverySaysOfPeopleIsSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.describe(probed())
		w.describe(needed())
		known, probes := w.schemas(), 0
		for _, urn := range []string{directory.UserURN, directory.EnterpriseURN, probedURN, neededURN} {
			for _, top := range known[urn].Attributes {
				for _, a := range append([]*described{top}, top.SubAttributes...) {
					p := &prober{world: w, a: a}
					probes++
					p.probe()
				}
			}
		}
		if probes < 110 {
			t.Errorf("only %d attributes were probed", probes)
		}
	})
}

func (p *prober) failf(format string, args ...any) {
	p.t.Helper()
	p.t.Errorf("%s: %s", p.a.line(), fmt.Sprintf(format, args...))
}

func (p *prober) name() string {
	p.made++
	return strings.ToLower(strings.NewReplacer(":", ".", "$", "").Replace(p.a.path())) + fmt.Sprint(".", p.made, "@probe.example")
}

// sample is a value that nobody has had.
func (p *prober) sample() any {
	p.made++
	if p.a.local() == "userName" {
		return p.name()
	}
	return p.a.sample(p.made)
}

// body is a new person with the attribute.
func (p *prober) body(value any) person {
	one := newPerson(p.name())
	if value == nil {
		return one
	}
	return one.with(p.a, value)
}

func (p *prober) post(status int, body person) answer {
	p.t.Helper()
	a := p.do("POST", "/Users", body.json())
	if a.status != status {
		p.failf("POST %s answered %d %s, want %d", body.json(), a.status, a.text, status)
	}
	return a
}

func (p *prober) probe() {
	switch p.a.local() {
	case "groups", "groups.value", "groups.$ref", "groups.display", "groups.type", "manager.$ref", "manager.displayName":
		p.probeDerived()
		return
	}
	if p.a.Mutability == "readOnly" || p.a.parent != nil && p.a.parent.Mutability == "readOnly" {
		p.probeReadOnly()
		return
	}
	if p.a.Type != "complex" || p.a.Name != "roles" && p.a.Name != "plan" {
		p.probeType()
	}
	p.probeReturned()
	p.probeMutability()
	p.probeRequired()
	p.probeUniqueness()
	p.probeCase()
	p.probeCount()
	p.probeCanonical()
}

func (p *prober) probeType() {
	for _, wrong := range p.a.wrong() {
		if p.a.MultiValued {
			wrong = []any{wrong}
		}
		if got := p.post(http.StatusBadRequest, p.body(wrong)); got.str("scimType") != "invalidValue" || !strings.Contains(got.str("detail"), p.a.Name) {
			p.failf("%v was refused with %s", wrong, got.text)
		}
	}
}

// probeReturned looks for the value in every answer that could have it.
func (p *prober) probeReturned() {
	value := p.sample()
	body := p.body(value)
	if p.a.local() == "userName" {
		value = body["userName"]
	}
	made := p.post(http.StatusCreated, body)
	at, named := "/Users/"+made.str("id"), url.QueryEscape(p.a.path())
	always, never := p.a.Returned == "always", p.a.Returned == "never"
	byDefault := p.a.Returned == "default" || always
	if p.a.parent != nil && p.a.parent.Returned != "default" {
		p.t.Fatalf("%s: a part of what is not returned by default needs probes of its own", p.a.line())
	}
	elsewhere := "attributes=nickName"
	if p.a.local() == "nickName" {
		elsewhere = "attributes=title"
	}
	bySearch := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"id eq \"%s\"","attributes":[%q]}`, made.str("id"), p.a.path())
	one := "filter=" + url.QueryEscape(fmt.Sprintf("id eq %q", made.str("id")))
	for _, c := range []struct {
		what string
		a    answer
		want bool
	}{
		{"POST", made, !never},
		{"GET", p.do("GET", at, ""), byDefault},
		{"a list", p.do("GET", "/Users?"+one, ""), byDefault},
		{"GET by name", p.do("GET", at+"?attributes="+named, ""), !never},
		{"a list by name", p.do("GET", "/Users?"+one+"&attributes="+named, ""), !never},
		{"a search by name", p.do("POST", "/Users/.search", bySearch), !never},
		{"GET of something else", p.do("GET", at+"?"+elsewhere, ""), always && p.a.parent == nil},
		{"GET without it", p.do("GET", at+"?excludedAttributes="+named, ""), always},
		{"GET in capitals", p.do("GET", at+"?attributes="+strings.ToUpper(p.a.path()), ""), !never},
		{"PUT", p.do("PUT", at, body.json()), !never},
		{"POST of something else", p.do("POST", "/Users?"+elsewhere, p.body(p.sample()).json()), always && p.a.parent == nil},
	} {
		got := p.a.in(c.a.text)
		switch {
		case c.a.status/100 != 2:
			p.failf("%s answered %d %s", c.what, c.a.status, c.a.text)
		case (got != nil) != c.want && first(value) != false:
			p.failf("whether %s has it: %v, want %v: %s", c.what, got != nil, c.want, c.a.text)
		case got != nil && c.what != "POST of something else" && !p.a.same(got, value):
			p.failf("%s has %v, sent was %v", c.what, got, value)
		}
		if text, ok := first(value).(string); never && ok && strings.Contains(c.a.text, text) {
			p.failf("%s shows it: %s", c.what, c.a.text)
		}
		if c.a.str("id") == "" && c.a.at("Resources") == nil || c.a.at("Resources") == nil && c.a.at("schemas") == nil {
			p.failf("%s lacks its id or its schemas: %s", c.what, c.a.text)
		}
	}
}

// shown reads the attribute by its name.
func (p *prober) shown(at string) any {
	return p.a.in(p.do("GET", at+"?attributes="+url.QueryEscape(p.a.path()), "").text)
}

func (p *prober) patch(status int, at, op string, value any) answer {
	p.t.Helper()
	text := fmt.Sprintf(`{"op":%q,"path":%s`, op, literal(p.a.patchPath(1)))
	if op != "remove" {
		text += `,"value":` + literal(value)
	}
	a := p.do("PATCH", at, ops(text+"}"))
	if a.status != status {
		p.failf("PATCH %s %s %v answered %d %s, want %d", op, p.a.patchPath(1), value, a.status, a.text, status)
	}
	return a
}

// probeMutability changes what can be changed and tries to change what cannot.
func (p *prober) probeMutability() {
	before, after := p.a.sample(1), p.a.sample(2)
	if parts, isObject := after.(map[string]any); isObject {
		for _, sub := range p.a.SubAttributes {
			if sub.Mutability == "immutable" {
				parts[sub.Name] = sub.one(1)
			}
		}
	}
	whole := p.a
	if p.a.parent != nil {
		whole = p.a.parent
	}
	body := newPerson(p.name())
	if p.a.local() != "userName" {
		body = body.with(whole, whole.sample(1))
	} else {
		before, after = body["userName"], p.name()
	}
	at := "/Users/" + p.post(http.StatusCreated, body).str("id")
	if p.a.Mutability == "immutable" || p.a.parent != nil && p.a.parent.Mutability == "immutable" {
		p.probeImmutable(at, body, before, after)
		return
	}
	p.patch(http.StatusOK, at, "replace", after)
	hidden := p.a.Returned == "never"
	if got := p.shown(at); !hidden && !p.isAfter(got, after) {
		p.failf("after replace it is %v", got)
	}
	if a := p.do("PUT", at, body.json()); a.status != http.StatusOK {
		p.failf("PUT answered %s", a.text)
	}
	if got := p.shown(at); !hidden && !p.isAfter(got, before) {
		p.failf("after PUT it is %v, not %v", got, before)
	}
	if p.a.Required || slices.ContainsFunc(p.a.SubAttributes, func(sub *described) bool { return sub.Mutability == "immutable" }) {
		return // probeRequired takes it away; what has a fixed part cannot be taken away
	}
	p.patch(http.StatusOK, at, "remove", nil)
	if got := p.shown(at); got != nil && p.a.Name != "active" {
		p.failf("after remove it is %v", got)
	}
}

// isAfter tells whether a value is the one that was set. What is not primary says nothing of it.
func (p *prober) isAfter(got, set any) bool {
	return p.a.same(got, set) || first(set) == false && got == nil
}

func (p *prober) probeImmutable(at string, body person, before, after any) {
	version := p.do("GET", at, "").header.Get("ETag")
	for _, a := range []answer{p.patch(http.StatusBadRequest, at, "replace", after), p.patch(http.StatusBadRequest, at, "remove", nil), p.do("PUT", at, body.with(p.a, after).json())} {
		if a.status != http.StatusBadRequest || a.str("scimType") != "mutability" {
			p.failf("a change was answered by %d %s", a.status, a.text)
		}
	}
	p.patch(http.StatusOK, at, "replace", before)
	if p.a.parent == nil {
		p.do("PUT", at, newPerson(body["userName"].(string)).json())
	}
	if a := p.do("GET", at, ""); a.header.Get("ETag") != version || !p.a.same(p.shown(at), before) {
		p.failf("it has not stayed as it was: %s", a.text)
	}
	bare := "/Users/" + p.post(http.StatusCreated, newPerson(p.name()).with(p.level(), "Low")).str("id")
	p.patch(http.StatusOK, bare, "remove", nil)
	p.patch(http.StatusOK, bare, "add", before)
	if got := p.shown(bare); !p.a.same(got, before) {
		p.failf("where it had no value it became %v", got)
	}
}

// level is the attribute that whoever has data of the probed schema must have.
func (p *prober) level() *described { return &described{Name: "level", urn: probedURN} }

// probeReadOnly writes what only the server writes: bodies are taken without it, paths are refused.
func (p *prober) probeReadOnly() {
	body := p.body(p.sample())
	at := "/Users/" + p.post(http.StatusCreated, body).str("id")
	body["nickName"] = "changed"
	if a := p.do("PUT", at, body.json()); a.status != http.StatusOK {
		p.failf("PUT answered %s", a.text)
	}
	if got := p.shown(at); got != nil {
		p.failf("it was written: %v", got)
	}
	for _, op := range []string{"add", "replace", "remove"} {
		if a := p.patch(http.StatusBadRequest, at, op, p.sample()); a.str("scimType") != "mutability" {
			p.failf("PATCH was refused with %s", a.text)
		}
	}
}
