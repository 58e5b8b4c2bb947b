package scimadapter_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/scimadapter"
)

// refusal fails the test unless an answer is a SCIM error of that status.
func refusal(t *testing.T, what string, a *httptest.ResponseRecorder, status int) map[string]any {
	t.Helper()
	var body map[string]any
	err := json.Unmarshal(a.Body.Bytes(), &body)
	schemas, _ := body["schemas"].([]any)
	if a.Code != status || err != nil || body["status"] != strconv.Itoa(status) || len(schemas) != 1 ||
		schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error" || body["detail"] == "" || a.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s answered %d %v %s, want %d", what, a.Code, a.Header(), a.Body, status)
	}
	return body
}

// TestWhatAnAddressDoesNotTakeIsNamed asks every address with every method.
//
// Conformance: P-3.2-02 P-3.2-03 P-3.2-04 P-4-01 H-15.5-01 H-9.3-01 P-3.11-01
func TestWhatAnAddressDoesNotTakeIsNamed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		group := "/Groups/" + w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		before := w.want(http.StatusOK, "GET", "/Users", "").text
		all := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"}
		const readable = "GET, HEAD, OPTIONS"
		for path, allowed := range map[string]string{
			"/Users": "GET, HEAD, POST, OPTIONS", "/Groups": "GET, HEAD, POST, OPTIONS", user: "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
			group: "GET, HEAD, PUT, PATCH, DELETE, OPTIONS", "/ServiceProviderConfig": readable, "/ResourceTypes": readable,
			"/ResourceTypes/User": readable, "/Schemas": readable, "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User": readable,
		} {
			for _, method := range all {
				switch {
				case method == "OPTIONS":
					if a := w.raw(method, path, ""); a.Code != http.StatusNoContent || a.Header().Get("Allow") != allowed || a.Body.Len() != 0 {
						t.Errorf("%s %s answered %d %v %s", method, path, a.Code, a.Header(), a.Body)
					}
				case !slices.Contains(strings.Split(allowed, ", "), method):
					a := w.raw(method, path, "secret words")
					refusal(t, method+" "+path, a, http.StatusMethodNotAllowed)
					if a.Header().Get("Allow") != allowed || strings.Contains(a.Body.String(), "secret") {
						t.Errorf("%s %s allows %q: %s", method, path, a.Header().Get("Allow"), a.Body)
					}
				case method == "HEAD":
					get, head := w.raw("GET", path, ""), w.raw("HEAD", path, "")
					if head.Code != get.Code || head.Body.Len() != 0 || !equalHeaders(head.Header(), get.Header()) {
						t.Errorf("HEAD %s answered %d %v %s, GET %v", path, head.Code, head.Header(), head.Body, get.Header())
					}
				}
			}
		}
		for _, method := range all {
			if method != "HEAD" {
				refusal(t, method+" /Me", w.raw(method, "/Me", ""), http.StatusNotImplemented)
				refusal(t, method+" /Nothing", w.raw(method, "/Nothing", ""), http.StatusNotFound)
				refusal(t, method+" /Users/x", w.raw(method, "/Users/x", ""), http.StatusNotFound)
			}
		}
		if after := w.want(http.StatusOK, "GET", "/Users", "").text; after != before {
			t.Errorf("reading has changed\n%s to\n%s", before, after)
		}
	})
}

func equalHeaders(a, b http.Header) bool {
	for name := range b {
		if !slices.Equal(a[name], b[name]) {
			return false
		}
	}
	return len(a) == len(b)
}

