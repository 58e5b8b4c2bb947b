package graph_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/provisioning"
)

// connected makes a SCIM configuration, and a context in which its provider acts.
func (w *world) connected(admin context.Context, token, input string) (config string, provider context.Context) {
	w.t.Helper()
	made := w.want(token, `mutation { createScimConfig(input: {`+input+`}) { scimConfig { id } } }`)
	config, _ = made.at("createScimConfig", "scimConfig", "id").(string)
	of, _ := id.Config.Parse(config)
	who, _ := caller.From(admin)
	return config, caller.With(admin, caller.Caller{Tenant: who.Tenant, Kind: caller.KindSCIM, Config: of, Name: "Provider", Scopes: caller.Scopes{caller.ScopeSCIM}})
}

func (w *world) push(provider context.Context, group id.ID, op directory.MemberOp, who ...string) {
	w.t.Helper()
	edit := directory.GroupEdit{Members: []directory.MemberEdit{{Op: op}}}
	for _, one := range who {
		edit.Members[0].Members = append(edit.Members[0].Members, directory.MemberRef{Value: one, Display: "display of " + one})
	}
	if _, _, err := w.r.Provisioning.ChangeGroup(provider, group, edit, nil); err != nil {
		w.t.Fatal(err)
	}
}

const groupWithDrift = `query($g: ID!, $n: Int, $c: String) { group(id: $g) {
	members(first: 10) { edges { node { id } source reasons { source scimConfig { name } } } }
	parkedMembers { nodes { value scimConfig { name } } }
	drift(first: $n, after: $c) { totalCount hints pageInfo { hasNextPage endCursor } nodes { kind value display member { id } scimConfig { name } } } } }`

// driftKinds reads the drift of a group page by page, as "KIND value" each.
func (w *world) driftKinds(token, group string) (kinds []string) {
	w.t.Helper()
	kinds = []string{}
	for cursor := any(nil); ; {
		page := w.want(token, groupWithDrift, "g", group, "n", 2, "c", cursor)
		all, _ := page.at("group", "drift", "nodes").([]any)
		for i := range all {
			at := func(path ...any) any { return page.at(append([]any{"group", "drift", "nodes", i}, path...)...) }
			kinds = append(kinds, fmt.Sprintf("%s %s", at("kind"), at("value")))
			if member := at("member", "id"); at("kind") != "PARKED" && member != at("value") || at("kind") == "PARKED" && (member != nil || at("display") == "") {
				w.t.Errorf("drift is shown as %s", page.text)
			}
		}
		if page.at("group", "drift", "pageInfo", "hasNextPage") != true {
			if page.at("group", "drift", "totalCount") != float64(len(kinds)) {
				w.t.Errorf("%d differences are counted as %v", len(kinds), page.at("group", "drift", "totalCount"))
			}
			return kinds
		}
		cursor = page.at("group", "drift", "pageInfo", "endCursor")
	}
}

func TestDriftIsShownAndSettled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		admin, token := w.tenant(caller.ScopeAdmin)
		config, okta := w.connected(admin, token, `name: "Okta"`)
		_, entra := w.connected(admin, token, `name: "Entra", preset: ENTRA`)
		var p []string
		for _, of := range w.people(admin, 4) {
			p = append(p, id.User.Format(of))
		}
		g, err := w.r.Provisioning.CreateGroup(okta, directory.NewGroup{DisplayName: "Sales"})
		if err != nil {
			t.Fatal(err)
		}
		group := id.Group.Format(g.ID)
		w.push(okta, g.ID, directory.AddMembers, p[0], p[1], "later@example.com")
		w.push(entra, g.ID, directory.AddMembers, p[2])
		w.want(token, `mutation($g: ID!, $in: [ID!], $out: [ID!]) { updateGroup(input: {id: $g, addMemberIds: $in, removeMemberIds: $out}) { group { version } } }`,
			"g", group, "in", []string{p[0], p[3]}, "out", []string{p[1]})
		want := []string{"OTHER_PROVIDER " + p[2], "BY_HAND " + p[3], "KEPT_OUT " + p[1], "PARKED later@example.com"}
		if got := w.driftKinds(token, group); !slices.Equal(got, want) {
			t.Errorf("drift is %q, want %q", got, want)
		}
		seen := w.want(token, groupWithDrift, "g", group, "n", 9)
		if seen.at("group", "members", "edges", 0, "source") != "SCIM" || seen.at("group", "members", "edges", 0, "reasons", 1, "source") != "HAND" ||
			seen.at("group", "members", "edges", 0, "reasons", 0, "scimConfig", "name") != "Okta" || seen.at("group", "parkedMembers", "nodes", 0, "scimConfig", "name") != "Okta" {
			t.Errorf("members are %s", seen.text)
		}
		const settle = `mutation($g: ID!, $as: DriftSettlement!, $v: [String!]) { settleGroupDrift(input: {groupId: $g, as: $as, values: $v}) { settled group { version } } }`
		if refused := w.ask(token, settle, "g", group, "as", "HAND"); refused.code() != "authoritative" {
			t.Errorf("by hand, against an authoritative list: %s", refused.text)
		}
		w.want(token, `mutation($c: ID!) { updateScimConfig(input: {id: $c, memberMode: ADDITIVE}) { scimConfig { memberMode } } }`, "c", config)
		if kept := w.want(token, settle, "g", group, "as", "HAND", "v", []string{p[3], "later@example.com"}); kept.at("settleGroupDrift", "settled") != 2.0 {
			t.Errorf("kept by hand: %s", kept.text)
		}
		if made := w.want(token, settle, "g", group, "as", "PROVIDER"); made.at("settleGroupDrift", "settled") != 2.0 {
			t.Errorf("settled for the provider: %s", made.text)
		}
		if got := w.driftKinds(token, group); len(got) > 0 {
			t.Errorf("drift is %q in the end", got)
		}
		last := w.want(token, groupWithDrift, "g", group, "n", 9)
		if last.at("group", "members", "edges", 2, "source") != "ADOPTED" || last.at("group", "members", "edges", 3) != nil {
			t.Errorf("members are %s in the end", last.text)
		}
		if _, err := w.r.Events.Number(admin); err != nil {
			t.Fatal(err)
		}
		history := w.want(token, `query($g: ID!) { group(id: $g) { events(first: 9) { nodes { kind data } } } }`, "g", group)
		if history.at("group", "events", "nodes", 0, "kind") != "group.drift_settled" {
			t.Errorf("the history is %s", history.text)
		}
	})
}

