package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/events"
)

func record(ctx context.Context, db *store.DB, s *events.Service, e events.Event) (id.ID, error) {
	return store.InTx(ctx, db, func(ctx context.Context) (id.ID, error) { return s.Record(ctx, e) })
}

// numbered runs the worker until some number of the tenant's events can be read.
func numbered(t *testing.T, ctx context.Context, s *events.Service, want int) []events.Event {
	t.Helper()
	working, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(working) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	limit := time.Now().Add(10 * time.Second)
	for {
		var all []events.Event
		last := int64(0)
		for more := true; more; {
			p, err := s.After(ctx, last, 50, events.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, p.Items...)
			if len(all) > 0 {
				last = all[len(all)-1].Number
			}
			more = p.HasNext
		}
		if len(all) >= want {
			return all
		}
		if time.Now().After(limit) {
			t.Fatalf("only %d of %d events are numbered", len(all), want)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestAnEventIsThereWithItsChangeOnly(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := storetest.Tenant(t, db), events.New(db)
		subject, broken := id.New(), errors.New("broken")
		err := store.Do(ctx, db, func(ctx context.Context) error {
			if _, err := s.Record(ctx, events.Event{Kind: "user.created", Subject: subject}); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		of, err := record(ctx, db, s, events.Event{Kind: "user.changed", Subject: subject, Data: map[string]int{"version": 2}})
		if err != nil {
			t.Fatal(err)
		}
		all := numbered(t, ctx, s, 1)
		who, _ := caller.From(ctx)
		if len(all) != 1 || all[0].ID != of || all[0].Kind != "user.changed" || all[0].Actor != (events.Actor{Kind: caller.KindAdmin, ID: who.Admin, Name: who.Name}) {
			t.Errorf("the journal has %+v", all)
		}
		if text, _ := all[0].Data.(json.RawMessage); string(text) != `{"version":2}` {
			t.Errorf("its data are %s", text)
		}
		if e, ok, err := s.Get(ctx, of); err != nil || !ok || e.Number != all[0].Number {
			t.Errorf("by id: %+v, %v, %v", e, ok, err)
		}
		if _, ok, err := s.Get(storetest.Tenant(t, db), of); err != nil || ok {
			t.Errorf("another tenant reads it: %v", err)
		}
	})
}

func TestEveryEventIsDeliveredOnceInOrderWhileOthersWrite(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			ctx := storetest.Tenant(t, one)
			const writers, each = 8, 25
			var all sync.WaitGroup
			var mu sync.Mutex
			var made []id.ID
			for i := range writers {
				db := one
				if i%2 == 1 {
					db = two
				}
				s := events.New(db)
				all.Go(func() {
					for range each {
						of, err := record(ctx, db, s, events.Event{Kind: "user.changed", Subject: id.New()})
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						made = append(made, of)
						mu.Unlock()
					}
				})
			}
			read := numbered(t, ctx, events.New(one), writers*each)
			all.Wait()
			var got []id.ID
			for i, e := range read {
				got = append(got, e.ID)
				if i > 0 && e.Number <= read[i-1].Number {
					t.Errorf("number %d comes after %d", e.Number, read[i-1].Number)
				}
			}
			byText := func(a, b id.ID) int { return slices.Compare(a[:], b[:]) }
			slices.SortFunc(got, byText)
			slices.SortFunc(made, byText)
			if !slices.Equal(got, made) {
				t.Errorf("%d events were made, %d were read", len(made), len(got))
			}
		})
	}
}

