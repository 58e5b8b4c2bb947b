package scimadapter_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// TestWhoIsDeletedIsGoneEverywhere deletes people and groups through one server and looks from both: by id with every method, also
// in a bulk, in every list, among members and seats, and to the administrators. The name is free at once, for somebody new.
//
// Conformance: P-3.6-01 P-3.6-02 P-3.6-03 P-3.6-04 P-3.6-05
func TestWhoIsDeletedIsGoneEverywhere(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			w := newWorldAt(t, one, clock.System())
			doors := []*world{w, w.elsewhere(two)}
			license := w.license("Navigator", 1)
			w.autoAssign(license.ID)
			ada := w.create("ada@example.com")
			bo := w.create("bo@example.com") // waits for the seat
			group := w.group("Sales", "", ada, bo)
			over := w.group("Everybody", "", group, ada)
			gone := func(path string) {
				t.Helper()
				for _, door := range doors {
					for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
						body := map[string]string{"PUT": `{"userName":"ada@example.com","displayName":"Sales"}`, "PATCH": ops(`{"op":"replace","path":"displayName","value":"x"}`)}[method]
						if a := door.want(http.StatusNotFound, method, path, body); a.str("status") != "404" {
							t.Errorf("%s %s answered %s", method, path, a.text)
						}
						inBulk := door.want(http.StatusOK, "POST", "/Bulk", bulk("", `{"method":"`+strings.Replace(method, "GET", "DELETE", 1)+`","path":"`+path+`","data":`+orObject(body)+`}`))
						if got := inBulk.text; !strings.Contains(got, `"status":"404"`) {
							t.Errorf("%s %s in a bulk answered %s", method, path, got)
						}
					}
					for _, list := range []string{"/Users?count=100", "/Groups?count=100", filtered("/Users", `userName eq "ada@example.com"`), filtered("/Groups", `displayName eq "Sales"`), "/Users?cursor="} {
						if a := door.want(http.StatusOK, "GET", list, ""); strings.Contains(a.text, path[strings.LastIndexByte(path, '/')+1:]) {
							t.Errorf("%s still has %s", list, a.text)
						}
					}
				}
			}
			if states := w.seatStates(license.ID, ada, bo); strings.Join(states, " ") != "invited waiting" {
				t.Fatalf("the seats are %v", states)
			}
			if a := w.want(http.StatusNoContent, "DELETE", "/Users/"+ada, ""); a.text != "" || a.header.Get("Content-Type") != "" {
				t.Errorf("DELETE answered %v %q", a.header, a.text)
			}
			gone("/Users/" + ada)
			if states := w.seatStates(license.ID, bo); strings.Join(states, " ") != "invited" {
				t.Errorf("the seat that she held is %v of who waited", states)
			}
			if l, err := w.seats.Get(w.admin, license.ID); err != nil || l.Taken != 1 {
				t.Errorf("the license is %+v, %v", l, err)
			}
			for of, want := range map[string]string{group: bo, over: group} {
				if a := w.want(http.StatusOK, "GET", "/Groups/"+of, ""); strings.Join(values(a.body["members"]), " ") != want {
					t.Errorf("the group has %s", a.text)
				}
			}
			who, _ := id.User.Parse(ada)
			if u, err := w.directory.Get(w.admin, who); err == nil {
				t.Errorf("administrators see %+v", u)
			}
			if _, _, err := w.directory.Change(w.admin, who, func(u *directory.User) error { u.Title = "Lead"; return nil }, nil); !errors.Is(err, directory.ErrUserNotFound) {
				t.Errorf("administrators change who is gone: %v", err)
			}
			fresh := doors[1].create("ADA@example.com")
			if fresh == ada {
				t.Error("an id was used again")
			}
			if a := w.want(http.StatusOK, "GET", "/Users/"+fresh, ""); a.at("groups") != nil {
				t.Errorf("the new one is in groups of the old one: %s", a.text)
			}
			w.want(http.StatusNoContent, "DELETE", "/Groups/"+group, "")
			gone("/Groups/" + group)
			if a := w.want(http.StatusOK, "GET", "/Groups/"+over, ""); len(values(a.body["members"])) != 0 {
				t.Errorf("the group over it has %s", a.text)
			}
			w.want(http.StatusOK, "GET", "/Users/"+bo, "")
			if again := doors[1].group("sales", ""); again == group {
				t.Error("an id of a group was used again")
			}
		})
	}
}

func orObject(body string) string {
	if body == "" {
		return "{}"
	}
	return body
}
