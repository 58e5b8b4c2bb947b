package reporting

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

// ErrUseUnknown is for a list behind a figure that is unknown.
var ErrUseUnknown = fault.New(fault.Conflict, "use_unknown",
	"nothing is known of the use of this license: no source of activity has told of it, or one has fallen silent")

// Figure is a figure with a list of people behind it.
type Figure string

// The figures with people behind them, named as in Definitions.
const (
	OfAssigned    Figure = "assigned"
	OfInvited     Figure = "invited"
	OfActivated   Figure = "activated"
	OfConsent     Figure = "consentPending"
	OfPaused      Figure = "paused"
	OfGrace       Figure = "grace"
	OfWaiting     Figure = "waiting"
	OfActive      Figure = "active"
	OfInactive    Figure = "inactive"
	OfNeverUsed   Figure = "neverUsed"
	OfReclaimable Figure = "reclaimable"
)

// Figures are all of them, in the order in which they are told.
var Figures = []Figure{OfAssigned, OfInvited, OfActivated, OfConsent, OfPaused, OfGrace, OfWaiting, OfActive, OfInactive, OfNeverUsed, OfReclaimable}

// plainStates are the states that some figures count.
var plainStates = map[Figure][]State{
	OfAssigned: {Invited, Activated}, OfInvited: {Invited}, OfActivated: {Activated}, OfConsent: {Consenting}, OfPaused: {Paused}, OfGrace: {Grace},
	OfWaiting: {Waiting},
}

// The reasons for which a seat is reclaimable.
const (
	ReasonIdle           = "idle"
	ReasonNeverActivated = "never_activated"
	ReasonLeft           = "left"
)

// Days after which a seat is reclaimable where the license's policy does not say.
const (
	defaultIdleDays    = 90
	defaultInvitedDays = 30
)

// Filter narrows who is listed by what people are now. Its zero value takes all.
type Filter struct {
	Group, Config       *id.ID // a direct member; somebody whom a SCIM configuration has joined
	Department, Manager *string
}

// Listing says which list is wanted.
type Listing struct {
	Figure Figure
	Days   int // the window of active and inactive: one of Windows
	Filter Filter
	Order  Order
}

// Order is the order of a list.
type Order struct {
	By  OrderField
	Way page.Way
}

// OrderField is what people are ordered by, besides their ids. Who never used comes before all who did.
type OrderField string

// The orders of people.
const (
	ByPerson   OrderField = "person" // in the order in which people were made
	BySince    OrderField = "since"
	ByAssigned OrderField = "assigned"
	ByLastUse  OrderField = "used"
)

// Holder is a person in one of the lists behind the figures.
type Holder struct {
	License, User id.ID
	State         State
	Since         time.Time
	AssignedAt    *time.Time
	LastUsedAt    *time.Time
	Reasons       []string // why the seat is reclaimable

	UserName, DisplayName, Department *string // as they are now; nil of somebody who was deleted

	place time.Time // what the order goes by
}

func (l Listing) check() error {
	known := false
	for _, f := range Figures {
		known = known || f == l.Figure
	}
	if !known {
		return ErrInvalidReport.At("figure").Sayf("there is no list behind %q", l.Figure)
	}
	if l.Figure != OfActive && l.Figure != OfInactive {
		return nil
	}
	for _, days := range Windows {
		if l.Days == days {
			return nil
		}
	}
	return ErrInvalidReport.At("days").Sayf("use is looked at over 30, 60 or 90 days")
}

// needsUse tells over how many days use has to be known for the list, 0 for not at all.
func (l Listing) needsUse() int {
	if l.Figure == OfActive || l.Figure == OfInactive {
		return l.Days
	}
	if l.Figure == OfNeverUsed {
		return Windows[0]
	}
	return 0
}

// Known tells whether the figure of a license is known. Where it is not, there is no list behind it.
func (l Listing) Known(u Utilization) bool {
	days := l.needsUse()
	return days == 0 || u.of.known(u.At, days)
}