// TestTheAnswerHasTheTypeThatIsAskedFor
//
// Conformance: P-3.8-01 P-3.8-02 P-3.8-03 P-8.1-01 W-10 W-11
func TestTheAnswerHasTheTypeThatIsAskedFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		const scim, plain = "application/scim+json", "application/json"
		for accept, want := range map[string]string{
			"": scim, "*/*": scim, "application/*": scim, scim: scim, plain: plain, scim + ", " + plain: scim, plain + ", " + scim: scim,
			plain + ", */*": plain, "application/JSON;charset=utf-8": plain, plain + ";q=0.5, " + scim + ";q=0.4": plain,
			plain + ";q=0.4, " + scim + ";q=0.5": scim, "text/html, image/gif, *; q=.2, */*; q=.2": scim, scim + ";q=0, " + plain: plain,
			"text/html, application/*;q=0.1": scim, "application/json; odata=verbose": plain,
		} {
			for _, path := range []string{user, "/Users", "/Schemas", "/ServiceProviderConfig"} {
				if a := w.raw("GET", path, "", "Accept", accept); a.Code != http.StatusOK || a.Header().Get("Content-Type") != want {
					t.Errorf("GET %s with Accept %q answered %d %s", path, accept, a.Code, a.Header().Get("Content-Type"))
				}
			}
			if a := w.raw("GET", "/Users/nobody", "", "Accept", accept); a.Header().Get("Content-Type") != want {
				t.Errorf("an error with Accept %q is %s", accept, a.Header().Get("Content-Type"))
			}
		}
		for _, accept := range []string{"text/html", "application/xml, text/*", scim + ";q=0", "*/*;q=0", plain + ";q=0, " + scim + ";q=0.0"} {
			for _, c := range [][3]string{{"GET", user}, {"POST", "/Users", oktaUser}, {"PATCH", user, ops(`{"op":"replace","path":"title","value":"x"}`)}, {"DELETE", user}} {
				a := w.raw(c[0], c[1], c[2], "Accept", accept)
				refusal(t, c[0]+" with Accept "+accept, a, http.StatusNotAcceptable)
				if a.Header().Get("Content-Type") != scim {
					t.Errorf("Accept %q is refused as %s", accept, a.Header().Get("Content-Type"))
				}
			}
		}
		if a := w.want(http.StatusOK, "GET", user, ""); a.str("meta", "version") != `W/"1"` {
			t.Errorf("what was refused has changed somebody: %s", a.text)
		}
		for i, sent := range []string{scim, plain, scim + "; charset=utf-8", plain + ";charset=UTF-8", "Application/JSON", ""} {
			body := strings.ReplaceAll(oktaUser, "ines.rautio", "ines"+strconv.Itoa(i))
			if a := w.raw("POST", "/Users", body, "Content-Type", sent); a.Code != http.StatusCreated {
				t.Errorf("a body of type %q answered %d %s", sent, a.Code, a.Body)
			}
		}
		for _, sent := range []string{"text/plain", "application/xml", "application/json; charset=latin1", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "json"} {
			refusal(t, sent, w.raw("POST", "/Users", oktaUser, "Content-Type", sent), http.StatusUnsupportedMediaType)
		}
		refusal(t, "not UTF-8", w.raw("POST", "/Users", "{\"userName\":\"\xff\"}", "Content-Type", scim), http.StatusBadRequest)
		refusal(t, "a suffix", w.raw("GET", user+".scim", ""), http.StatusNotFound)
	})
}

