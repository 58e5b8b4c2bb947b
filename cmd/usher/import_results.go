package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// results sends the results of rows while rows come in. What the client does not take yet is kept, so that one that sends everything
// before it reads is not waited for in vain; a table's bounds bound that.
type results struct {
	to    http.ResponseWriter
	lines bool

	mu   sync.Mutex
	more *sync.Cond
	held []byte
	over bool
	err  error
	sent chan struct{} // closed when everything is; nil before the first result
}

// maxDetail bounds what a result tells of a fault.
const maxDetail = 500

func newResults(w http.ResponseWriter, lines bool) *results {
	r := &results{to: w, lines: lines}
	r.more = sync.NewCond(&r.mu)
	if lines {
		w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
	} else {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		_, _ = r.Write([]byte("row,status,id,code,field,detail\n")) // a first write finds nothing wrong
	}
	return r
}

// Write keeps some more to send.
func (r *results) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return 0, r.err
	}
	r.held = append(r.held, text...)
	r.more.Signal()
	return len(text), nil
}

// tell sends the result of a row.
func (r *results) tell(of outcome) error {
	if r.sent == nil {
		r.sent = make(chan struct{})
		go r.send()
	}
	of.Detail = cutAt(of.Detail, maxDetail)
	if r.lines {
		return wrote(json.NewEncoder(r).Encode(of))
	}
	out := csv.NewWriter(r)
	err := out.Write([]string{strconv.Itoa(of.Row), of.Status, of.ID, of.Code, harmless(of.Field), harmless(of.Detail)})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return wrote(err)
}

// send sends what there is, again and again, until everything is.
func (r *results) send() {
	defer close(r.sent)
	flush := http.NewResponseController(r.to).Flush
	for {
		r.mu.Lock()
		for len(r.held) == 0 && !r.over {
			r.more.Wait()
		}
		some := r.held
		r.held = nil
		r.mu.Unlock()
		if len(some) == 0 {
			return
		}
		_, err := r.to.Write(some)
		if err == nil {
			err = flush()
		}
		if err != nil {
			r.mu.Lock()
			r.err = fmt.Errorf("send results: %w", err)
			r.mu.Unlock()
			return
		}
	}
}

// end waits until all results are sent.
func (r *results) end() error {
	r.mu.Lock()
	r.over = true
	r.more.Signal()
	r.mu.Unlock()
	if r.sent == nil { // a table without rows
		r.sent = make(chan struct{})
		go r.send()
	}
	<-r.sent
	return r.err
}
