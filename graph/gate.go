package graph

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/page"
)

// scopes are the scopes of access tokens by their names in the schema. ANY asks for none.
var scopes = map[string]string{
	"ANY":                "",
	"ADMIN":              caller.ScopeAdmin,
	"ADMIN_READ":         caller.ScopeAdminRead,
	"REPORTS_READ":       caller.ScopeReportsRead,
	"GROUP_REPORTS_READ": caller.ScopeGroupReportsRead,
	"ENTITLEMENTS_READ":  caller.ScopeEntitlementsRead, "ENTITLEMENTS_WRITE": caller.ScopeEntitlementsWrite,
	"OPERATOR": caller.ScopeOperator,
}

// smallList is what a list without paging counts as.
const smallList = 5

// costs hold, for every connection of the schema, how many items it has when nobody says how many.
type costs map[*ast.FieldDefinition]int

func readCosts(schema *ast.Schema) costs {
	all := costs{}
	for _, definition := range schema.Types {
		for _, field := range definition.Fields {
			directive := field.Directives.ForName("list")
			if directive == nil {
				continue
			}
			all[field] = page.Default
			if argument := directive.Arguments.ForName("default"); argument != nil {
				all[field], _ = strconv.Atoi(argument.Value.Raw)
			}
		}
	}
	return all
}

// gate refuses an operation that names a field whose scope the token lacks, or that costs too much, before anything runs.
func (s *Server) gate(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx)
	who, err := caller.Must(ctx)
	if err != nil {
		return refused(err)
	}
	walk := gateWalk{scopes: who.Scopes, costs: s.costs, variables: operation.Variables}
	cost, err := walk.set(operation.Operation.SelectionSet)
	if err == nil && cost > maxCost {
		err = errTooMuch.Sayf("the request may touch %d things, more than the %d allowed: ask for smaller pages", cost, maxCost)
	}
	if err != nil {
		return refused(err)
	}
	return next(ctx)
}

func refused(err error) graphql.ResponseHandler {
	return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{describe(err)}})
}

type gateWalk struct {
	scopes    caller.Scopes
	costs     costs
	variables map[string]any
}

func (g gateWalk) set(set ast.SelectionSet) (int, error) {
	total := 0
	for _, selected := range set {
		cost, err := g.selection(selected)
		if err != nil {
			return 0, err
		}
		total = min(total+cost, maxCost*maxCost)
	}
	return total, nil
}

func (g gateWalk) selection(selected ast.Selection) (int, error) {
	switch s := selected.(type) {
	case *ast.Field:
		return g.field(s)
	case *ast.InlineFragment:
		return g.set(s.SelectionSet)
	case *ast.FragmentSpread:
		return g.set(s.Definition.SelectionSet)
	default:
		return 0, nil
	}
}

func (g gateWalk) field(f *ast.Field) (int, error) {
	if f.Name == typeName {
		return 0, nil
	}
	if f.Name == "__schema" || f.Name == "__type" {
		return 0, g.allow(f, caller.ScopeAdminRead)
	}
	for _, need := range []*ast.Directive{f.ObjectDefinition.Directives.ForName("needs"), f.Definition.Directives.ForName("needs")} {
		if need == nil {
			continue
		}
		if err := g.allow(f, scopes[need.Arguments.ForName("scope").Value.Raw]); err != nil {
			return 0, err
		}
	}
	below, err := g.set(f.SelectionSet)
	if err != nil || len(f.SelectionSet) == 0 {
		return 0, err
	}
	return g.cost(f, below), nil
}

// cost tells how many things a field may touch, with those below it: each row of a list is one, and so is every other object. What
// only holds rows together is none.
func (g gateWalk) cost(f *ast.Field, below int) int {
	_, isList := g.costs[f.Definition]
	inConnection := f.ObjectDefinition.Fields.ForName("pageInfo") != nil
	switch {
	case isList && !reads(f.SelectionSet):
		return 1
	case isList:
		return 1 + g.times(f)*max(below, 1)
	case inConnection && f.Name == "pageInfo":
		return 0
	case inConnection && f.Name == "edges":
		return below
	default:
		return (below + 1) * g.times(f)
	}
}

func (g gateWalk) allow(f *ast.Field, scope string) error {
	if scope == "" || g.scopes.Allow(scope) {
		return nil
	}
	if (caller.Caller{Scopes: g.scopes}).Limited() {
		return errForbidden.At(f.Name).Sayf("the field %q tells of more than the people of your groups", f.Name)
	}
	return errForbidden.At(f.Name).Sayf("the field %q needs the scope %q", f.Name, scope)
}

// times tells how many items a field may have. Those of a connection are counted where the list is asked for.
func (g gateWalk) times(f *ast.Field) int {
	fallback, isList := g.costs[f.Definition]
	switch {
	case !isList && f.Definition.Type.Elem != nil && f.ObjectDefinition.Fields.ForName("pageInfo") == nil:
		return smallList
	case !isList:
		return 1
	}
	for _, name := range []string{"first", "last"} {
		argument := f.Arguments.ForName(name)
		if argument == nil {
			continue
		}
		value, err := argument.Value.Value(g.variables)
		if err != nil {
			continue
		}
		if n, ok := number(value); ok {
			return max(n, 1)
		}
	}
	return fallback
}

// reads tells whether a connection's rows have to be read for a selection.
func reads(set ast.SelectionSet) bool {
	return slices.ContainsFunc(set, func(selected ast.Selection) bool {
		switch s := selected.(type) {
		case *ast.Field:
			return s.Name != "totalCount" && s.Name != typeName
		case *ast.InlineFragment:
			return reads(s.SelectionSet)
		case *ast.FragmentSpread:
			return reads(s.Definition.SelectionSet)
		default:
			return true
		}
	})
}

func number(value any) (int, bool) {
	switch v := value.(type) {
	case int64:
		return int(v), true
	case int:
		return v, true
	case json.Number:
		n, err := v.Int64()
		return int(n), err == nil
	default:
		return 0, false
	}
}
