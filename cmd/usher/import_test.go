package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/storetest"
)

// intoUsher is a server with one tenant and the tokens that tables need.
type intoUsher struct {
	*server

	at                     []string
	license                string
	admin, product, reader string
}

func beginImport(t *testing.T, dialect string) *intoUsher {
	t.Helper()
	in := &intoUsher{at: []string{"--database=" + storetest.URL(t, dialect), "--data=" + t.TempDir()}}
	run := func(into any, args ...string) { t.Helper(); printed(t, into, append(args, in.at...)...) }
	run(new(any), "tenant", "create", "--name", "Fjordline", "--slug", "fjordline", "--plan", "advanced")
	var license shownLicense
	run(&license, "license", "create", "--tenant", "fjordline", "--product", "Advanced", "--sku", "advanced", "--seats", "2")
	in.license = license.ID
	token := func(scope string) string {
		var made printedToken
		run(&made, "token", "create", "--tenant", "fjordline", "--name", scope, "--scope", scope)
		return made.Token
	}
	in.admin, in.product, in.reader = token("admin"), token("entitlements:write"), token("reports:read")
	in.server = serve(t, in.at...)
	return in
}

// table sends a table and returns its results.
func (in *intoUsher) table(path, token, body string) (status int, all []outcome) {
	in.t.Helper()
	response, text := in.ask("POST", path, body, "Authorization", "Bearer "+token, "Content-Type", "text/csv; charset=UTF-8", "Accept", "application/jsonl")
	for line := range strings.Lines(text) {
		var one outcome
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			in.t.Fatalf("%s answered %d %s: %v", path, response.StatusCode, text, err)
		}
		all = append(all, one)
	}
	return response.StatusCode, all
}

// brief is a result without ids and details, which differ from run to run.
func brief(all []outcome) (told []string) {
	for _, one := range all {
		told = append(told, strings.TrimSpace(fmt.Sprint(one.Row, " ", one.Status, " ", one.Code, " ", one.Field)))
	}
	return told
}

func (in *intoUsher) told(path, token, body string, want ...string) []outcome {
	in.t.Helper()
	status, all := in.table(path, token, body)
	if got := brief(all); status != http.StatusOK || !slices.Equal(got, want) {
		in.t.Errorf("%s answered %d\n%s\nwant\n%s", path, status, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, one := range all {
		if (one.Status == rowRefused) == (one.Detail == "") {
			in.t.Errorf("%s: %+v", path, one)
		}
	}
	return all
}

// TestTablesComeIn takes people, groups, seats and activity as CSV: each row has its own result, and good rows are kept.
func TestTablesComeIn(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			in := beginImport(t, dialect)
			defer in.stop()
			in.told("/import/people", in.admin, "\ufeffuserName,displayName,department,email\nada,Ada,Sales,ada@x.example\nbo,'=Bo,,\n,Nobody,,\nADA,Ada L.,Sales,ada@x.example\nada,Ada L.,Sales,ada@x.example\n"+
				"short,Short\n\"eva\",\"E, va\",\"Ops \"\"1\"\"\",eva@x.example\n",
				"2 created", "3 created", "4 refused invalid_user userName", "5 changed", "6 unchanged", "7 refused invalid_row", "8 created")
			made := in.told("/import/groups", in.admin, "displayName,userName,action\nSales,ada,\nSales,bo,add\nSales,nobody,add\nSales,bo,remove\nEmpty,,\nEmpty,,remove\nSales,ada,drop\n,ada,\n",
				"2 created", "3 added", "4 refused invalid_member userName", "5 removed", "6 created", "7 refused invalid_cell action", "8 refused invalid_cell action", "9 refused invalid_group displayName")
			in.told("/import/groups", in.admin, "groupId,displayName\n"+made[0].ID+",Sellers\n"+made[0].ID+",Sellers\nx,Y\n",
				"2 changed", "3 unchanged", "4 refused invalid_cell groupId")
			in.told("/import/seats", in.admin, "sku,userName,action,priority\nadvanced,ada,assign,\nadvanced,bo,assign,\nadvanced,eva,assign,5\nadvanced,nobody,assign,\nother,eva,assign,\n"+
				"advanced,ada,release,\nadvanced,eva,assign,high\nadvanced,eva,,\nadvanced,,assign,\n,eva,assign,\n",
				"2 invited", "3 invited", "4 waiting", "5 refused user_not_found userName", "6 refused license_not_found sku", "7 released",
				"8 refused invalid_cell priority", "9 refused invalid_cell action", "10 refused invalid_cell userName", "11 refused invalid_cell licenseId")
			at := "2026-01-02T10:00:00Z"
			in.told("/import/activity?source=product&license="+in.license, in.product, "userName,at\nbo,"+at+"\nbo,"+at+"\nnobody,"+at+"\nbo,yesterday\nbo,2099-01-01T00:00:00Z\nbo,2001-01-01T00:00:00+01:00\n,"+at+"\n",
				"2 recorded", "3 known", "4 refused unknown_person userName", "5 refused invalid_cell at", "6 refused in_the_future at", "7 refused too_old at", "8 refused invalid_cell userName")
			in.told("/import/activity?source=product", in.product, "sku,userName,at\nother,bo,"+at+"\nADVANCED,ada,"+at+"\n", "2 refused license_not_found sku", "3 recorded")
			for _, path := range []string{"users.csv", "people.csv?figure=assigned&license=" + in.license, "groups.csv"} {
				in.thereAndBack(path)
			}
			if now := in.heldNow(); now != "bo invited, eva invited" {
				t.Errorf("seats are %s", now)
			}
		})
	}
}

