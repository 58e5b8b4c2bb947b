package directory

import (
	"strconv"
	"strings"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
)

// resource is a type of resources as queries see it.
type resource struct {
	kind     id.Kind
	name     string // as in meta.resourceType
	urn      string
	endpoint string
	table    string
	row      string // the alias of its rows
}

var (
	aUser  = &resource{kind: id.User, name: "User", urn: UserURN, endpoint: "/Users", table: "users", row: "u"}
	aGroup = &resource{kind: id.Group, name: "Group", urn: GroupURN, endpoint: "/Groups", table: "groups", row: "g"}
)

// reach says where the values of a field are, and how one of them is compared.
type reach struct {
	rows    string    // the table that holds them, with an alias; empty where they are on the resource's own row
	on      condition // narrows the rows to the field's
	owner   string    // the column of the rows that names the resource
	there   condition // that there is a value: yes where every row has one
	implied bool      // a test that is met says as much
	test    operand
	also    string // a value that every resource has besides
	unique  bool   // eq finds one resource at most, by an index of its own row
	common  bool   // many have the same value
	indexed bool   // eq, sw and comparisons of order find them by an index
}

func (c *compiler) reach(f *field) reach {
	if f.is(pathSchemas) {
		return c.reachSchemas()
	}
	if f.number != 0 {
		return valuesOfField(f)
	}
	if r, ok := c.reachCommon(f); ok {
		return r
	}
	if c.of == aGroup {
		return c.reachGroup(f)
	}
	return c.reachUser(f)
}

// valuesOfField are rows of user_values.
func valuesOfField(f *field) reach {
	return reach{
		rows: "user_values v", on: condition("v.tenant_id = $1 AND v.attr = " + strconv.Itoa(int(f.number))), owner: "v.user_id", there: yes,
		test: keyedText("v"), indexed: true, common: f.isPrimary() || strings.HasSuffix(f.path, ".type"),
	}
}

// reachSchemas: the core schema is everybody's; those of extensions are values.
func (c *compiler) reachSchemas() reach {
	if c.of == aGroup {
		return reach{there: yes, test: constant(GroupURN)}
	}
	r := valuesOfField(&field{number: numberSchemas})
	r.also = UserURN
	return r
}

func (c *compiler) reachCommon(f *field) (reach, bool) {
	row := c.of.row
	switch f.path {
	case pathID:
		return reach{there: yes, test: spelledID(row+".id", string(c.of.kind)+"_"), unique: true, indexed: true}, true
	case pathLocation:
		return reach{there: yes, test: spelledID(row+".id", c.location(c.of)), unique: true, indexed: true}, true
	case pathResourceType:
		return reach{there: yes, test: constant(c.of.name)}, true
	case pathCreated:
		return reach{there: yes, test: timeTest(row + ".created_at"), indexed: true}, true
	case pathLastModified:
		return reach{there: yes, test: timeTest(row + ".updated_at"), indexed: true}, true
	case pathVersion:
		return reach{there: yes, test: textTest(versionOf(row))}, true
	default:
		return reach{}, false
	}
}

// versionOf spells the version of a row as an entity tag, as a text that sorts by its bytes.
func versionOf(row string) string { return `('W/"' || ` + row + `.version::text || '"')` + byBytes }

// location is what the address of every resource of a type begins with.
func (c *compiler) location(of *resource) string {
	return c.base + of.endpoint + "/" + string(of.kind) + "_"
}

func (c *compiler) reachUser(f *field) reach {
	switch f.path {
	case pathUserName:
		return reach{there: yes, test: textTest("u.user_name_key"), unique: true, indexed: true}
	case pathExternalID:
		return c.reachExternalID()
	case pathActive:
		return reach{there: yes, test: flagTest(c.active()), indexed: true}
	case pathManagerRef, pathManagerName:
		return c.reachManager(f)
	default:
		return c.reachMembership(f, "m.member_id")
	}
}

// active is the link's for a configuration that has one, the person's otherwise.
func (c *compiler) active() condition {
	if c.q.provider() {
		return "COALESCE(l.active, u.active)"
	}
	return "u.active"
}

// inactive selects those whose active is false, by indexes of these few.
func (c *compiler) inactive() string {
	if !c.q.provider() {
		return "SELECT x.id FROM users x WHERE x.tenant_id = $1 AND NOT x.active"
	}
	return `SELECT x.user_id FROM links x WHERE x.tenant_id = $1 AND x.scim_config_id = $2 AND NOT x.active
		UNION ALL SELECT x.id FROM users x WHERE x.tenant_id = $1 AND NOT x.active AND NOT EXISTS (
			SELECT 1 FROM links y WHERE y.tenant_id = $1 AND y.user_id = x.id AND y.scim_config_id = $2)`
}

// reachExternalID: it is the link's. For who is no configuration there may be several.
func (c *compiler) reachExternalID() reach {
	r := reach{
		rows: "links x", on: "x.tenant_id = $1 AND x.ended_at IS NULL", owner: "x.user_id", there: "x.external_id > ''",
		test: textTest("x.external_id"), indexed: true,
	}
	if c.q.provider() {
		r.on += " AND x.scim_config_id = $2"
	}
	return r
}

func (c *compiler) reachGroup(f *field) reach {
	switch f.path {
	case pathDisplayName:
		return reach{there: yes, test: textTest("g.display_name_key"), unique: true, indexed: true}
	case pathExternalID:
		return reach{there: "g.external_id > ''", test: textTest("g.external_id"), indexed: true}
	default:
		return c.reachMembership(f, "m.group_id")
	}
}

