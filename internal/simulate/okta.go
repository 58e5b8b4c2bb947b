package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

	pageSize  = 100 // Okta's, always
	batchSize = 100 // membership changes in a PATCH
)

// Okta plays a whole Okta life against a SCIM endpoint: the connection test, people who join, change, leave and come back,
// groups that are pushed, renamed, pushed whole and unlinked, and an import of everything. An error means that it could not be
// played; what the target did wrong is in the report.
func Okta(ctx context.Context, o Options) (*Report, error) {
	o, err := checked(o)
	if err != nil {
		return nil, err
	}
	p := &play{client: newClient(o), org: newOrganization(o), different: &differences{}, started: o.Clock()}
	for _, act := range []func(context.Context) error{
		p.testConnection, p.joinAll, p.changeProfiles, p.pushGroups, p.renameGroups, p.movePeople, p.leave, p.comeBack, p.joinLate,
		p.pushNow, p.unlink, p.importAll, p.readOneByOne,
	} {
		if err := act(ctx); err != nil {
			return nil, err
		}
	}
	return p.report(), nil
}

func (p *play) report() *Report {
	r := &Report{
		Provider: "okta", Dialect: p.Dialect, Seed: p.Seed, Users: len(p.org.people), Active: len(p.org.active()), Took: p.Clock().Sub(p.started).Seconds(),
		Calls: p.tallies(), Differences: p.different.found, Different: p.different.number(),
	}
	for _, t := range p.org.teams {
		if !t.gone {
			r.Groups++
		}
	}
	if r.Differences == nil {
		r.Differences = []Difference{}
	}
	return r
}

// testConnection is what Okta's test button and its first look send.
func (p *play) testConnection(ctx context.Context) error {
	return p.stage(ctx, "connection test", []step{func(ctx context.Context) error {
		got, err := p.call(ctx, "connection test", http.MethodGet, "/Users?startIndex=1&count=2", nil)
		switch {
		case err != nil:
			return err
		case got.lost():
			return errUnreachable
		case got.status != http.StatusOK || total(got.body) < 0:
			return fmt.Errorf("the connection test was answered %d %s", got.status, str(got.body, "detail"))
		}
		p.usersAt = total(got.body)
		groups, err := p.call(ctx, "list groups", http.MethodGet, "/Groups?startIndex=1&count=100", nil)
		p.groupsAt = max(0, total(groups.body))
		return err
	}})
}

func (p *play) joinAll(ctx context.Context) error { return p.join(ctx, "people join", p.org.people) }

func (p *play) join(ctx context.Context, stage string, people []*person) error {
	var steps []step
	for _, who := range people {
		steps = append(steps, func(ctx context.Context) error { return p.joinOne(ctx, who) })
	}
	return p.stage(ctx, stage, steps)
}

func filtered(path, attribute, value string) string {
	return path + "?filter=" + url.QueryEscape(fmt.Sprintf("%s eq %q", attribute, value)) + "&startIndex=1&count=100"
}

// lookUp finds a resource as Okta does before it creates one. There may be none.
func (p *play) lookUp(ctx context.Context, kind, path, attribute, value string) (found object, err error) {
	got, err := p.call(ctx, kind, http.MethodGet, filtered(path, attribute, value), nil)
	if err != nil {
		return nil, err
	}
	all := items(got.body, "Resources")
	switch {
	case got.lost() || got.status == http.StatusNotFound:
	case got.status != http.StatusOK || len(all) > 1:
		p.different.add(kind+" "+value, "an answer with at most one", fmt.Sprintf("%d with %d", got.status, len(all)))
	case len(all) == 1:
		found = all[0]
	}
	return found, nil
}

func (p *play) joinOne(ctx context.Context, who *person) error {
	found, err := p.lookUp(ctx, "look up user", "/Users", "userName", who.UserName)
	if err != nil {
		return err
	}
	if found != nil {
		who.id, who.existing = str(found, "id"), true
		who.link(profileOf(found))
		return p.update(ctx, who, who.profile)
	}
	got, err := p.call(ctx, "create user", http.MethodPost, "/Users", who.body())
	if err != nil {
		return err
	}
	if got.status == http.StatusConflict && got.repeated { // the lost try was taken
		if found, err = p.lookUp(ctx, "look up user", "/Users", "userName", who.UserName); err != nil || found == nil {
			return err
		}
		who.id, who.existing = str(found, "id"), true
		p.count(&p.created, 1)
		return nil
	}
	switch {
	case got.status == http.StatusCreated && str(got.body, "id") != "":
		who.id, who.existing = str(got.body, "id"), true
		p.count(&p.created, 1)
		p.comparePerson(who, got.body, "create user")
	case got.lost() || got.status >= 500:
		who.before = &profile{} // perhaps there, perhaps not
	default:
		p.refused("create user "+who.UserName, got)
	}
	return nil
}

