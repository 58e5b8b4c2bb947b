package simulate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// refreshEntitlements reads the groups of the target, to offer them to the administrator. One that is not the organization's own
// gets a rule, too, and its members are taken out again in the end.
func (p *oneLoginPlay) refreshEntitlements(ctx context.Context) error {
	var names []string
	err := p.one(ctx, "entitlements are refreshed", func(ctx context.Context) error {
		for start := 1; ; {
			address := "/Groups"
			if start > 1 {
				address = query(address, "startIndex", text(start))
			}
			got, err := p.look(ctx, "refresh entitlements", address)
			switch {
			case err != nil:
				return err
			case !got.ok():
				p.refused("refresh entitlements", got)
				return nil
			}
			page, known := items(got.body, "Resources"), len(p.offered)
			for _, group := range page {
				name := str(group, "displayName")
				p.offered[name], names = str(group, "id"), append(names, name)
			}
			if start += len(page); len(p.offered) == known || start > total(got.body) {
				return nil
			}
		}
	})
	if err != nil {
		return err
	}
	p.mapRules(names)
	return p.eachTeam(ctx, "groups are linked", func(ctx context.Context, t *team) error {
		if of := p.offered[t.name]; of != "" {
			return p.linkGroup(ctx, t, of)
		}
		return nil
	})
}

// mapRules maps a role to a group that the target has offered and that is none of the organization's own.
func (p *oneLoginPlay) mapRules(offered []string) {
	if len(p.org.teams) == 0 {
		return
	}
	for _, name := range offered {
		if !slices.ContainsFunc(p.org.teams, func(t *team) bool { return t.name == name }) {
			p.theirs = &team{name: name, assigned: ids{}, members: rosterOf(p.org.some(p.org.people, 0.2)...)}
			p.org.teams = append(p.org.teams, p.theirs)
			return
		}
	}
}

// syncGroups creates the groups whose names nobody has offered, and changes who is in which.
func (p *oneLoginPlay) syncGroups(ctx context.Context, stage string) error {
	var steps []step
	for _, t := range p.org.teams {
		want := ids{}
		want.add(idsOf(t.members.known())...)
		come, gone := want.without(t.assigned), t.assigned.without(want)
		if t.there() && len(come)+len(gone) == 0 {
			continue
		}
		steps = append(steps, func(ctx context.Context) error {
			if !t.there() {
				if err := p.createGroup(ctx, t); err != nil || !t.there() {
					return err
				}
			}
			return p.changeMembers(ctx, t, come, gone)
		})
	}
	return p.stage(ctx, stage, steps)
}

func (p *oneLoginPlay) createGroup(ctx context.Context, t *team) error {
	if t.unsure { // after a create without an answer
		found, sure, err := p.lookUp(ctx, "look up group", query("/Groups", "filter", equals("displayName", t.name)), t.name)
		if err != nil || !sure {
			return err
		}
		if found != nil {
			return p.linkGroup(ctx, t, str(found, "id"))
		}
		t.unsure = false
	}
	schema := groupURN
	if p.v1(t) {
		schema = "urn:scim:schemas:core:1.0"
	}
	got, err := p.call(ctx, "create group", http.MethodPost, "/Groups", object{"schemas": []string{schema}, "displayName": t.name})
	switch {
	case err != nil:
		return err
	case got.status == http.StatusConflict && got.repeated: // the lost try was taken
		t.unsure = true
		p.later(got)
		return nil
	}
	p.founded(t, got, "create group")
	return nil
}

// v1 tells whether a group is written in the manner of SCIM 1.1.
func (p *oneLoginPlay) v1(t *team) bool {
	return p.Dialect == OneLoginV1 || p.Dialect == Mixed && slices.Index(p.org.teams, t)%2 == 0
}

// oneLoginBatch is how many membership changes a PATCH has. How many OneLogin sends is not known.
const oneLoginBatch = 50

func (p *oneLoginPlay) changeMembers(ctx context.Context, t *team, come, gone []string) error {
	for i := 0; i < len(come) || i < len(gone); i += oneLoginBatch {
		add, remove := come[min(i, len(come)):min(i+oneLoginBatch, len(come))], gone[min(i, len(gone)):min(i+oneLoginBatch, len(gone))]
		body := patchOf(memberOperations(add, remove)...)
		if p.v1(t) {
			body = object{"schemas": []string{"urn:scim:schemas:core:1.0"}, "members": membersV1(add, remove)}
		}
		got, err := p.call(ctx, "change members", http.MethodPatch, groupPath(t.id), body)
		if err != nil {
			return err
		}
		p.wroteGroup(t, "", memberChange{add: add, remove: remove}, got, "change members")
		if got.ok() {
			t.assigned.add(add...)
			t.assigned.remove(remove...)
		}
	}
	return nil
}

// membersV1 are member changes as SCIM 1.1 writes them: what to do stands within each member.
func membersV1(add, remove []string) []object {
	var all []object
	for _, id := range add {
		all = append(all, object{"value": id, "operation": "add"})
	}
	for _, id := range remove {
		all = append(all, object{"value": id, "operation": "delete"})
	}
	return all
}

// memberOperations are member changes as operations.
func memberOperations(add, remove []string) []object {
	var ops []object
	for _, id := range remove {
		ops = append(ops, object{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", id)})
	}
	if len(add) > 0 {
		var refs []object
		for _, id := range add {
			refs = append(refs, object{"value": id})
		}
		ops = append(ops, object{"op": "add", "path": "members", "value": refs})
	}
	return ops
}

// giveBack takes the organization's people out of the group that was not its own, and ends what was left over.
func (p *oneLoginPlay) giveBack(ctx context.Context) error {
	if p.theirs != nil {
		p.theirs.members = roster{}
	}
	if err := p.nextTasks(ctx, "the last tasks"); err != nil {
		return err
	}
	return p.settle(ctx)
}
