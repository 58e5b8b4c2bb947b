// Package scimadapter is the SCIM 2.0 door: it turns an identity provider's requests into verbs of provisioning, and what they
// return into SCIM.
//
// Invariants: the attribute table says what a resource has; reading, PATCH, projection and the discovery endpoints all follow
// it. A request is understood whole before anything is asked of the domain, and refused with the status, the scimType and a
// detail that RFC 7644 section 3.12 wants; whatever a client sends, the answer is SCIM and never a 5xx. Every write goes
// through provisioning. A group's members are edited as sets and never loaded to be edited.
package scimadapter

import (
	"net/http"
	"path"
	"strings"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

// Where the door stands on its host: everything below root is its own, and Base is the version of SCIM that it speaks.
const (
	root    = "/scim"
	version = "v2"
	Base    = root + "/" + version
)

// maxBody bounds a request's body: a group of 50,000 members, sent whole, has some 5 MB.
const maxBody = 10 << 20

// Options are what the door stands on.
type Options struct {
	Provisioning *provisioning.Service
	Directory    *directory.Service
	Seats        *licensing.Service
	Access       *access.Service // seals cursors
	Clock        clock.Clock
	PublicURL    string // scheme and host that clients see; taken from the request where empty
	Rate         int    // requests a second of each configuration, for a while; 0 is no bound, and MinRate the least one
}

// Handler answers everything that it Serves.
type Handler struct {
	provisioning *provisioning.Service
	directory    *directory.Service
	seats        *licensing.Service
	access       *access.Service
	clock        clock.Clock
	publicURL    string
	routes       map[string]route
	pace         *pace
	types        *typesOf
}

// New returns the SCIM door.
func New(o Options) *Handler {
	h := &Handler{
		provisioning: o.Provisioning, directory: o.Directory, seats: o.Seats, access: o.Access, clock: o.Clock, publicURL: strings.TrimRight(o.PublicURL, "/"),
		pace: newPace(o.Rate, o.Clock), types: newTypes(),
	}
	h.routes = h.table()
	return h
}

// Serves tells whether a path belongs to the door, also one that it refuses, so that every answer there is SCIM's. Ask before a
// mux does: that would clean the path, and redirect clients that cannot follow.
func Serves(urlPath string) bool {
	return below(collapsed(urlPath)) || below(path.Clean("/"+urlPath))
}

func below(urlPath string) bool { return urlPath == root || strings.HasPrefix(urlPath, root+"/") }

// collapsed is a path with one slash where there were several, which a base URL that ends with one brings about.
func collapsed(urlPath string) string { return "/" + strings.Join(segments(urlPath), "/") }

func segments(urlPath string) []string {
	return strings.FieldsFunc(urlPath, func(r rune) bool { return r == '/' })
}

const httpScheme, httpsScheme = "http", "https"

// base returns the address that locations begin with.
func (h *Handler) base(r *http.Request) string {
	if h.publicURL != "" {
		return h.publicURL + Base
	}
	scheme := httpScheme
	if r.TLS != nil || r.URL.Scheme == httpsScheme { // a trusted proxy has said so
		scheme = httpsScheme
	}
	return scheme + "://" + r.Host + Base
}
