package directory_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

func TestEveryAttributeIsKeptAsItCame(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		value := []directory.Value{{Value: "v", Display: "d", Type: "work", Primary: true}}
		given := directory.User{
			UserName: "Ada@Example.com", Name: directory.Name{Formatted: "f", FamilyName: "a", GivenName: "b", MiddleName: "c", HonorificPrefix: "d", HonorificSuffix: "e"},
			DisplayName: "Ada 🎻", NickName: "n", ProfileURL: "https://a", Title: "t", UserType: "u", PreferredLanguage: "nb", Locale: "nb-NO", Timezone: "Europe/Oslo",
			Emails: value, PhoneNumbers: value, IMs: value, Photos: value, Entitlements: value, Roles: value, Certificates: value,
			Addresses:  []directory.Address{{Formatted: "f", StreetAddress: "s", Locality: "l", Region: "r", PostalCode: "p", Country: "NO", Type: "home", Primary: true}},
			Enterprise: directory.Enterprise{EmployeeNumber: "7", CostCenter: "c", Organization: "o", Division: "d", Department: "x", Manager: "m"},
			Extra:      map[string]json.RawMessage{"urn:example:one": json.RawMessage(`{"a":[1,2]}`)},
			Active:     true, ExternalID: "00u1",
		}
		made := w.create(w.okta, given)
		got, err := w.people.Get(w.okta, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		want, is := mustJSON(t, &given), mustJSON(t, got)
		if want != is || got.ExternalID != "00u1" || !got.Active || got.Version != 1 || got.Origin != directory.OriginSCIM {
			t.Errorf("kept as\n%s\nwant\n%s\n%+v", is, want, got)
		}
		if byName, err := w.people.ByUserName(w.okta, "ADA@example.COM"); err != nil || byName.ID != made.ID {
			t.Errorf("by another case: %v, %v", byName, err)
		}
	})
}

func mustJSON(t *testing.T, u *directory.User) string {
	t.Helper()
	text, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAUserNameIsUniqueWithoutCaseAndWidth(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.create(w.admin, directory.User{UserName: "Ågren"})
		for _, same := range []string{"ågren", "ÅGREN", "A\u030agren", "Ａ\u030agren"} {
			if _, err := w.people.Create(w.admin, directory.User{UserName: same}); !errors.Is(err, directory.ErrUserNameTaken) {
				t.Errorf("%q: %v", same, err)
			}
		}
		other := w.create(w.admin, directory.User{UserName: "other"})
		rename := func(u *directory.User) error { u.UserName = "ÅGREN"; return nil }
		if _, _, err := w.people.Change(w.admin, other.ID, rename, nil); !errors.Is(err, directory.ErrUserNameTaken) {
			t.Errorf("renaming: %v", err)
		}
		w.create(storetest.Tenant(t, db), directory.User{UserName: "ågren"})
	})
}

func TestAVersionGrowsWithEachRealChange(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		u := w.create(w.okta, directory.User{UserName: "ada", Active: true})
		before := w.events()
		same, changed := w.change(w.okta, u.ID, func(u *directory.User) { u.Active, u.Title = true, "" })
		if changed || same.Version != 1 || !same.UpdatedAt.Equal(u.UpdatedAt) || w.events() != before {
			t.Errorf("nothing changed, and made %+v with %d events", same, w.events()-before)
		}
		now, changed := w.change(w.okta, u.ID, func(u *directory.User) { u.Title = "Analyst" })
		if !changed || now.Version != 2 || w.events() != before+1 {
			t.Errorf("a title made %+v with %d events", now, w.events()-before)
		}
		_, _, err := w.people.Change(w.okta, u.ID, func(u *directory.User) error { u.Title = "Lead"; return nil }, &directory.Expect{Versions: []int64{1}})
		if !errors.Is(err, directory.ErrStaleVersion) {
			t.Errorf("an old version: %v", err)
		}
	})
}

func TestChangesSideBySideAllCount(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			w := newWorld(t, one)
			other := directory.New(two, w.journal, two.Now)
			u := w.create(w.okta, directory.User{UserName: "ada", Active: true})
			var all sync.WaitGroup
			const writers = 16
			for i := range writers {
				s := w.people
				if i%2 == 1 {
					s = other
				}
				all.Go(func() {
					add := func(u *directory.User) error {
						u.Roles = append(u.Roles, directory.Value{Value: fmt.Sprint(i)})
						return nil
					}
					if _, _, err := s.Change(w.okta, u.ID, add, nil); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			got, err := w.people.Get(w.okta, u.ID)
			if err != nil || len(got.Roles) != writers || got.Version != writers+1 {
				t.Errorf("%d roles in version %d, %v", len(got.Roles), got.Version, err)
			}
		})
	}
}

