package scimadapter

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/fault"
)

// TestTheReaderTakesIJSONAlone reads what many a JSON reader takes, each in its own way.
//
// Conformance: H-7493-01 S-2.1-03
func TestTheReaderTakesIJSONAlone(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", " ", "null", "[]", `"x"`, "7", "true", "{", `{"a":`, `{"a":1`, `{"a":1,}`, `{a:1}`, `{'a':1}`, `{"a":1}}`, `{"a":1} x`, `{}{}`, `{"a":1}null`,
		"\ufeff{}", "\x00{}", "{}\x00", "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\xaf\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"\xff\":1}", "{\"a\":\"line\nline\"}", "{\"a\":\"\t\"}",
		`{"a":"\ud800"}`, `{"a":"\udc00"}`, `{"a":"\ud800\ud800"}`, `{"a":"\udc00\ud800"}`, `{"a":"\ud800x"}`, `{"a":"\ud800\u0041"}`, `{"a":"\ud800\\udc00"}`,
		`{"\udfff":1}`, `{"a":["x",{"b":"\\\ud83d"}]}`, `{"a":"\u12"}`, `{"a":"\x41"}`,
		`{"a":1e400}`, `{"a":-1e400}`, `{"a":1e309}`, `{"a":NaN}`, `{"a":Infinity}`, `{"a":01}`, `{"a":+1}`, `{"a":.5}`, `{"a":1.}`, `{"a":0x10}`,
		`{"a":9007199254740993.0}`, `{"a":1e17}`, `{"a":-9.007199254740994e15}`, `{"a":` + strings.Repeat("9", 400) + `}`,
		`{"a":1,"a":2}`, `{"a":1,"A":2}`, `{"active":false,"Active":true}`, `{"b":{"x":1,"y":2,"X":3}}`, `{"\u0061":1,"a":2}`, `{"é":1,"É":2}`,
		strings.Repeat(`{"a":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+1), strings.Repeat(`{"a":`, 100_000), `{"a":` + strings.Repeat("[", 100_000) + `}`,
	} {
		o, err := readObject([]byte(bad))
		f, known := fault.As(err)
		if err == nil || !known || f.ScimType != "invalidSyntax" || f.Message == "" || len(f.Message) > 200 {
			t.Errorf("%.60q was read as %v, %v", bad, o, err)
		}
	}
	for _, c := range [][2]string{
		{`{}`, `{}`},
		{" \r\n\t{ \"a\" : 1 } \n", `{"a":1}`},
		{`{"a":"\ud83d\ude00\u00e9\\ud800"}`, `{"a":"😀é\\ud800"}`},
		{`{"a":"\\\\ud800","b":"\\\ud83d\ude00"}`, `{"a":"\\\\ud800","b":"\\😀"}`},
		{`{"a":9007199254740993}`, `{"a":9007199254740993}`},
		{`{"a":-18446744073709551616}`, `{"a":-18446744073709551616}`},
		{`{"a":1.50,"b":1e-400,"c":-0,"d":0.1e-5}`, `{"a":1.50,"b":1e-400,"c":-0,"d":0.1e-5}`},
		{`{"a":9007199254740991.0,"b":1e15}`, `{"a":9007199254740991.0,"b":1e15}`},
		{`{"a":[],"b":[null,true,"x"],"c":{"a":1}}`, `{"a":[],"b":[null,true,"x"],"c":{"a":1}}`},
		{strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth), strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth)},
	} {
		good, want := c[0], c[1]
		o, err := readObject([]byte(good))
		if err != nil {
			t.Errorf("%.60q was refused: %v", good, err)
			continue
		}
		if text, err := json.Marshal(o); err != nil || string(text) != want {
			t.Errorf("%.60q was read as %s", good, text)
		}
	}
}

func TestNamesOfAttributesAreASCII(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"userName": true, "USERNAME": true, "uſerName": false, "nic\u212aName": false, "nickName": true} {
		if got := userType.attribute(name) != nil; got != known {
			t.Errorf("%q names an attribute: %v", name, got)
		}
	}
	o := object{"ſchemas": 1, "active": 2}
	if _, ok := o.get("schemas"); ok {
		t.Error("a long s was taken for an s")
	}
}
