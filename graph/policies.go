package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/licensing"
)

// policies are the inputs of a license that say how its seats are given and taken back.
type policies struct {
	over     graphql.Omittable[*generated.OverAssignmentInput]
	grace    graphql.Omittable[*int64]
	consent  graphql.Omittable[*bool]
	requires graphql.Omittable[[]string]
	reclaim  graphql.Omittable[*generated.ReclaimPolicyInput]
	alerts   graphql.Omittable[*generated.AlertThresholdsInput]
}

func policiesOf(over graphql.Omittable[*generated.OverAssignmentInput], grace graphql.Omittable[*int64], consent graphql.Omittable[*bool],
	requires graphql.Omittable[[]string], reclaim graphql.Omittable[*generated.ReclaimPolicyInput], alerts graphql.Omittable[*generated.AlertThresholdsInput],
) policies {
	return policies{over: over, grace: grace, consent: consent, requires: requires, reclaim: reclaim, alerts: alerts}
}

// read turns the inputs into an edit of a license. What is absent stays; null clears.
func (p policies) read() (func(*licensing.License), error) {
	required, err := ids(id.License, "requires", p.requires)
	if err != nil {
		return nil, err
	}
	over, err := overPercent(value(p.over))
	if err != nil {
		return nil, err
	}
	reclaim, err := reclaimPolicy(value(p.reclaim))
	if err != nil {
		return nil, err
	}
	return func(l *licensing.License) {
		set(&l.GraceDays, p.grace)
		set(&l.Consent, p.consent)
		if p.over.IsSet() {
			l.OverPercent = over
		}
		if p.requires.IsSet() {
			l.Requires = required
		}
		if p.reclaim.IsSet() {
			l.Reclaim = reclaim
		}
		if p.alerts.IsSet() {
			l.Alerts = alerts(value(p.alerts))
		}
	}, nil
}

func overAssignment(over int64) *generated.OverAssignment {
	switch over {
	case 0:
		return &generated.OverAssignment{Kind: generated.OverAssignmentKindNone}
	case licensing.Unlimited:
		return &generated.OverAssignment{Kind: generated.OverAssignmentKindUnlimited}
	default:
		return &generated.OverAssignment{Kind: generated.OverAssignmentKindPercent, Percent: over}
	}
}

func overPercent(given *generated.OverAssignmentInput) (over int64, err error) {
	if given == nil {
		return 0, nil
	}
	set(&over, given.Percent)
	switch given.Kind {
	case generated.OverAssignmentKindPercent:
		if over < 1 {
			return 0, licensing.ErrInvalidLicense.At("overAssignment.percent").Sayf("say how many percent, from 1 on")
		}
		return over, nil
	case generated.OverAssignmentKindUnlimited:
		return licensing.Unlimited, nil
	case generated.OverAssignmentKindNone:
	}
	return 0, nil
}

func reclaimPolicy(given *generated.ReclaimPolicyInput) (p licensing.ReclaimPolicy, err error) {
	if given == nil {
		return p, nil
	}
	set(&p.Automatic, given.Automatic)
	set(&p.IdleDays, given.IdleDays)
	set(&p.InvitedDays, given.InvitedDays)
	set(&p.NoticeDays, given.NoticeDays)
	set(&p.PauseDays, given.PauseDays)
	p.ExemptGroups, err = ids(id.Group, "reclaimPolicy.exemptGroupIds", given.ExemptGroupIds)
	return p, err
}

func alerts(given *generated.AlertThresholdsInput) (a licensing.Alerts) {
	if given == nil {
		return a
	}
	a.TakenPercent, _ = given.TakenPercent.ValueOK()
	set(&a.Waiting, given.Waiting)
	set(&a.RunOutDays, given.RunOutDays)
	set(&a.UtilizationUnder, given.UtilizationUnder)
	return a
}

// ids reads a list of ids of one kind; none is an empty list.
func ids(kind id.Kind, field string, given graphql.Omittable[[]string]) ([]id.ID, error) {
	texts, _ := given.ValueOK()
	var all []id.ID
	for _, text := range texts {
		of, err := parsed(kind, field, text)
		if err != nil {
			return nil, err
		}
		all = append(all, of)
	}
	return all, nil
}

func formatted(kind id.Kind, all []id.ID) []string {
	texts := make([]string, len(all))
	for i, of := range all {
		texts[i] = kind.Format(of)
	}
	return texts
}

// consent records what a person has said, and tells where that leaves her.
func (r *Resolver) consent(ctx context.Context, input generated.SeatInput, said licensing.Consent) (*generated.ConsentPayload, error) {
	license, err := parsed(id.License, "licenseId", input.LicenseID)
	if err != nil {
		return nil, err
	}
	user, err := parsed(id.User, "userId", input.UserID)
	if err != nil {
		return nil, err
	}
	if said, err = r.Licensing.RecordConsent(ctx, license, user, said); err != nil {
		return nil, err
	}
	seats, err := r.Licensing.SeatsOf(ctx, []id.ID{user})
	if err != nil {
		return nil, err
	}
	payload := &generated.ConsentPayload{Consent: string(said)}
	for _, seat := range seats[user] {
		if seat.License == license {
			payload.State = &seat.State
		}
	}
	return payload, nil
}
