package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/storetest"
)

// TestReportsAsTables asks for the same figures on the command line, as CSV and over GraphQL.
func TestReportsAsTables(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			at := []string{"--database=" + storetest.URL(t, dialect), "--data=" + t.TempDir()}
			run := func(into any, args ...string) { t.Helper(); printed(t, into, append(args, at...)...) }
			run(new(any), "tenant", "create", "--name", "Fjordline", "--slug", "fjordline", "--plan", "advanced")
			var license shownLicense
			run(&license, "license", "create", "--tenant", "fjordline", "--product", "=Advanced", "--sku", "advanced", "--seats", "4")
			var config printedConfig
			run(&config, "scim", "create", "--tenant", "fjordline", "--name", "Okta", "--auto-assign", "--license", "advanced", "--auto-assign-priority=-4")
			var configs []listedConfig
			run(&configs, "scim", "list", "--tenant", "fjordline")
			if len(configs) != 1 || configs[0].Priority != -4 {
				t.Errorf("the configurations are %+v", configs)
			}
			var reader printedToken
			run(&reader, "token", "create", "--tenant", "fjordline", "--name", "R", "--scope", "reports:read")
			s := serve(t, at...)
			defer s.stop()
			for _, name := range []string{"ada", "=HYPERLINK(1)", "eva"} {
				if response, text := s.ask("POST", "/scim/v2/Users", `{"userName":"`+name+`"}`, "Authorization", "Bearer "+config.Token, "Content-Type", "application/json"); response.StatusCode != http.StatusCreated {
					t.Fatal(text)
				}
			}
			var shown []shownUtilization
			run(&shown, "report", "utilization", "--tenant", "fjordline", "--license", "advanced")
			if len(shown) != 1 || shown[0].Purchased != 4 || shown[0].Assigned != 3 || shown[0].Free != 1 || shown[0].Windows[0].Active != nil {
				t.Errorf("the command line says %+v", shown)
			}
			var rebuilt shownRebuild
			run(&rebuilt, "report", "rebuild", "--tenant", "fjordline", "--license", "advanced", "--from", "2020-01-01", "--to", "2020-01-31")
			if rebuilt.Days != 0 || rebuilt.License != "advanced" {
				t.Errorf("of days before the first was made again %+v", rebuilt)
			}
			if code, _, said := usher(t, append([]string{"report", "rebuild", "--tenant", "fjordline", "--license", "advanced", "--from", "2020-02-30"}, at...)...); code == 0 || !strings.Contains(said, "--from") {
				t.Errorf("a day that no calendar has: %d, %s", code, said)
			}
			_, out, errs := usher(t, append([]string{"report", "utilization", "--tenant", "fjordline"}, at...)...)
			if !strings.Contains(out, "▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒·····") || !strings.Contains(out, "–") {
				t.Errorf("printed %s%s", out, errs)
			}
			_, out, _ = usher(t, append([]string{"report", "utilization", "--tenant", "fjordline", "--csv"}, at...)...)
			rows := table(t, out)
			if len(rows) != 1 || rows[0]["purchased"] != "4" || rows[0]["assigned"] != "3" || rows[0]["active30"] != "" || rows[0]["product"] != "'=Advanced" {
				t.Errorf("the CSV says %v", rows)
			}
			get := func(path, token string) (int, string) {
				t.Helper()
				response, text := s.ask("GET", path, "", "Authorization", "Bearer "+token)
				return response.StatusCode, text
			}
			_, text := get("/export/utilization.csv", reader.Token)
			if again := table(t, text); len(again) != 1 || again[0]["sku"] != "advanced" || again[0]["free"] != "1" {
				t.Errorf("exported %s", text)
			}
			_, text = get("/export/people.csv?figure=assigned&license="+license.ID, reader.Token)
			checkPeople(t, s, reader.Token, table(t, text))
			_, text = get("/export/series.csv?step=month", reader.Token)
			if series := table(t, text); len(series) != 1 || series[0]["assignments"] != "3" || series[0]["peak"] != "3" {
				t.Errorf("the series is %s", text)
			}
			for path, want := range map[string]int{
				"/export/people.csv?figure=assigned": 400, "/export/people.csv?figure=nothing&license=" + license.ID: 400,
				"/export/people.csv?figure=inactive&license=" + license.ID: 409, "/export/utilization.csv?license=x": 400, "/export/utilization.csv?at=x": 400,
				"/export/series.csv?step=year": 400, "/export/series.csv?from=x": 400, "/export/nothing.csv": 404,
				"/export/utilization.csv?license=lic_00000000000000000000000000": 404,
			} {
				if got, text := get(path, reader.Token); got != want {
					t.Errorf("%s answered %d %s, want %d", path, got, text, want)
				}
			}
			for token, want := range map[string]int{"": 401, "x": 401, config.Token: 403} {
				if got, text := get("/export/utilization.csv", token); got != want {
					t.Errorf("%.5q got %d %s, want %d", token, got, text, want)
				}
			}
		})
	}
}

// table reads CSV with a header.
func table(t *testing.T, text string) (rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("%q is no table: %v", text, err)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// checkPeople compares the people of a table with those of GraphQL, row by row. Only a cell that would be a formula differs.
func checkPeople(t *testing.T, s *server, token string, rows []map[string]string) {
	t.Helper()
	const query = `{ licenseUtilization { licenses { people(figure: ASSIGNED) { nodes { userId userName state since assignedAt } } } } }`
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	_, text := s.ask("POST", "/graphql", string(body), "Authorization", "Bearer "+token, "Content-Type", "application/json")
	var answer struct {
		Data struct {
			LicenseUtilization struct {
				Licenses []struct {
					People struct {
						Nodes []struct {
							UserID     string `json:"userId"`
							UserName   string `json:"userName"`
							State      string `json:"state"`
							Since      string `json:"since"`
							AssignedAt string `json:"assignedAt"`
						} `json:"nodes"`
					} `json:"people"`
				} `json:"licenses"`
			} `json:"licenseUtilization"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || len(answer.Data.LicenseUtilization.Licenses) != 1 {
		t.Fatalf("GraphQL answered %s: %v", text, err)
	}
	nodes := answer.Data.LicenseUtilization.Licenses[0].People.Nodes
	if len(nodes) != 3 || len(rows) != 3 {
		t.Fatalf("%d people over GraphQL, %d as CSV", len(nodes), len(rows))
	}
	for i, n := range nodes {
		name := n.UserName
		if strings.HasPrefix(name, "=") {
			name = "'" + name
		}
		want := fmt.Sprint(n.UserID, name, strings.ToLower(n.State), n.Since, n.AssignedAt)
		if got := fmt.Sprint(rows[i]["userId"], rows[i]["userName"], rows[i]["state"], rows[i]["since"], rows[i]["assignedAt"]); got != want {
			t.Errorf("row %d is %s, over GraphQL %s", i, got, want)
		}
	}
}
