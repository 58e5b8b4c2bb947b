package licensing

import (
	"context"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// The states of runs.
const (
	RunRunning    = "running"
	RunDone       = "done"
	RunSuperseded = "superseded" // another run of the rule has begun before this one was done
)

// RuleRun brings everybody in line with what was published of a rule, in small steps.
type RuleRun struct {
	ID        id.ID
	Rule      id.ID
	Revision  int64 // 0 of a rule that is retired
	State     string
	Total     int64 // people to look at, as far as they were counted when it began
	Done      int64
	Gained    int64 // claims made
	Lost      int64 // claims ended
	StartedAt time.Time
	EndedAt   *time.Time

	position id.ID // the last person who is done
}

// PublishRule makes the draft of a rule hold and begins a run that brings everybody in line with it; expected, when given, is the
// number that the draft must have: what was previewed. Refuses with ErrRuleNotFound, ErrNoDraft, ErrStaleVersion, and as
// CreateRule does when the definition has become invalid.
func (s *Service) PublishRule(ctx context.Context, of id.ID, expected *int64) (Rule, RuleRun, error) {
	return s.publishing(ctx, of, func(ctx context.Context, r Rule) (Revision, error) {
		draft, err := s.latestRevision(ctx, of)
		switch {
		case err != nil:
			return Revision{}, err
		case draft.Status != RevisionDraft:
			return Revision{}, ErrNoDraft
		case expected != nil && *expected != draft.Number:
			return Revision{}, ErrStaleVersion
		}
		return draft, s.checkDefinition(ctx, r, draft.Definition)
	})
}

// RollBackRule publishes once more what an earlier revision said, as a revision of its own. A draft that is there is given up.
// Refuses with ErrRuleNotFound, ErrRevisionNotFound and as CreateRule does.
func (s *Service) RollBackRule(ctx context.Context, of id.ID, to int64) (Rule, RuleRun, error) {
	return s.publishing(ctx, of, func(ctx context.Context, r Rule) (Revision, error) {
		earlier, err := s.revision(ctx, of, to)
		if err != nil {
			return Revision{}, err
		}
		if earlier.Status == RevisionDraft {
			return Revision{}, ErrRevisionNotFound.Sayf("revision %d is a draft: publish it", to)
		}
		latest, err := s.latestRevision(ctx, of)
		if err != nil {
			return Revision{}, err
		}
		number := latest.Number
		if latest.Status != RevisionDraft {
			number++
		}
		return s.draftOf(ctx, r, earlier.Definition, number)
	})
}

// RetireRule ends a rule: a run takes away the reasons that it gave. Its revisions stay, and RollBackRule makes it hold again.
func (s *Service) RetireRule(ctx context.Context, of id.ID) (Rule, RuleRun, error) {
	return s.publishing(ctx, of, func(context.Context, Rule) (Revision, error) { return Revision{}, nil })
}

// publishing makes a revision hold, or none, and begins the run.
func (s *Service) publishing(ctx context.Context, of id.ID, choose func(context.Context, Rule) (Revision, error)) (r Rule, run RuleRun, err error) {
	if err := caller.Require(ctx, caller.ScopeAdmin); err != nil {
		return Rule{}, RuleRun{}, err
	}
	err = store.Do(ctx, s.db, func(ctx context.Context) error {
		if r, err = s.lockRule(ctx, of); err != nil {
			return err
		}
		v, err := choose(ctx, r)
		if err != nil {
			return err
		}
		if err := s.supersede(ctx, of); err != nil {
			return err
		}
		now, kind := s.clock(), "rule.retired"
		r.Status, r.Published, r.UpdatedAt = RuleRetired, 0, now
		if v.Number > 0 {
			r.Status, r.Published, kind = RuleActive, v.Number, "rule.published"
			v.Status, v.PublishedAt = RevisionPublished, &now
			if err := s.saveRevision(ctx, v); err != nil {
				return err
			}
		}
		if err := s.saveRuleStatus(ctx, r); err != nil {
			return err
		}
		if run, err = s.startRun(ctx, r); err != nil {
			return err
		}
		store.AfterCommit(ctx, s.rules.forgetPublished)
		return s.record(ctx, kind, r.ID, ruleNews(r, v))
	})
	return r, run, err
}

// startRun begins a run of a rule, in place of one that is not done.
func (s *Service) startRun(ctx context.Context, r Rule) (RuleRun, error) {
	if err := s.endRuns(ctx, r.ID); err != nil {
		return RuleRun{}, err
	}
	run := RuleRun{ID: id.New(), Rule: r.ID, Revision: r.Published, State: RunRunning, StartedAt: s.clock()}
	s.wake(ctx)
	return run, s.insertRun(ctx, run)
}
