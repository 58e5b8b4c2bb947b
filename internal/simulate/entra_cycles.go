package simulate

import "context"

// changes is a cycle in which a bit of everything has changed: names, titles, offices, mailboxes, roles, managers, groups and
// their members; and somebody new has come.
func (p *entraPlay) changes(ctx context.Context) error {
	for _, who := range p.org.some(p.org.people, 0.25) {
		p.org.marry(who)
		who.Title = p.org.pick(titles)
	}
	for _, who := range p.org.people {
		if who.Email == "" {
			who.Email = who.UserName
		}
	}
	for _, who := range p.org.some(p.org.people, 0.2) {
		p.org.moveIn(who)
		who.Department, who.Role = p.org.pick(departments), p.org.pick(roleWords)
	}
	p.reorganize()
	for range p.late() {
		p.hire(p.org.join())
	}
	for _, t := range p.org.teams {
		p.moveAround(t)
	}
	if len(p.org.teams) > 0 {
		p.org.teams[0].members = rosterOf(p.org.people...)
		t := p.org.shortLived()
		t.ended, t.externalID = false, p.org.guid()
		p.org.teams = append(p.org.teams, t)
	}
	return p.nextCycle(ctx, "cycle after changes")
}

// reorganize gives some people another manager and some none.
func (p *entraPlay) reorganize() {
	for _, who := range p.org.some(p.org.people, 0.2) {
		boss := p.org.people[p.org.random.IntN(len(p.org.people))]
		switch {
		case who.Manager != nil && p.org.one(2):
			who.Manager = nil
		case boss != who && boss.number < who.number:
			who.Manager = boss
		}
	}
}

// moveAround renames a group, and has some people change places with others. One whose creation is still to be heard of keeps its
// name: it would not be found by another one.
func (p *entraPlay) moveAround(t *team) {
	if t.renamed && t.there() {
		t.name += newName
	}
	p.org.shuffle(t)
}

// onDemand provisions a few people at once, one at a time and in the default dialect whatever the flag says.
func (p *entraPlay) onDemand(ctx context.Context) error {
	const most = 5 // of one run on demand
	return p.one(ctx, "provisioning on demand", func(ctx context.Context) error {
		for _, who := range p.org.some(p.org.people, 1)[:min(most, len(p.org.people))] {
			who.Title = "Acting " + p.org.pick(titles)
			s := p.style()
			s.flag = false
			if !who.there() {
				continue
			}
			value := p.matchingValue(who)
			found, sure, err := p.lookUp(ctx, "match user", query("/Users", "filter", equals(p.matching(), value)), value)
			switch {
			case err != nil:
				return err
			case !sure:
				continue
			case str(found, "id") != who.id:
				p.different.add("user "+who.UserName, "the id "+who.id, quote(str(found, "id")))
				continue
			}
			if err := p.update(ctx, who, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// leave is a cycle after which some people are disabled: they stay, with all that they have.
func (p *entraPlay) leave(ctx context.Context) error {
	managers := p.managers()
	for i, who := range p.org.some(p.org.people, 0.15) {
		who.Active = false
		switch {
		case i%3 == 0 && !managers.has(who):
			p.leavers.deleted = append(p.leavers.deleted, who)
		case i%3 == 1:
			p.leavers.restored = append(p.leavers.restored, who)
		default:
			p.leavers.unassigned = append(p.leavers.unassigned, who)
		}
	}
	return p.nextCycle(ctx, "cycle after people left")
}

// comeBack is a cycle in which some people are assigned again. Their memberships are not sent again: they were never lost.
func (p *entraPlay) comeBack(ctx context.Context) error {
	for _, who := range p.leavers.restored {
		who.Active = true
		if p.org.one(2) {
			who.Title = p.org.pick(titles)
		}
	}
	return p.nextCycle(ctx, "cycle after people came back")
}

// deleteForEver is a cycle thirty days after some people were disabled. Who was only unassigned is never deleted.
func (p *entraPlay) deleteForEver(ctx context.Context) error {
	for _, who := range p.leavers.deleted {
		who.deleted = true
		for _, t := range p.org.teams {
			t.members.remove(who)
		}
	}
	if n := len(p.org.teams); n > 0 {
		p.org.teams[n-1].ended = true
	}
	return p.nextCycle(ctx, "cycle after people were deleted")
}

// takeNamesAgain is a cycle in which others come under the names of those who were deleted, once they are gone.
func (p *entraPlay) takeNamesAgain(ctx context.Context) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	for _, former := range p.leavers.deleted {
		if former.there() {
			continue
		}
		who := p.org.join()
		p.hire(who)
		who.UserName, who.Email = former.UserName, former.UserName
		if p.Seed%2 == 0 || p.Match == MatchExternalID { // so that the story can be told again
			who.ExternalID = former.ExternalID
		}
		if len(p.org.teams) > 0 {
			p.org.teams[0].members.add(who)
		}
	}
	if err := p.nextCycle(ctx, "cycle after names were taken again"); err != nil {
		return err
	}
	return p.settle(ctx)
}
