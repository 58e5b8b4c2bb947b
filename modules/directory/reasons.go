package directory

import (
	"slices"
	"strings"

	"github.com/usherhq/usher/internal/id"
)

// Sources of memberships.
const (
	SourceSCIM    = "scim"    // a SCIM configuration lists her
	SourceRule    = "rule"    // a rule of Usher's
	SourceAdopted = "adopted" // a hand has put her in, or keeps her in, and means it: she is no drift
	SourceHand    = "hand"    // a hand has put her in
)

// Reason is one reason why somebody is a member.
type Reason struct {
	Source string
	By     id.ID // the configuration, administrator, token or rule; id.Nil where nobody is known
}

// reasons are why somebody is a direct member of a group, those of providers first. Without any she is no member.
type reasons []Reason

var sourceRank = map[string]int{SourceSCIM: 0, SourceRule: 1, SourceAdopted: 2, SourceHand: 3}

// byHands are the sources that administrators speak for.
func byHands(r Reason) bool { return r.Source == SourceHand || r.Source == SourceAdopted }

func (r reasons) heldBy(config id.ID) bool {
	return slices.Contains(r, Reason{Source: SourceSCIM, By: config})
}

func (r reasons) byHand() bool { return slices.ContainsFunc(r, byHands) }

// provider returns the first configuration that holds her.
func (r reasons) provider() (id.ID, bool) {
	for _, one := range r {
		if one.Source == SourceSCIM && one.By != id.Nil {
			return one.By, true
		}
	}
	return id.Nil, false
}

func (r reasons) without(which func(Reason) bool) reasons {
	return slices.DeleteFunc(slices.Clone(r), which)
}

// with adds a reason, unless it is there. Hands have one reason among them all.
func (r reasons) with(one Reason) reasons {
	same := func(have Reason) bool { return have == one || one.Source == SourceHand && byHands(have) }
	if slices.ContainsFunc(r, same) {
		return r
	}
	all := append(slices.Clone(r), one)
	slices.SortStableFunc(all, func(a, b Reason) int { return sourceRank[a.Source] - sourceRank[b.Source] })
	return all
}

// columns spells reasons as the columns source and source_id keep them: the first one in both, what comes after it behind a
// plus each, with its id.
func (r reasons) columns() (source string, by any) {
	var text strings.Builder
	for i, one := range r {
		if i > 0 {
			text.WriteByte('+')
		}
		text.WriteString(one.Source)
		if i > 0 && one.By != id.Nil {
			text.WriteString(":" + one.By.String())
		}
	}
	if len(r) > 0 && r[0].By != id.Nil {
		by = r[0].By
	}
	return text.String(), by
}

// firstSource is the source of the first reason in the column source.
func firstSource(column string) string {
	first, _, _ := strings.Cut(column, "+")
	return first
}

// reasonsOf reads the columns.
func reasonsOf(source string, by id.ID) reasons {
	if source == "" {
		return nil
	}
	var all reasons
	for part := range strings.SplitSeq(source, "+") {
		kind, who, named := strings.Cut(part, ":")
		one := Reason{Source: kind}
		switch {
		case all == nil:
			one.By = by
		case named:
			one.By, _ = parseID(who) // nobody but columns has written it
		}
		all = append(all, one)
	}
	return all
}

// voice is who edits the members of a group, and what her word is worth there.
type voice struct {
	scope

	owns     bool // the group is the calling configuration's
	additive bool // the configuration only takes out whom it has put in
	strict   bool
}

// whole tells whether the provider's word is the last one, whoever else has spoken: that of RFC 7644 to the letter.
func (v voice) whole() bool { return v.strict && v.owns && !v.additive }

// ownOnly tells whether a whole list is about those alone whom the calling configuration has put in.
func (v voice) ownOnly() bool { return v.provider() && !v.whole() && (!v.owns || v.additive) }

func (v voice) reason() Reason {
	if v.provider() {
		return Reason{Source: SourceSCIM, By: v.config}
	}
	return Reason{Source: SourceHand, By: v.who}
}

func (v voice) own(r Reason) bool {
	if v.provider() {
		return r.Source == SourceSCIM && r.By == v.config
	}
	return byHands(r)
}

// afterRemoval says what is left when somebody is taken out by name. Each takes away her own reason. Only who has none there
// overrules: an administrator always, a provider when its word is the last one.
func (v voice) afterRemoval(r reasons) reasons {
	if v.whole() {
		return nil
	}
	left := r.without(v.own)
	if !v.provider() && len(left) == len(r) {
		return nil
	}
	return left
}

// afterList says what is left for somebody who is not on a new whole list. The list of the provider that owns the group takes
// away what hands have given, too, unless it is additive. Nobody's list takes away what another provider has given.
func (v voice) afterList(r reasons) reasons {
	switch {
	case v.whole():
		return nil
	case !v.provider():
		return v.afterRemoval(r)
	case v.owns && !v.additive:
		return r.without(func(one Reason) bool { return v.own(one) || byHands(one) })
	default:
		return r.without(v.own)
	}
}