func TestTwoConfigurationsHoldOnePerson(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		u := w.create(w.okta, directory.User{UserName: "ada", Active: true, ExternalID: "okta-1"})
		w.change(w.entra, u.ID, func(u *directory.User) { u.ExternalID, u.Active = "entra-1", true })
		check := func(when string, active, okta, entra bool) {
			t.Helper()
			a, errA := w.people.Get(w.admin, u.ID)
			o, errO := w.people.Get(w.okta, u.ID)
			e, errE := w.people.Get(w.entra, u.ID)
			if err := errors.Join(errA, errO, errE); err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			if a.Active != active || o.Active != okta || e.Active != entra || o.ExternalID != "okta-1" || e.ExternalID != "entra-1" {
				t.Errorf("%s: active %v, %v, %v; externalId %s, %s", when, a.Active, o.Active, e.Active, o.ExternalID, e.ExternalID)
			}
		}
		check("both hold her", true, true, true)
		w.change(w.okta, u.ID, func(u *directory.User) { u.Active = false })
		check("one has let her out", true, false, true)
		w.change(w.entra, u.ID, func(u *directory.User) { u.Active = false })
		check("both have let her out", false, false, false)
		w.change(w.okta, u.ID, func(u *directory.User) { u.Active = true })
		if _, err := w.people.Block(w.admin, u.ID, nil); err != nil {
			t.Fatal(err)
		}
		check("she is blocked", false, true, false)
		if _, err := w.people.Unblock(w.admin, u.ID, nil); err != nil {
			t.Fatal(err)
		}
		check("she is not blocked any more", true, true, false)
		links, err := w.people.Links(w.admin, []id.ID{u.ID})
		if err != nil || len(links[u.ID]) != 2 || links[u.ID][0].How != directory.LinkCreated || links[u.ID][1].How != directory.LinkAdopted {
			t.Errorf("links are %+v, %v", links, err)
		}
	})
}

func TestWhoWasThereBeforeIsAdopted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ada, ben := w.create(w.admin, directory.User{UserName: "ada"}), w.create(w.admin, directory.User{UserName: "ben"})
		w.create(w.okta, directory.User{UserName: "cy", Active: true})
		w.change(w.okta, ada.ID, func(u *directory.User) { u.ExternalID, u.Active = "1", true })
		if got, want := w.kinds(ada.ID), []string{"user.created", "user.adopted"}; !slices.Equal(got, want) {
			t.Errorf("events are %v, want %v", got, want)
		}
		for state, want := range map[directory.Claimed]string{directory.ClaimedAdopted: "ada", directory.ClaimedCreated: "cy", directory.ClaimedNever: "ben"} {
			p, err := w.people.ListUsers(w.admin, page.Args{}, directory.UserFilter{Claimed: state}, directory.UserOrder{})
			if err != nil || len(p.Items) != 1 || p.Items[0].UserName != want {
				t.Errorf("claimed %v: %+v, %v", state, p.Items, err)
			}
		}
		if err := w.people.Delete(w.okta, ben.ID, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := w.people.Get(w.admin, ben.ID); err != nil {
			t.Errorf("a configuration deleted somebody it never held: %v", err)
		}
	})
}

func TestWhoLeavesIsGoneForThatConfigurationAndComesBackAsHerself(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		u := w.create(w.okta, directory.User{UserName: "ada", Active: true})
		w.change(w.entra, u.ID, func(u *directory.User) { u.Active = true; u.ExternalID = "e" })
		if err := w.people.Delete(w.okta, u.ID, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := w.people.Get(w.okta, u.ID); !errors.Is(err, directory.ErrUserNotFound) {
			t.Errorf("who let go still sees her: %v", err)
		}
		if err := w.people.Delete(w.okta, u.ID, nil); !errors.Is(err, directory.ErrUserNotFound) {
			t.Errorf("twice: %v", err)
		}
		p, err := w.people.Query(w.okta, directory.Query{Count: 10})
		if err != nil || p.Total != 0 || len(p.Items) != 0 {
			t.Errorf("the list has %+v, %v", p, err)
		}
		if _, err := w.people.Create(w.entra, directory.User{UserName: "ADA"}); !errors.Is(err, directory.ErrUserNameTaken) {
			t.Errorf("who holds her made her again: %v", err)
		}
		back := w.create(w.okta, directory.User{UserName: "Ada", Active: true, ExternalID: "again"})
		if back.ID != u.ID || back.Version <= u.Version {
			t.Errorf("she came back as %+v", back)
		}
		for _, ctx := range []struct{ name string }{{"okta"}, {"entra"}} {
			who := w.okta
			if ctx.name == "entra" {
				who = w.entra
			}
			if err := w.people.Delete(who, u.ID, nil); err != nil {
				t.Fatalf("%s: %v", ctx.name, err)
			}
		}
		if _, err := w.people.Get(w.admin, u.ID); !errors.Is(err, directory.ErrUserNotFound) {
			t.Errorf("the last one let go and she is there: %v", err)
		}
		if fresh := w.create(w.okta, directory.User{UserName: "ada"}); fresh.ID == u.ID {
			t.Error("a deleted id is used again")
		}
	})
}

