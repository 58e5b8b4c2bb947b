package scimadapter_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// TestAStaleVersionChangesNothing sends every change of a user and of a group with tags of other versions.
//
// Conformance: H-13.1.1-01 H-13.1.1-02 H-13.1.2-01 H-8.8.3-02 P-3.14-02
func TestAStaleVersionChangesNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		group := "/Groups/" + w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		title := ops(`{"op":"replace","path":"title","value":"Analyst"}`)
		name := ops(`{"op":"replace","path":"displayName","value":"Sellers"}`)
		for _, c := range []struct{ method, path, body string }{
			{"PUT", user, `{"userName":"ada@example.com","title":"Analyst"}`},
			{"PATCH", user, title},
			{"PATCH", user, ops(`{"op":"replace","value":{"active":true}}`)}, // it would change nothing, and is refused all the same
			{"DELETE", user, ""},
			{"PUT", group, `{"displayName":"Sellers"}`},
			{"PATCH", group, name},
			{"PATCH", group, ops(`{"op":"add","path":"members","value":[{"value":"nobody"}]}`)},
			{"DELETE", group, ""},
		} {
			before := w.want(http.StatusOK, "GET", c.path, "").text
			for _, header := range [][2]string{
				{"If-Match", `W/"7"`},
				{"If-Match", `"7", W/"8"`},
				{"If-Match", `nonsense`},
				{"If-Match", `"one"`},
				{"If-None-Match", `*`},
				{"If-None-Match", `W/"1"`},
				{"If-None-Match", `"9", "1"`},
				{"If-Unmodified-Since", "Mon, 02 Mar 2020 09:00:00 GMT"},
			} {
				a := w.do(c.method, c.path, c.body, header[0], header[1])
				if a.status != http.StatusPreconditionFailed || a.str("status") != "412" || a.at("scimType") != nil || a.str("detail") == "" {
					t.Errorf("%s %s with %v answered %d %s", c.method, c.path, header, a.status, a.text)
				}
			}
			if after := w.want(http.StatusOK, "GET", c.path, "").text; after != before {
				t.Errorf("%s %s has changed\n%s to\n%s", c.method, c.path, before, after)
			}
		}
		tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(http.TimeFormat)
		for _, header := range [][2]string{
			{"If-Match", `W/"1"`}, {"If-Match", `"2"`}, {"If-Match", `"0", W/"3"`}, {"If-Match", `*`}, {"If-None-Match", `W/"99"`},
			{"If-Unmodified-Since", tomorrow}, {"If-Unmodified-Since", "yesterday"},
		} {
			value := fmt.Sprintf(`{"op":"replace","path":"title","value":"%s"}`, time.Now().Format(time.RFC3339Nano))
			w.want(http.StatusOK, "PATCH", user, ops(value), header[0], header[1])
		}
		w.want(http.StatusNoContent, "PATCH", group, name, "If-Match", `"1"`)
		w.want(http.StatusNoContent, "DELETE", group, "", "If-Match", `W/"2"`)
	})
}

