package graph_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/graph"
	"github.com/usherhq/usher/internal/caller"
)

// told counts what a server logs as an error.
type told struct {
	slog.Handler

	errors atomic.Int64
	last   atomic.Pointer[string]
}

func (*told) Enabled(context.Context, slog.Level) bool { return true }

func (h *told) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		h.errors.Add(1)
		text := r.Message
		r.Attrs(func(a slog.Attr) bool { text += fmt.Sprintf(" %s=%.2000v", a.Key, a.Value); return true })
		h.last.Store(&text)
	}
	return nil
}

// sent is one request, in the parts that are spoiled.
type sent struct {
	query, variables, operation, token, media string
	method, header, value                     string // POST and none where empty
}

func (s sent) body() string {
	query, _ := json.Marshal(s.query)         //nolint:errchkjson // texts always marshal
	operation, _ := json.Marshal(s.operation) //nolint:errchkjson // as above
	return `{"query":` + string(query) + `,"variables":` + s.variables + `,"operationName":` + string(operation) + `}`
}

// good are requests that work: one for every field of the schema's roots, and some with variables, fragments and all kinds of values.
func (w *world) good(ctx context.Context, token, mark string) []sent {
	own := w.household(ctx, mark)
	var all []sent
	for _, root := range []*ast.Definition{schema().Query, schema().Mutation} {
		for _, field := range root.Fields {
			if !strings.HasPrefix(field.Name, "__") {
				all = append(all, sent{query: attack(root, field, own, "", ""), variables: `{}`})
			}
		}
	}
	for query, variables := range map[string]string{
		`query People($f: UserFilter, $o: UserOrder, $n: Int, $after: String) { users(filter: $f, orderBy: $o, first: $n, after: $after) { totalCount pageInfo { endCursor } nodes { ...person } } }
			fragment person on User { userName seats { state license { product } } groups(first: 2) { edges { since node { displayName members(first: 2) { edges { node { id ... on User { userName } } } } } } } events(first: 1) { nodes { kind data } } }`: `{"f":{"search":"ow","active":true,"department":"Sales","claimed":"CREATED"},"o":{"field":"CREATED_AT","direction":"DESCENDING"},"n":3,"after":null}`,
		`query Calls($f: CallFilter!) { tenant { calls(last: 2, filter: $f) { nodes { at path status resource { id } } } tokens(first: 2) { nodes { name scopes } } } }`:                              `{"f":{"method":"GET","refused":true,"probe":false,"since":"2026-01-02T03:04:05Z","until":"2036-01-02T03:04:05.123456+02:00","scimConfigId":"` + own["scim"] + `","resourceId":"` + own["usr"] + `"}}`,
		`query May($p: String!, $who: [PersonInput!]!) { access(product: $p, people: $who) { allowed reason validUntil userId position } }`:                                                           `{"p":"` + mark + ` product","who":[{"id":"` + own["usr"] + `"},{"userName":"` + mark + `@example.com"},{"externalId":"1"}]}`,
		`query Who { viewer { kind name scopes role email session { id seenAt } tenant { plan administrators { name role } invitations { administratorId expiresAt } sessions { id userAgent } } } }`: `{}`,
		`query Last($n: Int) { events(last: $n) { totalCount nodes { id at kind data } pageInfo { startCursor } } tenant { timeZone plan slug } }`:                                                    `{"n":2}`,
		`query After($c: String, $k: [String!]) { events(after: $c, first: 5, filter: {kinds: $k}) { edges { cursor node { number kind subjectId data } } } }`:                                        `{"c":null,"k":["user.created","seat.invited"]}`,
		`mutation New($u: CreateUserInput!, $l: CreateLicenseInput!) { createUser(input: $u) { user { id version attributes } } createLicense(input: $l) { license { id sku termEnd } } }`: `{"u":{"userName":"new@example.com","displayName":"New","emails":[{"value":"new@example.com","type":"work","primary":true}]},` +
			`"l":{"product":"New product","sku":"new","edition":"one","seats":5,"termStart":"2026-01-02T03:04:05Z","termEnd":"2027-01-02T03:04:05Z","pricePerSeatMinor":100,"currency":"USD"}}`,
		`mutation Edit($u: UpdateUserInput!, $g: UpdateGroupInput!) { updateUser(input: $u) { user { version } } updateGroup(input: $g) { group { version } } }`:                                                                                       `{"u":{"id":"` + own["usr"] + `","title":null,"department":"Sales","expectedVersion":9},"g":{"id":"` + own["grp"] + `","displayName":"Renamed","addMemberIds":["` + own["usr"] + `"],"removeMemberIds":[]}}`,
		`query Look($id: ID!, $deep: Boolean!) { node(id: $id) { __typename id ... on License @include(if: $deep) { seats(first: 2, state: INVITED) { totalCount nodes { claims { reason } user { id } } } ledger(first: 2) { nodes { cause } } } } }`: `{"id":"` + own["lic"] + `","deep":true}`,
	} {
		all = append(all, sent{query: query, variables: variables})
	}
	for i := range all {
		all[i].token, all[i].media = token, "application/json"
	}
	return all
}

