package graph

import (
	"context"
	"slices"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

func causeKey(e *licensing.Entry) (id.ID, bool)           { return e.Event, e.Event != id.Nil }
func explainedKey(e *licensing.Explanation) (id.ID, bool) { return e.User, true }

// explain reads an explanation, and holds what is in it as levels: the number of statements does not grow with its rules, reasons
// and steps.
func (r *Resolver) explain(ctx context.Context, license, user id.ID) (*licensing.Explanation, error) {
	e, err := r.Licensing.Explain(ctx, license, user)
	if err != nil {
		return nil, err
	}
	rules := make([]*licensing.Rule, len(e.Rules))
	for i := range e.Rules {
		rules[i] = &e.Rules[i].Rule
	}
	hold(ctx, levelOf(rules), levelOf(pointers(e.Claims)), levelOf(pointers(e.Missing)), levelOf(pointers(e.Steps)))
	return &e, nil
}

func verdict(a *licensing.RuleAnswer) generated.RuleVerdict {
	switch {
	case a.Unanswered:
		return generated.RuleVerdictCannotBeAsked
	case a.Gives:
		return generated.RuleVerdictGives
	case a.Means:
		return generated.RuleVerdictComesLater
	default:
		return generated.RuleVerdictDoesNotMean
	}
}

// callsEach reads the SCIM requests that some events came from, by the events: two statements.
func (r *Resolver) callsEach(ctx context.Context, keys []id.ID) (map[id.ID]*provisioning.Call, []any, error) {
	causes, err := r.Events.ByID(ctx, keys)
	if err != nil {
		return nil, nil, err
	}
	var requests []string
	for _, e := range causes {
		if e.RequestID != "" {
			requests = append(requests, e.RequestID)
		}
	}
	slices.Sort(requests)
	calls, err := r.Provisioning.CallsOfRequests(ctx, slices.Compact(requests))
	all := make(map[id.ID]*provisioning.Call, len(causes))
	for of, e := range causes {
		if c, logged := calls[e.RequestID]; logged {
			all[of] = &c
		}
	}
	return all, []any{ones(all)}, err
}
