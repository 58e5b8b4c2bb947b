package simulate

import (
	"context"
	"fmt"
	"maps"
	"net/http"
)

func (p *oktaPlay) joinAll(ctx context.Context) error {
	return p.join(ctx, "people join", p.org.people)
}

func (p *oktaPlay) join(ctx context.Context, stage string, people []*person) error {
	var steps []step
	for _, who := range people {
		steps = append(steps, func(ctx context.Context) error { return p.joinOne(ctx, who) })
	}
	return p.stage(ctx, stage, steps)
}

func (p *oktaPlay) find(ctx context.Context, who *person) (found object, sure bool, err error) {
	return p.lookUp(ctx, "look up user", oktaLookUp("/Users", "userName", who.UserName), who.UserName)
}

// oktaLookUp is the address of a look-up, which always asks for a page.
func oktaLookUp(path, attribute, value string) string {
	return query(path, "filter", equals(attribute, value), "startIndex", "1", "count", "100")
}

func (p *oktaPlay) joinOne(ctx context.Context, who *person) error {
	found, sure, err := p.find(ctx, who)
	switch {
	case err != nil || !sure:
		return err
	case found != nil:
		p.link(who, found, "look up user")
		return p.update(ctx, who)
	}
	got, err := p.call(ctx, "create user", http.MethodPost, "/Users", oktaBody(who))
	if err != nil {
		return err
	}
	if got.status == http.StatusConflict && got.repeated { // the lost try was taken
		if found, sure, err = p.find(ctx, who); err != nil || !sure || found == nil {
			return err
		}
		who.hold(str(found, "id"), oktaFacts(who))
		p.count(&p.created, 1)
		return nil
	}
	p.joined(who, oktaFacts(who), got, "create user")
	if who.known() {
		p.comparePerson(who, got.body, "create user")
	}
	return nil
}

// oktaFacts is what Okta says of a person. It is silent about what she does not have.
func oktaFacts(who *person) facts {
	return facts{
		"userName": who.UserName, "name.givenName": who.Given, "name.familyName": who.Family, "displayName": who.Display, factTitle: who.Title,
		"department": who.Department, "emails[primary].value": who.Email, "locale": who.Locale, factExternal: who.ExternalID, factActive: fmt.Sprint(who.Active),
	}.said()
}

// oktaBody is a person as Okta creates her: a password that nobody uses, and groups that nobody reads.
func oktaBody(who *person) object {
	body := object{
		"schemas": []string{userURN}, "userName": who.UserName, "name": object{"givenName": who.Given, "familyName": who.Family},
		"emails":      []object{{"primary": true, "value": who.Email, "type": "work"}},
		"displayName": who.Display, "locale": who.Locale, "externalId": who.ExternalID, "groups": []string{}, "password": "q8W2zR0p", "active": who.Active,
	}
	if who.Title != "" {
		body["title"] = who.Title
	}
	if who.Department != "" {
		body["schemas"] = []string{userURN, enterpriseURN}
		body[enterpriseURN] = object{"department": who.Department}
	}
	return body
}

// mapped is a person's body without what Okta sends on creation only.
func mapped(who *person) object {
	body := oktaBody(who)
	for _, name := range []string{"groups", "password", "schemas"} {
		delete(body, name)
	}
	return body
}

// update brings a person in the target to what she is now, in the dialect of the app.
func (p *oktaPlay) update(ctx context.Context, who *person) error {
	if p.Dialect == PATCH {
		return p.patchUser(ctx, "update user", who, mapped(who), oktaFacts(who))
	}
	return p.putUser(ctx, "update user", who)
}

func (p *oktaPlay) patchUser(ctx context.Context, kind string, who *person, value object, changes facts) error {
	got, err := p.call(ctx, kind, http.MethodPatch, userPath(who.id), patchOf(object{"op": "replace", "value": value}))
	if err == nil {
		p.wrote(who, changes, got, kind)
	}
	return err
}

// putUser puts what Okta maps over what the target returns, and sends that back.
func (p *oktaPlay) putUser(ctx context.Context, kind string, who *person) error {
	read, err := p.call(ctx, "get user", http.MethodGet, userPath(who.id), nil)
	if err != nil {
		return err
	}
	if !read.ok() || read.body == nil {
		if !read.unknown() {
			p.refused("get user "+who.UserName, read)
		}
		return nil
	}
	maps.Copy(read.body, mapped(who))
	got, err := p.call(ctx, kind, http.MethodPut, userPath(who.id), read.body)
	if err == nil {
		p.wrote(who, oktaFacts(who), got, kind)
	}
	return err
}

func (p *oktaPlay) changeProfiles(ctx context.Context) error {
	var steps []step
	for _, who := range p.org.some(p.org.people, 0.2) {
		p.org.marry(who)
		who.Title = p.org.pick(titles)
		steps = append(steps, p.changing(who, p.update))
	}
	return p.stage(ctx, "profiles change", steps)
}

// changing is a step that changes a person whom the target has.
func (p *oktaPlay) changing(who *person, send func(context.Context, *person) error) step {
	return func(ctx context.Context) error {
		if !who.there() {
			return nil
		}
		return send(ctx, who)
	}
}

// setActive lets a person in or out.
func (p *oktaPlay) setActive(kind string) func(context.Context, *person) error {
	return func(ctx context.Context, who *person) error {
		if p.Dialect == PATCH {
			return p.patchUser(ctx, kind, who, object{"active": who.Active}, oktaFacts(who).only(factActive))
		}
		return p.putUser(ctx, kind, who)
	}
}

func (p *oktaPlay) leave(ctx context.Context) error {
	var steps []step
	for _, who := range p.org.some(p.org.people, 0.1) {
		who.Active = false
		steps = append(steps, p.changing(who, p.setActive("deactivate user")))
	}
	return p.stage(ctx, "people leave", steps)
}

// comeBack assigns half of those who left again: Okta looks them up first.
func (p *oktaPlay) comeBack(ctx context.Context) error {
	var left []*person
	for _, who := range p.org.people {
		if !who.Active && who.there() {
			left = append(left, who)
		}
	}
	var steps []step
	for _, who := range left[:len(left)/2] {
		who.Active = true
		steps = append(steps, func(ctx context.Context) error {
			found, sure, err := p.find(ctx, who)
			if err != nil || !sure {
				return err
			}
			if found != nil && str(found, "id") != who.id {
				p.different.add("user "+who.UserName, "the id "+who.id, str(found, "id"))
			}
			return p.setActive("reactivate user")(ctx, who)
		})
	}
	return p.stage(ctx, "people come back", steps)
}

func (p *oktaPlay) joinLate(ctx context.Context) error {
	var late []*person
	for range p.late() {
		late = append(late, p.named(p.org.join()))
	}
	return p.join(ctx, "people join later", late)
}
