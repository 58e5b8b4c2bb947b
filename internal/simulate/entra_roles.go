package simulate

import (
	"fmt"
	"slices"
	"strings"
)

// roleMapping is one of the three ways in which an administrator can map the roles of an application.
type roleMapping struct {
	name string

	// sent is what a create says of a role, or of none.
	sent func(role string) any
	// operation is how a PATCH gives somebody a role.
	operation func(role string, s style) object
	// after are the roles that somebody has then.
	after func(held, role string) string
}

// roleMappings are Microsoft's three. The first knows one role only; the second adds roles, as JSON in a text; the third puts
// its list in the place of what is there.
var roleMappings = []roleMapping{
	{
		name: "SingleAppRoleAssignment",
		sent: func(role string) any {
			return roleObjects(role, func() object { return object{"primary": "True", "value": role} })
		},
		operation: func(role string, s style) object {
			return object{"op": s.word(""), "path": `roles[primary eq "True"].value`, "value": role}
		},
		after: func(_, role string) string { return role },
	},
	{
		name: "AppRoleAssignmentsComplex",
		sent: func(role string) any {
			return roleObjects(role, func() object { return assignedRole(role, "displayName") })
		},
		operation: func(role string, s style) object {
			text := fmt.Sprintf(`{"id":%q,"value":%q,"displayName":%q}`, strings.ToLower(role), role, role)
			return object{"op": s.write("Add"), "path": "roles", "value": []object{{"value": text}}}
		},
		after: func(held, role string) string {
			if held == "" {
				return role
			}
			if all := strings.Split(held, ", "); !slices.Contains(all, role) {
				return roleNames(append(all, role)...)
			}
			return held
		},
	},
	{
		name: "AssertiveAppRoleAssignmentsComplex",
		sent: func(role string) any {
			return roleObjects(role, func() object { return assignedRole(role, "display") })
		},
		operation: func(role string, s style) object {
			return object{"op": s.write("Replace"), "path": "roles", "value": []object{assignedRole(role, "display")}}
		},
		after: func(_, role string) string { return role },
	},
}

func roleObjects(role string, write func() object) []object {
	if role == "" {
		return []object{}
	}
	return []object{write()}
}

// assignedRole is a role as an object. Both spellings of its name occur.
func assignedRole(role, called string) object {
	return object{"primary": false, "type": "WindowsAzureActiveDirectoryRole", "value": role, called: role}
}
