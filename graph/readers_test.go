package graph_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

// open tells whether a reader who is limited to groups may name a field.
func openToGroups(of *ast.Definition, field *ast.FieldDefinition) bool {
	for _, need := range []*ast.Directive{of.Directives.ForName("needs"), field.Directives.ForName("needs")} {
		if need == nil {
			continue
		}
		if scope := need.Arguments.ForName("scope").Value.Raw; scope != "ANY" && scope != "GROUP_REPORTS_READ" {
			return false
		}
	}
	return true
}

// everythingOpen asks for every field below a type that such a reader may name.
func everythingOpen(name string, depth int) string {
	definition := schema().Types[name]
	if definition.Kind != ast.Object && definition.Kind != ast.Interface {
		return ""
	}
	parts := []string{"__typename"}
	for _, f := range definition.Fields {
		if strings.HasPrefix(f.Name, "__") || !openToGroups(definition, f) || f.Name == "tenant" || f.Name == "people" && name == "LicenseUtilization" {
			continue
		}
		below := schema().Types[f.Type.Name()]
		if below.Kind == ast.Object || below.Kind == ast.Interface {
			if depth > 0 {
				parts = append(parts, f.Name+everythingOpen(below.Name, depth-1))
			}
			continue
		}
		parts = append(parts, f.Name)
	}
	return " { " + strings.Join(parts, " ") + " }"
}

