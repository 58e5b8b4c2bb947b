package directory

import (
	"slices"
	"strconv"
	"strings"

	"github.com/usherhq/usher/internal/filter"
)

// compare compiles one comparison. Of an attribute with several values one has to meet it; an absent one meets nothing but ne,
// and eq null.
func (c *compiler) compare(n filter.Compare) (clause, error) {
	a, err := c.attribute(n.Attr)
	if err != nil || a == nil {
		return c.absent(n), err
	}
	asks, negated, err := presence(n)
	if err != nil {
		return nothing, err
	}
	if asks {
		p, err := c.present(a, n.Attr)
		if negated {
			p = c.reverse(p)
		}
		return p, err
	}
	f := c.fields.field(n.Attr)
	if f == nil {
		return nothing, noValue(a, n.Attr)
	}
	text, err := literal(f, n)
	if err != nil {
		return nothing, err
	}
	if f.many && f.isPrimary() {
		return c.comparePrimary(a, f, n.Op, text)
	}
	return c.meets(f, n.Op, text), nil
}

// attribute finds what is named. It is nil where only resources of the other type have it.
func (c *compiler) attribute(named filter.Attr) (*attribute, error) {
	if a := c.fields.find(named); a != nil {
		return a, c.fields.ready(a)
	}
	if c.others != nil && c.others.find(named) != nil {
		return nil, nil //nolint:nilnil // an attribute of others is no mistake
	}
	who := "users have"
	switch {
	case c.others != nil:
		who = "neither users nor groups have"
	case c.of == aGroup:
		who = "groups have"
	}
	if c.fields.unshown[attributeKey(named.URN, named.Name)] {
		return nil, ErrFilterUnsupported.Sayf("nobody can filter by %s: it is never shown to anybody", named)
	}
	if strings.EqualFold(named.Name, "password") {
		return nil, ErrFilterUnsupported.Sayf("nobody can filter by password: it is not kept")
	}
	return nil, ErrFilterUnsupported.Sayf("%s no attribute %q that can be filtered by; attributes of an extension are named with its URN, as in %s:department",
		who, named.String(), EnterpriseURN)
}

// absent is what a comparison comes to where nobody has the attribute.
func (c *compiler) absent(n filter.Compare) clause {
	if n.Op == filter.Ne && n.Value.Kind != filter.Null || n.Op == filter.Eq && n.Value.Kind == filter.Null {
		return everything
	}
	return nothing
}

// presence tells whether a comparison asks for a value at all, or for none: eq null is not pr, and ne null is pr.
func presence(n filter.Compare) (asks, negated bool, err error) {
	switch {
	case n.Op == filter.Pr:
		return true, false, nil
	case n.Value.Kind != filter.Null:
		return false, false, nil
	case n.Op == filter.Eq || n.Op == filter.Ne:
		return true, n.Op == filter.Eq, nil
	default:
		return false, false, ErrFilterUnsupported.Sayf("%s is compared with null by %s; use eq or ne", n.Attr, n.Op)
	}
}

func noValue(a *attribute, named filter.Attr) error {
	if named.Sub != "" {
		return ErrFilterUnsupported.Sayf("%s has no part %q", a.name, named.Sub)
	}
	return ErrFilterUnsupported.Sayf("%s has parts; compare one of them, as in %s", a.name, a.parts[0].path)
}

// literal brings the value of a comparison to the form that the field's values have, or tells why it cannot be compared so.
func literal(f *field, n filter.Compare) (string, error) {
	ordered := n.Op == filter.Gt || n.Op == filter.Ge || n.Op == filter.Lt || n.Op == filter.Le
	textual := n.Op == filter.Co || n.Op == filter.Sw || n.Op == filter.Ew
	kind, text := n.Value.Kind, n.Value.Text
	fits, wants := kind == filter.String && strings.IndexByte(text, 0) < 0, "a string in double quotes"
	switch f.kind {
	case kindText:
		text, textual = fold(text), false
	case kindExact:
		textual = false
	case kindBinary:
		textual = false
		if ordered {
			return "", ErrFilterUnsupported.Sayf("%s is binary, which has no order: it cannot be compared by %s", n.Attr, n.Op)
		}
	case kindFlag:
		text = strings.ToLower(text)
		fits, wants = (kind == filter.Bool || kind == filter.String) && (text == keyTrue || text == keyFalse), "true or false"
		textual = textual || ordered
	case kindNumber:
		number, ok := numberKey(text)
		text, fits, wants = number, ok && kind == filter.Number, "a number without quotes"
	case kindTime:
		at, ok := timeKey(text)
		text, fits, wants = at, ok && kind == filter.String, `a date and time in double quotes, as in "2026-11-23T10:00:00Z"`
	}
	switch {
	case textual:
		return "", ErrFilterUnsupported.Sayf("%s is compared with %s: the operator %s does not fit", n.Attr, wants, n.Op)
	case !fits:
		return "", ErrFilterUnsupported.Sayf("%s is compared with %s, not with %s", n.Attr, wants, n.Value)
	}
	return text, nil
}

