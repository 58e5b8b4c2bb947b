package scimadapter_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// TestTheLogTellsWhatWasAskedAndNothingOfAPerson checks each kind of call: what was asked and answered, whom it touched, whether it
// was a probe, and that neither names nor passwords are in it.
//
// Conformance: W-76 W-35
func TestTheLogTellsWhatWasAskedAndNothingOfAPerson(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const guid = "5b1c2f0e-9d1b-4b3f-8b77-2f6f5c0a4d11"
		user := w.want(http.StatusCreated, "POST", "/Users", oktaUser, "User-Agent", "Okta SCIM Client 1.0.0").str("id")
		w.want(http.StatusConflict, "POST", "/Users", oktaUser)
		w.want(http.StatusOK, "GET", filtered("/Users", `userName eq "ines.rautio@fjordline.example"`), "")
		w.want(http.StatusOK, "GET", "/Users?startIndex=1&count=2", "")
		w.want(http.StatusOK, "GET", "/Users?filter="+url.QueryEscape(`userName eq "`+guid+`"`), "")
		w.want(http.StatusOK, "GET", "/Users?filter="+url.QueryEscape(`emails[type eq "work"].value eq "`+guid+`"`), "")
		w.want(http.StatusNotFound, "GET", "/Groups/"+guid+"?excludedAttributes=members", "")
		w.want(http.StatusOK, "PATCH", "/Users/"+user, ops(`{"op":"replace","value":{"password":"q8W2zR0p","active":false}}`))
		w.want(http.StatusBadRequest, "PATCH", "/Users/"+user, ops(`{"op":"replace","path":"emails[nope eq \"ines.rautio\"].value","value":"ines.rautio"}`))
		w.want(http.StatusNotFound, "PATCH", "/Groups/"+guid, ops(``))
		calls := w.calls()
		var got []string
		for _, c := range slices.Backward(calls) {
			touched := "-"
			if c.Resource != nil && id.User.Format(*c.Resource) == user {
				touched = "her"
			}
			got = append(got, fmt.Sprint(c.Method, " ", c.Path, " ", c.Status, c.ScimType, " ", touched, " ", c.Probe))
			if c.Duration < 0 || c.At.IsZero() || c.Status >= 400 && c.Detail == "" {
				t.Errorf("%+v has no time or no reason", c)
			}
			if all := fmt.Sprintf("%+v", c); strings.Contains(all, "ines.rautio") || strings.Contains(all, "q8W2zR0p") || strings.Contains(all, "Rautio") {
				t.Errorf("somebody is in the log: %s", all)
			}
		}
		want := []string{
			"POST /Users 201 her false", "POST /Users 409uniqueness - false", "GET /Users?filter&startIndex&count 200 - false",
			"GET /Users?startIndex&count 200 - true", "GET /Users?filter 200 - true", "GET /Users?filter 200 - true",
			"GET /Groups/…?excludedAttributes 404 - true", "PATCH /Users/" + user + " 200 her false", "PATCH /Users/" + user + " 400invalidFilter her false",
			"PATCH /Groups/… 404 - false",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if calls[len(calls)-1].UserAgent != "Okta SCIM Client 1.0.0" {
			t.Errorf("the client is %q", calls[len(calls)-1].UserAgent)
		}
	})
}
