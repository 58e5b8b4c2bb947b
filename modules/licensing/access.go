package licensing

import (
	"context"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

// MaxPeople is how many people one question may name.
const MaxPeople = 1000

// Faults of the question who may come in.
var (
	ErrProductNotFound = fault.New(fault.NotFound, "product_not_found", "the tenant has no license of this product").At("product")
	ErrTooManyPeople   = fault.New(fault.Invalid, "too_many_people", "ask for 1 to 1,000 people at a time").At("people")
)

// Reasons of an Answer. Only Seated lets in.
const (
	Seated         = "seated"
	NoSuchPerson   = "no_such_person"
	Ambiguous      = "ambiguous" // an externalId that two SCIM configurations use for different people
	Inactive       = "inactive"
	NoSeat         = "no_seat"
	SeatWaiting    = "waiting"
	SeatInGrace    = "grace"
	SeatPaused     = "paused"
	ConsentPending = "consent_pending"
	SeatReleased   = "released"
	TermNotStarted = "not_started"
	TermExpired    = "expired"
)

// Answer tells whether a person may come in to a product.
type Answer struct {
	Allowed    bool
	Reason     string
	ValidUntil *time.Time // nil when nothing known ends it
	User       id.ID      // id.Nil for nobody
	Position   int64      // in the waiting list, 1 for the next; 0 unless waiting
}

// Access tells from live state which people may come in to a product, named by a SKU or a product's name without case. With
// several licenses of the product, one that lets in is enough. The answers are in the order of the people. It needs the scope
// entitlements:read and costs the same few statements for one and for MaxPeople.
func (s *Service) Access(ctx context.Context, product string, people []directory.Person) ([]Answer, error) {
	if err := caller.Require(ctx, caller.ScopeEntitlementsRead); err != nil {
		return nil, err
	}
	if len(people) < 1 || len(people) > MaxPeople {
		return nil, ErrTooManyPeople
	}
	licenses, err := s.ofProduct(ctx, product)
	if err != nil {
		return nil, err
	}
	found, err := s.people.Find(ctx, people)
	if err != nil {
		return nil, err
	}
	var users []id.ID
	for _, f := range found {
		if f.ID != id.Nil {
			users = append(users, f.ID)
		}
	}
	seats, err := s.SeatsOf(ctx, users)
	if err != nil {
		return nil, err
	}
	return s.answers(ctx, licenses, found, seats)
}

func (s *Service) answers(ctx context.Context, licenses map[id.ID]License, found []directory.Found, seats map[id.ID][]Seat) ([]Answer, error) {
	now := s.clock()
	answers := make([]Answer, len(found))
	var waiting []id.ID
	inLine := map[int]id.ID{}
	for i, person := range found {
		answers[i] = unseated(person)
		for _, seat := range seats[person.ID] {
			l, ofProduct := licenses[seat.License]
			if !ofProduct || !person.Active {
				continue
			}
			if a := seatAnswer(l, seat, now); rank[a.Reason] > rank[answers[i].Reason] {
				answers[i] = a
				delete(inLine, i)
				if a.Reason == SeatWaiting {
					inLine[i] = seat.ID
					waiting = append(waiting, seat.ID)
				}
			}
		}
	}
	places, err := s.Places(ctx, waiting)
	if err != nil {
		return nil, err
	}
	for i, seat := range inLine {
		answers[i].Position = places[seat]
	}
	return answers, nil
}

// rank orders reasons by how close they are to a seat: with several licenses the closest is told.
var rank = map[string]int{
	NoSeat: 0, SeatReleased: 1, SeatWaiting: 2, SeatInGrace: 3, SeatPaused: 4, ConsentPending: 5, TermExpired: 6, TermNotStarted: 7, Seated: 8,
}

func unseated(person directory.Found) Answer {
	a := Answer{User: person.ID, Reason: NoSeat}
	switch {
	case person.Ambiguous:
		a.Reason = Ambiguous
	case person.ID == id.Nil:
		a.Reason = NoSuchPerson
	case !person.Active:
		a.Reason = Inactive
	}
	return a
}

func seatAnswer(l License, seat Seat, now time.Time) Answer {
	a := Answer{User: seat.User}
	switch seat.State {
	case Waiting:
		a.Reason = SeatWaiting
	case Grace:
		a.Reason = SeatInGrace
	case Paused:
		a.Reason = SeatPaused
	case Consenting:
		a.Reason = ConsentPending
	case Invited, Activated:
		a.Reason, a.ValidUntil = Seated, l.TermEnd
		if seat.ValidUntil != nil {
			a.ValidUntil = seat.ValidUntil
		}
		if !l.Started(now) {
			a.Reason, a.ValidUntil = TermNotStarted, nil
		}
		if l.Expired(now) {
			a.Reason, a.ValidUntil = TermExpired, nil
		}
	case Released:
		a.Reason = SeatReleased
	}
	a.Allowed = a.Reason == Seated
	return a
}
