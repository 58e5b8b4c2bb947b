package directory

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// DriftKind says how a group differs from what the identity provider that owns it has said.
type DriftKind string

// The kinds of drift. Who was adopted by hand is none.
const (
	DriftByHand        DriftKind = "by_hand"        // a member by hand, whom the provider does not list
	DriftByRule        DriftKind = "by_rule"        // a member by a rule, whom the provider does not list
	DriftOtherProvider DriftKind = "other_provider" // a member by another configuration only
	DriftParked        DriftKind = "parked"         // the provider lists somebody whom nobody knows yet
	DriftKeptOut       DriftKind = "kept_out"       // the provider lists somebody whom a hand has taken out
)

// Drift is one difference between the members of a group and what its provider lists.
type Drift struct {
	Kind    DriftKind
	Member  id.ID // id.Nil for who is parked
	IsGroup bool
	Value   string // the member's id, or what the provider calls who is parked
	Display string // of who is parked, if the provider has said
	Config  *id.ID // the configuration that lists her: another one than the group's, or the one that waits for her
	Since   time.Time

	why    reasons
	parked parked
}

// Settlement says how to settle drift.
type Settlement string

// The settlements.
const (
	// SettleForProvider makes it as the provider's list says: who is not on it goes, who is kept out comes back. Who is parked
	// stays so.
	SettleForProvider Settlement = "provider"
	// SettleByHand keeps it as it is, by hand: members are adopted and no drift any more, who is kept out or parked is not
	// awaited any longer.
	SettleByHand Settlement = "hand"
)

// Settle says which drift of a group to settle, and how.
type Settle struct {
	As       Settlement
	Values   []string // of Drift; nil is all of it
	Additive bool     // the configuration that owns the group is
}

const driftCursor = "drift"

// DriftOf returns, for each of several groups, a page of its drift: members first, then who is parked or kept out. A group
// that no configuration owns has none. Total is not counted: DriftCounts does that.
func (s *Service) DriftOf(ctx context.Context, groups []id.ID, args page.Args) (map[id.ID]page.Page[Drift], error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	limit, backward, err := args.Limit()
	if err != nil {
		return nil, err
	}
	if backward {
		return nil, page.ErrArgs.Sayf("drift is read forward only: ask with first and after")
	}
	after, err := driftStand(args.After)
	if err != nil {
		return nil, err
	}
	found, err := s.driftOf(ctx, q, groups, after, limit+1)
	if err != nil {
		return nil, err
	}
	return pagesOf(groups, found, args)
}

// DriftCounts returns how much drift some groups have.
func (s *Service) DriftCounts(ctx context.Context, groups []id.ID) (map[id.ID]int64, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.driftCounts(ctx, q, groups)
}

// DriftCursor returns the cursor of a difference in the pages of DriftOf.
func DriftCursor(d Drift) string {
	return page.Encode(driftCursor, strconv.Itoa(d.phase()), d.key())
}

// driftPlace is where a page of drift goes on.
type driftPlace struct {
	phase  int
	member id.ID
	value  string
}

const (
	phaseMembers = 0
	phaseParked  = 1
)

func (d Drift) phase() int {
	if d.Kind == DriftParked || d.Kind == DriftKeptOut {
		return phaseParked
	}
	return phaseMembers
}

func (d Drift) key() string {
	switch {
	case d.phase() == phaseMembers:
		return d.Member.String()
	case d.Kind == DriftKeptOut:
		return mark + d.Value
	default:
		value, _ := d.parked.columns()
		return value
	}
}

func driftStand(cursor string) (driftPlace, error) {
	if cursor == "" {
		return driftPlace{}, nil
	}
	parts, err := page.Decode(driftCursor, cursor, 2)
	if err != nil {
		return driftPlace{}, err
	}
	if parts[0] == strconv.Itoa(phaseParked) {
		return driftPlace{phase: phaseParked, value: parts[1]}, nil
	}
	of, err := parseID(parts[1])
	if err != nil || parts[0] != strconv.Itoa(phaseMembers) {
		return driftPlace{}, page.ErrCursor
	}
	return driftPlace{phase: phaseMembers, member: of}, nil
}

// maxSettled bounds how much drift one call settles.
const maxSettled = 10_000

