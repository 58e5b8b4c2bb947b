package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// teamsStage runs a step for each group: with its calls in order, beside the other groups.
func (p *play) teamsStage(ctx context.Context, name string, act func(context.Context, *team) error) error {
	var steps []step
	for _, t := range p.org.teams {
		if !t.gone {
			steps = append(steps, func(ctx context.Context) error { return act(ctx, t) })
		}
	}
	return p.stage(ctx, name, steps)
}

// newName is what groups that are renamed get.
const newName = " – renamed"

func (p *play) pushGroups(ctx context.Context) error {
	return p.teamsStage(ctx, "groups are pushed", func(ctx context.Context, t *team) error {
		found, err := p.lookUp(ctx, "look up group", "/Groups", "displayName", t.name)
		if err == nil && found == nil && t.renamed { // an earlier play has left it under its new name
			found, err = p.lookUp(ctx, "look up group", "/Groups", "displayName", t.name+newName)
		}
		switch {
		case err != nil:
			return err
		case found != nil: // linked: its members stay until everything is pushed
			t.id = str(found, "id")
			return p.push(ctx, t)
		}
		if err := p.createGroup(ctx, t); err != nil || t.id == "" {
			return err
		}
		if p.Dialect == PUT {
			return p.putGroup(ctx, t)
		}
		var ops []object
		for _, batch := range batches(t.known()) {
			ops = append(ops, object{"op": "add", "path": "members", "value": refs(batch)})
		}
		for _, op := range ops {
			if err := p.patchGroup(ctx, "add members", t, op); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *play) createGroup(ctx context.Context, t *team) error {
	got, err := p.call(ctx, "create group", http.MethodPost, "/Groups", object{"schemas": []string{groupURN}, "displayName": t.name, "members": []object{}})
	if err != nil {
		return err
	}
	switch {
	case got.status == http.StatusCreated && str(got.body, "id") != "":
		t.id = str(got.body, "id")
		p.count(&p.pushed, 1)
	case got.status == http.StatusConflict && got.repeated:
		found, err := p.lookUp(ctx, "look up group", "/Groups", "displayName", t.name)
		if err != nil {
			return err
		}
		t.id = str(found, "id")
		p.count(&p.pushed, 1)
	case got.lost() || got.status >= 500:
		t.unsure = true
	default:
		p.refused("create group "+t.name, got)
	}
	return nil
}

// known are the members that the target has as users.
func (t *team) known() []*person {
	var all []*person
	for _, m := range t.members {
		if m.existing {
			all = append(all, m)
		}
	}
	return all
}

func refs(people []*person) []object {
	all := []object{}
	for _, who := range people {
		all = append(all, object{"value": who.id, "display": who.UserName})
	}
	return all
}

func batches(people []*person) [][]*person {
	var all [][]*person
	for len(people) > batchSize {
		all, people = append(all, people[:batchSize]), people[batchSize:]
	}
	if len(people) > 0 {
		all = append(all, people)
	}
	return all
}

// patchGroup sends member changes; a rename goes with each, as Okta does it.
func (p *play) patchGroup(ctx context.Context, kind string, t *team, ops ...object) error {
	ops = append([]object{{"op": "replace", "value": object{"id": t.id, "displayName": t.name}}}, ops...)
	got, err := p.call(ctx, kind, http.MethodPatch, "/Groups/"+url.PathEscape(t.id), object{"schemas": []string{patchURN}, "Operations": ops})
	if err == nil {
		p.wroteGroup(t, got, kind)
	}
	return err
}

func (p *play) putGroup(ctx context.Context, t *team) error {
	path := "/Groups/" + url.PathEscape(t.id)
	if _, err := p.call(ctx, "get group", http.MethodGet, path, nil); err != nil {
		return err
	}
	body := object{"schemas": []string{groupURN}, "id": t.id, "displayName": t.name, "members": refs(t.known())}
	got, err := p.call(ctx, "put group", http.MethodPut, path, body)
	if err == nil {
		p.wroteGroup(t, got, "put group")
	}
	return err
}

func (p *play) wroteGroup(t *team, got reply, what string) {
	switch {
	case got.ok():
	case got.lost() || got.status >= 500:
		t.unsure = true
	default:
		t.unsure = true
		p.refused(what+" "+t.name, got)
	}
}

// push makes the target's list of members the whole list: "Push Now". What was unsure is sure after it.
func (p *play) push(ctx context.Context, t *team) error {
	if t.id == "" {
		return nil
	}
	t.unsure = false
	if p.Dialect == PUT {
		return p.putGroup(ctx, t)
	}
	return p.patchGroup(ctx, "push group", t, object{"op": "replace", "path": "members", "value": refs(t.known())})
}

func (p *play) renameGroups(ctx context.Context) error {
	for _, t := range p.org.teams {
		if t.renamed {
			t.name += newName
		}
	}
	return p.teamsStage(ctx, "groups are renamed", func(ctx context.Context, t *team) error {
		if t.id == "" {
			return nil
		}
		if p.Dialect == PUT {
			return p.putGroup(ctx, t)
		}
		return p.patchGroup(ctx, "rename group", t)
	})
}

// movePeople moves some people from group to group: one leaves and another one comes in the same PATCH.
func (p *play) movePeople(ctx context.Context) error {
	gone, come := map[*team]*person{}, map[*team]*person{}
	for _, t := range p.org.teams[min(1, len(p.org.teams)):] {
		if len(t.members) > 0 {
			gone[t] = t.members[p.org.random.IntN(len(t.members))]
		}
		if who := p.org.people[p.org.random.IntN(len(p.org.people))]; !t.has(who) {
			come[t] = who
		}
	}
	return p.teamsStage(ctx, "people move", func(ctx context.Context, t *team) error {
		if t.id == "" {
			return nil
		}
		var ops []object
		if who := gone[t]; who != nil && who.existing {
			t.remove(who)
			ops = append(ops, object{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", who.id)})
		}
		if who := come[t]; who != nil && who.existing {
			t.members = append(t.members, who)
			ops = append(ops, object{"op": "add", "path": "members", "value": refs([]*person{who})})
		}
		if p.Dialect == PUT {
			return p.putGroup(ctx, t)
		}
		return p.patchGroup(ctx, "move members", t, ops...)
	})
}

// pushNow pushes every group whole. Okta pushes nobody who is inactive; who joined late is in the first group.
func (p *play) pushNow(ctx context.Context) error {
	for i, t := range p.org.teams {
		var members []*person
		for _, who := range t.members {
			if who.Active {
				members = append(members, who)
			}
		}
		t.members = members
		if i > 0 {
			continue
		}
		for _, who := range p.org.active() {
			if !t.has(who) {
				t.members = append(t.members, who)
			}
		}
	}
	return p.teamsStage(ctx, "groups are pushed whole", p.push)
}

// unlink pushes one more group and unlinks it, deleting it in the target: its members stay.
func (p *play) unlink(ctx context.Context) error {
	t := &team{name: fmt.Sprintf("Short-lived (%s)", p.org.domain), members: p.org.some(p.org.people, 0.1), gone: true}
	return p.stage(ctx, "a group is unlinked", []step{func(ctx context.Context) error {
		if err := p.createGroup(ctx, t); err != nil || t.id == "" {
			return err
		}
		if err := p.push(ctx, t); err != nil {
			return err
		}
		path := "/Groups/" + url.PathEscape(t.id)
		got, err := p.call(ctx, "delete group", http.MethodDelete, path, nil)
		if err != nil {
			return err
		}
		if !got.lost() && got.status != http.StatusNoContent && (got.status != http.StatusNotFound || !got.repeated) {
			p.refused("delete group "+t.name, got)
			return nil
		}
		if got.lost() {
			return nil
		}
		p.count(&p.pushed, -1)
		after, err := p.call(ctx, "get group", http.MethodGet, path, nil)
		if err == nil && !after.lost() && after.status != http.StatusNotFound {
			p.different.add("group "+t.name, "to be gone", fmt.Sprint(after.status))
		}
		return err
	}})
}
