package store

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/lib/pq"
)

// ear opens the connection that listens, and can cut it: lib/pq waits for ever for a server that has fallen silent, with a lock
// that even closing the listener waits for.
type ear struct {
	dialer net.Dialer
	ctx    context.Context //nolint:containedctx // the life of the listener
	mu     sync.Mutex
	open   net.Conn
}

// Dial opens the connection.
func (e *ear) Dial(network, address string) (net.Conn, error) {
	return e.DialTimeout(network, address, connectTimeout)
}

// DialTimeout opens the connection, unless the listener ends first.
func (e *ear) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(e.ctx, timeout)
	defer cancel()
	opened, err := e.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.open = opened
	e.mu.Unlock()
	if e.ctx.Err() != nil { // it ended meanwhile, and has cut what was open before
		e.cut()
	}
	return opened, nil
}

// cut ends the connection, whatever waits for it.
func (e *ear) cut() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open != nil {
		_ = e.open.Close()
	}
}

// check asks the server for a sign of life, and cuts the connection when there is none in time; lib/pq then connects anew.
func (e *ear) check(listener *pq.Listener, patience time.Duration) {
	late := time.AfterFunc(patience, e.cut)
	defer late.Stop()
	_ = listener.Ping() // where there is no connection, one is being opened
}
