package directory

import (
	"bytes"
	"context"
	"slices"

	"github.com/usherhq/usher/internal/id"
)

// fact is what is known of somebody whom an edit names.
type fact struct {
	isUser, isGroup bool
	hidden          bool    // the calling configuration has let her go
	why             reasons // nil for who is no member
}

func (f fact) known() bool { return (f.isUser || f.isGroup) && !f.hidden }

// candidates are the ids that an edit names, by the value that names them.
type candidates map[string]id.ID

func (c candidates) ids() []id.ID {
	all := make([]id.ID, 0, len(c))
	for _, of := range c {
		all = append(all, of)
	}
	slices.SortFunc(all, func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

// candidatesOf finds out whom the values mean: ids say so themselves; for the rest a configuration's userNames and
// externalIds are looked up.
func (s *Service) candidatesOf(ctx context.Context, q scope, n net) (candidates, error) {
	found := make(candidates, len(n.add)+len(n.remove))
	var names []string
	for _, m := range slices.Concat(n.add, n.remove) {
		kind, of, ok := id.KindOf(m.Value)
		switch {
		case ok && (kind == id.User || kind == id.Group):
			found[m.Value] = of
		case q.provider() && unfit(m.Value) == "":
			names = append(names, m.Value)
		}
	}
	if len(names) == 0 {
		return found, nil
	}
	named, err := s.named(ctx, q, names)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if of, ok := named[name]; ok {
			found[name] = of
		}
	}
	return found, nil
}

// fits tells whether a value and what it names are of one kind: usr_… never means a group.
func fits(value string, f fact) bool {
	kind, _, ok := id.KindOf(value)
	return f.known() && (!ok || f.isUser && kind == id.User || f.isGroup && kind == id.Group)
}

// look is what is known before a change of members is decided.
type look struct {
	group     *Group
	who       candidates
	facts     map[id.ID]fact
	parked    []parked // those that the edit may be about
	members   int      // how many there are, but no more than was asked for
	anyParked bool
}

// fact returns what is known of whom a value means.
func (l *look) fact(value string) (id.ID, fact, bool) {
	of, named := l.who[value]
	f := l.facts[of]
	return of, f, named && fits(value, f)
}

// decide compares the edits with what is there.
func (n net) decide(v voice, l *look, refuse bool) (c memberChange, unknown []MemberRef, err error) {
	seen := map[id.ID]bool{}
	for _, m := range n.add {
		of, f, known := l.fact(m.Value)
		switch {
		case !known && (refuse || unfit(m.Value) != ""):
			return c, nil, ErrInvalidMember.Sayf("there is no user or group %.80q in this tenant", m.Value)
		case !known:
			unknown = append(unknown, m)
			continue
		case seen[of]:
		case f.why == nil:
			c.come = append(c.come, comer{of: of, isGroup: f.isGroup, why: reasons{v.reason()}})
		default:
			if now := f.why.with(v.reason()); len(now) > len(f.why) {
				c.restated = append(c.restated, restated{of: of, isGroup: f.isGroup, was: f.why, now: now})
			} else {
				c.idle++
			}
		}
		seen[of] = true
	}
	for _, m := range n.remove {
		of, f, known := l.fact(m.Value)
		switch {
		case known && f.why != nil && !seen[of]:
			seen[of] = true
			c.settle(v, leaver{of: of, isGroup: f.isGroup, was: f.why}, v.afterRemoval(f.why))
		default:
			c.idle++
		}
	}
	return c, unknown, nil
}

// staying lists who is named by a new whole list and is there already.
func (n net) staying(l *look) []id.ID {
	var ids []id.ID
	for _, m := range n.add {
		if of, f, known := l.fact(m.Value); known && f.why != nil {
			ids = append(ids, of)
		}
	}
	return ids
}

// settleParked decides who is parked from now on and who no longer. A configuration speaks for its own only.
func (n net) settleParked(v voice, c *memberChange, l *look, unknown []MemberRef) {
	added, removed, missing := setOf(n.add), setOf(n.remove), setOf(unknown)
	keys := map[string]bool{}
	for _, p := range l.parked {
		keys[fold(p.given)] = true
		switch {
		case p.keptOut:
			n.settleKeptOut(v, c, p, l)
		case missing[p.given]:
			delete(missing, p.given) // she waits already
		case v.mayRelease(p) && (n.reset || added[p.given] || removed[p.given]):
			c.release = append(c.release, p)
		}
	}
	for _, m := range unknown {
		if !missing[m.Value] {
			continue
		}
		delete(missing, m.Value)
		key := fold(m.Value)
		c.park = append(c.park, parked{config: v.config, given: m.Value, display: m.Display, second: keys[key]})
		keys[key] = true
	}
}

// settleKeptOut ends that somebody is kept out: when she comes in, for her provider's reason too, and when that provider does
// not list her any more.
func (n net) settleKeptOut(v voice, c *memberChange, p parked, l *look) {
	at := slices.IndexFunc(c.come, func(one comer) bool { return one.of == p.member })
	switch {
	case at >= 0:
		c.come[at].why = c.come[at].why.with(Reason{Source: SourceSCIM, By: p.config})
		c.release = append(c.release, p)
	case v.provider() && p.config == v.config && (n.reset || n.takesOut(l, p.member)):
		c.release = append(c.release, p)
	}
}

func (n net) takesOut(l *look, who id.ID) bool {
	return slices.ContainsFunc(n.remove, func(m MemberRef) bool { return l.who[m.Value] == who })
}

func (v voice) mayRelease(p parked) bool { return !v.provider() || p.config == v.config }

func setOf(members []MemberRef) map[string]bool {
	set := make(map[string]bool, len(members))
	for _, m := range members {
		set[m.Value] = true
	}
	return set
}
