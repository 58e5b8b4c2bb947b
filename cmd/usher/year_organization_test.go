package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// organization is a customer of many people over a year: what it does goes through the doors and into the model at once.
type organization struct {
	*allDoors
	*model

	t       *testing.T
	size    int
	chance  *rand.Rand
	zone    *time.Location
	start   time.Time
	main    *modelLicense
	addOn   *modelLicense
	tokens  [2]string
	configs [2]string
	teams   []string
	exempt  string
	seats   func(part float64) int64
	came    int
	snaps   []time.Time
	tallied int // differences found
}

const (
	coreUser   = "urn:ietf:params:scim:schemas:core:2.0:User"
	coreGroup  = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchOp    = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

func patch(operations ...map[string]any) map[string]any {
	return map[string]any{"schemas": []string{patchOp}, "Operations": operations}
}

// The days on which something is decided, and on which nothing is told of the main license's use.
const (
	yearDays    = 365
	addOnBought = 15
	ruleDay     = 20
	addOnTold   = 40
	shrinkDay   = 75
	regrowDay   = 140
	enlargeDay  = 165
	priceDay    = 200
	silentFrom  = 245
	silentTo    = 262
)

var reclaimDays = [2][2]int{{185, 213}, {290, 322}}

func found(t *testing.T, dialect string, size int) *organization {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, zone)
	o := &organization{t: t, size: size, chance: rand.New(rand.NewPCG(4, 1)), zone: zone, start: start, allDoors: openDoors(t, dialect, start.Add(8*time.Hour))}
	o.model = &model{now: o.tell}
	o.seats = func(part float64) int64 { return int64(part * float64(size)) }
	o.found("Europe/Oslo")
	o.main = o.buy(map[string]any{"product": "Sales Navigator Advanced", "seats": o.seats(0.82), "graceDays": 14, "pricePerSeatMinor": 120_000}, 120_000)
	for i, provider := range []string{"OKTA", "ENTRA"} {
		o.configs[i] = o.askText(`mutation($in: CreateScimConfigInput!) { createScimConfig(input: $in) { scimConfig { id } } }`, map[string]any{
			"in": map[string]any{"name": provider, "identityProvider": provider, "autoAssign": true, "licenseId": o.main.id},
		}, "createScimConfig", "scimConfig", "id")
		o.tokens[i] = o.askText(`mutation($in: IssueScimTokenInput!) { issueScimToken(input: $in) { secret } }`, map[string]any{
			"in": map[string]any{"scimConfigId": o.configs[i], "name": "provider"},
		}, "issueScimToken", "secret")
	}
	for i := range 8 {
		o.teams = append(o.teams, o.group(fmt.Sprintf("Team %d", i)))
	}
	o.exempt = o.group("Exempt")
	return o
}

func (o *organization) group(name string) string {
	return o.scim(o.tokens[0], "POST", "/Groups", map[string]any{"schemas": []string{coreGroup}, "displayName": name, "members": []any{}})
}

func (o *organization) buy(input map[string]any, price int64) *modelLicense {
	ends := o.start.AddDate(1, 5, 0).UTC()
	input["termEnd"], input["currency"] = ends.Format(time.RFC3339), "USD"
	made, _ := o.ask(`mutation($in: CreateLicenseInput!) { createLicense(input: $in) { license { id sku } } }`, map[string]any{"in": input}, "createLicense", "license").(map[string]any)
	seats, _ := input["seats"].(int64)
	grace, _ := input["graceDays"].(int)
	l := &modelLicense{
		id: fmt.Sprint(made["id"]), sku: fmt.Sprint(made["sku"]), seats: seats, grace: grace, made: o.tell(), ends: ends, held: map[*modelPerson]*modelSeat{},
		terms: []modelTerms{{at: o.tell(), seats: seats, price: price}},
	}
	o.licenses = append(o.licenses, l)
	return l
}

func (o *organization) update(l *modelLicense, input map[string]any) {
	input["id"] = l.id
	o.ask(`mutation($in: UpdateLicenseInput!) { updateLicense(input: $in) { license { id } } }`, map[string]any{"in": input})
}

func (o *organization) enlarge(l *modelLicense, seats int64) {
	o.ask(`mutation($in: ResizeLicenseInput!) { resizeLicense(input: $in) { license { id } } }`, map[string]any{"in": map[string]any{"id": l.id, "seats": seats}})
	o.resize(l, seats)
}

