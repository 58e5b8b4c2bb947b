package main

import (
	"context"
	"fmt"
	"io"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/modules/reporting"
)

type reportRebuild struct {
	place
	format

	Tenant  string `help:"Slug of the tenant." required:"" env:"USHER_TENANT"`
	License string `help:"SKU or id of the license." required:"" env:"USHER_REPORT_LICENSE"`
	From    string `help:"The first day, as 2027-01-31, in the tenant's time zone." required:"" env:"USHER_REPORT_FROM"`
	To      string `help:"The last day; the last that has figures without it." env:"USHER_REPORT_TO"`
}

type shownRebuild struct {
	License string `json:"license"`
	Days    int    `json:"days"`
}

// Run makes the snapshots of a license once more.
func (c *reportRebuild) Run(ctx context.Context, p *printer) error {
	return inside(ctx, c.place, c.Tenant, func(ctx context.Context, h *house) error {
		license, err := h.theLicense(ctx, c.License)
		if err != nil {
			return err
		}
		tell, over := p.counting(clock.System(), "days")
		days, err := h.reports.Rebuild(ctx, license, reporting.Day(c.From), reporting.Day(c.To), tell)
		over()
		if err != nil {
			return err
		}
		return p.show(c.format, shownRebuild{License: c.License, Days: days}, func(w io.Writer) {
			line(w, fmt.Sprintf("%d days were made again.", days))
		})
	})
}
