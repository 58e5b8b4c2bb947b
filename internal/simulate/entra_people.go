package simulate

import (
	"context"
	"fmt"
	"net/http"
)

// entraFacts is what Entra says of a person, but for her manager and her roles. It never sends what is empty.
func entraFacts(who *person) facts {
	return facts{
		"userName": who.UserName, "name.givenName": who.Given, "name.familyName": who.Family, "name.formatted": who.Given + " " + who.Family,
		"displayName": who.Display, factTitle: who.Title, "preferredLanguage": who.Locale, factWorkMail: who.Email, "phoneNumbers[work].value": who.Phone,
		"phoneNumbers[mobile].value": who.Mobile, "addresses[work].streetAddress": who.Street, "addresses[work].locality": who.City,
		"addresses[work].region": who.Region, "addresses[work].postalCode": who.Postal, "addresses[work].country": who.Country,
		factExternal: who.ExternalID, factActive: fmt.Sprint(who.Active), "employeeNumber": who.Number, "department": who.Department,
	}.said()
}

// due are the facts that are to be sent of somebody whom the target has. Of one who is out of scope, that she is.
func (p *entraPlay) due(who *person) facts {
	want := entraFacts(who)
	if !who.Active {
		return who.outdated(want.only(factActive))
	}
	if who.Role != "" {
		want[factRoles] = p.roles.after(who.held()[factRoles], who.Role)
	}
	return who.outdated(want)
}

// syncPeople creates, changes, disables and deletes.
func (p *entraPlay) syncPeople(ctx context.Context, stage string) error {
	var steps []step
	for _, who := range p.org.people {
		var s style
		switch {
		case who.deleted && who.there():
			steps = append(steps, func(ctx context.Context) error { return p.remove(ctx, who) })
		case !who.there() && who.Active:
			s = p.style()
			if who.Manager != nil && who.Manager.known() {
				s.boss = who.Manager.id
			}
			steps = append(steps, func(ctx context.Context) error { return p.provision(ctx, who, s) })
		case who.there() && len(p.due(who)) > 0:
			s = p.style()
			steps = append(steps, func(ctx context.Context) error { return p.update(ctx, who, s) })
		}
	}
	err := p.stage(ctx, stage, steps)
	p.forgetDeleted()
	return err
}

// provision finds somebody or creates her.
func (p *entraPlay) provision(ctx context.Context, who *person, s style) error {
	value := p.matchingValue(who)
	found, sure, err := p.lookUp(ctx, "match user", query("/Users", "filter", equals(p.matching(), value)), value)
	switch {
	case err != nil || !sure:
		return err
	case found != nil:
		p.link(who, found, "match user")
		return p.update(ctx, who, s)
	}
	who.states = nil // a create that was lost was not taken
	body, sent := p.body(who, s)
	got, err := p.call(ctx, "create user", http.MethodPost, "/Users", body)
	switch {
	case err != nil:
		return err
	case got.status == http.StatusConflict && got.repeated: // the lost try was taken: she is found in the next cycle
		who.mayHave(sent)
		p.later(got)
		return nil
	case got.status == http.StatusOK && str(got.body, "id") != "": // which is taken for 201
		got.status = http.StatusCreated
	}
	p.joined(who, sent, got, "create user")
	if name := str(got.body, "userName"); who.known() && name != who.UserName {
		p.different.add("create user "+who.UserName+", userName", quote(who.UserName), quote(name))
	}
	return nil
}

// body is a person as Entra creates her, and what it says of her.
func (p *entraPlay) body(who *person, s style) (object, facts) {
	body := object{
		"schemas": []string{userURN, enterpriseURN}, "externalId": who.ExternalID, "userName": who.UserName, "active": true, "displayName": who.Display,
		"meta":              object{"resourceType": "User"},
		"name":              object{"formatted": who.Given + " " + who.Family, "familyName": who.Family, "givenName": who.Given},
		"preferredLanguage": who.Locale, "roles": p.roles.sent(who.Role),
	}
	sent := entraFacts(who)
	if who.Role != "" {
		sent[factRoles] = roleNames(who.Role)
	}
	if who.Title != "" {
		body["title"] = who.Title
	} else if s.null {
		body["title"], body["nickName"] = nil, nil
	}
	if who.Email != "" {
		body["emails"] = []object{{"primary": true, "type": "work", "value": who.Email}}
	}
	if phones := phonesOf(who); phones != nil {
		body["phoneNumbers"] = phones
	}
	if who.City != "" {
		body["addresses"] = []object{addressOf(who)}
	}
	place := object{"employeeNumber": who.Number}
	if who.Department != "" {
		place["department"] = who.Department
	}
	if s.boss != "" {
		place["manager"] = s.boss // a bare text
		sent[factManager] = s.boss
	}
	body[enterpriseURN] = place
	if s.turn == 1 { // a custom extension, which schemas does not name
		body["urn:ietf:params:scim:schemas:extension:facilities:2.0:User"] = object{"badge": who.Number}
	}
	return body, sent
}

func phonesOf(who *person) []object {
	var all []object
	if who.Phone != "" {
		all = append(all, object{"type": "work", "value": who.Phone})
	}
	if who.Mobile != "" {
		all = append(all, object{"type": "mobile", "value": who.Mobile})
	}
	return all
}

func addressOf(who *person) object {
	address := object{"type": "work", "streetAddress": who.Street, "locality": who.City, "postalCode": who.Postal, "country": who.Country}
	if who.Region != "" {
		address["region"] = who.Region
	}
	return address
}

// update sends what has changed of a person.
func (p *entraPlay) update(ctx context.Context, who *person, s style) error {
	changes := p.due(who)
	if len(changes) == 0 {
		return nil
	}
	kind := "update user"
	if active, changed := changes[factActive]; changed {
		kind = map[string]string{"true": "restore user", "false": "disable user"}[active]
	}
	got, err := p.call(ctx, kind, http.MethodPatch, userPath(who.id), patchOf(p.operations(who, changes, s)...))
	if err == nil {
		p.wrote(who, changes, got, kind)
	}
	return err
}

// remove deletes somebody for ever. Nobody is found by her name then.
func (p *entraPlay) remove(ctx context.Context, who *person) error {
	if err := p.deleteUser(ctx, who); err != nil || who.there() {
		return err
	}
	value := p.matchingValue(who)
	found, sure, err := p.lookUp(ctx, "match user", query("/Users", "filter", equals(p.matching(), value)), value)
	if err == nil && sure && found != nil {
		p.different.add("deleted user "+who.UserName, "to be found no more", str(found, "id"))
	}
	return err
}
