package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
)

const (
	demoSales   = "Sales"
	demoSelling = "Account Management" // who sells to customers that are there already needs the add-on
	demoExempt  = "Executives"         // whose seats are not taken back
)

var (
	// Departments, each with a group of the same name; who comes picks one of these.
	demoDepartments = []string{demoSales, demoSales, demoSales, demoSelling, demoSelling, "Marketing", "Customer Success", "Recruiting"}
	demoGiven       = strings.Fields("Ada Alma Amir Anders Astrid Bela Birk Camila Dag Eira Elin Emil Farah Frida Gard Hedda Idun Ingrid Iselin Jonas Kaia Kenji Lars Leila Lin Magnus Maja Mina Nadia Noor Odd Oda Pia Ravi Runa Selma Sigrid Solveig Tariq Thea Tor Una Vera Viggo Yara Yusuf")
	demoFamily      = strings.Fields("Aas Berg Bjerke Brekke Dahl Eide Fjeld Foss Gran Haugen Holm Iversen Khan Krog Lie Lund Moe Myhre Nguyen Nygaard Okafor Olsen Ruud Sand Silva Solberg Strand Sunde Tveit Vik Wold Yilmaz")
	demoTitles      = []string{"Account Executive", "Account Manager", "Team Lead", "Specialist", "Consultant", "Analyst"}
)

// colleague is a person of the demo, with how she uses what she has.
type colleague struct {
	id         id.ID
	from       *source
	department string
	active     bool
	gone       bool
	joined     int
	leaves     int // the day on which she left last
	returns    int // on which she comes back; 0 for never
	habit      int // of a hundred spans of a few days, in how many she uses her seat
	tires      int // the day from which on she does not any more; 0 for never
	boss       *colleague
}

// formGroups makes a group of each department, and one of those whose seats are safe.
func (y *year) formGroups(ctx context.Context) error {
	for _, name := range append([]string{demoExempt}, demoDepartments...) {
		if y.groups[name] != id.Nil {
			continue
		}
		g, err := y.provisioning.CreateGroup(ctx, directory.NewGroup{DisplayName: name})
		if err != nil {
			return err
		}
		y.groups[name] = g.ID
	}
	return nil
}

// joiners are those who come on a day: many in the first week and when another company joins, else a few a week.
func (y *year) joiners(n int) {
	count, from := 0, y.sources[0]
	switch {
	case n < 7:
		count = 18
	case n > demoMergerOn && n <= demoMergerOn+demoMergerFor:
		count, from = 2, y.sources[len(y.sources)-1]
	case y.chance.IntN(100) < 42:
		count = 1 + y.chance.IntN(2)
	}
	for range count {
		y.at(y.office(), func(ctx context.Context) error { return y.join(ctx, from, n) })
	}
}

func (y *year) join(ctx context.Context, from *source, n int) error {
	who := &colleague{from: from, department: y.pick(demoDepartments), active: true, joined: n, habit: 35 + y.chance.IntN(65), boss: y.anybody()}
	switch {
	case y.one(16):
		who.habit = 0 // she never comes
	case y.one(6):
		who.tires = n + 20 + y.chance.IntN(150)
	}
	given, family := y.pick(demoGiven), y.pick(demoFamily)
	u := directory.User{
		UserName: y.address(given, family, from.domain), Active: true, Title: y.pick(demoTitles), DisplayName: given + " " + family,
		Name: directory.Name{GivenName: given, FamilyName: family}, Enterprise: directory.Enterprise{Department: who.department},
	}
	u.Emails = []directory.Value{{Value: u.UserName, Type: "work", Primary: true}}
	if who.boss != nil {
		u.Enterprise.Manager = id.User.Format(who.boss.id)
	}
	made, err := y.provisioning.Join(caller.With(ctx, from.who), u)
	if err != nil {
		return err
	}
	who.id = made.ID
	y.people = append(y.people, who)
	if err := y.put(ctx, who, who.department, directory.AddMembers); err != nil || !y.one(25) {
		return err
	}
	return y.put(ctx, who, demoExempt, directory.AddMembers)
}

func (y *year) pick(of []string) string { return of[y.chance.IntN(len(of))] }

// address is a userName that nobody has yet.
func (y *year) address(given, family, domain string) string {
	base := strings.ToLower(given + "." + family)
	name := base
	for i := 2; y.names[name]; i++ {
		name = fmt.Sprint(base, i)
	}
	y.names[name] = true
	return name + "@" + domain
}

// anybody is a manager for somebody: one of the first who came.
func (y *year) anybody() *colleague {
	const bosses = 12
	if len(y.people) < bosses {
		return nil
	}
	return y.people[y.chance.IntN(bosses)]
}

