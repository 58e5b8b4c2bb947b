package simulate

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// holding is what the target has acknowledged of a person: one state, or several after writes that nobody knows the outcome of.
// A nil state is that she is not there.
type holding struct {
	id     string
	states []facts
}

// maxStates bounds what is kept of somebody whose writes are lost again and again. Beyond it nothing is known of her.
const maxStates = 16

func (h *holding) there() bool { return h.id != "" }

// known tells whether the target holds her for sure.
func (h *holding) known() bool {
	return h.there() && len(h.states) > 0 && !slices.ContainsFunc(h.states, func(f facts) bool { return f == nil })
}

// unknown tells whether nothing is held against the target any more.
func (h *holding) unknown() bool { return len(h.states) > maxStates }

// hold sets what the target holds, for sure.
func (h *holding) hold(id string, f facts) { h.id, h.states = id, []facts{f} }

// gone keeps that she is not there any more.
func (h *holding) gone() { h.id, h.states = "", nil }

// held is what she most probably is in the target.
func (h *holding) held() facts {
	if len(h.states) == 0 {
		return nil
	}
	return h.states[0]
}

// took keeps that changes were made.
func (h *holding) took(changes facts) {
	var states []facts
	for _, state := range h.states {
		states = include(states, state.with(changes))
	}
	h.states = states
}

// mayHave keeps that changes were perhaps made; nil is that she was perhaps deleted.
func (h *holding) mayHave(changes facts) {
	states := slices.Clone(h.states)
	if len(states) == 0 {
		states = []facts{nil}
	}
	for _, state := range slices.Clone(states) {
		now := facts(nil)
		if changes != nil {
			now = state.with(changes)
		}
		states = include(states, now)
	}
	h.states = states
}

func include(states []facts, state facts) []facts {
	if slices.ContainsFunc(states, func(f facts) bool { return (f == nil) == (state == nil) && maps.Equal(f, state) }) {
		return states
	}
	return append(states, state)
}

// outdated are the facts, of those that are wanted, that the target does not hold for sure.
func (h *holding) outdated(want facts) facts {
	changes := facts{}
	for name, value := range want {
		if slices.ContainsFunc(h.states, func(f facts) bool { return f[name] != value }) {
			changes[name] = value
		}
	}
	return changes
}

// wrote keeps what a write to a person has come to: taken, refused, or nobody knows.
func (p *play) wrote(who *person, changes facts, got reply, what string) {
	switch {
	case got.ok():
		who.took(changes)
	case got.unknown():
		who.mayHave(changes)
		p.later(got)
	case got.notNow() && p.later(got):
	default:
		p.refused(what+" "+who.UserName, got)
	}
}

// joined keeps what the creation of a person has come to.
func (p *play) joined(who *person, sent facts, got reply, what string) {
	switch {
	case got.status == http.StatusCreated && str(got.body, "id") != "":
		who.hold(str(got.body, "id"), sent)
		p.count(&p.created, 1)
	case got.unknown():
		who.mayHave(sent)
		p.later(got)
	case got.notNow() && p.later(got):
	default:
		p.refused(what+" "+who.UserName, got)
	}
}

func (p *play) refused(what string, got reply) {
	p.different.add(what, "to be taken", fmt.Sprintf("%d %s", got.status, str(got.body, "detail")))
}
