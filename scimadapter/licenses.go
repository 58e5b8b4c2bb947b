package scimadapter

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/directory"
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

func (e *exchange) listLicenses() error   { return e.list(e.askedInAddress, (*exchange).answerLicenses) }
func (e *exchange) searchLicenses() error { return e.list(e.askedInBody, (*exchange).answerLicenses) }

// answerLicenses answers with a piece of the tenant's licenses, in the order of their SKUs unless another is asked for. They are
// few and read whole.
func (e *exchange) answerLicenses(a asked) error {
	q, err := e.understood(a, licenseType)
	if err != nil {
		return err
	}
	all, err := e.allLicenses()
	if err != nil {
		return err
	}
	var taken []licensing.License
	for _, l := range all {
		is, err := takesLicense(q.Where, l)
		if err != nil {
			return err
		}
		if is {
			taken = append(taken, l)
		}
	}
	piece, end, err := licensePiece(taken, q.Query)
	if err != nil {
		return err
	}
	answer, err := e.listing(q, int64(len(taken)), len(piece), end)
	if err != nil {
		return err
	}
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

// licensePiece sorts licenses and cuts the asked piece out of them.
func licensePiece(all []licensing.License, q directory.Query) (piece []licensing.License, end *directory.Mark, err error) {
	key, err := licenseKey(q.Sort.By)
	if err != nil {
		return nil, nil, err
	}
	mark := func(l licensing.License) directory.Mark { return directory.Mark{Key: key(l), ID: l.ID} }
	compare := func(a, b directory.Mark) int {
		order := cmp.Or(strings.Compare(a.Key, b.Key), bytes.Compare(a.ID[:], b.ID[:]))
		if q.Sort.Descending {
			return -order
		}
		return order
	}
	slices.SortFunc(all, func(a, b licensing.License) int { return compare(mark(a), mark(b)) })
	from := min(q.Start-1, len(all))
	if q.After != nil {
		from, _ = slices.BinarySearchFunc(all, *q.After, func(l licensing.License, after directory.Mark) int {
			return cmp.Or(compare(mark(l), after), -1) // the first one behind it
		})
	}
	piece = all[from:min(from+q.Count, len(all))]
	if from+len(piece) < len(all) && len(piece) > 0 {
		last := mark(piece[len(piece)-1])
		end = &last
	}
	return piece, end, nil
}

// licenseKey tells what licenses are sorted by.
func licenseKey(by filter.Attr) (func(licensing.License) string, error) {
	const form = "2006-01-02T15:04:05.000000Z"
	switch {
	case by.Name == "":
		return func(l licensing.License) string { return l.SKU }, nil
	case by.Is("displayName"):
		return func(l licensing.License) string { return strings.ToLower(l.Product) }, nil
	case by.Is("id"), by.Is("type"), by.Is("meta.location"), by.Is("meta.resourceType"):
		return func(licensing.License) string { return "" }, nil // ids decide
	case by.Is("meta.created"):
		return func(l licensing.License) string { return l.CreatedAt.UTC().Format(form) }, nil
	case by.Is("meta.lastModified"):
		return func(l licensing.License) string { return l.UpdatedAt.UTC().Format(form) }, nil
	default:
		return nil, errInvalidValue.At(paramSortBy).Sayf("licenses are sorted by displayName, id, meta.created or meta.lastModified")
	}
}

// maxLicenses bounds the licenses of a tenant that are listed over SCIM: there are a few.
const maxLicenses = 5 * page.Max

func (e *exchange) allLicenses() ([]licensing.License, error) {
	var all []licensing.License
	for args := (page.Args{First: page.Max}); len(all) < maxLicenses; {
		p, err := e.h.seats.List(e.ctx, args, licensing.Filter{}, licensing.Order{})
		if err != nil {
			return nil, err
		}
		if all = append(all, p.Items...); !p.HasNext {
			return all, nil
		}
		args.After = licensing.Cursor(all[len(all)-1], licensing.Order{})
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
