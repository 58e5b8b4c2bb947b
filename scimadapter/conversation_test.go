package scimadapter_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/provisioning"
	"github.com/usherhq/usher/scimadapter"
)

var update = flag.Bool("update", false, "write the answers and states of conversations anew, for review")

// startOfTalk is what the clock shows when a conversation begins.
var startOfTalk = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// TestConversations replays what providers send, file by file, on both databases and with every preset that a file names, and
// compares each answer and the state that it leads to. Run it with -update to have the answers written anew.
//
// Conformance: W-78
func TestConversations(t *testing.T) {
	t.Parallel()
	for _, path := range conversationFiles(t) {
		c := loadConversation(t, path)
		t.Run(strings.TrimSuffix(strings.TrimPrefix(path, "testdata/"), ".txt"), func(t *testing.T) {
			t.Parallel()
			if *update {
				replay(t, c, c.presets[0], storetest.Open(t, storetest.SQLite))
				if err := os.WriteFile(path, []byte(c.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, preset := range c.presets {
				t.Run(string(preset), func(t *testing.T) {
					t.Parallel()
					storetest.Each(t, func(t *testing.T, db *store.DB) { replay(t, c, preset, db) })
				})
			}
		})
	}
}

func conversationFiles(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	return files
}

func loadConversation(t *testing.T, path string) *conversation {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := readConversation(path, filepath.Base(filepath.Dir(path)), string(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// talk is a conversation that is going on.
type talk struct {
	*world

	c      *conversation
	now    time.Time
	others map[string]string // tokens of more configurations, by their names
	names  map[string]string // of ids
	ids    map[string]string // of names
}

func replay(t *testing.T, c *conversation, preset provisioning.Preset, db *store.DB) {
	t.Helper()
	k := &talk{c: c, now: startOfTalk, names: map[string]string{}, ids: map[string]string{}, others: map[string]string{}}
	k.world = newWorldAt(t, db, func() time.Time { return k.now }, func(n *provisioning.NewConfig) { n.Preset = preset })
	k.prepare()
	for _, s := range c.steps {
		k.now = k.now.Add(time.Second)
		switch {
		case s.isState():
			k.compareState(s)
		case s.act != "":
			k.perform(s.act)
		default:
			k.exchange(s)
		}
		if t.Failed() {
			return // what follows would only repeat it
		}
	}
}

// exchange sends a request and compares what comes back.
func (k *talk) exchange(s *talkStep) {
	k.t.Helper()
	got := k.send(s)
	k.learn(got.body)
	actual := talkAnswer{status: got.status, headers: s.written(func(name string) string { return k.general(got.header.Get(name)) })}
	if got.text != "" {
		var err error
		if actual.body, err = pretty(k.general(got.text)); err != nil {
			k.t.Fatalf("%s: %v", s.title, err)
		}
	}
	k.checkForm(s, got)
	if *update {
		s.want = actual
		return
	}
	if !s.want.equal(actual) {
		k.t.Errorf("%s, %q: %s %s\nanswered %d %v\n%s\nwant %d %v\n%s\n(go test ./scimadapter -run TestConversations -update writes it anew, for review)", k.c.path, s.title, s.method, s.path,
			actual.status, actual.headers, actual.body, s.want.status, s.want.headers, s.want.body)
	}
}

func (k *talk) send(s *talkStep) answer {
	k.t.Helper()
	headers := []string{"Authorization", "Bearer " + k.token}
	if s.body != "" {
		headers = append(headers, "Content-Type", "application/scim+json")
	}
	for _, h := range append(k.c.headers, s.headers...) {
		if h[0] == "Configuration" {
			headers = append(headers, "Authorization", "Bearer "+k.other(h[1]))
			continue
		}
		headers = append(headers, h[0], k.special(h[1]))
	}
	return k.do(s.method, sendable(k.special(s.path)), k.special(s.body), headers...)
}

// other returns the token of another configuration of the tenant.
func (k *talk) other(name string) string {
	if k.others[name] == "" {
		config, err := k.provisioning.CreateConfig(k.admin, provisioning.NewConfig{Name: name})
		if err != nil {
			k.t.Fatal(err)
		}
		k.others[name] = k.issue(config.ID, caller.ScopeSCIM)
	}
	return k.others[name]
}

// equal compares JSON without regard to the order of members.
func (a talkAnswer) equal(b talkAnswer) bool {
	if a.status != b.status || !reflect.DeepEqual(a.headers, b.headers) || (a.body == "") != (b.body == "") {
		return false
	}
	var left, right any
	for text, into := range map[string]*any{a.body: &left, b.body: &right} {
		if text != "" && json.Unmarshal([]byte(text), into) != nil {
			return false
		}
	}
	return a.body == b.body || reflect.DeepEqual(left, right)
}

// checkForm checks what holds for every answer, so that files need not say it.
func (k *talk) checkForm(s *talkStep, got answer) {
	k.t.Helper()
	fail := func(why string) { k.t.Errorf("%s, %q: %s: %s\n%v", k.c.path, s.title, why, got.text, got.header) }
	kind := "application/scim+json"
	for _, h := range s.want.headers {
		if h[0] == "Content-Type" {
			kind = h[1]
		}
	}
	if got.text != "" && got.header.Get("Content-Type") != kind {
		fail("the Content-Type is not " + kind)
	}
	if version := got.str("meta", "version"); version != got.header.Get("ETag") && version != "" {
		fail("the ETag is not the version")
	}
	if got.status == http.StatusCreated && got.header.Get("Location") != got.str("meta", "location") && got.at("meta") != nil {
		fail("the Location is not the resource's")
	}
	if got.status < http.StatusBadRequest {
		return
	}
	if got.str("status") != strconv.Itoa(got.status) || got.str("detail") == "" || !strings.Contains(got.text, `"urn:ietf:params:scim:api:messages:2.0:Error"`) {
		fail("an error is not in SCIM's words")
	}
	if what, do, ok := strings.Cut(got.str("detail"), "; "); !ok || len(what) < 10 || len(do) < 9 {
		fail("the detail does not say what is wrong; what to do")
	}
	if retry := got.header.Get("Retry-After"); retry != "" {
		if n, err := strconv.Atoi(retry); err != nil || n < 1 {
			fail("Retry-After is not whole seconds")
		}
	}
}

var (
	someID       = regexp.MustCompile(`\b(usr|grp|lic)_[0-9a-z]{26}\b`)
	someVariable = regexp.MustCompile(`\{[a-z][A-Za-z0-9]*\}`)
)

// special puts the values of variables into a text of the file.
func (k *talk) special(text string) string {
	return someVariable.ReplaceAllStringFunc(text, func(name string) string {
		switch name {
		case "{base}":
			return k.server.URL + scimadapter.Base
		case "{token}":
			return k.token
		}
		id, ok := k.ids[strings.Trim(name, "{}")]
		if !ok {
			k.t.Fatalf("%s: nothing is called %s; known are %v", k.c.path, name, k.ids)
		}
		return id
	})
}

// general puts variables into what came back.
func (k *talk) general(text string) string {
	text = strings.ReplaceAll(text, k.server.URL+scimadapter.Base, "{base}")
	return someID.ReplaceAllStringFunc(text, func(id string) string {
		if name, ok := k.names[id]; ok {
			return "{" + name + "}"
		}
		return id
	})
}

// learn names the resources of an answer.
func (k *talk) learn(value any) {
	switch value := value.(type) {
	case map[string]any:
		id, _ := value["id"].(string)
		if bulkID, ok := value["bulkId"].(string); ok {
			location, _ := value["location"].(string)
			k.name(path.Base(location), bulkID)
		}
		if name, ok := value["userName"].(string); ok && strings.HasPrefix(id, "usr_") {
			k.name(id, name)
		} else if name, ok := value["displayName"].(string); ok {
			k.name(id, name)
		}
		for _, one := range value {
			k.learn(one)
		}
	case []any:
		for _, one := range value {
			k.learn(one)
		}
	}
}

// name calls an id by the first part of a userName, or by a group's name written in one word.
func (k *talk) name(id, text string) {
	if k.names[id] != "" || !someID.MatchString(id) {
		return // known, or a client's own
	}
	whole := text
	if strings.HasPrefix(id, "usr_") {
		whole = strings.FieldsFunc(text+".", func(r rune) bool { return r == '.' || r == '@' || r == '+' })[0]
	}
	words := strings.FieldsFunc(whole, func(r rune) bool { return (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') })
	name := ""
	for i, word := range words {
		word = strings.ToLower(word)
		if i > 0 {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		name += word
	}
	if name == "" || name[0] < 'a' {
		name = id[:3] + name
	}
	free := name
	for n := 2; k.ids[free] != ""; n++ {
		free = fmt.Sprint(name, n)
	}
	k.names[id], k.ids[free] = free, id
}
