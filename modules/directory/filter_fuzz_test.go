package directory_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
)

// FuzzQuery asks SQLite by any filter and any order: it is answered or refused with a fault, and no text becomes SQL.
func FuzzQuery(f *testing.F) {
	db := storetest.Open(f, storetest.SQLite)
	people := directory.New(db, events.New(db), clock.System())
	admin := storetest.Tenant(f, db)
	okta := provider(admin, storetest.Config(f, db, admin))
	if _, err := people.Create(okta, directory.User{UserName: "ada", Title: "x", Active: true, Emails: []directory.Value{{Value: "a", Type: "work"}}}); err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"valid.txt", "refused.txt"} {
		text, err := os.ReadFile("../../internal/filter/testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			f.Add(line, []string{"title", "emails", "meta.created", "manager.displayName", "members.value", "groups.type", "nope"}[i%7], i%2 == 0)
		}
	}
	options := filter.Options{URNs: []string{directory.UserURN, directory.EnterpriseURN, directory.GroupURN}, AllowBare: true}
	f.Fuzz(func(t *testing.T, text, by string, descending bool) {
		where, err := filter.Parse(text, options)
		if err != nil {
			return
		}
		path, err := filter.ParsePath(by, options)
		if err != nil || path.Where != nil {
			return
		}
		q := directory.Query{Where: where, Sort: directory.Sort{By: path.Attr, Descending: descending}, Count: 3, Base: address}
		for name, ask := range map[string]func(context.Context) error{
			"users":  func(ctx context.Context) error { _, err := people.Query(ctx, q); return err },
			"groups": func(ctx context.Context) error { _, err := people.QueryGroups(ctx, q); return err },
			"both":   func(ctx context.Context) error { _, err := people.QueryAll(ctx, q); return err },
		} {
			for _, who := range []context.Context{okta, admin} {
				if err := ask(who); err != nil {
					if _, known := fault.As(err); !known {
						t.Fatalf("%s by %q, sorted by %q: %v", name, text, by, err)
					}
				}
			}
		}
	})
}
