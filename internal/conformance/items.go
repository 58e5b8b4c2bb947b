package main

import (
	_ "embed"
	"regexp"
	"strings"
)

//go:embed items.txt
var itemsText string

// item is one thing to be shown.
type item struct{ id, title string }

// items are all of them, in the order of the table.
var items = func() []item {
	var all []item
	for line := range strings.SplitSeq(strings.TrimSpace(itemsText), "\n") {
		name, title, _ := strings.Cut(line, " ")
		all = append(all, item{name, title})
	}
	return all
}()

// parts are the headings of the table, by how ids begin.
var parts = []struct{ prefix, title string }{
	{"S-", "RFC 7643, the data model"}, {"P-", "RFC 7644, the protocol"}, {"PATCH-", "PATCH, row by row"}, {"C-", "RFC 9865, cursors"},
	{"H-", "HTTP"}, {"E-", "Events and asynchronous requests"}, {"B-", "Bearer tokens"}, {"O-", "The token endpoint"}, {"J-", "JSON Web Tokens"},
	{"I-", "Entra and Okta"}, {"W-", "What providers send"},
}

// excuse is why an item is not shown.
type excuse struct {
	verdict string // later, or not tested
	ids     *regexp.Regexp
	reason  string
}

func excused(name string) (excuse, bool) {
	for _, e := range excuses {
		if e.ids.MatchString(name) {
			return e, true
		}
	}
	return excuse{}, false
}
