package filter

import (
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
	p := start(text, o)
	if p.err != nil {
		return nil, p.err
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
	p := start(text, o)
	if p.err != nil {
		return Path{}, p.err
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

func start(text string, o Options) parser {
	p := parser{text: text, o: o}
	switch {
	case len(text) > MaxBytes:
		p.fail("a filter has at most 8 KiB")
	case !utf8.ValidString(text):
		p.fail("the text is not UTF-8")
	case strings.IndexByte(text, 0) >= 0:
		p.fail("the text has a NUL character")
	}
	return p
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

func (p *parser) operation(attr Attr) Node {
	if p.err != nil {
		return nil
	}
	if !p.blanks() {
		p.fail("expected a blank and an operator")
		return nil
	}
	from := p.at
	op, ok := operator(p.word())
	switch {
	case !ok:
		p.at = from
		p.fail("expected one of eq, ne, co, sw, ew, gt, ge, lt, le, pr")
		return nil
	case op == Pr:
		return Compare{Attr: attr, Op: Pr}
	}
	if !p.blanks() && !p.sees('"') {
		p.fail("expected a blank and a value")
		return nil
	}
	return Compare{Attr: attr, Op: op, Value: p.value()}
}

// operator finds the operator that a word means, in any case.
func operator(word string) (Op, bool) {
	if len(word) != 2 {
		return "", false
	}
	switch [2]byte{word[0] | 0x20, word[1] | 0x20} {
	case [2]byte{'e', 'q'}:
		return Eq, true
	case [2]byte{'n', 'e'}:
		return Ne, true
	case [2]byte{'c', 'o'}:
		return Co, true
	case [2]byte{'s', 'w'}:
		return Sw, true
	case [2]byte{'e', 'w'}:
		return Ew, true
	case [2]byte{'g', 't'}:
		return Gt, true
	case [2]byte{'g', 'e'}:
		return Ge, true
	case [2]byte{'l', 't'}:
		return Lt, true
	case [2]byte{'l', 'e'}:
		return Le, true
	case [2]byte{'p', 'r'}:
		return Pr, true
	default:
		return "", false
	}
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
	if !isURN(rest) {
		return ""
	}
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
	p.fail("the schema of this URN is not known")
	return ""
}

func isURN(text string) bool {
	return len(text) >= 4 && text[3] == ':' && strings.EqualFold(text[:3], "urn")
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

func (p *parser) sees(b byte) bool { return p.at < len(p.text) && p.text[p.at] == b }

func (p *parser) next(b byte) bool {
	if p.err != nil || !p.sees(b) {
		return false
	}
	p.at++
	return true
}
