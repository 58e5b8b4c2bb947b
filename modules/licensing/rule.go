package licensing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/directory"
)

// Faults of rules.
var (
	ErrRuleNotFound     = fault.New(fault.NotFound, "rule_not_found", "there is no such rule")
	ErrRevisionNotFound = fault.New(fault.NotFound, "revision_not_found", "the rule has no such revision").At("revision")
	ErrNoDraft          = fault.New(fault.Conflict, "no_draft", "the rule has no draft: change it first")
	ErrInvalidRule      = fault.New(fault.Invalid, "invalid_rule", "the rule is not valid")
	ErrRuleOverlaps     = fault.New(fault.Conflict, "rule_overlaps", "another rule of the license selects the same people")
)

// The statuses of rules and of their revisions.
const (
	RuleDraft   = "draft"   // never published
	RuleActive  = "active"  // a revision of it holds
	RuleRetired = "retired" // none does any more

	RevisionDraft      = "draft"
	RevisionPublished  = "published"
	RevisionSuperseded = "superseded" // was published before
)

// Definition says whom a rule means, and how much it counts.
type Definition struct {
	Group    id.ID  `json:"group,omitzero"`   // direct members of it; id.Nil for anybody
	Filter   string `json:"filter,omitempty"` // people whom it takes, in SCIM's grammar; empty for anybody
	Choice   string `json:"choice,omitempty"` // of the rules that share one, a person gets only what the greatest priority gives
	Priority int    `json:"priority,omitempty"`
}

// Rule says who should get a seat of a license. Its revisions hold the definitions.
type Rule struct {
	ID        id.ID
	License   id.ID
	Name      string
	Status    string
	Published int64 // number of the revision that holds; 0 for none
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Revision is one version of a rule.
type Revision struct {
	Rule        id.ID
	Number      int64 // from 1
	Status      string
	Definition  Definition
	Author      string
	CreatedAt   time.Time
	PublishedAt *time.Time
}

// Bounds of rules.
const (
	maxRules    = 200 // of a tenant
	maxRuleName = 200
	maxFilter   = 4000
	maxChoice   = 100
)

// NewRule is a rule to make.
type NewRule struct {
	License    id.ID
	Name       string
	Definition Definition
}

// CreateRule makes a rule with its first draft. It holds for nobody until it is published. Refuses with ErrLicenseNotFound,
// ErrInvalidRule, ErrRuleOverlaps and directory.ErrFilterUnsupported.
func (s *Service) CreateRule(ctx context.Context, n NewRule) (Rule, Revision, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Rule{}, Revision{}, err
	}
	now := s.clock()
	r := Rule{ID: id.New(), License: n.License, Name: strings.TrimSpace(n.Name), Status: RuleDraft, CreatedAt: now, UpdatedAt: now}
	if !fits(r.Name, 1, maxRuleName) {
		return Rule{}, Revision{}, ErrInvalidRule.At("name").Sayf("a rule's name has 1 to %d characters, none of them a control character", maxRuleName)
	}
	draft, err := store.InTx(ctx, s.db, func(ctx context.Context) (Revision, error) {
		if _, err := s.lock(ctx, n.License); err != nil {
			return Revision{}, err
		}
		if count, err := s.countRules(ctx); err != nil || count >= maxRules {
			return Revision{}, orSay(err, ErrInvalidRule.Sayf("a tenant has at most %d rules; retired ones count: publish another definition of one of them", maxRules))
		}
		draft, err := s.draftOf(ctx, r, n.Definition, 1)
		if err != nil {
			return Revision{}, err
		}
		if err := s.insertRule(ctx, r); err != nil {
			return Revision{}, err
		}
		if err := s.saveRevision(ctx, draft); err != nil {
			return Revision{}, err
		}
		return draft, s.record(ctx, "rule.created", r.ID, ruleNews(r, draft))
	})
	return r, draft, err
}

