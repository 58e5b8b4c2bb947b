package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/clock"
	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
)

const crmURN = "urn:example:scim:schemas:extension:crm:2.0:User"

// crm is a schema with an attribute of every type.
func crm() directory.SchemaDefinition {
	return directory.SchemaDefinition{URN: crmURN, Name: "CRM", Attributes: []directory.Attribute{
		{Name: "region"},
		{Name: "code", CaseExact: true},
		{Name: "vip", Type: directory.TypeBoolean},
		{Name: "quota", Type: directory.TypeInteger},
		{Name: "rate", Type: directory.TypeDecimal},
		{Name: "hired", Type: directory.TypeDateTime},
		{Name: "page", Type: directory.TypeReference, ReferenceTypes: []string{"external"}},
		{Name: "key", Type: directory.TypeBinary},
		{Name: "tags", MultiValued: true},
		{Name: "badge", Uniqueness: directory.UniqueInTenant},
		{Name: "contract", Mutability: directory.Immutable},
		{Name: "secret", Mutability: directory.WriteOnly, Returned: directory.ReturnedNever},
		{Name: "score", Type: directory.TypeInteger, Mutability: directory.ReadOnly},
		{Name: "desks", Type: directory.TypeComplex, MultiValued: true, SubAttributes: []directory.Attribute{
			{Name: "value", Required: true}, {Name: "floor", Type: directory.TypeInteger}, {Name: "primary", Type: directory.TypeBoolean},
		}},
	}}
}

