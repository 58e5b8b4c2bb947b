package directory

import (
	"time"

	"github.com/usherhq/usher/internal/id"
)

// Group is a named set of people and of other groups.
type Group struct {
	ID          id.ID
	DisplayName string
	ExternalID  string
	Config      *id.ID // the SCIM configuration that made or linked it; nil for one made by hand
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time

	// Suspect tells, as ChangeGroup returns it, that a replace by one member was taken for an addition. See LoneReplaceAdds.
	Suspect bool
}

const membersChanged = "group.members_changed"

// NewGroup is a group to make.
type NewGroup struct {
	DisplayName string
	ExternalID  string
	Members     []MemberRef
	Strict      bool // as in GroupEdit
}

// MemberRef names a member as a caller spells it: the id of a user (usr_…) or of a group (grp_…). From a configuration it may
// also be a userName, or the externalId of a user or a group of its own.
type MemberRef struct {
	Value   string
	Display string
}

// MemberOp is what a MemberEdit does.
type MemberOp int

// The ways to edit members.
const (
	AddMembers       MemberOp = iota + 1 // those that are not in yet
	RemoveMembers                        // those that are in
	ReplaceMembers                       // the list is the whole list from now on
	RemoveAllMembers                     // the group is empty from now on
)

// MemberEdit is one edit of a group's direct members.
type MemberEdit struct {
	Op      MemberOp
	Members []MemberRef
}

// GroupEdit is what to change of a group. What is nil stays. Member edits run in order; each sees the result of the former.
type GroupEdit struct {
	DisplayName *string
	ExternalID  *string
	Members     []MemberEdit
	// KeepForeignID leaves the externalId alone where the group is another configuration's than the caller's.
	KeepForeignID bool
	// Strict refuses members that nobody knows with ErrInvalidMember. Otherwise a configuration's unknown members are parked
	// until they come; a caller who is no configuration is always strict.
	Strict bool
	// Additive is for a configuration that takes out only whom it has put in. Otherwise the whole list of the configuration that
	// owns the group takes out those by hand, too.
	Additive bool
	// LoneReplaceAdds takes a replace by one single member, in a group of two or more, for an addition: with a wrong mapping
	// Entra sends that for each member that it adds. ChangeGroup then returns the group as Suspect.
	LoneReplaceAdds bool
}

// Member is a direct member of a group.
type Member struct {
	ID       id.ID // of the user or the group
	IsGroup  bool
	Display  string // displayName, or userName where there is none
	Source   string // of the first of Reasons
	SourceID *id.ID // the configuration, administrator or rule
	Reasons  []Reason
	Since    time.Time
}

// GroupRef is a group that somebody is a direct member of.
type GroupRef struct {
	ID          id.ID
	DisplayName string
	Source      string
	SourceID    *id.ID
	Since       time.Time
	Indirect    bool // because a group is in it that she is in; of a Record alone
}

// WholeMember is a Member with the person or the group that it is.
type WholeMember struct {
	Member

	User  *User
	Group *Group
}

// MemberOf is a group that somebody is a direct member of, who said so, and since when.
type MemberOf struct {
	Group    Group
	Source   string // of the first of Reasons
	SourceID *id.ID
	Reasons  []Reason
	Since    time.Time
}

// ParkedMember is a member that a configuration named before she came.
type ParkedMember struct {
	Group   id.ID
	Value   string
	Display string
	Config  id.ID
	Since   time.Time

	key string // where she stands in a list
}