// groupsReader makes a token that tells of the people of some groups.
func (w *world) groupsReader(ctx context.Context, groups ...id.ID) string {
	w.t.Helper()
	who, _ := caller.From(ctx)
	_, secret, err := w.r.Access.Issue(ctx, access.Request{
		Tenant: who.Tenant, SubjectKind: access.SubjectService, Name: "Groups", Scopes: caller.Scopes{caller.ScopeReportsRead}, Groups: groups,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return secret.Reveal()
}

// seen is everything that a reader who is limited to groups can ask for, of now and of a moment.
func seen(at time.Time) []string {
	figures := slices.Sorted(maps.Keys(map[string]bool{}))
	for _, value := range schema().Types["UtilizationFigure"].EnumValues {
		figures = append(figures, value.Name)
	}
	when := fmt.Sprintf("(at: %q)", at.Format(time.RFC3339Nano))
	all := []string{
		`{ viewer` + everythingOpen("Viewer", 1) + ` }`,
		`{ licenseUtilization` + when + everythingOpen("UtilizationReport", 4) + ` }`,
		`{ tenant { slug licenseUtilization` + when + everythingOpen("UtilizationReport", 4) + ` } }`,
	}
	for _, figure := range figures {
		all = append(all, `{ licenseUtilization`+when+` { licenses { people(figure: `+figure+`)`+everythingOpen("SeatHolderConnection", 3)+` } } }`)
	}
	return all
}

// TestAReaderOfGroupsCannotTellAnOutsiderFromNobody asks for everything that a reader who is limited to groups may name, once
// before people outside of her groups come, get seats, wait, use them and go, and once afterwards: not a byte has changed. What else
// the schema has is refused to her, field by field.
func TestAReaderOfGroupsCannotTellAnOutsiderFromNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		product := w.token(ctx, caller.ScopeEntitlementsWrite)
		l, err := w.r.Licensing.Buy(ctx, licensing.NewLicense{Product: "Advanced", Seats: 4})
		if err != nil {
			t.Fatal(err)
		}
		person := func(name string) id.ID {
			t.Helper()
			u, err := w.r.Directory.Create(ctx, directory.User{UserName: name, DisplayName: name, Title: "Sales", Active: true})
			if err != nil {
				t.Fatal(err)
			}
			return u.ID
		}
		group := func(name string, members ...string) id.ID {
			t.Helper()
			n := directory.NewGroup{DisplayName: name}
			for _, of := range members {
				n.Members = append(n.Members, directory.MemberRef{Value: of})
			}
			g, err := w.r.Directory.CreateGroup(ctx, n)
			if err != nil {
				t.Fatal(err)
			}
			return g.ID
		}
		seat := func(user id.ID) {
			t.Helper()
			if _, err := w.r.Licensing.Assign(ctx, l.ID, user); err != nil {
				t.Fatal(err)
			}
		}
		use := func(user id.ID) {
			t.Helper()
			w.want(product, `mutation($l: ID!, $u: ID!, $at: Time!) { recordActivity(input: {licenseId: $l, source: "Log", uses: [{person: {id: $u}, at: $at}]}) { results { status } } }`,
				"l", id.License.Format(l.ID), "u", id.User.Format(user), "at", w.db.Now().Format("2006-01-02T15:04:05.999999Z"))
		}
		ada, bob := person("ada"), person("bob")
		inner := group("inner", id.User.Format(bob))
		outer := group("outer", id.User.Format(ada), id.Group.Format(inner))
		seat(ada)
		seat(bob)
		use(bob)
		reader := w.groupsReader(ctx, outer)
		listed := func() string {
			return w.want(reader, `{ licenseUtilization { people seats licenses { product assigned activated waiting people { totalCount nodes { userName } } } } }`).text
		}
		mine := `{"data":{"licenseUtilization":{"people":2,"seats":2,"licenses":[{"product":"Advanced","assigned":2,"activated":1,"waiting":0,` +
			`"people":{"totalCount":2,"nodes":[{"userName":"ada"},{"userName":"bob"}]}}]}}}`
		if got := listed(); got != mine {
			t.Fatalf("she sees %s, want %s", got, mine)
		}
		outsiders := []id.ID{person(canary + "1"), person(canary + "2"), person(canary + "3")}
		then := w.db.Now()
		look := func() (all []string) {
			t.Helper()
			for _, query := range seen(then) {
				a := w.ask(reader, query)
				if code := a.code(); code != "" && code != "use_unknown" {
					t.Fatalf("%s answered %s", query, a.text)
				}
				all = append(all, a.text)
			}
			return append(all, listed())
		}
		before := look()
		others := group(canary, id.User.Format(outsiders[0]))
		for _, one := range outsiders { // the third waits
			seat(one)
		}
		use(outsiders[0])
		if _, err := w.r.Licensing.Release(ctx, l.ID, outsiders[1]); err != nil {
			t.Fatal(err)
		}
		for i, now := range look() {
			if now != before[i] || strings.Contains(now, canary) {
				t.Errorf("an outsider changes what she sees:\n%s\n%s", before[i], now)
			}
		}
		filtered := func(of id.ID) string {
			a := w.ask(reader, `query($g: ID) { licenseUtilization { licenses { people(filter: {groupId: $g}) { totalCount } } } }`, "g", id.Group.Format(of))
			return strings.ReplaceAll(a.text, id.Group.Format(of), "GROUP")
		}
		if there, nobody := filtered(others), filtered(id.New()); there != nobody || !strings.Contains(there, "forbidden") {
			t.Errorf("a group of others answers %s, none %s", there, nobody)
		}
		if all := w.want(admin, `{ licenseUtilization { people } }`); all.at("licenseUtilization", "people") != 4.0 {
			t.Errorf("everybody is %s", all.text)
		}
		w.closed(reader)
	})
}

// closed asks for every field that is not open to a reader of groups: all are refused before anything runs.
func (w *world) closed(reader string) {
	w.t.Helper()
	asked := 0
	for _, root := range []*ast.Definition{schema().Query, schema().Mutation} {
		for _, field := range root.Fields {
			if strings.HasPrefix(field.Name, "__") || openToGroups(root, field) {
				continue
			}
			asked++
			operation := attack(root, field, household{}, "usr", id.User.Format(id.New()))
			if a := w.ask(reader, operation); a.code() != "forbidden" {
				w.t.Errorf("%s answered %s", operation, a.text)
			}
		}
	}
	for _, name := range []string{"LicenseUtilization", "UtilizationWindow", "ReclaimableSeats", "Tenant"} {
		path := map[string]string{
			"LicenseUtilization": "licenseUtilization { licenses { FIELD } }", "UtilizationWindow": "licenseUtilization { licenses { windows { FIELD } } }",
			"ReclaimableSeats": "licenseUtilization { licenses { reclaimable { FIELD } } }", "Tenant": "tenant { FIELD }",
		}[name]
		for _, field := range schema().Types[name].Fields {
			if strings.HasPrefix(field.Name, "__") || openToGroups(schema().Types[name], field) {
				continue
			}
			asked++
			operation := "{ " + strings.Replace(path, "FIELD", field.Name+selection(field.Type, 1), 1) + " }"
			if a := w.ask(reader, operation); a.code() != "forbidden" {
				w.t.Errorf("%s answered %s", operation, a.text)
			}
		}
	}
	if asked < 80 {
		w.t.Errorf("only %d fields were asked for", asked)
	}
}