func (w *world) register(d directory.SchemaDefinition) *directory.Schema {
	w.t.Helper()
	s, err := w.people.RegisterSchema(w.admin, d)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// with is a person with data of the CRM.
func with(userName, data string) directory.User {
	return directory.User{UserName: userName, Active: true, Extra: map[string]json.RawMessage{crmURN: json.RawMessage(data)}}
}

func (w *world) index() int {
	w.t.Helper()
	n, err := w.people.Index(w.admin)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestASchemaThatCannotBeKeptToIsRefused: above all, the parts that every list has mean in a tenant's schema what they mean in
// the standard's (RFC 7643 section 2.4).
//
// Conformance: S-2.4-03
func TestASchemaThatCannotBeKeptToIsRefused(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.SQLite)
	w := newWorld(t, db)
	only := func(a directory.Attribute) directory.SchemaDefinition {
		return directory.SchemaDefinition{URN: crmURN, Attributes: []directory.Attribute{a}}
	}
	named := func(urn string) directory.SchemaDefinition {
		return directory.SchemaDefinition{URN: urn, Attributes: []directory.Attribute{{Name: "a"}}}
	}
	list := func(part directory.Attribute) directory.SchemaDefinition {
		return only(directory.Attribute{Name: "a", Type: directory.TypeComplex, MultiValued: true, SubAttributes: []directory.Attribute{part}})
	}
	wide := directory.SchemaDefinition{URN: crmURN}
	for n := range directory.MaxAttributes + 1 {
		wide.Attributes = append(wide.Attributes, directory.Attribute{Name: fmt.Sprint("a", n)})
	}
	for why, d := range map[string]directory.SchemaDefinition{
		"no URN":                 named("crm"),
		"an empty URN":           named("urn:example:"),
		"a URN with a blank":     named("urn:example:a b"),
		"a URN with a quote":     named(`urn:example:a"b`),
		"a long URN":             named("urn:example:" + strings.Repeat("a", 200)),
		"the IETF's URN":         named("URN:IETF:params:scim:schemas:extension:enterprise:2.0:User"),
		"our URN":                named("urn:usher:scim:schemas:extension:seat:1.0:User"),
		"a group's":              {URN: crmURN, ResourceType: "Group", Attributes: []directory.Attribute{{Name: "a"}}},
		"a license's":            {URN: crmURN, ResourceType: "License", Attributes: []directory.Attribute{{Name: "a"}}},
		"no attribute":           {URN: crmURN},
		"too many attributes":    wide,
		"twice":                  {URN: crmURN, Attributes: []directory.Attribute{{Name: "a"}, {Name: "A"}}},
		"required, yet readOnly": {URN: crmURN, Required: true, Attributes: []directory.Attribute{{Name: "a", Mutability: directory.ReadOnly}}},
		"a long description":     {URN: crmURN, Description: strings.Repeat("x", 1001), Attributes: []directory.Attribute{{Name: "a"}}},
		"a NUL":                  {URN: crmURN, Name: "a\x00", Attributes: []directory.Attribute{{Name: "a"}}},
		"a name of digits":       only(directory.Attribute{Name: "1a"}),
		"a name with a dot":      only(directory.Attribute{Name: "a.b"}),
		"$ref by itself":         only(directory.Attribute{Name: "$ref", Type: directory.TypeReference, ReferenceTypes: []string{"User"}}),
		"a long name":            only(directory.Attribute{Name: strings.Repeat("a", 65)}),
		"an unknown type":        only(directory.Attribute{Name: "a", Type: "money"}),
		"parts of a string":      only(directory.Attribute{Name: "a", SubAttributes: []directory.Attribute{{Name: "b"}}}),
		"no parts":               only(directory.Attribute{Name: "a", Type: directory.TypeComplex}),
		"a complex part":         list(directory.Attribute{Name: "b", Type: directory.TypeComplex, SubAttributes: []directory.Attribute{{Name: "c"}}}),
		"a list as a part":       list(directory.Attribute{Name: "b", MultiValued: true}),
		"primary as text":        list(directory.Attribute{Name: "primary"}),
		"Primary":                list(directory.Attribute{Name: "Primary", Type: directory.TypeBoolean}),
		"type as a number":       list(directory.Attribute{Name: "type", Type: directory.TypeInteger}),
		"display as a number":    list(directory.Attribute{Name: "display", Type: directory.TypeInteger}),
		"$ref as text":           list(directory.Attribute{Name: "$ref"}),
		"a list of values":       list(directory.Attribute{Name: "value", MultiValued: true}),
		"a list of primaries":    list(directory.Attribute{Name: "primary", Type: directory.TypeBoolean, MultiValued: true}),
		"TYPE":                   list(directory.Attribute{Name: "TYPE"}),
		"an immutable element":   list(directory.Attribute{Name: "b", Mutability: directory.Immutable}),
		"a unique part":          list(directory.Attribute{Name: "b", Uniqueness: directory.UniqueInTenant}),
		"writeOnly, yet shown":   only(directory.Attribute{Name: "a", Mutability: directory.WriteOnly}),
		"an odd mutability":      only(directory.Attribute{Name: "a", Mutability: "sometimes"}),
		"an odd returned":        only(directory.Attribute{Name: "a", Returned: "sometimes"}),
		"an odd uniqueness":      only(directory.Attribute{Name: "a", Uniqueness: "global"}),
		"a unique boolean":       only(directory.Attribute{Name: "a", Type: directory.TypeBoolean, Uniqueness: directory.UniqueInTenant}),
		"nobody's to write":      only(directory.Attribute{Name: "a", Mutability: directory.ReadOnly, Required: true}),
		"a number with case":     only(directory.Attribute{Name: "a", Type: directory.TypeInteger, CaseExact: true}),
		"canonical numbers":      only(directory.Attribute{Name: "a", Type: directory.TypeInteger, CanonicalValues: []string{"1"}}),
		"a reference to nothing": only(directory.Attribute{Name: "a", Type: directory.TypeReference}),
		"a reference to planets": only(directory.Attribute{Name: "a", Type: directory.TypeReference, ReferenceTypes: []string{"Planet"}}),
		"a string that refers":   only(directory.Attribute{Name: "a", ReferenceTypes: []string{"User"}}),
	} {
		_, err := w.people.RegisterSchema(w.admin, d)
		if f, ok := fault.As(err); !ok || f.Code != directory.ErrInvalidSchema.Code || f.Field == "" || f.Message == directory.ErrInvalidSchema.Message {
			t.Errorf("%s was answered by %v", why, err)
		}
	}
	if all, err := w.people.ListSchemas(w.admin); err != nil || len(all) != 0 {
		t.Errorf("there are %d schemas: %v", len(all), err)
	}
}

func TestSchemasOfATenantAreBoundedAndApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		first := w.register(crm())
		for urn, want := range map[string]error{
			strings.ToUpper(crmURN): directory.ErrSchemaTaken, crmURN + ":more": directory.ErrInvalidSchema,
			"urn:example:scim:schemas:extension:crm": directory.ErrInvalidSchema,
		} {
			d := crm()
			d.URN = urn
			if _, err := w.people.RegisterSchema(w.admin, d); !errors.Is(err, want) {
				t.Errorf("%s beside the first was answered by %v", urn, err)
			}
		}
		for n := range directory.MaxSchemas - 1 {
			d := crm()
			d.URN = fmt.Sprintf("urn:example:other:%d", n)
			w.register(d)
		}
		d := crm()
		d.URN = "urn:example:one:too:many"
		if _, err := w.people.RegisterSchema(w.admin, d); !errors.Is(err, directory.ErrTooManySchemas) {
			t.Errorf("the 21st was answered by %v", err)
		}
		if err := w.people.RemoveSchema(w.admin, first.ID, directory.RefuseInUse); err != nil {
			t.Fatal(err)
		}
		w.register(d)

		theirs := newWorld(t, db)
		if all, err := theirs.people.ListSchemas(theirs.admin); err != nil || len(all) != 0 {
			t.Errorf("another tenant has %d schemas: %v", len(all), err)
		}
		if _, err := theirs.people.Schema(theirs.admin, first.ID); !errors.Is(err, directory.ErrSchemaNotFound) {
			t.Errorf("another tenant reads it: %v", err)
		}
		if err := theirs.people.RemoveSchema(theirs.admin, first.ID, directory.RemoveInUse); !errors.Is(err, directory.ErrSchemaNotFound) {
			t.Errorf("another tenant removes it: %v", err)
		}
		if _, err := theirs.people.ChangeSchema(theirs.admin, first.ID, crm(), nil); !errors.Is(err, directory.ErrSchemaNotFound) {
			t.Errorf("another tenant changes it: %v", err)
		}
	})
}