// thereAndBack has a table out and in again: nothing changes, and no cell is a formula.
func (in *intoUsher) thereAndBack(path string) {
	in.t.Helper()
	_, text := in.ask("GET", "/export/"+path, "", "Authorization", "Bearer "+in.admin)
	cells, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(cells) < 3 {
		in.t.Fatalf("%s is %s: %v", path, text, err)
	}
	for _, row := range cells {
		if slices.ContainsFunc(row, func(cell string) bool { return strings.HasPrefix(cell, "=") }) {
			in.t.Errorf("%s has a formula: %q", path, row)
		}
	}
	to := "/import/people"
	if strings.HasPrefix(path, "groups") {
		to = "/import/groups"
	}
	status, all := in.table(to, in.admin, text)
	if status != http.StatusOK || len(all) != len(cells)-1 || slices.ContainsFunc(all, func(one outcome) bool { return one.Status != rowUnchanged }) {
		in.t.Errorf("%s comes back as %d %+v", path, status, all)
	}
}

// TestFormulasKeepTheirDistance writes texts as cells and reads them back.
func TestFormulasKeepTheirDistance(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "plain", "=1+1", "'=1+1", "''=1", "'plain", "'", "''", "-5", "@x", "+1", "\tx", "\rx", "\nx", "'@", "a=b"} {
		cell := harmless(text)
		if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r\n") || plainText(cell) != text {
			t.Errorf("%q is written as %q and read as %q", text, cell, plainText(cell))
		}
	}
}