func parsed(t *testing.T, text string) filter.Node {
	t.Helper()
	n, err := filter.Parse(text, filter.Options{URNs: []string{directory.UserURN, directory.EnterpriseURN, crmURN}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUsualFiltersAreAnswered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ada := w.create(w.okta, directory.User{
			UserName: "ada@example.com", Active: true, ExternalID: "7", Enterprise: directory.Enterprise{Manager: "boss"},
			Emails: []directory.Value{{Value: "Ada@Work", Type: "work"}, {Value: "ada@home", Type: "home"}},
		})
		w.create(w.okta, directory.User{UserName: "ben@example.com", ExternalID: "8", Emails: []directory.Value{{Value: "ada@work", Type: "home"}}})
		for text, want := range map[string]int{
			`userName eq "ADA@example.com"`:                                       1,
			`externalId eq "7"`:                                                   1,
			`externalId eq "7" and active eq true`:                                1,
			`externalId eq "7" and active eq false`:                               0,
			`id eq "` + id.User.Format(ada.ID) + `"`:                              1,
			`id eq "nonsense"`:                                                    0,
			`emails.value eq "ADA@work"`:                                          2,
			`emails eq "ada@home"`:                                                1,
			`emails[type eq "work" and value eq "ada@work"]`:                      1,
			`emails[value eq "ada@work"] and userName eq "ben@example.com"`:       1,
			`manager eq "boss"`:                                                   1,
			directory.UserURN + `:userName eq "ada@example.com"`:                  1,
			directory.EnterpriseURN + `:manager.value eq "boss" and id eq "nope"`: 0,
		} {
			p, err := w.people.Query(w.okta, directory.Query{Where: parsed(t, text), Count: 10})
			if err != nil || len(p.Items) != want || p.Total != int64(want) {
				t.Errorf("%s found %d of %d, %v; want %d", text, len(p.Items), p.Total, err, want)
			}
		}
	})
}

// TestFiltersThatMakeNoSenseAreRefused in words that tell what to write instead.
//
// Conformance: P-3.4.2.2-09 P-3.4.2.2-10 P-3.4.2.2-16 P-3.4.2.2-18
func TestFiltersThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.SQLite)
	w := newWorld(t, db)
	for text, says := range map[string]string{
		`externalId eq 7`: "a string in double quotes", `userName eq true`: "double quotes", `active eq "yes"`: "true or false", `active gt true`: "does not fit",
		`active co "t"`: "does not fit", `active eq 1`: "true or false", `x509Certificates.value lt "A"`: "no order", `x509Certificates.value ge "A"`: "no order",
		`meta.created co "2026"`: "does not fit", `meta.created gt "yesterday"`: "2026-11-23T10:00:00Z", `meta.created eq 5`: "date and time", `meta.created eq "2026-11-23"`: "date",
		`title gt null`: "eq or ne", `foo eq 1`: "foo", `foo pr`: "foo", `members eq "x"`: "members", `department eq "x"`: "with its URN", `password sw "a"`: "password", `password pr`: "password",
		`name eq "x"`: "name.formatted", `addresses eq "x"`: "addresses.formatted", `emails.nope eq "x"`: "no part", `userName.x pr`: "no part", `title[value eq "x"]`: "no list",
		`name[givenName eq "x"]`: "no list", `emails[nope eq "x"]`: "no part", `emails[type gt true]`: "double quotes", `emails[primary co "x"]`: "does not fit", `emails[type ge null]`: "eq or ne",
		`schemas[type eq "x"]`: "no part", `groups[nope pr]`: "no part", `userName eq "a" or foo eq "b"`: "foo", `not (foo pr)`: "foo",
	} {
		_, err := w.people.Query(w.okta, directory.Query{Where: parsed(t, text), Count: 10})
		if f, _ := fault.As(err); !errors.Is(err, directory.ErrFilterUnsupported) || f.ScimType != "invalidFilter" || !strings.Contains(f.Message, says) {
			t.Errorf("%s got %v, want words of %q", text, err, says)
		}
	}
	for name, says := range map[string]string{"foo": "nothing to sort by", "name": "name.formatted", "password": "nothing", "department": "URN", "addresses": "addresses.formatted"} {
		_, err := w.people.Query(w.okta, directory.Query{Sort: directory.Sort{By: attrOf(t, name)}, Count: 10})
		if f, _ := fault.As(err); !errors.Is(err, directory.ErrSortUnsupported) || f.ScimType != "invalidValue" || !strings.Contains(f.Message, says) {
			t.Errorf("sorted by %s got %v, want words of %q", name, err, says)
		}
	}
}

