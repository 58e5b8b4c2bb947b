package graph

import (
	"context"
	"errors"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// level holds the things of one kind that were read together: the people of a page, the seats of all of them. Things that stand
// beside each other in an answer have the same selection, so that what is asked of one is asked of all. Who asks first reads
// it for the whole level; the others wait for that. One statement serves a level, however many things are in it and however busy
// the machine is.
type level[T any] struct {
	items []T
	mu    sync.Mutex
	edges map[any]any // *edge[K, V], by what is read
}

// edge is one field, read for every thing of a level.
type edge[K comparable, V any] struct {
	once   sync.Once
	asked  map[K]struct{}
	values map[K]V
	below  []any // the levels of what was read
	err    error
}

// errUnread is what everybody gets when the one who reads does not come back.
var errUnread = errors.New("reading for a level has panicked")

// spot is the place of a field in the answer. It holds the levels that the field has read, for the fields below it.
type spot struct {
	field  *graphql.FieldContext
	above  *spot
	levels []any // *level[T]
}

type spotKey struct{}

// atSpot gives a field that reads something a place.
func atSpot(ctx context.Context, field *graphql.FieldContext) context.Context {
	above, _ := ctx.Value(spotKey{}).(*spot)
	return context.WithValue(ctx, spotKey{}, &spot{field: field, above: above})
}

// spots returns the place of the field that is being resolved, nil for one without, and the place from which its object comes.
func spots(ctx context.Context) (own, parent *spot) {
	found, _ := ctx.Value(spotKey{}).(*spot)
	if found != nil && found.field == graphql.GetFieldContext(ctx) {
		return found, found.above
	}
	return nil, found
}

// hold remembers what a field has read for the fields below it.
func hold(ctx context.Context, levels ...any) {
	if own, _ := spots(ctx); own != nil {
		own.levels = levels
	}
}

// levelOf makes a level of things.
func levelOf[T any](items []T) *level[T] { return &level[T]{items: items} }

// find returns the level of a kind that was read at a place.
func find[T any](at *spot) *level[T] {
	if at == nil {
		return nil
	}
	for _, held := range at.levels {
		if found, ok := held.(*level[T]); ok {
			return found
		}
	}
	return nil
}

// along reads something of a thing, for its whole level at once. key names it for the reader; a thing without a key has nothing to
// read. read returns what it has found and the levels that this makes. A thing that stands alone is a level of its own.
func along[T any, K comparable, V any](ctx context.Context, from T, what any, key func(T) (K, bool),
	read func(context.Context, []K) (map[K]V, []any, error),
) (V, error) {
	own, parent := spots(ctx)
	var none V
	of, has := key(from)
	if !has {
		return none, nil
	}
	l := find[T](parent)
	if l == nil {
		l = levelOf([]T{from})
	}
	e := open(ctx, l, what, key, read)
	if _, in := e.asked[of]; !in && e.err == nil {
		e = open(ctx, levelOf([]T{from}), what, key, read)
	}
	if own != nil {
		own.levels = e.below
	}
	return e.values[of], e.err
}

// open returns an edge of a level, read.
func open[T any, K comparable, V any](ctx context.Context, l *level[T], what any, key func(T) (K, bool),
	read func(context.Context, []K) (map[K]V, []any, error),
) *edge[K, V] {
	l.mu.Lock()
	e, known := l.edges[what].(*edge[K, V])
	if !known {
		if l.edges == nil {
			l.edges = map[any]any{}
		}
		e = &edge[K, V]{asked: make(map[K]struct{}, len(l.items)), err: errUnread}
		l.edges[what] = e
	}
	l.mu.Unlock()
	e.once.Do(func() {
		keys := make([]K, 0, len(l.items))
		for _, item := range l.items {
			of, has := key(item)
			if _, twice := e.asked[of]; has && !twice {
				e.asked[of] = struct{}{}
				keys = append(keys, of)
			}
		}
		e.values, e.below, e.err = read(ctx, keys)
	})
	return e
}

// thisField tells apart what is read by the place in the document where it is asked for: its arguments stand there.
func thisField(ctx context.Context) *ast.Field { return graphql.GetFieldContext(ctx).Field.Field }
