package storetest

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Deaf is a way to a PostgreSQL database on which notifications are lost: of the first connections that listen, as many as are
// said, nothing comes back any more, as in a network that has fallen silent.
func Deaf(t testing.TB, address string, connections int64) string {
	t.Helper()
	server, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query, way := server.Query(), way{network: "tcp", host: server.Host}
	way.deaf.Store(connections)
	if socket := query.Get("host"); strings.HasPrefix(socket, "/") {
		way.network, way.host = "unix", socket+"/.s.PGSQL."+cmp.Or(query.Get("port"), "5432")
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() {
		stop()
		_ = listener.Close()
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go way.forward(ctx, client)
		}
	}()
	query.Del("host")
	query.Del("port")
	server.Host, server.RawQuery = listener.Addr().String(), query.Encode()
	return server.String()
}

type way struct {
	network, host string
	deaf          atomic.Int64 // how many connections are still to be silenced
}

// forward carries bytes to and from the server, until the client listens.
func (w *way) forward(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := (&net.Dialer{}).DialContext(ctx, w.network, w.host)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	silent := make(chan struct{})
	go w.ask(client, server, sync.OnceFunc(func() {
		if w.deaf.Add(-1) >= 0 {
			close(silent)
		}
	}))
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-silent:
			_, _ = io.Copy(io.Discard, server)
			return
		default:
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// ask carries what the client says to the server, and tells when it listens.
func (w *way) ask(client, server net.Conn, listens func()) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if bytes.Contains(buffer[:n], []byte("LISTEN ")) {
			listens()
		}
		if _, failed := server.Write(buffer[:n]); err != nil || failed != nil {
			_ = server.Close()
			return
		}
	}
}