// join has an identity provider create somebody, in its own shape.
func (o *organization) join() {
	n := o.came
	o.came++
	p := &modelPerson{
		number: n, userName: fmt.Sprintf("person%05d@example.com", n), external: fmt.Sprintf("ext-%d", n), active: true, groups: map[string]bool{},
		claims: map[*modelLicense]map[string]int{}, consent: map[*modelLicense]string{}, department: fmt.Sprintf("Department %d", o.chance.IntN(9)),
		habit: 20 + o.chance.IntN(60),
	}
	if o.chance.IntN(4) == 0 {
		p.config = 1
	}
	p.configKey = o.configs[p.config]
	if n >= 25 {
		p.manager = o.people[o.chance.IntN(25)].id
	}
	switch o.chance.IntN(12) {
	case 0:
		p.habit = 0
	case 1, 2:
		p.silentFrom = o.chance.IntN(300)
	}
	work := map[string]any{"department": p.department}
	if p.manager != "" {
		work["manager"] = map[string]any{"value": p.manager}
	}
	body := map[string]any{
		"schemas": []string{coreUser, enterprise}, "userName": p.userName, "externalId": p.external, "active": true,
		"name": map[string]any{"givenName": "Person", "familyName": strconv.Itoa(n)}, "displayName": fmt.Sprintf("Person %d", n),
		"emails": []any{map[string]any{"value": p.userName, "type": "work", "primary": true}}, enterprise: work,
	}
	p.id = o.scim(o.tokens[p.config], "POST", "/Users", body)
	o.people = append(o.people, p)
	o.claim(o.main, p, "configuration", 0)
	o.follow(p)
}

// switchTo deactivates somebody, or has her come back, as her provider does.
func (o *organization) switchTo(p *modelPerson, active bool) {
	operation := map[string]any{"op": "replace", "value": map[string]any{"active": active}}
	if p.config == 1 {
		text := "False"
		if active {
			text = "True"
		}
		operation = map[string]any{"op": "Replace", "path": "active", "value": text}
	}
	o.scim(o.tokens[p.config], "PATCH", "/Users/"+p.id, patch(operation))
	p.active = active
	if !active {
		o.dropAll(p, byLeaving, true)
		return
	}
	o.claim(o.main, p, "configuration", 0)
	o.follow(p)
}

func (o *organization) remove(p *modelPerson) {
	o.scim(o.tokens[p.config], "DELETE", "/Users/"+p.id, nil)
	p.active, p.gone, p.groups = false, true, map[string]bool{}
	o.dropAll(p, byLeaving, false)
	for _, l := range o.licenses {
		if s := l.held[p]; s != nil && s.state == kept {
			o.release(l, p, byLeaving)
		}
	}
}

func (o *organization) move(p *modelPerson) {
	p.department = fmt.Sprintf("Department %d", o.chance.IntN(9))
	p.manager = o.people[o.chance.IntN(25)].id
	operations := []map[string]any{{"op": "replace", "value": map[string]any{enterprise: map[string]any{"department": p.department, "manager": map[string]any{"value": p.manager}}}}}
	if p.config == 1 {
		operations = []map[string]any{
			{"op": "Replace", "path": enterprise + ":department", "value": p.department}, {"op": "Add", "path": enterprise + ":manager", "value": p.manager},
		}
	}
	o.scim(o.tokens[p.config], "PATCH", "/Users/"+p.id, patch(operations...))
}

func (o *organization) put(group string, people ...*modelPerson) {
	values := make([]any, len(people))
	for i, p := range people {
		values[i] = map[string]any{"value": p.id}
	}
	o.scim(o.tokens[0], "PATCH", "/Groups/"+group, patch(map[string]any{"op": "add", "path": "members", "value": values}))
	for _, p := range people {
		p.groups[group] = true
		o.follow(p)
	}
}

