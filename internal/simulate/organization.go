package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// profile is what a provider says of a person. Two profiles are the same when all of it is.
type profile struct {
	UserName, Given, Family, Display, Title, Department, Email, Locale, ExternalID string
	Active                                                                         bool
}

// person is somebody of the organization, with what the target has acknowledged of her.
type person struct {
	profile

	id       string
	before   *profile // what she may still be in the target, after a write that was lost
	existing bool     // the target has her
}

// team is a group of the organization.
type team struct {
	name    string
	id      string
	members []*person
	unsure  bool // a write was lost: what the target holds is not known
	renamed bool // later, for every third one
	gone    bool
}

func (t *team) has(p *person) bool {
	return slices.Contains(t.members, p)
}

func (t *team) remove(p *person) {
	for i, m := range t.members {
		if m == p {
			t.members = append(t.members[:i:i], t.members[i+1:]...)
			return
		}
	}
}

// organization is planned by one goroutine: what happens in it follows from the seed.
type organization struct {
	random *rand.Rand
	domain string
	people []*person
	teams  []*team
}

func newOrganization(o Options) *organization {
	org := &organization{random: rand.New(rand.NewPCG(o.Seed, 0x5ea7))}
	org.domain = fmt.Sprintf("%s%d.example", strings.ToLower(org.pick(companies)), o.Seed)
	for range o.Users - o.late() {
		org.people = append(org.people, org.newPerson())
	}
	for i := range o.Groups {
		org.teams = append(org.teams, org.newTeam(i))
	}
	return org
}

// late is how many people join when everybody else is there.
func (o *Options) late() int { return o.Users / 20 } //nolint:mnd // one in twenty

func (o *organization) pick(from []string) string { return from[o.random.IntN(len(from))] }

// word splits a word into how it is written and its ASCII spelling.
func word(text string) (written, plain string) {
	written, plain, differs := strings.Cut(text, "|")
	if !differs {
		plain = strings.ToLower(strings.ReplaceAll(written, " ", ""))
	}
	return written, plain
}

func (o *organization) newPerson() *person {
	given, plainGiven := word(o.pick(givenNames))
	family, plainFamily := word(o.pick(familyNames))
	n := len(o.people) + 1
	name := fmt.Sprintf("%s.%s.%d@%s", plainGiven, plainFamily, n, o.domain)
	p := &person{profile: profile{
		UserName: name, Given: given, Family: family, Display: given + " " + family, Email: name, Locale: o.pick(locales),
		ExternalID: fmt.Sprintf("00u%017x", o.random.Uint64()>>4), Active: true,
	}}
	if o.random.IntN(3) > 0 { // some people have no department, and then no extension is sent
		p.Department = o.pick(departments)
	}
	if o.random.IntN(2) > 0 {
		p.Title = o.pick(titles)
	}
	return p
}

func (o *organization) newTeam(i int) *team {
	name := teamNames[i%len(teamNames)]
	if round := i / len(teamNames); round > 0 {
		name = fmt.Sprintf("%s %d", name, round+1)
	}
	t := &team{name: fmt.Sprintf("%s (%s)", name, o.domain), renamed: i%3 == 1}
	if i == 0 {
		t.members = append(t.members, o.people...)
		return t
	}
	for _, p := range o.people {
		if o.random.IntN(6) == 0 {
			t.members = append(t.members, p)
		}
	}
	return t
}

// some picks a share of people, at least one.
func (o *organization) some(of []*person, share float64) []*person {
	n := max(1, int(share*float64(len(of))))
	var picked []*person
	for _, i := range o.random.Perm(len(of))[:min(n, len(of))] {
		picked = append(picked, of[i])
	}
	return picked
}

func (o *organization) active() []*person {
	var all []*person
	for _, p := range o.people {
		if p.Active {
			all = append(all, p)
		}
	}
	return all
}