// TestNoRequestMakesAnAccident sends requests that were good once, with bytes of the document, of variables, of headers and of
// the whole body changed, dropped and doubled.
func TestNoRequestMakesAnAccident(t *testing.T) {
	t.Parallel()
	rounds := 10_000
	if n, err := strconv.Atoi(os.Getenv("USHER_TEST_REQUESTS")); err == nil {
		rounds = n
	}
	each(t, func(t *testing.T, w *world) {
		log := &told{}
		w.server = graph.NewServer(w.r, slog.New(log))
		ctx, token := w.tenant(caller.ScopeAdmin)
		for _, s := range w.good(ctx, token, "first") {
			if a := w.deliver(s.token, s.body(), s.media); a.code() == "invalid_query" || a.code() == "bad_request" {
				t.Fatalf("%s was never good: %s", s.query, a.text)
			}
		}
		random := rand.New(rand.NewPCG(3, 4))
		var good []sent
		worked := 0
		for round := range rounds {
			if round%500 == 0 { // much has been deleted
				good = w.good(ctx, token, fmt.Sprintf("own%d", round))
			}
			s, body := good[random.IntN(len(good))].spoil(random)
			a := w.deliver(s.token, body, s.media, s.method, s.header, s.value)
			for _, e := range a.Errors {
				if code, _ := e.Extensions["code"].(string); code == "internal" || code == "" {
					t.Fatalf("%q\nanswered %d %s\n%s", body, a.status, a.text, *log.last.Load())
				}
			}
			if a.status >= http.StatusInternalServerError || log.errors.Load() > 0 {
				t.Fatalf("%q\nanswered %d %s\n%s", body, a.status, a.text, *log.last.Load())
			}
			if len(a.Errors) == 0 {
				worked++
			}
		}
		if worked < rounds/10 {
			t.Errorf("only %d of %d requests did anything: the test spoils too much", worked, rounds)
		}
	})
}

// spoil returns the request with a part of it changed, and its body.
func (s sent) spoil(random *rand.Rand) (spoilt sent, body string) {
	switch random.IntN(12) {
	case 0, 1:
		s.query = spoiled(random, s.query)
	case 2, 3:
		s.variables = spoiled(random, s.variables)
	case 4:
		s.operation = spoiled(random, "People")
	case 5:
		s.token, s.media = spoiled(random, s.token), spoiled(random, s.media)
	case 11:
		s.method = []string{"", "", "", "GET", "PUT", "HEAD", "OPTIONS", "BREW"}[random.IntN(8)]
		s.header = []string{"Accept", "Content-Encoding", "Content-Length", "Range", "If-Match", "Transfer-Encoding", "Expect", "Authorization", "X-Http-Method-Override", "Upgrade"}[random.IntN(10)]
		s.value = []string{"", "*", "gzip", "-1", "bytes=0-1", "text/html;q=0", "9223372036854775807", "\x00\xff", strings.Repeat("x", 20<<10), "DELETE"}[random.IntN(10)]
	case 6:
		return s, spoiled(random, s.body())
	case 7, 8:
		s.variables = otherwise(random, s.variables)
	default:
		s.query = otherwise(random, s.query)
	}
	return s, s.body()
}

