package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/reporting"
)

// groupTables are the questions of every table that a reader who is limited to groups may have, now and as of a moment: each figure
// of people over each window.
func groupTables(license string, then time.Time) (all []string) {
	for _, moment := range []string{"", "&at=" + url.QueryEscape(then.Format(time.RFC3339Nano))} {
		all = append(all, "utilization.csv?license="+license+moment)
		for _, figure := range reporting.Figures {
			for _, days := range reporting.Windows {
				all = append(all, fmt.Sprintf("people.csv?figure=%s&days=%d&license=%s%s", figure, days, license, moment))
			}
		}
	}
	return all
}

// TestTablesOfGroupsCannotTellAnOutsiderFromNobody asks for every table that a reader who is limited to groups may have, once before
// people outside of her groups come, get seats, wait, use them and go, and once afterwards: no cell has changed. Every other table
// is refused to her.
func TestTablesOfGroupsCannotTellAnOutsiderFromNobody(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			w := grouped(t, dialect)
			w.use("ada")
			then := time.Now().UTC().Truncate(time.Microsecond)
			before := w.look(then)
			if got := before[0]; !strings.Contains(got, "assigned:2 ") || !strings.Contains(got, "active30:1 ") || !strings.Contains(got, "free: ") {
				t.Errorf("her figures are %s", got)
			}
			const outsider = "outsider"
			w.person(outsider + "1")
			w.person(outsider + "2")
			w.person(outsider + "3") // waits
			w.group(outsider, outsider+"1")
			w.use(outsider + "1")
			w.leaves(outsider + "2")
			for i, now := range w.look(then) {
				if now != before[i] || strings.Contains(now, outsider) {
					t.Errorf("an outsider changes what she has:\n%s\n%s", before[i], now)
				}
			}
			if _, text := w.ask("GET", "/export/people.csv?figure=assigned&license="+w.license, "", "Authorization", "Bearer "+w.admin); strings.Count(text, outsider) < 2 {
				t.Errorf("everybody is %s", text)
			}
			w.closed()
		})
	}
}

// groupWorld is a server with a license of four seats, two people who hold one, and a token that tells of their group.
type groupWorld struct {
	*server

	license, config, admin, product, reader string
	ids                                     map[string]string
}

func grouped(t *testing.T, dialect string) *groupWorld {
	t.Helper()
	at := []string{"--database=" + storetest.URL(t, dialect), "--data=" + t.TempDir()}
	run := func(into any, args ...string) {
		t.Helper()
		printed(t, into, append(append(args, "--tenant", "fjordline"), at...)...)
	}
	printed(t, new(any), append([]string{"tenant", "create", "--name", "Fjordline", "--slug", "fjordline", "--plan", "advanced"}, at...)...)
	var license shownLicense
	run(&license, "license", "create", "--product", "Advanced", "--sku", "advanced", "--seats", "4")
	var config printedConfig
	run(&config, "scim", "create", "--name", "Okta", "--auto-assign", "--license", "advanced")
	token := func(scope string, more ...string) string {
		t.Helper()
		var made printedToken
		run(&made, append([]string{"token", "create", "--name", scope, "--scope", scope}, more...)...)
		return made.Token
	}
	w := &groupWorld{server: serve(t, at...), license: license.ID, config: config.Token, ids: map[string]string{}}
	t.Cleanup(w.stop)
	w.admin, w.product = token(caller.ScopeAdmin), token(caller.ScopeEntitlementsWrite)
	w.person("ada")
	w.person("bob")
	w.group("inner", "bob")
	w.reader = token(caller.ScopeReportsRead, "--group", w.group("outer", "ada", "inner"))
	return w
}

// made sends SCIM, and keeps the id of what it has made.
func (w *groupWorld) made(path, name, body string) string {
	w.t.Helper()
	response, text := w.ask("POST", "/scim/v2/"+path, body, "Authorization", "Bearer "+w.config, "Content-Type", "application/json")
	if response.StatusCode != http.StatusCreated {
		w.t.Fatal(text)
	}
	_, id, _ := strings.Cut(response.Header.Get("Location"), "/"+path+"/")
	w.ids[name] = id
	return id
}

func (w *groupWorld) person(name string) {
	w.t.Helper()
	w.made("Users", name, fmt.Sprintf(`{"userName":%q,"title":"Sales"}`, name))
}

func (w *groupWorld) group(name string, members ...string) string {
	w.t.Helper()
	values := make([]string, len(members))
	for i, member := range members {
		values[i] = fmt.Sprintf(`{"value":%q}`, w.ids[member])
	}
	return w.made("Groups", name, fmt.Sprintf(`{"displayName":%q,"members":[%s]}`, name, strings.Join(values, ",")))
}

// use has the product tell that somebody has come.
func (w *groupWorld) use(name string) {
	w.t.Helper()
	var told struct {
		RecordActivity struct{ Results []struct{ Status string } }
	}
	w.graphQL(w.product, fmt.Sprintf(`mutation { recordActivity(input: {licenseId: %q, source: "Log", uses: [{person: {id: %q}, at: %q}]}) { results { status } } }`,
		w.license, w.ids[name], time.Now().UTC().Format(time.RFC3339Nano)), &told)
	if of := told.RecordActivity.Results; len(of) != 1 {
		w.t.Fatalf("use of %s answered %+v", name, of)
	}
}

func (w *groupWorld) leaves(name string) {
	w.t.Helper()
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`
	if response, text := w.ask("PATCH", "/scim/v2/Users/"+w.ids[name], body, "Authorization", "Bearer "+w.config, "Content-Type", "application/json"); response.StatusCode >= http.StatusMultipleChoices {
		w.t.Fatal(text)
	}
}

// look reads all that she may have, cell by cell, but for the moment at which she asks.
func (w *groupWorld) look(then time.Time) (all []string) {
	w.t.Helper()
	for _, asked := range groupTables(w.license, then) {
		response, text := w.ask("GET", "/export/"+asked, "", "Authorization", "Bearer "+w.reader)
		switch response.StatusCode {
		case http.StatusOK:
		case http.StatusConflict: // use is unknown
			all = append(all, asked+" "+text)
			continue
		default:
			w.t.Fatalf("%s answered %d %s", asked, response.StatusCode, text)
		}
		head, _, _ := strings.Cut(text, "\n")
		out := asked
		for _, row := range table(w.t, text) {
			for name := range strings.SplitSeq(strings.TrimSpace(head), ",") {
				if name != colAt {
					out += " " + name + ":" + row[name]
				}
			}
			out += " "
		}
		all = append(all, out)
	}
	return all
}

// closed asks for every other table.
func (w *groupWorld) closed() {
	w.t.Helper()
	asked := 0
	for scope, tables := range (&serving{}).tables() {
		for name := range tables {
			if scope == caller.ScopeGroupReportsRead {
				continue
			}
			asked++
			if response, text := w.ask("GET", "/export/"+name+".csv?license="+w.license, "", "Authorization", "Bearer "+w.reader); response.StatusCode != http.StatusForbidden {
				w.t.Errorf("%s answered %d %s", name, response.StatusCode, text)
			}
		}
	}
	if asked < 15 {
		w.t.Errorf("only %d tables were asked for", asked)
	}
}
