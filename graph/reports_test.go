package graph_test

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/reporting"
)

// TestEveryFigureIsDefinedOnce compares the definitions in the code with the descriptions of the schema and with docs/reports.md.
func TestEveryFigureIsDefinedOnce(t *testing.T) {
	t.Parallel()
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	text, err := os.ReadFile("../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.HasPrefix(line, "| `") {
			rows = append(rows, line)
		}
	}
	if len(rows) != len(reporting.Definitions) {
		t.Errorf("docs/reports.md defines %d figures, the code %d", len(rows), len(reporting.Definitions))
	}
	for i, d := range reporting.Definitions {
		if row := fmt.Sprintf("| `%s` | %s |", d.Name, d.Text); i >= len(rows) || rows[i] != row {
			t.Errorf("docs/reports.md does not say %s", row)
		}
		fields := 0
		for _, of := range []string{"UtilizationReport", "LicenseUtilization", "UtilizationWindow", "UnusedSeats", "SeatFlow", "SeatForecast"} {
			field := schema.Types[of].Fields.ForName(d.Name)
			if field == nil || of == "LicenseUtilization" && d.Name == "people" || of == "UnusedSeats" && d.Name == "seats" {
				continue
			}
			fields++
			if field.Description != d.Text {
				t.Errorf("%s.%s is described as %q, defined as %q", of, d.Name, field.Description, d.Text)
			}
		}
		if fields != 1 {
			t.Errorf("%d fields of the schema are called %s", fields, d.Name)
		}
	}
}

// used says that people use a license now.
func (w *world) used(ctx context.Context, license id.ID, people ...id.ID) {
	w.t.Helper()
	who, _ := caller.From(ctx)
	source, now := id.New(), w.db.Now()
	exec := func(statement string, args ...any) {
		w.t.Helper()
		err := store.Do(ctx, w.db, func(ctx context.Context) error {
			_, err := w.db.Exec(ctx, statement, args...)
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	exec(`INSERT INTO activity_sources (tenant_id, id, name, name_key, license_id, reported_at, latest_at, created_at)
		VALUES ($1, $2, 'Product', 'product', $3, $4, $4, $4)`, who.Tenant, source, license, now)
	for _, user := range people {
		exec(`INSERT INTO activity_days (tenant_id, license_id, user_id, day, source_id, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
			who.Tenant, license, user, now.Unix()/86400, source, now)
		exec(`UPDATE seats SET last_used_at = $4 WHERE tenant_id = $1 AND license_id = $2 AND user_id = $3`, who.Tenant, license, user, now)
	}
}

const wholeReport = `query($at: Time, $ids: [ID!]) { licenseUtilization(licenses: $ids, at: $at) { at people seats licenses { license { sku }
	purchased assigned invited activated free waiting overAssigned assignmentRate activationRate neverUsed
	windows { days active inactive utilizationOfPurchased utilizationOfAssigned unused { seats notAssigned notActivated idle cost currency } }
	sources { name silent lagHours } reclaimable { seats idle neverActivated left } flow { assignments removals timeToSeat { cases p50Seconds } }
	forecast { daysOfData runOut { expected } trueUp { difference } }
	breakdown { totalCount nodes { label assigned windows { days active } } }
	people(figure: ACTIVE, orderBy: {field: LAST_USED_AT, direction: DESCENDING}) { totalCount nodes { userId userName state since lastUsedAt } }
	series(step: MONTH) { assigned assignments peak } peak { taken } } } }`

func TestAReportOverGraphQL(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		admin, token := w.tenant(caller.ScopeReportsRead)
		people := w.people(admin, 5)
		var licenses []licensing.License
		price := int64(100)
		for _, product := range []string{"Advanced", "Basic"} {
			l, err := w.r.Licensing.Buy(admin, licensing.NewLicense{Product: product, Seats: 3, PriceMinor: &price, Currency: "EUR"})
			if err != nil {
				t.Fatal(err)
			}
			licenses = append(licenses, l)
		}
		for i, user := range append(people[:4:4], people[0]) {
			if _, err := w.r.Licensing.Assign(admin, licenses[i/4].ID, user); err != nil {
				t.Fatal(err)
			}
		}
		for _, user := range people[:2] {
			if _, err := w.r.Licensing.Activate(admin, licenses[0].ID, user); err != nil {
				t.Fatal(err)
			}
		}
		w.used(admin, licenses[0].ID, people[1])
		whole := w.ask(token, wholeReport)
		if len(whole.Errors) != 1 || whole.code() != "use_unknown" { // of the second license nothing is known
			t.Errorf("the report says %s", whole.text)
		}
		if got := []any{whole.at("licenseUtilization", "people"), whole.at("licenseUtilization", "seats")}; !reflect.DeepEqual(got, []any{3.0, 4.0}) {
			t.Errorf("people and seats are %v", got)
		}
		first, _ := whole.at("licenseUtilization", "licenses", 0).(map[string]any)
		if got := whole.at("licenseUtilization", "licenses", 1, "people"); got != nil {
			t.Errorf("behind an unknown figure are %v", got)
		}
		for name, want := range map[string]any{
			"purchased": 3.0, "assigned": 3.0, "invited": 1.0, "activated": 2.0, "free": 0.0, "waiting": 1.0, "overAssigned": 0.0, "assignmentRate": 1.0,
			"activationRate": 2.0 / 3, "neverUsed": 2.0,
		} {
			if first[name] != want {
				t.Errorf("%s is %v, want %v", name, first[name], want)
			}
		}
		window := map[string]any{
			"days": 30.0, "active": 1.0, "inactive": 0.0, "utilizationOfPurchased": 1.0 / 3, "utilizationOfAssigned": 1.0 / 3,
			"unused": map[string]any{"seats": 2.0, "notAssigned": 0.0, "notActivated": 1.0, "idle": 1.0, "cost": 200.0, "currency": "EUR"},
		}
		if got := whole.at("licenseUtilization", "licenses", 0, "windows", 0); !reflect.DeepEqual(got, window) {
			t.Errorf("the window is %v", got)
		}
		if got := whole.at("licenseUtilization", "licenses", 0, "people", "nodes", 0, "userId"); got != id.User.Format(people[1]) {
			t.Errorf("the one who is active is %v", got)
		}
		if got := whole.at("licenseUtilization", "licenses", 0, "series", 0); !reflect.DeepEqual(got, map[string]any{"assigned": 3.0, "assignments": 3.0, "peak": 3.0}) {
			t.Errorf("the series begins with %v", got)
		}
		then := w.ask(token, wholeReport, "at", w.db.Now().Add(-time.Millisecond).Format(time.RFC3339Nano), "ids", []string{id.License.Format(licenses[0].ID)})
		again, _ := then.at("licenseUtilization", "licenses", 0).(map[string]any)
		for _, name := range []string{"purchased", "assigned", "invited", "waiting", "windows", "neverUsed", "reclaimable", "breakdown", "people"} {
			if !reflect.DeepEqual(again[name], first[name]) {
				t.Errorf("a moment ago %s was %v, now it is %v", name, again[name], first[name])
			}
		}
		if got := then.at("licenseUtilization", "people"); got != 3.0 {
			t.Errorf("a moment ago %v people sat", got)
		}
		w.checkReportStatements(t, token)
	})
}

