package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/events"
)

// parked is a place that a group keeps for somebody: for one who had not come when a configuration named her or, kept out,
// for a member whom a configuration lists and whom a hand has taken out.
type parked struct {
	id, group, config id.ID
	given             string // what the configuration calls her; the id of who is kept out
	display           string
	since             time.Time
	second            bool // another one waits under a name that differs in case only
	keptOut           bool
	member            id.ID // who is kept out
	memberIsGroup     bool
}

// A parked member is found by what she is called without case, because userNames have none. What else there is to keep stands
// before this character in the column of her display, and behind it in the column of her value: no name has it.
const mark = "\x1f"

// columns spells what the columns value and display keep. How providers spell an externalId counts, so it is kept.
func (p parked) columns() (value, display string) {
	if p.keptOut {
		return mark + p.given, ""
	}
	value, display = fold(p.given), strings.ReplaceAll(text(p.display), mark, "")
	if value != p.given {
		display = p.given + mark + display
	}
	if p.second {
		value = secondKey(p.given)
	}
	return value, display
}

// secondKey is where somebody is parked whose name without case has been given away.
func secondKey(given string) string { return fold(given) + mark + given }

// reading is the reverse of columns.
func (p parked) reading(value, display string) parked {
	p.given, p.display = value, display
	if rest, is := strings.CutPrefix(value, mark); is {
		p.given, p.keptOut = rest, true
		kind, of, _ := id.KindOf(rest)
		p.member, p.memberIsGroup = of, kind == id.Group
		return p
	}
	if _, given, is := strings.Cut(value, mark); is {
		p.given, p.second = given, true
	}
	if given, rest, is := strings.Cut(display, mark); is {
		p.given, p.display = given, rest
	}
	return p
}

func keptOut(of id.ID, isGroup bool, by id.ID) parked {
	return parked{config: by, given: typed(of, isGroup), keptOut: true, member: of, memberIsGroup: isGroup}
}

// keysOf lists the values under which what an edit names may be parked.
func (l *look) keysOf(n net) []string {
	var keys []string
	for _, m := range slices.Concat(n.add, n.remove) {
		keys = append(keys, fold(m.Value), secondKey(m.Value))
		if of, named := l.who[m.Value]; named {
			keys = append(keys, mark+typed(of, l.facts[of].isGroup))
		}
	}
	return keys
}

// newcomer is somebody whom groups may wait for.
type newcomer struct {
	of         id.ID
	isGroup    bool
	names      []string // any case
	externalID string   // as the calling configuration spells it
}

func (u *User) newcomer() newcomer {
	return newcomer{of: u.ID, names: []string{u.UserName, id.User.Format(u.ID)}, externalID: u.ExternalID}
}

func (g *Group) newcomer() newcomer {
	return newcomer{of: g.ID, isGroup: true, names: []string{id.Group.Format(g.ID)}, externalID: g.ExternalID}
}

// keys lists the values under which she may be parked.
func (n newcomer) keys() []string {
	var keys []string
	for _, name := range n.names {
		keys = append(keys, fold(name))
	}
	if n.externalID != "" {
		keys = append(keys, fold(n.externalID), secondKey(n.externalID))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// meant tells whether a parked value means her. An externalId counts within its own configuration only.
func (n newcomer) meant(q scope, p parked) bool {
	byName := func(name string) bool { return fold(name) == fold(p.given) }
	return !p.keptOut && (slices.ContainsFunc(n.names, byName) || p.config == q.config && p.given == n.externalID)
}

// waitFor returns who waits for somebody who is about to come, with their groups locked. Nobody can begin to wait for her
// until the unit ends.
func (s *Service) waitFor(ctx context.Context, q scope, n newcomer) ([]parked, error) {
	if err := s.db.Arriving(ctx); err != nil {
		return nil, err
	}
	waiting, err := s.waitingFor(ctx, q, n.keys())
	if err != nil {
		return nil, err
	}
	waiting = slices.DeleteFunc(waiting, func(p parked) bool { return !n.meant(q, p) })
	groups := make([]id.ID, len(waiting))
	for i, p := range waiting {
		groups[i] = p.group
	}
	return waiting, s.lockGroups(ctx, q, groups)
}

// unpark makes somebody a member of the groups that have waited for her, and tells whether any has.
func (s *Service) unpark(ctx context.Context, q scope, n newcomer, waiting []parked, now time.Time) (bool, error) {
	if len(waiting) == 0 {
		return false, nil
	}
	there, err := s.reasonsIn(ctx, q, n.of, waiting)
	if err != nil {
		return false, err
	}
	if err := deleteParked(ctx, q, waiting); err != nil {
		return false, err
	}
	slices.SortFunc(waiting, func(a, b parked) int { return slices.Compare(a.group[:], b.group[:]) })
	for len(waiting) > 0 {
		group, was := waiting[0].group, there[waiting[0].group]
		why := was
		for len(waiting) > 0 && waiting[0].group == group {
			why = why.with(Reason{Source: SourceSCIM, By: waiting[0].config})
			waiting = waiting[1:]
		}
		if err := s.welcome(ctx, q, group, n, was, why, now); err != nil {
			return false, err
		}
	}
	return true, nil
}

// welcome puts somebody who was awaited into one group.
func (s *Service) welcome(ctx context.Context, q scope, group id.ID, n newcomer, was, why reasons, now time.Time) error {
	if was != nil {
		c := memberChange{restated: []restated{{of: n.of, isGroup: n.isGroup, was: was, now: why}}}
		if err := restateMembers(ctx, q, group, c.restated); err != nil {
			return err
		}
		return s.recordMembers(ctx, q, group, net{}, c, 0)
	}
	if err := bumpGroupNow(ctx, q, group, now); err != nil {
		return err
	}
	c := memberChange{come: []comer{{of: n.of, isGroup: n.isGroup, why: why}}}
	if err := insertMembers(ctx, q, &Group{ID: group, UpdatedAt: now}, c.come); err != nil {
		return err
	}
	if err := s.followers.MembershipChanged(ctx, group, c.comers(), nil); err != nil {
		return fmt.Errorf("tell of a member who has come: %w", err)
	}
	news := c.news()
	news.Awaited = true
	_, err := s.events.Record(ctx, events.Event{Kind: membersChanged, Subject: group, Data: news})
	return err
}

// ParkedMembers returns who some groups wait for, in the order of their values.
func (s *Service) ParkedMembers(ctx context.Context, groups []id.ID) (map[id.ID][]ParkedMember, error) {
	return s.parkedOf(ctx, groups)
}