func TestASchemaChangesOnlyInWhatNobodyRelesOn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		s := w.register(crm())
		change := func(edit func(*directory.SchemaDefinition)) error {
			d := crm()
			edit(&d)
			_, err := w.people.ChangeSchema(w.admin, s.ID, d, nil)
			return err
		}
		for why, edit := range map[string]func(*directory.SchemaDefinition){
			"another URN": func(d *directory.SchemaDefinition) { d.URN += "x" },
			"required":    func(d *directory.SchemaDefinition) { d.Required = true },
			"one less":    func(d *directory.SchemaDefinition) { d.Attributes = d.Attributes[1:] },
			"one part less": func(d *directory.SchemaDefinition) {
				d.Attributes[13].SubAttributes = d.Attributes[13].SubAttributes[1:]
			},
			"another type":   func(d *directory.SchemaDefinition) { d.Attributes[0].Type = directory.TypeInteger },
			"a list":         func(d *directory.SchemaDefinition) { d.Attributes[0].MultiValued = true },
			"case":           func(d *directory.SchemaDefinition) { d.Attributes[0].CaseExact = true },
			"mutability":     func(d *directory.SchemaDefinition) { d.Attributes[0].Mutability = directory.Immutable },
			"returned":       func(d *directory.SchemaDefinition) { d.Attributes[0].Returned = directory.ReturnedOnRequest },
			"uniqueness":     func(d *directory.SchemaDefinition) { d.Attributes[0].Uniqueness = directory.UniqueInTenant },
			"newly required": func(d *directory.SchemaDefinition) { d.Attributes[0].Required = true },
			"references":     func(d *directory.SchemaDefinition) { d.Attributes[6].ReferenceTypes = []string{"uri"} },
			"new and required": func(d *directory.SchemaDefinition) {
				d.Attributes = append(d.Attributes, directory.Attribute{Name: "new", Required: true})
			},
			"spelling": func(d *directory.SchemaDefinition) { d.Attributes[0].Name = "Region" },
		} {
			if err := change(edit); !errors.Is(err, directory.ErrIncompatibleSchema) {
				t.Errorf("%s was answered by %v", why, err)
			}
		}
		if err := change(func(*directory.SchemaDefinition) {}); err != nil {
			t.Fatal(err)
		}
		if now, _ := w.people.Schema(w.admin, s.ID); now.Version != 1 {
			t.Errorf("a change of nothing made version %d", now.Version)
		}
		ada := w.create(w.okta, with("ada", `{"region":"EMEA","desks":[{"value":"1A"}]}`))
		d := crm()
		d.Name, d.Description = "Customers", "What sales knows."
		d.Attributes[0].CanonicalValues = []string{"EMEA"}
		d.Attributes = slices.Insert(d.Attributes, 0, directory.Attribute{Name: "segment"})
		d.Attributes[14].SubAttributes = append(d.Attributes[14].SubAttributes, directory.Attribute{Name: "wing"})
		if _, err := w.people.ChangeSchema(w.admin, s.ID, d, &directory.Expect{Versions: []int64{7}}); !errors.Is(err, directory.ErrStaleVersion) {
			t.Errorf("a version of the future was answered by %v", err)
		}
		now, err := w.people.ChangeSchema(w.admin, s.ID, d, &directory.Expect{Versions: []int64{1}})
		if err != nil || now.Version != 2 || now.Status != directory.SchemaReady {
			t.Fatalf("it is %+v: %v", now, err)
		}
		before := w.rows()["ada"]
		w.change(w.okta, ada.ID, func(u *directory.User) {
			u.Extra = with("", `{"segment":"Banks","region":"EMEA","desks":[{"value":"1A","wing":"North"}]}`).Extra
		})
		want := append(slices.Clone(before), "10016.0 banks leads", "10017.0 north leads")
		if got := w.rows()["ada"]; !reflect.DeepEqual(got, want) {
			t.Errorf("she is found by %q, want %q", got, want)
		}
		if got := w.kinds(s.ID); !reflect.DeepEqual(got, []string{"attribute_schema.registered", "attribute_schema.changed"}) {
			t.Errorf("the journal has %v", got)
		}
	})
}

