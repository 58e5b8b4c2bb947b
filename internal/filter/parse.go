package filter

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Options tell what the reader cannot know.
type Options struct {
	URNs      []string // of the schemas that names may be qualified with; the longest that fits is taken, without case
	AllowBare bool     // a word without quotes is a string, as one of Entra's own examples has it
}

// Path names what a PATCH operation works on: an attribute, elements of it, or a sub-attribute of these.
type Path struct {
	Attr  Attr   // Attr.Name is empty when the path is the URN of an extension as a whole
	Where Node   // nil unless the path has brackets
	Sub   string // behind the brackets
}

// Parse reads a filter. What is none is a *SyntaxError.
func Parse(text string, o Options) (Node, error) {
	p, err := start(text, o)
	if err != nil {
		return nil, err
	}
	p.blanks()
	n := p.or(1)
	p.blanks()
	if p.err == nil && p.at < len(text) {
		p.fail("expected one of and, or, the end")
	}
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

// ParsePath reads the path of a PATCH operation. What is none is a *SyntaxError.
func ParsePath(text string, o Options) (Path, error) {
	p, err := start(text, o)
	if err != nil {
		return Path{}, err
	}
	for _, urn := range o.URNs {
		if strings.EqualFold(urn, text) {
			return Path{Attr: Attr{URN: urn}}, nil
		}
	}
	path := Path{Attr: p.attr()}
	if p.err == nil && p.next('[') {
		path.Where = p.brackets()
		if p.next('.') {
			path.Sub = p.name()
		}
	}
	if p.err == nil && p.at < len(text) {
		p.fail("expected the end of the path")
	}
	if p.err != nil {
		return Path{}, p.err
	}
	return path, nil
}

// parser reads by recursive descent. Its first fault stays; after it every step is a step in place.
type parser struct {
	text   string
	at     int
	terms  int
	inside bool
	o      Options
	err    *SyntaxError
}

func start(text string, o Options) (*parser, error) {
	p := &parser{text: text, o: o}
	switch {
	case len(text) > MaxBytes:
		p.fail("a filter has at most 8 KiB")
	case !utf8.ValidString(text):
		p.fail("the text is not UTF-8")
	case strings.IndexByte(text, 0) >= 0:
		p.fail("the text has a NUL character")
	}
	if p.err != nil {
		return nil, p.err
	}
	return p, nil
}

func (p *parser) fail(reason string) {
	if p.err == nil {
		p.err = &SyntaxError{Pos: p.at, Reason: reason, Inside: p.inside}
	}
}

func (p *parser) or(depth int) Node {
	left := p.and(depth)
	for p.err == nil && p.keyword("or") {
		left = Or{Left: left, Right: p.and(depth)}
	}
	return left
}

func (p *parser) and(depth int) Node {
	left := p.term(depth)
	for p.err == nil && p.keyword("and") {
		left = And{Left: left, Right: p.term(depth)}
	}
	return left
}

func (p *parser) term(depth int) Node {
	if depth > MaxDepth {
		p.fail("a filter has at most 32 levels of brackets")
	}
	if p.err != nil {
		return nil
	}
	if p.not() {
		return Not{Of: p.group(depth)}
	}
	if p.next('(') {
		p.at--
		return p.group(depth)
	}
	return p.comparison()
}

// not reads the word and any blanks behind it, if a bracket follows: not alone may be an attribute's name.
func (p *parser) not() bool {
	rest := p.text[p.at:]
	if len(rest) < 4 || !strings.EqualFold(rest[:3], "not") {
		return false
	}
	behind := strings.TrimLeft(rest[3:], " ")
	if !strings.HasPrefix(behind, "(") {
		return false
	}
	p.at += len(rest) - len(behind)
	return true
}

func (p *parser) group(depth int) Node {
	p.at++ // the bracket
	p.blanks()
	n := p.or(depth + 1)
	p.blanks()
	if p.err == nil && !p.next(')') {
		p.fail("expected )")
	}
	return n
}

func (p *parser) comparison() Node {
	p.terms++
	if p.terms > MaxTerms {
		p.fail("a filter has at most 64 comparisons")
	}
	attr := p.attr()
	if p.err != nil {
		return nil
	}
	if p.next('[') {
		return p.each(attr)
	}
	return p.operation(attr)
}

func (p *parser) each(attr Attr) Node {
	if p.inside || attr.Sub != "" {
		p.fail("brackets stand behind an attribute and not within brackets")
		return nil
	}
	where := p.brackets()
	// Entra asks for emails[type eq "work"].value eq "…": the element has to satisfy both.
	if p.err == nil && p.next('.') {
		sub := p.operation(Attr{Name: p.name()})
		where = And{Left: where, Right: sub}
	}
	return Each{Attr: attr, Where: where}
}

func (p *parser) brackets() Node {
	p.inside = true
	p.blanks()
	where := p.or(1)
	p.blanks()
	if p.err == nil && !p.next(']') {
		p.fail("expected ]")
	}
	p.inside = false
	return where
}

var operators = []Op{Eq, Ne, Co, Sw, Ew, Gt, Ge, Lt, Le}

func (p *parser) operation(attr Attr) Node {
	if p.err != nil {
		return nil
	}
	if !p.blanks() {
		p.fail("expected a blank and an operator")
		return nil
	}
	word := strings.ToLower(p.word())
	if word == string(Pr) {
		return Compare{Attr: attr, Op: Pr}
	}
	if !slices.Contains(operators, Op(word)) {
		p.at -= len(word)
		p.fail("expected one of eq, ne, co, sw, ew, gt, ge, lt, le, pr")
		return nil
	}
	blank := p.blanks()
	if !blank && !strings.HasPrefix(p.text[p.at:], `"`) {
		p.fail("expected a blank and a value")
		return nil
	}
	return Compare{Attr: attr, Op: Op(word), Value: p.value()}
}

func (p *parser) value() Value {
	if strings.HasPrefix(p.text[p.at:], `"`) {
		return p.quoted()
	}
	from := p.at
	for p.at < len(p.text) && !strings.ContainsRune(" ()[]\"\t\r\n", rune(p.text[p.at])) {
		p.at++
	}
	word := p.text[from:p.at]
	switch strings.ToLower(word) {
	case "true", "false":
		return Value{Kind: Bool, Text: strings.ToLower(word)}
	case null:
		return Value{Kind: Null, Text: null}
	}
	var number json.Number
	if json.Unmarshal([]byte(word), &number) == nil && word != "" {
		return Value{Kind: Number, Text: word}
	}
	if p.o.AllowBare && word != "" && !strings.ContainsAny(word, `{}'\,`) {
		return Value{Kind: String, Text: word}
	}
	p.at = from
	p.fail(`expected a value: a string in double quotes, a number, true, false or null`)
	return Value{}
}

// quoted reads a JSON string. Lone surrogates and NUL are refused, for no database could give them back.
func (p *parser) quoted() Value {
	from := p.at
	for p.at++; p.at < len(p.text) && p.text[p.at] != '"'; p.at++ {
		if p.text[p.at] == '\\' {
			p.at++
		}
	}
	if p.at >= len(p.text) {
		p.at = from
		p.fail("the string has no end")
		return Value{}
	}
	p.at++
	literal := p.text[from:p.at]
	var text string
	if json.Unmarshal([]byte(literal), &text) != nil || strings.IndexByte(text, 0) >= 0 || loneSurrogate(literal, text) {
		p.at = from
		p.fail("the string is not a JSON string of valid characters")
		return Value{}
	}
	return Value{Kind: String, Text: text}
}

// loneSurrogate tells whether the reader had to replace an escape that is no character.
func loneSurrogate(literal, text string) bool {
	return strings.Count(text, "\uFFFD") > strings.Count(literal, "\uFFFD")+strings.Count(strings.ToLower(literal), `\ufffd`)
}

func (p *parser) attr() Attr {
	urn := p.urn()
	if p.err != nil {
		return Attr{}
	}
	a := Attr{URN: urn, Name: p.name()}
	if p.err == nil && p.next('.') {
		a.Sub = p.name()
	}
	return a
}

// urn reads the registered URN in front of a name. URNs have colons and dots of their own, so only whole ones are taken.
func (p *parser) urn() string {
	rest, best := p.text[p.at:], ""
	for _, urn := range p.o.URNs {
		fits := len(rest) > len(urn) && strings.EqualFold(rest[:len(urn)], urn) && rest[len(urn)] == ':'
		if fits && len(urn) > len(best) {
			best = urn
		}
	}
	if best != "" {
		p.at += len(best) + 1
		return best
	}
	if len(rest) >= 4 && strings.EqualFold(rest[:4], "urn:") {
		p.fail("the schema of this URN is not known")
	}
	return ""
}

func (p *parser) name() string {
	from := p.at
	if rest := p.text[p.at:]; len(rest) >= 4 && strings.EqualFold(rest[:4], "$ref") {
		p.at++
	}
	for p.at < len(p.text) && nameByte(p.text[p.at], p.at == from) {
		p.at++
	}
	if p.at == from {
		p.fail("expected the name of an attribute")
	}
	return p.text[from:p.at]
}

func nameByte(b byte, first bool) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z':
		return true
	case first:
		return false
	default:
		return '0' <= b && b <= '9' || b == '-' || b == '_' || b == '$'
	}
}

func (p *parser) word() string {
	from := p.at
	for p.at < len(p.text) && nameByte(p.text[p.at], p.at == from) {
		p.at++
	}
	return p.text[from:p.at]
}

// keyword reads a word between blanks, or nothing at all.
func (p *parser) keyword(word string) bool {
	from := p.at
	if p.blanks() && strings.EqualFold(p.word(), word) && p.blanks() {
		return true
	}
	p.at = from
	return false
}

func (p *parser) blanks() bool {
	from := p.at
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
	return p.at > from
}

func (p *parser) next(b byte) bool {
	if p.err != nil || p.at >= len(p.text) || p.text[p.at] != b {
		return false
	}
	p.at++
	return true
}
