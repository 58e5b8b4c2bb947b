package directory

import (
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/filter"
)

func TestFieldsAreFoundByTheirNames(t *testing.T) {
	t.Parallel()
	const own = "urn:example:gym:1.0:User"
	fields := userFields.with([]field{
		{numbersOfOwn, "locker", own, kindNumber, false}, {numbersOfOwn + 1, "badges", own, kindText, true},
		{numbersOfOwn + 2, "visits.at", own, kindTime, true}, {numbersOfOwn + 3, "visits.value", own, kindText, true},
	})
	options := filter.Options{URNs: []string{UserURN, EnterpriseURN, own}}
	for name, want := range map[string]string{
		"USERNAME": "userName", UserURN + ":name.givenname": "name.givenName", "emails": "emails.value", "Emails.Type": "emails.type",
		"manager": "manager.value", "manager.displayName": "manager.displayName", strings.ToUpper(EnterpriseURN) + ":department": "department",
		"meta.created": "meta.created", "groups.$ref": "groups.$ref", own + ":locker": "locker", own + ":visits": "visits.value", own + ":visits.at": "visits.at",
		own + ":badges": "badges",
		"name":          "", "department": "", "password": "", "locker": "", EnterpriseURN + ":userName": "", "userName.value": "", "emails.nope": "", "addresses": "",
		own + ":badges.value": "", "nope": "",
	} {
		path, err := filter.ParsePath(name, options)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := ""
		if f := fields.field(path.Attr); f != nil {
			got = f.path
		}
		if got != want {
			t.Errorf("%s names %q, want %q", name, got, want)
		}
	}
	if f := userFields.field(filter.Attr{URN: own, Name: "locker"}); f != nil {
		t.Errorf("a tenant's own field is everybody's: %+v", f)
	}
	if badge := fields.find(filter.Attr{URN: own, Name: "badges"}).part("VALUE"); badge == nil || badge.path != "badges" {
		t.Errorf("an element of a simple list is %+v", badge)
	}
}

func TestNumbersOfFieldsAreGivenOnce(t *testing.T) {
	t.Parallel()
	seen := map[int32]string{}
	for _, f := range userFields.fields {
		if f.number == 0 {
			continue
		}
		if other, twice := seen[f.number]; twice || f.number >= numbersOfOwn {
			t.Errorf("%s has the number %d of %q", f.path, f.number, other)
		}
		seen[f.number] = f.path
	}
}
