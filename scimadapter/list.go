package scimadapter

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/modules/directory"
)

// Pages of lists. A client that asks for more gets maxPage, and itemsPerPage says so.
const (
	defaultPage = 100
	maxPage     = 1000
)

// query is what a list is asked for.
type query struct {
	where filter.Node
	start int
	count int
	view  projection
}

func (e *exchange) query(t *resourceType) (query, error) {
	values, err := url.ParseQuery(e.r.URL.RawQuery)
	if err != nil {
		return query{}, errInvalidValue.Sayf("the query of the address is not encoded well").Because(err)
	}
	q := query{start: 1, count: defaultPage}
	if q.view, err = e.projection(); err != nil {
		return q, err
	}
	if q.start, err = number(values, "startIndex", 1); err != nil {
		return q, err
	}
	if q.count, err = number(values, "count", defaultPage); err != nil {
		return q, err
	}
	q.start, q.count = max(q.start, 1), min(max(q.count, 0), maxPage)
	if values.Has("filter") {
		q.where, err = filter.Parse(values.Get("filter"), filter.Options{URNs: t.urns(), AllowBare: !e.manners.strict})
		if syntax, ok := errors.AsType[*filter.SyntaxError](err); ok {
			return q, errInvalidFilter.At("filter").Sayf("the filter cannot be read %s", syntax.Error())
		}
	}
	return q, err
}

// number reads a number that an index can be. One that is greater than any list is as good as the greatest.
func number(values url.Values, name string, otherwise int) (int, error) {
	text := strings.TrimSpace(values.Get(name))
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

func (e *exchange) listUsers() error {
	q, err := e.query(e.users)
	if err != nil {
		return err
	}
	p, err := e.h.directory.Query(e.ctx, directory.Query{Where: q.where, Start: q.start, Count: q.count, Groups: q.view.wants("groups"), Base: e.base})
	if err != nil {
		return err
	}
	e.lookedUp(q.where, p.Total)
	seats, err := e.showSeats(p.Items, q.view)
	if err != nil {
		return err
	}
	if err := e.showManagers(p.Items, q.view); err != nil {
		return err
	}
	l := newListing(p.Total, q.start, len(p.Items))
	for i, u := range p.Items {
		if !q.view.asked() {
			l.next()
			l.out = e.appendUser(l.out, u, seats[i])
			continue
		}
		item, err := q.view.cut(e.users, e.appendUser(nil, u, seats[i]))
		if err != nil {
			return err
		}
		l.add(item)
	}
	e.write(http.StatusOK, l.end())
	return nil
}

func (e *exchange) listGroups() error {
	q, err := e.query(groupType)
	if err != nil {
		return err
	}
	p, err := e.h.directory.QueryGroups(e.ctx, directory.Query{Where: q.where, Start: q.start, Count: q.count, Base: e.base})
	if err != nil {
		return err
	}
	e.lookedUp(q.where, p.Total)
	l := newListing(p.Total, q.start, len(p.Items))
	for i := range p.Items {
		text, err := e.appendGroup(nil, &p.Items[i], q.view)
		if err != nil {
			return err
		}
		item, err := q.view.cut(groupType, text)
		if err != nil {
			return err
		}
		l.add(item)
	}
	e.write(http.StatusOK, l.end())
	return nil
}

// listing is a ListResponse that is written item by item (RFC 7644 section 3.4.2).
type listing struct {
	out   []byte
	items int
}

func newListing(total int64, start, items int) *listing {
	l := &listing{out: make([]byte, 0, 256+items*1024)}
	l.out = append(l.out, `{"schemas":["`+listURN+`"],"totalResults":`...)
	l.out = strconv.AppendInt(l.out, total, 10)
	l.out = append(l.out, `,"startIndex":`...)
	l.out = strconv.AppendInt(l.out, int64(start), 10)
	l.out = append(l.out, `,"itemsPerPage":`...)
	l.out = strconv.AppendInt(l.out, int64(items), 10)
	l.out = append(l.out, `,"Resources":[`...)
	return l
}

// next makes room for one more item.
func (l *listing) next() {
	if l.items > 0 {
		l.out = append(l.out, ',')
	}
	l.items++
}

func (l *listing) add(item []byte) {
	l.next()
	l.out = append(l.out, item...)
}

func (l *listing) end() []byte { return append(l.out, "]}"...) }
