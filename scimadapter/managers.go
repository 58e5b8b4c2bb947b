package scimadapter

import (
	"bytes"
	"slices"
	"strings"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

// showManagers says of rendered people who their managers are, where somebody is known under what was sent. The value stays as
// it was sent: Entra sends a manager again in every cycle until it reads back what it has written. It costs one statement or
// two for a page, and none where nobody has a manager.
func (e *exchange) showManagers(people []directory.Record, view projection) error {
	var values []string
	for i := range people {
		if people[i].Manager != "" {
			values = append(values, people[i].Manager)
		}
	}
	if values == nil || !view.wantsExtension(directory.EnterpriseURN) {
		return nil
	}
	known, err := e.h.directory.Managers(e.ctx, values)
	if err != nil {
		return err
	}
	for i := range people {
		if ref, ok := known[people[i].Manager]; ok {
			people[i].Attributes = e.withManager(people[i].Attributes, ref)
		}
	}
	return nil
}

// withManager adds to rendered attributes where the manager is and what to call her. Within a JSON text no quotation mark stands
// alone, so what looks like the attribute is it.
func (e *exchange) withManager(attributes []byte, ref directory.UserRef) []byte {
	const begins = `"` + attrManager + `":{`
	at := bytes.Index(attributes, []byte(`"`+directory.EnterpriseURN+`":{`))
	if at < 0 {
		return attributes
	}
	inside := bytes.Index(attributes[at:], []byte(begins))
	if inside < 0 {
		return attributes
	}
	at += inside + len(begins)
	out := slices.Clone(attributes[:at])
	out = append(out, `"$ref":`...)
	out = e.appendLocation(out, id.User.Format(ref.ID), userType)
	out = append(out, `,"displayName":`...)
	out = appendText(out, ref.Display())
	out = append(out, ',')
	return append(out, attributes[at:]...)
}

// wantsExtension tells whether something of an extension may be in the answer.
func (p projection) wantsExtension(urn string) bool {
	if len(p.only) == 0 {
		return !slices.ContainsFunc(p.without, func(name string) bool { return strings.EqualFold(name, urn) })
	}
	return slices.ContainsFunc(p.only, func(name string) bool { return len(name) >= len(urn) && strings.EqualFold(name[:len(urn)], urn) })
}