// TestAnAdministratorIsLimitedToGroups invites one, changes her groups, and keeps the last full one.
func TestAnAdministratorIsLimitedToGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, admin := w.tenant(caller.ScopeAdmin)
		g, err := w.r.Directory.CreateGroup(ctx, directory.NewGroup{DisplayName: "Sales"})
		if err != nil {
			t.Fatal(err)
		}
		group := id.Group.Format(g.ID)
		invite := `mutation($r: AdministratorRole!, $g: [ID!]) { inviteAdministrator(input: {name: "Ada", email: "ada@example.com", role: $r, groupIds: $g}) { link administrator { id role groupIds } } }`
		for _, bad := range []struct {
			role   string
			groups []string
			code   string
		}{
			{"GROUPS", nil, "invalid_administrator"}, {"FULL", []string{group}, "invalid_administrator"}, {"GROUPS", []string{id.Group.Format(id.New())}, "group_not_found"},
		} {
			if a := w.ask(admin, invite, "r", bad.role, "g", bad.groups); a.code() != bad.code || a.Errors[0].Extensions["field"] != "groupIds" {
				t.Errorf("%+v answered %s", bad, a.text)
			}
		}
		made := w.want(admin, invite, "r", "GROUPS", "g", []string{group})
		if made.at("inviteAdministrator", "administrator", "role") != "GROUPS" || made.at("inviteAdministrator", "administrator", "groupIds", 0) != group {
			t.Errorf("invited %s", made.text)
		}
		of, _ := made.at("inviteAdministrator", "administrator", "id").(string)
		link, _ := made.at("inviteAdministrator", "link").(string)
		_, secret, err := w.r.Access.SignIn(t.Context(), link[strings.LastIndex(link, "/")+1:], "test")
		if err != nil {
			t.Fatal(err)
		}
		sees := func() caller.Caller {
			t.Helper()
			who, err := w.r.Access.SignedIn(t.Context(), secret.Reveal(), "r")
			if err != nil {
				t.Fatal(err)
			}
			return who
		}
		if who := sees(); !who.Limited() || !slices.Equal(who.Groups, []id.ID{g.ID}) {
			t.Errorf("she is %+v", who)
		}
		other, err := w.r.Directory.CreateGroup(ctx, directory.NewGroup{DisplayName: "Law"})
		if err != nil {
			t.Fatal(err)
		}
		change := `mutation($id: ID!, $r: AdministratorRole, $g: [ID!]) { updateAdministrator(input: {id: $id, role: $r, groupIds: $g}) { administrator { role groupIds } } }`
		w.want(admin, change, "id", of, "r", "GROUPS", "g", []string{id.Group.Format(other.ID)})
		if who := sees(); !slices.Equal(who.Groups, []id.ID{other.ID}) {
			t.Errorf("the change has not come: %+v", who)
		}
		w.want(admin, `mutation($id: ID!) { updateAdministrator(input: {id: $id, role: FULL}) { administrator { groupIds } } }`, "id", of)
		if who := sees(); who.Limited() || len(who.Groups) > 0 {
			t.Errorf("she is limited still: %+v", who)
		}
		if a := w.ask(admin, change, "id", of, "r", "GROUPS", "g", []string{group}); a.code() != "last_administrator" {
			t.Errorf("the last full one is limited: %s", a.text)
		}
		issue := `mutation($s: [String!]!, $g: [ID!]) { issueToken(input: {name: "T", scopes: $s, groupIds: $g}) { token { scopes groupIds } } }`
		if a := w.ask(admin, issue, "s", []string{"admin"}, "g", []string{group}); a.code() != "invalid_token_request" {
			t.Errorf("a limited token that administers: %s", a.text)
		}
		if a := w.want(admin, issue, "s", []string{"reports:read"}, "g", []string{group}); a.at("issueToken", "token", "groupIds", 0) != group || a.at("issueToken", "token", "scopes", 0) != "reports:read:groups" {
			t.Errorf("issued %s", a.text)
		}
	})
}
