package simulate

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// importPage is the page of Okta's import, always, and of every other reading of the simulation's own.
const importPage = 100

// readBack reads everything, by pages and then one by one, and compares it with what was acknowledged.
func (p *play) readBack(ctx context.Context) error {
	return p.act(ctx, p.importAll, p.readOneByOne)
}

// importAll reads everything by pages, as Okta's import does.
func (p *play) importAll(ctx context.Context) error {
	users, err := p.readAll(ctx, "/Users", p.usersAt+p.created)
	if err != nil {
		return err
	}
	groups, err := p.readAll(ctx, "/Groups", p.groupsAt+p.pushed)
	if err != nil {
		return err
	}
	if users != nil {
		for _, who := range p.org.people {
			p.checkPerson(who, users, "imported user")
		}
	}
	if groups != nil {
		for _, t := range p.org.teams {
			if read, there := groups[t.id]; there && t.there() {
				p.compareTeam(t, read, "imported group")
			} else if t.there() && !t.unsure {
				p.different.add("imported group "+t.name, "to be there", "nothing")
			}
		}
	}
	return nil
}

// readAll reads a list to its end. Nil means that it could not be read, which is told.
func (p *play) readAll(ctx context.Context, path string, expected int) (map[string]object, error) {
	found := map[string]object{}
	return found, p.one(ctx, "import of "+path, func(ctx context.Context) error {
		for start := 1; ; start += importPage {
			got, err := p.look(ctx, "import "+strings.ToLower(path[1:]), query(path, "startIndex", fmt.Sprint(start), "count", fmt.Sprint(importPage)))
			if err != nil {
				return err
			}
			if !got.ok() {
				p.refused("import "+path, got)
				found = nil
				return nil
			}
			news := p.keepPage(path, found, items(got.body, "Resources"))
			says := total(got.body)
			if says != expected && start == 1 && !p.Shared && !p.unsure() {
				p.different.add("list "+path, fmt.Sprintf("totalResults %d", expected), fmt.Sprint(says))
			}
			if news == 0 || start+importPage > says { // what repeats itself has no end
				if len(found) != says && !p.Shared {
					p.different.add("list "+path, fmt.Sprintf("all %d of totalResults", says), fmt.Sprintf("%d", len(found)))
				}
				return nil
			}
		}
	})
}

// keepPage keeps the resources of a page, none of which was on an earlier one, and tells how many are new.
func (p *play) keepPage(path string, found map[string]object, page []object) int {
	before := len(found)
	for _, one := range page {
		of := str(one, "id")
		if _, twice := found[of]; twice && !p.Shared {
			p.different.add("list "+path, "each resource once", of+" twice")
		}
		found[of] = one
	}
	return len(found) - before
}

// unsure tells whether some creation or deletion was lost, so that totals are not known.
func (p *play) unsure() bool {
	for _, who := range p.org.people {
		if len(who.states) > 0 && !who.known() {
			return true
		}
	}
	for _, t := range p.org.teams {
		if t.unsure {
			return true
		}
	}
	return false
}

func (p *play) checkPerson(who *person, users map[string]object, what string) {
	if !who.there() {
		return
	}
	read, there := users[who.id]
	if there {
		p.comparePerson(who, read, what)
	} else if who.known() {
		p.different.add(what+" "+who.UserName, "to be there", "nothing")
	}
}

// readOneByOne reads a sample of people and groups by their ids, and somebody who does not exist.
func (p *play) readOneByOne(ctx context.Context) error {
	var steps []step
	for i := range spread(len(p.org.people), p.Sample) {
		who := p.org.people[i]
		steps = append(steps, func(ctx context.Context) error {
			return p.readOne(ctx, "get user", userPath(who.id), who.known(), func(read object) { p.comparePerson(who, read, "user") })
		})
	}
	for i := range spread(len(p.org.teams), p.Sample) {
		t := p.org.teams[i]
		steps = append(steps, func(ctx context.Context) error {
			return p.readOne(ctx, "get group", groupPath(t.id), t.there() && !t.unsure, func(read object) { p.compareTeam(t, read, "group") })
		})
	}
	steps = append(steps, func(ctx context.Context) error {
		got, err := p.look(ctx, "get nobody", "/Users/00u-nobody")
		if err == nil && !got.notNow() && (got.status != http.StatusNotFound || str(got.body, "detail") == "") {
			p.different.add("a user who does not exist", "404 with a detail", fmt.Sprintf("%d %s", got.status, str(got.body, "detail")))
		}
		return err
	})
	return p.stage(ctx, "everything is read back", steps)
}

func (p *play) readOne(ctx context.Context, kind, address string, known bool, compare func(object)) error {
	if !known {
		return nil
	}
	got, err := p.look(ctx, kind, address)
	switch {
	case err != nil:
		return err
	case got.ok():
		compare(got.body)
	case !got.notNow():
		p.different.add(kind+" "+address, "to be there", fmt.Sprint(got.status))
	}
	return nil
}

// spread picks at most n of all places, evenly.
func spread(all, n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		n = min(n, all)
		for i := range n {
			if !yield(i * all / n) {
				return
			}
		}
	}
}
