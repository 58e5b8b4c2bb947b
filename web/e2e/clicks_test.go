package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/storetest"
)

// TestARuleAHandAndAPolicyGiveAndTake clicks through what gives seats and takes them back: a rule from its draft over its preview to
// its run, a license given by hand and handed on, a policy of taking back with what it would free, and the seats of another day.
func TestARuleAHandAndAPolicyGiveAndTake(t *testing.T) {
	t.Parallel()
	s := serve(t, storetest.SQLite)
	s.tenant("Fjordline", "fjordline")
	s.usher(new(any), "license", "create", "--tenant", "fjordline", "--product", product, "--seats", "5")
	var admin struct{ Token string }
	s.usher(&admin, "token", "create", "--tenant", "fjordline", "--name", "aside", "--scope", "admin")
	for _, person := range [][2]string{{"Ruth Rule", "Sales"}, {"Hanna Hand", "Finance"}, {"Nora Next", "Finance"}} {
		s.graphql(nil, admin.Token, `mutation ($in: CreateUserInput!) { createUser(input: $in) { user { id } } }`, map[string]any{"in": map[string]any{
			"userName": person[0], "displayName": person[0], "title": person[1],
		}})
	}
	p := signedIn(t, s.url, s.link("fjordline", "ada@example.com", "--name", "Ada"))
	p.click("link", "Licenses")
	p.click("link", product)
	p.sees("0 of 5 seats taken")

	p.click("tab", "Rules")
	p.click("button", "Draft a rule")
	p.find("dialog", "Draft a rule for "+product)
	p.fill("textbox", "Name", "Sales sits")
	p.fill("textbox", "Filter on attributes", `title eq "Sales"`)
	p.click("button", "Save the draft and preview")
	p.sees("Sales sits Draft", "Draft: what publishing it would do", "means 1 person 1 0 +1 0", "Ruth Rule gain never had one", "1 of 1 change")
	p.click("button", "Publish…")
	p.find("dialog", "Publish Sales sits")
	p.sees(product + ": 1 gain and 0 lose. +1 seats taken")
	p.click("button", "Publish")
	p.gone("dialog", "*")
	p.sees("Sales sits Holds", "The last run is done: 1 gained, 0 lost.")
	p.click("link", "Rules of "+product)
	p.click("tab", "Seats")
	p.sees("1 of 5 seats taken", "Ruth Rule Invited rule Sales sits")

	p.click("link", "People")
	p.click("link", "Hanna Hand")
	p.sees("She has no seat")
	p.click("button", "Assign a license")
	p.find("dialog", "Assign a license to Hanna Hand")
	p.choose("combobox", "License", product+" (4 free)")
	p.sees("She gets a seat at once: 4 of 5 are free.")
	p.click("button", "Assign")
	p.gone("dialog", "*")
	p.sees("because an administrator gave it")
	p.click("button", "What to do with the seat of "+product)
	p.click("menuitem", "Transfer…")
	p.find("dialog", "Transfer Hanna Hand's seat of "+product)
	p.choose("combobox", "To whom", "Nora Next (*")
	p.sees("Hanna Hand loses the seat of " + product + " with every reason for it, and Nora Next")
	p.click("button", "Transfer")
	p.gone("dialog", "*")
	p.sees(product + " Released")
	p.click("link", "People")
	p.click("link", "Nora Next")
	p.sees(product+" Invited", "because an administrator gave it")

	p.click("link", product)
	p.click("tab", "Policies")
	p.sees("never taken back for that")
	p.click("button", "Change taking back unused seats")
	p.fill("textbox", "Days without use", "60")
	p.fill("textbox", "Days invited, never came", "21")
	p.sees("If it held today Use of this license is unknown, and so nothing would be taken back.")
	p.click("button", "Save")
	p.sees("Not used for 60 days", "Invited for 21 days without coming", "Today Use of this license is unknown")

	p.click("tab", "Seats")
	p.sees("2 of 5 seats taken", "Ruth Rule", "Nora Next")
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	p.eval(nil, fmt.Sprintf(`(() => {
		const day = document.querySelector('input[type="date"]');
		Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(day, %q);
		day.dispatchEvent(new Event('input', { bubbles: true }));
	})()`, yesterday))
	p.sees("Who held a seat on", "0 of 0 seats were assigned", "Nobody held one")
	p.misses("Ruth Rule")
	p.click("button", "Now")
	p.sees("Ruth Rule", "Nora Next")
}