// put brings somebody into a group, or out of it. Groups are pushed by the first identity provider, or kept by hand.
func (y *year) put(ctx context.Context, who *colleague, group string, how directory.MemberOp) error {
	edit := directory.GroupEdit{Members: []directory.MemberEdit{{Op: how, Members: []directory.MemberRef{{Value: id.User.Format(who.id)}}}}}
	var err error
	if who.from.groups {
		_, _, err = y.provisioning.ChangeGroup(caller.With(ctx, who.from.who), y.groups[group], edit, nil)
	} else {
		_, _, err = y.directory.ChangeGroup(caller.With(ctx, y.admin), y.groups[group], edit, nil)
	}
	return err
}

// movers go to another department.
func (y *year) movers() {
	if len(y.people) == 0 || !y.one(7) {
		return
	}
	who := y.people[y.chance.IntN(len(y.people))]
	y.at(y.office(), func(ctx context.Context) error {
		to := y.pick(demoDepartments)
		if !who.active || to == who.department {
			return nil
		}
		was := who.department
		who.department = to
		_, _, err := y.provisioning.Change(caller.With(ctx, who.from.who), who.id, func(u *directory.User) error {
			u.Enterprise.Department, u.Title = to, y.pick(demoTitles)
			return nil
		}, nil)
		if err != nil {
			return err
		}
		if err := y.put(ctx, who, was, directory.RemoveMembers); err != nil {
			return err
		}
		return y.put(ctx, who, to, directory.AddMembers)
	})
}

// leavers are those who leave on a day, those who come back, and those of whom nothing is kept any more.
func (y *year) leavers(n int) {
	for _, who := range y.people {
		switch {
		case who.gone:
		case who.active && n > who.joined+15 && y.one(1000):
			who.leaves, who.returns = n, 0
			if y.one(4) {
				who.returns = n + 4 + y.chance.IntN(25)
			}
			y.at(y.office(), func(ctx context.Context) error { return y.switchTo(ctx, who, false) })
		case !who.active && who.returns > 0 && n >= who.returns:
			y.at(y.office(), func(ctx context.Context) error { return y.switchTo(ctx, who, true) })
		case !who.active && who.returns == 0 && n >= who.leaves+60:
			who.gone = true
			y.at(y.office(), func(ctx context.Context) error {
				return y.provisioning.Leave(caller.With(ctx, who.from.who), who.id, nil)
			})
		}
	}
}

func (y *year) switchTo(ctx context.Context, who *colleague, active bool) error {
	who.active = active
	_, _, err := y.provisioning.Change(caller.With(ctx, who.from.who), who.id, func(u *directory.User) error { u.Active = active; return nil }, nil)
	return err
}

// consents are what people say to the add-on, some days after they were asked; some say nothing.
func (y *year) consents(ctx context.Context) error {
	asked, err := y.seats.Seats(ctx, []id.ID{y.extension}, licensing.Consenting, page.Args{First: demoSecond}, page.Ascending)
	if err != nil {
		return err
	}
	for _, seat := range asked[y.extension].Items {
		if y.silent[seat.User] || y.one(3) {
			continue
		}
		if y.one(8) {
			y.silent[seat.User] = true
			continue
		}
		said := licensing.ConsentGiven
		if y.one(15) {
			said = licensing.ConsentWithdrawn
		}
		if _, err := y.seats.RecordConsent(caller.With(ctx, y.product), y.extension, seat.User, said); err != nil {
			return err
		}
	}
	return nil
}

func (y *year) ids() []id.ID {
	all := make([]id.ID, 0, len(y.people))
	for _, who := range y.people {
		if !who.gone {
			all = append(all, who.id)
		}
	}
	return all
}

// The sources of the demo's activity, with their lag and patience in hours. They are patient, so that a demo that is started anew after some
// weeks still knows something.
var (
	demoSignIns = licensing.Source{Name: "Sign-in log", LagHours: 24, SilentHours: 24 * 45}
	demoClicks  = licensing.Source{Name: "Product events", LagHours: 1, SilentHours: 24 * 45}
)

// tellUse is the product telling who has used what in the last few days.
func (y *year) tellUse(ctx context.Context, n int) error {
	seats, err := y.seats.SeatsOf(ctx, y.ids())
	if err != nil {
		return err
	}
	var signedIn, clicked []licensing.Use
	now := y.tell()
	for _, who := range y.people {
		if y.chance.IntN(100) >= who.habit || who.tires > 0 && n >= who.tires {
			continue
		}
		at := now.Add(-time.Duration(y.chance.IntN(9*60)) * time.Minute)
		for _, seat := range seats[who.id] {
			if seat.State != licensing.Invited && seat.State != licensing.Activated || seat.AssignedAt == nil || at.Before(*seat.AssignedAt) {
				continue
			}
			use := licensing.Use{Person: directory.Person{ID: who.id}, At: at}
			if seat.License == y.advanced {
				signedIn = append(signedIn, use)
			} else if y.one(2) {
				clicked = append(clicked, use)
			}
		}
	}
	ctx = caller.With(ctx, y.product)
	if _, err := y.seats.RecordActivity(ctx, y.advanced, demoSignIns, signedIn); err != nil {
		return err
	}
	_, err = y.seats.RecordActivity(ctx, y.extension, demoClicks, clicked)
	return err
}
