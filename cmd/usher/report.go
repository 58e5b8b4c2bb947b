package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

type reportCommands struct {
	Utilization reportUtilization `cmd:"" help:"Tell how well the licenses of a tenant are used."`
	Rebuild     reportRebuild     `cmd:"" help:"Make the days of a license's series once more, for activity that came very late."`
}

type reportUtilization struct {
	place
	format

	Tenant  string     `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	License string     `help:"SKU or id of a license; all without it." env:"USHER_REPORT_LICENSE"`
	At      *time.Time `help:"The moment of the report, as 2027-01-31T12:00:00Z; now without it." env:"USHER_REPORT_AT"`
	CSV     bool       `name:"csv" help:"Print CSV." env:"USHER_REPORT_CSV"`
}

type shownUse struct {
	Days                   int      `json:"days"`
	Active                 *int64   `json:"active"`
	Inactive               *int64   `json:"inactive"`
	UtilizationOfPurchased *float64 `json:"utilizationOfPurchased"`
	UtilizationOfAssigned  *float64 `json:"utilizationOfAssigned"`
	Unused                 *int64   `json:"unused"`
	CostOfUnused           *int64   `json:"costOfUnused"`
	Currency               string   `json:"currency,omitempty"`
}

type shownUtilization struct {
	License   string     `json:"license"`
	SKU       string     `json:"sku"`
	Product   string     `json:"product"`
	At        time.Time  `json:"at"`
	Purchased int64      `json:"purchased"`
	Assigned  int64      `json:"assigned"`
	Invited   int64      `json:"invited"`
	Activated int64      `json:"activated"`
	Grace     int64      `json:"grace"`
	Free      int64      `json:"free"`
	Waiting   int64      `json:"waiting"`
	NeverUsed *int64     `json:"neverUsed"`
	Windows   []shownUse `json:"windows"`
}

func showUtilization(u reporting.Utilization, l licensing.License) shownUtilization {
	shown := shownUtilization{
		License: id.License.Format(u.License), SKU: l.SKU, Product: l.Product, At: u.At, Purchased: u.Purchased, Assigned: u.Assigned, Invited: u.Invited,
		Activated: u.Activated, Grace: u.Grace, Free: u.Free, Waiting: u.Waiting, NeverUsed: u.NeverUsed, Windows: []shownUse{},
	}
	for _, w := range u.Windows {
		one := shownUse{
			Days: w.Days, Active: w.Active, Inactive: w.Inactive, UtilizationOfPurchased: w.UtilizationOfPurchased, UtilizationOfAssigned: w.UtilizationOfAssigned,
		}
		if w.Unused != nil {
			one.Unused, one.CostOfUnused, one.Currency = &w.Unused.Seats, w.Unused.Cost, w.Unused.Currency
		}
		shown.Windows = append(shown.Windows, one)
	}
	return shown
}

// Run tells how well licenses are used.
func (c *reportUtilization) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		var of []id.ID
		license, err := h.licenseOf(ctx, c.License)
		if err != nil {
			return err
		}
		if license != nil {
			of = append(of, *license)
		}
		found, licenses, err := h.reportOf(ctx, of, c.At)
		if err != nil {
			return err
		}
		if c.CSV {
			out := newCells(p.out)
			if err := utilizationTable(out, found, licenses); err != nil {
				return err
			}
			out.Flush()
			return wrote(out.Error())
		}
		shown := make([]shownUtilization, len(found))
		for i, u := range found {
			shown[i] = showUtilization(u, licenses[u.License])
		}
		return p.show(c.format, shown, func(w io.Writer) {
			line(w, "SKU", "PURCHASED", "ASSIGNED", "ACTIVATED", "FREE", "WAITING", "ACTIVE 30", "UTILIZATION", "")
			for _, s := range shown {
				use := s.Windows[0]
				line(w, s.SKU, s.Purchased, s.Assigned, s.Activated, s.Free, s.Waiting, orDash(use.Active), percentOf(use.UtilizationOfPurchased), bar(s, use))
			}
		})
	})
}

func orDash(n *int64) string {
	if n == nil {
		return "–"
	}
	return strconv.FormatInt(*n, 10)
}

func percentOf(rate *float64) string {
	const hundred = 100
	if rate == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", *rate*hundred)
}

// bar draws the seats that were bought: used, assigned and not used, and free.
func bar(s shownUtilization, use shownUse) string {
	const width = 20
	if s.Purchased == 0 {
		return ""
	}
	part := func(n int64) int { return int(min(n, s.Purchased) * width / s.Purchased) }
	used := 0
	if use.Active != nil {
		used = part(*use.Active)
	}
	assigned := max(used, part(s.Assigned))
	return strings.Repeat("█", used) + strings.Repeat("▒", assigned-used) + strings.Repeat("·", width-assigned)
}
