package scimadapter

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/licensing"
)

// entitlementURN names Okta's schema of things that people can be entitled to, which /Licenses are shown as.
const entitlementURN = "urn:okta:scim:schemas:core:1.0:Entitlement"

var entitlementSchema = &schema{
	URN: entitlementURN, Name: "Entitlement", Description: "Something that people can be entitled to: here, a license of the tenant.",
	Attributes: []*attribute{
		text("displayName", "The license's name.", required, serverOnly),
		text("type", "License.", required, serverOnly),
		text("description", "The license's SKU, and how many of its seats are free.", serverOnly),
	},
}

// licenseType is read-only: licenses are bought, not provisioned.
var licenseType = &resourceType{Name: "License", Endpoint: "/Licenses", Description: "Licenses that people can be entitled to.", Core: entitlementSchema}

var errLicenseUnknown = licensing.ErrLicenseNotFound

func (e *exchange) getLicense() error {
	view, err := e.projection()
	if err != nil {
		return err
	}
	l, err := e.h.seats.Get(e.ctx, e.id)
	if err != nil {
		return err
	}
	e.about(e.locationOf(id.License.Format(l.ID), licenseType), l.Version, l.UpdatedAt)
	if has, err := e.unchanged(l.Version, l.UpdatedAt); err != nil || has {
		return err
	}
	body, err := view.cut(licenseType, e.appendLicense(nil, l))
	if err != nil {
		return err
	}
	e.write(http.StatusOK, body)
	return nil
}

// listLicenses answers with a piece of the tenant's licenses in the order of their SKUs.
func (e *exchange) listLicenses() error {
	q, err := e.query(licenseType)
	if err != nil {
		return err
	}
	all, err := e.allLicenses()
	if err != nil {
		return err
	}
	var taken []licensing.License
	for _, l := range all {
		is, err := takesLicense(q.where, l)
		if err != nil {
			return err
		}
		if is {
			taken = append(taken, l)
		}
	}
	from := min(q.start-1, len(taken))
	piece := taken[from:min(from+q.count, len(taken))]
	answer := newListing(int64(len(taken)), q.start, len(piece))
	for _, l := range piece {
		item, err := q.view.cut(licenseType, e.appendLicense(nil, l))
		if err != nil {
			return err
		}
		answer.add(item)
	}
	e.write(http.StatusOK, answer.end())
	return nil
}

// maxLicenses bounds the licenses of a tenant that are listed over SCIM: there are a few.
const maxLicenses = 5 * page.Max

func (e *exchange) allLicenses() ([]licensing.License, error) {
	var all []licensing.License
	for args := (page.Args{First: page.Max}); len(all) < maxLicenses; {
		p, err := e.h.seats.List(e.ctx, args)
		if err != nil {
			return nil, err
		}
		if all = append(all, p.Items...); !p.HasNext {
			return all, nil
		}
		args.After = licensing.Cursor(all[len(all)-1])
	}
	return nil, errTooMany.Sayf("the tenant has more than %d licenses, too many to be listed here", maxLicenses)
}

// takesLicense tells whether a filter of eq on id, displayName and type, joined by and, takes a license.
func takesLicense(where filter.Node, l licensing.License) (bool, error) {
	if where == nil {
		return true, nil
	}
	terms, ok := filter.Equalities(where)
	if !ok {
		return false, errLicenseFilter
	}
	for _, term := range terms {
		var is bool
		switch {
		case term.Value.Kind != filter.String:
			return false, errLicenseFilter
		case term.Attr.Is("id"):
			is = term.Value.Text == id.License.Format(l.ID)
		case term.Attr.Is("displayName"):
			is = strings.EqualFold(term.Value.Text, l.Product)
		case term.Attr.Is("type"):
			is = strings.EqualFold(term.Value.Text, licenseType.Name)
		default:
			return false, errLicenseFilter
		}
		if !is {
			return false, nil
		}
	}
	return true, nil
}

var errLicenseFilter = errInvalidFilter.At("filter").Sayf("licenses are filtered by eq on id, displayName or type, joined by and")

func (e *exchange) appendLicense(out []byte, l licensing.License) []byte {
	name := id.License.Format(l.ID)
	out = append(out, `{"schemas":["`+entitlementURN+`"],"id":"`+name+`","displayName":`...)
	out = appendText(out, l.Product)
	out = append(out, `,"type":"`+licenseType.Name+`","description":`...)
	out = appendText(out, fmt.Sprintf("%s; %d of %d seats free", l.SKU, l.Free(), l.Seats))
	return append(e.appendMeta(out, licenseType, name, l.CreatedAt, l.UpdatedAt, l.Version), '}')
}
