package scimadapter_test

import (
	"fmt"
	"net/http"
	"strings"
)

// probeRequired leaves out what must be there, and takes it away.
func (p *prober) probeRequired() {
	if !p.a.Required {
		p.post(http.StatusCreated, p.body(nil))
		return
	}
	whole := p.a
	if p.a.parent != nil {
		whole = p.a.parent
	}
	for _, body := range p.without() {
		if a := p.post(http.StatusBadRequest, body); a.str("scimType") != "invalidValue" {
			p.failf("without it, %s was refused with %s", body.json(), a.text)
		}
	}
	at := "/Users/" + p.post(http.StatusCreated, newPerson(p.name()).with(whole, whole.sample(1))).str("id")
	want := map[bool]string{true: "mutability", false: "invalidValue"}[p.a.parent == nil]
	if a := p.patch(http.StatusBadRequest, at, "remove", nil); a.str("scimType") != want {
		p.failf("its removal was refused with %s", a.text)
	}
	if a := p.patch(http.StatusBadRequest, at, "replace", nil); a.str("scimType") != "invalidValue" {
		p.failf("null was refused with %s", a.text)
	}
}

// without are people who lack what must be there, in the three ways to lack something. What it belongs to is there.
func (p *prober) without() (all []person) {
	for _, lacking := range []func(map[string]any){
		func(o map[string]any) { delete(o, p.a.Name) }, func(o map[string]any) { o[p.a.Name] = "" }, func(o map[string]any) { o[p.a.Name] = nil },
	} {
		body := newPerson(p.name())
		holder := map[string]any(body)
		if p.a.urn != "" {
			holder = map[string]any{p.sibling(): "x", "level": "Low"}
			body[p.a.urn] = holder
			if p.a.urn == neededURN {
				delete(holder, "level")
			}
		}
		if p.a.parent != nil {
			parts := map[string]any{"type": "x"}
			holder[p.a.parent.Name] = []any{parts}
			holder = parts
		}
		lacking(holder)
		all = append(all, body)
	}
	return all
}

// sibling is another attribute of the same schema.
func (p *prober) sibling() string {
	if p.a.urn == neededURN {
		return "office"
	}
	return "region"
}

// probeUniqueness gives two people one value, and one that differs in its case alone.
func (p *prober) probeUniqueness() {
	if p.a.Type == "complex" || p.a.parent != nil && p.a.parent.Mutability == "readOnly" {
		return
	}
	value := p.sample()
	p.post(http.StatusCreated, p.body(nil).with(p.a, value))
	switch unique := p.a.Uniqueness == "server"; {
	case !unique:
		p.post(http.StatusCreated, p.body(nil).with(p.a, value))
		return
	default:
		second := p.post(http.StatusConflict, p.body(nil).with(p.a, value))
		if second.str("scimType") != "uniqueness" || !strings.Contains(second.str("detail"), p.a.Name) {
			p.failf("the second was refused with %s", second.text)
		}
	}
	if text, ok := value.(string); ok {
		p.post(map[bool]int{true: http.StatusCreated, false: http.StatusConflict}[p.a.CaseExact], p.body(nil).with(p.a, otherCase(text)))
	}
	at := "/Users/" + p.post(http.StatusCreated, p.body(nil)).str("id")
	if p.a.urn == probedURN {
		at = "/Users/" + p.post(http.StatusCreated, p.body(nil).with(p.level(), "Low")).str("id")
	}
	if a := p.patch(http.StatusConflict, at, "replace", value); a.str("scimType") != "uniqueness" {
		p.failf("PATCH to the same was refused with %s", a.text)
	}
}

// probeCase looks for a value, and for one that differs in its case alone.
func (p *prober) probeCase() {
	value := first(p.sample())
	text, isText := value.(string)
	if !isText || p.a.Type == "dateTime" || p.a.Returned == "never" {
		return
	}
	if p.a.MultiValued {
		value = []any{value}
	}
	made := p.post(http.StatusCreated, p.body(nil).with(p.a, value))
	p.askBoth("/Users", made.str("id"), text)
}