// The total is kept as events are numbered, and made anew where it has not been kept from the first event on.
func TestTheTotalIsKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, other, s := storetest.Tenant(t, db), storetest.Tenant(t, db), events.New(db)
		add := func(ctx context.Context, n int) {
			t.Helper()
			for range n {
				if _, err := record(ctx, db, s, events.Event{Kind: "user.changed", Subject: id.New()}); err != nil {
					t.Fatal(err)
				}
			}
		}
		want := func(when string, ours, theirs int64) {
			t.Helper()
			if n, err := s.Count(ctx, events.Filter{}); err != nil || n != ours {
				t.Errorf("%s: %d, %v; want %d", when, n, err, ours)
			}
			if n, err := s.Count(other, events.Filter{}); err != nil || n != theirs {
				t.Errorf("%s, of the other tenant: %d, %v; want %d", when, n, err, theirs)
			}
		}
		add(ctx, 5)
		add(other, 2)
		want("before they are numbered", 0, 0)
		numbered(t, ctx, s, 5)
		want("numbered", 5, 2)
		if err := db.FoldCounts(t.Context()); err != nil {
			t.Fatal(err)
		}
		want("folded", 5, 2)
		err := store.Do(ctx, db, func(ctx context.Context) error { // as it was before totals were kept
			_, err := db.Exec(ctx, `DELETE FROM counts WHERE name = 'events'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		add(ctx, 1)
		numbered(t, ctx, s, 6)
		want("made anew", 6, 2)
		add(other, 1)
		numbered(t, other, s, 3)
		want("kept from then on", 6, 3)
	})
}

func TestTheJournalIsReadInPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := storetest.Tenant(t, db), events.New(db)
		subjects := []id.ID{id.New(), id.New()}
		for i := range 6 {
			kind := []string{"user.created", "user.changed", "user.deleted"}[i%3]
			if _, err := record(ctx, db, s, events.Event{Kind: kind, Subject: subjects[i%2]}); err != nil {
				t.Fatal(err)
			}
		}
		all := numbered(t, ctx, s, 6)
		back, err := s.List(ctx, page.Args{Last: 2}, events.Filter{})
		if err != nil || !back.HasPrevious || back.Items[0].ID != all[4].ID || back.Items[1].ID != all[5].ID {
			t.Errorf("from the end: %+v, %v", back, err)
		}
		changed, err := s.List(ctx, page.Args{First: 9}, events.Filter{Kinds: []string{"user.changed"}, Subject: all[1].Subject})
		if err != nil || len(changed.Items) != 1 || changed.Items[0].ID != all[1].ID {
			t.Errorf("filtered: %+v, %v", changed, err)
		}
		pages, err := s.OfSubjects(ctx, subjects, page.Args{First: 2}, page.Descending)
		if err != nil || len(pages[subjects[0]].Items) != 2 || !pages[subjects[0]].HasNext || pages[subjects[0]].Items[0].ID != all[4].ID {
			t.Errorf("of subjects: %+v, %v", pages, err)
		}
		for _, way := range []page.Way{page.Ascending, page.Descending} {
			for _, args := range []page.Args{{First: 1}, {Last: 1}, {First: 2}, {Last: 2}, {First: 3}} {
				read := func(args page.Args) (page.Page[events.Event], error) {
					pages, err := s.OfSubjects(ctx, subjects, args, way)
					return pages[subjects[0]], err
				}
				want := []events.Event{all[0], all[2], all[4]}
				if way == page.Descending {
					slices.Reverse(want)
				}
				got, err := page.Walk(args, read, events.CursorOfSubject)
				if err != nil || !slices.EqualFunc(got, want, func(a, b events.Event) bool { return a.ID == b.ID }) {
					t.Errorf("descending %v, by %+v: %+v, %v", way, args, got, err)
				}
			}
		}
		counts, err := s.CountsOf(ctx, append(subjects, id.New()))
		if err != nil || len(counts) != 2 || counts[subjects[0]] != 3 {
			t.Errorf("counts are %v, %v", counts, err)
		}
		for _, c := range []struct {
			f    events.Filter
			want int64
		}{{events.Filter{}, 6}, {events.Filter{Kinds: []string{"user.changed"}}, 2}, {events.Filter{Subject: subjects[1]}, 3}, {events.Filter{Kinds: []string{"x"}}, 0}} {
			if n, err := s.Count(ctx, c.f); err != nil || n != c.want {
				t.Errorf("%+v counts %d, %v; want %d", c.f, n, err, c.want)
			}
		}
		for _, cursor := range []string{"x", page.Encode("user", "1"), page.Encode("event", "-1")} {
			if _, err := s.List(ctx, page.Args{First: 1, After: cursor}, events.Filter{}); !errors.Is(err, page.ErrCursor) {
				t.Errorf("%q: %v", cursor, err)
			}
		}
	})
}
