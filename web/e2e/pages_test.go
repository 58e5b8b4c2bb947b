package e2e_test

import (
	"testing"

	"github.com/usherhq/usher/internal/storetest"
)

// TestEveryPageOfAnEmptyTenantSaysWhatToDo looks at each page where nothing has happened yet.
func TestEveryPageOfAnEmptyTenantSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := serve(t, storetest.SQLite)
	s.tenant("Fjordline", "fjordline")
	link := s.link("fjordline", "ada@example.com", "--name", "Ada")
	out := open(t, s.url)
	out.allow("401") // which is how it learns that nobody is signed in
	out.visit(s.url + "/console/")
	out.sees("You are signed out", "Open the link that you were given")
	out.look("signed-out")
	out.visit(link)
	out.sees("This link signs you in")
	out.look("sign-in")
	p := signedIn(t, s.url, link)
	for _, place := range []struct{ name, at, says string }{
		{"overview", "", "No provider has called yet"},
		{"configurations", "scim", "No identity provider is connected yet"},
		{"people", "people", "Nobody is here yet"},
		{"groups", "groups", "No groups yet"},
		{"licenses", "licenses", "No licenses yet"},
		{"activity", "activity?kind=user.created", "Nothing of that kind has happened"},
		{"administrators", "administrators", "Ada (you)"},
		{"nobody", "people/usr_00000000000000000000000000", "There is no such person"},
	} {
		p.turn(place.at)
		p.sees(place.says)
		p.look(place.name + "-empty")
	}
	operator := signedIn(t, s.url, s.operatorLink())
	operator.sees("You are the operator", "Fjordline")
	operator.look("tenants")
}
