package directory

import (
	"context"
	"slices"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// plan is what an edit of a group comes to.
type plan struct {
	was      *Group
	net      net
	members  memberChange
	before   int         // members there were, as far as they were counted
	suspects []MemberRef // whom a replace named alone, and who were added instead
}

// locks are what a unit holds while it changes members.
type locks struct{ missing, group bool }

// plan loads a group and decides what an edit changes about its members.
//
// Who only puts in whom she has found out and takes out whom she has found in needs no lock: her writes count the rows that
// they meet, and when somebody was faster the unit runs again. Everybody else locks the group and looks once more: who replaces
// the list, who relies on somebody being in or out already, who changes for what reason somebody is in. Who parks somebody
// makes sure, besides, that she is not arriving at this moment.
func (s *Service) plan(ctx context.Context, q scope, of id.ID, edit GroupEdit) (*plan, error) {
	p := &plan{}
	held := locks{}
	if edit.LoneReplaceAdds {
		var err error
		if edit.Members, held.group, err = s.mistrust(ctx, q, of, edit.Members, p); err != nil {
			return nil, err
		}
	}
	p.net = foldEdits(edit.Members)
	for {
		l, err := s.lookAt(ctx, q, of, p.net)
		if err != nil {
			return nil, err
		}
		v := voice{scope: q, owns: l.group.ownedBy(q), additive: edit.Additive, strict: edit.Strict}
		c, unknown, err := p.net.decide(v, l, edit.Strict || !q.provider())
		if err != nil {
			return nil, err
		}
		p.net.settleParked(v, &c, l, unknown)
		wanted := locks{missing: len(unknown) > 0, group: store.Attempt(ctx) > 1 || p.net.reset || c.delicate()}
		if again, err := s.lock(ctx, q, of, &held, wanted); err != nil || again {
			if err != nil {
				return nil, err
			}
			continue
		}
		p.was, p.members, p.before = l.group, c, l.members
		if p.net.reset {
			err = s.takeOutRest(ctx, v, p, l)
		}
		return p, err
	}
}

// lock takes the locks that are wanted and not held, and tells whether there were any.
func (s *Service) lock(ctx context.Context, q scope, of id.ID, held *locks, wanted locks) (bool, error) {
	if !s.db.Postgres() {
		return false, nil // the only writer is alone
	}
	missing, group := wanted.missing && !held.missing, wanted.group && !held.group
	if missing {
		if err := s.db.Awaiting(ctx); err != nil {
			return false, err
		}
		held.missing = true
	}
	if group {
		if err := s.lockGroups(ctx, q, []id.ID{of}); err != nil {
			return false, err
		}
		held.group = true
	}
	return missing || group, nil
}

// delicate tells whether a change relies on what its own writes do not check.
func (c *memberChange) delicate() bool {
	return len(c.restated)+len(c.park)+len(c.release) > 0 || c.idle > 0 && c.moved()
}

func (g *Group) ownedBy(q scope) bool {
	return q.provider() && (g.Config == nil || *g.Config == q.config) // nobody's group is about to be linked
}

// takeOutRest adds those whom a new whole list does not name.
func (s *Service) takeOutRest(ctx context.Context, v voice, p *plan, l *look) error {
	staying, others := p.net.staying(l), len(p.members.restated)
	if err := s.takeOutBeside(ctx, v, p.was.ID, staying, &p.members); err != nil {
		return err
	}
	gone := len(p.members.gone)
	p.before = len(staying) + gone + len(p.members.restated) - others
	if gone < 2 || !v.ownOnly() {
		return nil
	}
	var err error
	p.before, err = s.someMembers(ctx, v.scope, p.was.ID, 2*gone+1) // there may be others, whom nobody has looked at
	return err
}

// membersOfNew decides who the members of a group are that is being made.
func (s *Service) membersOfNew(ctx context.Context, q scope, g *Group, n net, strict bool) (memberChange, error) {
	if n.empty() {
		return memberChange{}, nil
	}
	held := locks{}
	for {
		l, err := s.lookAtNew(ctx, q, g, n)
		if err != nil {
			return memberChange{}, err
		}
		v := voice{scope: q, owns: true, strict: strict}
		c, unknown, err := n.decide(v, l, strict || !q.provider())
		if err != nil {
			return memberChange{}, err
		}
		n.settleParked(v, &c, l, unknown)
		if again, err := s.lock(ctx, q, g.ID, &held, locks{missing: len(unknown) > 0}); err != nil || !again {
			return c, err
		}
	}
}

// mistrust takes a replace by one single member for an addition, in a group of two or more, which it locks.
func (s *Service) mistrust(ctx context.Context, q scope, of id.ID, edits []MemberEdit, p *plan) ([]MemberEdit, bool, error) {
	lone := func(e MemberEdit) bool { return e.Op == ReplaceMembers && len(e.Members) == 1 }
	if !q.provider() || !slices.ContainsFunc(edits, lone) {
		return edits, false, nil
	}
	if err := s.lockGroups(ctx, q, []id.ID{of}); err != nil {
		return nil, false, err
	}
	there, err := s.someMembers(ctx, q, of, 2)
	if err != nil || there < 2 {
		return edits, true, err
	}
	edits = slices.Clone(edits)
	for i := range edits {
		if lone(edits[i]) {
			edits[i].Op = AddMembers
			p.suspects = append(p.suspects, edits[i].Members...)
		}
	}
	return edits, true, nil
}

// SuspectHint says what to do about a replace that was taken for an addition.
const SuspectHint = "Entra has replaced the whole list of members by a single one, which it does where members is mapped as a " +
	"plain attribute; it was taken for an addition. In the attribute mapping for groups, map members to members as a " +
	"reference with multiple values, and remove any other mapping to members."

// SuspiciousReplace is the kind of the event that records a replace that was taken for an addition.
const SuspiciousReplace = "group.suspicious_replace"

// suspicion is what the journal keeps of a replace that was taken for an addition.
type suspicion struct {
	Config string   `json:"scimConfig"`
	Added  []string `json:"added"`
	Hint   string   `json:"hint"`
}

func (s *Service) recordSuspects(ctx context.Context, q scope, p *plan) error {
	if len(p.suspects) == 0 {
		return nil
	}
	data := suspicion{Config: id.Config.Format(q.config), Hint: SuspectHint}
	for _, m := range p.suspects {
		data.Added = append(data.Added, m.Value)
	}
	_, err := s.events.Record(ctx, events.Event{Kind: SuspiciousReplace, Subject: p.was.ID, Data: data})
	return err
}
