package scimadapter

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"time"
)

// outcome is how an operation ended.
type outcome struct {
	Method   string          `json:"method,omitempty"`
	BulkID   string          `json:"bulkId,omitempty"`
	Version  string          `json:"version,omitempty"`
	Location string          `json:"location,omitempty"`
	Response json.RawMessage `json:"response,omitempty"` // the error, of one that failed
	Status   string          `json:"status"`

	id string // of what was created
}

func (o *outcome) failed() bool { return o.Response != nil }

// request is an operation as its own request: its path and its data are complete.
type request struct {
	method, path, version string
	data                  any
}

// doer does single requests.
type doer interface {
	do(r request) outcome
	fail(r request, err error) outcome
}

// bulkRun is a bulk while it runs.
type bulkRun struct {
	doer       doer
	operations []bulkOperation
	most       int // errors, after which it stops; 0 for never
	errors     int
	outcomes   []*outcome        // by the place of the operation; nil for what was not done
	made       map[string]string // what was created, by bulkId
}

func newBulkRun(operations []bulkOperation, most int, d doer) *bulkRun {
	return &bulkRun{doer: d, operations: operations, most: most, outcomes: make([]*outcome, len(operations)), made: map[string]string{}}
}

// step does one operation, or those of a circle. It tells whether to go on.
func (b *bulkRun) step(circle []int) bool {
	if first := circle[0]; len(circle) == 1 && !slices.Contains(b.operations[first].refers, first) {
		b.one(first)
	} else {
		b.circle(circle)
	}
	for _, i := range circle {
		if b.outcomes[i].failed() {
			b.errors++
		}
	}
	return b.most == 0 || b.errors < b.most
}

func (b *bulkRun) one(i int) {
	op := &b.operations[i]
	r := request{method: op.method, path: op.path, version: op.version, data: op.data}
	if err := b.ready(op); err != nil {
		b.end(i, b.doer.fail(r, err))
		return
	}
	b.end(i, b.doer.do(b.resolved(op, op.data)))
}

// ready refuses an operation that cannot be tried, or that refers to what could not be made.
func (b *bulkRun) ready(op *bulkOperation) error {
	if op.refused != nil {
		return op.refused
	}
	for _, other := range op.refers {
		if o := b.outcomes[other]; o != nil && o.failed() {
			return errDependent.At("bulkId").Sayf("it refers to the bulkId %s, whose operation has failed", quoted(b.operations[other].bulkID))
		}
	}
	return nil
}

// resolved is an operation with ids in the place of references to what is made.
func (b *bulkRun) resolved(op *bulkOperation, data any) request {
	r := request{method: op.method, path: op.path, version: op.version, data: rewritten("data", data, b.known)}
	if before, bulkID, ok := op.inPath(); ok {
		r.path = before + b.known(bulkID)
	}
	return r
}

func (b *bulkRun) known(bulkID string) string {
	if of, ok := b.made[bulkID]; ok {
		return of
	}
	return bulkPrefix + bulkID
}

func (b *bulkRun) end(i int, o outcome) {
	op := &b.operations[i]
	o.Method, o.BulkID = op.method, op.bulkID
	if !o.failed() && op.method == http.MethodPost {
		b.made[op.bulkID] = o.id
	}
	b.outcomes[i] = &o
}

// circle makes resources that refer to each other: first without what does not exist yet, then that is added. If one of them
// cannot be made, none is, because each is wrong without the others.
func (b *bulkRun) circle(members []int) {
	late := make(map[int]any, len(members))
	for _, i := range members {
		op := &b.operations[i]
		now, later := split("data", op.data, func(bulkID string) bool { _, made := b.made[bulkID]; return !made })
		late[i] = later
		err := b.ready(op)
		if err != nil {
			b.end(i, b.doer.fail(request{method: op.method, path: op.path}, err))
		} else {
			if now == nil {
				now = object{}
			}
			b.end(i, b.doer.do(b.resolved(op, now)))
		}
		if b.outcomes[i].failed() {
			b.undo(members, i)
			return
		}
	}
	for _, i := range members {
		if late[i] == nil {
			continue
		}
		added := b.doer.do(b.addition(i, late[i]))
		if added.failed() {
			added.Location = ""
			b.end(i, added)
			b.undo(members, i)
			return
		}
		b.outcomes[i].Version = added.Version
	}
}

