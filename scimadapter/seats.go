package scimadapter

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

// seatURN names the extension that tells how a person stands with each license of the tenant.
const seatURN = "urn:usher:scim:schemas:extension:seat:1.0:User"

const attrEntitlements = "entitlements"

var (
	seatSchema      = seats(returnedRequest)
	shownSeatSchema = seats(returnedDefault) // where the SCIM configuration shows seats
)

func seats(returned string) *schema {
	return &schema{
		URN: seatURN, Name: "Seats", Description: "How the person stands with each license of the tenant.", Attributes: []*attribute{seatsAttribute(returned)},
	}
}

func seatsAttribute(returned string) *attribute {
	state := text("state", "seated, waiting or none.")
	state.CanonicalValues = []string{licensing.StandsSeated, licensing.StandsWaiting, licensing.StandsNone}
	a := complexOf("seats", "One for each license. Returned when it is asked for, and by default where the SCIM configuration says so.",
		text("license", "The license's id.", caseExact), text("product", "The license's name."), text("sku", "The license's SKU."), state,
		text("reason", "Why: what caused the state, or not_assigned."), integer("position", "The place in line, 1 for the next."),
		dateTime("since", "Since when."))
	a.MultiValued = true
	served(a)
	a.Returned = returned
	for _, sub := range a.SubAttributes {
		sub.Returned = returned
	}
	return a
}

func integer(name, description string) *attribute {
	return build(&attribute{Name: name, Type: typeInteger, Description: description}, nil)
}

// wanted says what of a person's seats an answer shows.
type wantedSeats struct {
	extension    bool
	entitlements bool // licenses that she has for other reasons than her own entitlements, too
}

func (w wantedSeats) any() bool { return w.extension || w.entitlements }

// seatsWanted follows what the client names, or else the configuration's setting.
func (e *exchange) seatsWanted(view projection) wantedSeats {
	if len(view.only) > 0 {
		return wantedSeats{
			extension: slices.ContainsFunc(view.only, func(name string) bool {
				return strings.EqualFold(name, seatURN) || len(name) > len(seatURN) && strings.EqualFold(name[:len(seatURN)+1], seatURN+":")
			}),
			entitlements: view.wants(attrEntitlements),
		}
	}
	shows := e.session.Config.ShowSeats
	return wantedSeats{
		extension:    shows && !slices.ContainsFunc(view.without, func(name string) bool { return strings.EqualFold(name, seatURN) }),
		entitlements: shows && view.wants(attrEntitlements),
	}
}

// showSeats adds to rendered people how they stand. It costs the same few statements for one and for a page.
func (e *exchange) showSeats(people []directory.Record, view projection) ([]shownSeats, error) {
	shown := make([]shownSeats, len(people))
	wanted := e.seatsWanted(view)
	if !wanted.any() || len(people) == 0 {
		return shown, nil
	}
	ids := make([]id.ID, len(people))
	for i := range people {
		ids[i] = people[i].ID
	}
	standings, err := e.h.seats.Standings(e.ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range people {
		if wanted.extension {
			shown[i].standings = standings[ids[i]]
		}
		if !wanted.entitlements {
			continue
		}
		if people[i].Attributes, err = withEntitlements(people[i].Attributes, standings[ids[i]]); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

// shownSeats is what is shown of a person's seats; nothing when they were not asked for.
type shownSeats struct{ standings []licensing.Standing }

// withEntitlements adds the licenses that a person has to her entitlements, unless they are there by her own asking.
func withEntitlements(attributes []byte, standings []licensing.Standing) ([]byte, error) {
	if !slices.ContainsFunc(standings, func(st licensing.Standing) bool { return st.Claimed }) {
		return attributes, nil
	}
	o, err := readObject(attributes)
	if err != nil {
		return nil, err
	}
	all, _ := o[attrEntitlements].([]any)
	for _, st := range standings {
		if !st.Claimed || slices.ContainsFunc(all, func(one any) bool { return names(one, st.License) }) {
			continue
		}
		all = append(all, object{attrValue: id.License.Format(st.License.ID), "display": st.License.Product, "type": licenseType.Name})
	}
	o.setList(attrEntitlements, all)
	return json.Marshal(o)
}

func names(entitlement any, l licensing.License) bool {
	o, _ := entitlement.(object)
	value, _ := o[attrValue].(string)
	return value == id.License.Format(l.ID) || strings.EqualFold(value, l.SKU)
}

// append appends the extension to the members of a person.
func (s shownSeats) append(out []byte) []byte {
	if len(s.standings) == 0 {
		return out
	}
	out = append(out, `,"`+seatURN+`":{"seats":[`...)
	for i, st := range s.standings {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"license":"`+id.License.Format(st.License.ID)+`","product":`...)
		out = appendText(out, st.License.Product)
		out = append(out, `,"sku":`...)
		out = appendText(out, st.License.SKU)
		out = append(out, `,"state":"`+st.State+`","reason":`...)
		out = appendText(out, st.Reason)
		if st.Position > 0 {
			out = append(out, `,"position":`...)
			out = strconv.AppendInt(out, st.Position, 10)
		}
		if st.Since != nil {
			out = append(out, `,"since":"`...)
			out = st.Since.UTC().AppendFormat(out, timeForm)
			out = append(out, '"')
		}
		out = append(out, '}')
	}
	return append(out, `]}`...)
}