// heldNow tells who holds a seat.
func (in *intoUsher) heldNow() string {
	in.t.Helper()
	var shown []shownSeat
	printed(in.t, &shown, append([]string{"seat", "list", "--tenant", "fjordline", "--license", "advanced", "--state", "invited"}, in.at...)...)
	var all []string
	for _, seat := range shown {
		all = append(all, seat.UserName+" "+string(seat.State))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// TestABadTableIsRefused sends tables whose header, encoding or quotes are wrong: a clear word with row and column, and nothing
// half-done.
func TestABadTableIsRefused(t *testing.T) {
	t.Parallel()
	in := beginImport(t, "sqlite")
	defer in.stop()
	for name, c := range map[string]struct {
		path, body string
		want       outcome
	}{
		"empty":              {"people", "", outcome{Code: "invalid_header"}},
		"an unknown column":  {"people", "userName,shoeSize\nada,40\n", outcome{Code: "invalid_header", Field: "shoeSize"}},
		"a missing column":   {"people", "displayName\nAda\n", outcome{Code: "invalid_header", Field: "userName"}},
		"a column twice":     {"people", "userName,title,userName\nada,x,bo\n", outcome{Code: "invalid_header", Field: "userName"}},
		"semicolons":         {"people", "userName;title\nada;x\n", outcome{Code: "invalid_header"}},
		"UTF-16":             {"people", "\xff\xfeu\x00s\x00", outcome{Code: "invalid_encoding"}},
		"UTF-16, big endian": {"people", "\xfe\xff\x00u\x00s", outcome{Code: "invalid_encoding"}},
		"UTF-16, no mark":    {"people", "u\x00s\x00e\x00r\x00", outcome{Code: "invalid_encoding"}},
		"Latin-1":            {"people", "userName,Pr\xe9nom\nada,x\n", outcome{Code: "invalid_encoding"}},
		"a quote":            {"people", "userName,ti\"tle\nada,x\n", outcome{Code: "invalid_row"}},
		"a long header":      {"people", strings.Repeat("x", 1<<15), outcome{Code: "row_too_long"}},
		"no source":          {"activity", "userName,at\n", outcome{Code: "invalid_import", Field: "source"}},
		"no action":          {"seats", "userName\n", outcome{Code: "invalid_header", Field: "action"}},
	} {
		token := in.admin
		if c.path == "activity" {
			token = in.product
		}
		status, all := in.table("/import/"+c.path, token, c.body)
		if len(all) != 1 || all[0].Detail == "" {
			t.Errorf("%s: %d %+v", name, status, all)
			continue
		}
		c.want.Row, c.want.Status, c.want.Detail = 1, rowRefused, all[0].Detail
		if all[0] != c.want || status != http.StatusBadRequest && c.want.Code != "row_too_long" {
			t.Errorf("%s: %d %+v, want %+v", name, status, all[0], c.want)
		}
	}
	in.told("/import/people", in.admin, "userName,title\nada,x\nbo,\xff\nev\x00a,x\nfay,a\"b\ngus,x\n", "2 created", "3 refused invalid_encoding title", "4 refused invalid_encoding userName", "5 refused invalid_row title")
	in.told("/import/people", in.admin, "userName,title\nhal,\"x\nida,x\n", "2 refused invalid_row title")
	in.told("/import/people", in.admin, "userName,title\njo,"+strings.Repeat("x", 1<<15)+"\nkim,x\n", "2 refused row_too_long")
	in.told("/import/people", in.admin, "userName,title\n")
	var people struct {
		Users struct {
			TotalCount int `json:"totalCount"`
		} `json:"users"`
	}
	if in.graphQL(in.admin, `{ users { totalCount } }`, &people); people.Users.TotalCount != 1 {
		t.Errorf("there are %d people", people.Users.TotalCount)
	}
}

// TestWhoMaySendTables knocks with every token and media type, and with a session of another page.
func TestWhoMaySendTables(t *testing.T) {
	t.Parallel()
	in := beginImport(t, "sqlite")
	defer in.stop()
	const people, form = "userName\nada\n", "multipart/form-data; boundary=x"
	for _, c := range []struct {
		path, token, media string
		status             int
	}{
		{"people", "", "text/csv", 401},
		{"people", "Bearer nonsense", "text/csv", 401},
		{"people", "Bearer " + in.reader, "text/csv", 403},
		{"people", "Bearer " + in.product, "text/csv", 403},
		{"groups", "Bearer " + in.reader, "text/csv", 403},
		{"seats", "Bearer " + in.reader, "text/csv", 403},
		{"activity?source=x", "Bearer " + in.admin, "text/csv", 403},
		{"people", "Bearer " + in.operator(), "text/csv", 200},
		{"people", "Bearer " + in.admin, form, 415},
		{"people", "Bearer " + in.admin, "", 415},
		{"people", "Bearer " + in.admin, "text/csv; charset=iso-8859-1", 415},
		{"nothing", "Bearer " + in.admin, "text/csv", 404},
	} {
		headers := []string{"Content-Type", c.media}
		if c.token != "" {
			headers = append(headers, "Authorization", c.token)
		}
		response, text := in.ask("POST", "/import/"+c.path, people, headers...)
		if response.StatusCode != c.status {
			t.Errorf("%s with %.20s as %q answered %d %s, want %d", c.path, c.token, c.media, response.StatusCode, text, c.status)
		}
		if c.token == "Bearer "+in.operator() && !strings.Contains(text, "2,refused,,no_tenant") {
			t.Errorf("an operator outside of any tenant was told %s", text)
		}
	}
	if response, _ := in.ask("GET", "/import/people", ""); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET answered %d", response.StatusCode)
	}
	session := in.session()
	for site, want := range map[string]int{"same-origin": 200, "cross-site": 403, "none": 403, "": 403} {
		headers := []string{"Cookie", session, "Content-Type", "text/csv"}
		if site != "" {
			headers = append(headers, "Sec-Fetch-Site", site)
		}
		if response, text := in.ask("POST", "/import/people", people, headers...); response.StatusCode != want {
			t.Errorf("a session from %q answered %d %s, want %d", site, response.StatusCode, text, want)
		}
	}
}

// session signs an administrator of the tenant in.
func (in *intoUsher) session() string {
	in.t.Helper()
	var link struct {
		Link string `json:"link"`
	}
	printed(in.t, &link, append([]string{"console", "--tenant", "fjordline", "--admin", "ada@fjordline.example"}, in.at...)...)
	_, secret, _ := strings.Cut(link.Link, "#/sign-in/")
	response, text := in.ask("POST", "/console/session", jsonOf(in.t, map[string]string{"link": secret}), "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin")
	if response.StatusCode != http.StatusNoContent || len(response.Cookies()) != 1 {
		in.t.Fatalf("signing in answered %d %s", response.StatusCode, text)
	}
	return response.Cookies()[0].Name + "=" + response.Cookies()[0].Value
}

// TestResultsComeWhileRowsGo sends a table row by row, and waits for each result before it sends the next.
func TestResultsComeWhileRowsGo(t *testing.T) {
	t.Parallel()
	in := beginImport(t, "sqlite")
	defer in.stop()
	read, write := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, in.reach+"/import/people", read)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+in.admin)
	r.Header.Set("Content-Type", "text/csv")
	go func() { _, _ = io.WriteString(write, "userName\nada\n") }() // read when the request is sent
	response, err := in.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	results := csv.NewReader(bufio.NewReader(response.Body))
	for i, name := range []string{"", "bo", "eva"} {
		if name != "" {
			if _, err := io.WriteString(write, name+"\n"); err != nil {
				t.Fatal(err)
			}
		} else if _, err := results.Read(); err != nil { // the header
			t.Fatal(err)
		}
		got, err := results.Read()
		if err != nil || got[0] != fmt.Sprint(i+2) || got[1] != rowCreated {
			t.Fatalf("row %d has the result %v: %v", i+2, got, err)
		}
	}
	_ = write.Close()
	if _, err := results.Read(); err != io.EOF {
		t.Errorf("after the last result: %v", err)
	}
}
