package scimadapter

import (
	"errors"
	"maps"
	"strings"

	"github.com/usherhq/usher/internal/filter"
)

// maxOperations bounds the operations of one PATCH.
const maxOperations = 1000

// operation is one step of a PATCH (RFC 7644 section 3.5.2).
type operation struct {
	op       string // add, remove or replace
	path     string
	value    any
	hasValue bool
}

const (
	opAdd     = "add"
	opRemove  = "remove"
	opReplace = "replace"
)

// operations reads a PATCH message.
func (m manners) operations(body object) ([]operation, error) {
	if !m.strict && isOld(body) {
		return oldOperations(body)
	}
	if !declares(body, patchURN) {
		return nil, errInvalidSyntax.At(attrSchemas).Sayf("a PATCH names the schema %s", patchURN)
	}
	given, _ := body.get("Operations")
	all, ok := given.([]any)
	switch {
	case !ok:
		return nil, errInvalidSyntax.At("Operations").Sayf("a PATCH has a list of Operations")
	case len(all) == 0 && m.strict:
		return nil, errInvalidSyntax.At("Operations").Sayf("a PATCH has at least one operation")
	case len(all) > maxOperations:
		return nil, errTooManyOperations()
	}
	ops := make([]operation, 0, len(all))
	for _, one := range all {
		o, ok := one.(object)
		if !ok {
			return nil, errInvalidSyntax.At("Operations").Sayf("an operation is an object")
		}
		op, err := operationOf(o)
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

func errTooManyOperations() error {
	return errTooLarge.At("Operations").Sayf("a PATCH has at most %d operations; send the rest in another one", maxOperations)
}

func operationOf(o object) (operation, error) {
	word, _ := o.get("op")
	name, _ := word.(string)
	op := operation{op: strings.ToLower(name)}
	if op.op != opAdd && op.op != opRemove && op.op != opReplace {
		return op, errInvalidSyntax.At("op").Sayf("the op of an operation is add, remove or replace")
	}
	path, _ := o.get("path")
	switch path := path.(type) {
	case nil:
	case string:
		op.path = strings.TrimSpace(path)
	default:
		return op, errInvalidPath.At("path").Sayf("a path is text")
	}
	op.value, op.hasValue = o.get(attrValue)
	if op.op == opAdd && !op.hasValue || op.op == opReplace && op.path == "" && !op.hasValue {
		return op, errInvalidSyntax.At(attrValue).Sayf("the operation %s needs a value", op.op)
	}
	return op, nil
}

// declares tells whether a message is of a schema. Nobody sends a PATCH without saying so.
func declares(body object, urn string) bool {
	schemas, _ := body.get(attrSchemas)
	for _, one := range schemasOf(schemas) {
		if strings.EqualFold(one, urn) {
			return true
		}
	}
	return false
}

func schemasOf(value any) []string {
	all, _ := value.([]any)
	var urns []string
	for _, one := range all {
		if urn, ok := one.(string); ok {
			urns = append(urns, urn)
		}
	}
	return urns
}

// target is what a path names.
type target struct {
	urn   string     // of the extension that holds the attribute; empty for the core
	attr  *attribute // nil for an extension as a whole
	sub   *attribute
	where filter.Node
}

// resolve finds what a path names.
func (m manners) resolve(t *resourceType, text string) (target, error) {
	path, err := filter.ParsePath(text, filter.Options{URNs: t.urns(), AllowBare: !m.strict})
	if err != nil {
		return target{}, pathFault(err)
	}
	at := target{where: path.Where}
	if s := t.extension(path.Attr.URN); s != nil {
		at.urn = s.URN
		if path.Attr.Name == "" {
			return at, nil
		}
		at.attr = find(s.Attributes, path.Attr.Name)
	} else {
		at.urn, at.attr = m.plain(t, path.Attr)
	}
	if at.attr == nil {
		return at, errInvalidPath.At("path").Sayf("there is no attribute %s", quoted(path.Attr.String()))
	}
	sub := path.Attr.Sub
	if path.Where != nil {
		sub = path.Sub
	}
	if sub != "" {
		if at.sub = find(at.attr.SubAttributes, sub); at.sub == nil {
			return at, errInvalidPath.At("path").Sayf("%s has no part %s", at.attr.Name, quoted(sub))
		}
	}
	return at, at.check(path)
}

// plain finds an attribute without a schema in front. Entra calls the manager so, though it is the Enterprise User's.
func (m manners) plain(t *resourceType, named filter.Attr) (urn string, found *attribute) {
	if found = t.attribute(named.Name); found != nil || m.strict || named.URN != "" {
		return "", found
	}
	for _, s := range t.Extensions {
		if found = find(s.Attributes, named.Name); found != nil {
			return s.URN, found
		}
	}
	return "", nil
}

func (at target) isManagersName() bool {
	return at.attr.Name == attrManager && at.sub != nil && at.sub.Mutability == readOnly
}

// isManagersAddress tells whether a path names the $ref of a manager, which follows from her value.
func (at target) isManagersAddress() bool {
	return at.attr.Name == attrManager && at.sub != nil && at.sub.Name == attrRef
}

func (m manners) applyManagersAddress(holder object, at target, op operation) error {
	switch {
	case op.op == opRemove, op.op == opReplace && op.value == nil:
		return nil
	case op.value == nil:
		return errInvalidValue.At(attrManager).Sayf("add needs a value")
	}
	op.value = object{attrRef: op.value}
	return m.applyComplex(holder, at.attr, op)
}

func pathFault(err error) error {
	var syntax *filter.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	if syntax.Inside {
		return errInvalidFilter.At("path").Sayf("the filter in the path is not valid %s", syntax.Error())
	}
	return errInvalidPath.At("path").Sayf("the path is not valid %s", syntax.Error())
}

func (at target) check(path filter.Path) error {
	switch {
	case at.where != nil && (!at.attr.MultiValued || at.attr.Type != typeComplex):
		return errInvalidPath.At("path").Sayf("%s has no elements to choose from", at.attr.Name)
	case at.where == nil && at.sub != nil && at.attr.MultiValued:
		return errInvalidPath.At("path").Sayf("%s has many elements: say which one, as in %s[type eq \"work\"].%s", at.attr.Name, at.attr.Name, at.sub.Name)
	case at.attr.Mutability == readOnly || at.sub != nil && at.sub.Mutability == readOnly:
		return errMutability.At("path").Sayf("%s is only for the server to write", quoted(path.Attr.String()))
	default:
		return nil
	}
}

// patch applies operations to a document, each to the result of the former.
func (m manners) patch(t *resourceType, doc object, ops []operation) error {
	for _, op := range ops {
		if err := m.apply(t, doc, op); err != nil {
			return err
		}
	}
	return nil
}

func (m manners) apply(t *resourceType, doc object, op operation) error {
	if op.path != "" {
		at, err := m.resolve(t, op.path)
		switch {
		case errors.Is(err, errMutability) && at.isManagersName() && !m.strict:
			return nil // Entra maps it, and what else it sends at the same time must not be lost
		case err != nil:
			return err
		}
		return m.applyAt(t, doc, at, op)
	}
	if op.op == opRemove {
		return errNoTarget.At("path").Sayf("remove needs a path")
	}
	values, ok := op.value.(object)
	if !ok {
		return errInvalidValue.At(attrValue).Sayf("without a path, the value is an object")
	}
	for _, name := range values.names() {
		if err := m.applyMember(t, doc, op.op, name, values[name]); err != nil {
			return err
		}
	}
	return nil
}

// applyMember applies a member of a value without a path. Its name may itself be a path; what is only the server's is passed
// over, because providers send back what they have read.
func (m manners) applyMember(t *resourceType, doc object, op, name string, value any) error {
	at, err := m.resolve(t, name)
	switch {
	case errors.Is(err, errMutability):
		return nil
	case err != nil && m.strict:
		return errInvalidSyntax.At(attrValue).Sayf(unknownAttribute, quoted(name))
	case err != nil:
		return nil //nolint:nilerr // what is not known is passed over
	case value == nil && op == opAdd:
		return nil
	case at.attr != nil && at.attr.Name == attrSchemas && !m.strict:
		return nil // without a path it is what the provider has read, and is not meant to take anything away
	}
	return m.applyAt(t, doc, at, operation{op: op, path: name, value: value, hasValue: true})
}

func (m manners) applyAt(t *resourceType, doc object, at target, op operation) error {
	if at.attr == nil {
		return m.applyExtension(t, doc, at.urn, op)
	}
	switch {
	case at.attr.Name == attrSchemas:
		return m.applySchemas(t, doc, op)
	case at.attr.Mutability == writeOnly && !at.attr.own:
		return nil // a password is taken and thrown away
	}
	holder := doc
	if at.urn != "" {
		holder, _ = doc[at.urn].(object)
		if holder == nil {
			holder = object{}
		}
	}
	if err := m.applyAttribute(holder, at, op); err != nil {
		return err
	}
	if at.urn != "" {
		doc.put(at.urn, holder)
	}
	return nil
}

// put sets a complex value, or removes it when no part of it is left.
func (o object) put(name string, value object) {
	if len(value) == 0 {
		delete(o, name)
		return
	}
	o[name] = value
}

// applyExtension works on an extension as a whole.
func (m manners) applyExtension(t *resourceType, doc object, urn string, op operation) error {
	switch {
	case (op.op == opRemove || op.op == opReplace && op.value == nil) && t.extension(urn).Required:
		return errMutability.At("path").Sayf("the extension %s is required and cannot be removed", urn)
	case op.op == opRemove, op.op == opReplace && op.value == nil:
		delete(doc, urn)
		return nil
	case op.value == nil:
		return errInvalidValue.At(attrValue).Sayf("add needs a value")
	}
	values, ok := op.value.(object)
	if !ok {
		return errInvalidValue.At(attrValue).Sayf("the value of an extension is an object")
	}
	for _, name := range values.names() {
		if err := m.applyMember(t, doc, op.op, urn+":"+name, values[name]); err != nil {
			return err
		}
	}
	return nil
}

func (m manners) applyAttribute(holder object, at target, op operation) error {
	switch {
	case at.where != nil:
		return m.applyWhere(holder, at, op)
	case at.isManagersAddress():
		return m.applyManagersAddress(holder, at, op)
	case at.sub != nil:
		parent, _ := holder[at.attr.Name].(object)
		if parent == nil {
			parent = object{}
		}
		if err := m.applySingle(parent, at.sub, op); err != nil {
			return err
		}
		holder.put(at.attr.Name, parent)
		return nil
	case at.attr.MultiValued:
		return m.applyList(holder, at.attr, op)
	case at.attr.Type == typeComplex:
		return m.applyComplex(holder, at.attr, op)
	default:
		return m.applySingle(holder, at.attr, op)
	}
}

func (m manners) applySingle(holder object, a *attribute, op operation) error {
	if op.op == opRemove {
		if a.Required {
			return errMutability.At(a.Name).Sayf("%s is required and cannot be removed", a.Name)
		}
		delete(holder, a.Name)
		return nil
	}
	if op.value == nil && op.op == opAdd {
		return errInvalidValue.At(a.Name).Sayf("add needs a value")
	}
	taken, err := m.take(a, op.value)
	switch {
	case err != nil:
		return err
	case taken != nil:
		holder[a.Name] = taken
	case a.Required:
		return errInvalidValue.At(a.Name).Sayf("%s is required", a.Name)
	default:
		delete(holder, a.Name)
	}
	return nil
}

// removeWhole takes an attribute away, unless it has to be there.
func (o object) removeWhole(a *attribute, op operation) error {
	switch {
	case a.Required && op.op == opRemove:
		return errMutability.At(a.Name).Sayf("%s is required and cannot be removed", a.Name)
	case a.Required:
		return errInvalidValue.At(a.Name).Sayf("%s is required", a.Name)
	}
	delete(o, a.Name)
	return nil
}

// applyComplex merges an object into a complex value. Strictly, replace puts it in the place of the whole.
func (m manners) applyComplex(holder object, a *attribute, op operation) error {
	if one, ok := op.value.([]any); ok && len(one) == 1 && a.Name == attrManager {
		op.value = one[0]
	}
	if op.op == opRemove || op.value == nil && op.op == opReplace {
		return holder.removeWhole(a, op)
	}
	if empty, ok := op.value.(object); ok && len(empty) == 0 {
		return nil
	}
	if op.value == nil {
		return errInvalidValue.At(a.Name).Sayf("add needs a value")
	}
	taken, err := m.take(a, op.value)
	if err != nil {
		return err
	}
	given, _ := taken.(object)
	parts, isObject := op.value.(object)
	if given == nil && !isObject || op.op == opReplace && m.strict {
		holder.put(a.Name, given)
		return nil
	}
	parent, _ := holder[a.Name].(object)
	if parent == nil {
		parent = object{}
	}
	for _, name := range parts.names() {
		if sub := find(a.SubAttributes, name); sub != nil && sub.Mutability != readOnly {
			delete(parent, sub.Name) // an empty part takes the old one away
		}
	}
	maps.Copy(parent, given)
	holder.put(a.Name, parent)
	return nil
}
