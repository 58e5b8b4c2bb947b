package scimadapter

import (
	"net/http"
	"strconv"

	"github.com/usherhq/usher/modules/directory"
)

func (e *exchange) listUsers() error   { return e.list(e.askedInAddress, (*exchange).answerUsers) }
func (e *exchange) searchUsers() error { return e.list(e.askedInBody, (*exchange).answerUsers) }

func (e *exchange) listGroups() error   { return e.list(e.askedInAddress, (*exchange).answerGroups) }
func (e *exchange) searchGroups() error { return e.list(e.askedInBody, (*exchange).answerGroups) }

func (e *exchange) listAll() error   { return e.list(e.askedInAddress, (*exchange).answerAll) }
func (e *exchange) searchAll() error { return e.list(e.askedInBody, (*exchange).answerAll) }

// list answers what is asked in one way or another.
func (e *exchange) list(read func() (asked, error), answer func(*exchange, asked) error) error {
	a, err := read()
	if err != nil {
		return err
	}
	return answer(e, a)
}

func (e *exchange) answerUsers(a asked) error {
	q, err := e.understood(a, e.users)
	if err != nil {
		return err
	}
	q.Groups = q.view.wants("groups")
	p, err := e.h.directory.Query(e.ctx, q.Query)
	if err != nil {
		return err
	}
	e.lookedUp(q.Where, p.Total)
	l, err := e.listing(q, p.Total, len(p.Items), p.End)
	if err != nil {
		return err
	}
	write, err := e.userWriter(p.Items, q.view)
	if err != nil {
		return err
	}
	for i := range p.Items {
		l.next()
		if l.out, err = write(l.out, i); err != nil {
			return err
		}
	}
	e.write(http.StatusOK, l.end())
	return nil
}

// userWriter looks up what people are shown with besides their own attributes, and returns how to append each.
func (e *exchange) userWriter(people []directory.Record, view projection) (func(out []byte, i int) ([]byte, error), error) {
	seats, err := e.showSeats(people, view)
	if err != nil {
		return nil, err
	}
	if err := e.showManagers(people, view); err != nil {
		return nil, err
	}
	return func(out []byte, i int) ([]byte, error) {
		if !view.cuts(e.users) {
			return e.appendUser(out, people[i], seats[i]), nil
		}
		item, err := view.cut(e.users, e.appendUser(nil, people[i], seats[i]))
		return append(out, item...), err
	}, nil
}

func (e *exchange) answerGroups(a asked) error {
	q, err := e.understood(a, groupType)
	if err != nil {
		return err
	}
	p, err := e.h.directory.QueryGroups(e.ctx, q.Query)
	if err != nil {
		return err
	}
	e.lookedUp(q.Where, p.Total)
	l, err := e.listing(q, p.Total, len(p.Items), p.End)
	if err != nil {
		return err
	}
	for i := range p.Items {
		if err := e.addGroup(l, q.view, &p.Items[i]); err != nil {
			return err
		}
	}
	e.write(http.StatusOK, l.end())
	return nil
}

func (e *exchange) addGroup(l *listing, view projection, g *directory.Group) error {
	text, err := e.appendGroup(nil, g, view)
	if err != nil {
		return err
	}
	item, err := view.cut(groupType, text)
	if err != nil {
		return err
	}
	l.add(item)
	return nil
}

// answerAll lists people and groups together (RFC 7644 section 3.4.2.1).
func (e *exchange) answerAll(a asked) error {
	q, err := e.understood(a, e.users, groupType)
	if err != nil {
		return err
	}
	q.Groups = q.view.wants("groups")
	p, err := e.h.directory.QueryAll(e.ctx, q.Query)
	if err != nil {
		return err
	}
	l, err := e.listing(q, p.Total, len(p.Items), p.End)
	if err != nil {
		return err
	}
	var people []directory.Record
	for _, one := range p.Items {
		if one.User != nil {
			people = append(people, *one.User)
		}
	}
	write, err := e.userWriter(people, q.view)
	if err != nil {
		return err
	}
	written := 0
	for _, one := range p.Items {
		if one.Group != nil {
			err = e.addGroup(l, q.view, one.Group)
		} else {
			l.next()
			l.out, err = write(l.out, written)
			written++
		}
		if err != nil {
			return err
		}
	}
	e.write(http.StatusOK, l.end())
	return nil
}

// listing begins the answer to a query: by index it tells where the page begins, by cursor how to go on.
func (e *exchange) listing(q query, total int64, items int, end *directory.Mark) (*listing, error) {
	next, err := e.nextCursor(q, end)
	if err != nil {
		return nil, err
	}
	start := q.Start
	if q.Keyed {
		start = 0
	}
	return newListing(total, start, items, next), nil
}

// listing is a ListResponse that is written item by item (RFC 7644 section 3.4.2).
type listing struct {
	out   []byte
	items int
}

// newListing begins a list. It says neither a start of 0 nor an empty cursor.
func newListing(total int64, start, items int, next string) *listing {
	l := &listing{out: make([]byte, 0, 256+items*1024)}
	l.out = append(l.out, `{"schemas":["`+listURN+`"],"totalResults":`...)
	l.out = strconv.AppendInt(l.out, total, 10)
	if start > 0 {
		l.out = append(l.out, `,"startIndex":`...)
		l.out = strconv.AppendInt(l.out, int64(start), 10)
	}
	l.out = append(l.out, `,"itemsPerPage":`...)
	l.out = strconv.AppendInt(l.out, int64(items), 10)
	if next != "" {
		l.out = append(l.out, `,"nextCursor":"`+next+`"`...)
	}
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
