package main

import "slices"

// Columns that several tables have, named as the fields of GraphQL.
const (
	colUserID      = "userId"
	colUserName    = "userName"
	colExternalID  = "externalId"
	colDisplayName = "displayName"
	colDepartment  = "department"
	colNumber      = "employeeNumber"
	colEmail       = "email"
	colGroupID     = "groupId"
	colMemberID    = "memberId"
	colAction      = "action"
	colPriority    = "priority"
	colSKU         = "sku"
	colState       = "state"
	colSince       = "since"
	colAt          = "at"
	colAssignedAt  = "assignedAt"
	colLastUsedAt  = "lastUsedAt"
	colConfigID    = "scimConfigId"
	colVersion     = "version"
	colCreatedAt   = "createdAt"
	colEventID     = "eventId"
	colCurrency    = "currency"
	colWaiting     = "waiting"
	colUpdatedAt   = "updatedAt"
)

// seatsTable is a table that goes out and comes in.
const seatsTable = "seats"

// The headers of tables that Usher writes and takes back.
var (
	usersHead = []string{
		colUserID, colUserName, colDisplayName, "givenName", "familyName", "title", colDepartment, colNumber, colEmail, "active", "blocked", "origin",
		colVersion, colCreatedAt, colUpdatedAt,
	}
	usersTaken  = usersHead[:slices.Index(usersHead, colEmail)+1] // what a hand may set
	holdersHead = []string{colUserID, colUserName, colDisplayName, colDepartment, colState, colSince, colAssignedAt, colLastUsedAt, "reasons"}
	groupsHead  = []string{colGroupID, colDisplayName, colExternalID, colConfigID, colVersion, colCreatedAt, colUpdatedAt}
	membersHead = []string{colGroupID, colDisplayName, colMemberID, "memberKind", "memberName", "source", colConfigID, colSince}
	seatsHead   = []string{
		"seatId", licenseID, colSKU, colUserID, colUserName, colState, "position", colSince, "reason", colPriority, "waitingSince", colAssignedAt, "activatedAt",
		"keptUntil", colLastUsedAt, "noticedAt", "reclaimReason",
	}
)
