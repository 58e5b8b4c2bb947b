package graph_test

import (
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
)

// TestALicenseHasPolicies gives a license every policy, reads them back, and clears what null clears.
func TestALicenseHasPolicies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, token := w.tenant(caller.ScopeAdmin)
		made := w.want(token, `mutation { createLicense(input: {product: "Base", seats: 10}) { license { id allowed overAssignment { kind percent } graceDays consentNeeded } } }`)
		base, _ := made.at("createLicense", "license", "id").(string)
		if made.at("createLicense", "license", "allowed") != 10.0 || made.at("createLicense", "license", "overAssignment", "kind") != "NONE" {
			t.Errorf("a license without policies is %s", made.text)
		}
		add := w.want(token, `mutation($base: [ID!]) { createLicense(input: {product: "Extend", seats: 20, overAssignment: {kind: PERCENT, percent: 10}, graceDays: 14,
			consentNeeded: true, requires: $base, reclaimPolicy: {automatic: true, idleDays: 60, noticeDays: 7, pauseDays: 7},
			alerts: {takenPercent: [80, 90], waiting: true}}) { license { id } } }`, "base", []string{base})
		of, _ := add.at("createLicense", "license", "id").(string)
		fields := ` allowed overAssignment { kind percent } graceDays consentNeeded requires { product }
			reclaimPolicy { automatic idleDays invitedDays noticeDays pauseDays exempt } alerts { takenPercent waiting runOutDays } `
		read := w.want(token, `query($id: ID) { license(id: $id) {`+fields+`} }`, "id", of)
		want := `{"data":{"license":{"allowed":22,"overAssignment":{"kind":"PERCENT","percent":10},"graceDays":14,"consentNeeded":true,"requires":[{"product":"Base"}],` +
			`"reclaimPolicy":{"automatic":true,"idleDays":60,"invitedDays":0,"noticeDays":7,"pauseDays":7,"exempt":[]},` +
			`"alerts":{"takenPercent":[80,90],"waiting":true,"runOutDays":0}}}}`
		if read.text != want {
			t.Errorf("read %s\nwant %s", read.text, want)
		}
		cleared := w.want(token, `mutation($id: ID!) { updateLicense(input: {id: $id, overAssignment: {kind: UNLIMITED}, requires: null, reclaimPolicy: null}) { license {`+fields+`} } }`, "id", of)
		l := []any{"updateLicense", "license"}
		if cleared.at(append(l, "allowed")...) != nil || cleared.at(append(l, "graceDays")...) != 14.0 || cleared.at(append(l, "reclaimPolicy", "idleDays")...) != 0.0 {
			t.Errorf("cleared %s", cleared.text)
		}
		for _, bad := range []string{
			`overAssignment: {kind: PERCENT}`, `overAssignment: {kind: PERCENT, percent: 5000}`, `graceDays: -1`, `reclaimPolicy: {idleDays: -1}`,
			`reclaimPolicy: {automatic: true}`, `alerts: {takenPercent: [0]}`, `alerts: {utilizationUnder: 101}`,
		} {
			a := w.ask(token, `mutation($id: ID!) { updateLicense(input: {id: $id, `+bad+`}) { license { id } } }`, "id", of)
			if a.code() != "invalid_license" || a.Errors[0].Extensions["field"] == nil {
				t.Errorf("%s answered %s", bad, a.text)
			}
		}
		cycle := w.ask(token, `mutation($id: ID!, $of: [ID!]) { updateLicense(input: {id: $id, requires: $of}) { license { id } } }`, "id", base, "of", []string{base})
		if cycle.code() != "invalid_license" {
			t.Errorf("a license that requires itself is %s", cycle.text)
		}
	})
}

// TestOnlyTheProductRecordsConsent goes the way of a person who is asked, agrees and withdraws.
func TestOnlyTheProductRecordsConsent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		product := w.token(ctx, caller.ScopeEntitlementsWrite)
		made := w.want(admin, `mutation { createLicense(input: {product: "TeamLink Extend", seats: 1, consentNeeded: true}) { license { id } } }`)
		of, _ := made.at("createLicense", "license", "id").(string)
		user := id.User.Format(w.people(ctx, 1)[0])
		asked := w.want(admin, `mutation($l: ID!, $u: ID!) { assignSeat(input: {licenseId: $l, userId: $u, priority: 3}) { seat { state consent reason keptUntil assignedAt } } }`, "l", of, "u", user)
		if asked.at("assignSeat", "seat", "state") != "CONSENT_PENDING" || asked.at("assignSeat", "seat", "consent") != "asked" || asked.at("assignSeat", "seat", "reason") != "hand" {
			t.Errorf("assigned %s", asked.text)
		}
		say := func(what string) string {
			return `mutation($l: ID!, $u: ID!) { ` + what + `(input: {licenseId: $l, userId: $u}) { consent state } }`
		}
		if a := w.ask(admin, say("recordConsent"), "l", of, "u", user); a.code() != "forbidden" {
			t.Errorf("an administrator says it for her: %s", a.text)
		}
		for _, step := range [][2]string{{"recordConsent", "INVITED"}, {"withdrawConsent", "RELEASED"}, {"recordConsent", "INVITED"}} {
			if a := w.want(product, say(step[0]), "l", of, "u", user); a.at(step[0], "state") != step[1] {
				t.Errorf("%s answered %s", step[0], a.text)
			}
		}
	})
}

// TestTheProductTellsOfUse sends a batch with a good and a bad row.
func TestTheProductTellsOfUse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		product := w.token(ctx, caller.ScopeEntitlementsWrite)
		made := w.want(admin, `mutation { createLicense(input: {product: "Advanced", seats: 1}) { license { id activityKnown } } }`)
		of, _ := made.at("createLicense", "license", "id").(string)
		user := id.User.Format(w.people(ctx, 1)[0])
		w.want(admin, `mutation($l: ID!, $u: ID!) { assignSeat(input: {licenseId: $l, userId: $u}) { seat { id } } }`, "l", of, "u", user)
		now := w.db.Now().Format("2006-01-02T15:04:05.999999Z")
		told := w.want(product, `mutation($l: ID!, $u: ID!, $at: Time!) { recordActivity(input: {licenseId: $l, source: "Sign-in log",
			uses: [{person: {id: $u}, at: $at}, {person: {userName: "nobody"}, at: $at}]}) { results { status activated } } }`, "l", of, "u", user, "at", now)
		if told.text != `{"data":{"recordActivity":{"results":[{"status":"RECORDED","activated":true},{"status":"UNKNOWN_PERSON","activated":false}]}}}` {
			t.Errorf("told %s", told.text)
		}
		read := w.want(admin, `query($l: ID) { license(id: $l) { activityKnown activitySources { name lagHours silentHours } seats { nodes { state reason } } } }`, "l", of)
		want := `{"data":{"license":{"activityKnown":true,"activitySources":[{"name":"Sign-in log","lagHours":24,"silentHours":72}],"seats":{"nodes":[{"state":"ACTIVATED","reason":"first use"}]}}}}`
		if made.at("createLicense", "license", "activityKnown") != false || read.text != want {
			t.Errorf("read %s", read.text)
		}
	})
}
