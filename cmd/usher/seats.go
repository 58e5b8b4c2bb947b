package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

type seatCommands struct {
	List     seatList     `cmd:"" help:"List the seats of a license, or its waiting list with --state waiting."`
	Assign   seatAssign   `cmd:"" help:"Give a person a seat, or a place in line when none is free."`
	Release  seatRelease  `cmd:"" help:"Take the seat, or the place in line, from a person."`
	Transfer seatTransfer `cmd:"" help:"Move a seat from one person to another in one step."`
	Explain  seatExplain  `cmd:"" help:"Tell why a person has, or has not, a seat: rule by rule, down to events and requests."`
}

// ofLicense are the flags of every command about seats.
type ofLicense struct {
	place
	format

	Tenant  string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	License string `help:"SKU or id of the license." required:"" env:"USHER_SEAT_LICENSE"`
}

// in runs a command about a license of a tenant.
func (c *ofLicense) in(ctx context.Context, act func(ctx context.Context, h *house, license id.ID) error) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		of, err := h.theLicense(ctx, c.License)
		if err != nil {
			return err
		}
		return act(ctx, h, of)
	})
}

var errNobody = errors.New("there is no such person; name her by userName or id")

// person finds somebody by her id or her userName.
func (h *house) person(ctx context.Context, text string) (id.ID, error) {
	if of, ok := id.User.Parse(text); ok {
		return of, nil
	}
	found, err := h.directory.Find(ctx, []directory.Person{{UserName: text}})
	if err != nil {
		return id.Nil, err
	}
	if found[0].ID == id.Nil {
		return id.Nil, errNobody
	}
	return found[0].ID, nil
}

type shownSeat struct {
	ID         string          `json:"id"`
	UserID     string          `json:"userId"`
	UserName   string          `json:"userName,omitempty"`
	State      licensing.State `json:"state"`
	Reason     string          `json:"reason"`
	Position   int64           `json:"position,omitempty"`
	Priority   int             `json:"priority"`
	Since      time.Time       `json:"since"`
	KeptUntil  *time.Time      `json:"keptUntil,omitempty"`
	AssignedAt *time.Time      `json:"assignedAt,omitempty"`
	LastUsedAt *time.Time      `json:"lastUsedAt,omitempty"`
}

// showSeats tells of seats what a person wants to know: whose they are, and why.
func (h *house) showSeats(ctx context.Context, seats []licensing.Seat) ([]shownSeat, error) {
	var ids, holders, waiting []id.ID
	for _, seat := range seats {
		ids, holders = append(ids, seat.ID), append(holders, seat.User)
		if seat.State == licensing.Waiting {
			waiting = append(waiting, seat.ID)
		}
	}
	causes, err := h.seats.Causes(ctx, ids)
	if err != nil {
		return nil, err
	}
	places, err := h.seats.Places(ctx, waiting)
	if err != nil {
		return nil, err
	}
	people, err := h.directory.Users(ctx, holders, directory.Outline)
	if err != nil {
		return nil, err
	}
	shown := []shownSeat{}
	for _, seat := range seats {
		one := shownSeat{
			ID: id.Seat.Format(seat.ID), UserID: id.User.Format(seat.User), State: seat.State, Reason: causes[seat.ID], Position: places[seat.ID],
			Priority: seat.Priority, Since: seat.Since, KeptUntil: seat.ValidUntil, AssignedAt: seat.AssignedAt, LastUsedAt: seat.LastUsedAt,
		}
		if holder := people[seat.User]; holder != nil {
			one.UserName = holder.UserName
		}
		shown = append(shown, one)
	}
	return shown, nil
}

func (p *printer) seat(ctx context.Context, f format, h *house, seat licensing.Seat) error {
	shown, err := h.showSeats(ctx, []licensing.Seat{seat})
	if err != nil {
		return err
	}
	return p.show(f, shown[0], func(w io.Writer) { seatLines(w, shown) })
}

func seatLines(w io.Writer, seats []shownSeat) {
	line(w, "PERSON", "STATE", "PLACE", "SINCE", "REASON")
	for _, seat := range seats {
		place := "-"
		if seat.Position > 0 {
			place = strconv.FormatInt(seat.Position, 10)
		}
		line(w, cmp.Or(seat.UserName, seat.UserID), seat.State, place, seat.Since.Format(time.RFC3339), seat.Reason)
	}
}

type seatList struct {
	ofLicense

	State string `help:"waiting, consent_pending, invited, activated, paused, grace or released. Without it, all." enum:",waiting,consent_pending,invited,activated,paused,grace,released" default:"" env:"USHER_SEAT_STATE" placeholder:"STATE"`
}

// Run lists seats: those who wait in the order of the line.
func (c *seatList) Run(ctx context.Context, p *printer) error {
	return c.in(ctx, func(ctx context.Context, h *house, license id.ID) error {
		state := licensing.State(c.State)
		seats, err := all(func(a page.Args) (page.Page[licensing.Seat], error) {
			pages, err := h.seats.Seats(ctx, []id.ID{license}, state, a, page.Ascending)
			return pages[license], err
		}, licensing.SeatCursor)
		if err != nil {
			return err
		}
		shown := []shownSeat{}
		for len(seats) > 0 {
			some := seats[:min(len(seats), page.Max)]
			seats = seats[len(some):]
			more, err := h.showSeats(ctx, some)
			if err != nil {
				return err
			}
			shown = append(shown, more...)
		}
		return p.show(c.format, shown, func(w io.Writer) { seatLines(w, shown) })
	})
}

type seatAssign struct {
	ofLicense

	Person   string `arg:"" help:"userName or id of the person."`
	Priority int    `help:"Her priority in line: the greatest comes first." env:"USHER_SEAT_PRIORITY"`
}

// Run gives somebody a seat.
func (c *seatAssign) Run(ctx context.Context, p *printer) error {
	return c.one(ctx, p, c.Person, func(ctx context.Context, h *house, license, user id.ID) (licensing.Seat, error) {
		return h.seats.AssignWith(ctx, license, user, c.Priority)
	})
}

// one does something with the seat of a person, and shows it.
func (c *ofLicense) one(ctx context.Context, p *printer, person string,
	act func(ctx context.Context, h *house, license, user id.ID) (licensing.Seat, error),
) error {
	return c.in(ctx, func(ctx context.Context, h *house, license id.ID) error {
		user, err := h.person(ctx, person)
		if err != nil {
			return err
		}
		seat, err := act(ctx, h, license, user)
		if err != nil {
			return err
		}
		return p.seat(ctx, c.format, h, seat)
	})
}

type seatRelease struct {
	ofLicense

	Person string `arg:"" help:"userName or id of the person."`
}

// Run takes a seat from somebody.
func (c *seatRelease) Run(ctx context.Context, p *printer) error {
	return c.one(ctx, p, c.Person, func(ctx context.Context, h *house, license, user id.ID) (licensing.Seat, error) {
		return h.seats.Release(ctx, license, user)
	})
}

type seatTransfer struct {
	ofLicense

	From string `arg:"" help:"userName or id of who gives the seat."`
	To   string `arg:"" help:"userName or id of who gets it."`
}

// Run moves a seat.
func (c *seatTransfer) Run(ctx context.Context, p *printer) error {
	return c.one(ctx, p, c.To, func(ctx context.Context, h *house, license, to id.ID) (licensing.Seat, error) {
		from, err := h.person(ctx, c.From)
		if err != nil {
			return licensing.Seat{}, err
		}
		return h.seats.Transfer(ctx, license, from, to)
	})
}
