package scimadapter

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/provisioning"
)

// exchange is one request and its answer.
type exchange struct {
	h         *Handler
	w         http.ResponseWriter
	r         *http.Request
	ctx       context.Context //nolint:containedctx // an exchange lives as long as its request
	base      string
	route     string // the address without what only one client knows
	id        id.ID  // of the resource that the address names
	name      string // of the schema or resource type that it names
	requestID string
	kind      string // media type of the answer
	manners   manners
	users     *resourceType // with the tenant's own extensions
	session   provisioning.Session
	call      provisioning.Call
	signs     signs
	answered  bool

	// An operation of a bulk has its body read already, and nobody looks at what it answers but errors.
	brief bool
	given object
}

// route says what an address takes.
type route struct {
	methods map[string]func(*exchange) error
	item    *resourceType // the address ends with an id of this type
	public  bool          // who has no token may read it
	unbuilt bool          // 501 whatever the method
}

// ServeHTTP answers one SCIM request, and has it logged.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := &exchange{h: h, w: w, r: r, ctx: r.Context(), base: h.base(r), requestID: requestID(r), kind: scimJSON}
	started := h.clock()
	defer func() { e.log(started) }()
	e.guarded(e.serve)
}

// guarded answers with the error of a func, or with its accident.
func (e *exchange) guarded(serve func() error) {
	defer e.recover()
	if err := serve(); err != nil {
		e.refuse(err)
	}
}

// requestID is the one that a door in front of this one has given.
func requestID(r *http.Request) string {
	if who, ok := caller.From(r.Context()); ok {
		return who.RequestID
	}
	return r.Header.Get("X-Request-ID")
}

func (e *exchange) recover() {
	switch accident := recover(); accident {
	case nil:
	case http.ErrAbortHandler:
		panic(accident)
	default:
		slog.ErrorContext(e.ctx, "a SCIM request panicked", "request", e.requestID, "route", e.route, "panic", accident, "stack", string(debug.Stack()))
		if !e.answered {
			e.refuse(errInternal)
		}
	}
}

func (e *exchange) serve() error {
	acceptable := e.accepts()
	if err := e.fits(); err != nil {
		return err
	}
	found, err := e.find()
	e.call.Probe = e.isProbe()
	if e.ctx, e.session, err = e.authenticated(found, err); err != nil {
		return err
	}
	e.manners = mannersOf(e.session.Config.Preset)
	e.manners.base = e.base
	if e.users, err = e.people(); err != nil {
		return err
	}
	switch {
	case found.unbuilt:
		return errNotBuilt
	case found.methods[e.method()] != nil && !acceptable:
		return errNotAcceptable
	}
	return e.act(found)
}

// act does what the address does for the method.
func (e *exchange) act(found route) error {
	if act := found.methods[e.method()]; act != nil {
		return act(e)
	}
	e.w.Header().Set("Allow", found.allow())
	if e.r.Method != http.MethodOptions {
		return errMethod
	}
	e.write(http.StatusNoContent, nil)
	return nil
}

// method is that of the request; HEAD is GET without its body.
func (e *exchange) method() string {
	if e.r.Method == http.MethodHead {
		return http.MethodGet
	}
	return e.r.Method
}

func (r route) allow() string {
	var all []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if r.methods[method] == nil {
			continue
		}
		all = append(all, method)
		if method == http.MethodGet {
			all = append(all, http.MethodHead)
		}
	}
	return strings.Join(append(all, http.MethodOptions), ", ")
}

// find matches the address, however many slashes stand between its parts or at its end.
func (e *exchange) find() (route, error) {
	address, err := e.endpoint()
	if err != nil {
		e.route = "/…"
		return route{}, err
	}
	first, rest, nested := strings.Cut(address, "/")
	e.route = "/" + first
	if !nested {
		if found, ok := e.h.routes[first]; ok {
			return found, nil
		}
		e.route = "/…"
		return route{}, errNoEndpoint
	}
	found, ok := e.h.routes[first+"/"]
	if !ok || strings.Contains(rest, "/") {
		e.route = "/…"
		return route{}, errNoEndpoint
	}
	if found.item == nil {
		e.route, e.name = e.route+"/…", rest
		return found, nil
	}
	kind, unknown := id.User, errUserUnknown
	switch found.item {
	case groupType:
		kind, unknown = id.Group, errGroupUnknown
	case licenseType:
		kind, unknown = id.License, errLicenseUnknown
	}
	if found, ok := e.h.routes[address]; ok {
		e.route += "/" + rest
		return found, nil
	}
	if e.id, ok = kind.Parse(rest); !ok {
		e.route += "/…"
		return route{}, unknown
	}
	e.route += "/" + rest
	e.call.ResourceType, e.call.Resource = found.item.Name, &e.id
	return found, nil
}

// endpoint is what the address names below Base.
func (e *exchange) endpoint() (string, error) {
	parts := segments(e.r.URL.Path)
	switch {
	case len(parts) < 2 || "/"+parts[0] != root:
		return "", errNoEndpoint
	case parts[1] == version:
		return strings.Join(parts[2:], "/"), nil
	case isVersion(parts[1]):
		return "", errVersion
	default:
		return "", errNoEndpoint
	}
}

// isVersion tells whether a part of the address asks for a version of SCIM (RFC 7644 section 3.13).
func isVersion(part string) bool {
	return len(part) > 1 && (part[0] == 'v' || part[0] == 'V') && part[1] >= '0' && part[1] <= '9'
}

// lookedUp takes note of what a list was asked for. Entra tests a connection with a GUID that nobody has.
func (e *exchange) lookedUp(where filter.Node, total int64) {
	e.signs.ofFilter(where)
	e.call.Probe = e.call.Probe || total == 0 && isGUID(where)
}

// isProbe tells whether the request only tests the connection: what Okta's and Google's test buttons send, and what Entra reads
// at random to see whether the endpoint lives. Nothing of Usher's has a GUID for its id.
func (e *exchange) isProbe() bool {
	if e.r.Method != http.MethodGet {
		return false
	}
	if strings.HasSuffix(e.route, "/…") && uuid.Validate(path.Base(e.r.URL.Path)) == nil {
		return true
	}
	query := e.r.URL.Query()
	count, err := strconv.Atoi(query.Get("count"))
	first := query.Get("startIndex")
	return e.route == "/ServiceProviderConfig" || e.route == "/Users" && !query.Has("filter") && err == nil && count <= 2 && (first == "" || first == "1")
}

// log remembers the call once its tenant is known. Values of the query are a person's; only its names are kept.
func (e *exchange) log(started time.Time) {
	if e.session.Tenant == id.Nil {
		return
	}
	e.call.Tenant, e.call.Config, e.call.Token = e.session.Tenant, e.session.Config.ID, e.session.Token
	e.call.At, e.call.Duration = started, e.h.clock().Sub(started)
	e.call.Method, e.call.Path = e.r.Method, e.route+e.queryNames()
	e.call.UserAgent, e.call.RequestID = e.r.UserAgent(), e.requestID
	if e.session.Config.ID != id.Nil && e.call.Status != http.StatusUnauthorized {
		e.signs.ofAddress(e.r)
		e.call.Signs = e.signs
	}
	e.h.provisioning.Log(e.call)
}

var loggedParameters = []string{"filter", "startIndex", "count", "sortBy", "sortOrder", "attributes", "excludedAttributes", "cursor"}

func (e *exchange) queryNames() string {
	query := e.r.URL.Query()
	var names []string
	for _, name := range loggedParameters {
		if query.Has(name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return ""
	}
	return "?" + strings.Join(names, "&")
}
