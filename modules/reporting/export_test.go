package reporting

// What tests look at.
var (
	StateNames = stateNames
	Letter     = letter
)
