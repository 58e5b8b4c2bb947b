package licensing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	// known is after how long every replica asks what was published, and the units have ended that did not yet.
	known = 2 * ruleLife
	// goneOverEvery is how often a run goes over each rule, whatever has happened: a net under everything else.
	goneOverEvery = 24 * time.Hour

	fewest, most = 10, 200 // people of one unit of a run
	longest      = 40 * time.Millisecond
	stepsAtOnce  = 500 // of a tenant, before others have their turn
)

// RunRules brings the tenant's people in line with what was published, in units of work so small that nobody else waits for long.
// A run goes on where it was left, whoever left it. It returns when all runs are done, or after a good while.
func (s *Service) RunRules(ctx context.Context) error {
	open, err := s.openRuns(ctx, s.clock().Add(-known))
	if err != nil {
		return fmt.Errorf("look for runs: %w", err)
	}
	steps := 0
	for _, run := range open {
		for size, more := fewest, true; more; steps++ {
			if steps == stepsAtOnce {
				s.db.Notify(Work)
				return nil
			}
			began := s.clock()
			if more, err = store.InTx(ctx, s.db, func(ctx context.Context) (bool, error) { return s.runSome(ctx, run.ID, size) }); err != nil {
				return fmt.Errorf("run a rule: %w", err)
			}
			size = pace(size, s.clock().Sub(began))
		}
	}
	return nil
}

// pace keeps units short: the next one is smaller after one that took long.
func pace(size int, took time.Duration) int {
	switch {
	case took > longest:
		return max(fewest, size/2)
	case took < longest/2:
		return min(most, size*2)
	default:
		return size
	}
}

// runSome brings the next people in line, and tells whether there are more.
func (s *Service) runSome(ctx context.Context, of id.ID, size int) (bool, error) {
	run, running, err := s.holdRun(ctx, of)
	if err != nil || !running {
		return false, err
	}
	target, rules, err := s.concerned(ctx, run.Rule)
	if err != nil {
		return false, err
	}
	if run.Done == 0 {
		if run.Total, err = s.toLookAt(ctx, target); err != nil {
			return false, err
		}
	}
	people, more, err := s.nextPeople(ctx, target, run.position, size)
	if err != nil {
		return false, err
	}
	gained, lost, err := s.follow(ctx, people, rules, true)
	if err != nil {
		return false, err
	}
	run.Done, run.Gained, run.Lost = run.Done+int64(len(people)), run.Gained+gained, run.Lost+lost
	run.Total = max(run.Total, run.Done)
	if len(people) > 0 {
		run.position = people[len(people)-1]
	}
	if !more {
		now := s.clock()
		run.State, run.EndedAt, run.Total = RunDone, &now, run.Done
		err = s.record(ctx, "rule.applied", run.Rule, map[string]any{
			"revision": run.Revision, "people": run.Done, "gained": run.Gained, "lost": run.Lost,
		})
		if err != nil {
			return false, err
		}
	}
	return more, s.saveRun(ctx, run)
}

// concerned returns a rule as it holds now, and with it the rules that share its choice. One that does not hold means nobody.
func (s *Service) concerned(ctx context.Context, of id.ID) (holding, []holding, error) {
	all, err := s.loadHoldings(ctx)
	if err != nil {
		return holding{}, nil, err
	}
	at := slices.IndexFunc(all, func(h holding) bool { return h.rule.ID == of })
	if at >= 0 {
		target := all[at]
		return target, withChoices(all[at:at+1], all), nil
	}
	r, err := s.loadRule(ctx, of)
	if err != nil {
		return holding{}, nil, err
	}
	target := holding{rule: r}
	revisions, err := s.Revisions(ctx, []id.ID{of})
	if err != nil {
		return holding{}, nil, err
	}
	for _, v := range revisions[of] { // what it gave may go to the others of its choice
		if v.Status == RevisionSuperseded {
			target.def = v.Definition
			break
		}
	}
	rules := []holding{target}
	for _, h := range all {
		if target.def.Choice != "" && h.def.Choice == target.def.Choice {
			rules = append(rules, h)
		}
	}
	return target, rules, nil
}

// nextPeople returns those whom a rule means, or to whom it has given something, in the order of their ids.
func (s *Service) nextPeople(ctx context.Context, h holding, after id.ID, size int) (people []id.ID, more bool, err error) {
	claimed, err := s.claimedBy(ctx, h.rule.ID, after, size)
	if err != nil {
		return nil, false, err
	}
	var selected []id.ID
	if h.selection != nil {
		if selected, err = s.people.Selected(ctx, *h.selection, after, size); err != nil {
			return nil, false, err
		}
	}
	people = slices.Concat(claimed, selected)
	slices.SortFunc(people, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	people = slices.Compact(people)
	return people[:min(len(people), size)], len(people) > size || len(claimed) == size || len(selected) == size, nil
}

func (s *Service) toLookAt(ctx context.Context, h holding) (int64, error) {
	claimed, err := s.countClaimedBy(ctx, h.rule.ID)
	if err != nil || h.selection == nil {
		return claimed, err
	}
	selected, err := s.people.CountSelected(ctx, *h.selection)
	return max(claimed, selected), err
}

// goOver begins a run of each rule that nobody has gone over for long.
func (s *Service) goOver(ctx context.Context) error {
	rules, err := s.restRules(ctx, s.clock().Add(-goneOverEvery))
	if err != nil {
		return err
	}
	for _, r := range rules {
		err := store.Do(ctx, s.db, func(ctx context.Context) error {
			_, err := s.startRun(ctx, r)
			return err
		})
		if err != nil {
			return fmt.Errorf("go over a rule: %w", err)
		}
	}
	return nil
}
