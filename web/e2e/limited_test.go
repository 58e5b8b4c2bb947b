package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/usherhq/usher/internal/storetest"
)

// notesRefusals counts what a page asks the server, and keeps what is refused.
const notesRefusals = `
	window.asked = 0;
	window.refused = [];
	window.plainFetch = window.fetch;
	window.fetch = async (...of) => {
		const answer = await window.plainFetch(...of);
		const text = await answer.clone().text();
		window.asked++;
		if (!answer.ok || text.includes('"errors"')) window.refused.push(text);
		return answer;
	}`

// TestALimitedAdministratorSeesHerGroupsPeople invites one for a group in the console and signs her in: she has reports of its
// people, by name, and nothing else, and none of her pages asks for what is refused to her.
func TestALimitedAdministratorSeesHerGroupsPeople(t *testing.T) {
	t.Parallel()
	s := serve(t, storetest.SQLite)
	s.tenant("Fjordline", "fjordline")
	s.usher(new(any), "license", "create", "--tenant", "fjordline", "--product", product, "--sku", "advanced", "--seats", "3")
	var config struct{ Token string }
	s.usher(&config, "scim", "create", "--tenant", "fjordline", "--name", "Okta", "--auto-assign", "--license", "advanced")
	made := func(path, body string) string {
		t.Helper()
		status, answer := s.scim(config.Token, http.MethodPost, path, body)
		id, _ := answer["id"].(string)
		if status != http.StatusCreated || id == "" {
			t.Fatalf("%s was answered %d, %v", path, status, answer)
		}
		return id
	}
	member := func(name string) string {
		return made("/Users", fmt.Sprintf(`{"userName":%q,"displayName":%[1]q}`, name))
	}
	bob, eve, mia := member("Bob"), member("Eve"), member("Mia")
	made("/Groups", fmt.Sprintf(`{"displayName":"Sales","members":[{"value":%q},{"value":%q}]}`, bob, eve))
	made("/Groups", fmt.Sprintf(`{"displayName":"Law","members":[{"value":%q}]}`, mia))

	ada := signedIn(t, s.url, s.link("fjordline", "ada@example.com", "--name", "Ada"))
	ada.sees("Needs a decision")
	ada.turn("administrators")
	ada.click("button", "Invite")
	ada.fill("textbox", "Name", "Lin")
	ada.fill("textbox", "E-mail", "lin@example.com")
	ada.choose("combobox", "Role", "Limited to some groups*")
	ada.disabled("button", "Make a link")
	ada.choose("combobox", "Groups", "Sales")
	ada.press("\t")
	ada.sees("She sees nobody else")
	ada.settle()
	ada.accessible("dialog-invite-limited")
	ada.picture("dialog-invite-limited")
	ada.click("button", "Make a link")
	link := ada.copied("Copy Sign-in link")
	ada.click("button", "Done")
	ada.sees("Limited to some groups", "Sales")

	lin := signedIn(t, s.url, link)
	lin.eval(nil, notesRefusals)
	lin.sees("People with a seat 2", "Of the people of your groups", "figures are of the whole license")
	lin.gone("link", "Overview")
	lin.gone("link", "Licenses")
	lin.look("reports-limited")
	lin.click("link", "2 assigned: see who")
	lin.sees("2 of 2 people", "Bob", "Eve")
	lin.misses("Mia")
	lin.settle()
	lin.accessible("report-people-limited")
	lin.click("link", product)
	lin.sees("Use is counted", "Invited")
	lin.settle()
	lin.accessible("report-limited")
	lin.picture("report-limited")
	lin.turn("people")
	lin.sees("Your role does not see this page")
	lin.turn("reports")
	lin.sees("People with a seat 2")
	lin.until("an answer to each of three pages", func() bool {
		var answered bool
		return lin.tryEval(&answered, "window.asked >= 3") == nil && answered
	})
	var refused []string
	lin.eval(&refused, "window.refused")
	if len(refused) > 0 {
		t.Errorf("her pages ask for what is refused to her: %q", refused)
	}
}