func TestPeopleAreFoundByOwnAttributes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.register(crm())
		ada := w.create(w.okta, with("ada", `{"region":"EMEA","code":"Ab","vip":false,"quota":9007199254740993,"rate":1.50,"hired":"2026-11-23T12:00:00+02:00",
			"page":"https://crm.example/Ada","key":"AAE=","tags":["Red","blue"],"badge":"B-1","contract":"C","secret":"s",
			"desks":[{"value":"1A","floor":-2},{"value":"2B","primary":true},{"value":"3C","primary":false}]}`))
		want := []string{
			"1.1 " + crmURN, "10000.0 emea leads", "10001.0 Ab leads", "10002.0 false leads", "10003.0 2500169007199254740993 leads", "10004.0 25000115 leads",
			"10005.0 2026-11-23T10:00:00.000000000 leads", "10006.0 https://crm.example/Ada leads", "10007.0 AAE= leads", "10008.0 red leads", "10008.1 blue",
			"10009.0 b-1 leads", "10010.0 c leads", "10013.0 1a", "10013.1 2b leads", "10013.2 3c", "10014.0 0499987~", "10015.1 true leads",
		}
		if got := w.rows()["ada"]; !reflect.DeepEqual(got, want) {
			t.Errorf("she is found by %q, want %q", got, want)
		}
		w.change(w.okta, ada.ID, func(u *directory.User) { u.Extra = with("", `{"contract":"C","tags":["blue"]}`).Extra })
		if got, want := w.rows()["ada"], []string{"1.1 " + crmURN, "10008.0 blue leads", "10010.0 c leads"}; !reflect.DeepEqual(got, want) {
			t.Errorf("then she is found by %q, want %q", got, want)
		}
	})
}

func TestDataThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		d := crm()
		d.Attributes = append(d.Attributes, directory.Attribute{Name: "level", Required: true})
		w.register(d)
		for data, want := range map[string]error{
			`{"region":"EMEA"}`:                                 directory.ErrInvalidUser, // level is required
			`{"level":"1","unknown":1}`:                         directory.ErrInvalidUser,
			`{"LEVEL":"1"}`:                                     directory.ErrInvalidUser,
			`{"level":"1","region":7}`:                          directory.ErrInvalidUser,
			`{"level":"1","region":["a"]}`:                      directory.ErrInvalidUser,
			`{"level":"1","vip":"true"}`:                        directory.ErrInvalidUser,
			`{"level":"1","quota":1.0}`:                         directory.ErrInvalidUser,
			`{"level":"1","quota":1e3}`:                         directory.ErrInvalidUser,
			`{"level":"1","quota":"1"}`:                         directory.ErrInvalidUser,
			`{"level":"1","rate":1e99999}`:                      directory.ErrInvalidUser,
			`{"level":"1","hired":"2026-11-23"}`:                directory.ErrInvalidUser,
			`{"level":"1","page":"javascript:alert(1)"}`:        directory.ErrInvalidUser,
			`{"level":"1","page":"not a page"}`:                 directory.ErrInvalidUser,
			`{"level":"1","key":"%%"}`:                          directory.ErrInvalidUser,
			`{"level":"1","key":"AAE\n"}`:                       directory.ErrInvalidUser,
			`{"level":"1","tags":"red"}`:                        directory.ErrInvalidUser,
			`{"level":"1","tags":[null]}`:                       directory.ErrInvalidUser,
			`{"level":"1","desks":[{"floor":1}]}`:               directory.ErrInvalidUser, // value is required
			`{"level":"1","desks":[{"value":"1","wing":"N"}]}`:  directory.ErrInvalidUser,
			`{"level":"1","desks":[{"value":"1","floor":1.5}]}`: directory.ErrInvalidUser,
			`{"level":"1","desks":[{"value":"1","primary":true},{"value":"2","primary":true}]}`: directory.ErrInvalidUser,
			`{"level":"1","tags":[` + strings.Repeat(`"x",`, 1000) + `"x"]}`:                    directory.ErrInvalidUser,
			`{"level":"1","badge":"` + strings.Repeat("x", 257) + `"}`:                          directory.ErrInvalidUser,
			`{"level":"1","score":1}`: directory.ErrImmutable, // a provider cannot write it
		} {
			_, err := w.people.Create(w.okta, with("ada", data))
			if f, ok := fault.As(err); !errors.Is(err, want) || !ok || f.Field == "" || f.ScimType == "" {
				t.Errorf("%.80s was answered by %v", data, err)
			}
		}
		w.create(w.admin, with("ada", `{"level":"1","score":1}`))
	})
}

func TestFixedAttributesStayFixed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.register(crm())
		ada := w.create(w.okta, with("ada", `{"region":"EMEA"}`))
		try := func(ctx context.Context, data string) error {
			_, _, err := w.people.Change(ctx, ada.ID, func(u *directory.User) error { u.Extra = with("", data).Extra; return nil }, nil)
			return err
		}
		if err := try(w.okta, `{"contract":"C-1"}`); err != nil {
			t.Errorf("what had no value was not set: %v", err)
		}
		for _, data := range []string{`{"contract":"C-2"}`, `{"region":"EMEA"}`, `{}`} {
			if err := try(w.okta, data); !errors.Is(err, directory.ErrImmutable) {
				t.Errorf("%s was answered by %v", data, err)
			}
		}
		if err := try(w.okta, `{"contract":"C-1","region":"APAC"}`); err != nil {
			t.Errorf("beside what is fixed, nothing can be changed: %v", err)
		}
		if err := try(w.admin, `{"contract":"C-1","score":5}`); err != nil {
			t.Fatal(err)
		}
		if err := try(w.okta, `{"contract":"C-1","score":7,"region":"EMEA"}`); err != nil {
			t.Fatal(err)
		}
		u, err := w.people.Get(w.admin, ada.ID)
		if want := `{"contract":"C-1","region":"EMEA","score":5}`; err != nil || string(u.Extra[crmURN]) != want {
			t.Errorf("she has %s, want %s: %v", u.Extra[crmURN], want, err)
		}
		// She leaves and comes back: what is fixed is hers still.
		if err := w.people.Delete(w.okta, ada.ID, nil); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhoComesBackKeepsWhatIsFixed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.register(crm())
		ada := w.create(w.okta, with("ada", `{"contract":"C-1","region":"EMEA"}`))
		w.change(w.entra, ada.ID, func(u *directory.User) { u.Active = true }) // somebody else holds her, so she stays
		if err := w.people.Delete(w.okta, ada.ID, nil); err != nil {
			t.Fatal(err)
		}
		back := w.create(w.okta, with("ada", `{"region":"APAC"}`))
		if want := `{"contract":"C-1","region":"APAC"}`; back.ID != ada.ID || string(back.Extra[crmURN]) != want {
			t.Errorf("back came %s with %s", back.ID, back.Extra[crmURN])
		}
	})
}

