package licensing

import (
	"cmp"
	"context"
	"slices"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
)

// PreviewChange is what publishing a draft would do to one person.
type PreviewChange string

// What a draft does to somebody. Whose reasons change while her seat does not is not told of one by one.
const (
	Gains PreviewChange = "gains" // a first reason: a seat while seats last, or else a place in line
	Loses PreviewChange = "loses" // the last reason, and with it the seat or the place in line
)

// Previewed is one person whom a draft would give or take something.
type Previewed struct {
	User    id.ID
	License id.ID
	Change  PreviewChange
	State   State // of her seat today; empty when she never had one
}

// PreviewTotals is what publishing a draft would do to one license.
type PreviewTotals struct {
	License      License
	Means        int64 // people whom the draft means; only of the rule's own license
	Gain, Lose   int64
	Seats        int64 // more seats taken than today; negative for fewer
	Waiting      int64 // more people in line than today; negative for fewer
	OverAssigned int64 // holders above what was bought, afterwards
	CostMinor    *int64
	Currency     string
}

// previewCursor is the kind of cursors of previews, and previewedAtOnce how many people one look takes.
const (
	previewCursor   = "previewed"
	previewedAtOnce = 2000
)

// Preview tells, before a rule's draft is published, who would gain and who would lose a seat or a place in line, in the order of
// their ids. It holds for the moment at which it is asked. A page that is read backwards looks at everybody in front of it. Total is
// not counted: PreviewSums does that. Refuses with ErrRuleNotFound and ErrNoDraft.
func (s *Service) Preview(ctx context.Context, of id.ID, change *PreviewChange, args page.Args) (page.Page[Previewed], error) {
	none := page.Page[Previewed]{}
	count, backward, err := args.Limit()
	if err != nil {
		return none, err
	}
	from, err := previewedAt(args.Cursor())
	if err != nil {
		return none, err
	}
	w, err := s.previewWalk(ctx, of)
	if err != nil {
		return none, err
	}
	after := id.Nil
	if from != nil && !backward {
		after = before(from.User) // she may lose one license and gain another
	}
	var found []Previewed
	for more := true; more; {
		var some []Previewed
		if some, more, err = w.next(ctx, &after); err != nil {
			return none, err
		}
		for _, p := range some {
			switch {
			case change != nil && *change != p.Change:
			case from != nil && !backward && p.compare(*from) <= 0:
			case from != nil && backward && p.compare(*from) >= 0, !backward && len(found) > count:
				more = false
			default:
				found = append(found, p)
			}
		}
		if backward && len(found) > count+1 {
			found = slices.Clone(found[len(found)-count-1:])
		}
	}
	if backward {
		slices.Reverse(found)
	}
	return page.Cut(found[:min(len(found), count+1)], args, 0)
}

func (p Previewed) compare(with Previewed) int {
	return cmp.Or(slices.Compare(p.User[:], with.User[:]), slices.Compare(p.License[:], with.License[:]))
}

// previewedAt reads a cursor; nil is none.
func previewedAt(cursor string) (*Previewed, error) {
	if cursor == "" {
		return nil, nil //nolint:nilnil // an end of the list
	}
	parts, err := page.Decode(previewCursor, cursor, 2)
	if err != nil {
		return nil, err
	}
	user, err := parseID(parts[0])
	if err != nil {
		return nil, page.ErrCursor.Because(err)
	}
	license, err := parseID(parts[1])
	if err != nil {
		return nil, page.ErrCursor.Because(err)
	}
	return &Previewed{User: user, License: license}, nil
}

// before returns the id in front of one.
func before(of id.ID) id.ID {
	for i := len(of) - 1; i >= 0; i-- {
		of[i]--
		if of[i] != 0xff {
			break
		}
	}
	return of
}

// PreviewedCursor returns the cursor of a person in a preview.
func PreviewedCursor(p Previewed) string {
	return page.Encode(previewCursor, p.User.String(), p.License.String())
}

