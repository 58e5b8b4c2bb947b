package store

import (
	"context"
	"net"
	"time"
)

// grace is what the line waits beyond a deadline, so that a cancellation can reach the server first.
const grace = 250 * time.Millisecond

// cancelPatience bounds the connections that lib/pq opens by itself to cancel a statement.
const cancelPatience = 5 * time.Second

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
	opened, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if l, ok := ctx.Value(lineKey{}).(*line); ok {
		l.conn = opened
		return opened, nil
	}
	return &briefConn{Conn: opened}, nil
}

// briefConn is a line that lives for one cancellation only: its deadline stays, whatever is asked.
type briefConn struct{ net.Conn }

func (b *briefConn) SetDeadline(at time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), cancelPatience)
	defer cancel()
	soon, _ := ctx.Deadline()
	if at.IsZero() || at.After(soon) {
		at = soon
	}
	return b.Conn.SetDeadline(at)
}
