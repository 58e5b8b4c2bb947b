package scimadapter

import (
	"slices"

	"github.com/usherhq/usher/modules/provisioning"
)

// manners are what differs between presets of a configuration.
type manners struct {
	strict  bool // the RFC to the letter
	creates bool // an unmatched replace by a filter creates the element
	doubts  bool // a replace of members by a single one may be an addition

	base string // what the server's own addresses begin with
}

// presets in which a kindness can be on.
var (
	everywhere = []provisioning.Preset{
		provisioning.PresetAuto, provisioning.PresetOkta, provisioning.PresetEntra, provisioning.PresetOneLogin, provisioning.PresetStrict,
	}
	butStrict = everywhere[:len(everywhere)-1]
)

// kindness is what the door takes, or does, because a provider needs it. docs/scim.md shows them all, and a conversation each.
type kindness struct {
	does    string
	who     string // who needs it
	rfc     string // what it says
	on      []provisioning.Preset
	turn    func(*manners) // nil where no preset has it otherwise, or where strict alone turns it off
	example string         // the conversation that shows it, without testdata/ and .txt
}

const (
	entra    = "Entra"
	okta     = "Okta"
	updates  = "entra/update-default"
	managers = "entra/manager"
)

var kindnesses = []kindness{
	{
		does: "`op` in any case", who: "Entra (`Add`, `Replace`, `Remove`)", rfc: "the words are in lower case (7644 §3.5.2)",
		on: everywhere, example: updates,
	},
	{
		does: "booleans as the words \"True\" and \"False\", in any case, or as a list of one", who: "Entra, OneLogin templates",
		rfc: "`true` or `false` (7643 §2.3.2)", on: everywhere, example: updates,
	},
	{
		does: "`replace` by a filter that finds no element makes one from the filter's `eq` terms", who: entra,
		rfc: "`noTarget` (7644 §3.5.2.3)", on: butStrict, turn: func(m *manners) { m.creates = true }, example: "entra/missing-elements",
	},
	{
		does: "keys of a value without a path are paths: `name.familyName`, `URN:attribute`, `emails[type eq \"work\"].value`",
		who:  "Entra with `aadOptscim062020`", rfc: "says nothing", on: everywhere, example: "entra/update-2020",
	},
	{
		does: "a PATCH without operations is 204", who: "Entra's validator", rfc: "one or more (7644 §3.5.2)", on: butStrict,
		example: updates,
	},
	{
		does: "a path without a schema that names an attribute of an extension, as `manager`", who: entra,
		rfc: "attributes of extensions are named with their URN (7644 §3.10)", on: butStrict, example: managers,
	},
	{
		does: "the manager as text, as a list of one, by id, by userName or before she comes; she reads back as she was sent",
		who:  "Entra, OneLogin templates", rfc: "a complex value with an id (7643 §4.3)", on: everywhere, example: managers,
	},
	{
		does: "`manager.displayName` in a path is passed over", who: entra, rfc: "`mutability` (7644 §3.5.2)", on: butStrict,
		example: managers,
	},
	{
		does: "roles whose value is JSON written as text", who: entra, rfc: "a text is a text", on: butStrict, example: "entra/roles",
	},
	{
		does: "what is the server's own (`id`, `meta`, `groups`) in a body or a value without a path is passed over", who: "Okta, Entra, OneLogin",
		rfc: "ignored in PUT; an error in PATCH (7644 §3.5)", on: everywhere, example: "okta/push-by-patch",
	},
	{
		does: "`password` is taken and thrown away", who: okta, rfc: "a write-only attribute", on: everywhere, example: "okta/life-by-patch",
	},
	{
		does: "`\"\"` is no value, as null and `[]` are", who: "Okta, Entra, OneLogin", rfc: "null and `[]` alone (7643 §2.5)", on: everywhere,
		example: "entra/empty-values",
	},
	{
		does: "unknown attributes are passed over, objects of unknown extensions kept", who: "all", rfc: "may be refused", on: butStrict,
		example: "entra/create-user",
	},
	{
		does: "values in filters without quotes", who: "Entra's examples", rfc: "JSON (7644 §3.4.2.2)", on: butStrict, example: "entra/look-ups",
	},
	{
		does: "`emails[type eq \"work\"].value eq \"…\"` as a filter", who: entra, rfc: "a part behind brackets stands in paths alone", on: everywhere,
		example: "entra/look-ups",
	},
	{
		does: "`remove` of `members` with a list of values removes those alone", who: "Entra, JumpCloud", rfc: "the value is not looked at (7644 §3.5.2.2)",
		on: everywhere, example: "entra/groups",
	},
	{
		does: "PATCH of SCIM 1.1: no operations, each member says `add` or `delete`; `managerId`; its URN", who: "OneLogin's templates of that version",
		rfc: "another standard", on: butStrict, example: "onelogin/groups-1.1",
	},
	{
		does: "one object where a list is expected", who: "OneLogin templates", rfc: "a list", on: everywhere, example: "onelogin/template-1.0",
	},
	{
		does: "`application/json` in requests, and in answers where `Accept` names it alone", who: "OneLogin, Okta's test suite",
		rfc: "should be taken (7644 §3.8)", on: everywhere, example: "onelogin/connection-test",
	},
	{
		does: "a PATCH that replaces the members of a group of two or more by a single one adds her; the call's `detail` and the journal say so, with what to set right",
		who:  "Entra, where `members` is mapped as a plain attribute", rfc: "she is the whole list (7644 §3.5.2.3)",
		on: []provisioning.Preset{provisioning.PresetEntra}, turn: func(m *manners) { m.doubts = true }, example: "entra/replace-trap",
	},
	{
		does: "members that nobody knows yet are parked and join when they come", who: okta, rfc: "may be refused as `invalidValue`", on: butStrict,
		example: "okta/push-before-people",
	},
	{
		does: "countries by any name", who: "all, where the directory has no codes", rfc: "ISO 3166-1 alpha-2 (7643 §4.1.2)", on: butStrict,
		example: "entra/countries",
	},
	{
		does: "an empty group is answered with `members: []`", who: entra, rfc: "what has no value may be left out (7643 §2.5)", on: butStrict,
		example: "entra/groups",
	},
	{
		does: "a PUT of a group without `members` leaves them alone", who: okta, rfc: "may be cleared (7644 §3.5.1)", on: butStrict,
		example: "okta/push-by-put",
	},
	{
		does: "a PUT of a person without `active` leaves it as it is", who: okta, rfc: "may be set to the default (7644 §3.5.1)", on: everywhere,
		example: "okta/profile-by-put",
	},
	{
		does: "the access token without the word `Bearer`, and the word in any case", who: "Okta's header mode", rfc: "`Bearer` (6750 §2.1)",
		on: everywhere, example: "okta/refusals",
	},
	{
		does: "what cannot be done at the moment is 429 with a `Retry-After` of at most 30 seconds, to whoever is recognized as Okta in `auto`", who: okta,
		rfc: "503 (9110 §15.6.4), which Okta does not try again", on: []provisioning.Preset{provisioning.PresetAuto, provisioning.PresetOkta},
		example: "okta/paused",
	},
	{
		does: "unknown parameters of the address, and slashes at its end", who: "Entra (a flag pasted into the base URL)", rfc: "says nothing",
		on: everywhere, example: "okta/connection-test",
	},
}

var mannersByPreset = func() map[provisioning.Preset]manners {
	all := map[provisioning.Preset]manners{}
	for _, preset := range everywhere {
		m := manners{strict: preset == provisioning.PresetStrict}
		for _, k := range kindnesses {
			if k.turn != nil && slices.Contains(k.on, preset) {
				k.turn(&m)
			}
		}
		all[preset] = m
	}
	return all
}()

func mannersOf(preset provisioning.Preset) manners { return mannersByPreset[preset] }
