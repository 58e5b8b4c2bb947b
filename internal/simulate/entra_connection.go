package simulate

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// testConnection looks for a GUID that nobody has, by the matching attribute. The flag that an administrator has put into the
// tenant URL comes along.
func (p *entraPlay) testConnection(ctx context.Context) error {
	address := query("/Users", "filter", equals(p.matching(), p.org.guid()))
	if p.Dialect != EntraDefault {
		address += "&aadOptscim062020="
	}
	return p.one(ctx, "connection test", func(ctx context.Context) error {
		got, err := p.call(ctx, "connection test", http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if err := passed(got); err != nil {
			return err
		}
		if n := total(got.body); n != 0 || len(items(got.body, "Resources")) > 0 {
			p.different.add("a look-up of nobody", "an empty list", fmt.Sprintf("%d", n))
		}
		return p.takeStock(ctx)
	})
}

// takeStock reads how much the target has before anything is written.
func (p *play) takeStock(ctx context.Context) error {
	users, err := p.look(ctx, "count users", "/Users?startIndex=1&count=1")
	if err != nil {
		return err
	}
	groups, err := p.look(ctx, "count groups", "/Groups?startIndex=1&count=1")
	p.usersAt, p.groupsAt = max(0, total(users.body)), max(0, total(groups.body))
	return err
}

const workEmail = `emails[type eq "work"].value`

// matching is the attribute by which people are found.
func (p *entraPlay) matching() string {
	switch p.Match {
	case MatchExternalID:
		return "externalId"
	case MatchWorkEmail:
		return workEmail
	case MatchUserName:
		return "userName"
	default:
		return string(p.Match)
	}
}

// matchingValue is what a person has there.
func (p *entraPlay) matchingValue(who *person) string {
	switch p.Match {
	case MatchExternalID:
		return who.ExternalID
	case MatchWorkEmail:
		return who.Email
	case MatchUserName:
		return who.UserName
	default:
		return ""
	}
}

// readSchemas reads what the target can hold, as the page does on which the configuration is saved.
func (p *entraPlay) readSchemas(ctx context.Context) error {
	return p.one(ctx, "schemas are read", func(ctx context.Context) error {
		got, err := p.call(ctx, "read schemas", http.MethodGet, "/Schemas", nil)
		switch {
		case err != nil || got.notNow():
			return err
		case !got.ok():
			p.refused("read schemas", got)
			return nil
		}
		listed := map[string]map[string]bool{}
		for _, schema := range items(got.body, "Resources") {
			names := map[string]bool{}
			for _, attribute := range items(schema, "attributes") {
				names[str(attribute, "name")] = true
			}
			listed[str(schema, "id")] = names
		}
		for _, urn := range []string{userURN, groupURN} {
			if listed[urn] == nil {
				p.different.add("the schemas", "to have "+urn, "nothing")
			}
		}
		for _, name := range p.mapping {
			attribute, _, _ := strings.Cut(name, ".")
			attribute, _, _ = strings.Cut(attribute, "[")
			if attribute != factExternal && listed[userURN] != nil && !listed[userURN][attribute] && !listed[enterpriseURN][attribute] {
				p.different.add("the schemas", "to have the attribute "+attribute, "nothing")
			}
		}
		return nil
	})
}

// lookAround is what Entra sends to see that the endpoint lives, and look-ups by every attribute that may be a matching one,
// of those who are inactive, too.
func (p *entraPlay) lookAround(ctx context.Context) error {
	const most = 40
	var steps []step
	for i := range spread(len(p.org.people), most) {
		who := p.org.people[i]
		for _, by := range [][2]string{{"userName", who.UserName}, {"externalId", who.ExternalID}, {workEmail, who.held()[factWorkMail]}} {
			if who.known() && by[1] != "" {
				steps = append(steps, func(ctx context.Context) error { return p.lookFor(ctx, who, by[0], by[1]) })
			}
		}
	}
	return p.act(ctx,
		func(ctx context.Context) error { return p.stage(ctx, "look-ups by each attribute", steps) },
		p.probeAtRandom)
}

// lookFor looks somebody up who is there.
func (p *entraPlay) lookFor(ctx context.Context, who *person, attribute, value string) error {
	found, sure, err := p.lookUp(ctx, "look up user", query("/Users", "filter", equals(attribute, value)), value)
	if err == nil && sure && str(found, "id") != who.id {
		p.different.add("look up "+attribute+" "+value, who.id, quote(str(found, "id")))
	}
	return err
}

// probeAtRandom asks for somebody who is there and for nobody, and for a group of each kind.
func (p *entraPlay) probeAtRandom(ctx context.Context) error {
	who := p.org.people[p.org.random.IntN(len(p.org.people))]
	nobody, noGroup := p.org.guid(), p.org.guid()
	steps := []step{
		p.probe("random user", userPath(who.id), who.known(), http.StatusOK),
		p.probe("random user", userPath(nobody), true, http.StatusNotFound),
		p.probe("random group", groupPath(noGroup)+"?excludedAttributes=members", true, http.StatusNotFound),
		p.probe("random group", query("/Groups", "excludedAttributes", "members", "filter", equals("displayName", noGroup)), true, http.StatusOK),
	}
	if len(p.org.teams) > 0 {
		t := p.org.teams[p.org.random.IntN(len(p.org.teams))]
		steps = append(steps, p.probe("random group", groupPath(t.id)+"?excludedAttributes=members", t.there() && !t.unsure, http.StatusOK))
	}
	return p.stage(ctx, "random probes", steps)
}

func (p *entraPlay) probe(kind, address string, known bool, status int) step {
	return func(ctx context.Context) error {
		if !known {
			return nil
		}
		got, err := p.call(ctx, kind, http.MethodGet, address, nil)
		switch {
		case err != nil || got.notNow():
		case got.status != status:
			p.different.add(kind+" "+address, fmt.Sprint(status), fmt.Sprint(got.status))
		case len(items(got.body, "members")) > 0:
			p.different.add(kind+" "+address, "no members", fmt.Sprint(len(items(got.body, "members"))))
		}
		return err
	}
}

// checkMedia holds it against the target when it answers in another type than SCIM's, which Entra does not take.
func (p *entraPlay) checkMedia(context.Context) error {
	for media, n := range p.medias {
		if !strings.HasPrefix(media, scimMedia) {
			p.different.add("the type of the answers", scimMedia, fmt.Sprintf("%d of them %q", n, media))
		}
	}
	return nil
}
