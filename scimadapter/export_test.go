package scimadapter

import (
	"encoding/json"
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
