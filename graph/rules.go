package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/licensing"
)

func ruleKey(r *licensing.Rule) (id.ID, bool)           { return r.ID, true }
func ruleLicenseKey(r *licensing.Rule) (id.ID, bool)    { return r.License, true }
func previewedKey(p *licensing.Previewed) (id.ID, bool) { return p.User, true }
func claimRuleKey(c *licensing.Claim) (id.ID, bool)     { return c.ReasonID, c.Reason == licensing.ByRule }

var (
	ruleStatus = map[string]generated.RuleStatus{
		licensing.RuleDraft: generated.RuleStatusDraft, licensing.RuleActive: generated.RuleStatusActive, licensing.RuleRetired: generated.RuleStatusRetired,
	}
	revisionStatus = map[string]generated.RevisionStatus{
		licensing.RevisionDraft: generated.RevisionStatusDraft, licensing.RevisionPublished: generated.RevisionStatusPublished,
		licensing.RevisionSuperseded: generated.RevisionStatusSuperseded,
	}
)

// unlessZero answers null for what is zero or empty.
func unlessZero[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func definition(given generated.RuleDefinitionInput) (d licensing.Definition, err error) {
	set(&d.Filter, given.Filter)
	set(&d.Choice, given.Choice)
	set(&d.Priority, given.Priority)
	group, err := optional(id.Group, "groupId", value(given.GroupID))
	if group != nil {
		d.Group = *group
	}
	return d, err
}

func rulePayload(rule licensing.Rule, err error) (*generated.RulePayload, error) {
	if err != nil {
		return nil, err
	}
	return &generated.RulePayload{Rule: rule}, nil
}

// preview reads a page of a preview, and its sums when the client wants them or the total.
func (r *Resolver) preview(ctx context.Context, of id.ID, change *licensing.PreviewChange, args page.Args) (*generated.RulePreviewConnection, error) {
	w := want(ctx)
	c := &generated.RulePreviewConnection{}
	if w.rows() {
		p, err := r.Licensing.Preview(ctx, of, change, args)
		if err != nil {
			return nil, err
		}
		c.Nodes = pointers(p.Items)
		fill(p, w, licensing.PreviewedCursor, func(one licensing.Previewed, cursor string) *generated.RulePreviewEdge {
			return &generated.RulePreviewEdge{Cursor: cursor, Node: one}
		}, &c.Edges, &c.PageInfo)
		hold(ctx, levelOf(c.Nodes))
	}
	if !w.total && !wants(ctx, "sums") {
		return c, nil
	}
	sums, err := r.Licensing.PreviewSums(ctx, of)
	if err != nil {
		return nil, err
	}
	c.Sums = pointers(sums)
	for _, sum := range sums {
		if change == nil || *change == licensing.Gains {
			c.TotalCount += sum.Gain
		}
		if change == nil || *change == licensing.Loses {
			c.TotalCount += sum.Lose
		}
	}
	return c, nil
}

func wants(ctx context.Context, name string) bool {
	for _, field := range graphql.CollectFieldsCtx(ctx, nil) {
		if field.Name == name {
			return true
		}
	}
	return false
}
