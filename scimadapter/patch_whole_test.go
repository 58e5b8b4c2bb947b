package scimadapter_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
)

// TestTenOperationsAreDoneOrNone sends ten operations of which one fails, at each place and in the ways there are: nobody may be
// changed, nothing recorded, no seat moved. Without the one that fails, the others are done.
//
// Conformance: P-3.5.2-04
func TestTenOperationsAreDoneOrNone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		license := w.license("Navigator", 5)
		w.autoAssign(license.ID)
		ada, bo := w.create("ada@example.com"), w.create("bo@example.com")
		group := w.group("Sales", "", ada)
		w.group("Taken", "")
		user := []string{
			`{"op":"replace","path":"active","value":false}`, `{"op":"replace","value":{"title":"Lead"}}`, `{"op":"add","path":"emails","value":[{"value":"a@example.com"}]}`,
			`{"op":"replace","path":"userName","value":"eva@example.com"}`, `{"op":"add","path":"name.givenName","value":"Eva"}`,
			`{"op":"replace","path":"externalId","value":"x"}`, `{"op":"add","path":"` + enterprise + `:department","value":"Law"}`,
			`{"op":"remove","path":"emails[value eq \"a@example.com\"]"}`, `{"op":"add","path":"roles","value":"a"}`,
		}
		ofGroup := []string{
			`{"op":"replace","path":"displayName","value":"Sellers"}`, `{"op":"add","path":"members","value":[{"value":"` + bo + `"}]}`,
			`{"op":"remove","path":"members[value eq \"` + ada + `\"]"}`, `{"op":"replace","path":"externalId","value":"x"}`, `{"op":"add","path":"members","value":[{"value":"later@example.com"}]}`,
			`{"op":"remove","path":"members"}`, `{"op":"replace","path":"members","value":[{"value":"` + bo + `"}]}`,
			`{"op":"add","path":"members","value":[{"value":"` + ada + `"}]}`, `{"op":"replace","value":{"displayName":"Sold"}}`,
		}
		for _, c := range []struct {
			path  string
			ops   []string
			wrong map[string]int
		}{
			{"/Users/" + ada, user, map[string]int{
				`{"op":"replace","path":"title","value":7}`: 400, `{"op":"remove","path":"id"}`: 400, `{"op":"replace","path":"shoe size","value":"x"}`: 400,
				`{"op":"add","path":"emails[type sw \"x\"]","value":{"value":"b"}}`: 400, `{"op":"remove"}`: 400, `{"op":"leap"}`: 400,
			}},
			{"/Groups/" + group, ofGroup, map[string]int{
				`{"op":"add","path":"members","value":[{}]}`: 400, `{"op":"remove","path":"displayName"}`: 400, `{"op":"replace","path":"members[value eq","value":"x"}`: 400, `7`: 400,
			}},
		} {
			before := w.stand(license.ID, ada, bo, c.path)
			w.news()
			for wrong, status := range c.wrong {
				for k := range len(c.ops) + 1 {
					all := append(append(append([]string{}, c.ops[:k]...), wrong), c.ops[k:]...)
					a := w.do("PATCH", c.path, ops(strings.Join(all, ",")))
					if now := w.stand(license.ID, ada, bo, c.path); a.status != status || now != before || len(w.news()) != 0 {
						t.Fatalf("%s with %s at place %d answered %d %s, and left\n%s\nof\n%s", c.path, wrong, k, a.status, a.text, now, before)
					}
				}
			}
			all := strings.Join(c.ops, ",")
			last := map[string]string{"/Users/" + ada: `{"op":"replace","path":"userName","value":"BO@example.com"}`, "/Groups/" + group: `{"op":"replace","path":"displayName","value":"taken"}`}[c.path]
			a := w.do("PATCH", c.path, ops(all+","+last)) // what only the database knows
			if now := w.stand(license.ID, ada, bo, c.path); a.status != http.StatusConflict || now != before || len(w.news()) != 0 {
				t.Errorf("%s, taken in the end, answered %d %s, and left\n%s\nof\n%s", c.path, a.status, a.text, now, before)
			}
			if a := w.do("PATCH", c.path, ops(all)); a.status >= 300 || w.stand(license.ID, ada, bo, c.path) == before || len(w.news()) == 0 {
				t.Errorf("%s without what is wrong answered %d %s", c.path, a.status, a.text)
			}
		}
	})
}

// stand is all that a PATCH could have changed, in a text to compare.
func (w *world) stand(license id.ID, ada, bo, path string) string {
	w.t.Helper()
	return w.want(http.StatusOK, "GET", path, "").text + w.want(http.StatusOK, "GET", "/Users", "").text + strings.Join(w.seatStates(license, ada, bo), " ")
}

