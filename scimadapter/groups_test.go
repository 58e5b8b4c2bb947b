package scimadapter_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/provisioning"
)

const clients = 64

// membersEach is how many members each client adds, and how many it removes: USHER_TEST_MEMBERS, or 10.
func membersEach() int {
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_MEMBERS")); err == nil {
		return n
	}
	return 10
}

// elsewhere is the same world seen through another process: another server over another opening of the database.
func (w *world) elsewhere(db *store.DB) *world {
	w.t.Helper()
	other := *w
	other.db = db
	other.open(clock.System())
	return &other
}

// listed renders members as a list of values.
func listed(who ...id.ID) string {
	var out strings.Builder
	for i, of := range who {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`{"value":"` + id.User.Format(of) + `"}`)
	}
	return "[" + out.String() + "]"
}

func (w *world) membersOf(group id.ID, most int) (ids []id.ID) {
	w.t.Helper()
	found, err := w.directory.Members(w.admin, group, id.Nil, most)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range found {
		ids = append(ids, m.ID)
	}
	return ids
}

// TestSixtyFourClientsEndExactlyRight has each client add its own people to one group and remove its own from it, one PATCH
// each, through two servers over two openings of one database. Now and then a client says again what is so already, or says
// both in one PATCH. Nothing is lost, nothing stays, and nobody is told that something has gone wrong.
//
// Conformance: P-3.5.2-11 W-68
func TestSixtyFourClientsEndExactlyRight(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			one, two := storetest.TwoReplicas(t, dialect)
			w := newWorld(t, one)
			doors, each := []*world{w, w.elsewhere(two)}, membersEach()
			people := storetest.People(t, one, w.admin, 2*clients*each+1)
			gone, come, always := people[:clients*each], people[clients*each:2*clients*each], people[2*clients*each]
			group := w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales"}`).str("id")
			of, _ := id.Group.Parse(group)
			storetest.Members(t, one, w.admin, of, w.config.ID, append(slices.Clone(gone), always))
			var accidents atomic.Int64
			var all sync.WaitGroup
			for client := range clients {
				all.Go(func() {
					for i := range each {
						at := client*each + i
						adds, removes := add(come[at]), remove(gone[at])
						requests := []string{adds, removes}
						switch i % 5 {
						case 1:
							requests = []string{adds + "," + removes}
						case 2:
							requests = []string{add(come[at], always), removes, adds}
						case 3:
							requests = []string{removes + "," + add(always), adds}
						}
						for _, request := range requests {
							answer := doors[(client+i)%2].raw("PATCH", "/Groups/"+group, ops(request))
							if answer.Code != http.StatusNoContent && accidents.Add(1) < 5 {
								t.Errorf("%s answered %d %s", request, answer.Code, answer.Body)
							}
						}
					}
				})
			}
			all.Wait()
			if got, want := w.membersOf(of, 4*len(people)), people[clients*each:]; !slices.Equal(got, want) {
				t.Errorf("%d members, want %d", len(got), len(want))
			}
			if n := accidents.Load(); n > 0 {
				t.Errorf("%d requests were not answered 204", n)
			}
		})
	}
}

func add(who ...id.ID) string { return `{"op":"add","path":"members","value":` + listed(who...) + `}` }

func remove(who ...id.ID) string {
	if len(who) == 1 {
		return fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, id.User.Format(who[0]))
	}
	return `{"op":"Remove","path":"members","value":` + listed(who...) + `}`
}

