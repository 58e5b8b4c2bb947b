package simulate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// newName is what groups that are renamed get.
const newName = " – renamed"

// oktaBatch is how many membership changes a PATCH has.
const oktaBatch = 100

func (p *oktaPlay) findTeam(ctx context.Context, name string) (found object, sure bool, err error) {
	return p.lookUp(ctx, "look up group", oktaLookUp("/Groups", "displayName", name), name)
}

func (p *oktaPlay) pushGroups(ctx context.Context) error {
	return p.eachTeam(ctx, "groups are pushed", func(ctx context.Context, t *team) error {
		found, sure, err := p.findTeam(ctx, t.name)
		if err == nil && sure && found == nil && t.renamed { // an earlier play has left it under its new name
			found, sure, err = p.findTeam(ctx, t.name+newName)
		}
		switch {
		case err != nil || !sure:
			return err
		case found != nil: // linked: its members stay until everything is pushed
			t.hold(str(found, "id"), t.name)
			return p.push(ctx, t)
		}
		if err := p.createGroup(ctx, t); err != nil || !t.there() {
			return err
		}
		if p.Dialect == PUT {
			return p.putGroup(ctx, t)
		}
		for batch := range slices.Chunk(t.members.known(), oktaBatch) {
			change := memberChange{add: idsOf(batch)}
			if err := p.patchGroup(ctx, "add members", t, change, object{"op": "add", "path": "members", "value": oktaRefs(batch)}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *oktaPlay) createGroup(ctx context.Context, t *team) error {
	got, err := p.call(ctx, "create group", http.MethodPost, "/Groups", object{"schemas": []string{groupURN}, "displayName": t.name, "members": []object{}})
	if err != nil {
		return err
	}
	if got.status == http.StatusConflict && got.repeated { // the lost try was taken
		found, sure, err := p.findTeam(ctx, t.name)
		if err != nil || !sure || found == nil {
			return err
		}
		t.hold(str(found, "id"), t.name)
		p.count(&p.pushed, 1)
		return nil
	}
	p.founded(t, got, "create group")
	return nil
}

// oktaRefs are members with value and display, and nothing else.
func oktaRefs(people []*person) []object {
	all := []object{}
	for _, who := range people {
		all = append(all, object{"value": who.id, "display": who.UserName})
	}
	return all
}

// patchGroup sends member changes; a rename goes with each, as Okta does it.
func (p *oktaPlay) patchGroup(ctx context.Context, kind string, t *team, change memberChange, ops ...object) error {
	ops = append([]object{{"op": "replace", "value": object{"id": t.id, "displayName": t.name}}}, ops...)
	got, err := p.call(ctx, kind, http.MethodPatch, groupPath(t.id), patchOf(ops...))
	if err == nil {
		p.wroteGroup(t, t.name, change, got, kind)
	}
	return err
}

func (p *oktaPlay) putGroup(ctx context.Context, t *team) error {
	if _, err := p.call(ctx, "get group", http.MethodGet, groupPath(t.id), nil); err != nil {
		return err
	}
	known := t.members.known()
	body := object{"schemas": []string{groupURN}, "id": t.id, "displayName": t.name, "members": oktaRefs(known)}
	got, err := p.call(ctx, "put group", http.MethodPut, groupPath(t.id), body)
	if err == nil {
		p.wroteGroup(t, t.name, memberChange{whole: true, add: idsOf(known)}, got, "put group")
	}
	return err
}

// push makes the target's list of members the whole list: "Push Now".
func (p *oktaPlay) push(ctx context.Context, t *team) error {
	if !t.there() {
		return nil
	}
	if p.Dialect == PUT {
		return p.putGroup(ctx, t)
	}
	known := t.members.known()
	change := memberChange{whole: true, add: idsOf(known)}
	return p.patchGroup(ctx, "push group", t, change, object{"op": "replace", "path": "members", "value": oktaRefs(known)})
}

func (p *oktaPlay) renameGroups(ctx context.Context) error {
	for _, t := range p.org.teams {
		if t.renamed {
			t.name += newName
		}
	}
	return p.eachTeam(ctx, "groups are renamed", func(ctx context.Context, t *team) error {
		if !t.there() {
			return nil
		}
		if p.Dialect == PUT {
			return p.putGroup(ctx, t)
		}
		return p.patchGroup(ctx, "rename group", t, memberChange{})
	})
}

// movePeople moves some people from group to group: one leaves and another one comes in the same PATCH.
func (p *oktaPlay) movePeople(ctx context.Context) error {
	gone, come := map[*team]*person{}, map[*team]*person{}
	for _, t := range p.org.teams[min(1, len(p.org.teams)):] {
		if in := t.members.inOrder(); len(in) > 0 {
			gone[t] = in[p.org.random.IntN(len(in))]
		}
		if who := p.org.people[p.org.random.IntN(len(p.org.people))]; !t.members.has(who) {
			come[t] = who
		}
	}
	return p.eachTeam(ctx, "people move", func(ctx context.Context, t *team) error {
		if !t.there() {
			return nil
		}
		var ops []object
		var change memberChange
		if who := gone[t]; who != nil && who.there() {
			t.members.remove(who)
			ops = append(ops, object{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", who.id)})
			change.remove = []string{who.id}
		}
		if who := come[t]; who != nil && who.there() {
			t.members.add(who)
			ops = append(ops, object{"op": "add", "path": "members", "value": oktaRefs([]*person{who})})
			change.add = []string{who.id}
		}
		if p.Dialect == PUT {
			return p.putGroup(ctx, t)
		}
		return p.patchGroup(ctx, "move members", t, change, ops...)
	})
}

// pushNow pushes every group whole. Okta pushes nobody who is inactive; who joined late is in the first group.
func (p *oktaPlay) pushNow(ctx context.Context) error {
	for i, t := range p.org.teams {
		for who := range t.members {
			if !who.Active {
				t.members.remove(who)
			}
		}
		if i == 0 {
			t.members = rosterOf(p.org.active()...)
		}
	}
	return p.eachTeam(ctx, "groups are pushed whole", p.push)
}

// unlink pushes one more group and unlinks it, deleting it in the target: its members stay.
func (p *oktaPlay) unlink(ctx context.Context) error {
	t := p.org.shortLived()
	return p.one(ctx, "a group is unlinked", func(ctx context.Context) error {
		if err := p.createGroup(ctx, t); err != nil || !t.there() {
			return err
		}
		if err := p.push(ctx, t); err != nil {
			return err
		}
		return p.deleteGroup(ctx, t)
	})
}