func orSay(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// ReviseRule writes the draft of a rule: the next revision, or another one in place of a draft that is there. What is published
// holds on. Refuses as CreateRule does, and with ErrRuleNotFound.
func (s *Service) ReviseRule(ctx context.Context, of id.ID, d Definition) (Rule, Revision, error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Rule{}, Revision{}, err
	}
	var r Rule
	draft, err := store.InTx(ctx, s.db, func(ctx context.Context) (Revision, error) {
		var err error
		if r, err = s.lockRule(ctx, of); err != nil {
			return Revision{}, err
		}
		latest, err := s.latestRevision(ctx, of)
		if err != nil {
			return Revision{}, err
		}
		number := latest.Number
		if latest.Status != RevisionDraft {
			number++
		}
		draft, err := s.draftOf(ctx, r, d, number)
		if err != nil || latest.Status == RevisionDraft && latest.Definition == draft.Definition {
			return latest, err
		}
		if err := s.saveRevision(ctx, draft); err != nil {
			return Revision{}, err
		}
		return draft, s.record(ctx, "rule.revised", r.ID, ruleNews(r, draft))
	})
	return r, draft, err
}

// ruleNews is what the journal keeps of a rule.
func ruleNews(r Rule, v Revision) map[string]any {
	return map[string]any{
		inLicense: id.License.Format(r.License), "name": r.Name, "revision": v.Number, "definition": v.Definition,
	}
}

func (s *Service) draftOf(ctx context.Context, r Rule, d Definition, number int64) (Revision, error) {
	d.Filter, d.Choice = strings.TrimSpace(d.Filter), strings.TrimSpace(d.Choice)
	if err := s.checkDefinition(ctx, r, d); err != nil {
		return Revision{}, err
	}
	who, err := caller.Must(ctx)
	return Revision{Rule: r.ID, Number: number, Status: RevisionDraft, Definition: d, Author: who.Name, CreatedAt: s.clock()}, err
}

// checkDefinition refuses what selects nobody for sure, what cannot be asked, and what another rule of the license selects.
func (s *Service) checkDefinition(ctx context.Context, r Rule, d Definition) error {
	switch {
	case d.Priority < -MaxPriority || d.Priority > MaxPriority:
		return errPriority
	case len(d.Filter) > maxFilter:
		return ErrInvalidRule.At("filter").Sayf("rule %q: a filter has at most %d characters", r.Name, maxFilter)
	case !fits(d.Choice, 0, maxChoice):
		return ErrInvalidRule.At("choice").Sayf("rule %q: a choice has at most %d characters, none of them a control character", r.Name, maxChoice)
	}
	selection, err := s.selection(ctx, d)
	if f, ok := fault.As(err); ok {
		return f.Sayf("rule %q: %s", r.Name, f.Message)
	}
	if err != nil {
		return err
	}
	if d.Group != id.Nil {
		found, err := s.people.Groups(ctx, []id.ID{d.Group})
		if err != nil {
			return err
		}
		if found[d.Group] == nil {
			return ErrInvalidRule.At("groupId").Sayf("rule %q: there is no group %s", r.Name, id.Group.Format(d.Group))
		}
	}
	return s.checkOverlap(ctx, r, keyOfSelection(selection))
}

// selection turns a definition into what the directory is asked.
func (s *Service) selection(ctx context.Context, d Definition) (directory.Selection, error) {
	of := directory.Selection{Group: d.Group}
	if d.Filter == "" {
		return of, nil
	}
	var err error
	of.Where, err = s.people.ParseFilter(ctx, d.Filter)
	return of, err
}

// keyOfSelection is the same for selections that mean the same people by the same words.
func keyOfSelection(of directory.Selection) string {
	return strings.ToLower(fmt.Sprintf("%s %v", of.Group, of.Where))
}

func (s *Service) checkOverlap(ctx context.Context, r Rule, key string) error {
	others, err := s.rulesOf(ctx, r.License)
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.rule.ID == r.ID || other.rule.Status == RuleRetired {
			continue
		}
		for _, v := range other.current {
			theirs, err := s.selection(ctx, v.Definition)
			if _, isFault := fault.As(err); isFault {
				continue // it cannot be asked any more, and selects nobody
			}
			if err != nil {
				return err
			}
			if keyOfSelection(theirs) == key {
				return ErrRuleOverlaps.At("filter").Sayf("rule %q selects the same people as rule %q of the same license: change one of them", r.Name, other.rule.Name)
			}
		}
	}
	return nil
}
