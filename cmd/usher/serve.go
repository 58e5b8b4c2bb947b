package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/usherhq/usher/graph"
	"github.com/usherhq/usher/scimadapter"
	"github.com/usherhq/usher/web"
)

type serveCommand struct {
	place
	format

	Listen       string         `help:"Address to listen on." default:"localhost:8080" env:"USHER_LISTEN" placeholder:"HOST:PORT"`
	PublicURL    string         `name:"public-url" help:"Scheme and host that clients see. Without it, what they ask for." env:"USHER_PUBLIC_URL"`
	TLSCert      string         `name:"tls-cert" help:"File of the TLS certificate." env:"USHER_TLS_CERT" type:"existingfile"`
	TLSKey       string         `name:"tls-key" help:"File of the TLS key." env:"USHER_TLS_KEY" type:"existingfile"`
	PlainHTTP    bool           `name:"plain-http" help:"Serve other machines without TLS, though no trusted proxy is named." env:"USHER_PLAIN_HTTP"`
	TrustedProxy []netip.Prefix `help:"Networks whose X-Forwarded-Proto, X-Forwarded-Host and X-Request-ID are believed." env:"USHER_TRUSTED_PROXY"`
	ScimRate     int            `name:"scim-rate" help:"Requests a second that each SCIM configuration may send to this replica: 25 at least, or 0 for no bound." default:"500" env:"USHER_SCIM_RATE" placeholder:"N"`
	Drain        time.Duration  `help:"How long to go on serving after SIGTERM with /readyz saying no, so that load balancers turn away first." default:"1s" env:"USHER_DRAIN"`
	Demo         bool           `help:"Add a tenant to look at, with licenses, SCIM configurations, people, and a year behind it." env:"USHER_DEMO"`
	LogLevel     string         `name:"log-level" help:"What to log: debug, info (a line for each request), warn or error. Without it info, and warn with --demo." enum:",debug,info,warn,error" default:"" env:"USHER_LOG_LEVEL" placeholder:"LEVEL"`
	LogJSON      bool           `name:"log-json" help:"Log JSON." env:"USHER_LOG_JSON"`
}

// timeouts bound how long a client may take for each part of a request.
type timeouts struct{ header, read, write, idle time.Duration }

var patience = timeouts{header: 5 * time.Second, read: time.Minute, write: 90 * time.Second, idle: 2 * time.Minute}

const (
	stopTimeout = 20 * time.Second
	maxHeader   = 32 << 10
	foldEvery   = 2 * time.Second
)

// Run serves until it is told to stop, and then finishes what it has begun.
func (c *serveCommand) Run(ctx context.Context, p *printer) error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("give both --tls-cert and --tls-key, or neither")
	}
	if err := checkPublicURL(c.PublicURL); err != nil {
		return err
	}
	if c.TLSCert == "" && len(c.TrustedProxy) == 0 && !c.PlainHTTP && !local(c.Listen) {
		return errors.New("tokens and people would pass in the clear: give --tls-cert and --tls-key, name the proxy in front with --trusted-proxy, or say --plain-http")
	}
	if c.ScimRate != 0 && c.ScimRate < scimadapter.MinRate {
		return fmt.Errorf("--scim-rate is 0 or at least %d: Entra alone sends that much", scimadapter.MinRate)
	}
	log, err := c.logger(p.errs)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	h, err := c.open(ctx)
	if err != nil {
		return err
	}
	if err := h.index(ctx); err != nil {
		return errors.Join(err, h.close())
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", c.Listen, err), h.close())
	}
	s := &serving{serveCommand: c, house: h, log: log, printer: p, base: c.baseURL(listener), address: listener.Addr().String(), lived: make(chan struct{})}
	if !c.Demo {
		close(s.lived)
	}
	return errors.Join(s.run(ctx, listener), h.close())
}

// checkPublicURL refuses what addresses cannot begin with: they have a path behind it, so that it has no query (RFC 7644 section 1.3).
func checkPublicURL(text string) error {
	at, err := url.Parse(text)
	switch {
	case text == "":
		return nil
	case err != nil, at.Scheme != "http" && at.Scheme != "https", at.Host == "", at.User != nil, strings.ContainsAny(text, "?#"):
		return errors.New("--public-url is the scheme and the host that clients see, without ? and #, as in https://usher.example.com")
	default:
		return nil
	}
}

// local tells whether an address is reached from this machine alone.
func local(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || host == "localhost" {
		return true // what is no address is refused by whoever listens there
	}
	at, err := netip.ParseAddr(host)
	return err == nil && at.IsLoopback()
}

func (c *serveCommand) logger(w io.Writer) (*slog.Logger, error) {
	level := slog.LevelInfo
	if c.Demo {
		level = slog.LevelWarn // what the demo says is to stay on the screen
	}
	if c.LogLevel != "" {
		if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
			return nil, fmt.Errorf("--log-level: %w", err)
		}
	}
	options := &slog.HandlerOptions{Level: level}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return slog.New(slog.NewTextHandler(w, options)), nil
}

