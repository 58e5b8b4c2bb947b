package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/usherhq/usher/internal/id"
)

// The names of rows that aims speak of.
const (
	rowCreate     = "create"
	rowAuto       = "create with auto-assign"
	rowLookUp     = "look-up by userName"
	rowGet        = "get"
	rowActive     = "PATCH of active"
	rowFirstPage  = "first page of 100"
	rowLastPage   = "last page of 100, walked to"
	rowGraph      = "GraphQL page of 50 with groups and seats"
	memberRowForm = "add a member to %d"
)

func scimGet(path, token string) ask {
	return ask{method: http.MethodGet, path: "/scim/v2" + path, token: token}
}

func floorGet(path string) ask { return ask{method: http.MethodGet, path: path} }

// person is one of the people, another one each time.
func (w *world) person(n int) (at int) { return n * 7919 % len(w.people) }

const patchOp = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`

// newPerson is what a provider sends to create somebody.
func newPerson(name string) string {
	return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + name +
		`","name":{"givenName":"New","familyName":"Person"},"emails":[{"primary":true,"value":"` + name +
		`","type":"work"}],"displayName":"New Person","externalId":"` + name + `","active":true}`
}

// newName comes behind everybody's who is there: lists by name begin with the same people in every run.
func newName() string { return fmt.Sprintf("znew%d@bench.example", serial.Add(1)) }

// rows are those of people and groups as providers ask for them day by day.
func (w *world) rows() []row {
	create := func(token string) func(int) ask {
		return func(int) ask { return ask{http.MethodPost, "/scim/v2/Users", newPerson(newName()), token} }
	}
	floorCreate := func(how string) func(int) ask {
		return func(int) ask {
			return ask{method: http.MethodPost, path: fmt.Sprintf("/create?%sname=zfloor%d", how, serial.Add(1)), body: "{}"}
		}
	}
	all := []row{
		{name: rowCreate, usher: create(w.token), floor: floorCreate("")},
		{name: rowAuto, usher: create(w.autoToken), floor: floorCreate("auto=1&")},
		{name: rowLookUp, usher: func(n int) ask {
			return scimGet("/Users?startIndex=1&count=100&filter="+url.QueryEscape(`userName eq "`+personName(w.person(n))+`"`), w.token)
		}, floor: func(n int) ask { return floorGet("/lookup?name=" + personName(w.person(n))) }},
		{
			name: rowGet, usher: func(n int) ask { return scimGet("/Users/"+id.User.Format(w.people[w.person(n)]), w.token) },
			floor: func(n int) ask { return floorGet("/get?id=" + w.people[w.person(n)].String()) },
		},
		{name: rowActive, usher: func(int) ask {
			n := int(w.patched.Add(1)) // everybody is let out, then in: no request changes nothing
			return ask{http.MethodPatch, "/scim/v2/Users/" + id.User.Format(w.people[w.person(n)]), patchOp + `{"op":"replace","value":{"active":` +
				fmt.Sprint(n/len(w.people)%2 == 1) + `}}]}`, w.token}
		}, floor: func(n int) ask {
			return ask{method: http.MethodPatch, path: "/active?id=" + w.people[w.person(n)].String(), body: "{}"}
		}},
	}
	for _, size := range groupSizes {
		all = append(all, w.memberRow(min(size, w.People/2)))
	}
	return append(all, w.pageRows()...)
}

// memberRow adds one person to a group.
func (w *world) memberRow(size int) row {
	group := w.groups[size]
	return row{name: fmt.Sprintf(memberRowForm, size), usher: func(int) ask {
		return ask{http.MethodPatch, "/scim/v2/Groups/" + id.Group.Format(group), patchOp + `{"op":"add","path":"members","value":[{"value":"` +
			id.User.Format(w.outsider()) + `"}]}]}`, w.token}
	}, floor: func(int) ask {
		return ask{method: http.MethodPatch, path: "/member?group=" + group.String() + "&id=" + w.outsider().String(), body: "{}"}
	}}
}

var lastOutsider atomic.Int64

// outsider is somebody who is in none of the groups yet.
func (w *world) outsider() id.ID {
	room := len(w.people) - w.outsiders
	return w.people[w.outsiders+int(lastOutsider.Add(1))%room]
}

func (w *world) pageRows() []row {
	const graph = `{"query":"{ users(first: 50) { nodes { userName active seats { state license { product } } groups(first: 5) { nodes { displayName } } } } }"}`
	last := (w.People-1)/100*100 + 1
	piece := func(start int) ask { return scimGet(fmt.Sprintf("/Users?startIndex=%d&count=100", start), w.token) }
	return []row{
		{name: rowFirstPage, usher: func(int) ask { return piece(1) }, floor: func(int) ask { return floorGet("/page?after=" + id.Nil.String()) }},
		{
			name: rowLastPage, usher: func(int) ask { return piece(last) },
			floor: func(int) ask { return floorGet("/page?after=" + w.people[last-2].String()) },
			first: func(ctx context.Context, base string) error {
				for start := 1; start <= last; start += 100 {
					if _, err := once(ctx, http.DefaultClient, base, piece(start)); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: rowGraph, usher: func(int) ask { return ask{http.MethodPost, "/graphql", graph, w.admin} },
			floor: func(int) ask { return ask{method: http.MethodPost, path: "/graph", body: graph} },
		},
	}
}
