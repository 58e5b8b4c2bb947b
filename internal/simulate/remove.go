package simulate

import (
	"context"
	"fmt"
	"net/http"
)

// deleted keeps what a deletion has come to. What was perhaps deleted by a try without an answer is not found by the next one.
func (p *play) deleted(got reply, perhaps bool, what string) bool {
	switch {
	case got.ok(), got.status == http.StatusNotFound && (got.repeated || perhaps):
		return true
	case got.notNow() && p.later(got), got.unknown():
	default:
		p.refused(what, got)
	}
	return false
}

// mustBeGone reads what was deleted, which is not found from then on.
func (p *play) mustBeGone(ctx context.Context, kind, address, what string) error {
	got, err := p.call(ctx, kind, http.MethodGet, address, nil)
	if err == nil && !got.notNow() && got.status != http.StatusNotFound {
		p.different.add(what, "to be gone", fmt.Sprint(got.status))
	}
	return err
}

// deleteGroup deletes a group and looks whether it is gone.
func (p *play) deleteGroup(ctx context.Context, t *team) error {
	address := groupPath(t.id)
	got, err := p.call(ctx, "delete group", http.MethodDelete, address, nil)
	if err != nil {
		return err
	}
	if !p.deleted(got, t.unsure, "delete group "+t.name) {
		t.unsure = t.unsure || got.unknown()
		return nil
	}
	t.gone()
	p.count(&p.pushed, -1)
	return p.mustBeGone(ctx, "get group", address, "group "+t.name)
}

// deleteUser deletes a person for ever and looks whether she is gone, by her id and by her name.
func (p *play) deleteUser(ctx context.Context, who *person) error {
	address := userPath(who.id)
	got, err := p.call(ctx, "delete user", http.MethodDelete, address, nil)
	if err != nil {
		return err
	}
	if !p.deleted(got, !who.known(), "delete user "+who.UserName) {
		if got.unknown() {
			who.mayHave(nil)
		}
		return nil
	}
	who.formerly = who.id
	who.gone()
	p.count(&p.created, -1)
	return p.mustBeGone(ctx, "get user", address, "user "+who.UserName)
}

// forgetDeleted takes those who are gone out of what groups hold.
func (p *play) forgetDeleted() {
	for _, who := range p.org.people {
		if !who.deleted || who.there() || who.formerly == "" {
			continue
		}
		for _, t := range p.org.teams {
			t.held.remove(who.formerly)
			t.doubted.remove(who.formerly)
			t.assigned.remove(who.formerly)
		}
		who.formerly = ""
	}
}