// link takes over what the target says of a person where Okta has nothing to say: it sends no empty attributes.
func (w *person) link(there profile) {
	if w.Title == "" {
		w.Title = there.Title
	}
	if w.Department == "" {
		w.Department = there.Department
	}
}

// body is a person as Okta creates her: a password that nobody uses, and groups that nobody reads.
func (w *person) body() object {
	body := object{
		"schemas": []string{userURN}, "userName": w.UserName, "name": object{"givenName": w.Given, "familyName": w.Family},
		"emails":      []object{{"primary": true, "value": w.Email, "type": "work"}},
		"displayName": w.Display, "locale": w.Locale, "externalId": w.ExternalID, "groups": []string{}, "password": "q8W2zR0p", "active": w.Active,
	}
	if w.Title != "" {
		body["title"] = w.Title
	}
	if w.Department != "" {
		body["schemas"] = []string{userURN, enterpriseURN}
		body[enterpriseURN] = object{"department": w.Department}
	}
	return body
}

// overlay puts what Okta maps over what the target returned.
func (w *person) overlay(read object) object {
	for name, value := range w.body() {
		switch name {
		case "groups", "password", "schemas":
		default:
			read[name] = value
		}
	}
	return read
}

// update brings a person in the target to what she is now, in the dialect of the app.
func (p *play) update(ctx context.Context, who *person, was profile) error {
	if p.Dialect == PATCH {
		value := who.body()
		for _, name := range []string{"groups", "password", "schemas"} {
			delete(value, name)
		}
		return p.patchUser(ctx, "update user", who, was, value)
	}
	return p.putUser(ctx, "update user", who, was)
}

func (p *play) patchUser(ctx context.Context, kind string, who *person, was profile, value object) error {
	body := object{"schemas": []string{patchURN}, "Operations": []object{{"op": "replace", "value": value}}}
	got, err := p.call(ctx, kind, http.MethodPatch, "/Users/"+url.PathEscape(who.id), body)
	if err == nil {
		p.wrote(who, was, got, kind)
	}
	return err
}

func (p *play) putUser(ctx context.Context, kind string, who *person, was profile) error {
	path := "/Users/" + url.PathEscape(who.id)
	read, err := p.call(ctx, "get user", http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if !read.ok() {
		if !read.lost() {
			p.refused("get user "+who.UserName, read)
		}
		who.profile = was
		return nil
	}
	got, err := p.call(ctx, kind, http.MethodPut, path, who.overlay(read.body))
	if err == nil {
		p.wrote(who, was, got, kind)
	}
	return err
}

func (p *play) changeProfiles(ctx context.Context) error {
	var steps []step
	for _, who := range p.org.some(p.org.people, 0.2) {
		family, _ := word(p.org.pick(familyNames))
		title := p.org.pick(titles)
		steps = append(steps, p.changing(who, func() {
			who.Family, who.Display, who.Title = family, who.Given+" "+family, title
		}, p.update))
	}
	return p.stage(ctx, "profiles change", steps)
}

// changing is a step that changes a person whom the target has.
func (p *play) changing(who *person, change func(), send func(context.Context, *person, profile) error) step {
	return func(ctx context.Context) error {
		if !who.existing {
			return nil
		}
		was := who.profile
		change()
		return send(ctx, who, was)
	}
}

// setActive lets a person in or out.
func (p *play) setActive(kind string) func(context.Context, *person, profile) error {
	return func(ctx context.Context, who *person, was profile) error {
		if p.Dialect == PATCH {
			return p.patchUser(ctx, kind, who, was, object{"active": who.Active})
		}
		return p.putUser(ctx, kind, who, was)
	}
}

func (p *play) leave(ctx context.Context) error {
	var steps []step
	for _, who := range p.org.some(p.org.people, 0.1) {
		steps = append(steps, p.changing(who, func() { who.Active = false }, p.setActive("deactivate user")))
	}
	return p.stage(ctx, "people leave", steps)
}

// comeBack assigns half of those who left again: Okta looks them up first.
func (p *play) comeBack(ctx context.Context) error {
	var left []*person
	for _, who := range p.org.people {
		if !who.Active && who.existing && who.before == nil {
			left = append(left, who)
		}
	}
	var steps []step
	for _, who := range left[:len(left)/2] {
		steps = append(steps, func(ctx context.Context) error {
			found, err := p.lookUp(ctx, "look up user", "/Users", "userName", who.UserName)
			if err != nil {
				return err
			}
			if found != nil && str(found, "id") != who.id {
				p.different.add("user "+who.UserName, "the id "+who.id, str(found, "id"))
			}
			return p.changing(who, func() { who.Active = true }, p.setActive("reactivate user"))(ctx)
		})
	}
	return p.stage(ctx, "people come back", steps)
}

func (p *play) joinLate(ctx context.Context) error {
	var late []*person
	for range p.late() {
		who := p.org.newPerson()
		late = append(late, who)
		p.org.people = append(p.org.people, who)
	}
	return p.join(ctx, "people join later", late)
}