func TestARequiredSchemaIsAskedOfNewPeopleAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		old := w.create(w.okta, directory.User{UserName: "old", Active: true})
		d := crm()
		d.Required = true
		w.register(d)
		if _, err := w.people.Create(w.okta, directory.User{UserName: "new", Active: true}); !errors.Is(err, directory.ErrInvalidUser) {
			t.Errorf("a new person without it was answered by %v", err)
		}
		made := w.create(w.okta, with("new", `{"region":"EMEA"}`))
		_, _, err := w.people.Change(w.okta, made.ID, func(u *directory.User) error { u.Extra = nil; return nil }, nil)
		if !errors.Is(err, directory.ErrInvalidUser) {
			t.Errorf("taking it away was answered by %v", err)
		}
		if _, changed := w.change(w.okta, old.ID, func(u *directory.User) { u.Active = false }); !changed {
			t.Error("who never had it cannot be deactivated")
		}
	})
}

func TestUniqueValuesAreTheDatabases(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.register(crm())
		ada := w.create(w.okta, with("ada", `{"badge":"B-1"}`))
		_, err := w.people.Create(w.okta, with("bob", `{"badge":"b-1"}`))
		if f, ok := fault.As(err); !errors.Is(err, directory.ErrValueTaken) || !ok || f.ScimType != "uniqueness" || f.Field != "badge" {
			t.Errorf("the same badge was answered by %v", err)
		}
		bob := w.create(w.okta, with("bob", `{"badge":"B-2"}`))
		take := func(badge string) error {
			_, _, err := w.people.Change(w.okta, bob.ID, func(u *directory.User) error { u.Extra = with("", `{"badge":"`+badge+`"}`).Extra; return nil }, nil)
			return err
		}
		if err := take("B-1"); !errors.Is(err, directory.ErrValueTaken) {
			t.Errorf("ada's badge was answered by %v", err)
		}
		if err := take("B-3"); err != nil {
			t.Error(err)
		}
		w.create(w.okta, with("cleo", `{"badge":"B-2"}`)) // which bob has given up
		if err := w.people.Delete(w.okta, ada.ID, nil); err != nil {
			t.Fatal(err)
		}
		if err := take("B-1"); err != nil {
			t.Errorf("a badge that nobody has any more was answered by %v", err)
		}
		theirs := newWorld(t, db)
		theirs.register(crm())
		theirs.create(theirs.okta, with("ada", `{"badge":"B-1"}`))
	})
}

// TestUniqueOnceUnderRace lets 20 people take one value at the same time.
func TestUniqueOnceUnderRace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.register(crm())
		const callers = 20
		answers := make(chan error, callers)
		for n := range callers {
			go func() {
				_, err := w.people.Create(w.okta, with(fmt.Sprint("user", n), `{"badge":"one"}`))
				answers <- err
			}()
		}
		got := 0
		for range callers {
			switch err := <-answers; {
			case err == nil:
				got++
			case !errors.Is(err, directory.ErrValueTaken):
				t.Error(err)
			}
		}
		if got != 1 {
			t.Errorf("%d people have the value", got)
		}
	})
}

