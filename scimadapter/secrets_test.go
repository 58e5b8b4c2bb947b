package scimadapter_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
)

// TestAPasswordIsKeptNowhere sends a password by every way of writing, and looks for it, and for what it may have become, in every
// answer, in the journal, in the log of calls and in every table.
//
// Conformance: S-4.1.1-02 S-9-01
func TestAPasswordIsKeptNowhere(t *testing.T) {
	t.Parallel()
	const canary = "Canary-7f3a-Password"
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		var answers []string
		send := func(status int, method, path, body string) answer {
			t.Helper()
			a := w.want(status, method, path, body)
			answers = append(answers, a.text, fmt.Sprint(a.header))
			return a
		}
		user := "/Users/" + send(http.StatusCreated, "POST", "/Users?attributes=password,userName", `{"userName":"ada","password":"`+canary+`"}`).str("id")
		send(http.StatusCreated, "POST", "/Users", `{"userName":"eva","PassWord":"`+canary+`","`+coreUser+`:password":"`+canary+`"}`)
		send(http.StatusConflict, "POST", "/Users", `{"userName":"ada","password":"`+canary+`"}`)
		send(http.StatusBadRequest, "POST", "/Users", `{"userName":7,"password":"`+canary+`"}`)
		send(http.StatusBadRequest, "POST", "/Users", `{"userName":"x","password":"`+canary)
		send(http.StatusOK, "PUT", user, `{"userName":"ada","title":"a","password":"`+canary+`"}`)
		for _, path := range []string{"password", "PASSWORD", coreUser + ":password"} {
			for _, op := range []string{"add", "replace"} {
				send(http.StatusOK, "PATCH", user, ops(fmt.Sprintf(`{"op":%q,"path":%q,"value":%q}`, op, path, canary)))
			}
		}
		send(http.StatusOK, "PATCH", user, ops(`{"op":"replace","value":{"password":"`+canary+`","title":"b"}}`))
		send(http.StatusBadRequest, "PATCH", user, ops(`{"op":"replace","path":"password","value":"`+canary+`"},{"op":"remove","path":"userName"}`))
		send(http.StatusOK, "POST", "/Bulk", bulk("", `{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"ida","password":"`+canary+`"}}`,
			`{"method":"POST","path":"/Users","bulkId":"b","data":{"userName":"ida","password":"`+canary+`"}}`,
			`{"method":"PUT","path":"`+user+`","data":{"userName":"ada","password":"`+canary+`"}}`, `{"method":"PATCH","path":"`+user+`","data":`+ops(`{"op":"add","path":"password","value":"`+canary+`"}`)+`}`))
		for _, path := range []string{user, user + "?attributes=password", "/Users", "/Users?attributes=password", "/Schemas/" + coreUser, "/ServiceProviderConfig"} {
			send(http.StatusOK, "GET", path, "")
		}
		send(http.StatusOK, "POST", "/.search", searchRequest(map[string]any{"attributes": []string{"password"}}))
		for _, filter := range []string{`password eq "` + canary + `"`, "password pr"} { // nobody learns it by asking
			if a := w.do("GET", filtered("/Users", filter), ""); a.status != http.StatusBadRequest && a.at("totalResults") != 0.0 {
				t.Errorf("%s is answered by %s", filter, a.text)
			}
		}
		if config := w.want(http.StatusOK, "GET", "/ServiceProviderConfig", ""); config.at("changePassword", "supported") != false {
			t.Errorf("changing passwords is offered: %s", config.text)
		}
		w.calls() // writes them
		places := map[string]string{"an answer": strings.Join(answers, "\n"), "the journal": fmt.Sprintf("%+v", w.news()), "the log of calls": fmt.Sprintf("%+v", w.calls()), "the database": w.dump()}
		if !strings.Contains(places["the database"], "eva") {
			t.Fatal("the dump has nobody")
		}
		for what, text := range places {
			for _, trace := range traces(canary) {
				if strings.Contains(strings.ToLower(text), strings.ToLower(trace)) {
					t.Errorf("%s has a password, as %s", what, trace)
				}
			}
			if strings.Contains(text, w.token) {
				t.Errorf("%s has an access token", what)
			}
		}
	})
}