// TestConditionsHaveTheirOrder follows the precedence of RFC 9110 section 13.2.2, and what comes before all of it.
//
// Conformance: H-13.2.1-01 H-13.2.2-01 P-3.14-02
func TestConditionsHaveTheirOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const early, late = "Mon, 02 Mar 2020 09:00:00 GMT", "Mon, 02 Mar 2120 09:00:00 GMT"
		user := "/Users/" + w.create("ada@example.com")
		for i, c := range []struct {
			headers []string
			read    int
			write   int
		}{
			{[]string{"If-Match", `"1"`, "If-Unmodified-Since", early}, 200, 200},
			{[]string{"If-Match", `*`, "If-Unmodified-Since", early}, 200, 200},
			{[]string{"If-Match", `"5"`, "If-Unmodified-Since", late}, 412, 412},
			{[]string{"If-Unmodified-Since", early}, 412, 412},
			{[]string{"If-Unmodified-Since", late}, 200, 200},
			{[]string{"If-Match", `"1"`, "If-None-Match", `"1"`}, 304, 412},
			{[]string{"If-Match", `"5"`, "If-None-Match", `"1"`}, 412, 412},
			{[]string{"If-None-Match", `"5"`, "If-Modified-Since", late}, 200, 200},
			{[]string{"If-None-Match", `*`, "If-Modified-Since", early}, 304, 412},
			{[]string{"If-Modified-Since", late}, 304, 200},
			{[]string{"If-Modified-Since", early}, 200, 200},
			{[]string{"If-Modified-Since", "soon"}, 200, 200},
			{[]string{"If-Unmodified-Since", early, "If-Modified-Since", late}, 412, 412},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				a := w.do(method, user, "", c.headers...)
				if a.status != c.read || a.header.Get("ETag") != `W/"1"` && a.status != 412 || a.status == 304 && a.text != "" {
					t.Errorf("%d: %s with %q answered %d %v", i, method, c.headers, a.status, a.header)
				}
			}
			// A change that changes nothing leaves the version alone, so every case starts from the same.
			if a := w.do("PATCH", user, ops(`{"op":"replace","value":{"active":true}}`), c.headers...); a.status != c.write {
				t.Errorf("%d: PATCH with %q answered %d %s", i, c.headers, a.status, a.text)
			}
		}
		for _, path := range []string{"/Users/usr_01jx0000000000000000000000", "/Groups/grp_01jx0000000000000000000000"} {
			for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
				body := ""
				switch method {
				case "PUT":
					body = `{"userName":"x","displayName":"x"}`
				case "PATCH":
					body = ops(`{"op":"replace","path":"displayName","value":"x"}`)
				}
				for _, header := range []string{"If-Match", "If-None-Match"} {
					w.want(http.StatusNotFound, method, path, body, header, `W/"5"`)
					w.want(http.StatusUnauthorized, method, path, body, header, `W/"5"`, "Authorization", "Bearer x.y.z")
				}
			}
		}
		reader := w.issue(w.config.ID, "scim:read")
		w.want(http.StatusForbidden, "DELETE", user, "", "If-Match", `W/"5"`, "Authorization", reader)
	})
}

// TestOneOf64WithTheSameVersionWins has all of them change one thing at once, each expecting the version that it has read.
//
// Conformance: H-13.1.1-01
func TestOneOf64WithTheSameVersionWins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		user := "/Users/" + w.create("ada@example.com")
		group := "/Groups/" + w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales"}`).str("id")
		member := w.create("member@example.com")
		for _, c := range []struct{ method, path, body string }{
			{"PATCH", user, ops(`{"op":"replace","path":"title","value":"number %d"}`)},
			{"PUT", user, `{"userName":"ada@example.com","title":"put %d"}`},
			{"PATCH", group, ops(`{"op":"replace","path":"displayName","value":"Sales %d"}`)},
			{"PATCH", group, ops(`{"op":"add","path":"members","value":[{"value":"` + member + `"}]},{"op":"replace","path":"externalId","value":"%d"}`)},
			{"DELETE", user, ""},
			{"DELETE", group, ""},
		} {
			tag := w.want(http.StatusOK, "GET", c.path, "").header.Get("ETag")
			var won, lost, gone atomic.Int32
			var all sync.WaitGroup
			for i := range 64 {
				all.Go(func() {
					body := c.body
					if body != "" {
						body = fmt.Sprintf(body, i)
					}
					switch a := w.do(c.method, c.path, body, "If-Match", tag); a.status {
					case http.StatusOK, http.StatusNoContent:
						won.Add(1)
					case http.StatusPreconditionFailed:
						lost.Add(1)
					case http.StatusNotFound:
						gone.Add(1)
					default:
						t.Errorf("%s %s answered %d %s", c.method, c.path, a.status, a.text)
					}
				})
			}
			all.Wait()
			if won.Load() != 1 || c.method != "DELETE" && gone.Load() != 0 || won.Load()+lost.Load()+gone.Load() != 64 {
				t.Errorf("%s %s: %d won, %d lost, %d found nothing", c.method, c.path, won.Load(), lost.Load(), gone.Load())
			}
		}
	})
}
