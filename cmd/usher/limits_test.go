package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSlowClientsAreCutOff sends each part of a request and then nothing more, to a server whose patience is short.
func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		if r.URL.Path == "/long" {
			answer := make([]byte, 1<<20)
			for range 64 {
				if _, err := w.Write(answer); err != nil {
					return
				}
			}
		}
	})
	const short = 100 * time.Millisecond
	s := httptest.NewUnstartedServer(nil)
	s.Config = newServer(h, slog.New(slog.DiscardHandler), timeouts{header: short, read: short, write: 2 * short, idle: short})
	s.Start()
	t.Cleanup(s.Close)
	for name, sent := range map[string]string{
		"a header without end":        "GET / HTTP/1.1\r\nHost: usher\r\nX-Slow: ",
		"a body without end":          "POST / HTTP/1.1\r\nHost: usher\r\nContent-Length: 1000\r\n\r\n{",
		"silence after an answer":     "GET / HTTP/1.1\r\nHost: usher\r\n\r\n",
		"nothing at all":              "",
		"an answer that nobody reads": "GET /long HTTP/1.1\r\nHost: usher\r\n\r\n",
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if _, err := conn.Write([]byte(sent)); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(started.Add(20 * time.Second))
		if strings.Contains(sent, "/long") { // the first bytes, and then no more until the server has given up
			if _, err := bufio.NewReaderSize(conn, 16).Peek(16); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetWriteDeadline(started.Add(20 * time.Second))
			for err == nil { // the server has closed when it answers what is sent with a reset
				_, err = conn.Write(make([]byte, 1024))
			}
		} else {
			_, err = io.ReadAll(conn)
		}
		if wait, slow := err.(net.Error); slow && wait.Timeout() { //nolint:errorlint // of this connection
			t.Errorf("%s: the connection was still open after %v", name, time.Since(started))
		}
		_ = conn.Close()
	}
}

// TestPatienceIsBounded holds the real server to what the test above shows to work.
func TestPatienceIsBounded(t *testing.T) {
	t.Parallel()
	s := newServer(nil, slog.New(slog.DiscardHandler), patience)
	if s.ReadHeaderTimeout <= 0 || s.ReadHeaderTimeout > 5*time.Second || s.ReadTimeout <= 0 || s.ReadTimeout > time.Minute || s.WriteTimeout <= s.ReadTimeout ||
		s.WriteTimeout > 2*time.Minute || s.IdleTimeout <= 0 || s.IdleTimeout > 2*time.Minute || s.MaxHeaderBytes != maxHeader {
		t.Errorf("the server waits %v, %v, %v, %v and takes headers of %d bytes", s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes)
	}
}

// certificate makes one for localhost, signed by itself, and returns its files.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "usher"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file := func(name, kind string, bytes []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), ownerOnly); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pool = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return file("cert.pem", "CERTIFICATE", der), file("key.pem", "PRIVATE KEY", plain), pool
}

// TestTLSIsServed starts the demo behind a certificate that nobody else has signed: it talks to itself too. Entra asks for TLS 1.2.
//
// Conformance: W-16 P-7-01
func TestTLSIsServed(t *testing.T) {
	t.Parallel()
	cert, key, pool := certificate(t)
	s := serve(t, "--data", t.TempDir(), "--demo", "--tls-cert", cert, "--tls-key", key)
	defer s.stop()
	if !strings.HasPrefix(s.said.BaseURL, "https://127.0.0.1:") {
		t.Errorf("it says that it is at %s", s.said.BaseURL)
	}
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	response, _ := s.ask("GET", "/scim/v2/Users?count=1", "", "Authorization", s.said.Demo.Scim.Token)
	if response.StatusCode != http.StatusOK || response.TLS == nil || response.TLS.Version < tls.VersionTLS12 || response.ProtoMajor != 2 {
		t.Errorf("answered %d with %s, TLS %+v", response.StatusCode, response.Proto, response.TLS)
	}
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12}}
	if response, _ := s.ask("GET", "/scim/v2/Users?count=1", "", "Authorization", s.said.Demo.Scim.Token); response.TLS.Version != tls.VersionTLS12 || response.StatusCode != http.StatusOK {
		t.Errorf("with TLS 1.2 it answered %d, %+v", response.StatusCode, response.TLS)
	}
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}
	if response, _ := s.ask("GET", "/scim/v2/Users?count=1", "", "Authorization", s.said.Demo.Scim.Token); response.TLS.Version != tls.VersionTLS13 {
		t.Errorf("with TLS 1.3 it answered %d, %+v", response.StatusCode, response.TLS)
	}
	for _, old := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		dialer := tls.Dialer{Config: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: old}}
		if conn, err := dialer.DialContext(t.Context(), "tcp", s.said.Listen); err == nil {
			t.Errorf("%s is served", tls.VersionName(old))
			_ = conn.Close()
		}
	}
	var shown shownPeople
	if s.graphQL(s.said.Demo.Admin.Token, askPeople, &shown); shown.Tenant.Users.TotalCount != s.said.Demo.People {
		t.Errorf("GraphQL shows %+v", shown)
	}
	plain, err := http.Get("http://" + s.said.Listen + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Body.Close() }()
	if plain.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS it answered %d", plain.StatusCode)
	}
}
