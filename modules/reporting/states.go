package reporting

import "slices"

// State is where a seat is in its life, as modules/licensing has it.
type State string

// The states of a seat.
const (
	Waiting    State = "waiting"
	Consenting State = "consent_pending"
	Invited    State = "invited"
	Activated  State = "activated"
	Paused     State = "paused"
	Grace      State = "grace"
	Released   State = "released"
)

// coded are the states by the number that stands for each in SQL. The steps of a seat up to a moment, each the number of the new state
// less that of the old one, add up to the number of the state that it had then; nobody's is 0.
var coded = []State{"", Waiting, Consenting, Invited, Activated, Paused, Grace, Released}

// takes tells whether a seat in the state counts as taken.
func (s State) takes() bool { return slices.Contains(coded[2:7], s) }

// assigned tells whether a seat in the state has a holder, as Definitions has it.
func (s State) assigned() bool { return s == Invited || s == Activated }
