package graph

import (
	"context"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/licensing"
)

func (r *Resolver) recordActivity(ctx context.Context, input generated.RecordActivityInput) (*generated.RecordActivityPayload, error) {
	license, err := parsed(id.License, "licenseId", input.LicenseID)
	if err != nil {
		return nil, err
	}
	if len(input.Uses) > licensing.MaxUses {
		return nil, licensing.ErrInvalidActivity.At("uses").Sayf("a batch tells at most 10,000 uses; send several")
	}
	source := licensing.Source{Name: input.Source}
	set(&source.LagHours, input.LagHours)
	set(&source.SilentHours, input.SilentHours)
	named := make([]*generated.PersonInput, len(input.Uses))
	for i, use := range input.Uses {
		named[i] = &use.Person
	}
	people, err := persons(named)
	if err != nil {
		return nil, err
	}
	uses := make([]licensing.Use, len(people))
	for i, person := range people {
		uses[i] = licensing.Use{Person: person, At: input.Uses[i].At}
	}
	results, err := r.Licensing.RecordActivity(ctx, license, source, uses)
	if err != nil {
		return nil, err
	}
	return &generated.RecordActivityPayload{Results: pointers(results)}, nil
}
