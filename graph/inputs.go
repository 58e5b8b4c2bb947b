package graph

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/usherhq/usher/graph/wire"
	"github.com/usherhq/usher/internal/fault"
)

// Faults of values that a client sends.
var (
	errText = fault.New(fault.Invalid, "invalid_text", "a text has the character U+0000, which cannot be kept; leave it out")
	errKind = fault.New(fault.Invalid, "invalid_query", "this is no value of the type")
)

// inputs looks at every value of a valid operation before anything runs, so that no part of an operation happens when another
// has a value that cannot be taken. What validation has seen already is not looked at again: the generated code takes what it
// does not know of an enum for nothing, and panics at numbers that do not fit.
type inputs struct {
	schema    *ast.Schema
	variables map[string]any
}

// check refuses the first bad value with a fault and the path to it: of fields and arguments, or "variable" and its name.
func (in inputs) check(operation *graphql.OperationContext) error {
	for _, v := range operation.Operation.VariableDefinitions {
		path := ast.Path{ast.PathName("variable"), ast.PathName(v.Variable)}
		if err := in.literal(v.Type, v.DefaultValue, path); err != nil {
			return err
		}
		if value, given := operation.Variables[v.Variable]; given {
			if err := in.value(v.Type, value, path); err != nil {
				return err
			}
		}
	}
	if err := in.selection(operation.Operation.SelectionSet, nil); err != nil {
		return err
	}
	for _, fragment := range operation.Doc.Fragments {
		if err := in.selection(fragment.SelectionSet, nil); err != nil {
			return err
		}
	}
	return nil
}

func (in inputs) selection(set ast.SelectionSet, path ast.Path) error {
	for _, selected := range set {
		switch s := selected.(type) {
		case *ast.Field:
			at := below(path, ast.PathName(s.Alias))
			if err := cmp.Or(in.conditions(s.Directives, at), in.field(s, at)); err != nil {
				return err
			}
		case *ast.InlineFragment:
			if err := cmp.Or(in.conditions(s.Directives, path), in.selection(s.SelectionSet, path)); err != nil {
				return err
			}
		case *ast.FragmentSpread:
			if err := in.conditions(s.Directives, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// conditions refuses @include and @skip whose variable is null: one with a default may be nullable, and is not null for them.
func (in inputs) conditions(all ast.DirectiveList, path ast.Path) error {
	for _, directive := range all {
		argument := directive.Arguments.ForName("if")
		if argument == nil || argument.Value.Kind != ast.Variable || in.variables[argument.Value.Raw] != nil {
			continue
		}
		return refuse(errKind.Sayf("@%s needs true or false, and the variable %s is null", directive.Name, argument.Value.Raw), path, argument.Position)
	}
	return nil
}

func (in inputs) field(f *ast.Field, path ast.Path) error {
	for _, argument := range f.Arguments {
		if of := f.Definition.Arguments.ForName(argument.Name); of != nil {
			if err := in.literal(of.Type, argument.Value, below(path, ast.PathName(argument.Name))); err != nil {
				return err
			}
		}
	}
	return in.selection(f.SelectionSet, path)
}

// literal looks at a value that stands in the document.
func (in inputs) literal(of *ast.Type, v *ast.Value, path ast.Path) error {
	switch {
	case v == nil || v.Kind == ast.Variable || v.Kind == ast.NullValue:
		return nil
	case of.Elem != nil && v.Kind == ast.ListValue:
		for i, child := range v.Children {
			if err := in.literal(of.Elem, child.Value, below(path, ast.PathIndex(i))); err != nil {
				return err
			}
		}
		return nil
	case of.Elem != nil:
		return in.literal(of.Elem, v, path)
	case v.Kind == ast.ObjectValue:
		return in.object(in.schema.Types[of.NamedType], v, path)
	}
	value, err := v.Value(nil)
	if err != nil {
		return refuse(wire.ErrInt64.Because(err), path, v.Position)
	}
	return refuse(in.scalar(of, value), path, v.Position)
}

func (in inputs) object(of *ast.Definition, v *ast.Value, path ast.Path) error {
	if of.Kind != ast.InputObject {
		return refuse(errKind.Sayf("an object is no value of %s", of.Name), path, v.Position)
	}
	for _, child := range v.Children {
		if field := of.Fields.ForName(child.Name); field != nil {
			if err := in.literal(field.Type, child.Value, below(path, ast.PathName(child.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}

// value looks at the value of a variable.
func (in inputs) value(of *ast.Type, value any, path ast.Path) error {
	if value == nil {
		return nil
	}
	if of.Elem != nil {
		for i, one := range graphql.CoerceList(value) {
			if err := in.value(of.Elem, one, below(path, ast.PathIndex(i))); err != nil {
				return err
			}
		}
		return nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return refuse(in.scalar(of, value), path, nil)
	}
	for _, field := range in.schema.Types[of.NamedType].Fields {
		if err := in.value(field.Type, object[field.Name], below(path, ast.PathName(field.Name))); err != nil {
			return err
		}
	}
	return nil
}

// scalar looks at one value that has no parts.
func (in inputs) scalar(of *ast.Type, value any) error {
	text, isText := value.(string)
	if strings.IndexByte(text, 0) >= 0 {
		return errText
	}
	definition := in.schema.Types[of.NamedType]
	if definition.Kind == ast.Enum {
		if definition.EnumValues.ForName(text) == nil {
			return errKind.Sayf("%v is no value of %s", value, of.NamedType)
		}
		return nil
	}
	isRight := true
	switch of.NamedType {
	case "Time":
		_, err := wire.UnmarshalTime(value)
		return err
	case "Int64":
		_, err := wire.UnmarshalInt64(value)
		return err
	case "Int":
		_, err := graphql.UnmarshalInt(value)
		isRight = err == nil
	case "String":
		isRight = isText
	case "Boolean":
		_, isRight = value.(bool)
	case "ID":
		_, isList := value.([]any)
		isRight = !isList
	}
	if !isRight {
		return errKind.Sayf("%v is no value of %s", value, of.NamedType)
	}
	return nil
}

// refuse gives an error the path and the place of the value that it is about.
func refuse(err error, path ast.Path, at *ast.Position) error {
	if err == nil {
		return nil
	}
	shown := &gqlerror.Error{Err: err, Message: err.Error(), Path: path}
	if at != nil {
		shown.Locations = []gqlerror.Location{{Line: at.Line, Column: at.Column}}
	}
	return shown
}

// below returns a path one step longer, apart from the other paths that grow from the same one.
func below(path ast.Path, step ast.PathElement) ast.Path {
	return append(slices.Clip(path), step)
}

// checkInputs runs the operation only when all its values can be taken.
func (s *Server) checkInputs(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx)
	if err := (inputs{s.schema, operation.Variables}).check(operation); err != nil {
		return refused(err)
	}
	return next(ctx)
}
