package scimadapter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/usherhq/usher/modules/provisioning"
)

// A conversation is a text file: a head of lines that begin with #, then steps that begin with ===.
//
//	# What the provider does, in a sentence.
//	# Shows: W-17 W-31
//	# License: Sales Navigator, 2 seats
//	# Header: User-Agent: Okta SCIM Client 1.0.0
//
//	=== The look-up finds nobody
//	GET /Users?filter=userName eq "ines@fjordline.example"
//
//	--- 200
//	{ … }
//
//	=== State
//	person ines@fjordline.example: active
//
// {ines} stands for the id of the person whose userName begins so, {fieldSales} for the id of the group Field Sales, {base} for
// the address of the door, {token} for the access token. The clock starts at startOfTalk and goes on a second with each step.
// What stands behind --- and in State is written by -update, and then read by a person.
type conversation struct {
	path    string
	head    []string
	shows   []string // ids of requirements
	presets []provisioning.Preset
	product string
	seats   int64
	headers [][2]string // of each request
	schemas []string    // the tenant's own, as JSON
	people  []string    // made by hand
	groups  []string
	steps   []*talkStep
}

// talkStep is an exchange, an act of an administrator, or a look at how things stand.
type talkStep struct {
	title   string
	act     string // ! pause
	method  string
	path    string
	headers [][2]string
	body    string
	want    talkAnswer
}

// talkAnswer is an answer, or the state in its body alone.
type talkAnswer struct {
	status  int
	headers [][2]string
	body    string
}

func (s *talkStep) isState() bool { return s.method == "" && s.act == "" }

// ownPresets are those that a folder's provider is set to when it is not auto.
var ownPresets = map[string]provisioning.Preset{
	"okta": provisioning.PresetOkta, "entra": provisioning.PresetEntra, "onelogin": provisioning.PresetOneLogin,
}

// readConversation reads a file of a provider's folder.
func readConversation(path, folder, text string) (*conversation, error) {
	head, rest, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n=== ")
	c := &conversation{path: path, head: strings.Split(strings.TrimRight(head, "\n"), "\n"), presets: []provisioning.Preset{provisioning.PresetAuto}}
	if own, ok := ownPresets[folder]; ok {
		c.presets = append(c.presets, own)
	}
	for _, line := range c.head {
		if err := c.direct(strings.TrimPrefix(line, "# ")); err != nil {
			return nil, err
		}
	}
	for part := range strings.SplitSeq(rest, "\n=== ") {
		s, err := readStep(part)
		if err != nil {
			return nil, err
		}
		c.steps = append(c.steps, s)
	}
	if len(c.shows) == 0 || !c.steps[len(c.steps)-1].isState() {
		return nil, fmt.Errorf("%s: a conversation says what it shows and ends with the state", path)
	}
	return c, nil
}

// direct follows a line of the head. Lines without a known word are prose.
func (c *conversation) direct(line string) error {
	word, value, _ := strings.Cut(line, ": ")
	switch word {
	case "Shows":
		c.shows = append(c.shows, strings.Fields(value)...)
	case "Preset":
		c.presets = nil
		for name := range strings.FieldsSeq(value) {
			c.presets = append(c.presets, provisioning.Preset(name))
		}
	case "License":
		product, seats, _ := strings.Cut(value, ", ")
		number, _, _ := strings.Cut(seats, " ")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("%s: a license is Product, N seats: %w", c.path, err)
		}
		c.product, c.seats = product, n
	case "Header":
		name, text, _ := strings.Cut(value, ": ")
		c.headers = append(c.headers, [2]string{name, text})
	case "Schema":
		c.schemas = append(c.schemas, value)
	case "Person":
		c.people = append(c.people, value)
	case "Group":
		c.groups = append(c.groups, value)
	}
	return nil
}

