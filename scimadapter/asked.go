package scimadapter

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/modules/directory"
)

// Pages of lists. A client that asks for more gets maxPage, and itemsPerPage says so.
const (
	defaultPage = 100
	maxPage     = 1000
)

// The parameters of a list, in the address and in a SearchRequest (RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865 section 2).
const (
	paramFilter    = "filter"
	paramSortBy    = "sortBy"
	paramSortOrder = "sortOrder"
	paramStart     = "startIndex"
	paramCount     = "count"
	paramCursor    = "cursor"
)

// asked is what a list is asked for, not yet understood: the texts of the parameters that are there.
type asked struct {
	texts map[string]string
	view  projection
}

// askedInAddress reads the address. A parameter that stands there twice is refused, for which of them counts would be a guess.
func (e *exchange) askedInAddress() (asked, error) {
	a := asked{texts: map[string]string{}}
	values, err := url.ParseQuery(e.r.URL.RawQuery)
	if err != nil {
		return a, errInvalidValue.Sayf("the query of the address is not encoded well").Because(err)
	}
	for _, name := range []string{paramFilter, paramSortBy, paramSortOrder, paramStart, paramCount, paramCursor} {
		switch all := values[name]; {
		case len(all) == 1:
			a.texts[name] = all[0]
		case len(all) > 1:
			return a, refusalOf(name).Sayf("%s stands in the address %d times; once is enough", name, len(all))
		}
	}
	a.view, err = e.projection()
	return a, err
}

// refusalOf is what a bad parameter is refused with.
func refusalOf(name string) *fault.Fault {
	switch name {
	case paramFilter:
		return errInvalidFilter.At(name)
	case paramCursor:
		return errInvalidCursor
	default:
		return errInvalidValue.At(name)
	}
}

const searchURN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

// askedInBody reads a SearchRequest. What it has besides is left alone, as in an address.
func (e *exchange) askedInBody() (asked, error) {
	a := asked{texts: map[string]string{}}
	body, err := e.body()
	if err != nil {
		return a, err
	}
	named, _ := body.get(attrSchemas)
	if !slices.ContainsFunc(schemasOf(named), func(urn string) bool { return strings.EqualFold(urn, searchURN) }) {
		return a, errInvalidSyntax.At(attrSchemas).Sayf("a search names its schema, %s", searchURN)
	}
	for _, name := range []string{paramFilter, paramSortBy, paramSortOrder, paramCursor} {
		switch value, _ := body.get(name); value := value.(type) {
		case nil:
		case string:
			a.texts[name] = value
		default:
			return a, refusalOf(name).Sayf("%s is a text", name)
		}
	}
	for _, name := range []string{paramStart, paramCount} {
		switch value, _ := body.get(name); value := value.(type) {
		case nil:
		case json.Number:
			a.texts[name] = value.String()
		default:
			return a, refusalOf(name).Sayf("%s is a whole number", name)
		}
	}
	var lists [2][]string
	for i, name := range []string{"attributes", "excludedAttributes"} {
		value, _ := body.get(name)
		if lists[i], err = textsIn(name, value); err != nil {
			return a, err
		}
	}
	a.view, err = newProjection(lists[0], lists[1])
	return a, err
}

func textsIn(name string, value any) ([]string, error) {
	if value == nil {
		return nil, nil
	}
	all, isList := value.([]any)
	texts := make([]string, len(all))
	for i, one := range all {
		text, isText := one.(string)
		isList = isList && isText
		texts[i] = text
	}
	if !isList {
		return nil, errInvalidValue.At(name).Sayf("%s is a list of names", name)
	}
	return texts, nil
}

// query is what a list is asked for.
type query struct {
	directory.Query

	view   projection
	holder string // who may go on from the cursors of this list
}

// understood reads the parameters as those of a list of resources of some types.
func (e *exchange) understood(a asked, types ...*resourceType) (q query, err error) {
	q.view, q.Base, q.Start, q.Count = a.view, e.base, 1, defaultPage
	text, byCursor := a.texts[paramCursor]
	_, byIndex := a.texts[paramStart]
	if byCursor && byIndex {
		return q, errInvalidValue.At(paramCursor).Sayf("ask for a page with startIndex or with cursor, not with both")
	}
	if q.Start, err = number(a.texts[paramStart], paramStart, 1); err != nil {
		return q, err
	}
	if q.Count, err = number(a.texts[paramCount], paramCount, defaultPage); err != nil && byCursor {
		return q, errInvalidCount
	} else if err != nil {
		return q, err
	}
	q.Start, q.Count = max(q.Start, 1), min(max(q.Count, 0), maxPage)
	var urns []string
	for _, t := range types {
		urns = append(urns, t.urns()...)
	}
	options := filter.Options{URNs: urns, AllowBare: !e.manners.strict}
	if q.Where, err = where(a, options); err != nil {
		return q, err
	}
	if q.Sort, err = sortOf(a, options); err != nil {
		return q, err
	}
	if q.holder = e.holder(a, types); byCursor {
		q.Keyed = true
		q.After, err = e.openCursor(q, text)
	}
	return q, err
}

func where(a asked, options filter.Options) (filter.Node, error) {
	text, ok := a.texts[paramFilter]
	if !ok {
		return nil, nil //nolint:nilnil // no filter takes everybody
	}
	n, err := filter.Parse(text, options)
	if syntax, ok := errors.AsType[*filter.SyntaxError](err); ok {
		return nil, errInvalidFilter.At(paramFilter).Sayf("the filter cannot be read %s", syntax.Error())
	}
	return n, err
}

// sortOf reads sortBy and sortOrder. An order without anything to sort by is that of a list as it is.
func sortOf(a asked, options filter.Options) (by directory.Sort, err error) {
	switch order := a.texts[paramSortOrder]; {
	case order == "", strings.EqualFold(order, "ascending"):
	case strings.EqualFold(order, "descending"):
		by.Descending = true
	default:
		return by, errInvalidValue.At(paramSortOrder).Sayf("sortOrder is ascending or descending")
	}
	text := strings.TrimSpace(a.texts[paramSortBy])
	if text == "" {
		return directory.Sort{}, nil
	}
	path, err := filter.ParsePath(text, options)
	syntax, isSyntax := errors.AsType[*filter.SyntaxError](err)
	switch {
	case isSyntax:
		return by, errInvalidValue.At(paramSortBy).Sayf("sortBy names no attribute: %s", syntax.Error())
	case err != nil:
		return by, err
	case path.Where != nil || path.Attr.Name == "":
		return by, errInvalidValue.At(paramSortBy).Sayf("sortBy is the name of an attribute, as in name.familyName")
	}
	by.By = path.Attr
	return by, nil
}

// number reads a number that an index can be. One that is greater than any list is as good as the greatest.
func number(text, name string, otherwise int) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && n > 0, n > 1<<31-1:
		return 1<<31 - 1, nil
	case errors.Is(err, strconv.ErrRange), n < 0:
		return 0, nil
	case err != nil:
		return 0, errInvalidValue.At(name).Sayf("%s is a whole number", name)
	}
	return int(n), nil
}
