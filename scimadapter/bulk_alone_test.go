package scimadapter_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
)

// slot is something that random operations work on: made by an operation of the bulk, or there before.
type slot struct {
	kind, bulkID string
	inBulk       string // its id in the world that is changed by bulks
	alone        string // its id in the world that is changed by single requests; empty if it could not be made
}

// TestABulkIsItsOperationsOneByOne sends random bulks to one tenant and their operations, one by one, to another.
//
// Conformance: P-3.7-06
func TestABulkIsItsOperationsOneByOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		bulks, singles := newWorld(t, db), newWorld(t, db)
		random := rand.New(rand.NewPCG(7, 8))
		var there []*slot
		for round := range 12 {
			var operations, want []string
			now := slices.Clone(there)
			for i := range 40 {
				operation, status, made := oneOperation(random, singles, now, strconv.Itoa(round)+"-"+strconv.Itoa(i))
				operations, want = append(operations, operation), append(want, status)
				if made != nil {
					now = append(now, made)
				}
			}
			a := bulks.bulk("", operations...)
			if !slices.Equal(a.statuses(), want) {
				t.Fatalf("round %d: a bulk ended as %v, its operations as %v:\n%s\n%s", round, a.statuses(), want, strings.Join(operations, "\n"), a.text)
			}
			for i, o := range a.done() {
				for _, s := range now {
					if s.bulkID == o["bulkId"] && s.bulkID != "" && s.alone != "" {
						s.inBulk = a.made(t, i)
					}
				}
			}
			there = slices.DeleteFunc(now, func(s *slot) bool { s.bulkID = ""; return s.alone == "" })
			if a, b := bulks.state(), singles.state(); a != b {
				t.Fatalf("round %d: a bulk made\n%s\nits operations\n%s", round, a, b)
			}
		}
	})
}

// oneOperation makes up an operation, does it alone, and returns how it is written in a bulk, how it ended, and what it made.
func oneOperation(random *rand.Rand, w *world, slots []*slot, bulkID string) (operation, status string, made *slot) {
	name := fmt.Sprintf("name%d", random.IntN(25))
	method, path, body := "POST", "/Users", `{"userName":"`+name+`","title":"`+bulkID+`"}`
	var of, member *slot
	if len(slots) > 0 {
		of, member = slots[random.IntN(len(slots))], slots[random.IntN(len(slots))]
	}
	switch kind := random.IntN(10); {
	case of == nil || kind < 3:
		made = &slot{kind: "/Users", bulkID: bulkID}
	case kind < 5:
		made = &slot{kind: "/Groups", bulkID: bulkID}
		path, body = "/Groups", `{"displayName":"`+name+`","members":[{"value":"MEMBER"}]}`
	case kind < 6:
		method, path, body = "DELETE", of.kind+"/OF", ""
	case kind < 8 && of.kind == "/Users":
		method, path, body = "PUT", of.kind+"/OF", `{"userName":"`+name+`","`+enterprise+`":{"manager":{"value":"MEMBER"}}}`
	case of.kind == "/Users":
		method, path, body = "PATCH", of.kind+"/OF", ops(`{"op":"replace","path":"active","value":`+strconv.FormatBool(random.IntN(2) == 0)+`}`)
	case kind < 8:
		method, path, body = "PATCH", of.kind+"/OF", ops(`{"op":"remove","path":"members[value eq \"MEMBER\"]"},{"op":"replace","path":"displayName","value":"`+name+`"}`)
	default:
		method, path, body = "PATCH", of.kind+"/OF", ops(`{"op":"add","path":"members","value":[{"value":"MEMBER"}]}`)
	}
	usesMember, usesOf := strings.Contains(body, "MEMBER"), strings.Contains(path, "OF")
	fill := func(text, of, member string) string {
		return strings.NewReplacer("MEMBER", member, "OF", of).Replace(text)
	}
	var ofAlone, ofBulk, memberAlone, memberBulk string
	if of != nil {
		ofAlone, ofBulk, memberAlone, memberBulk = of.alone, of.ref(), member.alone, member.ref()
	}
	operation = fmt.Sprintf(`{"method":"%s","path":"%s"`, method, fill(path, ofBulk, ""))
	if made != nil {
		operation += `,"bulkId":"` + bulkID + `"`
	}
	if body != "" {
		operation += `,"data":` + fill(body, "", memberBulk)
	}
	operation += "}"
	if usesOf && ofAlone == "" || usesMember && memberAlone == "" {
		return operation, "409", made // it refers to what could not be made
	}
	a := w.do(method, fill(path, ofAlone, ""), fill(body, "", memberAlone))
	if made != nil && a.status == http.StatusCreated {
		made.alone = a.str("id")
	}
	return operation, strconv.Itoa(a.status), made
}

