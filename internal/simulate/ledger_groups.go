package simulate

import (
	"net/http"
	"slices"
)

// ids are the ids of the members of a group.
type ids map[string]struct{}

func (s ids) has(id string) bool { _, there := s[id]; return there }

func (s ids) add(all ...string) {
	for _, id := range all {
		s[id] = struct{}{}
	}
}

func (s ids) remove(all ...string) {
	for _, id := range all {
		delete(s, id)
	}
}

// without names what is in a set and in none of the others, in order.
func (s ids) without(others ...ids) []string {
	var left []string
	for id := range s {
		if !slices.ContainsFunc(others, func(other ids) bool { return other.has(id) }) {
			left = append(left, id)
		}
	}
	slices.Sort(left)
	return left
}

// roll is what the target has acknowledged of a group.
type roll struct {
	id      string
	names   []string // what it is called: one name, or several after a rename that was lost
	held    ids
	doubted ids // those of whom nobody knows whether they are members
	unsure  bool
}

// memberChange is a change of members: some come and some go, or the whole list is another one.
type memberChange struct {
	whole       bool
	add, remove []string
}

func (r *roll) there() bool { return r.id != "" }

// hold sets what the target holds, for sure.
func (r *roll) hold(id, name string) {
	r.id, r.names, r.held, r.doubted, r.unsure = id, []string{name}, ids{}, ids{}, false
}

func (r *roll) gone() { *r = roll{} }

// tookMembers keeps that members were changed.
func (r *roll) tookMembers(c memberChange) {
	if c.whole {
		r.held, r.doubted = ids{}, ids{}
	}
	r.held.add(c.add...)
	r.held.remove(c.remove...)
	r.doubted.remove(c.add...)
	r.doubted.remove(c.remove...)
}

// mayHaveMembers keeps that members were perhaps changed.
func (r *roll) mayHaveMembers(c memberChange) {
	if c.whole {
		now := ids{}
		now.add(c.add...)
		r.doubted.add(r.held.without(now)...)
		r.doubted.add(now.without(r.held)...)
		return
	}
	r.doubted.add(c.add...)
	r.doubted.add(c.remove...)
}

// wroteGroup keeps what a write to a group has come to; an empty name leaves its name alone.
func (p *play) wroteGroup(t *team, name string, c memberChange, got reply, what string) {
	switch {
	case got.ok():
		t.tookMembers(c)
		if name != "" {
			t.names = []string{name}
		}
	case got.unknown():
		t.mayHaveMembers(c)
		if name != "" && !slices.Contains(t.names, name) {
			t.names = append(t.names, name)
		}
		p.later(got)
	case got.notNow() && p.later(got):
	default:
		p.refused(what+" "+t.name, got)
	}
}

// founded keeps what the creation of a group has come to.
func (p *play) founded(t *team, got reply, what string) {
	switch {
	case got.status == http.StatusCreated && str(got.body, "id") != "":
		t.hold(str(got.body, "id"), t.name)
		p.count(&p.pushed, 1)
	case got.unknown():
		t.unsure = true
		p.later(got)
	case got.notNow() && p.later(got):
	default:
		p.refused(what+" "+t.name, got)
	}
}
