package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/usherhq/usher/internal/id"
)

// crowd is a tenant of its own with very large groups, so that the other rows do not feel them.
type crowd struct {
	tenant, config id.ID
	token          string
	people         []id.ID
	groups         map[int]id.ID // by how many members they have
}

var (
	crowdSizes   = []int{1000, 10_000, 100_000}
	crowdChanges = []int{50, 1000}
)

// Each side has people of its own to add and to take out, enough for as many large requests as can be under way.
const outsidersEach = 32_000

func crowdRow(changes, size int) string {
	return fmt.Sprintf("PATCH of %d members of %d", changes, size)
}

func crowdNames() (all []string) {
	for _, changes := range crowdChanges {
		for _, size := range crowdSizes {
			all = append(all, crowdRow(changes, size))
		}
	}
	return all
}

func (w *world) prepareCrowd(ctx context.Context) error {
	c := &crowd{groups: map[int]id.ID{}}
	var err error
	if c.tenant, c.config, c.token, err = w.newTenant(ctx, "crowd"); err != nil {
		return err
	}
	for range crowdSizes[len(crowdSizes)-1] + 2*outsidersEach {
		c.people = append(c.people, id.New())
	}
	w.crowd = c
	f, err := w.filler(ctx, c.tenant)
	if err != nil {
		return err
	}
	defer f.close()
	return c.fill(f)
}

// Each value is the id of a row to make and the id of a person, one behind the other.
const insertMembers = `INSERT INTO memberships (tenant_id, id, group_id, member_id, user_id, source, source_id, since)
	SELECT $1::uuid, substr(m.value, 1, 36)::uuid, $3::uuid, substr(m.value, 37)::uuid, (substr(m.value, 37)::uuid), 'scim', $4::uuid, $2::timestamptz
	FROM unnest($5::text[]) AS m(value)`

func (c *crowd) fill(f *filler) error {
	if err := f.named(c.people); err != nil {
		return err
	}
	for _, size := range crowdSizes {
		c.groups[size] = id.New()
		if err := f.group(c.groups[size], fmt.Sprintf("group of %d", size), c.config, c.people[:size]); err != nil {
			return err
		}
	}
	return f.done(len(c.people), len(c.groups))
}

// rows add many people to a group and take them out again, in turn, so that it keeps its size.
func (c *crowd) rows(connections int) []row {
	if c == nil {
		return nil
	}
	var all []row
	for _, changes := range crowdChanges {
		for _, size := range crowdSizes {
			usher, floor := c.turns(0, changes, connections), c.turns(1, changes, connections)
			all = append(all, row{
				name: crowdRow(changes, size),
				usher: func(int) ask {
					who, adds := usher()
					return c.patch(c.groups[size], who, adds)
				},
				floor: func(int) ask {
					who, adds := floor()
					return c.bare(c.groups[size], who, adds)
				},
			})
		}
	}
	return all
}

// turns returns whose turn it is: a side's next people to add, or those to take out that were added as many requests before as
// there can be under way.
func (c *crowd) turns(side, changes, connections int) func() (who []id.ID, adds bool) {
	people := c.people[len(c.people)-(2-side)*outsidersEach:][:outsidersEach]
	blocks := len(people) / changes
	var asked atomic.Int64
	return func() ([]id.ID, bool) {
		n := int(asked.Add(1)) - 1
		at, adds := n/2, n%2 == 0
		if !adds {
			at += blocks - (connections - 1)
		}
		at %= blocks
		return people[at*changes : (at+1)*changes], adds
	}
}

func (c *crowd) patch(group id.ID, who []id.ID, adds bool) ask {
	var body strings.Builder
	body.WriteString(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"`)
	body.WriteString(map[bool]string{true: "add", false: "remove"}[adds] + `","path":"members","value":[`)
	for i, of := range who {
		if i > 0 {
			body.WriteByte(',')
		}
		body.WriteString(`{"value":"` + id.User.Format(of) + `"}`)
	}
	body.WriteString(`]}]}`)
	return ask{http.MethodPatch, "/scim/v2/Groups/" + id.Group.Format(group), body.String(), c.token}
}

// crowdChange is what the floor is asked.
type crowdChange struct {
	Tenant  id.ID   `json:"tenant"`
	Config  id.ID   `json:"config"`
	Group   id.ID   `json:"group"`
	Members []id.ID `json:"members"`
	Adds    bool    `json:"adds"`
}

func (c *crowd) bare(group id.ID, who []id.ID, adds bool) ask {
	body, err := json.Marshal(crowdChange{Tenant: c.tenant, Config: c.config, Group: group, Members: who, Adds: adds})
	if err != nil {
		panic(err) // ids are text
	}
	return ask{method: http.MethodPatch, path: "/members", body: string(body)}
}
