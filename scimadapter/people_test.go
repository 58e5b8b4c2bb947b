package scimadapter_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// TestAUserNameIsOneAfterItIsPrepared makes people whose names are the same to somebody who reads them, and refuses names that
// nobody can read. The name itself stays as it was sent.
//
// Conformance: S-4.1.1-01 P-5-01 P-7-06 P-3.3-05
func TestAUserNameIsOneAfterItIsPrepared(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		other := w.create("other@example.com")
		body := func(name string) string { return `{"userName":` + literal(name) + `}` }
		for name, same := range map[string][]string{
			"bob":              {"Bob", "BOB", "ＢＯＢ", "ｂｏｂ", "bＯb"},
			"Ren\u00e9":        {"rene\u0301", "REN\u00c9", "RENE\u0301", "ＲＥＮ\u00c9"},
			"Ada+x@Example.no": {"ada+x@example.no", "ADA+X@EXAMPLE.NO"},
			"O'Brien, Ana":     {"o'brien, ana"},
			"\u0394\u03a3":     {"\u03b4\u03c3"},
			"Ｗide Name":        {"wide name"},
			"مريم":             nil,
			"Ａda Å":            {"ada A\u030a", "ada \u212b"},
		} {
			made := w.want(http.StatusCreated, "POST", "/Users", body(name))
			if made.str("userName") != name {
				t.Errorf("%q came back as %q", name, made.str("userName"))
			}
			for _, again := range append(same, name) {
				for _, request := range [][3]string{
					{"POST", "/Users", body(again)}, {"PUT", "/Users/" + other, body(again)}, {"PATCH", "/Users/" + other, ops(`{"op":"replace","path":"userName","value":` + literal(again) + `}`)},
				} {
					if a := w.do(request[0], request[1], request[2]); a.status != http.StatusConflict || a.str("scimType") != "uniqueness" || !strings.Contains(a.str("detail"), "userName") {
						t.Errorf("%s of %q beside %q answered %d %s", request[0], again, name, a.status, a.text)
					}
				}
				if a := w.want(http.StatusOK, "GET", filtered("/Users", "userName eq "+literal(again)), ""); a.at("totalResults") != 1.0 {
					t.Errorf("userName eq %q finds %s", again, a.text)
				}
			}
			if renamed := w.want(http.StatusOK, "PATCH", "/Users/"+made.str("id"), ops(`{"op":"replace","path":"userName","value":`+literal(strings.ToUpper(name))+`}`)); renamed.str("userName") != strings.ToUpper(name) {
				t.Errorf("%q in capitals is %s", name, renamed.text)
			}
		}
		before := w.want(http.StatusOK, "GET", "/Users?count=0", "").at("totalResults")
		for _, bad := range []string{`""`, `" "`, `"   \t"`, `null`, `"a\u0007b"`, `"a\nb"`, `"\u0301"`, `"\u0301e"`, `"a\u0000"`, `"a\u0085b"`, `"x\u0378"`} {
			for _, request := range [][3]string{
				{"POST", "/Users", `{"userName":` + bad + `}`}, {"PUT", "/Users/" + other, `{"userName":` + bad + `}`}, {"PATCH", "/Users/" + other, ops(`{"op":"replace","path":"userName","value":` + bad + `}`)},
			} {
				if a := w.do(request[0], request[1], request[2]); a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue" || !strings.Contains(a.str("detail"), "userName") {
					t.Errorf("%s of %s answered %d %s", request[0], bad, a.status, a.text)
				}
			}
		}
		if a := w.do("POST", "/Users", `{"nickName":"nobody"}`); a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue" {
			t.Errorf("nobody answered %d %s", a.status, a.text)
		}
		if after := w.want(http.StatusOK, "GET", "/Users?count=0", "").at("totalResults"); after != before {
			t.Errorf("there were %v people, and now there are %v", before, after)
		}
		if a := w.want(http.StatusOK, "GET", "/Users/"+other, ""); a.str("userName") != "other@example.com" || a.str("meta", "version") != `W/"1"` {
			t.Errorf("what was refused has changed somebody: %s", a.text)
		}
		w.race(50)
	})
}

// race sends the same person from many clients at once, in different spellings, through two servers.
func (w *world) race(clients int) {
	w.t.Helper()
	other := w.replica()
	statuses := make([]answer, clients)
	var all sync.WaitGroup
	for i := range clients {
		through := []*world{w, other}[i%2]
		name := []string{"Race@example.com", "race@EXAMPLE.com", "ＲACE@example.com"}[i%3]
		all.Go(func() { statuses[i] = through.do("POST", "/Users", `{"userName":`+literal(name)+`}`) })
	}
	all.Wait()
	made, refused := 0, 0
	for _, a := range statuses {
		switch {
		case a.status == http.StatusCreated:
			made++
		case a.status == http.StatusConflict && a.str("scimType") == "uniqueness":
			refused++
		default:
			w.t.Errorf("a race was answered by %d %s", a.status, a.text)
		}
	}
	if made != 1 || refused != clients-1 {
		w.t.Errorf("%d were made and %d refused", made, refused)
	}
}