func TestPagesAreWalkedWhileOthersLeave(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ids := w.several(w.okta, 12)
		w.change(w.entra, ids[1], func(u *directory.User) { u.ExternalID = "e" })
		if err := w.people.Delete(w.okta, ids[1], nil); err != nil { // hidden from okta, not deleted
			t.Fatal(err)
		}
		var walked []id.ID
		for start := 1; start <= 11; start += 4 {
			p, err := w.people.Query(w.okta, directory.Query{Start: start, Count: 4})
			if err != nil || p.Total != 11 {
				t.Fatalf("from %d: %d, %v", start, p.Total, err)
			}
			for _, r := range p.Items {
				walked = append(walked, r.ID)
			}
		}
		if want := slices.Delete(slices.Clone(ids), 1, 2); !slices.Equal(walked, want) {
			t.Errorf("walked %v, want %v", walked, want)
		}
		beyond, err := w.people.Query(w.okta, directory.Query{Start: 100, Count: 4})
		if err != nil || beyond.Total != 11 || len(beyond.Items) != 0 {
			t.Errorf("beyond the end: %+v, %v", beyond, err)
		}
	})
}

func TestListsGoForwardAndBackward(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ids := w.several(w.admin, 7)
		for _, order := range []directory.UserOrder{{}, {Descending: true}, {By: directory.UsersByCreatedAt}, {By: directory.UsersByCreatedAt, Descending: true}} {
			want := slices.Clone(ids)
			if order.Descending {
				slices.Reverse(want)
			}
			var forward, backward []id.ID
			args := page.Args{First: 3}
			for more := true; more; {
				p, err := w.people.ListUsers(w.admin, args, directory.UserFilter{}, order)
				if err != nil {
					t.Fatalf("%+v: %v", order, err)
				}
				for _, u := range p.Items {
					forward = append(forward, u.ID)
				}
				args.After, more = directory.UserCursor(p.Items[len(p.Items)-1], order), p.HasNext
			}
			args = page.Args{Last: 3}
			for more := true; more; {
				p, err := w.people.ListUsers(w.admin, args, directory.UserFilter{}, order)
				if err != nil {
					t.Fatal(err)
				}
				for _, u := range slices.Backward(p.Items) {
					backward = append(backward, u.ID)
				}
				args.Before, more = directory.UserCursor(p.Items[0], order), p.HasPrevious
			}
			slices.Reverse(backward)
			if !slices.Equal(forward, want) || !slices.Equal(backward, want) {
				t.Errorf("%+v: forward %v, backward %v, want %v", order, forward, backward, want)
			}
		}
		for filter, want := range map[directory.UserFilter]int64{{}: 7, {Search: "USER00"}: 7, {Search: "USER000"}: 1, {Search: "nobody"}: 0} {
			p, err := w.people.OutlineUsers(w.admin, page.Args{}, filter, directory.UserOrder{})
			total, errOfCount := w.people.CountUsers(w.admin, filter)
			if err != nil || errOfCount != nil || int64(len(p.Items)) != want || total != want {
				t.Errorf("%+v found %d of %d, %v, %v; want %d", filter, len(p.Items), total, err, errOfCount, want)
			}
		}
		if _, err := w.people.ListUsers(w.admin, page.Args{After: "nonsense"}, directory.UserFilter{}, directory.UserOrder{}); !errors.Is(err, page.ErrCursor) {
			t.Errorf("a bad cursor: %v", err)
		}
	})
}

func TestPeopleAreFoundHoweverTheyAreNamed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ada := w.create(w.okta, directory.User{UserName: "ada", Active: true, ExternalID: "7"})
		ben := w.create(w.entra, directory.User{UserName: "ben", ExternalID: "7"})
		got, err := w.people.Find(w.admin, []directory.Person{{ID: ada.ID}, {UserName: "BEN"}, {ExternalID: "7"}, {ExternalID: "8"}})
		want := []directory.Found{{ID: ada.ID, Active: true}, {ID: ben.ID}, {Ambiguous: true}, {}}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("found %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestAnotherTenantsPeopleAreNobody(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		u := w.create(w.okta, directory.User{UserName: "ada", Active: true})
		stranger := storetest.Tenant(t, db)
		_, errGet := w.people.Get(stranger, u.ID)
		_, _, errChange := w.people.Change(stranger, u.ID, func(*directory.User) error { return nil }, nil)
		for name, err := range map[string]error{"get": errGet, "change": errChange, "delete": w.people.Delete(stranger, u.ID, nil)} {
			if !errors.Is(err, directory.ErrUserNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if found, err := w.people.Users(stranger, []id.ID{u.ID}, directory.Whole); err != nil || len(found) != 0 {
			t.Errorf("users: %v, %v", found, err)
		}
	})
}
