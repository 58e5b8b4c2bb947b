package simulate

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// syncManagers writes who manages whom, once both are there. Managers are references, and come after people.
func (p *entraPlay) syncManagers(ctx context.Context, stage string) error {
	var steps []step
	for _, who := range p.org.people {
		if !who.there() || !who.Active {
			continue
		}
		want := facts{factManager: ""}
		if boss := who.Manager; boss != nil {
			if !boss.there() {
				continue
			}
			want[factManager] = boss.id
		}
		if len(who.outdated(want)) == 0 {
			continue
		}
		s := p.style()
		steps = append(steps, func(ctx context.Context) error { return p.setManager(ctx, who, want, s) })
	}
	return p.stage(ctx, stage, steps)
}

func (p *entraPlay) setManager(ctx context.Context, who *person, want facts, s style) error {
	boss, was := want[factManager], who.held()[factManager]
	kind, op := "set manager", managerOperation(boss, p.BaseURL+userPath(boss), s)
	if boss == "" {
		kind, op = "remove manager", managerRemoval(s)
	}
	if err := p.probeManager(ctx, who, boss, was, s); err != nil {
		return err
	}
	got, err := p.call(ctx, kind, http.MethodPatch, userPath(who.id), patchOf(op))
	if err != nil {
		return err
	}
	p.wrote(who, want, got, kind)
	return p.probeManager(ctx, who, boss, who.held()[factManager], s)
}

// managerOperation names a manager in one of four forms: as a text, as an object, as a list of one, and by a path without URN.
func managerOperation(boss, address string, s style) object {
	path := enterpriseURN + ":" + factManager
	form := s.turn % 4
	if s.flag && form < 2 {
		return object{"op": "replace", "value": object{path: []any{boss, object{"value": boss}}[form]}}
	}
	op := object{"op": s.word(""), "path": path, "value": any(boss)}
	switch form {
	case 1:
		op["value"] = object{"value": boss}
	case 2:
		op["value"] = []object{{"$ref": address, "value": boss}}
	case 3:
		op["path"] = factManager
	}
	return op
}

// managerRemoval takes a manager away, by an empty value or by its name.
func managerRemoval(s style) object {
	path := enterpriseURN + ":" + factManager
	if s.turn%2 == 0 {
		return object{"op": s.write("Replace"), "path": path, "value": ""}
	}
	return object{"op": s.write("Remove"), "path": path}
}

// probeManager asks whether somebody has a manager, in either order of the two terms.
func (p *entraPlay) probeManager(ctx context.Context, who *person, boss, now string, s style) error {
	if !s.probed || boss == "" || !who.known() || len(who.states) > 1 {
		return nil
	}
	return p.ask(ctx, "manager probe", "/Users", equals("id", who.id), equals("manager", boss), now == boss, s)
}

// ask asks whether a reference is there, by a filter of two terms.
func (p *entraPlay) ask(ctx context.Context, kind, path, id, reference string, there bool, s style) error {
	terms := []string{id, reference}
	if s.turn%2 > 0 {
		terms = []string{reference, id}
	}
	filter := strings.Join(terms, " and ")
	got, err := p.call(ctx, kind, http.MethodGet, query(path, "filter", filter, "attributes", "id"), nil)
	if err != nil || got.notNow() {
		return err
	}
	found, want := len(items(got.body, "Resources")), 0
	if there {
		want = 1
	}
	if got.status != http.StatusOK || found != want {
		p.different.add(kind+" "+filter, fmt.Sprintf("200 with %d", want), fmt.Sprintf("%d with %d", got.status, found))
	}
	return nil
}