func readStep(text string) (*talkStep, error) {
	title, rest, _ := strings.Cut(text, "\n")
	s := &talkStep{title: strings.TrimSpace(title)}
	if s.title == "State" {
		s.want.body = strings.TrimSpace(rest)
		return s, nil
	}
	asked, answered, _ := strings.Cut(rest, "\n--- ")
	first, more, _ := strings.Cut(asked, "\n")
	if act, ok := strings.CutPrefix(first, "! "); ok {
		s.act = strings.TrimSpace(act)
		return s, nil
	}
	s.method, s.path, _ = strings.Cut(strings.TrimSpace(first), " ")
	if !strings.HasPrefix(s.path, "/") && s.path != "" {
		return nil, fmt.Errorf("%q: a request is a method and a path", first)
	}
	s.headers, s.body = splitMessage(more)
	if answered == "" {
		return s, nil
	}
	status, message, _ := strings.Cut(answered, "\n")
	var err error
	if s.want.status, err = strconv.Atoi(strings.TrimSpace(status)); err != nil {
		return nil, fmt.Errorf("%s: the status of an answer: %w", s.title, err)
	}
	s.want.headers, s.want.body = splitMessage(message)
	return s, nil
}

// splitMessage takes the headers from what stands above an empty line, and the body from below it.
func splitMessage(text string) (headers [][2]string, body string) {
	for text = strings.TrimLeft(text, "\n"); text != ""; {
		line, rest, _ := strings.Cut(text, "\n")
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.ContainsAny(name, " {[\"") {
			break
		}
		headers, text = append(headers, [2]string{name, strings.TrimSpace(value)}), rest
	}
	return headers, strings.TrimSpace(text)
}

// String writes the file anew.
func (c *conversation) String() string {
	out := bytes.NewBufferString(strings.Join(c.head, "\n") + "\n")
	for _, s := range c.steps {
		fmt.Fprintf(out, "\n=== %s\n", s.title)
		switch {
		case s.act != "":
			fmt.Fprintf(out, "! %s\n", s.act)
		case s.isState():
			fmt.Fprintf(out, "%s\n", s.want.body)
		default:
			fmt.Fprintf(out, "%s %s\n", s.method, s.path)
			writeMessage(out, s.headers, s.body, true)
			fmt.Fprintf(out, "\n--- %d\n", s.want.status)
			writeMessage(out, s.want.headers, s.want.body, len(s.want.headers) > 0)
		}
	}
	return out.String()
}

func writeMessage(out io.Writer, headers [][2]string, body string, apart bool) {
	for _, h := range headers {
		fmt.Fprintln(out, strings.TrimSpace(h[0]+": "+h[1]))
	}
	if body == "" {
		return
	}
	if apart {
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, body)
}

// pretty writes JSON for a reader: the members in their order, and on one line what has room there.
func pretty(text string) (string, error) {
	p := prettyPrinter{json.NewDecoder(strings.NewReader(text))}
	p.UseNumber()
	return p.next(0)
}

type prettyPrinter struct{ *json.Decoder }

func (p prettyPrinter) next(indent int) (string, error) {
	token, err := p.Token()
	if err != nil {
		return "", err
	}
	opened, isDelim := token.(json.Delim)
	if !isDelim {
		return marshal(token)
	}
	var items []string
	for p.More() {
		name := ""
		if opened == '{' {
			key, err := p.next(0)
			if err != nil {
				return "", err
			}
			name = key + ": "
		}
		item, err := p.next(indent + 2)
		if err != nil {
			return "", err
		}
		items = append(items, name+item)
	}
	closed, err := p.Token()
	if err != nil {
		return "", err
	}
	const room = 130
	inline := fmt.Sprint(opened, strings.Join(items, ", "), closed)
	if len(items) == 0 || indent > 0 && len(inline)+indent <= room && !strings.Contains(inline, "\n") {
		return inline, nil
	}
	pad := "\n" + strings.Repeat(" ", indent+2)
	return fmt.Sprint(opened, pad, strings.Join(items, ","+pad), "\n", strings.Repeat(" ", indent), closed), nil
}

func marshal(value any) (string, error) {
	var out bytes.Buffer
	writer := json.NewEncoder(&out)
	writer.SetEscapeHTML(false)
	err := writer.Encode(value)
	return strings.TrimSuffix(out.String(), "\n"), err
}

// written are the headers of an answer that a file shows: those of its own, and those that tell a client what to do.
func (s *talkStep) written(have func(name string) string) [][2]string {
	names := []string{"Retry-After", "WWW-Authenticate", "Allow"}
	for _, h := range s.want.headers {
		if !slices.Contains(names, h[0]) {
			names = append(names, h[0])
		}
	}
	var all [][2]string
	for _, name := range names {
		if value := have(name); value != "" {
			all = append(all, [2]string{name, value})
		}
	}
	return all
}