// Holders returns, for each license of a report, a page of the people behind a figure, in one statement. Total is not counted:
// HolderCounts does that. It needs the scope reports:read; refuses with ErrInvalidReport and ErrUseUnknown.
func (s *Service) Holders(ctx context.Context, of []Utilization, l Listing, args page.Args) (map[id.ID]page.Page[Holder], error) {
	if err := s.mayList(ctx, of, l); err != nil || len(of) == 0 {
		return nil, err
	}
	limit, downwards, err := args.Toward(l.Order.Way)
	if err != nil {
		return nil, err
	}
	from := place{limit: limit + 1, downwards: downwards}
	if cursor := args.Cursor(); cursor != "" {
		if from.user, from.at, err = l.Order.place(cursor); err != nil {
			return nil, err
		}
	}
	found, err := s.readHoldersOf(ctx, of, l, from)
	if err != nil {
		return nil, err
	}
	all := make(map[id.ID]page.Page[Holder], len(of))
	for _, u := range of {
		if all[u.License], err = page.Cut(found[u.License], args, 0); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// HolderCounts tells how many people are behind a figure of each license of a report.
func (s *Service) HolderCounts(ctx context.Context, of []Utilization, l Listing) (map[id.ID]int64, error) {
	if err := s.mayList(ctx, of, l); err != nil || len(of) == 0 {
		return nil, err
	}
	return s.countHolders(ctx, of, l)
}

func (s *Service) mayList(ctx context.Context, of []Utilization, l Listing) error {
	if err := caller.Require(ctx, caller.ScopeGroupReportsRead); err != nil {
		return err
	}
	if err := errors.Join(l.check(), l.Filter.within(ctx)); err != nil {
		return err
	}
	for _, u := range of {
		if !l.Known(u) {
			return ErrUseUnknown
		}
	}
	return nil
}

// within refuses a reader limited to groups who asks for a group that is not one of hers, or for a SCIM configuration: whether these
// are there is not hers to know.
func (f Filter) within(ctx context.Context) error {
	who, _ := caller.From(ctx)
	switch {
	case !who.Limited():
		return nil
	case f.Config != nil, f.Group != nil && !slices.Contains(who.Groups, *f.Group):
		return caller.ErrForbidden.Sayf("you see the people of some groups: filter by one of these, by department or by manager")
	default:
		return nil
	}
}

// place is where a page starts: behind somebody, or at an end of the list.
type place struct {
	user      *id.ID
	at        time.Time
	limit     int
	downwards bool
}

const holderCursor = "holder"

// Cursor returns the cursor of somebody in a list of that order.
func (o Order) Cursor(h Holder) string {
	return page.Encode(holderCursor+":"+string(o.field()), h.User.String(), h.place.UTC().Format(time.RFC3339Nano))
}

func (o Order) field() OrderField {
	if o.By == "" {
		return ByPerson
	}
	return o.By
}

func (o Order) place(cursor string) (*id.ID, time.Time, error) {
	parts, err := page.Decode(holderCursor+":"+string(o.field()), cursor, 2)
	if err != nil {
		return nil, time.Time{}, err
	}
	user, err := uuid.Parse(parts[0])
	if err != nil {
		return nil, time.Time{}, page.ErrCursor.Because(err)
	}
	at, err := time.Parse(time.RFC3339Nano, parts[1])
	if err != nil {
		return nil, time.Time{}, page.ErrCursor.Because(err)
	}
	return &user, at, nil
}

// Reclaimable tells how many seats could be taken back, and why.
type Reclaimable struct {
	IdleDays, InvitedDays      int // after which a seat is idle, or was not activated for too long
	Seats                      int64
	Idle, NeverActivated, Left int64 // a seat with two reasons counts for both
	IdleKnown                  bool
	WorthPerYear               *int64
	Currency                   string
}

// Reclaimables returns what could be taken back of each license of a report, in one statement. It needs the scope reports:read.
func (s *Service) Reclaimables(ctx context.Context, of []Utilization) (map[id.ID]Reclaimable, error) {
	if err := caller.Require(ctx, caller.ScopeGroupReportsRead); err != nil || len(of) == 0 {
		return nil, err
	}
	return s.countReclaimable(ctx, of)
}

func (u Utilization) idleDays() int {
	if u.of.reclaim.IdleDays > 0 {
		return u.of.reclaim.IdleDays
	}
	return defaultIdleDays
}

func (u Utilization) invitedDays() int {
	if u.of.reclaim.InvitedDays > 0 {
		return u.of.reclaim.InvitedDays
	}
	return defaultInvitedDays
}
