package simulate

import (
	"fmt"
	"slices"
)

// comparePerson tells every fact that is not as it was acknowledged. After lost writes, each state that she may be in is right.
func (p *play) comparePerson(who *person, read object, what string) {
	if who.unknown() {
		return
	}
	found, want := factsOf(read), facts(nil)
	if boss := who.Manager; p.managersByName && boss != nil && boss.id != "" && found[factManager] == boss.id && who.held()[factManager] == boss.UserName {
		found[factManager] = boss.UserName
	}
	for _, state := range who.states {
		if state == nil {
			continue
		}
		if len(p.mapping.differing(state, found)) == 0 {
			return
		}
		if want == nil {
			want = state
		}
	}
	for _, name := range p.mapping.differing(want, found) {
		p.different.add(fmt.Sprintf("%s %s, %s", what, who.UserName, name), quote(want[name]), quote(found[name]))
	}
}

func quote(text string) string {
	if text == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", text)
}

// compareTeam tells what is not as it was acknowledged of a group's name and members.
func (p *play) compareTeam(t *team, read object, what string) {
	if t.unsure {
		return
	}
	if got := str(read, "displayName"); !slices.Contains(t.names, got) {
		p.different.add(what+" "+t.name+", displayName", quote(t.names[0]), quote(got))
	}
	has := ids{}
	for _, member := range items(read, "members") {
		of := str(member, "value")
		if has.has(of) {
			p.different.add(what+" "+t.name+", members", "each of them once", of+" twice")
		}
		has.add(of)
	}
	if missing := t.held.without(has, t.doubted); len(missing) > 0 {
		p.different.add(what+" "+t.name+", members", fmt.Sprint(len(t.held)), fmt.Sprintf("%d of them missing, such as %s", len(missing), missing[0]))
	}
	if more := has.without(t.held, t.doubted); len(more) > 0 {
		p.different.add(what+" "+t.name+", members", fmt.Sprint(len(t.held)), fmt.Sprintf("%d too many, such as %s", len(more), more[0]))
	}
}
