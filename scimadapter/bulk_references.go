package scimadapter

import (
	"regexp"
	"slices"
	"strings"
)

// bulkPrefix begins a reference to what another operation of the bulk creates (RFC 7644 section 3.7.2).
const bulkPrefix = "bulkId:"

// inFilter finds references in the path of a PATCH, as in members[value eq "bulkId:x"].
var inFilter = regexp.MustCompile(`"` + bulkPrefix + `([^"\\]+)"`)

// referredTo returns the bulkId that a text is a reference to. In a $ref it stands behind an address.
func referredTo(name, text string) (before, bulkID string, ok bool) {
	if strings.EqualFold(name, "$ref") {
		at := strings.LastIndexByte(text, '/') + 1
		before, text = text[:at], text[at:]
	}
	bulkID, ok = strings.CutPrefix(text, bulkPrefix)
	return before, bulkID, ok && bulkID != ""
}

// references returns the bulkIds that stand in a value, wherever an id could.
func references(name string, value any) []string {
	var found []string
	rewritten(name, value, func(bulkID string) string {
		found = append(found, bulkID)
		return bulkPrefix + bulkID
	})
	slices.Sort(found)
	return slices.Compact(found)
}

// rewritten is a value in which each reference is what resolve makes of it. The value itself stays as it is.
func rewritten(name string, value any, resolve func(bulkID string) string) any {
	switch value := value.(type) {
	case string:
		if strings.EqualFold(name, "path") {
			return inFilter.ReplaceAllStringFunc(value, func(found string) string {
				return `"` + resolve(inFilter.FindStringSubmatch(found)[1]) + `"`
			})
		}
		if before, bulkID, ok := referredTo(name, value); ok {
			return before + resolve(bulkID)
		}
		return value
	case object:
		now := make(object, len(value))
		for _, part := range value.names() {
			now[part] = rewritten(part, value[part], resolve)
		}
		return now
	case []any:
		now := make([]any, len(value))
		for i, element := range value {
			now[i] = rewritten(name, element, resolve)
		}
		return now
	default:
		return value
	}
}

// split takes a value apart into what refers to nothing that is still to come, and what does. Elements of a list, and objects
// that are references by their value, stay whole.
func split(name string, value any, toCome func(bulkID string) bool) (now, later any) {
	refers := func(name string, value any) bool { return slices.ContainsFunc(references(name, value), toCome) }
	if !refers(name, value) {
		return value, nil
	}
	switch value := value.(type) {
	case object:
		if refers(attrValue, value[attrValue]) || refers("$ref", value["$ref"]) {
			return nil, value
		}
		first, second := object{}, object{}
		for part, one := range value {
			a, b := split(part, one, toCome)
			first.set(part, a)
			second.set(part, b)
		}
		return first.orNil(), second.orNil()
	case []any:
		var first, second []any
		for _, element := range value {
			if refers(name, element) {
				second = append(second, element)
			} else {
				first = append(first, element)
			}
		}
		if first == nil {
			return nil, second
		}
		return first, second
	default:
		return nil, value
	}
}

func (o object) set(name string, value any) {
	if value != nil {
		o[name] = value
	}
}

func (o object) orNil() any {
	if len(o) == 0 {
		return nil
	}
	return o
}

// join finds out which operations create what this one refers to. What nobody creates refuses it.
func (op *bulkOperation) join(created map[string]int) {
	if op.refused != nil {
		return
	}
	named := references("data", op.data)
	if _, bulkID, ok := op.inPath(); ok {
		named = append(named, bulkID)
	}
	for _, bulkID := range named {
		at, ok := created[bulkID]
		if !ok {
			op.refused = errInvalidValue.At("bulkId").Sayf("no operation of the bulk creates something with the bulkId %s", quoted(bulkID))
			return
		}
		op.refers = append(op.refers, at)
	}
}

// inPath returns the reference that a path ends with.
func (op *bulkOperation) inPath() (before, bulkID string, ok bool) {
	return referredTo("$ref", op.path)
}

// bulkOrder says in which order operations are done, those that refer to each other in a circle together. Each one is done at
// its place in the request or, if it refers to what a later one creates, right after that one: everything else keeps its
// order, because what one operation does can decide about the next.
func bulkOrder(operations []bulkOperation) [][]int {
	w := walk{operations: operations, number: make([]int, len(operations)), low: make([]int, len(operations)), place: make([]int, len(operations))}
	for i := range operations {
		if w.number[i] == 0 {
			w.visit(i)
		}
	}
	slices.SortStableFunc(w.circles, func(a, b []int) int { return w.place[a[0]] - w.place[b[0]] })
	return w.circles
}

// walk finds circles with Tarjan's algorithm, which meets what is referred to before what refers.
type walk struct {
	operations []bulkOperation
	number     []int // in which an operation was met; 0 for not yet, -1 once its circle is known
	low        []int // the first met of its circle, as far as is known
	place      []int // when it can be done
	stack      []int
	met        int
	circles    [][]int
}

func (w *walk) visit(i int) {
	w.met++
	w.number[i], w.low[i], w.place[i] = w.met, w.met, i
	w.stack = append(w.stack, i)
	for _, other := range w.operations[i].refers {
		if w.number[other] == 0 {
			w.visit(other)
		}
		if w.number[other] > 0 {
			w.low[i] = min(w.low[i], w.low[other])
		}
		w.place[i] = max(w.place[i], w.place[other])
	}
	if w.low[i] != w.number[i] {
		return
	}
	from := slices.Index(w.stack, i)
	circle := slices.Clone(w.stack[from:])
	w.stack = w.stack[:from]
	place := 0
	for _, member := range circle {
		w.number[member] = -1
		place = max(place, w.place[member])
	}
	for _, member := range circle {
		w.place[member] = place
	}
	slices.Sort(circle)
	w.circles = append(w.circles, circle)
}
