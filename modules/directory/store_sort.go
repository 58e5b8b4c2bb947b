package directory

import (
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
)

// order is what a list is ordered by, and then by the ids. A descending order is an ascending one turned around: what has no
// value comes last in the one and first in the other (RFC 7644 section 3.4.2.3).
//
// Values are compared by what their index keeps of them, so that an order costs no more than a walk along it, and a cursor can
// hold where it stands.
type order struct {
	key        string // an expression that sorts by its bytes, or a column of times; empty for the order of ids
	time       bool   // created, or changed last
	sure       bool   // everybody has a value
	join       string // what the expression needs beside the rows of the resource
	number     int32  // of the field whose leading values it is, where it is no more than that
	descending bool
}

// order compiles a sort. An attribute that cannot be sorted by is ErrSortUnsupported.
func (c *compiler) order(by Sort) (order, error) {
	o := order{descending: by.Descending}
	if by.By.Name == "" {
		return order{}, nil
	}
	a := c.fields.find(by.By)
	f := c.fields.field(by.By)
	switch {
	case f != nil:
		if err := c.fields.ready(a); err != nil {
			return o, err
		}
	case c.others != nil && c.others.field(by.By) != nil:
		o.key = "NULL::text" + byBytes
		return o, nil
	case a != nil && by.By.Sub == "" && len(a.parts) > 0:
		return o, ErrSortUnsupported.Sayf("%s has parts; sort by one of them, as in %s", a.name, a.parts[0].path)
	default:
		return o, ErrSortUnsupported.Sayf("there is nothing to sort by in %q; attributes of an extension are named with its URN", by.By.String())
	}
	switch {
	case f.isPrimary() && f.many:
		o.join = leading(f.number)
		o.key = "(CASE WHEN s.key IS NOT NULL THEN 'true' WHEN EXISTS (SELECT 1 FROM user_values p WHERE p.tenant_id = $1 AND p.user_id = u.id AND p.attr IN (" +
			a.numbers() + ")) THEN 'false' END)" + byBytes
	case f.number != 0 && !f.is(pathSchemas):
		o.key, o.join, o.number = "s.key", leading(f.number), f.number
	default:
		c.orderOtherwise(f, &o)
	}
	return o, nil
}

// byBytes makes an expression sort as the columns of keys do.
const byBytes = ` COLLATE "C"`

func leading(number int32) string {
	return " LEFT JOIN user_values s ON s.tenant_id = $1 AND s.user_id = u.id AND s.attr = " + strconv.Itoa(int(number)) + " AND s.lead"
}

func (c *compiler) orderOtherwise(f *field, o *order) {
	row := c.of.row
	switch f.path {
	case pathCreated:
		o.key, o.time, o.sure = row+".created_at", true, true
	case pathLastModified:
		o.key, o.time, o.sure = row+".updated_at", true, true
	case pathVersion:
		o.key, o.sure = versionOf(row), true
	case pathUserName:
		o.key, o.sure = "u.user_name_key", true
	case pathDisplayName:
		o.key, o.sure = "g.display_name_key", true
	case pathActive:
		o.key, o.sure = "(CASE WHEN "+string(c.active())+" THEN 'true' ELSE 'false' END)"+byBytes, true
	case pathExternalID:
		o.key = c.externalIDKey()
	case pathResourceType, pathSchemas: // everybody's is the same, and where both types are asked, each has its own
		if c.others != nil {
			o.key, o.sure = "'"+map[bool]string{true: c.of.name, false: c.of.urn}[f.path == pathResourceType]+"'::text"+byBytes, true
		}
	case pathManagerName, pathManagerRef:
		o.key = managerKey(f) + byBytes
	case pathID, pathLocation:
		if c.others != nil {
			o.key, o.sure = "('"+string(c.of.kind)+"' || "+row+".id::text)"+byBytes, true
		}
	default:
		o.key = membershipKey(f) + byBytes
	}
}

func (c *compiler) externalIDKey() string {
	switch {
	case c.of == aGroup:
		return "NULLIF(g.external_id, '')"
	case c.q.provider():
		return "NULLIF(l.external_id, '')"
	default:
		return "(SELECT min(x.external_id) FROM links x WHERE x.tenant_id = $1 AND x.user_id = u.id AND x.ended_at IS NULL AND x.external_id > '')"
	}
}

