package scimadapter

import (
	"net/http"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

func (e *exchange) createGroup() error {
	body, err := e.body()
	if err != nil {
		return err
	}
	view, err := e.projection()
	if err != nil {
		return err
	}
	name, external, err := e.groupTexts(body)
	if err != nil {
		return err
	}
	members, _, err := e.groupMembers(body)
	if err != nil {
		return err
	}
	g, err := e.h.provisioning.CreateGroup(e.ctx, directory.NewGroup{DisplayName: name, ExternalID: external, Members: members, Strict: e.manners.strict})
	if err != nil {
		return err
	}
	e.call.ResourceType, e.call.Resource = groupType.Name, &g.ID
	return e.writeGroup(http.StatusCreated, g, view)
}

// groupTexts reads a group's own attributes. That a name is required is the directory's rule.
func (e *exchange) groupTexts(body object) (name, external string, err error) {
	if err := e.manners.checkSchemas(groupType, body); err != nil {
		return "", "", err
	}
	own := object{}
	for _, member := range body.names() {
		if a := groupType.attribute(member); a != nil && a.Name == attrMembers {
			continue
		}
		if err := e.manners.member(groupType, own, member, body[member]); err != nil {
			return "", "", err
		}
	}
	name, _ = own["displayName"].(string)
	external, _ = own["externalId"].(string)
	return name, external, nil
}

// groupMembers reads who is in a group, and whether the body says so at all; null says nothing.
func (e *exchange) groupMembers(body object) (refs []directory.MemberRef, given bool, err error) {
	value, _ := body.get(attrMembers)
	if value == nil {
		return nil, false, nil
	}
	c := compiler{m: e.manners}
	refs, err = c.refs(value)
	return refs, true, err
}

func (e *exchange) getGroup() error {
	view, err := e.projection()
	if err != nil {
		return err
	}
	g, err := e.h.directory.GetGroup(e.ctx, e.id)
	if err != nil {
		return err
	}
	e.about(e.locationOf(id.Group.Format(g.ID), groupType), g.Version, g.UpdatedAt)
	if has, err := e.unchanged(g.Version, g.UpdatedAt); err != nil || has {
		return err
	}
	return e.writeGroup(http.StatusOK, g, view)
}

// putGroup replaces a group. A body that does not speak of members leaves them alone, for who renames a group does not mean
// to empty it; strictly, it empties it. One that has no externalId takes away its own configuration's only.
func (e *exchange) putGroup() error {
	body, err := e.body()
	if err != nil {
		return err
	}
	name, external, err := e.groupTexts(body)
	if err != nil {
		return err
	}
	members, given, err := e.groupMembers(body)
	if err != nil {
		return err
	}
	edit := directory.GroupEdit{DisplayName: &name, ExternalID: &external, KeepForeignID: external == "", Strict: e.manners.strict}
	if given || e.manners.strict {
		edit.Members = []directory.MemberEdit{{Op: directory.ReplaceMembers, Members: members}}
	}
	view, err := e.projection()
	if err != nil {
		return err
	}
	g, err := e.changeGroup(edit)
	if err != nil {
		return err
	}
	return e.writeGroup(http.StatusOK, g, view)
}

// patchGroup answers without a body: nobody reads back a group of 10,000 after adding one. Who names attributes gets them.
func (e *exchange) patchGroup() error {
	body, err := e.body()
	if err != nil {
		return err
	}
	ops, err := e.manners.operations(body)
	if err != nil {
		return err
	}
	edit, err := e.manners.groupEdit(ops)
	if err != nil {
		return err
	}
	view, err := e.projection()
	if err != nil {
		return err
	}
	g, err := e.changeGroup(edit)
	if err != nil {
		return err
	}
	if view.asked() {
		return e.writeGroup(http.StatusOK, g, view)
	}
	e.w.Header().Set("ETag", entityTag(g.Version))
	e.write(http.StatusNoContent, nil)
	return nil
}

func (e *exchange) changeGroup(edit directory.GroupEdit) (*directory.Group, error) {
	g, _, err := e.h.provisioning.ChangeGroup(e.ctx, e.id, edit, e.expected())
	if err == nil && g.Suspect {
		e.call.Detail = "suspicious: " + directory.SuspectHint
	}
	return g, err
}

func (e *exchange) deleteGroup() error {
	if err := e.h.provisioning.DeleteGroup(e.ctx, e.id, e.expected()); err != nil {
		return err
	}
	e.write(http.StatusNoContent, nil)
	return nil
}

func (e *exchange) writeGroup(status int, g *directory.Group, view projection) error {
	if e.brief {
		e.about(e.locationOf(id.Group.Format(g.ID), groupType), g.Version, g.UpdatedAt)
		e.write(status, nil)
		return nil
	}
	text, err := e.appendGroup(nil, g, view)
	if err != nil {
		return err
	}
	body, err := view.cut(groupType, text)
	if err != nil {
		return err
	}
	e.about(e.locationOf(id.Group.Format(g.ID), groupType), g.Version, g.UpdatedAt)
	e.write(status, body)
	return nil
}
