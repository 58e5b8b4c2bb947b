package scimadapter

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/modules/directory"
)

// FuzzReadObject reads any bytes: a refusal is a fault, and what was read means the same as it does to the standard library.
func FuzzReadObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,{"b":null}],"c":"\u00e9"}`, `{"a":1,"A":2}`, `[`, `{"a":1e999}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}", `{}{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := readObject(body)
		if err != nil {
			if _, known := fault.As(err); !known {
				t.Fatalf("%q made the accident %v", body, err)
			}
			return
		}
		want, err := exactly(body)
		if err != nil {
			t.Fatalf("%q was read, and is not JSON: %v", body, err)
		}
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := exactly(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q was read as %s", body, text)
		}
	})
}

// exactly reads JSON with its numbers as they are written.
func exactly(text []byte) (o map[string]any, err error) {
	reader := json.NewDecoder(bytes.NewReader(text))
	reader.UseNumber()
	err = reader.Decode(&o)
	return o, err
}

// FuzzPatchUser applies any PATCH message to a person: a refusal is a fault, and what comes out is a person again.
func FuzzPatchUser(f *testing.F) {
	const head = `{"schemas":["` + patchURN + `"],"Operations":[`
	for _, seed := range []string{
		`{"op":"replace","value":{"active":false}}`,
		`{"op":"add","path":"emails[type eq \"work\"].value","value":"a@x"}`,
		`{"op":"Replace","path":"name.givenName","value":"A"},{"op":"remove","path":"name"}`,
		`{"op":"add","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager":"x","emails":[{"value":"a"},{"value":"b","primary":"True"}]}}`,
		`{"op":"remove","path":"emails[not (type eq \"home\") or value co \"x\"]"}`,
		`{"op":"replace","path":"roles[primary eq true].display","value":null}`,
	} {
		f.Add([]byte(head + seed + `]}`))
	}
	for _, seed := range []string{
		`{"schemas":["urn:scim:schemas:core:1.0"],"members":[{"value":"usr_1","operation":"delete"},{"value":"usr_2"}],"meta":{"attributes":["title",7]}}`,
		`{"schemas":["urn:scim:schemas:core:1.0"],"active":"false","emails":{"value":"a"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":[{"managerId":"x"}]}}`,
		head + `{"op":"Add","path":"roles","value":[{"value":"{\"value\":\"a\",\"displayName\":\"A\"}"}]},{"op":"Replace","path":"manager","value":"x"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		message, err := readObject(body)
		if err != nil {
			return
		}
		var seen signs
		seen.ofBody(message)
		for _, m := range []manners{{strict: true}, {creates: true}} {
			u := directory.User{
				UserName: "ada", Active: true, Name: directory.Name{GivenName: "Ada"},
				Emails: []directory.Value{{Value: "ada@work", Type: "work", Primary: true}, {Value: "ada@home", Type: "home"}},
			}
			doc, err := document(&u)
			if err != nil {
				t.Fatal(err)
			}
			ops, err := m.operations(message)
			if err == nil {
				err = m.patch(userType, doc, ops)
			}
			if err == nil {
				err = become(&u, doc)
			}
			if _, known := fault.As(err); err != nil && !known {
				t.Fatalf("%q made the accident %v", body, err)
			}
			if ops, err := m.operations(message); err == nil {
				if _, err := m.groupEdit(ops); err != nil {
					if _, known := fault.As(err); !known {
						t.Fatalf("%q for a group made the accident %v", body, err)
					}
				}
			}
		}
	})
}
