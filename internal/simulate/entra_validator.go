package simulate

import (
	"context"
	"net/http"
)

// validatePages reads pages of five, as the validator of the gallery does: each tells the place that it was asked for.
func (p *entraPlay) validatePages(ctx context.Context) error {
	const size, most = 5, 20
	return p.one(ctx, "pages of five", func(ctx context.Context) error {
		seen := map[string]object{}
		for start := 1; start <= size*most; start += size {
			got, err := p.call(ctx, "page of five", http.MethodGet, query("/Users", "startIndex", text(start), "count", text(size)), nil)
			switch {
			case err != nil:
				return err
			case got.notNow():
				return nil
			case !got.ok():
				p.refused("page of five", got)
				return nil
			}
			page := items(got.body, "Resources")
			if at := number(got.body, "startIndex"); at != start {
				p.different.add("page of five", "startIndex "+text(start), text(at))
			}
			if n := number(got.body, "itemsPerPage"); n != len(page) || n > size {
				p.different.add("page of five", "itemsPerPage "+text(len(page)), text(n))
			}
			p.keepPage("/Users", seen, page)
			if start+size > total(got.body) {
				return nil
			}
		}
		return nil
	})
}

// validateEmptyValues sends what the validator sends to see that nothing breaks: no operations, an empty text, null. What was
// made empty is empty afterwards.
func (p *entraPlay) validateEmptyValues(ctx context.Context) error {
	var who *person
	for _, other := range p.org.active() {
		if other.known() && other.held()[factTitle] != "" && other.held()["department"] != "" {
			who = other
		}
	}
	if who == nil {
		return nil
	}
	s := p.style()
	empty, null := object{"op": s.write("Replace"), "path": "title", "value": ""}, object{"op": s.write("Replace"), "path": pathOf("department"), "value": nil}
	if s.flag {
		empty = object{"op": "replace", "value": object{"title": ""}}
	}
	send := func(ctx context.Context, changes facts, ops ...object) error {
		body := patchOf(ops...)
		if ops == nil {
			body["Operations"] = []object{}
		}
		got, err := p.call(ctx, "empty PATCH", http.MethodPatch, userPath(who.id), body)
		if err == nil {
			p.wrote(who, changes, got, "empty PATCH")
		}
		return err
	}
	return p.one(ctx, "empty values", func(ctx context.Context) error {
		return p.act(ctx,
			func(ctx context.Context) error { return send(ctx, facts{}) },
			func(ctx context.Context) error { return send(ctx, facts{factTitle: ""}, empty) },
			func(ctx context.Context) error { return send(ctx, facts{"department": ""}, null) })
	})
}
