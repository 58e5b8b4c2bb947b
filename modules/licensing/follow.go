package licensing

import (
	"cmp"
	"context"
	"log/slog"
	"slices"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/directory"
)

// holding is a rule that holds, ready to be asked. One without a selection means nobody: it is retired, or cannot be asked any
// more.
type holding struct {
	rule      Rule
	def       Definition
	selection *directory.Selection
	lost      bool // it cannot be asked any more: what it gave stays until somebody changes it
}

// looksAtGroups tells whether memberships decide whom the rule means.
func (h holding) looksAtGroups(group id.ID) bool {
	return h.selection != nil && (h.selection.Group == group || mentionsGroups(h.selection.Where))
}

func mentionsGroups(n filter.Node) bool {
	switch n := n.(type) {
	case filter.And:
		return mentionsGroups(n.Left) || mentionsGroups(n.Right)
	case filter.Or:
		return mentionsGroups(n.Left) || mentionsGroups(n.Right)
	case filter.Not:
		return mentionsGroups(n.Of)
	case filter.Compare:
		return (filter.Attr{Name: n.Attr.Name}).Is("groups")
	case filter.Each:
		return (filter.Attr{Name: n.Attr.Name}).Is("groups")
	default:
		return false
	}
}

// loadHoldings reads the tenant's published rules: the greatest priority first, and among equals the oldest.
func (s *Service) loadHoldings(ctx context.Context) ([]holding, error) {
	rules, err := s.rulesWhere(ctx, `status = $3`, RuleActive)
	if err != nil {
		return nil, err
	}
	return s.holdings(ctx, rules)
}

// holdings returns the active ones of some rules, ready to be asked, in their order of priority.
func (s *Service) holdings(ctx context.Context, rules []Rule) ([]holding, error) {
	rules = slices.DeleteFunc(rules, func(r Rule) bool { return r.Status != RuleActive })
	if len(rules) == 0 {
		return nil, nil
	}
	all, err := s.define(ctx, rules)
	if err != nil {
		return nil, err
	}
	var holdings []holding
	for _, d := range all {
		for _, v := range d.current {
			if v.Status != RevisionPublished {
				continue
			}
			h, err := s.holding(ctx, d.rule, v.Definition)
			if err != nil {
				return nil, err
			}
			holdings = append(holdings, h)
		}
	}
	inPriority(holdings)
	return holdings, nil
}

func inPriority(all []holding) {
	slices.SortStableFunc(all, func(a, b holding) int {
		return cmp.Or(cmp.Compare(b.def.Priority, a.def.Priority), cmp.Compare(a.rule.ID.String(), b.rule.ID.String()))
	})
}

func (s *Service) holding(ctx context.Context, r Rule, d Definition) (holding, error) {
	selection, err := s.selection(ctx, d)
	h := holding{rule: r, def: d, selection: &selection}
	if _, isFault := fault.As(err); isFault {
		slog.WarnContext(ctx, "a rule cannot be asked any more", "rule", id.Rule.Format(r.ID), "error", err)
		h.selection, h.lost, err = nil, true, nil
	}
	return h, err
}

// verdicts are which rules give a person something.
type verdicts map[id.ID][]bool

// ask tells which of some rules give something to which of some people. Of rules that share a choice, only the first one that
// means her does. Who is not active is not there.
func (s *Service) ask(ctx context.Context, people []id.ID, rules []holding) (verdicts, []holding, error) {
	var asked []holding
	var selections []directory.Selection
	for _, h := range rules {
		if h.lost {
			continue
		}
		if h.selection == nil { // retired: it means nobody
			asked, selections = append(asked, h), append(selections, directory.Selection{Group: h.rule.ID})
			continue
		}
		asked, selections = append(asked, h), append(selections, *h.selection)
	}
	taken, err := s.people.Take(ctx, people, selections)
	if err != nil {
		return nil, nil, err
	}
	given := make(verdicts, len(taken.By))
	for person, means := range taken.By {
		chosen := map[string]bool{}
		for i, h := range asked {
			means[i] = means[i] && (h.def.Choice == "" || !chosen[h.def.Choice])
			chosen[h.def.Choice] = chosen[h.def.Choice] || means[i]
		}
		given[person] = means
	}
	for i := range taken.Unanswered {
		asked[i].lost = true
	}
	return given, asked, nil
}

// byRules is what brings some people in line with some rules.
type byRules struct{ gain, lose []Claim }

func (s *Service) compare(ctx context.Context, people []id.ID, rules []holding) (b byRules, err error) {
	given, asked, err := s.ask(ctx, people, rules)
	if err != nil || len(given) == 0 {
		return b, err
	}
	have, err := s.claimsOfPeople(ctx, people)
	if err != nil {
		return b, err
	}
	for _, person := range people {
		means, active := given[person]
		if !active {
			continue // what she had ends with her activity, not with a rule
		}
		for i, h := range asked {
			at := slices.IndexFunc(have[person], func(c Claim) bool { return c.Reason == ByRule && c.ReasonID == h.rule.ID })
			c := Claim{License: h.rule.License, User: person, Reason: ByRule, ReasonID: h.rule.ID, Priority: h.def.Priority}
			switch {
			case h.lost:
			case means[i] && (at < 0 || have[person][at].Priority != c.Priority):
				b.gain = append(b.gain, c)
			case !means[i] && at >= 0:
				b.lose = append(b.lose, c)
			}
		}
	}
	return b, nil
}

