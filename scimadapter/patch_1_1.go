package scimadapter

import "strings"

// oldURN is the schema of SCIM 1.1, whose PATCH has no operations: what is in the body is merged, meta.attributes names what goes,
// and each member says whether it comes or goes. OneLogin's templates of that version send it.
const oldURN = "urn:scim:schemas:core:1.0"

// isOld tells whether a PATCH is one of SCIM 1.1.
func isOld(body object) bool {
	if _, given := body.get("Operations"); given {
		return false
	}
	return declares(body, oldURN) || len(verbs(body)) > 0
}

// verbs are what the members of a body say of themselves.
func verbs(body object) (all []string) {
	for _, member := range membersIn(body) {
		o, _ := member.(object)
		word, _ := o.get("operation")
		if verb, ok := word.(string); ok && verb != "" {
			all = append(all, verb)
		}
	}
	return all
}

func membersIn(body object) []any {
	value, _ := body.get(attrMembers)
	if list, ok := value.([]any); ok {
		return list
	}
	if value == nil {
		return nil
	}
	return []any{value}
}

// oldOperations says in operations what a PATCH of SCIM 1.1 says.
func oldOperations(body object) ([]operation, error) {
	var ops []operation
	meta, _ := body.get("meta")
	about, _ := meta.(object)
	gone, _ := about.get("attributes")
	names, _ := gone.([]any)
	for _, one := range names {
		if name, ok := one.(string); ok && name != "" {
			ops = append(ops, operation{op: opRemove, path: name})
		}
	}
	values := object{}
	for name, value := range body {
		switch strings.ToLower(name) {
		case attrSchemas, "meta", "id", attrMembers:
		default:
			values[name] = value
		}
	}
	if len(values) > 0 {
		ops = append(ops, operation{op: opReplace, value: values, hasValue: true})
	}
	for _, member := range membersIn(body) {
		ops = withOldMember(ops, member)
	}
	if len(ops) > maxOperations {
		return nil, errTooManyOperations()
	}
	return ops, nil
}

// withOldMember adds a member to the last operation, if that does the same with members, or to a new one.
func withOldMember(ops []operation, member any) []operation {
	o, _ := member.(object)
	word, _ := o.get("operation")
	does := opAdd
	if verb, _ := word.(string); strings.EqualFold(verb, "delete") {
		does = opRemove
	}
	if last := len(ops) - 1; last >= 0 && ops[last].op == does && ops[last].path == attrMembers && ops[last].hasValue {
		members, _ := ops[last].value.([]any)
		members = append(members, member)
		ops[last].value = members
		return ops
	}
	return append(ops, operation{op: does, path: attrMembers, value: []any{member}, hasValue: true})
}