// driftSettled is what the journal keeps of settled drift. It names up to a thousand of each.
type driftSettled struct {
	As      Settlement `json:"as"`
	Settled int        `json:"settled"`
	Members []string   `json:"members"`
}

// SettleDrift settles the drift of a group, up to ten thousand differences at once, and returns how many it were. It is for
// administrators. Refuses with ErrGroupNotFound, ErrStaleVersion, ErrNoProvider where nobody owns the group, and, with
// ErrAuthoritative, to keep members by hand whom the next whole list of the provider would take out again.
func (s *Service) SettleDrift(ctx context.Context, of id.ID, how Settle, expect *Expect) (*Group, int, error) {
	q, err := scopeOf(ctx)
	switch {
	case err != nil:
		return nil, 0, err
	case q.provider():
		return nil, 0, errNotForProviders
	}
	settled := 0
	g, err := store.InTx(ctx, s.db, func(ctx context.Context) (*Group, error) {
		if err := s.lockGroups(ctx, q, []id.ID{of}); err != nil {
			return nil, err
		}
		g, err := s.group(ctx, selectGroup, q.tenant, of)
		switch {
		case err != nil:
			return nil, err
		case g.Config == nil:
			return nil, ErrNoProvider
		}
		if err := expect.Met(g.Version, g.UpdatedAt); err != nil {
			return nil, err
		}
		drift, err := s.driftToSettle(ctx, q, of, how)
		if settled = len(drift); err != nil || settled == 0 {
			return g, err
		}
		return s.saveSettlement(ctx, q, g, how.As, drift)
	})
	if err != nil {
		return nil, 0, err
	}
	return g, settled, nil
}

// driftToSettle returns the drift that a settlement does something about.
func (s *Service) driftToSettle(ctx context.Context, q scope, of id.ID, how Settle) ([]Drift, error) {
	found, err := s.driftOf(ctx, q, []id.ID{of}, driftPlace{}, maxSettled)
	if err != nil {
		return nil, err
	}
	drift := slices.DeleteFunc(found[of], func(d Drift) bool {
		beyondUs := how.As == SettleForProvider && d.Kind == DriftParked
		return beyondUs || how.Values != nil && !slices.Contains(how.Values, d.Value)
	})
	if how.As == SettleByHand && !how.Additive && slices.ContainsFunc(drift, Drift.passing) {
		return nil, ErrAuthoritative
	}
	return drift, nil
}

// passing tells whether a member goes with the next whole list of an authoritative provider, however a hand keeps her.
func (d Drift) passing() bool { return d.Kind == DriftByHand || d.Kind == DriftByRule }

func (s *Service) saveSettlement(ctx context.Context, q scope, was *Group, as Settlement, drift []Drift) (*Group, error) {
	var c memberChange
	data := driftSettled{As: as, Settled: len(drift)}
	for i, d := range drift {
		c.take(d, as, Reason{Source: SourceAdopted, By: q.who})
		if i < told {
			data.Members = append(data.Members, d.Value)
		}
	}
	copied := *was
	now := &copied
	now.UpdatedAt = s.clock()
	if c.moved() {
		now.Version++
		if err := saveGroup(ctx, q, was, now, true); err != nil {
			return nil, err
		}
	}
	if err := s.saveMembers(ctx, q, now, c); err != nil {
		return nil, err
	}
	if err := s.recordMembers(ctx, q, now.ID, net{}, c, 0); err != nil {
		return nil, err
	}
	_, err := s.events.Record(ctx, events.Event{Kind: "group.drift_settled", Subject: now.ID, Data: data})
	return now, err
}

// take adds what settles one difference.
func (c *memberChange) take(d Drift, as Settlement, adopted Reason) {
	switch {
	case d.phase() == phaseMembers && as == SettleForProvider:
		c.gone = append(c.gone, leaver{of: d.Member, isGroup: d.IsGroup, was: d.why})
	case d.phase() == phaseMembers:
		now := d.why.without(byHands).with(adopted)
		c.restated = append(c.restated, restated{of: d.Member, isGroup: d.IsGroup, was: d.why, now: now})
	default:
		c.release = append(c.release, d.parked)
		if as == SettleForProvider {
			why := reasons{{Source: SourceSCIM, By: d.parked.config}}
			c.come = append(c.come, comer{of: d.Member, isGroup: d.IsGroup, why: why})
		}
	}
}
