package reporting

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

// stateNames are the states; the empty one is that of somebody who never had a seat.
var stateNames = []State{"", Waiting, Consenting, Invited, Activated, Paused, Grace, Released}

// letter is the number that stands for a state in SQL: that of its first letter, by which the states are told apart, and 0 for none.
// The steps of a seat up to a moment, each the number of the new state less that of the old one, add up to that of the state it had then.
func letter(s State) int {
	if s == "" {
		return 0
	}
	return int(s[0])
}

// takes tells whether a seat in the state counts as taken.
func (s State) takes() bool { return s != "" && s != Waiting && s != Released }

// assigned tells whether a seat in the state has a holder, as Definitions has it.
func (s State) assigned() bool { return s == Invited || s == Activated }