// TestPATCHAnswersByWhatIsPatched: a person comes back whole, a group without a body; who names attributes gets those of either.
// Nobody is 404.
//
// Conformance: P-3.5.2-09 P-3.5.2-10
func TestPATCHAnswersByWhatIsPatched(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user, group := "/Users/"+w.create("ada@example.com"), "/Groups/"+w.group("Sales", "")
		foreign := newWorld(t, db)
		theirs := []string{"/Users/" + foreign.create("eva@example.com"), "/Groups/" + foreign.group("Law", "")}
		change := func(n string) string { return ops(`{"op":"replace","path":"displayName","value":"` + n + `"}`) }
		for i, c := range []struct {
			path   string
			query  string
			status int
			has    string // besides id and schemas; "*" for everything
		}{
			{user, "", 200, "*"},
			{user, "?attributes=displayName", 200, "displayName"},
			{user, "?excludedAttributes=displayName,userName,active", 200, "meta"},
			{group, "", 204, ""},
			{group, "?attributes=displayName", 200, "displayName"},
			{group, "?excludedAttributes=members", 200, "displayName meta"},
		} {
			for _, again := range []string{"changes", "says the same"} {
				a := w.want(c.status, "PATCH", c.path+c.query, change("Name "+string(rune('A'+i))))
				whole := w.want(http.StatusOK, "GET", c.path, "")
				if a.header.Get("ETag") == "" || a.header.Get("ETag") != whole.header.Get("ETag") || whole.str("displayName") != "Name "+string(rune('A'+i)) {
					t.Errorf("PATCH %s%s, which %s, answered %v, and left %s", c.path, c.query, again, a.header, whole.text)
				}
				if c.status == http.StatusNoContent && a.text != "" || c.has == "*" && a.text != whole.text {
					t.Errorf("PATCH %s%s, which %s, answered %s", c.path, c.query, again, a.text)
				}
				if names := strings.Fields(c.has); c.has != "*" && c.status == http.StatusOK && len(a.body) != len(names)+2 {
					t.Errorf("PATCH %s%s, which %s, answered %s", c.path, c.query, again, a.text)
				}
			}
		}
		gone := "/Users/" + w.create("gone@example.com")
		w.want(http.StatusNoContent, "DELETE", gone, "")
		for _, path := range append(theirs, gone, "/Users/"+id.User.Format(id.New()), "/Groups/"+id.Group.Format(id.New()), "/Users/x", "/Groups/1") {
			for _, body := range []string{change("x"), ops(""), ops(`{"op":"add","path":"displayName","value":"x"},{"op":"remove","path":"externalId"}`)} {
				if a := w.want(http.StatusNotFound, "PATCH", path, body); a.str("status") != "404" || a.str("detail") == "" {
					t.Errorf("%s is %s", path, a.text)
				}
			}
		}
	})
}

// TestWhatIsThereAlreadyIsNoChange adds what is there a hundred times, to a person and to a group.
//
// Conformance: P-3.5.2.1-04
func TestWhatIsThereAlreadyIsNoChange(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ada := w.create("ada@example.com")
		group := "/Groups/" + w.group("Sales", "")
		for _, c := range []struct{ path, op string }{
			{group, `{"op":"add","path":"members","value":[{"value":"` + ada + `"}]}`},
			{group, `{"op":"add","value":{"displayName":"Sales","members":[{"value":"` + ada + `","$ref":"../Users/` + ada + `"}]}}`},
			{"/Users/" + ada, `{"op":"add","path":"emails","value":[{"value":"ada@example.com","type":"work","primary":true}]}`},
			{"/Users/" + ada, `{"op":"add","path":"emails","value":{"value":"ADA@EXAMPLE.COM","type":"WORK","primary":true}}`},
			{"/Users/" + ada, `{"op":"add","value":{"title":"Lead","active":true,"name.givenName":"Ada"}}`},
			{"/Users/" + ada, `{"op":"add","path":"` + enterprise + `","value":{"department":"Law"}}`},
			{"/Users/" + ada, `{"op":"replace","path":"roles","value":[{"value":"a"},{"value":"b"}]},{"op":"add","path":"roles","value":["b","a"]}`},
		} {
			w.do("PATCH", c.path, ops(c.op))
			before := w.want(http.StatusOK, "GET", c.path, "")
			w.news()
			for range 100 {
				if a := w.do("PATCH", c.path, ops(c.op)); a.status >= 300 || a.header.Get("ETag") != before.header.Get("ETag") {
					t.Fatalf("%s answered %d %s %s", c.op, a.status, a.header.Get("ETag"), a.text)
				}
			}
			if after := w.want(http.StatusOK, "GET", c.path, ""); after.text != before.text || len(w.news()) != 0 {
				t.Errorf("%s made\n%s of\n%s", c.op, after.text, before.text)
			}
		}
		if a := w.want(http.StatusOK, "GET", group, ""); len(values(a.body["members"])) != 1 {
			t.Errorf("the group is %s", a.text)
		}
	})
}

// TestAPATCHWithoutOperations is what Entra's validator sends: nothing is done, and strictly it is no PATCH. Nobody is 404 all the same.
//
// Conformance: I-ENTRA-13
func TestAPATCHWithoutOperations(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, preset := range []provisioning.Preset{provisioning.PresetAuto, provisioning.PresetEntra, provisioning.PresetStrict} {
			w := newWorld(t, db, func(n *provisioning.NewConfig) { n.Preset = preset })
			for _, path := range []string{"/Users/" + w.create("ada@example.com"), "/Groups/" + w.group("Sales", "")} {
				before := w.want(http.StatusOK, "GET", path, "")
				w.news()
				status, kind := http.StatusNoContent, ""
				if preset == provisioning.PresetStrict {
					status, kind = http.StatusBadRequest, "invalidSyntax"
				}
				a := w.want(status, "PATCH", path, ops(""))
				if after := w.want(http.StatusOK, "GET", path, ""); a.str("scimType") != kind || after.text != before.text || len(w.news()) != 0 {
					t.Errorf("%s: PATCH %s answered %s, and left %s", preset, path, a.text, after.text)
				}
				if status == http.StatusNoContent && (a.text != "" || a.header.Get("ETag") != before.header.Get("ETag")) {
					t.Errorf("%s: PATCH %s answered %v %s", preset, path, a.header, a.text)
				}
			}
		}
	})
}