// checkReportStatements counts the statements of each group of figures: two at most, however many licenses.
func (w *world) checkReportStatements(t *testing.T, token string) {
	t.Helper()
	ago := w.db.Now().Add(-time.Millisecond).Format(time.RFC3339Nano)
	for of, most := range map[string]int{
		`purchased assigned free`: 2, `windows { active unused { cost } } neverUsed`: 2, `reclaimable { seats }`: 4, `flow { assignments }`: 3 + 1,
		`breakdown(by: GROUP) { nodes { key } }`: 3, `people(figure: ASSIGNED) { nodes { userName } totalCount }`: 4, `moves(figure: TIME_TO_SEAT) { nodes { userName tookSeconds } totalCount }`: 4,
		`forecast { daysOfData }`: 4,
	} {
		for _, at := range []string{``, `(at: "` + ago + `")`} {
			sent := w.sent(func() { w.want(token, `{ licenseUtilization`+at+` { licenses { `+of+` } } }`) })
			if len(sent) > most {
				t.Errorf("%s of two licenses%s costs %d statements, want %d at most:\n%s", of, at, len(sent), most, strings.Join(sent, "\n"))
			}
		}
	}
}

func TestReportsRefuse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		admin, token := w.tenant(caller.ScopeReportsRead)
		l, err := w.r.Licensing.Buy(admin, licensing.NewLicense{Product: "Advanced", Seats: 3})
		if err != nil {
			t.Fatal(err)
		}
		other := w.token(admin, caller.ScopeEntitlementsRead)
		tomorrow := w.db.Now().AddDate(0, 0, 1).Format(time.RFC3339)
		for _, c := range []struct{ token, query, code string }{
			{other, `{ licenseUtilization { people } }`, "forbidden"},
			{other, `{ alerts { totalCount } }`, "forbidden"},
			{token, `{ licenseUtilization(licenses: ["` + id.License.Format(id.New()) + `"]) { people } }`, "license_not_found"},
			{token, `{ licenseUtilization(licenses: ["x"]) { people } }`, "invalid_id"},
			{token, `{ licenseUtilization(at: "` + tomorrow + `") { people } }`, "invalid_report"},
			{token, `{ licenseUtilization { licenses { people(figure: INACTIVE, days: 31) { totalCount } } } }`, "invalid_report"},
			{token, `{ licenseUtilization { licenses { people(figure: INACTIVE) { totalCount } } } }`, "use_unknown"},
			{token, `{ licenseUtilization { licenses { people(figure: ASSIGNED, after: "x") { nodes { userId } } } } }`, "invalid_cursor"},
			{token, `{ licenseUtilization { licenses { people(figure: ASSIGNED) { nodes { user { id } } } } } }`, "forbidden"},
			{token, `{ licenseUtilization { licenses { series(from: "2026-02-30") { assigned } } } }`, "invalid_date"},
			{token, `{ licenseUtilization { licenses { series(from: "2026-02-03", to: "2026-02-01") { assigned } } } }`, "invalid_report"},
			{token, `{ licenseUtilization { licenses { flow(since: "` + tomorrow + `") { assignments } } } }`, "invalid_report"},
		} {
			if got := w.ask(c.token, c.query); got.code() != c.code {
				t.Errorf("%s answered %s, want %s", c.query, got.text, c.code)
			}
		}
		if got := w.want(token, `{ licenseUtilization(licenses: []) { people licenses { purchased } } }`); len(got.at("licenseUtilization", "licenses").([]any)) != 0 { //nolint:forcetypeassert // a list
			t.Errorf("of no license: %s", got.text)
		}
		before := l.CreatedAt.Add(-time.Hour).Format(time.RFC3339)
		if got := w.want(token, `{ licenseUtilization(at: "`+before+`") { licenses { purchased assigned assignmentRate } } }`); got.at("licenseUtilization", "licenses", 0, "purchased") != 0.0 ||
			got.at("licenseUtilization", "licenses", 0, "assignmentRate") != nil {
			t.Errorf("before it was made: %s", got.text)
		}
	})
}