// causeRule is the cause of a seat that is lost because no rule means its holder any more.
const causeRule = "rule ended"

// follow brings some people in line with some rules, within the caller's unit of work. What is gained comes before what is lost, so
// that who moves from one reason to another keeps her seat. With hold, nobody else
// changes these people until the unit ends; a unit that changes one of them holds her anyway.
func (s *Service) follow(ctx context.Context, people []id.ID, rules []holding, hold bool) (gained, lost int64, err error) {
	if hold {
		if err := s.people.HoldAll(ctx, people); err != nil {
			return 0, 0, err
		}
	}
	b, err := s.compare(ctx, people, rules)
	if err != nil || len(b.gain)+len(b.lose) == 0 {
		return 0, 0, err
	}
	for _, c := range inOrder(slices.Concat(b.gain, b.lose)) { // every license before any seat, always in the same order
		if _, err := s.lock(ctx, c.License); err != nil {
			return 0, 0, err
		}
	}
	if err := s.claimTogether(ctx, inOrder(b.gain)); err != nil {
		return 0, 0, err
	}
	return int64(len(b.gain)), int64(len(b.lose)), s.drop(ctx, b.lose, causeRule)
}

// writtenFirst writes somebody who changes before her claims are read, where there are rules. Their runs give to people without a change
// of theirs: one that holds her has given then what it gives, and a later one finds her as she is to be. Whether the tenant has rules is
// known within ruleLife of the first one's being made, and the first run comes later.
func (s *Service) writtenFirst(ctx context.Context) error {
	is, err := s.ruling(ctx)
	if err != nil || !is.any {
		return err
	}
	return store.Flush(ctx)
}

// followChange is followPerson for somebody who was there before.
func (s *Service) followChange(ctx context.Context, user id.ID) error {
	if err := s.writtenFirst(ctx); err != nil {
		return err
	}
	return s.followPerson(ctx, user)
}

// followPerson brings somebody who has come or changed in line with every rule.
func (s *Service) followPerson(ctx context.Context, user id.ID) error {
	rules, err := s.published(ctx)
	if err != nil || len(rules) == 0 {
		return err
	}
	_, _, err = s.follow(ctx, []id.ID{user}, rules, false)
	return err
}

// followedAtOnce is how many people of one change of a group are brought in line in the unit of that change. More are left to a
// run that the unit begins: a unit must not hold a license for seconds.
const followedAtOnce = 200

// followMembers brings in line who has come into a group or gone from it.
func (s *Service) followMembers(ctx context.Context, group id.ID, people []id.ID) error {
	all, err := s.published(ctx)
	if err != nil {
		return err
	}
	affected := slices.DeleteFunc(slices.Clone(all), func(h holding) bool { return !h.looksAtGroups(group) })
	if len(affected) == 0 || len(people) == 0 {
		return nil
	}
	if len(people) <= followedAtOnce {
		_, _, err = s.follow(ctx, people, withChoices(affected, all), true)
		return err
	}
	for _, h := range affected {
		if _, err := s.startRun(ctx, h.rule); err != nil {
			return err
		}
	}
	return nil
}

// withChoices adds to some rules those that share a choice with one of them, in the order of all.
func withChoices(some, all []holding) []holding {
	return slices.DeleteFunc(slices.Clone(all), func(h holding) bool {
		return !slices.ContainsFunc(some, func(one holding) bool {
			return one.rule.ID == h.rule.ID || one.def.Choice != "" && one.def.Choice == h.def.Choice
		})
	})
}

// published returns the rules that hold in the tenant. What another replica has published in the last moment may be missing: its
// run begins when it is not any more.
func (s *Service) published(ctx context.Context) ([]holding, error) {
	is, err := s.ruling(ctx)
	return is.rules, err
}

// ruling is what is known of the tenant's rules.
func (s *Service) ruling(ctx context.Context) (cachedPublished, error) {
	tenant, err := tenantOf(ctx)
	if err != nil {
		return cachedPublished{}, err
	}
	c, now := s.rules, s.clock()
	c.mu.Lock()
	is, hit := c.published[tenant]
	c.mu.Unlock()
	if hit && now.Before(is.until) {
		return is, nil
	}
	all, err := s.rulesWhere(ctx, `status <> $3`, "")
	if err != nil {
		return cachedPublished{}, err
	}
	is = cachedPublished{any: len(all) > 0, until: now.Add(ruleLife)}
	if is.rules, err = s.holdings(ctx, all); err != nil {
		return cachedPublished{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.published) >= rememberedRules {
		clear(c.published)
	}
	c.published[tenant] = is
	return is, nil
}
