package directory_test

import (
	"errors"
	"testing"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

func (w *world) found(text string) (names []string, err error) {
	w.t.Helper()
	p, err := w.people.Query(w.okta, directory.Query{Where: parsed(w.t, text), Count: 100})
	for _, u := range p.Items {
		names = append(names, u.UserName)
	}
	return names, err
}

// TestAFilterWaitsForTheSchemaToBeReady asks while people are being made findable: a wrong list would be worse than none.
func TestAFilterWaitsForTheSchemaToBeReady(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.create(w.okta, with("ada", `{"region":"EMEA"}`))
		w.register(crm())
		byRegion := crmURN + `:region eq "emea"`
		for _, text := range []string{byRegion, `not (` + byRegion + `)`, crmURN + `:desks[floor eq 1]`, `schemas eq "` + crmURN + `"`} {
			if names, err := w.found(text); !errors.Is(err, directory.ErrSchemaIndexing) {
				t.Errorf("%s found %v, %v", text, names, err)
			}
		}
		sorted := directory.Query{Sort: directory.Sort{By: filter.Attr{URN: crmURN, Name: "region"}}, Count: 1}
		if _, err := w.people.Query(w.okta, sorted); !errors.Is(err, directory.ErrSchemaIndexing) {
			t.Errorf("a sort was answered by %v", err)
		}
		if names, err := w.found(`userName eq "ada"`); err != nil || len(names) != 1 {
			t.Errorf("what has nothing to do with it found %v, %v", names, err)
		}
		w.index()
		for _, text := range []string{byRegion, `schemas eq "` + crmURN + `"`} {
			if names, err := w.found(text); err != nil || len(names) != 1 {
				t.Errorf("%s found %v, %v", text, names, err)
			}
		}
	})
}

// TestSecretsCannotBeGuessedByFilters asks for what is never shown, letter by letter.
func TestSecretsCannotBeGuessedByFilters(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.register(crm())
		w.create(w.okta, with("ada", `{"secret":"s3"}`))
		for _, text := range []string{crmURN + `:secret sw "s"`, crmURN + `:secret pr`} {
			if names, err := w.found(text); !errors.Is(err, directory.ErrFilterUnsupported) {
				t.Errorf("%s found %v, %v", text, names, err)
			}
		}
	})
}

// TestAnOwnAttributeMayBeCalledLikeOthers has attributes with the names of those that are found in ways of their own.
func TestAnOwnAttributeMayBeCalledLikeOthers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.register(directory.SchemaDefinition{URN: crmURN, Attributes: []directory.Attribute{
			{Name: "active", Type: directory.TypeBoolean}, {Name: "id"}, {Name: "userName"}, {Name: "schemas"}, {Name: "displayName"},
			{Name: "manager", Type: directory.TypeComplex, SubAttributes: []directory.Attribute{{Name: "displayName"}}},
		}})
		w.create(w.okta, with("ada", `{"active":false,"id":"x","userName":"bob","schemas":"s","displayName":"d","manager":{"displayName":"m"}}`))
		for text, want := range map[string]int{
			crmURN + `:active eq false`: 1, crmURN + `:active eq true`: 0, crmURN + `:active ne true`: 1, `active eq true`: 1, crmURN + `:id eq "X"`: 1,
			crmURN + `:userName eq "bob"`: 1, `userName eq "bob"`: 0, crmURN + `:schemas eq "s"`: 1, crmURN + `:displayName eq "d"`: 1,
			crmURN + `:manager.displayName eq "m"`: 1, crmURN + `:manager pr`: 1, `displayName pr`: 0,
		} {
			if names, err := w.found(text); err != nil || len(names) != want {
				t.Errorf("%s found %v, %v", text, names, err)
			}
		}
	})
}