// baseURL is how the server is reached, as far as it knows itself.
func (c *serveCommand) baseURL(listener net.Listener) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	host, _, err := net.SplitHostPort(c.Listen)
	_, port, portErr := net.SplitHostPort(listener.Addr().String())
	if err != nil || portErr != nil || host == "" {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// serving is a server that runs.
type serving struct {
	*serveCommand
	*house

	log     *slog.Logger
	printer *printer
	base    string // how clients reach it
	address string // where it listens
	leaving atomic.Bool
	lived   chan struct{} // closed once no demo's year is being written
}

func (s *serving) run(ctx context.Context, listener net.Listener) error {
	handler, graphql := s.handler()
	server := newServer(handler, s.log, patience)
	server.RegisterOnShutdown(graphql.Close)
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorking()
	workers := s.workers(working)
	all, running := errgroup.WithContext(ctx)
	all.Go(func() error { return s.serve(server, listener) })
	all.Go(func() error {
		<-running.Done()
		return s.leave(ctx, server)
	})
	all.Go(func() error {
		if err := s.welcome(running); err != nil && ctx.Err() == nil { // who stops it early does not want to hear of that
			return err
		}
		return nil
	})
	err := all.Wait()
	stopWorking()
	return errors.Join(err, workers.Wait())
}

func newServer(h http.Handler, log *slog.Logger, t timeouts) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: t.header, ReadTimeout: t.read, WriteTimeout: t.write, IdleTimeout: t.idle, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// leave ends the server so that no request fails: first it says that it is not ready and asks every client to connect anew, which
// load balancers do elsewhere; then it takes nothing new and waits for what runs.
func (s *serving) leave(ctx context.Context, server *http.Server) error {
	s.leaving.Store(true)
	s.log.Info("stopping")
	if ctx.Err() != nil { // it was asked to, and has not failed by itself
		turned := time.NewTimer(s.Drain)
		defer turned.Stop()
		<-turned.C
	}
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer done()
	return server.Shutdown(stopping)
}

func (s *serving) serve(server *http.Server, listener net.Listener) error {
	var err error
	if s.TLSCert != "" {
		err = server.ServeTLS(listener, s.TLSCert, s.TLSKey)
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// workers do what nobody waits for.
func (s *serving) workers(ctx context.Context) *errgroup.Group {
	var all errgroup.Group
	all.Go(func() error { return s.access.Run(ctx) })
	all.Go(func() error { return s.events.Run(ctx) })
	all.Go(func() error { return s.directory.Run(ctx) })
	all.Go(func() error { return s.afterYear(ctx, s.seats.Run) })
	all.Go(func() error { return s.provisioning.Run(ctx) })
	all.Go(func() error { return s.afterYear(ctx, s.reports.Run) })
	all.Go(func() error {
		tick := time.NewTicker(foldEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				if err := s.db.FoldCounts(ctx); err != nil && ctx.Err() == nil {
					s.log.Warn("totals were not folded", "error", err)
				}
			}
		}
	})
	return &all
}

// afterYear has a worker wait that does what is due by the clock: while the demo's year is written, another clock counts there.
func (s *serving) afterYear(ctx context.Context, run func(context.Context) error) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.lived:
		return run(ctx)
	}
}

// handler is everything that the server answers, and the door whose streams have to be ended.
func (s *serving) handler() (http.Handler, *graph.Server) {
	numbers := newMetrics(s.house)
	open := newDoors(scimadapter.New(scimadapter.Options{Provisioning: s.provisioning, Directory: s.directory, Seats: s.seats, Access: s.access, Clock: s.clock, PublicURL: s.PublicURL,
		Rate: s.ScimRate}))
	resolver := &graph.Resolver{
		Tenants: s.tenants, Access: s.access, Directory: s.directory, Licensing: s.seats, Provisioning: s.provisioning, Events: s.events, Reports: s.reports,
		ScimURL: s.base + scimadapter.Base, ConsoleURL: s.base + consolePath,
	}
	graphql := graph.NewServer(resolver, s.log)
	open.add("graphql", "/graphql", graphql)
	open.add("console", consolePath, web.Console())
	open.add("console", "GET /console", http.RedirectHandler(consolePath, http.StatusFound))
	open.add("session", consolePath+"session", graph.NewSessions(resolver, s.clock, s.log))
	open.add("export", "/export/", s.exports(resolver.Reader))
	open.add("import", "/import/", s.imports(resolver.Writer))
	open.add("graphiql", "GET /graphiql", http.RedirectHandler("/graphiql/", http.StatusFound))
	open.add("graphiql", "GET /graphiql/", http.StripPrefix("/graphiql", web.GraphiQL()))
	open.add("jwks", "GET /.well-known/jwks.json", http.HandlerFunc(s.jwks))
	open.add("health", "GET /healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }))
	open.add("health", "GET /readyz", http.HandlerFunc(s.ready))
	open.add("metrics", "GET /metrics", numbers.handler())
	open.add("console", "GET /{$}", http.RedirectHandler(consolePath, http.StatusFound))
	return &front{doors: open, log: s.log, clock: s.clock, metrics: numbers, trusted: s.TrustedProxy, leaving: &s.leaving}, graphql
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // a client that has gone away is no mistake
}

// ready tells whether the database can be written to.
func (s *serving) ready(w http.ResponseWriter, r *http.Request) {
	if s.leaving.Load() {
		plain(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	if err := s.db.Ping(r.Context()); err != nil {
		s.log.Warn("not ready", "error", err)
		plain(w, http.StatusServiceUnavailable, "the database cannot be reached")
		return
	}
	plain(w, http.StatusOK, "ready")
}

func (s *serving) jwks(w http.ResponseWriter, _ *http.Request) {
	keys, err := s.access.JWKS()
	if err != nil {
		s.log.Error("signing keys cannot be shown", "error", err)
		plain(w, http.StatusInternalServerError, "internal error")
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(keys) // a client that has gone away is no mistake
}
