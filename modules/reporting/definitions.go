package reporting

// Definition says what a figure is.
type Definition struct{ Name, Text string }

// Definitions are the definitions of all figures, in the order in which docs/reports.md tells them. T is the moment of the report, W a
// window of 30, 60 or 90 days. They are the descriptions of the fields in GraphQL: change them there and in docs/reports.md too.
var Definitions = []Definition{
	{"purchased", "Seats bought on T, by the license's history."},
	{"assigned", "Seats with a holder on T: invited and activated."},
	{"invited", "Assigned, not activated."},
	{"activated", "Assigned and activated at least once."},
	{"consentPending", "Seats kept on T for people who have been asked for their consent."},
	{"paused", "Seats closed on T, before they are taken back for want of use."},
	{"grace", "Seats kept on T by a grace period for people who have left."},
	{"free", "Purchased less assigned, consent pending, paused and grace, never below 0."},
	{"waiting", "People with a reason to sit and no seat on T."},
	{"overAssigned", "Assigned less purchased, never below 0."},
	{"assignmentRate", "Assigned ÷ purchased; null when nothing is purchased."},
	{"activationRate", "Activated ÷ assigned; null when nothing is assigned."},
	{"active", "Activated holders with at least one counted use in the W days before T; null is unknown."},
	{"inactive", "Assigned for at least W days on T and not active; new seats are not called idle before W days. Null is unknown."},
	{"neverUsed", "Invited or activated holders without any counted use up to T; null is unknown."},
	{"utilizationOfPurchased", "Active ÷ purchased: the headline, what the money is used for. Null over 0 and when unknown."},
	{"utilizationOfAssigned", "Active ÷ assigned: how far the product is adopted. Null over 0 and when unknown."},
	{"unused", "Purchased less active, never below 0: not assigned, not activated and idle add up to it. Its cost is the price of a seat for a year times the seats. Null when unknown."},
	{"notAssigned", "Unused because nobody sits: purchased less assigned."},
	{"notActivated", "Unused because the holder has never come: invited."},
	{"idle", "Unused although activated: activated less active."},
	{"people", "Distinct persons who hold a seat of any of the licenses on T."},
	{"seats", "Seats with a holder over all of the licenses on T; a person with two counts twice."},
	{"assignments", "Seats given in the period, each time that one was."},
	{"removals", "Seats freed in the period, each time that one was."},
	{"recovered", "Seats taken back for want of use in the period. Their worth is the price of a seat for a year times the part of a year of 365 days that was left of the term."},
	{"timeToSeat", "From the moment at which a person had a reason to sit to the seat that lets her in, of the seats opened in the period."},
	{"timeToRecover", "From a person's leaving to her seat being free, of the seats freed by leavers in the period."},
	{"reclaimable", "Holders who are idle, were invited too long ago without coming, or are inactive in the directory, less the exempt; each with its reasons."},
	{"runOut", "First day on which less than one seat is free, at the median of the net seats taken a day over the last 28 days; as a range by the quartiles. A null day means none in 180 days. Null under 14 days of data."},
	{"trueUp", "Seats expected to be needed at the end of the term, taken and waiting, at the median net take-up, against those purchased. Null under 14 days of data and without the end of a term."},
	{"peak", "The most seats that were taken at once in the period: assigned, consent pending, paused and grace."},
}

// Define returns the definition of a figure.
func Define(name string) string {
	for _, d := range Definitions {
		if d.Name == name {
			return d.Text
		}
	}
	return ""
}
