package scimadapter_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
)

// maker makes operations up: mostly such as make sense, of a few words, so that they meet; some that do not.
type maker struct{ *rand.Rand }

func (g maker) one(of ...string) string { return of[g.IntN(len(of))] }

func (g maker) often(percent int) bool { return g.IntN(100) < percent }

// message makes a PATCH of some operations.
func (g maker) message() (ops []modelOp, body []byte) {
	all := []any{}
	for range 1 + g.IntN(4) {
		o := g.op()
		sent := doc{"op": o.op}
		if o.path != nil {
			sent["path"] = o.path.written
		}
		if o.has {
			sent["value"] = o.value
		}
		ops, all = append(ops, o), append(all, sent)
	}
	body, err := json.Marshal(doc{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": all})
	if err != nil {
		panic(err)
	}
	return ops, body
}

func (g maker) op() modelOp {
	o := modelOp{op: g.one("add", "remove", "replace", "replace", "Add", "REPLACE"), has: true}
	if g.often(1) {
		o.op = g.one("move", "", "test")
	}
	if g.often(25) {
		value := doc{}
		for range 1 + g.IntN(3) {
			path, of := g.path(true)
			if _, twice := value[path.written]; twice || sameKey(value, path.written) {
				continue
			}
			member := modelMember{key: path.written, path: path, value: g.value(of, path)}
			value[member.key] = member.value
			o.members = append(o.members, member)
		}
		if o.value = value; g.often(4) {
			o.value, o.members = g.odd(), nil
			if _, isObject := o.value.(doc); isObject {
				o.value = nil
			}
		}
		if strings.EqualFold(o.op, "remove") && g.often(80) {
			o.op = "add"
		}
		return o
	}
	path, of := g.path(false)
	o.path, o.value = &path, g.value(of, path)
	if strings.EqualFold(o.op, "remove") && g.often(70) {
		o.value, o.has = nil, false
	} else if g.often(1) {
		o.value, o.has = nil, false
	}
	return o
}

func sameKey(value doc, name string) bool {
	for key := range value {
		if strings.EqualFold(key, name) {
			return true
		}
	}
	return false
}

var brokenPaths = [][2]string{
	{"name..givenName", "invalidPath"}, {"1title", "invalidPath"}, {"urn:x:y:title", "invalidPath"}, {"emails[type eq \"work\"", "invalidFilter"},
	{"emails[]", "invalidFilter"}, {"emails[type regex \"a\"].value", "invalidFilter"}, {"emails[type eq \"a\" or]", "invalidFilter"}, {"title x", "invalidPath"},
}

// path makes a path, and tells of which attribute; within a value without a path it is plainer.
func (g maker) path(member bool) (modelPath, *modelAttr) {
	if g.often(2) {
		broken := brokenPaths[g.IntN(len(brokenPaths))]
		return modelPath{written: broken[0], broken: broken[1]}, nil
	}
	p := modelPath{}
	of := &modelUser[g.IntN(len(modelUser))]
	if g.often(15) {
		of, p.urn = &modelEnterprise[g.IntN(len(modelEnterprise))], enterprise
	}
	if (of.is("o") || of.is("w") || of.is("s")) && g.often(60) {
		of, p.urn = attrIn(modelUser, g.one("emails", "phoneNumbers", "roles", "addresses", "photos", "name")), ""
	}
	p.attr = of.name
	a := of
	switch {
	case g.often(2):
		p.attr, of = "shoeSize", nil
	case p.urn != "" && g.often(20):
		p.attr, of = "", nil
	case of.is("m") && g.often(65) || g.often(1):
		p.where = g.filter(of, 2)
		fallthrough
	case of.parts != nil && g.often(50):
		if g.often(60) && of.parts != nil {
			of = &a.parts[g.IntN(len(a.parts))]
			p.sub = of.name
		}
	}
	if g.often(1) && p.attr != "" {
		p.sub, of = "shoeSize", nil
	}
	p.written = g.write(p)
	if p.urn != "" && p.attr != "" && g.often(10) && a.name == "manager" {
		p.urn, p.written = "", strings.TrimPrefix(p.written, p.written[:strings.LastIndexByte(p.written, ':')+1]) // Entra's way
	}
	return p, of
}

func (g maker) write(p modelPath) string {
	out := p.urn
	if p.urn == "" && g.often(5) {
		out = "urn:ietf:params:scim:schemas:core:2.0:User"
		if attrIn(modelEnterprise, p.attr) != nil {
			out = ""
		}
	}
	if out != "" && p.attr != "" {
		out += ":"
	}
	out += p.attr
	if p.where != nil {
		out += "[" + g.writeFilter(p.where) + "]"
	}
	if p.sub != "" {
		out += "." + p.sub
	}
	switch {
	case p.where != nil || strings.Contains(p.sub+p.attr, "$"):
		return out
	case g.often(10):
		return g.one(strings.ToUpper(out), strings.ToLower(out))
	}
	return out
}

func (g maker) filter(of *modelAttr, depth int) *modelFilter {
	if depth > 0 && g.often(30) {
		f := &modelFilter{word: g.one("and", "and", "or", "not"), parts: []*modelFilter{g.filter(of, depth-1)}}
		if f.word != "not" {
			f.parts = append(f.parts, g.filter(of, depth-1))
		}
		return f
	}
	f := &modelFilter{word: g.one("eq", "eq", "eq", "eq", "ne", "co", "sw", "gt", "le", "pr"), sub: "type"}
	switch {
	case g.often(1):
		f.sub = "shoeSize"
	case g.often(60) && of.parts != nil:
		f.sub = of.parts[g.IntN(len(of.parts))].name
	}
	if f.sub == "primary" && g.often(80) {
		f.word = g.one("eq", "ne", "pr")
	}
	switch {
	case f.word == "pr", g.often(3):
	case f.sub == "primary" && g.often(80):
		f.value = g.often(60)
	case g.often(2):
		f.value = float64(7)
	default:
		f.value = g.word(of.part(f.sub))
	}
	return f
}

func (g maker) writeFilter(f *modelFilter) string {
	switch f.word {
	case "not":
		return "not (" + g.writeFilter(f.parts[0]) + ")"
	case "and", "or":
		return "(" + g.writeFilter(f.parts[0]) + ") " + g.one(f.word, strings.ToUpper(f.word)) + " (" + g.writeFilter(f.parts[1]) + ")"
	case "pr":
		return f.sub + " pr"
	}
	return f.sub + " " + f.word + " " + text(f.value)
}

func (g maker) word(a *modelAttr) string {
	switch {
	case a.is("u"):
		return g.one("http://x/a", "http://x/A", "https://x/b", "script:alert")
	case a != nil && a.name == "type":
		return g.one("work", "home", "WORK")
	case a.is("b"):
		return g.one("true", "False", "maybe")
	case a.is("r"):
		return g.one("ada", "Ada", "bo")
	case a.is("c") && g.often(50):
		return g.one("NO", "no")
	}
	return g.one("a", "A", "b", "ab", "ü")
}

// value makes a value for an attribute or its part.
func (g maker) value(a *modelAttr, p modelPath) any {
	switch {
	case g.often(8):
		return g.odd()
	case a == nil && p.urn != "":
		value := doc{}
		for range g.IntN(3) {
			part := &modelEnterprise[g.IntN(len(modelEnterprise))]
			value[part.name] = g.value(part, modelPath{})
		}
		return value
	case a == nil:
		return g.word(nil)
	case a.is("s"):
		return []any{g.one("urn:ietf:params:scim:schemas:core:2.0:User", enterprise), g.one(enterprise, strings.ToUpper(enterprise), "urn:x")}
	case a.is("m") && p.where == nil && g.often(70):
		all := []any{}
		for range g.IntN(4) {
			all = append(all, g.element(a))
		}
		return all
	case a.parts != nil:
		return g.element(a)
	case a.is("b") && g.often(70):
		return g.often(50)
	case a.name == "$ref" && g.often(80):
		return g.one("../Users/a", "Users/eva", "b", "")
	}
	return g.word(a)
}

func (g maker) element(a *modelAttr) any {
	if a.part("value") != nil && g.often(15) {
		return g.word(a.part("value"))
	}
	value := doc{}
	for i := range a.parts {
		part := &a.parts[i]
		_, hasValue := value["value"]
		if part.is("b") && g.often(80) || part.name == "$ref" && hasValue || !g.often(60) {
			continue
		}
		value[part.name] = g.value(part, modelPath{})
	}
	return value
}

// odd is a value that fits hardly anything.
func (g maker) odd() any {
	return slices.Clone([]any{nil, nil, "", float64(7), true, []any{}, doc{}, []any{"a"}, doc{"value": "a"}, []any{doc{}}, doc{"shoeSize": "a"}, "false"})[g.IntN(12)]
}