// TestWhoIsNotActiveLosesHerSeatAtOnce: active is true unless it is said to be false, which closes the product's door, on every
// replica, with the answer to the request; true opens it again. She and her groups stay.
//
// Conformance: S-4.1.1-07
func TestWhoIsNotActiveLosesHerSeatAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		license := w.license("Advanced", 1)
		w.autoAssign(license.ID)
		made := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"ada"}`)
		user := "/Users/" + made.str("id")
		group := w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Sales","members":[{"value":"`+made.str("id")+`"}]}`).str("id")
		other := w.replica()
		allowed := func() bool {
			t.Helper()
			of, _ := id.User.Parse(made.str("id"))
			answers, err := other.seats.Access(w.admin, "Advanced", []directory.Person{{ID: of}})
			if err != nil {
				t.Fatal(err)
			}
			return answers[0].Allowed
		}
		if made.at("active") != true || w.want(http.StatusOK, "GET", user, "").at("active") != true || !allowed() {
			t.Errorf("somebody new is %s", made.text)
		}
		for _, turn := range []struct {
			method, off, on string
		}{
			{"PATCH", ops(`{"op":"replace","path":"active","value":false}`), ops(`{"op":"replace","path":"active","value":true}`)},
			{"PATCH", ops(`{"op":"Replace","value":{"active":"False"}}`), ops(`{"op":"Add","path":"active","value":"True"}`)},
			{"PUT", `{"userName":"ada","active":false}`, `{"userName":"ada","active":true}`},
		} {
			if a := w.want(http.StatusOK, turn.method, user, turn.off); a.at("active") != false || allowed() {
				t.Errorf("after %s she is let in: %s", turn.off, a.text)
			}
			if states := w.seatStates(license.ID, made.str("id")); !slices.Equal(states, []string{"released"}) {
				t.Errorf("after %s her seat is %v", turn.off, states)
			}
			if a := w.want(http.StatusOK, "GET", filtered("/Users", `userName eq "ada" and active eq false`), ""); a.at("totalResults") != 1.0 {
				t.Errorf("who is not active is not found: %s", a.text)
			}
			if len(w.members(group)) != 1 {
				t.Errorf("after %s she is not in her group", turn.off)
			}
			if a := w.want(http.StatusOK, turn.method, user, turn.on); a.at("active") != true || !allowed() {
				t.Errorf("after %s she is not let in: %s", turn.on, a.text)
			}
		}
		if a := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"eva","active":false}`); a.at("active") != false || len(w.seatStates(license.ID, a.str("id"))) != 0 {
			t.Errorf("who comes inactive is %s", a.text)
		}
	})
}

// TestACertificateIsOneInDER sends a true certificate in the spellings of base64, two in one, and what is none.
//
// Conformance: S-4.1.2-06
func TestACertificateIsOneInDER(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var certificate []byte
	for n := int64(1); len(certificate)%3 == 0; n <<= 8 { // one whose base64 has padding
		template := &x509.Certificate{SerialNumber: big.NewInt(n), NotAfter: time.Unix(2e9, 0)}
		if certificate, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
			t.Fatal(err)
		}
	}
	written := base64.StdEncoding.EncodeToString
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for i, value := range []string{written(certificate), strings.TrimRight(written(certificate), "=")} {
			a := w.want(http.StatusCreated, "POST", "/Users", fmt.Sprintf(`{"userName":"p%d","x509Certificates":[{"value":%q}]}`, i, value))
			if literal(a.at("x509Certificates")) != `[{"value":`+literal(value)+`}]` {
				t.Errorf("a certificate came back as %s", a.text)
			}
		}
		user := "/Users/" + w.create("ada")
		for what, value := range map[string]string{
			"two":           written(append(bytes.Clone(certificate), certificate...)),
			"more behind":   written(append(bytes.Clone(certificate), 0)),
			"the half":      written(certificate[:len(certificate)/2]),
			"PEM":           "-----BEGIN CERTIFICATE-----\n" + written(certificate) + "\n-----END CERTIFICATE-----",
			"a PEM's bytes": written([]byte("-----BEGIN CERTIFICATE-----")),
			"no base64":     "***",
			"text":          written([]byte("certificate")),
		} {
			list := fmt.Sprintf(`[{"value":%s}]`, literal(value))
			for _, request := range [][3]string{
				{"POST", "/Users", `{"userName":"eva","x509Certificates":` + list + `}`}, {"PUT", user, `{"userName":"ada","x509Certificates":` + list + `}`},
				{"PATCH", user, ops(`{"op":"add","path":"x509Certificates","value":` + list + `}`)},
			} {
				if a := w.do(request[0], request[1], request[2]); a.status != http.StatusBadRequest || a.str("scimType") != "invalidValue" {
					t.Errorf("%s of %s answered %d %s", request[0], what, a.status, a.text)
				}
			}
		}
	})
}

// TestEnterpriseAttributesMakeARoundTrip writes all of them by each method. A manager may come later; what she is called is hers
// to say.
//
// Conformance: S-4.3-01 S-4.3-02 S-4.3-03 S-3.3-01
func TestEnterpriseAttributesMakeARoundTrip(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const six = `"employeeNumber":"7","costCenter":"c","organization":"o","division":"d","department":"Sales"`
		body := func(name, manager string) string {
			return fmt.Sprintf(`{"userName":%q,"employeeNumber":"8","department":"Top","%s":{%s,"manager":%s}}`, name, enterprise, six, manager)
		}
		plain := `{"costCenter":"c","department":"Sales","division":"d","employeeNumber":"7","manager":{"value":"boss@example.com"},"organization":"o"}`
		const unknown = `{"value":"boss@example.com","displayName":"False Name","$ref":"https://elsewhere.example/Users/1"}`
		made := w.want(http.StatusCreated, "POST", "/Users", body("ada", unknown))
		user := "/Users/" + made.str("id")
		check := func(what string, a answer, want string) {
			t.Helper()
			if literal(a.at(enterprise)) != want || a.at("employeeNumber") != nil || a.at("department") != nil {
				t.Errorf("%s made %s\nwant %s", what, a.text, want)
			}
		}
		check("POST", made, plain)
		check("GET", w.want(http.StatusOK, "GET", user, ""), plain)
		check("PUT", w.want(http.StatusOK, "PUT", user, body("ada", `"boss@example.com"`)), plain)
		w.want(http.StatusOK, "PATCH", user, ops(`{"op":"remove","path":"`+enterprise+`"}`))
		check("PATCH", w.want(http.StatusOK, "PATCH", user, ops(`{"op":"add","value":{"`+enterprise+`":{`+six+`,"manager":{"value":"boss@example.com"}}}}`)), plain)
		for name, value := range map[string]string{"employeeNumber": "7", "costCenter": "c", "organization": "o", "division": "d", "department": "Sales"} {
			path := enterprise + ":" + name
			if a := w.want(http.StatusOK, "GET", filtered("/Users", path+` eq "`+value+`"`), ""); a.at("totalResults") != 1.0 {
				t.Errorf("%s finds %s", path, a.text)
			}
			check("PATCH of "+name, w.want(http.StatusOK, "PATCH", user, ops(fmt.Sprintf(`{"op":"replace","path":%q,"value":%q}`, path, value))), plain)
		}
		boss := w.want(http.StatusCreated, "POST", "/Users", `{"userName":"boss@example.com","displayName":"Berit Moe"}`).str("id")
		location := w.server.URL + "/scim/v2/Users/" + boss
		named := fmt.Sprintf(`{"$ref":%q,"displayName":"Berit Moe","value":%%q}`, location)
		known := strings.Replace(plain, `{"value":"boss@example.com"}`, fmt.Sprintf(named, "boss@example.com"), 1)
		check("her arrival", w.want(http.StatusOK, "GET", user, ""), known)
		byID := strings.Replace(plain, `{"value":"boss@example.com"}`, fmt.Sprintf(named, boss), 1)
		for _, manager := range []string{literal(boss), fmt.Sprintf(`{"value":%q,"displayName":"False Name"}`, boss), fmt.Sprintf(`{"$ref":%q}`, location)} {
			check("PUT of "+manager, w.want(http.StatusOK, "PUT", user, body("ada", manager)), byID)
		}
		w.want(http.StatusOK, "PATCH", "/Users/"+boss, ops(`{"op":"replace","path":"displayName","value":"Berit Lie"}`))
		check("her new name", w.want(http.StatusOK, "GET", user, ""), strings.Replace(byID, "Moe", "Lie", 1))
		w.want(http.StatusNoContent, "DELETE", "/Users/"+boss, "")
		check("her leaving", w.want(http.StatusOK, "GET", user, ""), strings.Replace(plain, "boss@example.com", boss, 1))
		letter := newWorld(t, db, strict)
		if a := letter.do("POST", "/Users", `{"schemas":["`+coreUser+`"],"userName":"ada","department":"Top"}`); a.status != http.StatusBadRequest || a.str("scimType") != "invalidSyntax" {
			t.Errorf("strictly, an attribute outside of its container answered %d %s", a.status, a.text)
		}
	})
}