var values = regexp.MustCompile(`"[^"\\]*"|\b\d+\b|\btrue\b|\bfalse\b|\bnull\b|\b[A-Z][A-Z_]{2,}\b`)

// otherwise gives some values of a document or of variables other values, which are well formed.
func otherwise(random *rand.Rand, text string) string {
	found := values.FindAllStringIndex(text, -1)
	if len(found) == 0 {
		return text
	}
	at := found[random.IntN(len(found))]
	was := text[at[0]:at[1]]
	now := numbers[random.IntN(len(numbers))]
	switch {
	case random.IntN(8) == 0:
	case was[0] == '"':
		quoted, _ := json.Marshal(strings.ToValidUTF8(shards[random.IntN(len(shards))], "?")) //nolint:errchkjson // texts always marshal
		now = string(quoted)
		if random.IntN(2) == 0 { // keep what was there
			now = was[:len(was)-1] + now[1:]
		}
	case was[0] >= 'A' && was[0] <= 'Z':
		now = []string{"ASCENDING", "CREATED", "WAITING", "OKTA", "CORE", "FULL", "ascending", "null"}[random.IntN(8)]
	}
	return text[:at[0]] + now + text[at[1]:]
}

var numbers = []string{"0", "1", "-1", "2", "1000", "1001", "2147483647", "2147483648", "9223372036854775807", "99999999999999999999", "1e999", "1.5", "null", "true", "[]", "{}", `""`, `"x"`}

// deliver sends a request with headers as they are.
func (w *world) deliver(token, body, media string, odd ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header["Content-Type"] = []string{media}
	r.Header["Authorization"] = []string{"Bearer " + token}
	if len(odd) > 0 {
		r.Method = cmp.Or(odd[0], r.Method)
		r.Header[odd[1]] = append(r.Header[odd[1]], odd[2])
	}
	got := httptest.NewRecorder()
	w.server.ServeHTTP(got, r)
	a := answer{status: got.Code, text: got.Body.String()}
	if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil {
		w.t.Fatalf("%q was answered %q: %v", body, got.Body, err)
	}
	return a
}

var shards = []string{
	`"`, `\`, `{`, `}`, `[`, `]`, `(`, `)`, `null`, `\u0000`, `"\u0000"`, `\ud800`, `[]`, `{}`, `1e999`, `-1`, `0`, `99999999999999999999`, `2147483648`, `true`, `""`, `,`, `:`, `!`, `$`, `$n`, `"""`,
	"\x00", "\xff", "\u00e9", `...`, `... on User`, `@skip(if: true)`, `@include(if: $x)`, `first: 1`, `last: 1`, `after: "x"`, `__typename`, `__schema { types { name } }`, `#`, "\n", `ASCENDING`, `ascending`,
	`2026-01-02T03:04:05Z`, `9999-12-31T23:59:59-23:59`, `0000-01-01T00:00:00Z`, `usr_00000000000000000000000000`, `lic_`, `%`, `_`, `a: `,
}

func spoiled(random *rand.Rand, text string) string {
	for range 1 + random.IntN(3) {
		if text == "" {
			return text
		}
		from := random.IntN(len(text))
		to := min(len(text), from+random.IntN(8))
		switch random.IntN(5) {
		case 0:
			text = text[:from] + text[to:]
		case 1:
			text = text[:to] + text[from:]
		case 2, 3:
			text = text[:from] + shards[random.IntN(len(shards))] + text[to:]
		default:
			text = text[:from] + string(rune(random.IntN(256))) + text[min(len(text), from+1):]
		}
	}
	return text
}
