package scimadapter

import (
	"errors"
	"strings"

	"github.com/usherhq/usher/internal/filter"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

// maxMembers bounds how many members one request may name.
const maxMembers = 100_000

// groupEdit compiles a PATCH of a group to edits of sets: what it costs does not depend on how many members the group has.
func (m manners) groupEdit(ops []operation) (directory.GroupEdit, error) {
	c := compiler{m: m}
	c.edit.Strict, c.edit.LoneReplaceAdds = m.strict, m.doubts
	for _, op := range ops {
		if err := c.apply(op); err != nil {
			return directory.GroupEdit{}, err
		}
	}
	return c.edit, nil
}

type compiler struct {
	m     manners
	edit  directory.GroupEdit
	named int
}

func (c *compiler) apply(op operation) error {
	if op.path != "" {
		at, err := c.m.resolve(groupType, op.path)
		if err != nil {
			return memberFault(err, op.path)
		}
		return c.applyAt(at, op)
	}
	values, ok := op.value.(object)
	if !ok {
		if op.op == opRemove {
			return errNoTarget.At("path").Sayf("remove needs a path")
		}
		return errInvalidValue.At(attrValue).Sayf("without a path, the value is an object")
	}
	if _, hasMembers := values.get(attrMembers); op.op == opRemove && (c.m.strict || !hasMembers) {
		return errNoTarget.At("path").Sayf("remove needs a path")
	}
	for _, name := range values.names() {
		if err := c.applyMember(op.op, name, values[name]); err != nil {
			return err
		}
	}
	return nil
}

const attrMembers = "members"

// memberFault says of the parts of a member that they are fixed, before anything is said of the path.
func memberFault(err error, path string) error {
	if errors.Is(err, errInvalidPath) && strings.HasPrefix(strings.ToLower(path), attrMembers+".") {
		return errInvalidPath.At("path").Sayf(`say which member, as in members[value eq "usr_…"]`)
	}
	return err
}

func (c *compiler) applyMember(op, name string, value any) error {
	at, err := c.m.resolve(groupType, name)
	switch {
	case errors.Is(err, errMutability):
		return nil
	case err != nil && c.m.strict:
		return errInvalidSyntax.At(attrValue).Sayf(unknownAttribute, quoted(name))
	case err != nil:
		return nil //nolint:nilerr // what is not known is passed over
	case at.attr.Name == attrSchemas && !c.m.strict:
		return nil // what the provider has read
	case op == opRemove && at.attr.Name != attrMembers:
		return nil // JumpCloud names the members to remove beside the group's name
	}
	return c.applyAt(at, operation{op: op, path: name, value: value, hasValue: true})
}

func (c *compiler) applyAt(at target, op operation) error {
	switch at.attr.Name {
	case attrSchemas:
		return c.m.applySchemas(groupType, object{}, op)
	case "displayName":
		return c.text(at.attr, op, func(text string) { c.edit.DisplayName = &text })
	case "externalId":
		return c.text(at.attr, op, func(text string) { c.edit.ExternalID = &text })
	case attrMembers:
		if at.where != nil {
			return c.chosen(at, op)
		}
		return c.members(op)
	default:
		return errInvalidPath.At("path").Sayf("%s cannot be changed here", at.attr.Name)
	}
}

func (c *compiler) text(a *attribute, op operation, set func(string)) error {
	holder := object{}
	if err := c.m.applySingle(holder, a, op); err != nil {
		return err
	}
	value, _ := holder[a.Name].(string)
	set(value)
	return nil
}

// members works on the list as a whole.
func (c *compiler) members(op operation) error {
	switch {
	case op.op == opRemove && op.value == nil, op.op == opReplace && op.value == nil:
		c.add(directory.MemberEdit{Op: directory.RemoveAllMembers})
		return nil
	case op.value == nil:
		return errInvalidValue.At(attrMembers).Sayf("add needs a value")
	}
	refs, err := c.refs(op.value)
	if err != nil {
		return err
	}
	switch {
	case op.op == opReplace && len(refs) == 0:
		c.add(directory.MemberEdit{Op: directory.RemoveAllMembers})
	case op.op == opReplace:
		c.add(directory.MemberEdit{Op: directory.ReplaceMembers, Members: refs})
	case len(refs) == 0:
	case op.op == opAdd:
		c.add(directory.MemberEdit{Op: directory.AddMembers, Members: refs})
	default:
		c.add(directory.MemberEdit{Op: directory.RemoveMembers, Members: refs})
	}
	return nil
}

func (c *compiler) add(edit directory.MemberEdit) { c.edit.Members = append(c.edit.Members, edit) }

// refs reads members as a list, as one object, or as an id alone.
func (c *compiler) refs(value any) ([]directory.MemberRef, error) {
	all, isList := value.([]any)
	if !isList {
		all = []any{value}
	}
	if c.named += len(all); c.named > maxMembers {
		return nil, errTooLarge.At(attrMembers).Sayf("a request names at most %d members; send the rest in another one", maxMembers)
	}
	refs := make([]directory.MemberRef, 0, len(all))
	for _, one := range all {
		ref, err := c.m.refOf(one)
		if err != nil {
			return nil, err
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

func (m manners) refOf(one any) (directory.MemberRef, error) {
	if bare, ok := one.(string); ok && bare != "" {
		one = object{attrValue: bare}
	}
	o, ok := one.(object)
	if !ok {
		return directory.MemberRef{}, errInvalidValue.At(attrMembers).Sayf("a member is an object with a value")
	}
	value, _ := o.get(attrValue)
	display, _ := o.get("display")
	named, _ := value.(string)
	if ref, _ := o.get(attrRef); named == "" && ref != nil {
		address, _ := ref.(string)
		named = m.addressed(address)
	}
	shown, _ := display.(string)
	if named == "" || strings.ContainsRune(named+shown, 0) {
		return directory.MemberRef{}, errInvalidValue.At(attrMembers).Sayf("a member has a value: the id of a user or a group")
	}
	if kind, _ := o.get(attrType); m.mistaken(named, kind) {
		return directory.MemberRef{}, errInvalidValue.At(attrMembers).Sayf("the member %s is not of the type that is said; leave type out, it follows from the value", quoted(named))
	}
	return directory.MemberRef{Value: named, Display: shown}, nil
}

// mistaken tells whether the type that a client gives a member is not the one that its id has. What providers write there besides
// User and Group means nothing to them; strictly, it is wrong.
func (m manners) mistaken(named string, kind any) bool {
	said, _ := kind.(string)
	of, _, isID := id.KindOf(strings.ToLower(named))
	switch {
	case kind == nil, kind == "":
		return false
	case strings.EqualFold(said, userType.Name):
		return isID && of != id.User
	case strings.EqualFold(said, groupType.Name):
		return isID && of != id.Group
	default:
		return m.strict
	}
}

// chosen works on the members that a filter names.
func (c *compiler) chosen(at target, op operation) error {
	if err := checkWhere(at.attr, at.where); err != nil {
		return err
	}
	values, ok := valuesOf(at.where)
	if at.sub != nil {
		return c.fixed(at, op, values)
	}
	if !ok {
		return errInvalidFilter.At("path").Sayf(`members are chosen by value, as in members[value eq "usr_…"]`)
	}
	refs := make([]directory.MemberRef, len(values))
	for i, value := range values {
		refs[i] = directory.MemberRef{Value: memberValue(value)}
	}
	switch {
	case op.op == opRemove:
		c.add(directory.MemberEdit{Op: directory.RemoveMembers, Members: refs})
	case len(refs) == 1 && (op.op == opAdd || c.m.creates):
		given, err := c.m.refOf(withValue(op.value, refs[0].Value))
		if err != nil {
			return err
		}
		if given.Value != refs[0].Value {
			return errFixed(attrValue)
		}
		c.add(directory.MemberEdit{Op: directory.AddMembers, Members: []directory.MemberRef{given}})
	default:
		return errNoTarget.At("path").Sayf("members are added by name and removed by filter")
	}
	return nil
}

// memberValue is the value of a member as it is kept: case does not count in an id.
func memberValue(value string) string {
	if lower := strings.ToLower(value); lower != value {
		if _, _, isID := id.KindOf(lower); isID {
			return lower
		}
	}
	return value
}

// fixed takes a part of a member that is to be what it is, and refuses to change one (RFC 7643 section 4.2).
func (c *compiler) fixed(at target, op operation, values []string) error {
	said, _ := op.value.(string)
	if len(values) != 1 || op.op == opRemove || said == "" {
		return errFixed(at.sub.Name)
	}
	is, same := memberValue(values[0]), false
	switch at.sub.Name {
	case attrValue:
		same = memberValue(said) == is
	case attrRef:
		same = memberValue(c.m.addressed(said)) == is
	case attrType:
		kind, _, _ := id.KindOf(is)
		same = kind == id.User && sameName(said, userType.Name) || kind == id.Group && sameName(said, groupType.Name)
	}
	if !same {
		return errFixed(at.sub.Name)
	}
	return nil
}

func errFixed(part string) error {
	return errMutability.At("path").Sayf("the %s of a member is fixed; remove the member and add another", part)
}

func withValue(given any, value string) any {
	o, ok := given.(object)
	if !ok {
		return given
	}
	if _, has := o.get(attrValue); has {
		return o
	}
	o = o.copied()
	o[attrValue] = value
	return o
}

// valuesOf returns the values that a filter of value eq, joined by or, names.
func valuesOf(n filter.Node) ([]string, bool) {
	switch n := n.(type) {
	case filter.Compare:
		return []string{n.Value.Text}, n.Op == filter.Eq && n.Attr.Is(attrValue) && n.Value.Kind == filter.String && n.Value.Text != ""
	case filter.Or:
		left, ok := valuesOf(n.Left)
		if !ok {
			return nil, false
		}
		right, ok := valuesOf(n.Right)
		return append(left, right...), ok
	default:
		return nil, false
	}
}