// TestOneResourceSaysWhereItIs compares what stands in the header with what stands in the body.
//
// Conformance: S-3.1-08 S-3.1-09 P-3.3-03 P-3.14-01 H-8.8.3-01
func TestOneResourceSaysWhereItIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		other := w.replica()
		check := func(what string, a answer) {
			t.Helper()
			location := a.header.Get("Location")
			if location == "" || a.header.Get("Content-Location") != location || a.str("meta", "location") != location {
				t.Errorf("%s is at %q, %q, %q", what, location, a.header.Get("Content-Location"), a.str("meta", "location"))
			}
			if a.at("meta", "version") != nil && a.str("meta", "version") != a.header.Get("ETag") || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s is %s in the body, and the header is %v", what, a.str("meta", "version"), a.header)
			}
			path := strings.TrimPrefix(location, w.server.URL+scimadapter.Base)
			if again := other.want(http.StatusOK, "GET", path, ""); again.header.Get("ETag") != a.header.Get("ETag") {
				t.Errorf("%s is %s on another replica, not %s", what, again.header.Get("ETag"), a.header.Get("ETag"))
			}
		}
		made := w.want(http.StatusCreated, "POST", "/Users", oktaUser)
		check("a user made", made)
		user := "/Users/" + made.str("id")
		check("a user read", w.want(http.StatusOK, "GET", user, ""))
		seen := map[string]bool{made.header.Get("ETag"): true}
		for _, change := range []string{
			ops(`{"op":"replace","path":"title","value":"Analyst"}`), ops(`{"op":"replace","path":"active","value":false}`),
			ops(`{"op":"replace","path":"externalId","value":"x"}`),
			ops(`{"op":"remove","path":"emails"}`),
		} {
			a := w.want(http.StatusOK, "PATCH", user, change)
			if a.header.Get("ETag") == "" || seen[a.header.Get("ETag")] {
				t.Errorf("%s kept the version %s", change, a.header.Get("ETag"))
			}
			seen[a.header.Get("ETag")] = true
			check("a user patched", a)
		}
		check("a user put", w.want(http.StatusOK, "PUT", user, oktaUser))
		group := w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`)
		check("a group made", group)
		path := "/Groups/" + group.str("id")
		check("a group read", w.want(http.StatusOK, "GET", path, ""))
		check("a group put", w.want(http.StatusOK, "PUT", path, `{"displayName":"Sellers"}`))
		check("a group patched", w.want(http.StatusOK, "PATCH", path+"?attributes=meta", ops(`{"op":"replace","path":"displayName","value":"Sales"}`)))
		if a := w.want(http.StatusNoContent, "PATCH", path, ops(`{"op":"replace","path":"displayName","value":"S"}`)); a.header.Get("ETag") != `W/"4"` || a.text != "" {
			t.Errorf("a group patched without attributes answered %v %s", a.header, a.text)
		}
		check("a schema", w.want(http.StatusOK, "GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", ""))
		check("a resource type", w.want(http.StatusOK, "GET", "/ResourceTypes/User", ""))
		check("the configuration", w.want(http.StatusOK, "GET", "/ServiceProviderConfig", ""))
	})
}

// TestLongAnswersAreCompressedForWhoAsks
//
// Conformance: W-12
func TestLongAnswersAreCompressedForWhoAsks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		plain := w.raw("GET", "/Schemas", "").Body.String()
		for asked, want := range map[string]string{
			"": "", "gzip": "gzip", "GZIP": "gzip", "gzip, deflate, br": "gzip", "br;q=1.0, gzip;q=0.2": "gzip", "*": "gzip", "deflate": "", "gzip;q=0": "",
			"identity": "", "*;q=0": "", "gzip;q=0, *": "",
		} {
			a := w.raw("GET", "/Schemas", "", "Accept-Encoding", asked)
			var body io.Reader = a.Body
			if a.Header().Get("Content-Encoding") != want || a.Header().Get("Content-Length") != strconv.Itoa(a.Body.Len()) ||
				!strings.Contains(a.Header().Get("Vary"), "Accept-Encoding") {
				t.Fatalf("Accept-Encoding %q got %v", asked, a.Header())
			}
			if want == "gzip" {
				if a.Body.Len() > len(plain)/3 {
					t.Errorf("compressed, %d bytes are %d", len(plain), a.Body.Len())
				}
				var err error
				if body, err = gzip.NewReader(a.Body); err != nil {
					t.Fatal(err)
				}
			}
			if text, err := io.ReadAll(body); err != nil || string(text) != plain {
				t.Errorf("Accept-Encoding %q got other text, %v", asked, err)
			}
		}
		if a := w.raw("GET", user, "", "Accept-Encoding", "gzip"); a.Header().Get("Content-Encoding") != "" {
			t.Errorf("a short answer is compressed: %v", a.Header())
		}
	})
}

// endless is a body that has no end, and counts what was read of it.
type endless struct{ read int64 }

func (e *endless) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = ' '
	}
	e.read += int64(len(into))
	return len(into), nil
}

// TestWhatIsTooLargeIsNotRead
//
// Conformance: H-8.4-01 H-15.5-01 P-3.12-01
func TestWhatIsTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		for _, c := range [][2]string{{"POST", "/Users"}, {"PUT", user}, {"PATCH", user}, {"POST", "/Groups"}} {
			for _, said := range []int64{-1, 100 << 20, 5} {
				body := &endless{}
				r := httptest.NewRequestWithContext(t.Context(), c[0], scimadapter.Base+c[1], body)
				r.ContentLength = said
				r.Header.Set("Authorization", "Bearer "+w.token)
				a := httptest.NewRecorder()
				w.server.Config.Handler.ServeHTTP(a, r)
				refusal(t, strings.Join(c[:], " "), a, http.StatusRequestEntityTooLarge)
				if !strings.Contains(a.Body.String(), "10 MiB") || body.read > 10<<20+64<<10 || said > 10<<20 && body.read > 0 {
					t.Errorf("%v with Content-Length %d: %d bytes were read, %s", c, said, body.read, a.Body)
				}
			}
			refusal(t, "a compressed body", w.raw(c[0], c[1], "\x1f\x8b", "Content-Encoding", "gzip"), http.StatusUnsupportedMediaType)
		}
		refusal(t, "a long address", w.raw("GET", "/Users?filter="+strings.Repeat("x", 26<<10), ""), http.StatusRequestURITooLong)
		refusal(t, "long headers", w.raw("GET", user, "", "Cookie", strings.Repeat("x", 17<<10)), http.StatusRequestHeaderFieldsTooLarge)
	})
}
