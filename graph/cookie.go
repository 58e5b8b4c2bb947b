package graph

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/access"
)

const httpsScheme = "https"

// The cookie of a session. Behind https its name has the prefix by which browsers see to it that nobody else has set it: not
// another host of the domain, nor a page without https (RFC 6265bis section 4.1.3.2).
const (
	plainCookie  = "usher"
	secureCookie = "__Host-usher"
)

// secure tells whether the browser has come by https, as far as the server, a trusted proxy or the public address says.
func (r *Resolver) secure(request *http.Request) bool {
	return request.TLS != nil || request.URL.Scheme == httpsScheme || strings.HasPrefix(r.ConsoleURL, httpsScheme+":")
}

func (r *Resolver) cookieName(request *http.Request) string {
	if r.secure(request) {
		return secureCookie
	}
	return plainCookie
}

// cookie keeps a session's secret in the browser, where no script reads it and no other site makes the browser send it. It lives
// as long as the session can; an empty secret takes it away.
func (r *Resolver) cookie(request *http.Request, secret string) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure wherever there is https: on loopback there is none
		Name: r.cookieName(request), Value: secret, Path: "/", MaxAge: int(access.SessionLife.Seconds()), HttpOnly: true, Secure: r.secure(request),
		SameSite: http.SameSiteStrictMode,
	}
	if secret == "" {
		c.MaxAge = -1
	}
	return c
}

// sameOrigin tells whether a page of the console itself has made the browser send the request. The browser says so; where it is
// too old to, or the connection is not one that it trusts, it names the origin (Fetch section 3.2). What says neither is refused.
func (r *Resolver) sameOrigin(request *http.Request) bool {
	switch request.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return true
	case "":
	default:
		return false
	}
	origin, err := url.Parse(request.Header.Get("Origin"))
	if err != nil || origin.Host == "" {
		return false
	}
	if own, err := url.Parse(r.ConsoleURL); err == nil && origin.Host == own.Host && origin.Scheme == own.Scheme {
		return true
	}
	return origin.Host == request.Host && (origin.Scheme == httpsScheme) == r.secure(request)
}

// signedIn tells whose session a secret is.
type signedIn func(ctx context.Context, secret, requestID string) (caller.Caller, error)

// identify finds out who asks: by the access token, or without one by the cookie of a session, which only the console's own
// pages can use.
func (r *Resolver) identify(ctx context.Context, request *http.Request, whose signedIn) (context.Context, error) {
	header := request.Header.Get("Authorization")
	cookie, err := request.Cookie(r.cookieName(request))
	if header != "" || errors.Is(err, http.ErrNoCookie) {
		return r.authenticate(ctx, header)
	}
	if !r.sameOrigin(request) {
		return ctx, errCrossOrigin
	}
	who, err := whose(ctx, cookie.Value, requestID(ctx))
	if err != nil {
		return ctx, err
	}
	return caller.With(ctx, who), nil
}

// Reader identifies who reads a file by GET: by the access token, or by the cookie of a session, as when somebody follows a link of
// the console. A browser that says that a page of another origin has sent it is refused; one that says nothing is not, for the cookie
// goes with nothing that another site sends, nothing changes, and no other origin reads the answer.
func (r *Resolver) Reader(ctx context.Context, request *http.Request) (context.Context, error) {
	header := request.Header.Get("Authorization")
	cookie, err := request.Cookie(r.cookieName(request))
	if header != "" || errors.Is(err, http.ErrNoCookie) {
		return r.authenticate(ctx, header)
	}
	switch request.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return ctx, errCrossOrigin
	}
	who, err := r.Access.SignedIn(ctx, cookie.Value, requestID(ctx))
	if err != nil {
		return ctx, err
	}
	return caller.With(ctx, who), nil
}

// Writer identifies who sends a file: by the access token, or by the cookie of a session, from the console's own pages alone. It is
// for what changes something; it asks of a browser what GraphQL asks.
func (r *Resolver) Writer(ctx context.Context, request *http.Request) (context.Context, error) {
	return r.identify(ctx, request, r.Access.SignedIn)
}

// shownAdministrator is the id of an administrator, if there is one.
func shownAdministrator(of id.ID) *string {
	if of == id.Nil {
		return nil
	}
	text := id.Administrator.Format(of)
	return &text
}
