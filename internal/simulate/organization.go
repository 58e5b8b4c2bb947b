package simulate

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// profile is what the organization says of a person.
type profile struct {
	UserName, Nickname, Given, Family, Display, Title, Department, Email, Locale, ExternalID, Number string
	Phone, Mobile, Street, City, Region, Postal, Country, Role                                       string
	Manager                                                                                          *person
	Active                                                                                           bool
}

// person is somebody of the organization, with what the target has acknowledged of her.
type person struct {
	profile
	holding

	number   int    // her place in the organization
	left     bool   // the provider knows her no more
	deleted  bool   // and neither shall the target
	formerly string // her id, until she was deleted
	boss     string // what OneLogin calls her manager
}

// team is a group of the organization, with what the target has acknowledged of it.
type team struct {
	roll

	name       string
	externalID string
	members    roster
	assigned   ids  // whom the provider believes to have put in, where it never asks
	renamed    bool // later, for every third one
	ended      bool
}

// roster is a set of people.
type roster map[*person]struct{}

func (r roster) has(who *person) bool { _, there := r[who]; return there }

func (r roster) add(who *person) { r[who] = struct{}{} }

func (r roster) remove(who *person) { delete(r, who) }

// inOrder are its people in the order of the organization.
func (r roster) inOrder() []*person {
	return slices.SortedFunc(maps.Keys(r), func(a, b *person) int { return cmp.Compare(a.number, b.number) })
}

// known are those whom the target has, in order.
func (r roster) known() []*person {
	return slices.DeleteFunc(r.inOrder(), func(who *person) bool { return !who.there() })
}

// rosterOf makes a set.
func rosterOf(people ...*person) roster {
	r := roster{}
	for _, who := range people {
		r.add(who)
	}
	return r
}

// idsOf are the ids of people whom the target has.
func idsOf(people []*person) []string {
	var all []string
	for _, who := range people {
		all = append(all, who.id)
	}
	return all
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
		org.join()
	}
	for i := range o.Groups {
		org.teams = append(org.teams, org.newTeam(i))
	}
	return org
}

// late is how many people join when everybody else is there.
func (o *Options) late() int { return o.Users / 20 } //nolint:mnd // one in twenty

func (o *organization) pick(from []string) string { return from[o.random.IntN(len(from))] }

// one tells whether a thing that happens once in n times happens.
func (o *organization) one(in int) bool { return o.random.IntN(in) == 0 }

// guid makes a GUID.
func (o *organization) guid() string {
	high, low := o.random.Uint64(), o.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-9%03x-%012x", high>>32, high>>16&0xffff, high&0xfff, low>>52, low&0xffff_ffff_ffff)
}

// word splits a word into how it is written and its ASCII spelling.
func word(text string) (written, plain string) {
	written, plain, differs := strings.Cut(text, "|")
	if !differs {
		plain = strings.ToLower(strings.ReplaceAll(written, " ", ""))
	}
	return written, plain
}

// join adds a person.
func (o *organization) join() *person {
	given, plainGiven := word(o.pick(givenNames))
	family, plainFamily := word(o.pick(familyNames))
	n := len(o.people) + 1
	nickname := fmt.Sprintf("%s.%s.%d", plainGiven, plainFamily, n)
	name := nickname + "@" + o.domain
	p := &person{number: n, profile: profile{
		UserName: name, Nickname: nickname, Given: given, Family: family, Display: given + " " + family, Email: name, Locale: o.pick(locales),
		Number: fmt.Sprint(10_000 + n), Active: true,
	}}
	if o.random.IntN(3) > 0 { // some people have no department, and then no extension is sent
		p.Department = o.pick(departments)
	}
	if o.random.IntN(2) > 0 {
		p.Title = o.pick(titles)
	}
	o.people = append(o.people, p)
	return p
}

// moveIn gives a person an office, or a telephone, or neither.
func (o *organization) moveIn(p *person) {
	if o.random.IntN(3) > 0 {
		at := offices[o.random.IntN(len(offices))]
		p.Street, p.City, p.Region, p.Postal, p.Country = fmt.Sprintf("%s %d", at.street, 1+o.random.IntN(90)), at.city, at.region, at.postal, at.country
	}
	if o.random.IntN(2) > 0 {
		p.Phone = o.phone()
	}
	if o.one(4) {
		p.Mobile = o.phone()
	}
}

func (o *organization) phone() string {
	return fmt.Sprintf("+47 %02d %02d %02d %02d", 20+o.random.IntN(70), o.random.IntN(100), o.random.IntN(100), o.random.IntN(100))
}

// marry gives a person another family name.
func (o *organization) marry(p *person) {
	p.Family, _ = word(o.pick(familyNames))
	p.Display = p.Given + " " + p.Family
}

func (o *organization) newTeam(i int) *team {
	name := teamNames[i%len(teamNames)]
	if round := i / len(teamNames); round > 0 {
		name = fmt.Sprintf("%s %d", name, round+1)
	}
	t := &team{name: fmt.Sprintf("%s (%s)", name, o.domain), assigned: ids{}, renamed: i%3 == 1}
	if i == 0 {
		t.members = rosterOf(o.people...)
		return t
	}
	t.members = roster{}
	for _, p := range o.people {
		if o.one(6) {
			t.members.add(p)
		}
	}
	return t
}

// shortLived is a group that is made and deleted again.
func (o *organization) shortLived() *team {
	return &team{name: fmt.Sprintf("Short-lived (%s)", o.domain), assigned: ids{}, members: rosterOf(o.some(o.people, 0.1)...), ended: true}
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

// suspended are those who may not come in.
func (o *organization) suspended() []*person {
	return slices.DeleteFunc(slices.Clone(o.people), func(who *person) bool { return who.Active })
}

// leftOnes are those whom the provider knows no more.
func (o *organization) leftOnes() []*person {
	return slices.DeleteFunc(slices.Clone(o.people), func(who *person) bool { return !who.left })
}

// shuffle has some people change places with others.
func (o *organization) shuffle(t *team) {
	for i, who := range t.members.inOrder() {
		if i%4 == 3 {
			t.members.remove(who)
		}
	}
	for range 3 {
		t.members.add(o.people[o.random.IntN(len(o.people))])
	}
}
