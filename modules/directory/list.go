package directory

import (
	"github.com/usherhq/usher/internal/id"
)

// UserFilter narrows a list of people. Its zero value takes everybody.
type UserFilter struct {
	Search     string // the beginning of userName or displayName, without case
	Active     *bool
	Department *string
	Group      *id.ID // direct members of it
	Config     *id.ID // people whom this configuration holds
	Claimed    Claimed
}

// Claimed tells whether SCIM configurations have anything to do with a person.
type Claimed int

// The ways to be claimed. ClaimedAny does not narrow.
const (
	ClaimedAny     Claimed = iota
	ClaimedCreated         // a configuration made the person
	ClaimedAdopted         // one took over a person who was there before
	ClaimedNever           // none ever wrote to her
)

// UserOrder is the order of a list of people.
type UserOrder struct {
	By         UserOrderField
	Descending bool
}

// UserOrderField is what a list of people is ordered by.
type UserOrderField int

// The orders of people.
const (
	UsersByUserName UserOrderField = iota
	UsersByCreatedAt
)

// Detail says how much of the people or groups in it a list needs.
type Detail int

// Outline of a person leaves out what stands in her attributes, and has her id, userName, active, blocked, origin, version and
// times. Outline of a group has its id and displayName, and nothing of who said that somebody is in it.
const (
	Whole Detail = iota
	Outline
)

// GroupFilter narrows a list of groups. Its zero value takes all.
type GroupFilter struct {
	Search string // the beginning of displayName, without case
	Config *id.ID // groups that this configuration made or linked
}

// GroupOrder is the order of a list of groups.
type GroupOrder struct {
	By         GroupOrderField
	Descending bool
}

// GroupOrderField is what a list of groups is ordered by.
type GroupOrderField int

// The orders of groups.
const (
	GroupsByDisplayName GroupOrderField = iota
	GroupsByCreatedAt
)
