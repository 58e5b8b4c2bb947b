package main

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/licensing"
)

type licenseCommands struct {
	Create licenseCreate `cmd:"" help:"Make a license."`
	List   licenseList   `cmd:"" help:"List the licenses of a tenant."`
	Set    licenseSet    `cmd:"" help:"Change the seats, the price or the policies of a license. What is not given stays."`
}

// terms are the flags of a license that can be changed; nil is not given.
type terms struct {
	Edition     *string  `help:"The edition that was bought." env:"USHER_LICENSE_EDITION"`
	Price       *int64   `help:"Price of one seat for a year, in the smallest unit of the currency." env:"USHER_LICENSE_PRICE" placeholder:"N"`
	Currency    *string  `help:"Currency of the price, such as USD." env:"USHER_LICENSE_CURRENCY" placeholder:"CODE"`
	Over        *string  `help:"How far above what was bought seats are given: none, unlimited, or percent such as 5." env:"USHER_LICENSE_OVER" placeholder:"POLICY"`
	GraceDays   *int64   `help:"For how many days a leaver's seat is kept for her." env:"USHER_LICENSE_GRACE_DAYS" placeholder:"N"`
	Consent     *bool    `help:"The person has to agree before her seat opens." env:"USHER_LICENSE_CONSENT" negatable:""`
	Requires    []string `help:"SKU or id of licenses without a seat of which nobody sits here; none for no such license." env:"USHER_LICENSE_REQUIRES" placeholder:"LICENSE"`
	Reclaim     *bool    `help:"Give notice of taking back by itself." env:"USHER_LICENSE_RECLAIM" negatable:""`
	IdleDays    *int64   `help:"Days without use after which a seat may be taken back; 0 for never." env:"USHER_LICENSE_IDLE_DAYS" placeholder:"N"`
	InvitedDays *int64   `help:"Days without a first use after which it may; 0 for never." env:"USHER_LICENSE_INVITED_DAYS" placeholder:"N"`
	NoticeDays  *int64   `help:"Days from the notice to the pause." env:"USHER_LICENSE_NOTICE_DAYS" placeholder:"N"`
	PauseDays   *int64   `help:"Days from the pause to the taking back." env:"USHER_LICENSE_PAUSE_DAYS" placeholder:"N"`
	Exempt      []string `help:"Ids of groups whose members keep their seats; none for no such group." env:"USHER_LICENSE_EXEMPT" placeholder:"GROUP"`
}

var errOver = errors.New("--over: say none, unlimited, or how many percent, such as 5")

// nothing clears a list.
const nothing = "none"

// edit turns the flags into an edit of a license.
func (t terms) edit(ctx context.Context, h *house) (func(*licensing.License), error) {
	var over *int64
	if t.Over != nil {
		percent, err := overPercent(*t.Over)
		if err != nil {
			return nil, err
		}
		over = &percent
	}
	required, err := named(t.Requires, func(text string) (id.ID, error) {
		return h.theLicense(ctx, text)
	})
	if err != nil {
		return nil, err
	}
	exempt, err := named(t.Exempt, func(text string) (id.ID, error) {
		of, ok := id.Group.Parse(text)
		if !ok {
			return id.Nil, errors.New("--exempt: give ids of groups, such as grp_01j…")
		}
		return of, nil
	})
	if err != nil {
		return nil, err
	}
	return func(l *licensing.License) {
		put(&l.Edition, t.Edition)
		put(&l.Currency, t.Currency)
		put(&l.OverPercent, over)
		put(&l.GraceDays, t.GraceDays)
		put(&l.Consent, t.Consent)
		put(&l.Reclaim.Automatic, t.Reclaim)
		put(&l.Reclaim.IdleDays, t.IdleDays)
		put(&l.Reclaim.InvitedDays, t.InvitedDays)
		put(&l.Reclaim.NoticeDays, t.NoticeDays)
		put(&l.Reclaim.PauseDays, t.PauseDays)
		if t.Price != nil {
			l.PriceMinor = t.Price
		}
		if len(t.Requires) > 0 {
			l.Requires = required
		}
		if len(t.Exempt) > 0 {
			l.Reclaim.ExemptGroups = exempt
		}
	}, nil
}

func put[T any](into *T, given *T) {
	if given != nil {
		*into = *given
	}
}

// named reads a list of names; none alone is an empty one.
func named(texts []string, read func(string) (id.ID, error)) ([]id.ID, error) {
	if len(texts) == 1 && texts[0] == nothing {
		return nil, nil
	}
	var all []id.ID
	for _, text := range texts {
		of, err := read(text)
		if err != nil {
			return nil, err
		}
		all = append(all, of)
	}
	return all, nil
}

func overPercent(text string) (int64, error) {
	switch text {
	case nothing:
		return 0, nil
	case "unlimited":
		return licensing.Unlimited, nil
	}
	percent, err := strconv.ParseInt(strings.TrimSuffix(text, "%"), 10, 64)
	if err != nil || percent < 0 {
		return 0, errOver
	}
	return percent, nil
}

