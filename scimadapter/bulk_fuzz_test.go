package scimadapter

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/fault"
)

// pretender does requests in memory: it creates what does not ask to fail, and remembers what there is.
type pretender struct {
	t     *testing.T
	there map[string]bool
	names map[string]bool // bulkIds that the request creates
	count int
}

func (p *pretender) do(r request) outcome {
	for _, bulkID := range references("data", r.data) {
		if p.names[bulkID] {
			p.t.Fatalf("%s %s was done with an open reference to %q: %v", r.method, r.path, bulkID, r.data)
		}
	}
	if _, bulkID, open := referredTo("$ref", r.path); open && p.names[bulkID] {
		p.t.Fatalf("%s was done at %s", r.method, r.path)
	}
	p.count++
	data, _ := r.data.(object)
	if data["fail"] != nil {
		return p.fail(r, errNoTarget)
	}
	switch r.method {
	case http.MethodPost:
		made := outcome{Status: "201", id: "usr_" + strconv.Itoa(p.count)}
		p.there[r.path+"/"+made.id] = true
		return made
	case http.MethodDelete:
		delete(p.there, r.path)
		return outcome{Status: "204"}
	default:
		return outcome{Status: "200"}
	}
}

func (p *pretender) fail(_ request, err error) outcome {
	f, known := fault.As(err)
	if !known {
		p.t.Fatalf("an operation made the accident %v", err)
	}
	return outcome{Status: strconv.Itoa(statusOf(f)), Response: json.RawMessage(`{}`)}
}

// runBulk does a bulk in memory and checks what must be so of all of them.
func runBulk(t *testing.T, body object) {
	t.Helper()
	operations, most, err := bulkOperations(body)
	if err != nil {
		if _, known := fault.As(err); !known {
			t.Fatalf("a bulk made the accident %v", err)
		}
		return
	}
	p := &pretender{t: t, there: map[string]bool{}, names: map[string]bool{}}
	for i := range operations {
		if operations[i].method == http.MethodPost && operations[i].bulkID != "" {
			p.names[operations[i].bulkID] = true
		}
	}
	run, order := newBulkRun(operations, most, p), bulkOrder(operations)
	checkOrder(t, operations, order)
	for _, circle := range order {
		if !run.step(circle) {
			break
		}
	}
	checkRun(t, run, p)
}

// checkOrder tells whether each operation has its turn once and after what it refers to, and whether those that need nothing
// from later ones keep their order.
func checkOrder(t *testing.T, operations []bulkOperation, order [][]int) {
	t.Helper()
	turn := make([]int, len(operations))
	for at, circle := range order {
		for _, i := range circle {
			if turn[i] > 0 {
				t.Fatalf("operation %d has two turns in %v", i, order)
			}
			turn[i] = at + 1
		}
	}
	last := 0
	for i := range operations {
		if turn[i] == 0 {
			t.Fatalf("operation %d has no turn in %v", i, order)
		}
		for _, other := range operations[i].refers {
			if turn[other] > turn[i] {
				t.Fatalf("operation %d refers to %d, which comes later in %v", i, other, order)
			}
		}
		if furthest(operations, i, map[int]bool{}) > i {
			continue
		}
		if turn[i] < last {
			t.Fatalf("operation %d had to wait for nothing and has lost its place in %v", i, order)
		}
		last = turn[i]
	}
}

// furthest is the last of the operations that one needs, directly or not.
func furthest(operations []bulkOperation, i int, seen map[int]bool) int {
	seen[i] = true
	last := i
	for _, other := range operations[i].refers {
		if !seen[other] {
			last = max(last, furthest(operations, other, seen))
		}
	}
	return last
}

// checkRun compares what is said to be done with what is there.
func checkRun(t *testing.T, run *bulkRun, p *pretender) {
	t.Helper()
	text, err := run.answer()
	if err != nil || !json.Valid(text) {
		t.Fatalf("a bulk answers %s, %v", text, err)
	}
	made, errors, deletes := 0, 0, false
	for i, o := range run.outcomes {
		if o == nil {
			if run.most == 0 || run.errors < run.most {
				t.Fatalf("operation %d was not done", i)
			}
			continue
		}
		if o.failed() {
			errors++
		} else if o.Method == http.MethodPost {
			made++
		}
		deletes = deletes || o.Method == http.MethodDelete
	}
	if errors != run.errors {
		t.Fatalf("%d errors were counted as %d", errors, run.errors)
	}
	if !deletes && len(p.there) != made {
		t.Fatalf("%d are said to be made, and %d are there: %s", made, len(p.there), text)
	}
}