// addition is the PATCH that gives a resource what it could not be made with.
func (b *bulkRun) addition(i int, late any) request {
	op := object{"op": opAdd, attrValue: rewritten("data", late, b.known)}
	return request{
		method: http.MethodPatch, path: b.operations[i].path + "/" + b.outcomes[i].id,
		data: object{attrSchemas: []any{patchURN}, "Operations": []any{op}},
	}
}

// undo takes back what a circle has made before one of it failed.
func (b *bulkRun) undo(members []int, failed int) {
	for _, i := range members {
		op, o := &b.operations[i], b.outcomes[i]
		if of, made := b.made[op.bulkID]; made {
			b.doer.do(request{method: http.MethodDelete, path: op.path + "/" + of})
			delete(b.made, op.bulkID)
		}
		if i != failed && (o == nil || !o.failed()) {
			err := errDependent.At("bulkId").Sayf("it and the bulkId %s refer to each other, and that one has failed", quoted(b.operations[failed].bulkID))
			b.end(i, b.doer.fail(request{method: op.method, path: op.path}, err))
		}
	}
}

// answer is the response: what was done, in the order of the request.
func (b *bulkRun) answer() ([]byte, error) {
	done := make([]*outcome, 0, len(b.outcomes))
	for _, o := range b.outcomes {
		if o != nil {
			done = append(done, o)
		}
	}
	return json.Marshal(struct {
		Schemas    []string   `json:"schemas"`
		Operations []*outcome `json:"Operations"`
	}{[]string{bulkDoneURN}, done})
}

// bulkDoer does the operations of a bulk on behalf of the bulk's own request.
type bulkDoer struct {
	e     *exchange
	until time.Time
}

// do does a request by the handler of its address. It is logged like one that came alone.
func (d bulkDoer) do(r request) outcome {
	started := d.e.h.clock()
	inner, w := d.inner(r)
	defer inner.log(started)
	inner.guarded(func() error {
		if started.After(d.until) {
			return errBulkLate
		}
		found, err := inner.find()
		if err != nil {
			return err
		}
		return inner.act(found)
	})
	return w.outcome(d.e, r)
}

// fail is the outcome of a request that is not done.
func (d bulkDoer) fail(r request, err error) outcome {
	inner, w := d.inner(r)
	inner.refuse(err)
	return w.outcome(d.e, r)
}

// inner is an exchange within the bulk's: its body is read already, and its answer is short.
func (d bulkDoer) inner(r request) (*exchange, *short) {
	w := &short{header: http.Header{}}
	header := http.Header{"User-Agent": {d.e.r.UserAgent()}}
	if r.version != "" && r.method != http.MethodPost {
		header.Set("If-Match", r.version)
	}
	given, _ := r.data.(object)
	return &exchange{
		h: d.e.h, w: w, ctx: d.e.ctx, base: d.e.base, requestID: d.e.requestID, kind: scimJSON, manners: d.e.manners, users: d.e.users, session: d.e.session,
		given: given, brief: true, r: &http.Request{Method: r.method, URL: &url.URL{Path: Base + r.path}, Header: header},
	}, w
}

// short is where a short answer is written to.
type short struct {
	header http.Header
	status int
	body   []byte
}

// Header returns the answer's header.
func (w *short) Header() http.Header { return w.header }

// WriteHeader remembers the status.
func (w *short) WriteHeader(status int) { w.status = status }

// Write remembers the body.
func (w *short) Write(body []byte) (int, error) {
	w.body = append(w.body, body...)
	return len(body), nil
}

func (w *short) outcome(e *exchange, r request) outcome {
	o := outcome{Status: strconv.Itoa(w.status), Version: w.header.Get("ETag"), Location: w.header.Get("Location")}
	if w.status >= http.StatusBadRequest {
		o.Response, o.Version = w.body, ""
	}
	switch {
	case r.method == http.MethodPost:
		o.id = path.Base(o.Location)
	case r.path != "":
		o.Location = e.base + r.path
	}
	return o
}