// PreviewSums tells what publishing a rule's draft would do to each license that it touches, the rule's own first: how many gain
// and lose, how many seats that takes, and what they cost a year. It looks at everybody whom the draft means or meant.
func (s *Service) PreviewSums(ctx context.Context, of id.ID) ([]PreviewTotals, error) {
	w, err := s.previewWalk(ctx, of)
	if err != nil {
		return nil, err
	}
	licenses := map[id.ID]*tally{w.target.rule.License: {}}
	after := id.Nil
	for more := true; more; {
		var some []Previewed
		if some, more, err = w.next(ctx, &after); err != nil {
			return nil, err
		}
		for _, p := range some {
			t := licenses[p.License]
			if t == nil {
				t = &tally{}
				licenses[p.License] = t
			}
			t.add(p)
		}
	}
	ids := make([]id.ID, 0, len(licenses))
	for l := range licenses {
		ids = append(ids, l)
	}
	known, err := s.Licenses(ctx, ids)
	if err != nil {
		return nil, err
	}
	var sums []PreviewTotals
	for of, t := range licenses {
		sum := t.of(known[of])
		if of == w.target.rule.License {
			sum.Means = w.means
		}
		sums = append(sums, sum)
	}
	slices.SortFunc(sums, func(a, b PreviewTotals) int {
		own := w.target.rule.License
		return cmp.Or(-boolCompare(a.License.ID == own, b.License.ID == own), cmp.Compare(a.License.ID.String(), b.License.ID.String()))
	})
	return sums, nil
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// tally counts what a draft does to a license.
type tally struct{ gain, lose, frees, leavesLine int64 }

func (t *tally) add(p Previewed) {
	switch {
	case p.Change == Gains && p.State != Grace:
		t.gain++
	case p.Change == Gains:
		t.gain++
		t.frees++ // she gets back the seat that is kept for her: none is taken for it
	case p.State == Waiting:
		t.lose++
		t.leavesLine++
	default:
		t.lose++
		t.frees++
	}
}

// of is what the counts come to: freed seats go to those who wait, then to those who gain.
func (t *tally) of(l License) PreviewTotals {
	sum := PreviewTotals{License: l, Gain: t.gain, Lose: t.lose, Currency: l.Currency}
	taken, waiting := l.Taken-t.frees, l.Waiting-t.leavesLine+t.gain
	seated := max(0, min(waiting, l.Allowed-taken))
	sum.Seats, sum.Waiting = taken+seated-l.Taken, waiting-seated-l.Waiting
	sum.OverAssigned = max(0, taken+seated-l.Seats)
	if l.PriceMinor != nil {
		cost := sum.Seats * *l.PriceMinor
		sum.CostMinor = &cost
	}
	return sum
}

// previewWalk looks at people as if a draft had been published.
type previewWalk struct {
	s      *Service
	target holding
	rules  []holding
	means  int64
}

func (s *Service) previewWalk(ctx context.Context, of id.ID) (*previewWalk, error) {
	if err := caller.Require(ctx, caller.ScopeAdminRead); err != nil {
		return nil, err
	}
	r, err := s.loadRule(ctx, of)
	if err != nil {
		return nil, err
	}
	draft, err := s.latestRevision(ctx, of)
	if err != nil {
		return nil, err
	}
	if draft.Status != RevisionDraft {
		return nil, ErrNoDraft
	}
	target, err := s.holding(ctx, r, draft.Definition)
	if err != nil {
		return nil, err
	}
	if target.lost {
		return nil, ErrInvalidRule.At("filter").Sayf("rule %q: an attribute of its filter has gone; change the filter", r.Name)
	}
	all, err := s.loadHoldings(ctx)
	if err != nil {
		return nil, err
	}
	was := ""
	all = slices.DeleteFunc(all, func(h holding) bool {
		if h.rule.ID == of {
			was = h.def.Choice
		}
		return h.rule.ID == of || h.lost
	})
	all = append(all, target)
	inPriority(all)
	before := holding{rule: r, def: Definition{Choice: was}}
	return &previewWalk{s: s, target: target, rules: withChoices([]holding{target, before}, all)}, nil
}

// next looks at some more people.
func (w *previewWalk) next(ctx context.Context, after *id.ID) (found []Previewed, more bool, err error) {
	people, more, err := w.s.nextPeople(ctx, w.target, *after, previewedAtOnce)
	if err != nil || len(people) == 0 {
		return nil, false, err
	}
	*after = people[len(people)-1]
	given, asked, err := w.s.ask(ctx, people, w.rules)
	if err != nil {
		return nil, false, err
	}
	claims, err := w.s.claimsOfPeople(ctx, people)
	if err != nil {
		return nil, false, err
	}
	seats, err := w.s.SeatsOf(ctx, people)
	if err != nil {
		return nil, false, err
	}
	own := slices.IndexFunc(asked, func(h holding) bool { return h.rule.ID == w.target.rule.ID })
	for _, person := range people {
		means, active := given[person]
		if !active {
			continue
		}
		if means[own] {
			w.means++
		}
		found = append(found, changesOf(person, means, asked, claims[person], seats[person])...)
	}
	return found, more, nil
}

// changesOf tells what becomes of a person's reasons, license by license.
func changesOf(person id.ID, means []bool, rules []holding, claims []Claim, seats []Seat) []Previewed {
	now, then := map[id.ID]int{}, map[id.ID]int{}
	for _, c := range claims {
		now[c.License]++
		then[c.License]++
	}
	for i, h := range rules {
		has := slices.ContainsFunc(claims, func(c Claim) bool { return c.Reason == ByRule && c.ReasonID == h.rule.ID })
		switch {
		case means[i] && !has:
			then[h.rule.License]++
		case !means[i] && has:
			then[h.rule.License]--
		}
	}
	var changes []Previewed
	for license := range then {
		p := Previewed{User: person, License: license}
		for _, seat := range seats {
			if seat.License == license {
				p.State = seat.State
			}
		}
		switch {
		case now[license] == 0 && then[license] > 0:
			p.Change = Gains
		case now[license] > 0 && then[license] == 0 && p.State != Released && p.State != "":
			p.Change = Loses
		default:
			continue
		}
		changes = append(changes, p)
	}
	slices.SortFunc(changes, Previewed.compare)
	return changes
}