// askBoth asks by a value and by the same in another case.
func (p *prober) askBoth(endpoint, id, text string) {
	for asked, want := range map[string]bool{text: true, otherCase(text): !p.a.CaseExact} {
		a := p.do("GET", filtered(endpoint, fmt.Sprintf(`%s eq %s and id eq %q`, p.a.path(), literal(asked), id)), "")
		if a.status != http.StatusOK || (a.at("totalResults") == 1.0) != want {
			p.failf("%q was asked for, and %q is there: %d %s", asked, text, a.status, a.text)
		}
	}
	if p.a.parent == nil || !p.a.parent.MultiValued {
		if a := p.do("GET", endpoint+"?sortBy="+p.a.path()+"&count=1", ""); a.status != http.StatusOK {
			p.failf("a sort was answered by %s", a.text)
		}
	}
}

// probeCount gives an attribute several values.
func (p *prober) probeCount() {
	if p.a.Type == "complex" && !p.a.MultiValued || p.a.local() == "userName" || p.a.Type == "boolean" {
		return
	}
	two := []any{first(p.sample()), first(p.sample())}
	if objects, ok := two[1].(map[string]any); ok {
		delete(objects, "primary")
	}
	if !p.a.MultiValued {
		if a := p.post(http.StatusBadRequest, p.body(nil).with(p.a, two)); a.str("scimType") != "invalidValue" {
			p.failf("a list was refused with %s", a.text)
		}
		return
	}
	made := p.post(http.StatusCreated, p.body(nil).with(p.a, two))
	holder := made.body
	if p.a.urn != "" {
		holder, _ = made.body[p.a.urn].(map[string]any)
	}
	if all, _ := holder[p.a.Name].([]any); len(all) != 2 {
		p.failf("two values became %v", holder[p.a.Name])
	}
}

// probeCanonical takes a value that is not among those to choose from.
func (p *prober) probeCanonical() {
	if p.a.CanonicalValues == nil {
		return
	}
	made := p.post(http.StatusCreated, p.body(nil).with(p.a, "something else"))
	if got := p.a.in(made.text); got != "something else" {
		p.failf("another value became %v", got)
	}
}

// probeDerived probes what the server makes of memberships and of managers.
func (p *prober) probeDerived() {
	boss := p.post(http.StatusCreated, newPerson(p.name()))
	body := newPerson(p.name())
	body["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = map[string]any{"manager": map[string]any{"value": boss.str("id"), "displayName": "Somebody Else"}}
	body["groups"] = []any{map[string]any{"value": "grp_else", "display": "Something Else"}}
	made := p.post(http.StatusCreated, body)
	at := "/Users/" + made.str("id")
	p.want(http.StatusCreated, "POST", "/Groups", fmt.Sprintf(`{"displayName":"Group of %s","members":[{"value":%q}]}`, p.name(), made.str("id")))
	if p.a.Mutability == "readOnly" && p.a.Name != "displayName" { // Entra maps the name of the manager: its path is passed over
		for _, op := range []string{"add", "replace", "remove"} {
			path := literal(p.a.path())
			if p.a.parent != nil && p.a.parent.MultiValued {
				path = literal(p.a.parent.path() + `[type eq "direct"].` + p.a.Name)
			}
			a := p.do("PATCH", at, ops(fmt.Sprintf(`{"op":%q,"path":%s,"value":"x"}`, op, path)))
			if a.status != http.StatusBadRequest || a.str("scimType") != "mutability" {
				p.failf("PATCH %s was answered by %d %s", op, a.status, a.text)
			}
		}
	}
	value := p.a.in(p.want(http.StatusOK, "GET", at, "").text)
	if value == nil || strings.Contains(fmt.Sprint(value), "lse") {
		p.failf("it is %v", value)
	}
	if p.shown(at) == nil {
		p.failf("it is not there by its name")
	}
	if without := p.a.in(p.want(http.StatusOK, "GET", at+"?excludedAttributes="+p.a.path(), "").text); without != nil {
		p.failf("it is there though it was not wanted: %v", without)
	}
	text, isText := value.(string)
	if !isText {
		return
	}
	p.askBoth("/Users", made.str("id"), text)
	if p.a.Name == "$ref" {
		found := p.want(http.StatusOK, "GET", strings.TrimPrefix(text, p.server.URL+"/scim/v2"), "")
		if !strings.HasSuffix(text, found.str("id")) {
			p.failf("at %s there is %s", text, found.str("id"))
		}
	}
}
