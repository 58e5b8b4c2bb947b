package simulate

import (
	"context"
	"fmt"
	"net/http"
)

// oneLogin is OneLogin, which wants plain JSON and names no user agent that is written anywhere.
var oneLogin = provider{
	name: "onelogin", dialects: []Dialect{OneLoginEnterprise, OneLoginCore, OneLoginV1, Mixed},
	manner: manner{accept: "application/json", contentType: "application/json", patience: laterPatience},
	mapping: mapping{
		"userName", "name.givenName", "name.familyName", "name.formatted", "displayName", factTitle, factWorkMail, "phoneNumbers.value",
		"phoneNumbers[work].value", "addresses.locality", "addresses.region", "addresses.country", factActive, "employeeNumber", "department", factManager,
	},
	postpone:       true,
	managersByName: true,
}

// oneLoginPlay is a life of OneLogin's.
type oneLoginPlay struct {
	*play

	offered map[string]string // the ids of the groups that the target offers, by their names
	theirs  *team             // one of them that is not the organization's own
}

// OneLogin plays a whole life of OneLogin against a SCIM endpoint: the connection test, the refresh of entitlements that reads
// the target's groups, people who join, change, are suspended and come back, roles that become members of groups, and what the
// removal policy does to those who are deleted. An error means that it could not be played; what the target did wrong is in the
// report.
func OneLogin(ctx context.Context, o Options) (*Report, error) {
	common, err := newPlay(oneLogin, o)
	if err != nil {
		return nil, err
	}
	p := &oneLoginPlay{play: common, offered: map[string]string{}}
	p.plan()
	err = p.act(ctx,
		p.testConnection, p.refreshEntitlements, p.start, p.changes, p.suspend, p.reactivate, p.removePeople, p.takeBack, p.giveBack, p.readBack)
	if err != nil {
		return nil, err
	}
	r := p.report()
	r.Removal = p.Removal
	return r, nil
}

// plan gives the organization what OneLogin knows of it: managers, offices, telephones, no names of its own for groups that are renamed.
func (p *oneLoginPlay) plan() {
	for _, who := range p.org.people {
		p.hire(who)
	}
	for _, t := range p.org.teams {
		t.renamed = false
	}
}

func (p *oneLoginPlay) hire(who *person) {
	p.org.moveIn(who)
	if who.number > 1 && !p.org.one(8) {
		who.Manager = p.org.people[p.org.random.IntN(who.number-1)]
	}
}

// testConnection looks for somebody who cannot be there, for which an empty list and 404 are as good, and reads what the target
// can do.
func (p *oneLoginPlay) testConnection(ctx context.Context) error {
	nobody := "nobody-" + p.org.guid()
	return p.one(ctx, "connection test", func(ctx context.Context) error {
		got, err := p.call(ctx, "connection test", http.MethodGet, query("/Users", "filter", equals("userName", nobody)), nil)
		if err != nil {
			return err
		}
		if got.status != http.StatusNotFound {
			if err := passed(got); err != nil {
				return err
			}
			if n := total(got.body); n != 0 {
				p.different.add("a look-up of nobody", "an empty list", fmt.Sprint(n))
			}
		}
		config, err := p.call(ctx, "read configuration", http.MethodGet, "/ServiceProviderConfig", nil)
		if err != nil {
			return err
		}
		if !config.ok() && !config.notNow() {
			p.refused("read configuration", config)
		}
		return p.takeStock(ctx)
	})
}

// start provisions everybody, and then who is in which group.
func (p *oneLoginPlay) start(ctx context.Context) error { return p.tasks(ctx, "people join") }

// nextTasks do what earlier ones have left, too.
func (p *oneLoginPlay) nextTasks(ctx context.Context, name string) error {
	if _, err := p.pause(ctx); err != nil {
		return err
	}
	return p.tasks(ctx, name)
}

// tasks bring the target to what the organization is now.
func (p *oneLoginPlay) tasks(ctx context.Context, name string) error {
	return p.act(ctx,
		func(ctx context.Context) error { return p.syncPeople(ctx, name) },
		func(ctx context.Context) error { return p.syncGroups(ctx, name+": groups") })
}

// settle does tasks until nothing is left over.
func (p *oneLoginPlay) settle(ctx context.Context) error {
	return p.untilSettled(ctx, func(ctx context.Context) error { return p.tasks(ctx, "what was left over") })
}

func (p *oneLoginPlay) changes(ctx context.Context) error {
	for _, who := range p.org.some(p.org.people, 0.2) {
		p.org.marry(who)
		who.Title = p.org.pick(titles)
	}
	for _, who := range p.org.some(p.org.people, 0.1) {
		who.Title, who.Department, who.Phone = "", p.org.pick(departments), p.org.phone() // a template sends what is empty, too
	}
	for range p.late() {
		p.hire(p.org.join())
	}
	for i, t := range p.org.teams {
		if i == 0 && t != p.theirs {
			t.members = rosterOf(p.org.people...)
			continue
		}
		p.org.shuffle(t)
	}
	return p.nextTasks(ctx, "people change")
}

func (p *oneLoginPlay) suspend(ctx context.Context) error {
	for _, who := range p.org.some(p.org.people, 0.1) {
		who.Active = false
	}
	return p.nextTasks(ctx, "people are suspended")
}

// reactivate lets half of those in again who were suspended.
func (p *oneLoginPlay) reactivate(ctx context.Context) error {
	for i, who := range p.org.suspended() {
		who.Active = i%2 == 0
	}
	return p.nextTasks(ctx, "people are let in again")
}