type licenseCreate struct {
	place
	format
	terms

	Tenant  string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	Product string `help:"What was bought." required:"" env:"USHER_LICENSE_PRODUCT"`
	SKU     string `name:"sku" help:"The product's number; made from its name when not given." env:"USHER_LICENSE_SKU"`
	Seats   int64  `help:"How many seats were bought." required:"" env:"USHER_LICENSE_SEATS"`
}

type shownLicense struct {
	ID             string                  `json:"id"`
	Product        string                  `json:"product"`
	SKU            string                  `json:"sku"`
	Edition        string                  `json:"edition,omitempty"`
	Seats          int64                   `json:"seats"`
	Taken          int64                   `json:"taken"`
	Free           int64                   `json:"free"`
	Waiting        int64                   `json:"waiting"`
	OverAssigned   int64                   `json:"overAssigned"`
	OverAssignment string                  `json:"overAssignment"`
	GraceDays      int64                   `json:"graceDays"`
	Consent        bool                    `json:"consentNeeded"`
	Requires       []string                `json:"requires"`
	Reclaim        licensing.ReclaimPolicy `json:"reclaimPolicy"`
	PriceMinor     *int64                  `json:"pricePerSeatMinor,omitempty"`
	Currency       string                  `json:"currency,omitempty"`
}

func showLicense(l licensing.License) shownLicense {
	shown := shownLicense{
		ID: id.License.Format(l.ID), Product: l.Product, SKU: l.SKU, Edition: l.Edition, Seats: l.Seats, Taken: l.Taken, Free: l.Free(),
		Waiting: l.Waiting, OverAssigned: l.OverAssigned(), OverAssignment: showOver(l.OverPercent), GraceDays: l.GraceDays, Consent: l.Consent,
		Requires: []string{}, Reclaim: l.Reclaim, PriceMinor: l.PriceMinor, Currency: l.Currency,
	}
	for _, of := range l.Requires {
		shown.Requires = append(shown.Requires, id.License.Format(of))
	}
	return shown
}

func showOver(percent int64) string {
	switch percent {
	case 0:
		return nothing
	case licensing.Unlimited:
		return "unlimited"
	default:
		return strconv.FormatInt(percent, 10) + "%"
	}
}

func (p *printer) license(f format, l licensing.License) error {
	return p.show(f, showLicense(l), func(w io.Writer) {
		line(w, "id", id.License.Format(l.ID))
		line(w, "sku", l.SKU)
		line(w, "seats", l.Seats)
	})
}

// Run makes a license.
func (c *licenseCreate) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		edit, err := c.edit(ctx, h)
		if err != nil {
			return err
		}
		var l licensing.License
		edit(&l)
		made, err := h.seats.Buy(ctx, licensing.NewLicense{
			Product: c.Product, SKU: c.SKU, Seats: c.Seats, Edition: l.Edition, PriceMinor: l.PriceMinor, Currency: l.Currency,
			OverPercent: l.OverPercent, GraceDays: l.GraceDays, Consent: l.Consent, Requires: l.Requires, Reclaim: l.Reclaim,
		})
		if err != nil {
			return err
		}
		return p.license(c.format, made)
	})
}

type licenseSet struct {
	place
	format
	terms

	Tenant  string  `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	License string  `arg:"" help:"SKU or id of the license."`
	Product *string `help:"What the product is called." env:"USHER_LICENSE_PRODUCT"`
	Seats   *int64  `help:"How many seats are bought from now on." env:"USHER_LICENSE_SEATS" placeholder:"N"`
}

// Run changes a license.
func (c *licenseSet) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		of, err := h.theLicense(ctx, c.License)
		if err != nil {
			return err
		}
		edit, err := c.edit(ctx, h)
		if err != nil {
			return err
		}
		l, err := h.seats.Change(ctx, of, nil, func(l *licensing.License) error {
			put(&l.Product, c.Product)
			edit(l)
			return nil
		})
		if err == nil && c.Seats != nil {
			l, err = h.seats.Resize(ctx, of, *c.Seats, nil)
		}
		if err != nil {
			return err
		}
		return p.license(c.format, l)
	})
}

type licenseList struct {
	place
	format

	Tenant string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
}

// Run lists the licenses of a tenant.
func (c *licenseList) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		found, err := all(func(a page.Args) (page.Page[licensing.License], error) {
			return h.seats.List(ctx, a, licensing.Filter{}, licensing.Order{})
		}, func(l licensing.License) string { return licensing.Cursor(l, licensing.Order{}) })
		if err != nil {
			return err
		}
		shown := []shownLicense{}
		for _, l := range found {
			shown = append(shown, showLicense(l))
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "SKU", "SEATS", "TAKEN", "FREE", "WAITING", "OVER", "PRODUCT", "ID")
			for _, l := range shown {
				line(w, l.SKU, l.Seats, l.Taken, l.Free, l.Waiting, l.OverAssigned, l.Product, l.ID)
			}
		})
	})
}
