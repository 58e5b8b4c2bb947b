// Package directory keeps the people and the groups of a tenant.
//
// Invariants: a userName and a group's name are unique in the tenant without case, and the database says so. externalId and
// activity belong to the link between a person and one SCIM configuration; a person is active while no administrator blocks
// her and at least one open link is active, or she has no open link. A configuration whose link has ended sees the person no
// more. Versions grow by one with each real change; a change that changes nothing writes nothing and records nothing.
// Memberships survive deactivation; they go with the person or the group, or with the last of their reasons. Who is named before
// she comes is parked, and joins in the unit of work in which she comes.
//
// A tenant may register schemas of its own, which what a configuration sends must fit from then on; data that was there before is
// kept as it is, whether it fits or not.
//
// Events: user.created, user.changed, user.deactivated, user.reactivated, user.adopted, user.left, user.deleted, user.blocked,
// user.unblocked, group.created, group.changed, group.members_changed, group.deleted,
// attribute_schema.registered, attribute_schema.changed, attribute_schema.ready, attribute_schema.removed; for an administrator to
// look at, group.hand_made_removed, group.bulk_removal, group.suspicious_replace, group.drift_settled.
package directory

import (
	"context"
	"time"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// Followers are told of what happens to people, within the unit of work in which it happens. An error of theirs undoes it.
// A config of id.Nil means the person as a whole.
type Followers interface {
	// Joined tells that a configuration has a link to the person now: it made, adopted or took her back. Without a link she has been
	// made by hand.
	Joined(ctx context.Context, now *User, link Link) error
	// Changed tells that attributes of the person have changed.
	Changed(ctx context.Context, was, now *User) error
	// Deactivated tells that a configuration's link has turned inactive or, with id.Nil, the person herself, and her links with her.
	Deactivated(ctx context.Context, user, config id.ID) error
	// Reactivated is the reverse of Deactivated. The person is told before the configuration.
	Reactivated(ctx context.Context, now *User, config id.ID) error
	// Left tells that a configuration's link has ended while the person stays.
	Left(ctx context.Context, user, config id.ID) error
	// Deleted tells that the person is about to be deleted. What refers to her must go now.
	Deleted(ctx context.Context, user id.ID) error
	// MembershipChanged tells who has come into a group and who has gone, people and groups alike.
	MembershipChanged(ctx context.Context, group id.ID, added, removed []id.ID) error
}

// Service is the directory of every tenant; the caller's tenant is the one it works on.
type Service struct {
	db        *store.DB
	events    *events.Service
	clock     clock.Clock
	followers Followers
	positions *positions
	known     *schemaCache
	unready   *unready
	slowest   time.Duration // how long a query may look at everybody
}

// New returns the directory kept in a database.
func New(db *store.DB, journal *events.Service, now clock.Clock) *Service {
	return &Service{db: db, events: journal, clock: now, followers: nobody{}, positions: newPositions(), known: newSchemaCache(), unready: newUnready(), slowest: slowest}
}

// Follow names who is told of changes. Call it once, before the first verb.
func (s *Service) Follow(f Followers) { s.followers = f }

// nobody follows a directory that stands alone.
type nobody struct{}

func (nobody) Joined(context.Context, *User, Link) error                        { return nil }
func (nobody) Changed(context.Context, *User, *User) error                      { return nil }
func (nobody) Deactivated(context.Context, id.ID, id.ID) error                  { return nil }
func (nobody) Reactivated(context.Context, *User, id.ID) error                  { return nil }
func (nobody) Left(context.Context, id.ID, id.ID) error                         { return nil }
func (nobody) Deleted(context.Context, id.ID) error                             { return nil }
func (nobody) MembershipChanged(context.Context, id.ID, []id.ID, []id.ID) error { return nil }
