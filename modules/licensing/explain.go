package licensing

import (
	"context"
	"slices"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/directory"
)

// Explanation tells why a person has, or has not, a seat of a license.
type Explanation struct {
	License  License
	User     id.ID
	Seat     *Seat // nil for somebody who never had one
	Position int64 // in line, 1 for the next; 0 unless waiting
	Active   bool
	Answer   string // a reason of the answers to the question who may come in
	Claims   []Claim
	Rules    []RuleAnswer
	Missing  []License // licenses that this one requires and of which she has no seat
	Consent  Consent   // what she has said; empty for nothing
	Steps    []Entry   // of her seat, the newest first
}

// RuleAnswer is what one rule says of a person.
type RuleAnswer struct {
	Rule       Rule
	Definition Definition
	Means      bool // its group and its filter mean her
	Gives      bool // and no rule of the same choice comes before it
	Unanswered bool // an attribute of its filter has gone
}

// maxSteps is how many steps an explanation tells.
const maxSteps = 50

// Explain tells why a person has, or has not, a seat: each rule of the license and what it says of her, her reasons, what holds her
// back, and the steps of her seat with the events that caused them. An event names the request that it came from. Refuses with
// ErrLicenseNotFound and ErrUserNotFound.
func (s *Service) Explain(ctx context.Context, license, user id.ID) (Explanation, error) {
	if err := caller.Require(ctx, caller.ScopeAdminRead); err != nil {
		return Explanation{}, err
	}
	l, err := s.load(ctx, license)
	if err != nil {
		return Explanation{}, err
	}
	found, err := s.people.Find(ctx, []directory.Person{{ID: user}})
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{License: l, User: user, Active: found[0].Active, Answer: NoSeat}
	if err := s.explainSeat(ctx, &e); err != nil {
		return Explanation{}, err
	}
	if found[0].ID == id.Nil && e.Seat == nil {
		return Explanation{}, ErrUserNotFound
	}
	if err := s.explainReasons(ctx, &e); err != nil {
		return Explanation{}, err
	}
	return e, s.explainHolds(ctx, &e)
}

func (s *Service) explainSeat(ctx context.Context, e *Explanation) error {
	seats, err := s.SeatsOf(ctx, []id.ID{e.User})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(seats[e.User], func(seat Seat) bool { return seat.License == e.License.ID })
	if at < 0 {
		return nil
	}
	e.Seat = &seats[e.User][at]
	e.Answer = seatAnswer(e.License, *e.Seat, s.clock()).Reason
	if !e.Active {
		e.Answer = Inactive
	}
	places, err := s.Places(ctx, []id.ID{e.Seat.ID})
	if err != nil {
		return err
	}
	e.Position = places[e.Seat.ID]
	steps, err := s.Ledger(ctx, []id.ID{e.License.ID}, LedgerFilter{User: e.User}, page.Args{First: maxSteps}, page.Descending)
	e.Steps = steps[e.License.ID].Items
	return err
}

func (s *Service) explainReasons(ctx context.Context, e *Explanation) error {
	claims, err := s.claimsOf(ctx, e.User, id.Nil)
	if err != nil {
		return err
	}
	e.Claims = slices.DeleteFunc(claims, func(c Claim) bool { return c.License != e.License.ID })
	slices.SortFunc(e.Claims, func(a, b Claim) int { return a.Since.Compare(b.Since) })
	return s.explainRules(ctx, e)
}

// explainRules asks every rule of the license twice: once with those that share a choice with it, and once alone. Two statements,
// however many rules there are.
func (s *Service) explainRules(ctx context.Context, e *Explanation) error {
	all, err := s.loadHoldings(ctx)
	if err != nil {
		return err
	}
	of := slices.DeleteFunc(slices.Clone(all), func(h holding) bool { return h.rule.License != e.License.ID })
	gives, lost, err := s.askOne(ctx, e.User, withChoices(of, all))
	if err != nil {
		return err
	}
	alone := slices.Clone(of)
	for i := range alone {
		alone[i].def.Choice = ""
	}
	means, _, err := s.askOne(ctx, e.User, alone)
	for _, h := range of {
		rule := h.rule.ID
		e.Rules = append(e.Rules, RuleAnswer{Rule: h.rule, Definition: h.def, Means: means[rule], Gives: gives[rule], Unanswered: h.lost || lost[rule]})
	}
	return err
}

// askOne tells, by rule, whether some rules give something to a person, and which of them cannot be asked any more.
func (s *Service) askOne(ctx context.Context, user id.ID, rules []holding) (gives, lost map[id.ID]bool, err error) {
	given, asked, err := s.ask(ctx, []id.ID{user}, rules)
	gives, lost = make(map[id.ID]bool, len(asked)), map[id.ID]bool{}
	answers := given[user]
	for i, h := range asked {
		gives[h.rule.ID] = answers != nil && answers[i]
		lost[h.rule.ID] = h.lost
	}
	return gives, lost, err
}

func (s *Service) explainHolds(ctx context.Context, e *Explanation) error {
	var err error
	if e.Consent, err = s.consentOf(ctx, e.License.ID, e.User); err != nil || len(e.License.Requires) == 0 {
		return err
	}
	required, err := s.Required(ctx, []id.ID{e.License.ID})
	if err != nil {
		return err
	}
	seats, err := s.SeatsOf(ctx, []id.ID{e.User})
	for _, l := range required[e.License.ID] {
		if !slices.ContainsFunc(seats[e.User], func(seat Seat) bool { return seat.License == l.ID && seat.State.sits() }) {
			e.Missing = append(e.Missing, l)
		}
	}
	return err
}
