package scimadapter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

// prepare makes what the head of a file says is there before the first request.
func (k *talk) prepare() {
	k.t.Helper()
	if k.c.product != "" {
		l := k.license(k.c.product, k.c.seats)
		k.name(id.License.Format(l.ID), l.Product)
		k.autoAssign(l.ID)
	}
	for _, text := range k.c.schemas {
		var d directory.SchemaDefinition
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			k.t.Fatal(err)
		}
		if _, err := k.directory.RegisterSchema(k.admin, d); err != nil {
			k.t.Fatal(err)
		}
	}
	for _, userName := range k.c.people {
		u, err := k.directory.Create(k.admin, directory.User{UserName: userName})
		if err != nil {
			k.t.Fatal(err)
		}
		k.name(id.User.Format(u.ID), userName)
	}
	for _, displayName := range k.c.groups {
		g, err := k.directory.CreateGroup(k.admin, directory.NewGroup{DisplayName: displayName})
		if err != nil {
			k.t.Fatal(err)
		}
		k.name(id.Group.Format(g.ID), displayName)
	}
}

// perform does what an administrator does between two requests.
func (k *talk) perform(act string) {
	k.t.Helper()
	var err error
	word, rest, _ := strings.Cut(act, " ")
	switch word {
	case "pause":
		_, err = k.provisioning.PauseConfig(k.admin, k.config.ID)
	case "resume":
		_, err = k.provisioning.ResumeConfig(k.admin, k.config.ID)
	case "add": // userName to group
		userName, group, _ := strings.Cut(rest, " to ")
		err = k.addByHand(userName, group)
	default:
		k.t.Fatalf("%s: nobody knows how to %q", k.c.path, act)
	}
	if err != nil {
		k.t.Fatalf("%s: %s: %v", k.c.path, act, err)
	}
}

func (k *talk) addByHand(userName, group string) error {
	u, err := k.directory.ByUserName(k.admin, userName)
	if err != nil {
		return err
	}
	g, err := k.directory.GroupByName(k.admin, group)
	if err != nil {
		return err
	}
	_, _, err = k.directory.ChangeGroup(k.admin, g.ID, directory.GroupEdit{Members: []directory.MemberEdit{
		{Op: directory.AddMembers, Members: []directory.MemberRef{{Value: id.User.Format(u.ID)}}},
	}}, nil)
	return err
}

func (k *talk) compareState(s *talkStep) {
	k.t.Helper()
	state := k.state()
	if *update {
		s.want.body = state
		return
	}
	if state != s.want.body {
		k.t.Errorf("%s: the state is\n%s\nwant\n%s", k.c.path, state, s.want.body)
	}
}

// state is how things stand, as an administrator sees them, a line each.
func (k *talk) state() string {
	k.t.Helper()
	return strings.Join(slices.Concat(k.peopleLines(), k.groupLines(), k.licenseLines(), k.callLines()), "\n")
}

// callLines tell what the log has of the calls, and whom they have given away.
func (k *talk) callLines() []string {
	k.t.Helper()
	k.provisioning.FlushCalls(k.t.Context())
	yes := true
	var counts []int64
	for _, f := range []provisioning.CallFilter{{}, {Refused: true}, {Probe: &yes}} {
		n, err := k.provisioning.CountCalls(k.admin, f)
		if err != nil {
			k.t.Fatal(err)
		}
		counts = append(counts, n)
	}
	lines := []string{fmt.Sprintf("calls: %d, %d refused, %d probes", counts[0], counts[1], counts[2])}
	c, err := k.provisioning.GetConfig(k.admin, k.config.ID)
	if err != nil {
		k.t.Fatal(err)
	}
	if c.Recognized != nil {
		lines = append(lines, "recognized: "+string(c.Recognized.Provider))
	}
	return lines
}

func (k *talk) peopleLines() []string {
	k.t.Helper()
	users, err := k.directory.ListUsers(k.admin, page.Args{First: page.Max}, directory.UserFilter{}, directory.UserOrder{})
	if err != nil {
		k.t.Fatal(err)
	}
	var ids []id.ID
	for _, u := range users.Items {
		ids = append(ids, u.ID)
	}
	links, err := k.directory.Links(k.admin, ids)
	if err != nil {
		k.t.Fatal(err)
	}
	var lines []string
	for _, u := range users.Items {
		line := "person " + u.UserName + ": inactive"
		if u.Active {
			line = "person " + u.UserName + ": active"
		}
		for _, l := range links[u.ID] {
			if l.ExternalID != "" && l.EndedAt == nil {
				line += ", externalId " + l.ExternalID
			}
		}
		if m := u.Enterprise.Manager; m != "" {
			line += ", manager " + k.general(m)
		}
		lines = append(lines, line+k.seatWords(u.ID))
	}
	return lines
}

func (k *talk) seatWords(of id.ID) string {
	k.t.Helper()
	seats, err := k.seats.SeatsOf(k.admin, []id.ID{of})
	if err != nil {
		k.t.Fatal(err)
	}
	words := ""
	for _, seat := range seats[of] {
		words += ", seat " + string(seat.State)
	}
	return words
}

func (k *talk) groupLines() []string {
	k.t.Helper()
	groups, err := k.directory.ListGroups(k.admin, page.Args{First: page.Max}, directory.GroupFilter{}, directory.GroupOrder{})
	if err != nil {
		k.t.Fatal(err)
	}
	var lines []string
	for _, g := range groups.Items {
		members, err := k.directory.Members(k.admin, g.ID, id.Nil, page.Max)
		if err != nil {
			k.t.Fatal(err)
		}
		var names []string
		for _, m := range members {
			kind := id.User
			if m.IsGroup {
				kind = id.Group
			}
			names = append(names, k.general(kind.Format(m.ID)))
		}
		slices.Sort(names)
		line := "group " + g.DisplayName + ":"
		if len(names) == 0 {
			line += " nobody"
		}
		for i, name := range names {
			names[i] = strings.Trim(name, "{}")
		}
		lines = append(lines, strings.TrimRight(line+" "+strings.Join(names, ", "), " "))
		parked, err := k.directory.ParkedMembers(k.admin, []id.ID{g.ID})
		if err != nil {
			k.t.Fatal(err)
		}
		for _, p := range parked[g.ID] {
			lines = append(lines, "group "+g.DisplayName+" waits for "+p.Value)
		}
	}
	return lines
}

func (k *talk) licenseLines() []string {
	k.t.Helper()
	licenses, err := k.seats.List(k.admin, page.Args{First: page.Max}, licensing.Filter{}, licensing.Order{})
	if err != nil {
		k.t.Fatal(err)
	}
	var lines []string
	for _, l := range licenses.Items {
		if err := k.seats.Audit(k.admin, l.ID); err != nil {
			k.t.Error(err)
		}
		lines = append(lines, fmt.Sprintf("license %s: %d of %d seats taken, %d waiting", l.Product, l.Taken, l.Seats, l.Waiting))
	}
	return lines
}