// reachMembership: groups of a person and members of a group are rows of memberships, seen from one side or from the other.
func (c *compiler) reachMembership(f *field, owner string) reach {
	r := reach{rows: "memberships m", on: "m.tenant_id = $1", owner: owner, there: yes, indexed: true}
	switch f.path {
	case pathGroupsValue:
		r.test = spelledID("m.group_id", string(id.Group)+"_")
	case pathGroupsRef:
		r.test = spelledID("m.group_id", c.location(aGroup))
	case pathGroupsName:
		r.test = among("m.group_id", groupsNamed)
	case pathGroupsType:
		r.test = constant("direct")
	case pathMembersValue:
		r.test = byKind(spelledID("m.member_id", string(id.User)+"_"), spelledID("m.member_id", string(id.Group)+"_"))
	case pathMembersRef:
		r.test = byKind(spelledID("m.member_id", c.location(aUser)), spelledID("m.member_id", c.location(aGroup)))
	case pathMembersType:
		r.test, r.indexed = byKind(constant(fold(aUser.name)), constant(fold(aGroup.name))), false
	case pathMembersName:
		r.test = among("m.member_id", peopleNamed, groupsNamed)
	}
	return r
}

// byKind compares a member that is a person in one way, and one that is a group in another.
func byKind(user, group operand) operand {
	return func(a *arguments, op filter.Op, text string) condition {
		return anyOf(allOf("m.user_id IS NOT NULL", user(a, op, text)), allOf("m.subgroup_id IS NOT NULL", group(a, op, text)))
	}
}

// selector selects the ids of those whose name meets a comparison.
type selector func(a *arguments, op filter.Op, text string) string

// among compares what an id stands for.
func among(column string, selectors ...selector) operand {
	return func(a *arguments, op filter.Op, text string) condition {
		parts := make([]string, len(selectors))
		for i, selects := range selectors {
			parts[i] = selects(a, op, text)
		}
		return condition(column + " IN (" + strings.Join(parts, " UNION ALL ") + ")")
	}
}

func groupsNamed(a *arguments, op filter.Op, text string) string {
	return "SELECT n.id FROM groups n WHERE n.tenant_id = $1 AND " + string(textTest("n.display_name_key")(a, op, text))
}

// peopleNamed goes by what people are called, see UserRef.Display.
func peopleNamed(a *arguments, op filter.Op, text string) string {
	const shown = "n.attr = 20 AND trim(n.key) <> ''"
	return "SELECT n.user_id FROM user_values n WHERE n.tenant_id = $1 AND " + shown + " AND " + string(keyedText("n")(a, op, text)) +
		" UNION ALL SELECT y.id FROM users y WHERE y.tenant_id = $1 AND " + string(textTest("y.user_name_key")(a, op, text)) +
		" AND NOT EXISTS (SELECT 1 FROM user_values n WHERE n.tenant_id = $1 AND n.user_id = y.id AND " + shown + ")"
}

// reachManager: who a manager is follows from manager.value, which is an id or a userName. One whom nobody knows has no name
// and no address.
func (c *compiler) reachManager(f *field) reach {
	r := valuesOfField(&field{number: numberManager})
	r.there, r.implied = knownManager, true
	if f.path == pathManagerName {
		r.test = func(a *arguments, op filter.Op, text string) condition { return managedBy(peopleNamed(a, op, text)) }
		return r
	}
	r.test = func(a *arguments, op filter.Op, text string) condition {
		if op == filter.Co || op == filter.Ew {
			return c.managerRef(a, op, text)
		}
		test := spelledID("y.id", c.location(aUser))(a, op, text)
		if test == no {
			return no
		}
		return managedBy("SELECT y.id FROM users y WHERE y.tenant_id = $1 AND " + string(test))
	}
	return r
}

// managerRef looks for a piece of a manager's address: behind what all of them begin with stands the value itself, where it is
// an id, or else the id of whom the value names.
func (c *compiler) managerRef(a *arguments, op filter.Op, text string) condition {
	place := c.base + aUser.endpoint + "/"
	return allOf("v.rest = ''", anyOf(
		allOf(condition("EXISTS (SELECT 1 FROM users w WHERE w.tenant_id = $1 AND w.id = "+managerID+")"), textTest("("+a.add(place)+"::text || v.key)")(a, op, text)),
		condition("EXISTS (SELECT 1 FROM users w WHERE w.tenant_id = $1 AND w.user_name_key = v.key AND "+
			string(spelledID("w.id", c.location(aUser))(a, op, text))+")"),
	))
}

// managedBy tells that a value of manager.value, with the alias v, names one of some people. Long userNames name nobody here.
// Who the people are, and what names them, is found once: PostgreSQL would join all of it in one, and do it for each value anew.
func managedBy(some string) condition {
	const boss = " FROM users w WHERE w.tenant_id = $1 AND w.id IN (SELECT bosses.id FROM bosses)"
	return condition("(v.rest = '' AND v.key IN (WITH bosses(id) AS MATERIALIZED (" + some + "), names(key) AS MATERIALIZED (SELECT '" + string(id.User) + "_' || " +
		id.Spelling("w.id") + boss + " UNION ALL SELECT w.user_name_key" + boss + ") SELECT names.key FROM names))")
}

// managerID is the id that a value of manager.value spells, or NULL.
var managerID = "CASE WHEN length(v.key) = 30 AND v.key >= 'usr_' AND v.key < 'usr`' THEN " + id.Reading("v.key", len(id.User)+1) + " END"

// knownManager tells that a value of manager.value names somebody.
var knownManager = condition("(v.rest = '' AND (EXISTS (SELECT 1 FROM users w WHERE w.tenant_id = $1 AND w.id = " + managerID +
	") OR EXISTS (SELECT 1 FROM users w WHERE w.tenant_id = $1 AND w.user_name_key = v.key)))")