// traces are a secret as it is, reversed and encoded, and its usual hashes.
func traces(secret string) []string {
	all := []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%x", secret)}
	m, s1, s2, s5 := md5.Sum([]byte(secret)), sha1.Sum([]byte(secret)), sha256.Sum256([]byte(secret)), sha512.Sum512([]byte(secret))
	for _, sum := range [][]byte{m[:], s1[:], s2[:], s5[:]} {
		all = append(all, fmt.Sprintf("%x", sum), base64.RawStdEncoding.EncodeToString(sum), base64.RawURLEncoding.EncodeToString(sum))
	}
	return append(all, "$2a$", "$2b$", "$argon2", "$scrypt", "pbkdf2")
}

// dump is everything that the database has, as text.
func (w *world) dump() string {
	w.t.Helper()
	tables, row := `SELECT name FROM sqlite_master WHERE type = 'table'`, func(table string) string {
		columns := w.texts(`SELECT name FROM pragma_table_info('` + table + `')`)
		for i, column := range columns {
			columns[i] = `COALESCE(CAST("` + column + `" AS TEXT), '')`
		}
		return `SELECT ` + strings.Join(columns, ` || ' ' || `) + ` FROM "` + table + `"`
	}
	if w.db.Postgres() {
		tables = `SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')`
		row = func(table string) string { return `SELECT CAST(x AS text) FROM "` + table + `" x` }
	}
	var out strings.Builder
	for _, table := range w.texts(tables) {
		for _, text := range w.texts(row(table)) {
			out.WriteString(table + " " + text + "\n")
		}
	}
	return out.String()
}

// texts reads a column of texts.
func (w *world) texts(query string) (all []string) {
	w.t.Helper()
	rows, err := w.db.Query(w.admin, query)
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			w.t.Fatalf("%s: %v", query, err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// TestTokensAreStrongAndEnd reads tokens as whoever finds one can: each has an end that the server knows, within bounds, a name of
// its own that holds 74 random bits, and a signature that no other text has, so that none can be guessed or stretched.
//
// Conformance: P-7-02
func TestTokensAreStrongAndEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.want(http.StatusOK, "GET", "/Users", "")
		if err := w.access.FlushUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := w.issue(w.config.ID, "scim") // both are taken while one replaces the other
		seen := map[string]bool{}
		for _, token := range []string{w.token, second} {
			w.want(http.StatusOK, "GET", "/Users", "", "Authorization", "Bearer "+token)
			parts := strings.Split(token, ".")
			signature, err := base64.RawURLEncoding.DecodeString(parts[len(parts)-1])
			if len(parts) != 3 || err != nil || len(signature) < 32 || seen[string(signature)] {
				t.Fatalf("a token has %d parts and a signature of %d bytes, %v", len(parts), len(signature), err)
			}
			seen[string(signature)] = true
			for at := range signature { // one other bit anywhere, and it is nobody's
				forged := append([]byte(nil), signature...)
				forged[at] ^= 1
				w.want(http.StatusUnauthorized, "GET", "/Users", "", "Authorization", "Bearer "+parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(forged))
			}
		}
		tokens, err := w.access.Tokens(w.admin, []id.ID{w.config.ID})
		if err != nil || len(tokens[w.config.ID]) != 2 {
			t.Fatalf("the configuration has %+v, %v", tokens, err)
		}
		used := 0
		for _, token := range tokens[w.config.ID] {
			if life := token.ExpiresAt.Sub(token.CreatedAt); life <= 0 || life > 10*366*24*time.Hour {
				t.Errorf("a token lives for %v", life)
			}
			if token.LastUsedAt != nil {
				used++
			}
		}
		if used == 0 {
			t.Error("nobody knows when a token was last used")
		}
		for _, days := range []int{-1, 100 * 366} {
			_, _, err := w.access.Issue(w.admin, access.Request{Tenant: w.tenant(), SubjectKind: access.SubjectConfig, Subject: w.config.ID, Name: "Endless", Scopes: []string{"scim"}, Life: time.Duration(days) * 24 * time.Hour})
			if err == nil {
				t.Errorf("a token of %d days was issued", days)
			}
		}
		_, ended := w.expired(w.config.ID)
		w.want(http.StatusUnauthorized, "GET", "/Users", "", "Authorization", "Bearer "+ended)
	})
}
