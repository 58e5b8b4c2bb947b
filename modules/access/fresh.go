package access

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"github.com/usherhq/usher/internal/store"
)

const (
	maxSilence = time.Minute     // without news of revocations nobody comes in
	lookUps    = 10              // a second, for keys that are not known: a token that is forged may name any
	giveUpFor  = time.Second     // after a refresh in vain, before a request tries the next
	pollEvery  = 4 * time.Second // so that a revocation is known within five, whatever happens to the news
	usesEvery  = 5 * time.Second // so that who rotates a token sees the new one used
	overlap    = 2 * time.Minute // clocks of replicas differ, and units of work take their time

	stopPatience = 5 * time.Second
)

// fresh lets one refresh run at a time. Its fields belong to who has the turn.
type fresh struct {
	turn    chan struct{}
	failed  time.Time // when the last refresh was in vain
	why     error
	lookUps *rate.Limiter
}

func newFresh() *fresh {
	return &fresh{turn: make(chan struct{}, 1), lookUps: rate.NewLimiter(lookUps, lookUps)}
}

// refreshed sees to it that what is known is no older than that. Requests that come at the same time wait for one refresh,
// and while the database is away they are told so at once.
func (s *Service) refreshed(ctx context.Context, noOlder time.Duration) error {
	if s.known.staleness(s.clock()) <= noOlder {
		return nil
	}
	return s.inTurn(ctx, func() error {
		now := s.clock()
		if s.known.staleness(now) <= noOlder {
			return nil
		}
		return s.tryRefresh(ctx, now)
	})
}

// lookUpKeys reads the keys anew for a token that came at a time and names one that is not known: another replica may have made
// it a moment ago. Tokens that come together wait for one look, and those who make keys up have no more than a few looks.
func (s *Service) lookUpKeys(ctx context.Context, came time.Time) error {
	return s.inTurn(ctx, func() error {
		now := s.clock()
		if s.known.staleness(came) < 0 || s.fresh.why == nil && !s.fresh.lookUps.AllowN(now, 1) {
			return nil
		}
		return s.tryRefresh(ctx, now)
	})
}

func (s *Service) tryRefresh(ctx context.Context, now time.Time) error {
	if s.fresh.why != nil && now.Sub(s.fresh.failed) < giveUpFor {
		return s.fresh.why
	}
	return s.refresh(ctx)
}

// Refresh reads the keys, and what was revoked since the last time.
func (s *Service) Refresh(ctx context.Context) error {
	return s.inTurn(ctx, func() error { return s.refresh(ctx) })
}

func (s *Service) inTurn(ctx context.Context, do func() error) error {
	select {
	case s.fresh.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("refresh keys and revocations: %w", ctx.Err())
	}
	defer func() { <-s.fresh.turn }()
	return do()
}

func (s *Service) refresh(ctx context.Context) error {
	err := s.learn(store.AcrossTenants(ctx, "keys and revocations are the installation's"))
	if err == nil || ctx.Err() == nil { // a request that was broken off says nothing about the database
		s.fresh.failed, s.fresh.why = s.clock(), err
	}
	return err
}

func (s *Service) learn(ctx context.Context) error {
	at := s.clock()
	installation, err := s.loadInstallation(ctx)
	if err != nil {
		return err
	}
	keys, err := s.loadKeys(ctx, at)
	if err != nil {
		return err
	}
	for i := range keys {
		if keys[i].retired {
			continue
		}
		if err := s.unwrap(&keys[i]); err != nil {
			return err
		}
	}
	revoked, err := s.revokedSince(ctx, s.known.since().Add(-overlap), at)
	if err != nil {
		return err
	}
	s.known.learn(installation, keys, revoked, at)
	return nil
}

// Run keeps what is known fresh, writes down when tokens were last used, and forgets sessions that are long over, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	news, cancel := s.db.Listen(News)
	defer cancel()
	poll, written, swept := time.NewTicker(s.poll), time.NewTicker(usesEvery), time.NewTicker(sweepEvery)
	defer swept.Stop()
	defer poll.Stop()
	defer written.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			last, done := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
			defer done()
			return s.FlushUses(last)
		case <-written.C:
			err = s.FlushUses(ctx)
		case <-swept.C:
			err = s.sweep(ctx)
		case <-news:
			err = s.Refresh(ctx)
		case <-poll.C:
			err = s.Refresh(ctx)
		}
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "access is not fresh", "error", err)
		}
	}
}