// membershipKey is of the first membership, as it is shown. Ids sort as their spellings do.
func membershipKey(f *field) string {
	const ofUser = " FROM memberships m WHERE m.tenant_id = $1 AND m.member_id = u.id ORDER BY m.group_id LIMIT 1)"
	const ofGroup = " FROM memberships m WHERE m.tenant_id = $1 AND m.group_id = g.id ORDER BY m.member_id LIMIT 1)"
	const groupName = "(SELECT n.display_name_key FROM groups n WHERE n.tenant_id = $1 AND n.id = "
	const either = "CASE WHEN m.user_id IS NOT NULL THEN 'user' ELSE 'group' END"
	switch f.path {
	case pathGroupsName:
		return "(SELECT " + groupName + "m.group_id)" + ofUser
	case pathGroupsType:
		return "(SELECT 'direct'" + ofUser
	case pathMembersValue, pathMembersRef:
		return "(SELECT CASE WHEN m.user_id IS NOT NULL THEN '" + string(id.User) + "_' ELSE '" + string(id.Group) + "_' END || m.member_id::text" + ofGroup
	case pathMembersType:
		return "(SELECT " + either + ofGroup
	case pathMembersName:
		return "(SELECT COALESCE(" + personName("m.user_id") + ", " + groupName + "m.subgroup_id))" + ofGroup
	default: // groups.value, groups.$ref
		return "(SELECT m.group_id::text" + ofUser
	}
}

// personName is what a person is called, see UserRef.Display.
func personName(of string) string {
	return "COALESCE((SELECT n.key FROM user_values n WHERE n.tenant_id = $1 AND n.user_id = " + of + " AND n.attr = 20 AND trim(n.key) <> ''), " +
		"(SELECT y.user_name_key FROM users y WHERE y.tenant_id = $1 AND y.id = " + of + "))"
}

func managerKey(f *field) string {
	who := "COALESCE((SELECT w.id FROM users w WHERE w.tenant_id = $1 AND w.id = " + managerID +
		"), (SELECT w.id FROM users w WHERE w.tenant_id = $1 AND w.user_name_key = v.key))"
	from := " FROM user_values v WHERE v.tenant_id = $1 AND v.user_id = u.id AND v.attr = " + strconv.Itoa(numberManager) + " AND v.rest = '')"
	if f.path == pathManagerRef {
		return "(SELECT " + who + "::text" + from
	}
	return "(SELECT " + personName(who) + from
}

// orderBy orders rows whose id is in a column.
func (o order) orderBy(idColumn string) string {
	direction := ""
	if o.descending {
		direction = " DESC"
	}
	text := " ORDER BY "
	if o.key != "" && !o.sure {
		text += "(" + o.key + " IS NULL)" + direction + ", "
	}
	if o.key != "" {
		text += o.key + direction + ", "
	}
	return text + idColumn + direction
}

// Mark is where in an ordered list a piece of it ends.
type Mark struct {
	Missing bool   // it has no value to be ordered by
	Key     string // the value, as it is compared
	ID      id.ID
}

// after is met by the rows behind a mark.
func (o order) after(a *arguments, idColumn string, m Mark) condition {
	sign := " > "
	if o.descending {
		sign = " < "
	}
	if o.key == "" {
		return condition(idColumn + sign + a.add(m.ID))
	}
	beyond := func() condition {
		key := any(m.Key)
		if o.time {
			key, _ = time.Parse(time.RFC3339Nano, m.Key)
		}
		return condition("(" + o.key + ", " + idColumn + ")" + sign + "(" + a.add(key) + ", " + a.add(m.ID) + ")")
	}
	missing, there := condition(o.key+" IS NULL"), condition(o.key+" IS NOT NULL")
	sameMissing := func() condition { return allOf(missing, condition(idColumn+sign+a.add(m.ID))) }
	switch {
	case o.sure:
		return beyond()
	case m.Missing && o.descending:
		return anyOf(there, sameMissing())
	case m.Missing:
		return sameMissing()
	case o.descending:
		return allOf(there, beyond())
	default:
		return anyOf(missing, beyond())
	}
}

// timeAt tells which time it is: 0 when it was made, 1 when it changed last.
func (o order) timeAt() int {
	if strings.HasSuffix(o.key, ".created_at") {
		return 0
	}
	return 1
}

// markTime spells a time that a list is ordered by.
func markTime(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// Sort says what a list is ordered by. The zero Sort orders by creation, which is what ids do.
type Sort struct {
	By         filter.Attr
	Descending bool
}
