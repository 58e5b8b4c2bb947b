// Package graph is the GraphQL door: it translates requests into verbs of the modules and their answers back.
//
// Invariants: a resolver reads its input, calls one verb and returns; no rule about people, groups or seats lives here. A
// request is refused before it is validated when its document is too large, too deep or too repetitive, and before it runs
// when the token lacks the scope of any field it names or the request costs too much. Every error carries a stable code in
// extensions.code. Edges are read in batches.
package graph

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
)

const (
	maxBody = maxDocument + maxVariables + 4<<10
	// requestTime bounds one request from its first byte to its last statement.
	requestTime = 30 * time.Second
)

// Server answers POST /graphql.
type Server struct {
	resolver *Resolver
	exec     *executor.Executor
	schema   *ast.Schema
	costs    costs
	checked  *checkedDocuments
	streams  *streams
	log      *slog.Logger
}

// NewServer makes the handler of POST /graphql over the modules that the resolver holds.
func NewServer(r *Resolver, log *slog.Logger) *Server {
	schema := generated.NewExecutableSchema(generated.Config{Resolvers: r})
	s := &Server{resolver: r, exec: executor.New(schema), schema: schema.Schema(), log: log, checked: newCheckedDocuments(), streams: newStreams()}
	s.costs = readCosts(s.schema)
	s.exec.SetParserTokenLimit(maxTokens)
	s.exec.SetErrorPresenter(s.present)
	s.exec.SetRecoverFunc(func(ctx context.Context, panicked any) error {
		log.ErrorContext(ctx, "graphql request panicked", "panic", panicked, "stack", string(debug.Stack()), "request", requestID(ctx))
		return errInternal
	})
	s.exec.SetQueryCache(s.checked)
	s.exec.AroundOperations(s.gate)
	s.exec.AroundOperations(s.checkInputs)
	s.exec.AroundFields(around)
	s.exec.Use(extension.Introspection{}) // the gate keeps it for administrators
	return s
}

// ServeHTTP answers one request with one operation in it: at once, or as a stream for who asks for server-sent events.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		s.refuse(w, http.StatusMethodNotAllowed, errMethod)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTime)
	defer cancel()
	ctx, err := s.resolver.identify(ctx, r, s.resolver.Access.SignedIn)
	if err != nil {
		s.refuse(w, statusOf(err), err)
		return
	}
	params, err := readRequest(w, r)
	if err != nil {
		s.refuse(w, statusOf(err), err)
		return
	}
	if s.wantsStream(r, params) {
		who, _ := caller.From(ctx)
		s.stream(caller.With(r.Context(), who), w, r, params)
		return
	}
	s.run(ctx, w, params)
}

func (s *Server) run(ctx context.Context, w http.ResponseWriter, params *graphql.RawParams) {
	defer func() {
		if accident := recover(); accident != nil { // of the reader or the validator: those of resolvers are caught there
			s.refuse(w, http.StatusInternalServerError, s.exec.PresentRecoveredError(ctx, accident))
		}
	}()
	if err := s.checked.check(ctx, params.Query); err != nil {
		s.refuse(w, statusOf(err), err)
		return
	}
	ctx = graphql.StartOperationTrace(ctx)
	operation, errs := s.exec.CreateOperationContext(ctx, params)
	if errs != nil {
		s.answer(w, http.StatusUnprocessableEntity, &graphql.Response{Errors: coded(errs)})
		return
	}
	if operation.Operation.Operation == ast.Subscription {
		s.refuse(w, http.StatusNotAcceptable, errNoStream)
		return
	}
	responses, ctx := s.exec.DispatchOperation(ctx, operation)
	response := responses(ctx)
	if len(response.Errors) > maxErrors {
		response.Errors = response.Errors[:maxErrors]
	}
	s.answer(w, http.StatusOK, response)
}

// readRequest reads the JSON body. Only application/json is taken, so that no web page of another site can make a browser
// send one without asking first.
func readRequest(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, errMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, errBody.Because(err)
	}
	var sent struct {
		Query         string          `json:"query"`
		OperationName string          `json:"operationName"`
		Variables     json.RawMessage `json:"variables"`
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		return nil, errBody.Because(err)
	}
	if len(sent.Variables) > maxVariables {
		return nil, errTooLarge.Sayf("the variables have more than %d bytes", maxVariables)
	}
	params := &graphql.RawParams{Query: sent.Query, OperationName: sent.OperationName}
	if len(sent.Variables) > 0 {
		if params.Variables, err = readVariables(sent.Variables); err != nil {
			return nil, err
		}
	}
	return params, nil
}

func (s *Server) refuse(w http.ResponseWriter, status int, err error) {
	s.answer(w, status, &graphql.Response{Errors: gqlerror.List{describe(err)}})
}

func (s *Server) answer(w http.ResponseWriter, status int, response *graphql.Response) {
	body, err := json.Marshal(response)
	if err != nil {
		s.log.Error("graphql answer could not be written as JSON", "error", err)
		status, body = http.StatusInternalServerError, []byte(`{"errors":[{"message":"internal error","extensions":{"code":"internal"}}]}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		s.log.Debug("graphql client went away", "error", err)
	}
}

func requestID(ctx context.Context) string {
	c, _ := caller.From(ctx)
	return c.RequestID
}

func statusOf(err error) int {
	f, ok := fault.As(err)
	if !ok {
		return http.StatusInternalServerError
	}
	switch f.Kind {
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Stale, fault.Exhausted, fault.Unsupported:
		return http.StatusBadRequest
	default:
		return http.StatusInternalServerError
	}
}