// TestDataFromBeforeTheSchemaIsTakenIn keeps people whose data nobody had described, in odd spellings and with things that do not
// fit, and then describes it.
func TestDataFromBeforeTheSchemaIsTakenIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		other := strings.ToUpper(crmURN)
		w.create(w.okta, with("ada", `{"region":"EMEA","badge":"B-1"}`))
		odd := w.create(w.okta, directory.User{UserName: "odd", Active: true, Extra: map[string]json.RawMessage{other: json.RawMessage(`{"REGION":"APAC","desks":[{"VALUE":"1"}]}`)}})
		w.create(w.okta, with("wrong", `{"region":7,"tags":["red"]}`))
		w.create(w.okta, with("twin", `{"badge":"b-1","tags":["blue"]}`))
		w.create(w.okta, directory.User{UserName: "none", Active: true})
		if got, want := w.rows()["odd"], []string{"2.1 " + other}; !reflect.DeepEqual(got, want) {
			t.Errorf("before, she is found by %q, want %q", got, want)
		}
		s := w.register(crm())
		if s.Status != directory.SchemaIndexing {
			t.Errorf("it is %s", s.Status)
		}
		if n := w.index(); n != 4 {
			t.Errorf("%d people were looked at", n)
		}
		s, err := w.people.Schema(w.admin, s.ID)
		if err != nil || s.Status != directory.SchemaReady || s.Misfits != 2 || len(s.MisfitSamples) != 2 {
			t.Fatalf("it is %+v: %v", s, err)
		}
		want := map[string][]string{
			"ada":   {"1.1 " + crmURN, "10000.0 emea leads", "10009.0 b-1 leads"},
			"odd":   {"1.1 " + crmURN, "10000.0 apac leads", "10013.0 1 leads"},
			"wrong": {"1.1 " + crmURN, "10008.0 red leads"},
			"twin":  {"1.1 " + crmURN, "10008.0 blue leads", "10009.0 b-1 leads"},
		}
		if got := w.rows(); !reflect.DeepEqual(got, want) {
			t.Errorf("they are found by %q, want %q", got, want)
		}
		u, err := w.people.Get(w.admin, odd.ID)
		if err != nil || string(u.Extra[crmURN]) != `{"desks":[{"value":"1"}],"region":"APAC"}` || u.Version != 2 {
			t.Errorf("she has %s in version %d: %v", u.Extra, u.Version, err)
		}
		if w.index() != 0 {
			t.Error("there was something left to do")
		}
		// What did not fit stands in nobody's way, and can be mended.
		wrong, err := w.people.ByUserName(w.admin, "wrong")
		if err != nil {
			t.Fatal(err)
		}
		w.change(w.okta, wrong.ID, func(u *directory.User) { u.Extra = with("", `{"region":7,"tags":["green"]}`).Extra })
		w.change(w.okta, wrong.ID, func(u *directory.User) { u.Extra = with("", `{"region":"EMEA","tags":["green"]}`).Extra })
		if got, want := w.rows()["wrong"], []string{"1.1 " + crmURN, "10000.0 emea leads", "10008.0 green leads"}; !reflect.DeepEqual(got, want) {
			t.Errorf("mended, she is found by %q, want %q", got, want)
		}
	})
}

func TestARemovedSchemaLeavesDataToComeBackTo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		s := w.register(crm())
		ada := w.create(w.okta, with("ada", `{"region":"EMEA","badge":"B-1","secret":"s3"}`))
		if err := w.people.RemoveSchema(w.admin, s.ID, directory.RefuseInUse); !errors.Is(err, directory.ErrSchemaInUse) {
			t.Errorf("a schema in use was answered by %v", err)
		}
		if err := w.people.RemoveSchema(w.admin, s.ID, directory.RemoveInUse); err != nil {
			t.Fatal(err)
		}
		if set, err := w.people.Schemas(w.okta); err != nil || len(set.All) != 0 {
			t.Errorf("it is still there: %v", err)
		}
		if _, err := w.people.RegisterSchema(w.admin, crm()); !errors.Is(err, directory.ErrSchemaLeaving) {
			t.Errorf("its URN was taken again at once: %v", err)
		}
		shown := func() string {
			u, err := w.people.Get(w.admin, ada.ID)
			if err != nil {
				t.Fatal(err)
			}
			text, err := w.people.Attributes(w.admin, u)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		if got, want := shown(), `{"userName":"ada"}`; got != want {
			t.Errorf("while it is cleared away, she shows %s", got)
		}
		w.index()
		if got, want := shown(), `{"userName":"ada","`+crmURN+`":{"badge":"B-1","region":"EMEA"}}`; got != want {
			t.Errorf("she shows %s, want %s", got, want)
		}
		if got, want := w.rows()["ada"], []string{"2.1 " + crmURN}; !reflect.DeepEqual(got, want) {
			t.Errorf("she is found by %q, want %q", got, want)
		}
		if n := w.uniques(); n != 0 {
			t.Errorf("%d unique values are left", n)
		}
		again := w.register(crm())
		if again.Status != directory.SchemaIndexing || again.ID == s.ID {
			t.Errorf("it came back as %+v", again)
		}
		w.index()
		if got, want := w.rows()["ada"], []string{"1.1 " + crmURN, "10256.0 emea leads", "10265.0 b-1 leads"}; !reflect.DeepEqual(got, want) {
			t.Errorf("back again, she is found by %q, want %q", got, want)
		}
		if n := w.uniques(); n != 1 {
			t.Errorf("%d unique values are hers", n)
		}
	})
}