func (o *organization) takeOut(group string, p *modelPerson) {
	o.scim(o.tokens[0], "PATCH", "/Groups/"+group, patch(map[string]any{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", p.id)}))
	delete(p.groups, group)
	o.follow(p)
}

// any picks somebody at random who is as wanted.
func (o *organization) any(is func(p *modelPerson) bool) *modelPerson {
	for range 40 {
		if p := o.people[o.chance.IntN(len(o.people))]; !p.gone && is(p) {
			return p
		}
	}
	return nil
}

func working(p *modelPerson) bool { return p.active }

// team is the group of somebody's team.
func (o *organization) team(p *modelPerson) string {
	for _, g := range o.teams {
		if p.groups[g] {
			return g
		}
	}
	return ""
}

// times is how often something happens on a day of which so many happen in a year among a hundred people.
func (o *organization) times(perHundred float64) int {
	expected := perHundred * float64(o.size) / 100 / yearDays
	n := int(expected)
	if o.chance.Float64() < expected-float64(n) {
		n++
	}
	return n
}

// day is what happens on a day.
func (o *organization) day(n int) {
	begins := o.start.AddDate(0, 0, n)
	if n > 0 {
		o.until(begins.Add(5 * time.Minute))
		o.allDoors.night()
		o.model.night()
	}
	o.until(begins.Add(9 * time.Hour))
	o.decide(n)
	o.come(n)
	o.change()
	o.goAway()
	o.until(begins.Add(17 * time.Hour))
	o.say()
	if n%5 == 0 {
		o.tellUse(n)
	}
}

func (o *organization) come(n int) {
	joined := o.times(22)
	if n < 10 {
		joined = o.size * 78 / 1000
	}
	first := len(o.people)
	for range joined {
		o.join()
	}
	fresh := o.people[first:]
	byTeam := map[string][]*modelPerson{}
	for _, p := range fresh {
		team := o.teams[o.chance.IntN(len(o.teams))]
		byTeam[team] = append(byTeam[team], p)
		if o.chance.IntN(30) == 0 {
			byTeam[o.exempt] = append(byTeam[o.exempt], p)
		}
	}
	for _, group := range append(slices.Clone(o.teams), o.exempt) {
		for some := range slices.Chunk(byTeam[group], 100) {
			if n < 10 {
				o.put(group, some...)
				continue
			}
			for _, p := range some { // one after the other: they may stand in line
				o.put(group, p)
			}
		}
	}
}

func (o *organization) change() {
	for range o.times(30) {
		if p := o.any(working); p != nil {
			o.move(p)
		}
	}
	for range o.times(12) {
		if p := o.any(working); p != nil {
			was, to := o.team(p), o.teams[o.chance.IntN(len(o.teams))]
			if was == to {
				continue
			}
			if was != "" {
				o.takeOut(was, p)
			}
			o.put(to, p)
		}
	}
}

func (o *organization) goAway() {
	for range o.times(14) {
		if p := o.any(working); p != nil && p.number >= 25 { // managers stay
			o.switchTo(p, false)
		}
	}
	for range o.times(5) {
		if p := o.any(func(p *modelPerson) bool { return !p.active }); p != nil {
			o.switchTo(p, true)
		}
	}
	for range o.times(4) {
		if p := o.any(func(p *modelPerson) bool { return p.number >= 25 && (!p.active || o.chance.IntN(4) == 0) }); p != nil {
			o.remove(p)
		}
	}
	for range o.times(2) {
		o.byHand()
	}
}

// byHand is what administrators do with one seat.
func (o *organization) byHand() {
	holds := func(p *modelPerson) bool { return p.active && o.main.seat(p).state == activated }
	waiting := func(p *modelPerson) bool { return p.active && o.main.seat(p).state == waits }
	noticed := func(p *modelPerson) bool { s := o.main.seat(p); return !s.noticed.IsZero() && s.reason != "kept" }
	seat := func(p *modelPerson) map[string]any { return map[string]any{"licenseId": o.main.id, "userId": p.id} }
	switch o.chance.IntN(4) {
	case 0:
		if p := o.any(holds); p != nil {
			o.ask(`mutation($in: SeatInput!) { releaseSeat(input: $in) { seat { id } } }`, map[string]any{"in": seat(p)})
			o.releaseByHand(o.main, p)
		}
	case 1:
		if p := o.any(waiting); p != nil {
			in := seat(p)
			in["priority"] = 10
			o.ask(`mutation($in: AssignSeatInput!) { assignSeat(input: $in) { seat { id } } }`, map[string]any{"in": in})
			o.claim(o.main, p, "hand", 10)
		}
	case 2:
		from, to := o.any(holds), o.any(waiting)
		if from != nil && to != nil {
			o.ask(`mutation($in: TransferSeatInput!) { transferSeat(input: $in) { seat { id } } }`, map[string]any{
				"in": map[string]any{"licenseId": o.main.id, "fromUserId": from.id, "toUserId": to.id},
			})
			o.transfer(o.main, from, to)
		}
	case 3:
		if p := o.any(noticed); p != nil && (sits(o.main.seat(p).state) || o.main.seat(p).state == paused) {
			o.ask(`mutation($in: SeatInput!) { undoReclaim(input: $in) { seat { id } } }`, map[string]any{"in": seat(p)})
			o.keep(o.main, p)
		}
	}
}

// say is what people say to the add-on.
func (o *organization) say() {
	if o.addOn == nil {
		return
	}
	answer := func(p *modelPerson, mutation, said string) {
		o.askAs(o.product, `mutation($in: SeatInput!) { `+mutation+`(input: $in) { consent } }`, map[string]any{"in": map[string]any{"licenseId": o.addOn.id, "userId": p.id}})
		o.consents(o.addOn, p, said)
	}
	for _, p := range o.people {
		s := o.addOn.held[p]
		if s != nil && s.state == consenting && p.number%7 != 0 && o.chance.IntN(6) == 0 {
			answer(p, "recordConsent", "given")
		} else if s != nil && s.state == activated && o.chance.IntN(4000) == 0 {
			answer(p, "withdrawConsent", "withdrawn")
		}
	}
}

// tellUse is the product telling who has used what in the last days.
func (o *organization) tellUse(n int) {
	for _, l := range o.licenses {
		if l == o.main && n >= silentFrom && n <= silentTo || l == o.addOn && n < addOnTold {
			continue
		}
		s := &l.source
		if s.made.IsZero() {
			*s = modelSource{name: "Product", lag: 24 * time.Hour, patience: 8 * 24 * time.Hour, made: o.allDoors.tell().Add(betweenRequests)}
		}
		var uses []any
		type told struct {
			p  *modelPerson
			at time.Time
		}
		var users []told
		for _, p := range o.people {
			seat := l.held[p]
			if seat == nil || !sits(seat.state) && seat.state != paused || p.habit == 0 || p.silentFrom > 0 && n >= p.silentFrom || o.chance.IntN(100) >= p.habit {
				continue
			}
			at := o.allDoors.tell().Add(-time.Duration(o.chance.IntN(5*24*60)) * time.Minute)
			if at.Before(seat.assigned) {
				continue
			}
			users = append(users, told{p, at})
			uses = append(uses, map[string]any{"person": map[string]any{"externalId": p.external}, "at": at.Format(time.RFC3339Nano)})
		}
		for some := range slices.Chunk(append(uses, nil), 9000) {
			if some[len(some)-1] == nil {
				some = some[:len(some)-1]
			}
			results, _ := o.askAs(o.product, `mutation($in: RecordActivityInput!) { recordActivity(input: $in) { results { status } } }`, map[string]any{"in": map[string]any{
				"licenseId": l.id, "source": "Product", "lagHours": 24, "silentHours": 8 * 24, "uses": append([]any{}, some...),
			}}, "recordActivity", "results").([]any)
			for i, r := range results {
				if one, _ := r.(map[string]any); one["status"] != "RECORDED" {
					o.t.Fatalf("use %d of day %d is %v", i, n, r)
				}
			}
		}
		s.told = o.allDoors.tell()
		l.toldAt = append(l.toldAt, s.told)
		for _, u := range users {
			o.use(l, u.p, u.at)
		}
	}
}

// decide is what administrators decide on a day.
func (o *organization) decide(n int) {
	switch n {
	case addOnBought:
		o.addOn = o.buy(map[string]any{
			"product": "TeamLink Extend", "seats": o.seats(0.15), "pricePerSeatMinor": 24_000, "consentNeeded": true, "requires": []string{o.main.id},
		}, 24_000)
		o.addOn.consent, o.addOn.requires = true, o.main
		o.main.dependents = []*modelLicense{o.addOn}
	case ruleDay:
		made := o.askText(`mutation($in: CreateRuleInput!) { createRule(input: $in) { rule { id } } }`, map[string]any{
			"in": map[string]any{"licenseId": o.addOn.id, "name": "Team 0", "definition": map[string]any{"groupId": o.teams[0]}},
		}, "createRule", "rule", "id")
		o.ask(`mutation($in: PublishRuleInput!) { publishRule(input: $in) { rule { id } } }`, map[string]any{"in": map[string]any{"ruleId": made}})
		o.ruleOf, o.rule = o.addOn, o.teams[0]
	case shrinkDay:
		o.enlarge(o.addOn, o.seats(0.05))
	case regrowDay:
		o.enlarge(o.addOn, o.seats(0.12))
	case enlargeDay:
		o.enlarge(o.main, o.seats(0.93))
	case priceDay:
		o.update(o.main, map[string]any{"pricePerSeatMinor": 132_000})
		terms := o.main.terms[len(o.main.terms)-1]
		o.main.terms = append(o.main.terms, modelTerms{at: o.allDoors.tell(), seats: terms.seats, price: 132_000})
	}
	for _, span := range reclaimDays {
		switch n {
		case span[0]:
			o.policy(true)
		case span[1]:
			o.policy(false)
		}
	}
}

func (o *organization) policy(automatic bool) {
	l := o.main
	o.update(l, map[string]any{"reclaimPolicy": map[string]any{
		"automatic": automatic, "idleDays": 60, "invitedDays": 45, "noticeDays": 7, "pauseDays": 7, "exemptGroupIds": []string{o.exempt},
	}})
	l.automatic, l.idle, l.invitedDays, l.noticeFor, l.pauseFor, l.exempt = automatic, 60, 45, 7, 7, o.exempt
}
