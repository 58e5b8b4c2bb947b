package scimadapter

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/usherhq/usher/internal/fault"
	"github.com/usherhq/usher/modules/provisioning"
)

// PatchUser applies a PATCH message to a person, both in JSON, and returns her as she is then, or the status and the keyword of
// the refusal.
func PatchUser(preset provisioning.Preset, was, message []byte) (now []byte, refusal string) {
	doc, err := readObject(was)
	if err != nil {
		panic(err)
	}
	active := doc[attrActive]
	m := mannersOf(preset)
	if err = m.patchMessage(doc, message); err != nil {
		f, known := fault.As(err)
		if !known {
			panic(err)
		}
		return was, strconv.Itoa(statusOf(f)) + " " + f.ScimType
	}
	if doc[attrActive] == nil {
		doc[attrActive] = active
	}
	if now, err = json.Marshal(doc); err != nil {
		panic(err)
	}
	return now, ""
}

func (m manners) patchMessage(doc object, message []byte) error {
	body, err := readObject(message)
	if err != nil {
		return err
	}
	ops, err := m.operations(body)
	if err != nil {
		return err
	}
	return m.patch(userType, doc, ops)
}

// Route is one address of the door as its table has it.
type Route struct {
	Path    string // below the base; a slash at its end stands before an id or a name
	Item    bool   // whether an id ends it
	Methods []string
}

// Routes returns the whole table, sorted.
func (h *Handler) Routes() []Route {
	var all []Route
	for _, path := range slices.Sorted(maps.Keys(h.routes)) {
		of := h.routes[path]
		all = append(all, Route{Path: path, Item: of.item != nil, Methods: slices.Sorted(maps.Keys(of.methods))})
	}
	return all
}