// FuzzBulk does any bytes as a bulk: a refusal is a fault, nothing is done with an open reference, and it ends.
func FuzzBulk(f *testing.F) {
	const head = `{"schemas":["` + bulkURN + `"],`
	for _, seed := range []string{
		`"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"x"}},{"method":"DELETE","path":"/Users/bulkId:a","version":"W/\"1\""}]}`,
		`"Operations":[{"method":"POST","path":"/Groups","bulkId":"a","data":{"members":[{"value":"bulkId:b"}]}},{"method":"POST","path":"/Groups","bulkId":"b","data":{"members":[{"value":"bulkId:a"},{"$ref":"../Groups/bulkId:b"}]}}]}`,
		`"failOnErrors":1,"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"fail":true}},{"method":"PATCH","path":"/Users/bulkId:a","data":[{"op":"add","path":"members[value eq \"bulkId:a\"]"}]}]}`,
		`"Operations":[{"method":"PUT","path":"/../Users","data":{}},7,null,{"method":"POST","path":"/Users","bulkId":"c","data":{"manager":"bulkId:c"}}]}`,
		`"failOnErrors":-1,"Operations":[]}`,
	} {
		f.Add([]byte(head + seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		started := time.Now()
		body, err := readBulk(text)
		if err != nil {
			return
		}
		runBulk(t, body)
		if took := time.Since(started); len(text) < 64<<10 && took > 5*time.Second {
			t.Fatalf("%d bytes took %s", len(text), took)
		}
	})
}

// TestRandomReferencesAlwaysResolve makes up graphs of references, of which some operations fail.
//
// Conformance: P-3.7.1-02 P-3.7.1-03
func TestRandomReferencesAlwaysResolve(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		n := 1 + random.IntN(12)
		var all []any
		for i := range n {
			var members []any
			for range random.IntN(4) {
				members = append(members, object{"value": "bulkId:" + strconv.Itoa(random.IntN(n+n/8+1))})
			}
			data := object{"displayName": "x", "members": members, "manager": "bulkId:" + strconv.Itoa(random.IntN(n))}
			if random.IntN(3) > 0 {
				delete(data, "manager")
			}
			if random.IntN(8) == 0 {
				data["fail"] = true
			}
			op := object{"method": "POST", "path": "/Groups", "bulkId": strconv.Itoa(i), "data": data}
			if random.IntN(6) == 0 {
				op = object{"method": "PATCH", "path": "/Groups/bulkId:" + strconv.Itoa(random.IntN(n)), "data": data}
			}
			all = append(all, op)
		}
		body := object{"schemas": []any{bulkURN}, "Operations": all}
		if random.IntN(4) == 0 {
			body["failOnErrors"] = json.Number(strconv.Itoa(1 + random.IntN(3)))
		}
		runBulk(t, body)
	}
}

// TestLongChainsOfReferencesEnd has each operation refer to the next one, and the last one to the first.
//
// Conformance: P-3.7.1-03
func TestLongChainsOfReferencesEnd(t *testing.T) {
	t.Parallel()
	for _, closed := range []bool{false, true} {
		var all []any
		for i := range maxBulk {
			next := i + 1
			if next == maxBulk && closed {
				next = 0
			}
			var members []any
			if next < maxBulk {
				members = []any{object{"value": fmt.Sprintf("bulkId:%d", next)}}
			}
			all = append(all, object{"method": "POST", "path": "/Groups", "bulkId": strconv.Itoa(i), "data": object{"displayName": strings.Repeat("x", 10), "members": members}})
		}
		started := time.Now()
		runBulk(t, object{"schemas": []any{bulkURN}, "Operations": all})
		if took := time.Since(started); took > 5*time.Second {
			t.Errorf("a chain of %d took %s", maxBulk, took)
		}
	}
}
