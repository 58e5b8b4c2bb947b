// Package events keeps the journal: every change of a tenant, recorded in the transaction that made it.
//
// Invariants: an event exists if and only if its change does. Events have no number at first; one worker numbers what has
// been committed, each number greater than all before, and readers see numbered events only. Who has read up to a number has
// therefore seen every event that will ever be below it. Numbers are shared by all tenants, so one tenant's have gaps.
// Nothing but the number of an event ever changes.
package events

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// Topics of store's news: Recorded wakes the worker that numbers, Numbered wakes readers.
const (
	Recorded = "events.recorded"
	Numbered = "events.numbered"
)

// Event is one change. Record takes its Kind, Subject and Data and fills in the rest.
type Event struct {
	ID            id.ID
	Number        int64
	Kind          string // such as user.created
	Subject       id.ID  // what has changed
	Actor         Actor
	Data          any // for Record anything that marshals to a JSON object, nil for an empty one; a json.RawMessage in what is read
	RequestID     string
	TransactionID id.ID // the same for all events of one unit of work
	At            time.Time
}

// Actor is who caused a change.
type Actor struct {
	Kind string // a kind of package caller
	ID   id.ID  // the configuration, administrator or token; id.Nil for a worker
	Name string
}

// Service is the journal of every tenant; reads are of the caller's tenant.
type Service struct {
	db *store.DB
}

// New returns the journal kept in a database.
func New(db *store.DB) *Service { return &Service{db: db} }

// Record writes an event as part of the caller's unit of work and returns its id.
func (s *Service) Record(ctx context.Context, e Event) (id.ID, error) {
	who, err := caller.Must(ctx)
	if err != nil {
		return id.Nil, err
	}
	text := []byte("{}")
	if e.Data != nil {
		if text, err = json.Marshal(e.Data); err != nil {
			return id.Nil, fmt.Errorf("record %s: %w", e.Kind, err)
		}
	}
	e.ID, e.At, e.Data = id.New(), s.db.Now(), json.RawMessage(text)
	e.RequestID, e.TransactionID = who.RequestID, store.TransactionID(ctx)
	e.Actor = Actor{Kind: who.Kind, ID: who.ID(), Name: who.Name}
	if err := insert(ctx, who.Tenant, e, text); err != nil {
		return id.Nil, fmt.Errorf("record %s: %w", e.Kind, err)
	}
	store.AfterCommit(ctx, func() { s.db.Notify(Recorded) })
	return e.ID, nil
}

// Listen returns a channel that receives when there may be newly numbered events. Call cancel when done.
func (s *Service) Listen() (<-chan struct{}, func()) { return s.db.Listen(Numbered) }