func (s *slot) ref() string {
	if s.bulkID != "" {
		return "bulkId:" + s.bulkID
	}
	return s.inBulk
}

// state is everything of a tenant without ids and times.
func (w *world) state() string {
	w.t.Helper()
	names := map[string]string{}
	users, groups := w.want(http.StatusOK, "GET", "/Users?count=1000", "").resources(), w.want(http.StatusOK, "GET", "/Groups?count=1000", "").resources()
	for _, one := range slices.Concat(users, groups) {
		o := answer{body: one.(map[string]any)}
		names[o.str("id")] = o.str("userName") + o.str("displayName")
	}
	var lines []string
	for _, one := range slices.Concat(users, groups) {
		o := answer{body: one.(map[string]any)}
		var members []string
		all, _ := o.at("members").([]any)
		for _, m := range all {
			members = append(members, names[m.(map[string]any)["value"].(string)])
		}
		slices.Sort(members)
		lines = append(lines, fmt.Sprint(names[o.str("id")], o.str("title"), o.at("active"), names[o.str(enterprise, "manager", "value")], o.str("meta", "version"), members))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestABulkIsLoggedOperationByOperation looks at the log and at the journal.
//
// Conformance: P-3.7-02
func TestABulkIsLoggedOperationByOperation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		a := w.bulk("", bulkUser("1", "a@example.com"), bulkUser("2", "A@example.com"),
			`{"method":"PATCH","path":"/Users/bulkId:1","data":[{"op":"replace","path":"title","value":"x"}]}`,
			`{"method":"DELETE","path":"/Users/bulkId:1"}`)
		path := "/Users/" + a.made(t, 0)
		w.provisioning.FlushCalls(t.Context())
		calls, err := w.provisioning.Calls(w.admin, pageOf(10), provisioning.CallFilter{Config: &w.config.ID}, page.Descending)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range calls.Items {
			got = append(got, fmt.Sprint(c.Method, " ", c.Path, " ", c.Status, " ", c.ScimType))
		}
		slices.Reverse(got)
		want := []string{"POST /Users 201 ", "POST /Users 409 uniqueness", "PATCH " + path + " 200 ", "DELETE " + path + " 204 ", "POST /Bulk 200 "}
		if !slices.Equal(got, want) {
			t.Errorf("the log has %q, want %q", got, want)
		}
		var kinds []string
		for _, e := range w.news() {
			if strings.HasPrefix(e.Kind, "user.") {
				kinds = append(kinds, e.Kind)
			}
		}
		if want := []string{"user.created", "user.changed", "user.deleted"}; !slices.Equal(kinds, want) {
			t.Errorf("the journal has %v, want %v", kinds, want)
		}
	})
}

// TestABulkOfAThousandLetsOthersThrough has a client read and write one by one while a bulk runs.
func TestABulkOfAThousandLetsOthersThrough(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		creates := make([]string, 1000)
		for i := range creates {
			creates[i] = bulkUser(strconv.Itoa(i), fmt.Sprintf("bulk%d@example.com", i))
		}
		user := "/Users/" + w.create("ada@example.com")
		var running sync.WaitGroup
		ended := make(chan struct{})
		running.Go(func() {
			defer close(ended)
			for _, status := range w.bulk("", creates...).statuses() {
				if status != "201" {
					t.Errorf("an operation ended as %s", status)
				}
			}
		})
		singles := 0
		for during := true; during; singles++ {
			w.want(http.StatusOK, "PATCH", user, ops(fmt.Sprintf(`{"op":"replace","path":"title","value":"number %d"}`, singles)))
			w.want(http.StatusOK, "GET", user, "")
			select {
			case <-ended:
				during = false
			default:
			}
		}
		running.Wait()
		t.Logf("%d changes and as many looks during a bulk of 1,000", singles)
		if singles < 50 { // behind the bulk there would be one
			t.Errorf("only %d changes went through", singles)
		}
	})
}
