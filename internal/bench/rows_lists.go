package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/usherhq/usher/internal/id"
)

const (
	rowWalk = "page of a walk by cursor"
	rowBulk = "bulk of 1000 creates"
	bulkOps = 1000
)

// filterCase is a kind of filter: what is asked of Usher, and what the floor is told.
type filterCase struct {
	kind string
	text func(n int) (filter, first, second string)
}

// Of 100,000 people 100 share a family name, and 1 in 100 has a title: see people.go.
func filterCases(people int) []filterCase {
	return []filterCase{
		{"eq", func(n int) (filter, first, second string) {
			name := fmt.Sprintf("son%03d", n%familyNames)
			return `name.familyName eq "` + name + `"`, name, ""
		}},
		{"sw", func(n int) (filter, first, second string) {
			name := fmt.Sprintf("son%02d", n%(familyNames/10))
			return `name.familyName sw "` + name + `"`, name, name + "~"
		}},
		{"gt", func(n int) (filter, first, second string) {
			name := fmt.Sprintf("son99%d", n%5)
			return `name.familyName gt "` + name + `"`, name + "\x01", "~"
		}},
		{"pr", func(int) (filter, first, second string) { return "title pr", "", "~" }},
		{"co", func(n int) (filter, first, second string) {
			name := fmt.Sprintf("n%05d", n%max(people/10, 1))
			return `userName co "` + name + `"`, name, ""
		}},
		{"element", func(n int) (filter, first, second string) {
			name := fmt.Sprintf("person%05d", n%max(people/10, 1))
			return `emails[type eq "work" and value sw "` + name + `"]`, name, name + "~"
		}},
		{"and", func(n int) (filter, first, second string) {
			name := fmt.Sprintf("son%d%02d", n%10, titled)
			return `name.familyName eq "` + name + `" and title pr`, name, ""
		}},
		{"or", func(n int) (filter, first, second string) {
			one, other := personName(n%people), personName((n+people/2)%people)
			return `userName eq "` + one + `" or emails.value eq "` + other + `"`, one, other
		}},
	}
}

// listRows are filters, orders, walks and bulks.
func (w *world) listRows() []row {
	var all []row
	for _, of := range filterCases(w.People) {
		looksAtEverybody := of.kind == "co" // sixteen of them at once take longer than the two seconds that one has
		all = append(all, row{name: "filter " + of.kind, single: looksAtEverybody, usher: func(n int) ask {
			text, _, _ := of.text(n)
			return scimGet("/Users?startIndex=1&count=100&filter="+url.QueryEscape(text), w.token)
		}, floor: func(n int) ask {
			_, first, second := of.text(n)
			return floorGet("/filter?kind=" + of.kind + "&first=" + url.QueryEscape(first) + "&second=" + url.QueryEscape(second))
		}})
	}
	return append(all,
		row{name: "sort by name.familyName", usher: func(int) ask { return scimGet("/Users?sortBy=name.familyName&count=100", w.token) }, floor: func(int) ask {
			return floorGet("/filter?kind=sort")
		}},
		row{name: rowWalk, walk: func() walker { return &cursorWalk{token: w.token} }, floor: w.floorWalk(), first: w.walkOnce},
		row{name: rowBulk, single: true, usher: func(int) ask { return ask{http.MethodPost, "/scim/v2/Bulk", newBulk(), w.token} }, floor: func(int) ask {
			return ask{method: http.MethodPost, path: fmt.Sprintf("/bulk?from=%d", serial.Add(bulkOps)), body: newBulk()}
		}},
	)
}

// newBulk creates people whom nobody refers to.
func newBulk() string {
	var text strings.Builder
	text.WriteString(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`)
	for i := range bulkOps {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"method":"POST","path":"/Users","bulkId":"b%d","data":%s}`, i, newPerson(newName()))
	}
	text.WriteString(`]}`)
	return text.String()
}

// cursorWalk goes through everybody by cursors (RFC 9865), and begins anew at the end.
type cursorWalk struct{ token, cursor string }

func (c *cursorWalk) next() ask {
	return scimGet("/Users?count=100&cursor="+url.QueryEscape(c.cursor), c.token)
}

func (c *cursorWalk) learn(answer []byte) {
	const begins = `,"nextCursor":"`
	_, rest, _ := bytes.Cut(answer[:min(len(answer), 2048)], []byte(begins))
	cursor, _, _ := bytes.Cut(rest, []byte(`"`))
	c.cursor = string(cursor)
}

// floorWalk asks for one page after the other.
func (w *world) floorWalk() func(int) ask {
	var pages atomic.Int64
	most := len(w.people) / 100
	return func(int) ask {
		at := int(pages.Add(1)) % most
		after := id.Nil
		if at > 0 {
			after = w.people[at*100-1]
		}
		return floorGet("/page?after=" + after.String())
	}
}

// walkOnce walks through everybody, once in a run, and sees whether everybody is met exactly once.
func (w *world) walkOnce(ctx context.Context, base string) error {
	if len(w.facts) > 0 {
		return nil
	}
	who, began := &cursorWalk{token: w.token}, now()
	seen := map[string]bool{}
	var total int
	for {
		answer, err := once(ctx, http.DefaultClient, base, who.next())
		if err != nil {
			return err
		}
		var page struct {
			Total     int `json:"totalResults"`
			Resources []struct {
				ID string `json:"id"`
			} `json:"Resources"`
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return fmt.Errorf("read a page: %w", err)
		}
		for _, one := range page.Resources {
			if seen[one.ID] {
				return fmt.Errorf("%s was met twice", one.ID)
			}
			seen[one.ID] = true
		}
		total = page.Total
		if who.learn(answer); who.cursor == "" {
			break
		}
	}
	if len(seen) != total {
		return fmt.Errorf("%d people were met of %d", len(seen), total)
	}
	w.facts = append(w.facts, fmt.Sprintf("%s: a walk by cursor through %d users, 100 at a time, took %s and met each exactly once", w.dialect, total, now().Sub(began).Round(time.Millisecond)))
	return nil
}