// TestAThousandChangesInOnePatchOfAHugeGroup changes a group of 50,000 members by a thousand operations and by a thousand names,
// answered without a body and without reading a member.
//
// Conformance: W-68 W-69
func TestAThousandChangesInOnePatchOfAHugeGroup(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var sent []string
			db := storetest.Open(t, dialect, func(o *store.Options) {
				o.Watch = func(statement string) {
					mu.Lock()
					defer mu.Unlock()
					sent = append(sent, statement)
				}
			})
			w := newWorld(t, db)
			const members, changes = 50_000, 1000
			people := storetest.People(t, db, w.admin, members+changes)
			group := w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Everybody"}`).str("id")
			of, _ := id.Group.Parse(group)
			storetest.Members(t, db, w.admin, of, w.config.ID, people[:members])
			var each []string
			for i := range changes / 2 {
				each = append(each, add(people[members+i]), remove(people[i]))
			}
			for name, operations := range map[string]string{
				"operations": strings.Join(each, ","), "names": add(people[members+changes/2:]...) + "," + remove(people[changes/2:changes]...),
			} {
				mu.Lock()
				sent = nil
				mu.Unlock()
				answer := w.want(http.StatusNoContent, "PATCH", "/Groups/"+group, ops(operations))
				mu.Lock()
				for _, statement := range sent {
					if strings.Contains(statement, "JOIN users") || strings.Contains(statement, "pieces") {
						t.Errorf("%s: members were read: %s", name, statement)
					}
				}
				mu.Unlock()
				if answer.text != "" || answer.header.Get("ETag") == "" {
					t.Errorf("%s: answered %q", name, answer.text)
				}
			}
			if got := w.membersOf(of, 2*members); !slices.Equal(got, people[changes:]) {
				t.Errorf("%d members in the end, want %d", len(got), members)
			}
		})
	}
}

// TestAnEmptiedGroupRaisesAnAlarm empties and halves groups in the ways there are, and looks what the journal has.
//
// Conformance: W-62
func TestAnEmptiedGroupRaisesAnAlarm(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		people := storetest.People(t, db, w.admin, 30)
		const empties, replaces, puts = `{"op":"remove","path":"members"}`, `{"op":"replace","path":"members","value":`, ""
		for _, c := range []struct {
			story          string
			members        int
			operation      string // a PATCH; a PUT where there is none
			gone           int
			alarm, emptied bool
		}{
			{"emptied without a value", 3, empties, 3, true, true},
			{"emptied, of one member", 1, empties, 1, false, false},
			{"emptied, of none", 0, empties, 0, false, false},
			{"emptied by an empty list", 2, replaces + `[]}`, 2, true, true},
			{"emptied by name", 2, remove(people[:2]...), 2, true, true},
			{"two of three by name", 3, remove(people[:2]...), 2, false, false},
			{"ten of twenty by name", 20, remove(people[:10]...), 10, true, false},
			{"ten of twenty-one by name", 21, remove(people[:10]...), 10, false, false},
			{"nine of ten by name", 10, remove(people[:9]...), 9, false, false},
			{"replaced by others", 3, replaces + listed(people[20:23]...) + `}`, 3, false, false},
			{"all but one by a PUT", 30, puts, 29, true, false},
			{"renamed", 20, `{"op":"replace","value":{"displayName":"Renamed"}}`, 0, false, false},
		} {
			group := w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+c.story+`","members":`+listed(people[:c.members]...)+`}`).str("id")
			w.news()
			if c.operation == puts {
				w.want(http.StatusOK, "PUT", "/Groups/"+group, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"`+c.story+`","members":`+listed(people[0])+`}`)
			} else {
				w.want(http.StatusNoContent, "PATCH", "/Groups/"+group, ops(c.operation))
			}
			alarms := w.alarms("group.bulk_removal")
			if len(alarms) > 0 != c.alarm || c.alarm && (alarms[0]["removed"] != float64(c.gone) || (alarms[0]["emptied"] == true) != c.emptied) {
				t.Errorf("%s: the alarms are %v", c.story, alarms)
			}
		}
	})
}

// alarms are the data of the events of a kind since the news were asked for last.
func (w *world) alarms(kind string) (all []map[string]any) {
	w.t.Helper()
	for _, e := range w.news() {
		if e.Kind != kind {
			continue
		}
		var data map[string]any
		text, _ := e.Data.(json.RawMessage)
		if err := json.Unmarshal(text, &data); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// TestOnlyThePresetForEntraDoubtsAReplaceByOne sends what Entra sends with a wrong mapping, with every preset.
//
// Conformance: I-ENTRA-17
func TestOnlyThePresetForEntraDoubtsAReplaceByOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, preset := range []provisioning.Preset{
			provisioning.PresetAuto, provisioning.PresetOkta, provisioning.PresetEntra, provisioning.PresetOneLogin, provisioning.PresetStrict,
		} {
			w := newWorld(t, db, func(n *provisioning.NewConfig) { n.Preset = preset })
			people := storetest.People(t, db, w.admin, 3)
			group := w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales","members":`+listed(people[:2]...)+`}`).str("id")
			of, _ := id.Group.Parse(group)
			w.news()
			w.want(http.StatusNoContent, "PATCH", "/Groups/"+group, ops(`{"op":"replace","path":"members","value":`+listed(people[2])+`}`))
			want, trusting := people[2:], preset != provisioning.PresetEntra
			if !trusting {
				want = people
			}
			if got := w.membersOf(of, 9); !slices.Equal(got, want) {
				t.Errorf("%s: the members are %v, want %v", preset, got, want)
			}
			w.provisioning.FlushCalls(t.Context())
			calls, err := w.provisioning.Calls(w.admin, pageOf(1), provisioning.CallFilter{Resource: &of, Method: "PATCH"}, page.Descending)
			if err != nil || len(calls.Items) != 1 {
				t.Fatalf("%s: the calls are %+v, %v", preset, calls.Items, err)
			}
			if detail := calls.Items[0].Detail; strings.Contains(detail, "suspicious") == trusting {
				t.Errorf("%s: the log says %q", preset, detail)
			}
			if doubts := w.alarms(directory.SuspiciousReplace); len(doubts) > 0 == trusting {
				t.Errorf("%s: the journal has %v", preset, doubts)
			}
			w.want(http.StatusNoContent, "PATCH", "/Groups/"+group, ops(`{"op":"replace","value":{"displayName":"Renamed"}}`))
			if got := w.membersOf(of, 9); !slices.Equal(got, want) {
				t.Errorf("%s: renamed, the members are %v", preset, got)
			}
		}
	})
}

