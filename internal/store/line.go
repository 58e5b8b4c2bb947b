package store

import (
	"context"
	"net"
	"time"
)

// grace is what the line waits beyond a deadline, so that a cancellation can reach the server first.
const grace = 250 * time.Millisecond

// cancelPatience bounds the connections that lib/pq opens by itself to cancel a statement: whoever has given up waits for
// them. When one fails, statement_timeout ends the statement.
const cancelPatience = 400 * time.Millisecond

// line is the network connection beneath a connection of the database. SQLite has none.
type line struct{ conn net.Conn }

type lineKey struct{}

func withLine(ctx context.Context, l *line) context.Context {
	return context.WithValue(ctx, lineKey{}, l)
}

func (l *line) until(ctx context.Context) {
	if l.conn == nil {
		return
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = l.conn.SetDeadline(deadline.Add(grace))
	}
}

// quiet tells whether an idle line is still open and silent. A server that has gone leaves an end or a farewell on it.
func (l *line) quiet() bool { return l.conn == nil || silent(l.conn) }

// dialer opens the lines of PostgreSQL connections and tells the connection about its line.
type dialer struct{ net.Dialer }

func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	l, ours := ctx.Value(lineKey{}).(*line)
	if !ours {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cancelPatience)
		defer cancel()
	}
	opened, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	limit, limited := ctx.Deadline()
	if ours {
		l.conn = opened
	}
	return &boundConn{Conn: opened, limit: limit, limited: limited, brief: !ours}, nil
}

// boundConn keeps lib/pq to the deadline of who asks for the connection: its own is the connect timeout, whatever is left of
// the request. A brief one lives for one cancellation and keeps its deadline for good.
type boundConn struct {
	net.Conn

	limit   time.Time
	limited bool
	brief   bool
}

func (b *boundConn) SetDeadline(at time.Time) error {
	opened := at.IsZero() && !b.brief // the handshake is over
	if b.limited && !opened && (at.IsZero() || at.After(b.limit)) {
		at = b.limit
	}
	return b.Conn.SetDeadline(at)
}
