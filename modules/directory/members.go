package directory

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/events"
)

// memberChange is what really changes about the members of a group: those come who are not in, those go who are.
type memberChange struct {
	come     []comer
	gone     []leaver
	restated []restated
	park     []parked // who is awaited or kept out from now on
	release  []parked // who no longer is
	idle     int      // members that an edit names and that stay as they are
}

// comer is a new member.
type comer struct {
	of      id.ID
	isGroup bool
	why     reasons
}

// leaver is a member who goes, and why she was one.
type leaver struct {
	of      id.ID
	isGroup bool
	was     reasons
}

// restated is a member who stays, for other reasons than before.
type restated struct {
	of       id.ID
	isGroup  bool
	was, now reasons
}

func (c *memberChange) comers() []id.ID {
	ids := make([]id.ID, len(c.come))
	for i, one := range c.come {
		ids[i] = one.of
	}
	return ids
}

func (c *memberChange) leavers() []id.ID {
	ids := make([]id.ID, len(c.gone))
	for i, one := range c.gone {
		ids[i] = one.of
	}
	return ids
}

func (c *memberChange) moved() bool { return len(c.come)+len(c.gone) > 0 }

func (c *memberChange) any() bool {
	return c.moved() || len(c.restated)+len(c.park)+len(c.release) > 0
}

// settle adds what becomes of a member whom somebody takes out.
func (c *memberChange) settle(v voice, m leaver, left reasons) {
	switch {
	case len(left) == len(m.was):
		c.idle++
	case len(left) > 0:
		c.restated = append(c.restated, restated{of: m.of, isGroup: m.isGroup, was: m.was, now: left})
	default:
		c.gone = append(c.gone, m)
		if config, held := m.was.provider(); held && !v.provider() {
			c.park = append(c.park, keptOut(m.of, m.isGroup, config))
		}
	}
}

// told is how many members an event names; it counts them all.
const told = 1000

// membersNews is what the journal keeps of changed members.
type membersNews struct {
	Added         []string `json:"added,omitempty"`
	AddedCount    int      `json:"addedCount,omitempty"`
	Removed       []string `json:"removed,omitempty"`
	RemovedCount  int      `json:"removedCount,omitempty"`
	RemovedByHand int      `json:"removedMadeByHand,omitempty"`
	Claimed       []string `json:"claimed,omitempty"` // members before, for one more reason now
	Kept          []string `json:"kept,omitempty"`    // taken out, and members still for another reason
	KeptOut       []string `json:"keptOut,omitempty"` // removed by hand although a provider lists them
	Parked        []string `json:"parked,omitempty"`
	Released      int      `json:"noLongerParked,omitempty"`
	Awaited       bool     `json:"awaited,omitempty"` // a parked member has come
}

func (c *memberChange) news() membersNews {
	n := membersNews{AddedCount: len(c.come), RemovedCount: len(c.gone), Released: len(c.release)}
	for _, one := range c.come[:min(len(c.come), told)] {
		n.Added = append(n.Added, typed(one.of, one.isGroup))
	}
	for i, one := range c.gone {
		if i < told {
			n.Removed = append(n.Removed, typed(one.of, one.isGroup))
		}
		if one.was.byHand() {
			n.RemovedByHand++
		}
	}
	for _, one := range c.restated[:min(len(c.restated), told)] {
		if len(one.now) > len(one.was) {
			n.Claimed = append(n.Claimed, typed(one.of, one.isGroup))
		} else {
			n.Kept = append(n.Kept, typed(one.of, one.isGroup))
		}
	}
	for _, p := range c.park[:min(len(c.park), told)] {
		if p.keptOut {
			n.KeptOut = append(n.KeptOut, p.given)
		} else {
			n.Parked = append(n.Parked, p.given)
		}
	}
	return n
}

func typed(of id.ID, isGroup bool) string {
	if isGroup {
		return id.Group.Format(of)
	}
	return id.User.Format(of)
}

// saveMembers writes and tells a change of members. The group's own row is written before.
func (s *Service) saveMembers(ctx context.Context, q scope, g *Group, c memberChange) error {
	for _, write := range []func() error{
		func() error { return deleteMembers(ctx, q, g.ID, c.leavers()) },
		func() error { return insertMembers(ctx, q, g, c.come) },
		func() error { return restateMembers(ctx, q, g.ID, c.restated) },
		func() error { return deleteParked(ctx, q, c.release) },
		func() error { return insertParked(ctx, q, g, c.park) },
	} {
		if err := write(); err != nil {
			return err
		}
	}
	if !c.moved() {
		return nil
	}
	if err := s.followers.MembershipChanged(ctx, g.ID, c.comers(), c.leavers()); err != nil {
		return fmt.Errorf("tell of changed members: %w", err)
	}
	return nil
}

// handMade is what the journal keeps of members whom hands had put in and whom a provider's whole list did not have.
type handMade struct {
	Config  string   `json:"scimConfig"`
	Members []string `json:"members"`
	Count   int      `json:"count"`
}

// bulkRemoval is what the journal keeps of an identity provider's edit that takes out very many. Before is how many were in,
// but no more than were counted: one more than twice as many as have gone.
type bulkRemoval struct {
	Config  string `json:"scimConfig"`
	Removed int    `json:"removed"`
	Before  int    `json:"before"`
	Emptied bool   `json:"emptied,omitempty"`
}

// manyGone is from how many on an edit raises group.bulk_removal, when that is half of the members or more. A group of two or
// more that is emptied raises it in any case.
const manyGone = 10

// recordMembers records a change of members, and what an administrator should look at.
func (s *Service) recordMembers(ctx context.Context, q scope, of id.ID, n net, c memberChange, before int) error {
	if !c.any() {
		return nil
	}
	if _, err := s.events.Record(ctx, events.Event{Kind: membersChanged, Subject: of, Data: c.news()}); err != nil {
		return err
	}
	if !q.provider() {
		return nil
	}
	config := id.Config.Format(q.config)
	if made := c.handMade(); n.reset && len(made) > 0 {
		data := handMade{Config: config, Members: made[:min(len(made), told)], Count: len(made)}
		if _, err := s.events.Record(ctx, events.Event{Kind: "group.hand_made_removed", Subject: of, Data: data}); err != nil {
			return err
		}
	}
	gone := len(c.gone)
	emptied := gone >= 2 && gone >= before && len(c.come) == 0
	if !emptied && (gone < manyGone || 2*gone < before) {
		return nil
	}
	data := bulkRemoval{Config: config, Removed: gone, Before: before, Emptied: emptied}
	_, err := s.events.Record(ctx, events.Event{Kind: "group.bulk_removal", Subject: of, Data: data})
	return err
}

func (c *memberChange) handMade() []string {
	var made []string
	for _, one := range c.gone {
		if one.was.byHand() {
			made = append(made, typed(one.of, one.isGroup))
		}
	}
	return made
}