// TestAPutThatDoesNotSpeakOfMembersLeavesThem sends a PUT without members, and with null.
//
// Conformance: W-66
func TestAPutThatDoesNotSpeakOfMembersLeavesThem(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, set := range [][]func(*provisioning.NewConfig){nil, {strict}} {
			for _, body := range []string{`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales"}`, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales","members":null}`, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales","members":[]}`} {
				w := newWorld(t, db, set...)
				people := storetest.People(t, db, w.admin, 2)
				group := w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales","members":`+listed(people...)+`}`).str("id")
				of, _ := id.Group.Parse(group)
				w.want(http.StatusOK, "PUT", "/Groups/"+group, body)
				speaks := set != nil || strings.Contains(body, "[]")
				if got := w.membersOf(of, 9); len(got) == 0 != speaks {
					t.Errorf("strict %v, %s: the members are %v", set != nil, body, got)
				}
			}
		}
	})
}

// TestAGroupThatWasDeletedHereIsToldSo answers a provider that goes on with a group which an administrator has deleted.
//
// Conformance: W-77
func TestAGroupThatWasDeletedHereIsToldSo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		people := storetest.People(t, db, w.admin, 1)
		group := w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales"}`).str("id")
		of, _ := id.Group.Parse(group)
		if err := w.directory.DeleteGroup(w.admin, of, nil); err != nil {
			t.Fatal(err)
		}
		for _, request := range [][2]string{{"PATCH", ops(add(people[0]))}, {"PUT", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales"}`}, {"DELETE", ""}, {"GET", ""}} {
			if a := w.want(http.StatusNotFound, request[0], "/Groups/"+group, request[1]); !strings.Contains(a.str("detail"), "unlink it in the identity provider") {
				t.Errorf("%s: %s", request[0], a.text)
			}
		}
		w.want(http.StatusCreated, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales","members":`+listed(people[0])+`}`)
	})
}
