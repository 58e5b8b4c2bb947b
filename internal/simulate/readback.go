package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// importAll reads everything by pages, as Okta's import does, and compares it with what was acknowledged.
func (p *play) importAll(ctx context.Context) error {
	users, err := p.readAll(ctx, "/Users", p.usersAt+p.created)
	if err != nil {
		return err
	}
	groups, err := p.readAll(ctx, "/Groups", p.groupsAt+p.pushed)
	if err != nil {
		return err
	}
	if users != nil {
		for _, who := range p.org.people {
			p.checkPerson(who, users, "imported user")
		}
	}
	if groups != nil {
		for _, t := range p.org.teams {
			if read, there := groups[t.id]; there {
				p.compareTeam(t, read, "imported group")
			} else if t.id != "" && !t.unsure {
				p.different.add("imported group "+t.name, "to be there", "nothing")
			}
		}
	}
	return nil
}

// readAll reads a list to its end. Nil means that it could not be read, which is told.
func (p *play) readAll(ctx context.Context, path string, expected int) (map[string]object, error) {
	found := map[string]object{}
	act := func(ctx context.Context) error {
		for start := 1; ; start += pageSize {
			got, err := p.call(ctx, "import "+strings.ToLower(path[1:]), http.MethodGet, fmt.Sprintf("%s?startIndex=%d&count=%d", path, start, pageSize), nil)
			if err != nil {
				return err
			}
			if !got.ok() {
				p.refused("import "+path, got)
				found = nil
				return nil
			}
			page := items(got.body, "Resources")
			for _, one := range page {
				of := str(one, "id")
				if _, twice := found[of]; twice && !p.Shared {
					p.different.add("list "+path, "each resource once", of+" twice")
				}
				found[of] = one
			}
			says := total(got.body)
			if says != expected && start == 1 && !p.Shared && !p.unsure() {
				p.different.add("list "+path, fmt.Sprintf("totalResults %d", expected), fmt.Sprint(says))
			}
			if len(page) == 0 || start+pageSize > says {
				if len(found) != says && !p.Shared {
					p.different.add("list "+path, fmt.Sprintf("all %d of totalResults", says), fmt.Sprintf("%d", len(found)))
				}
				return nil
			}
		}
	}
	return found, p.stage(ctx, "import of "+path, []step{act})
}

// unsure tells whether some creation was lost, so that totals are not known.
func (p *play) unsure() bool {
	for _, who := range p.org.people {
		if who.before != nil && !who.existing {
			return true
		}
	}
	for _, t := range p.org.teams {
		if t.unsure && t.id == "" {
			return true
		}
	}
	return false
}

func (p *play) checkPerson(who *person, users map[string]object, what string) {
	if !who.existing {
		return
	}
	read, there := users[who.id]
	if !there {
		p.different.add(what+" "+who.UserName, "to be there", "nothing")
		return
	}
	p.comparePerson(who, read, what)
}

// comparePerson tells every attribute that is not what was acknowledged. After a lost write, what was before is right, too.
func (p *play) comparePerson(who *person, read object, what string) {
	found := profileOf(read)
	if who.before != nil && found == *who.before {
		return
	}
	wants, has := who.fields(), found.fields()
	for i := range wants {
		if wants[i] != has[i] {
			p.different.add(fmt.Sprintf("%s %s, %s", what, who.UserName, fieldNames[i]), quote(wants[i]), quote(has[i]))
		}
	}
}

func quote(text string) string {
	if text == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", text)
}

var fieldNames = []string{"userName", "name.givenName", "name.familyName", "displayName", "title", "department", "emails.value", "locale", "externalId", "active"}

func (f profile) fields() []string {
	return []string{f.UserName, f.Given, f.Family, f.Display, f.Title, f.Department, f.Email, f.Locale, f.ExternalID, fmt.Sprint(f.Active)}
}

func profileOf(o object) profile {
	f := profile{
		UserName: str(o, "userName"), Given: str(o, "name", "givenName"), Family: str(o, "name", "familyName"), Display: str(o, "displayName"),
		Title: str(o, "title"), Department: str(o, enterpriseURN, "department"), Locale: str(o, "locale"), ExternalID: str(o, "externalId"),
	}
	f.Active, _ = o["active"].(bool)
	for _, email := range items(o, "emails") {
		if primary, _ := email["primary"].(bool); primary {
			f.Email = str(email, "value")
		}
	}
	return f
}

func (p *play) compareTeam(t *team, read object, what string) {
	if t.unsure {
		return
	}
	if got := str(read, "displayName"); got != t.name {
		p.different.add(what+" "+t.name+", displayName", quote(t.name), quote(got))
	}
	var wants, has []string
	for _, who := range t.known() {
		wants = append(wants, who.id)
	}
	for _, member := range items(read, "members") {
		has = append(has, str(member, "value"))
	}
	slices.Sort(wants)
	slices.Sort(has)
	if missing := without(wants, has); len(missing) > 0 {
		p.different.add(what+" "+t.name+", members", fmt.Sprintf("%d", len(wants)), fmt.Sprintf("%d of them missing, such as %s", len(missing), missing[0]))
	}
	if more := without(has, wants); len(more) > 0 {
		p.different.add(what+" "+t.name+", members", fmt.Sprintf("%d", len(wants)), fmt.Sprintf("%d too many, such as %s", len(more), more[0]))
	}
}

// without returns what is in the first sorted list and not in the second, as often as it is.
func without(all, those []string) []string {
	var left []string
	for _, one := range all {
		for len(those) > 0 && those[0] < one {
			those = those[1:]
		}
		if len(those) > 0 && those[0] == one {
			those = those[1:]
			continue
		}
		left = append(left, one)
	}
	return left
}

// readOneByOne reads a sample of people and groups by their ids, and somebody who does not exist.
func (p *play) readOneByOne(ctx context.Context) error {
	var steps []step
	for i := range spread(len(p.org.people), p.Sample) {
		who := p.org.people[i]
		steps = append(steps, func(ctx context.Context) error {
			return p.readOne(ctx, "get user", "/Users/", who.id, func(read object) { p.comparePerson(who, read, "user") })
		})
	}
	for i := range spread(len(p.org.teams), p.Sample) {
		t := p.org.teams[i]
		steps = append(steps, func(ctx context.Context) error {
			return p.readOne(ctx, "get group", "/Groups/", t.id, func(read object) { p.compareTeam(t, read, "group") })
		})
	}
	steps = append(steps, func(ctx context.Context) error {
		got, err := p.call(ctx, "get nobody", http.MethodGet, "/Users/00u-nobody", nil)
		if err == nil && !got.lost() && (got.status != http.StatusNotFound || str(got.body, "detail") == "") {
			p.different.add("a user who does not exist", "404 with a detail", fmt.Sprintf("%d %s", got.status, str(got.body, "detail")))
		}
		return err
	})
	return p.stage(ctx, "everything is read back", steps)
}

func (p *play) readOne(ctx context.Context, kind, path, of string, compare func(object)) error {
	if of == "" {
		return nil
	}
	got, err := p.call(ctx, kind, http.MethodGet, path+url.PathEscape(of), nil)
	switch {
	case err != nil:
		return err
	case got.ok():
		compare(got.body)
	case !got.lost():
		p.different.add(kind+" "+of, "to be there", fmt.Sprint(got.status))
	}
	return nil
}

// spread picks at most n of all places, evenly.
func spread(all, n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		n = min(n, all)
		for i := range n {
			if !yield(i * all / n) {
				return
			}
		}
	}
}
