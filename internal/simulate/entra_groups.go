package simulate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// groupsForeignURN comes with every group that Entra creates.
const groupsForeignURN = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"

// syncGroups creates, renames and deletes groups. Members are references, and come after groups.
func (p *entraPlay) syncGroups(ctx context.Context, stage string) error {
	var steps []step
	for _, t := range p.org.teams {
		switch {
		case t.ended && t.there():
			steps = append(steps, func(ctx context.Context) error { return p.deleteGroup(ctx, t) })
		case t.ended:
		case !t.there():
			s := p.style()
			steps = append(steps, func(ctx context.Context) error { return p.provisionGroup(ctx, t, s) })
		case !slices.Equal(t.names, []string{t.name}):
			s := p.style()
			steps = append(steps, func(ctx context.Context) error { return p.rename(ctx, t, s) })
		}
	}
	return p.stage(ctx, stage, steps)
}

func (p *entraPlay) findGroup(ctx context.Context, name string) (found object, sure bool, err error) {
	return p.lookUp(ctx, "match group", query("/Groups", "excludedAttributes", "members", "filter", equals("displayName", name)), name)
}

// provisionGroup finds a group or creates it.
func (p *entraPlay) provisionGroup(ctx context.Context, t *team, s style) error {
	found, sure, err := p.findGroup(ctx, t.name)
	if err == nil && sure && found == nil && t.renamed { // an earlier play has left it under its new name
		found, sure, err = p.findGroup(ctx, t.name+newName)
	}
	switch {
	case err != nil || !sure:
		return err
	case found != nil:
		if err := p.linkGroup(ctx, t, str(found, "id")); err != nil || slices.Equal(t.names, []string{t.name}) {
			return err
		}
		return p.rename(ctx, t, s)
	}
	t.unsure = false // a create that was lost was not taken
	got, err := p.call(ctx, "create group", http.MethodPost, "/Groups", object{
		"schemas": []string{groupURN, groupsForeignURN}, "externalId": t.externalID, "displayName": t.name, "meta": object{"resourceType": "Group"},
	})
	switch {
	case err != nil:
		return err
	case got.status == http.StatusConflict && got.repeated: // the lost try was taken: it is found in the next cycle
		t.unsure = true
		p.later(got)
		return nil
	}
	p.founded(t, got, "create group")
	return nil
}

// linkGroup takes over a group that is there. Entra does not ask who is in it; the simulation has to know.
func (p *play) linkGroup(ctx context.Context, t *team, id string) error {
	got, err := p.look(ctx, "read group to link", groupPath(id))
	switch {
	case err != nil || got.notNow():
		return err
	case !got.ok():
		p.refused("read group to link "+t.name, got)
		return nil
	}
	if t.unsure {
		p.count(&p.pushed, 1) // by a create without an answer
	}
	t.hold(id, str(got.body, "displayName"))
	for _, member := range items(got.body, "members") {
		t.held.add(str(member, "value"))
	}
	return nil
}

func (p *entraPlay) rename(ctx context.Context, t *team, s style) error {
	op := object{"op": s.write("Replace"), "path": "displayName", "value": t.name}
	if s.flag {
		op = object{"op": "replace", "value": object{"displayName": t.name}}
	}
	got, err := p.call(ctx, "rename group", http.MethodPatch, groupPath(t.id), patchOf(op))
	if err == nil {
		p.wroteGroup(t, t.name, memberChange{}, got, "rename group")
	}
	return err
}

// syncMembers writes who is in which group. Every other group gets its members one by one, as some report it, the others many
// at a time, as Microsoft recommends to take them.
func (p *entraPlay) syncMembers(ctx context.Context, stage string) error {
	var steps []step
	for i, t := range p.org.teams {
		want := ids{}
		want.add(idsOf(t.members.known())...)
		come, gone := want.without(t.assigned), t.assigned.without(want)
		if t.ended || !t.there() || len(come)+len(gone) == 0 {
			continue
		}
		s, size := p.style(), 1
		if i%2 == 0 {
			size = 100
		}
		steps = append(steps, func(ctx context.Context) error {
			for batch := range slices.Chunk(come, size) {
				if err := p.addMembers(ctx, t, batch, s); err != nil {
					return err
				}
			}
			for batch := range slices.Chunk(gone, size) {
				if err := p.removeMembers(ctx, t, batch, s); err != nil {
					return err
				}
				s.turn++
			}
			return nil
		})
	}
	return p.stage(ctx, stage, steps)
}

func (p *entraPlay) addMembers(ctx context.Context, t *team, who []string, s style) error {
	if err := p.probeMember(ctx, t, who[0], s); err != nil {
		return err
	}
	op := object{"op": s.write("Add"), "path": "members", "value": entraRefs(who)}
	got, err := p.call(ctx, "add members", http.MethodPatch, groupPath(t.id), patchOf(op))
	if err != nil {
		return err
	}
	p.wroteGroup(t, "", memberChange{add: who}, got, "add members")
	if got.ok() {
		t.assigned.add(who...)
	}
	return p.probeMember(ctx, t, who[0], s)
}

func (p *entraPlay) removeMembers(ctx context.Context, t *team, who []string, s style) error {
	got, err := p.call(ctx, "remove members", http.MethodPatch, groupPath(t.id), patchOf(memberRemoval(who, s)...))
	if err != nil {
		return err
	}
	p.wroteGroup(t, "", memberChange{remove: who}, got, "remove members")
	if got.ok() {
		t.assigned.remove(who...)
	}
	return p.probeMember(ctx, t, who[0], s)
}

// memberRemoval takes members out of a group in one of three forms: a list or one object at the path members, or a path with a
// filter, which is the dialect of the flag.
func memberRemoval(who []string, s style) []object {
	if s.flag {
		var ops []object
		for _, id := range who {
			ops = append(ops, object{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", id)})
		}
		return ops
	}
	if len(who) == 1 && s.turn%2 == 0 {
		return []object{{"op": "Remove", "path": "members", "value": object{"$ref": nil, "value": who[0]}}}
	}
	return []object{{"op": "Remove", "path": "members", "value": entraRefs(who)}}
}

// entraRefs are members with a value and a reference that says nothing.
func entraRefs(who []string) []object {
	var all []object
	for _, id := range who {
		all = append(all, object{"$ref": nil, "value": id})
	}
	return all
}

// probeMember asks whether somebody is in a group, in either order of the two terms.
func (p *entraPlay) probeMember(ctx context.Context, t *team, id string, s style) error {
	if !s.probed || t.doubted.has(id) {
		return nil
	}
	return p.ask(ctx, "membership probe", "/Groups", equals("id", t.id), equals("members", id), t.held.has(id), s)
}
