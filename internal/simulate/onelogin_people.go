package simulate

import (
	"context"
	"net/http"
)

// syncPeople creates, changes, suspends and deletes.
func (p *oneLoginPlay) syncPeople(ctx context.Context, stage string) error {
	var steps []step
	for _, who := range p.org.people {
		who.referToBoss()
		switch {
		case who.deleted && who.there():
			steps = append(steps, func(ctx context.Context) error { return p.deleteUser(ctx, who) })
		case who.deleted:
		case !who.there() && who.Active:
			steps = append(steps, func(ctx context.Context) error { return p.provision(ctx, who) })
		case who.there() && len(who.outdated(p.template(who).says(who))) > 0:
			steps = append(steps, func(ctx context.Context) error { return p.update(ctx, who) })
		}
	}
	err := p.stage(ctx, stage, steps)
	p.forgetDeleted()
	return err
}

// provision finds somebody and updates her, or creates her.
func (p *oneLoginPlay) provision(ctx context.Context, who *person) error {
	found, sure, err := p.lookUp(ctx, "look up user", query("/Users", "filter", equals("userName", who.UserName)), who.UserName)
	switch {
	case err != nil || !sure:
		return err
	case found != nil:
		p.link(who, found, "look up user")
		return p.put(ctx, who, "update user")
	}
	who.states = nil // a create that was lost was not taken
	by := p.template(who)
	sent := by.says(who).said()
	got, err := p.call(ctx, "create user", http.MethodPost, "/Users", by.write(who))
	switch {
	case err != nil:
		return err
	case got.status == http.StatusConflict && got.repeated: // the lost try was taken: she is found by the next task
		who.mayHave(sent)
		p.later(got)
		return nil
	}
	p.joined(who, sent, got, "create user")
	return nil
}

// update reads somebody and puts what the template says of her.
func (p *oneLoginPlay) update(ctx context.Context, who *person) error {
	read, err := p.call(ctx, "get user", http.MethodGet, userPath(who.id), nil)
	switch {
	case err != nil:
		return err
	case read.notNow():
		p.later(read)
		return nil
	case !read.ok():
		p.refused("get user "+who.UserName, read)
		return nil
	}
	kind := "update user"
	switch active := who.held()[factActive]; {
	case active == "true" && !who.Active:
		kind = "suspend user"
	case active == "false" && who.Active:
		kind = "reactivate user"
	}
	return p.put(ctx, who, kind)
}

func (p *oneLoginPlay) put(ctx context.Context, who *person, kind string) error {
	by := p.template(who)
	body := by.write(who)
	delete(body, "id")
	got, err := p.call(ctx, kind, http.MethodPut, userPath(who.id), body)
	if err == nil {
		p.wrote(who, by.says(who), got, kind)
	}
	return err
}

// removePeople deletes some people in OneLogin, with what the administrator has chosen for the target.
func (p *oneLoginPlay) removePeople(ctx context.Context) error {
	for _, who := range p.org.some(p.org.active(), 0.1) {
		who.left = true
		switch p.Removal {
		case Delete:
			who.deleted = true
			for _, t := range p.org.teams {
				t.members.remove(who)
			}
		case Suspend:
			who.Active = false
		case Nothing:
		}
	}
	return p.nextTasks(ctx, "people are deleted")
}

// takeBack has some of them hired again: those who are still there under their old ids, the others as new people.
func (p *oneLoginPlay) takeBack(ctx context.Context) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	for i, who := range p.org.leftOnes() {
		if i%2 > 0 || who.deleted && who.there() {
			continue
		}
		who.left = false
		if !who.deleted {
			who.Active, who.Title = true, p.org.pick(titles)
			continue
		}
		again := p.org.join()
		p.hire(again)
		again.UserName, again.Email = who.UserName, who.Email
	}
	return p.nextTasks(ctx, "people are hired again")
}