// TestEntrasTrapIsShownWithAHint replaces the members of a group by one, as Entra does with a wrong mapping.
func TestEntrasTrapIsShownWithAHint(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		admin, token := w.tenant(caller.ScopeAdmin)
		_, entra := w.connected(admin, token, `name: "Entra", preset: ENTRA`)
		people := w.people(admin, 3)
		g, err := w.r.Provisioning.CreateGroup(entra, directory.NewGroup{DisplayName: "Sales"})
		if err != nil {
			t.Fatal(err)
		}
		for i, who := range people {
			edit := directory.GroupEdit{LoneReplaceAdds: true, Members: []directory.MemberEdit{{Op: directory.ReplaceMembers, Members: []directory.MemberRef{{Value: id.User.Format(who)}}}}}
			if i < 2 {
				edit.Members[0].Op = directory.AddMembers
			}
			if now, _, err := w.r.Provisioning.ChangeGroup(entra, g.ID, edit, nil); err != nil || now.Suspect != (i == 2) {
				t.Fatalf("%+v, %v", now, err)
			}
		}
		if _, err := w.r.Events.Number(admin); err != nil {
			t.Fatal(err)
		}
		seen := w.want(token, groupWithDrift, "g", id.Group.Format(g.ID))
		if seen.at("group", "members", "edges", 2) == nil || seen.at("group", "drift", "hints", 0) != directory.SuspectHint {
			t.Errorf("the group is %s", seen.text)
		}
	})
}

func TestAMemberModeIsSetAndShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, token := w.tenant(caller.ScopeAdmin)
		made := w.want(token, `mutation { a: createScimConfig(input: {name: "A"}) { scimConfig { id memberMode } } b: createScimConfig(input: {name: "B", memberMode: ADDITIVE}) { scimConfig { memberMode } } }`)
		if made.at("a", "scimConfig", "memberMode") != "AUTHORITATIVE" || made.at("b", "scimConfig", "memberMode") != "ADDITIVE" {
			t.Errorf("made is %s", made.text)
		}
		of := made.at("a", "scimConfig", "id")
		changed := w.want(token, `mutation($c: ID!) { updateScimConfig(input: {id: $c, memberMode: ADDITIVE}) { scimConfig { name memberMode version } } }`, "c", of)
		if changed.at("updateScimConfig", "scimConfig", "memberMode") != "ADDITIVE" || changed.at("updateScimConfig", "scimConfig", "version") != 2.0 {
			t.Errorf("changed is %s", changed.text)
		}
		if cleared := w.ask(token, `mutation($c: ID!) { updateScimConfig(input: {id: $c, memberMode: null}) { scimConfig { memberMode } } }`, "c", of); cleared.code() != provisioning.ErrInvalidConfig.Code {
			t.Errorf("null: %s", cleared.text)
		}
	})
}

func TestAPriorityOfAutoAssignIsSetAndShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, token := w.tenant(caller.ScopeAdmin)
		made := w.want(token, `mutation { a: createScimConfig(input: {name: "A"}) { scimConfig { id autoAssignPriority } } b: createScimConfig(input: {name: "B", autoAssignPriority: -5}) { scimConfig { autoAssignPriority } } }`)
		if made.at("a", "scimConfig", "autoAssignPriority") != 0.0 || made.at("b", "scimConfig", "autoAssignPriority") != -5.0 {
			t.Errorf("made is %s", made.text)
		}
		of, change := made.at("a", "scimConfig", "id"), `mutation($c: ID!, $p: Int) { updateScimConfig(input: {id: $c, autoAssignPriority: $p}) { scimConfig { autoAssignPriority version } } }`
		changed := w.want(token, change, "c", of, "p", 1000000)
		if changed.at("updateScimConfig", "scimConfig", "autoAssignPriority") != 1e6 || changed.at("updateScimConfig", "scimConfig", "version") != 2.0 {
			t.Errorf("changed is %s", changed.text)
		}
		if refused := w.ask(token, change, "c", of, "p", 1000001); refused.code() != provisioning.ErrInvalidConfig.Code || !strings.Contains(refused.text, "autoAssignPriority") {
			t.Errorf("out of bounds: %s", refused.text)
		}
		if cleared := w.want(token, change, "c", of, "p", nil); cleared.at("updateScimConfig", "scimConfig", "autoAssignPriority") != 0.0 {
			t.Errorf("cleared is %s", cleared.text)
		}
	})
}
