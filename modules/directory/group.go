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
}

const membersChanged = "group.members_changed"

// Sources of memberships.
const (
	SourceSCIM = "scim"
	SourceHand = "hand"
	SourceRule = "rule"
)

// NewGroup is a group to make.
type NewGroup struct {
	DisplayName string
	ExternalID  string
	Members     []MemberRef
	Strict      bool // as in GroupEdit
}

// MemberRef names a member as a caller spells it: the id of a user (usr_…) or of a group (grp_…). From a configuration it may
// also be a userName or an externalId.
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
	// Strict refuses members that nobody knows with ErrInvalidMember. Otherwise a configuration's unknown members are parked
	// until they come; a caller who is no configuration is always strict.
	Strict bool
}

// Member is a direct member of a group.
type Member struct {
	ID       id.ID // of the user or the group
	IsGroup  bool
	Display  string // displayName, or userName where there is none
	Source   string
	SourceID *id.ID // the configuration, administrator or rule
	Since    time.Time
}

// GroupRef is a group that somebody is a direct member of.
type GroupRef struct {
	ID          id.ID
	DisplayName string
	Source      string
	SourceID    *id.ID
	Since       time.Time
}

// ParkedMember is a member that a configuration named before the person came.
type ParkedMember struct {
	Group   id.ID
	Value   string
	Display string
	Config  id.ID
	Since   time.Time
}