// meets compiles a comparison that is neither with null nor pr.
func (c *compiler) meets(f *field, op filter.Op, text string) clause {
	r := c.reach(f)
	if op == filter.Ne {
		return c.differs(f, r, text)
	}
	test := r.test(c.arguments, op, text)
	if r.also != "" && constant(r.also)(c.arguments, op, text) == yes {
		return everything
	}
	p := c.found(r, test, rankOf(op, r))
	if f.is(pathActive) && p.where != no && text == keyFalse {
		p.drive, p.rank = c.inactive(), rankRange
	} else if f.is(pathActive) {
		p.drive = "" // nearly everybody
	}
	return p
}

// differs is ne: some value is another, or there is none.
func (c *compiler) differs(f *field, r reach, text string) clause {
	same := r.test(c.arguments, filter.Eq, text)
	switch {
	case f.is(pathActive):
		return c.meets(f, filter.Eq, flagKey(text != keyTrue))
	case r.rows == "" || !f.many:
		return c.reverse(c.found(r, same, rankScan))
	case r.also != "" && r.also != text:
		return everything
	}
	other := c.found(r, notOf(same), rankScan)
	if r.also == "" {
		other.where = anyOf(other.where, notOf(c.found(r, yes, rankScan).where))
	}
	return clause{where: other.where, slow: true}
}

// found makes the clause of those of whom one value meets a test.
func (c *compiler) found(r reach, test condition, by rank) clause {
	inside := allOf(r.there, test)
	if r.implied && test != yes {
		inside = test
	}
	row := c.of.row
	switch {
	case inside == no:
		return nothing
	case r.rows == "" && inside == yes:
		return everything
	case r.rows == "":
		return clause{
			where: inside, rest: yes, rank: by, slow: by == rankScan,
			drive: "SELECT " + row + ".id FROM " + c.of.table + " " + row + " WHERE " + row + ".tenant_id = $1 AND " + string(inside),
		}
	}
	within := " WHERE " + string(allOf(r.on, inside))
	found := clause{drive: "SELECT " + r.owner + " FROM " + r.rows + within, rest: yes, rank: by, slow: by == rankScan}
	found.where = condition("EXISTS (SELECT 1 FROM " + r.rows + byOwner[r.rows[:strings.IndexByte(r.rows, ' ')]] + within + " AND " + r.owner + " = " + row + ".id)")
	if r.implied { // what it takes to find them is not done for each person anew
		found.where = condition(row + ".id IN (" + found.drive + ")")
	}
	return found
}

// byOwner has SQLite look for the values of one person by her own rows. It would rather look for her among everybody who has
// such a value, for each person anew.
var byOwner = map[string]string{
	"user_values": " /* INDEXED BY sqlite_autoindex_user_values_1 */", "links": " /* INDEXED BY links_user */",
}

// present compiles pr: there is a value, or one of a part of a complex attribute.
func (c *compiler) present(a *attribute, named filter.Attr) (clause, error) {
	f := a.simple
	switch {
	case named.Sub != "" && (f != nil || a.part(named.Sub) == nil):
		return nothing, ErrFilterUnsupported.Sayf("%s has no part %q", a.name, named.Sub)
	case named.Sub != "":
		f = a.part(named.Sub)
	case f == nil:
		return c.presentPart(a), nil
	}
	r := c.reach(f)
	if r.also != "" {
		return everything, nil
	}
	by := rankPresent
	if f.number == 0 && (f.path == pathManagerName || f.path == pathManagerRef) {
		by = rankScan
	}
	return c.found(r, anyValue(r), by), nil
}

// anyValue is met by every value there is. It has SQLite take the index of values, which it would not for their field alone.
func anyValue(r reach) condition {
	if _, alias, ok := strings.Cut(r.rows, "user_values "); ok && r.there == yes {
		return condition(alias + ".key > ''")
	}
	return yes
}

func (c *compiler) presentPart(a *attribute) clause {
	if numbers := a.numbers(); numbers != "" {
		r := reach{rows: "user_values v", on: condition("v.tenant_id = $1 AND v.attr IN (" + numbers + ")"), owner: "v.user_id", there: yes}
		return c.found(r, anyValue(r), rankPresent)
	}
	return c.found(c.reach(a.parts[0]), yes, rankPresent)
}

// numbers lists the numbers of an attribute's fields.
func (a *attribute) numbers() string {
	var all []string
	for _, f := range a.fields() {
		if f.number != 0 {
			all = append(all, strconv.Itoa(int(f.number)))
		}
	}
	return strings.Join(all, ", ")
}

func (a *attribute) fields() []*field {
	if a.simple != nil {
		return []*field{a.simple}
	}
	return slices.Clone(a.parts)
}

// isPrimary tells whether a field is the flag of the preferred element, which is false where it is missing (RFC 7643 section 2.4).
func (f *field) isPrimary() bool {
	return f.kind == kindFlag && strings.HasSuffix(f.path, "."+partPrimary)
}

// comparePrimary asks the elements: those that do not say it are not primary.
func (c *compiler) comparePrimary(a *attribute, f *field, op filter.Op, text string) (clause, error) {
	var p clause
	if (text == keyTrue) == (op == filter.Eq) {
		p = c.meets(f, filter.Eq, keyTrue)
	} else {
		other := filter.Compare{Attr: filter.Attr{Name: partPrimary}, Op: filter.Eq, Value: filter.Value{Kind: filter.Bool, Text: keyFalse}}
		var err error
		if p, err = c.eachValue(a, other); err != nil {
			return nothing, err
		}
	}
	if op == filter.Ne {
		p = c.either([]clause{p, c.reverse(c.presentPart(a))})
	}
	return p, nil
}
