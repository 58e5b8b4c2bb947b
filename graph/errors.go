package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/usherhq/usher/internal/fault"
)

// Faults of the door itself. Codes are part of the contract with clients.
var (
	errInternal  = errors.New("internal error")
	errMethod    = fault.New(fault.Invalid, "method_not_allowed", "send the request with POST")
	errMediaType = fault.New(fault.Invalid, "unsupported_media_type", "send the request as application/json")
	errBody      = fault.New(fault.Invalid, "bad_request", `send a JSON object with "query" and, if need be, "variables" and "operationName"`)
	errTooLarge  = fault.New(fault.TooLarge, "request_too_large", "the request is too large")
	errTooMuch   = fault.New(fault.Invalid, "query_too_complex", "ask for less at once")
	errForbidden = fault.New(fault.Forbidden, "forbidden", "the access token does not allow this")
	errScimToken = fault.New(fault.Forbidden, "forbidden", "the token of a SCIM configuration opens SCIM only")
	errID        = fault.New(fault.Invalid, "invalid_id", "this is not the id of such a thing")
	errArguments = fault.New(fault.Invalid, "invalid_arguments", "the arguments do not fit together")
)

// present turns what a resolver returned into what a client sees: faults as they are, accidents without their text.
func (s *Server) present(ctx context.Context, err error) *gqlerror.Error {
	if _, ok := fault.As(err); !ok && !isParserError(err) {
		s.log.ErrorContext(ctx, "graphql request failed", "error", err, "path", graphql.GetPath(ctx).String(), "request", requestID(ctx))
	}
	shown := describe(err)
	if shown.Path == nil {
		shown.Path = graphql.GetPath(ctx)
	}
	if code, _ := shown.Extensions["code"].(string); code == "internal" {
		shown.Extensions["requestId"] = requestID(ctx)
	}
	return shown
}

func isParserError(err error) bool {
	var known *gqlerror.Error
	return errors.As(err, &known) && known.Err == nil
}

func describe(err error) *gqlerror.Error {
	var known *gqlerror.Error
	wrapped := errors.As(err, &known)
	if f, ok := fault.As(err); ok {
		shown := &gqlerror.Error{Err: f, Message: f.Message, Extensions: map[string]any{"code": f.Code}}
		if wrapped {
			shown.Path, shown.Locations = known.Path, known.Locations
		}
		if f.Field != "" {
			shown.Extensions["field"] = f.Field
		}
		return shown
	}
	if wrapped && known.Err == nil {
		return withCode(known)
	}
	shown := &gqlerror.Error{Message: "internal error", Extensions: map[string]any{"code": "internal"}}
	if wrapped {
		shown.Path = known.Path
	}
	return shown
}

// coded gives the errors of parser and validator a code of their own where they have none.
func coded(errs gqlerror.List) gqlerror.List {
	if len(errs) > maxErrors {
		errs = errs[:maxErrors]
	}
	shown := make(gqlerror.List, 0, len(errs))
	for _, err := range errs {
		if _, ok := fault.As(err); ok {
			shown = append(shown, describe(err))
			continue
		}
		shown = append(shown, withCode(err)) // whatever reader and validator say is about the document
	}
	return shown
}

func withCode(err *gqlerror.Error) *gqlerror.Error {
	if err.Extensions == nil {
		err.Extensions = map[string]any{}
	}
	err.Extensions["code"] = "invalid_query"
	return err
}