func (w *world) uniques() (n int) {
	w.t.Helper()
	who, _ := caller.From(w.admin)
	if err := w.db.QueryRow(w.admin, `SELECT count(*) FROM user_uniques WHERE tenant_id = $1`, who.Tenant).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestNobodyIsOverlookedWhileASchemaIsRegistered lets people come with data under a URN while it is being registered by another
// replica. Whoever was taken is findable in the end.
func TestNobodyIsOverlookedWhileASchemaIsRegistered(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			a, b := storetest.TwoReplicas(t, dialect)
			w := newWorld(t, a)
			elsewhere := directory.New(b, events.New(b), clock.System())
			const people = 40
			taken, done := make(chan string, people), make(chan struct{})
			go func() {
				defer close(done)
				for n := range people {
					name := fmt.Sprint("user", n)
					switch _, err := elsewhere.Create(w.okta, with(name, `{"region":"EMEA"}`)); {
					case err == nil:
						taken <- name
					case !errors.Is(err, directory.ErrSchemaNew):
						t.Error(err)
					}
				}
			}()
			<-taken
			w.register(crm())
			<-done
			close(taken)
			w.index()
			rows := w.rows()
			for name := range taken {
				if got, want := rows[name], []string{"1.1 " + crmURN, "10000.0 emea leads"}; !reflect.DeepEqual(got, want) {
					t.Errorf("%s is found by %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestSecretsAreInNobodysSight(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.register(crm())
		const canary = "canary-7f3"
		ada := w.create(w.okta, with("ada", `{"secret":"`+canary+`","region":"EMEA"}`))
		w.change(w.okta, ada.ID, func(u *directory.User) { u.Extra = with("", `{"secret":"`+canary+`2","region":"EMEA"}`).Extra })
		u, err := w.people.Get(w.admin, ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		text, err := w.people.Attributes(w.admin, u)
		if want := `{"` + crmURN + `":{"region":"EMEA"},"userName":"ada"}`; err != nil || string(text) != want {
			t.Errorf("shown are %s, want %s: %v", text, want, err)
		}
		who, _ := caller.From(w.admin)
		var told int
		if err := db.QueryRow(w.admin, `SELECT count(*) FROM events WHERE tenant_id = $1 AND CAST(data AS text) LIKE $2`, who.Tenant, "%"+canary+"%").Scan(&told); err != nil || told != 0 {
			t.Errorf("%d events tell the secret: %v", told, err)
		}
	})
}

// TestReplicasHearOfSchemas has another replica's worker make a schema ready that this one has registered.
func TestReplicasHearOfSchemas(t *testing.T) {
	t.Parallel()
	for _, dialect := range storetest.Dialects {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			a, b := storetest.TwoReplicas(t, dialect, func(o *store.Options) { o.Poll = 50 * time.Millisecond })
			w := newWorld(t, a)
			w.create(w.okta, with("ada", `{"region":"EMEA"}`))
			elsewhere := directory.New(b, events.New(b), clock.System())
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- elsewhere.Run(ctx) }()
			s := w.register(crm())
			for deadline := time.After(20 * time.Second); ; {
				set, err := elsewhere.Schemas(w.okta)
				if err != nil {
					t.Fatal(err)
				}
				if found := set.ByURN(crmURN); found != nil && found.Status == directory.SchemaReady {
					break
				}
				select {
				case <-deadline:
					t.Fatal("it never became ready")
				case <-time.Tick(10 * time.Millisecond):
				}
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if now, err := w.people.Schema(w.admin, s.ID); err != nil || now.Status != directory.SchemaReady {
				t.Errorf("it is %+v: %v", now, err)
			}
		})
	}
}
