package directory

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/usherhq/usher/internal/filter"
)

// arguments are those of a statement that is being made. The first is the tenant, the second the configuration.
type arguments struct{ values []any }

// add returns the placeholder of one more argument.
func (a *arguments) add(value any) string {
	a.values = append(a.values, value)
	return "$" + strconv.Itoa(len(a.values))
}

var placeholder = regexp.MustCompile(`\$\d+`)

// used leaves out the arguments that a statement does not have: PostgreSQL would not know what they are. The tenant stays first.
func (a *arguments) used(statement string) (string, []any) {
	at := make([]int, len(a.values))
	at[0] = 1
	values := a.values[:1:1]
	statement = placeholder.ReplaceAllStringFunc(statement, func(place string) string {
		n, err := strconv.Atoi(place[1:])
		if err != nil || n > len(a.values) {
			return place
		}
		if at[n-1] == 0 {
			values = append(values, a.values[n-1])
			at[n-1] = len(values)
		}
		return "$" + strconv.Itoa(at[n-1])
	})
	return statement, values
}

// clause is a part of a filter, or a whole one. Its condition can be asked of every resource; where an index finds those that
// meet it, drive selects their ids.
type clause struct {
	where condition
	drive string    // selects the ids of those that meet it but for rest; empty where only a look at each one tells
	rest  condition // what those have to meet besides
	rank  rank
	slow  bool // it may have to look at everybody
}

// rank says how few resources are expected to meet a clause.
type rank int

const (
	rankUnique rank = iota + 1 // one at most, found by its own row
	rankEqual
	rankRange
	rankCommon // eq with a value that many share, as a type of e-mail is
	rankPresent
	rankScan
)

func rankOf(op filter.Op, r reach) rank {
	switch {
	case op == filter.Co || op == filter.Ew || !r.indexed && op != filter.Pr:
		return rankScan
	case op == filter.Pr:
		return rankPresent
	case op != filter.Eq:
		return rankRange
	case r.common:
		return rankCommon
	case r.unique:
		return rankUnique
	default:
		return rankEqual
	}
}

var (
	everything = clause{where: yes}
	nothing    = clause{where: no}
)

// compiler turns a filter on one type of resources into SQL.
type compiler struct {
	*arguments

	q      scope
	of     *resource
	fields *fieldSet
	others *fieldSet // of the other type, where both are asked: what that one alone has is without a value here
	base   string    // what addresses begin with
}

func newCompiler(q scope, of *resource, fields *fieldSet, base string) *compiler {
	return &compiler{arguments: &arguments{values: []any{q.tenant, q.config}}, q: q, of: of, fields: fields, base: base}
}

// compile makes a clause of a filter. A filter that makes no sense is ErrFilterUnsupported, with words for who wrote it.
func (c *compiler) compile(n filter.Node) (clause, error) {
	switch n := n.(type) {
	case nil:
		return everything, nil
	case filter.And:
		return c.several(n, c.both)
	case filter.Or:
		return c.several(n, c.either)
	case filter.Not:
		of, err := c.compile(n.Of)
		return c.reverse(of), err
	case filter.Compare:
		return c.compare(n)
	case filter.Each:
		return c.each(n)
	default:
		return nothing, ErrFilterUnsupported
	}
}

// several compiles all that is joined by one word.
func (c *compiler) several(n filter.Node, join func([]clause) clause) (clause, error) {
	parts := conjuncts(n)
	if _, isOr := n.(filter.Or); isOr {
		parts = alternatives(n)
	}
	clauses := make([]clause, len(parts))
	for i, part := range parts {
		var err error
		if clauses[i], err = c.compile(part); err != nil {
			return nothing, err
		}
	}
	return join(clauses), nil
}

func conjuncts(n filter.Node) []filter.Node {
	if and, ok := n.(filter.And); ok {
		return append(conjuncts(and.Left), conjuncts(and.Right)...)
	}
	return []filter.Node{n}
}

func alternatives(n filter.Node) []filter.Node {
	if or, ok := n.(filter.Or); ok {
		return append(alternatives(or.Left), alternatives(or.Right)...)
	}
	return []filter.Node{n}
}

// both is and: the clause that expects the fewest drives, and the others are asked of what it finds.
func (c *compiler) both(clauses []clause) clause {
	best := -1
	wheres := make([]condition, len(clauses))
	for i, p := range clauses {
		wheres[i] = p.where
		if p.drive != "" && (best < 0 || p.rank < clauses[best].rank) {
			best = i
		}
	}
	joined := clause{where: allOf(wheres...)}
	for i, p := range clauses {
		joined.slow = joined.slow || p.slow && (i == best || best < 0 || clauses[best].rank > rankEqual)
	}
	if joined.where == no || joined.where == yes || best < 0 {
		return joined
	}
	joined.drive, joined.rank = clauses[best].drive, clauses[best].rank
	wheres[best] = clauses[best].rest
	joined.rest = allOf(wheres...)
	return joined
}

// either is or: it is found by indexes where every side is.
func (c *compiler) either(clauses []clause) clause {
	joined := clause{where: no, rest: yes}
	var wheres []condition
	var drives []string
	for _, p := range clauses {
		if p.where == no {
			continue
		}
		wheres = append(wheres, p.where)
		joined.slow, joined.rank = joined.slow || p.slow, max(joined.rank, p.rank)
		if p.drive != "" {
			drives = append(drives, c.ids(p))
		}
	}
	joined.where = anyOf(wheres...)
	if joined.where == yes || joined.where == no {
		return clause{where: joined.where}
	}
	if len(drives) == len(wheres) {
		joined.drive = strings.Join(drives, " UNION ALL ")
		if len(drives) > 1 {
			joined.rank = max(joined.rank, rankEqual) // no longer one row's own
		}
	}
	return joined
}

// ids selects those that meet a clause that is driven.
func (c *compiler) ids(p clause) string {
	if p.rest == yes {
		return p.drive
	}
	return "SELECT " + c.of.row + ".id" + c.from() + " AND " + c.of.row + ".id IN (" + p.drive + ") AND " + string(p.rest)
}

// from is where the rows of the resource are, with everything that conditions speak of.
func (c *compiler) from() string {
	if c.of == aUser {
		return fromUsers
	}
	return " FROM groups g WHERE g.tenant_id = $1 "
}

func (c *compiler) reverse(p clause) clause { return clause{where: notOf(p.where), slow: true} }
