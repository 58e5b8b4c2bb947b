package simulate

import (
	"context"
	"fmt"
)

// entra is Microsoft Entra ID. It names no user agent.
var entra = provider{
	name: entraName, dialects: []Dialect{EntraDefault, EntraFlag, Mixed},
	manner: manner{accept: scimMedia, contentType: scimMedia + "; charset=utf-8", patience: laterPatience},
	mapping: mapping{
		"userName", "name.givenName", "name.familyName", "name.formatted", "displayName", factTitle, "preferredLanguage", factWorkMail,
		"phoneNumbers[work].value", "phoneNumbers[mobile].value", "addresses[work].streetAddress", "addresses[work].locality", "addresses[work].region",
		"addresses[work].postalCode", "addresses[work].country", factExternal, factActive, "employeeNumber", "department", factManager, factRoles,
	},
	postpone: true,
}

const (
	entraName = "entra"
	scimMedia = "application/scim+json"
)

// entraPlay is a life of Entra's.
type entraPlay struct {
	*play

	roles   roleMapping
	leavers leavers
	tries   int // of people and groups so far: one in five is probed
}

// leavers are those who lose the application, by what becomes of them.
type leavers struct{ unassigned, restored, deleted []*person }

// Entra plays a whole life of Microsoft Entra ID against a SCIM endpoint: the connection test, an initial cycle, cycles in
// which people and groups change, leave, come back and are deleted for ever, provisioning on demand, its probes, and what the
// validator of its gallery asks for. An error means that it could not be played; what the target did wrong is in the report.
//
// A seed also says how the administrator has set it up: which of the three mappings of roles, and whether externalId is the
// mailNickname or the objectId. Three seeds in a row show all mappings.
func Entra(ctx context.Context, o Options) (*Report, error) {
	common, err := newPlay(entra, o)
	if err != nil {
		return nil, err
	}
	p := &entraPlay{play: common, roles: roleMappings[o.Seed%uint64(len(roleMappings))]}
	p.plan()
	err = p.act(ctx,
		p.testConnection, p.readSchemas, p.initialCycle, p.changes, p.onDemand, p.leave, p.lookAround, p.comeBack, p.deleteForEver, p.takeNamesAgain,
		p.validatePages, p.validateEmptyValues, p.readBack, p.checkMedia)
	if err != nil {
		return nil, err
	}
	r := p.report()
	r.Match = p.Match
	return r, nil
}

// plan gives the organization what Entra knows of it: managers, roles, offices, and some without a mailbox.
func (p *entraPlay) plan() {
	for _, who := range p.org.people {
		p.hire(who)
		if p.Match != MatchWorkEmail && p.org.one(5) {
			who.Email = "" // a mailbox comes later
		}
	}
	for _, t := range p.org.teams {
		t.externalID = p.org.guid()
	}
}

// hire makes somebody known to Entra. Her manager is somebody who was there before her.
func (p *entraPlay) hire(who *person) {
	who.ExternalID = p.org.guid()
	if p.Seed%2 == 0 { // mailNickname is the default
		who.ExternalID = fmt.Sprintf("%s.%d", who.Nickname, p.Seed)
	}
	p.org.moveIn(who)
	if p.org.one(3) {
		who.Role = p.org.pick(roleWords)
	}
	if who.number > 1 && !p.org.one(8) {
		if boss := p.org.people[p.org.random.IntN(who.number-1)]; boss.Active {
			who.Manager = boss
		}
	}
}

// managers are those who are anybody's manager.
func (p *entraPlay) managers() roster {
	all := roster{}
	for _, who := range p.org.people {
		if who.Manager != nil {
			all.add(who.Manager)
		}
	}
	return all
}

// style is how one request is written. It is drawn when the request is planned.
type style struct {
	flag    bool   // in the dialect of aadOptscim062020
	nested  bool   // changed parts of a name as an object
	boolean bool   // active as a boolean, not as text
	null    bool   // what a person does not have is null
	replace bool   // Replace where there is nothing yet
	turn    int    // among several forms of one thing
	probed  bool   // with the question whether a reference is there
	boss    string // the id of a manager who is there when her report is created
}

func (p *entraPlay) style() style {
	s := style{
		flag: p.Dialect == EntraFlag || p.Dialect == Mixed && p.org.one(2), nested: p.org.one(3), boolean: p.org.one(4), null: p.org.one(4),
		replace: p.org.one(3), turn: p.org.random.IntN(12), probed: p.tries%5 == 0,
	}
	p.tries++
	return s
}

// initialCycle provisions everybody in scope, then the references between them, then groups and their members.
func (p *entraPlay) initialCycle(ctx context.Context) error { return p.cycle(ctx, "initial cycle") }

// nextCycle is one that does what a former one has left, too.
func (p *entraPlay) nextCycle(ctx context.Context, name string) error {
	if _, err := p.pause(ctx); err != nil {
		return err
	}
	return p.cycle(ctx, name)
}

// cycle brings the target to what the organization is now.
func (p *entraPlay) cycle(ctx context.Context, name string) error {
	return p.act(ctx,
		func(ctx context.Context) error { return p.syncPeople(ctx, name+": people") },
		func(ctx context.Context) error { return p.syncManagers(ctx, name+": managers") },
		func(ctx context.Context) error { return p.syncGroups(ctx, name+": groups") },
		func(ctx context.Context) error { return p.syncMembers(ctx, name+": members") })
}

// settle plays cycles until nothing is left over.
func (p *entraPlay) settle(ctx context.Context) error {
	return p.untilSettled(ctx, func(ctx context.Context) error { return p.cycle(ctx, "what was left over") })
}
