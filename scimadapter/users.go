package scimadapter

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/modules/directory"
)

func (e *exchange) createUser() error {
	body, err := e.body()
	if err != nil {
		return err
	}
	view, err := e.projection()
	if err != nil {
		return err
	}
	read, err := e.manners.resource(e.users, body)
	if err != nil {
		return err
	}
	u, err := read.user()
	if err != nil {
		return err
	}
	made, err := e.h.provisioning.Join(e.ctx, u)
	if err != nil {
		return err
	}
	view.wrote = wroteIn(e.users, body)
	e.call.ResourceType, e.call.Resource = e.users.Name, &made.ID
	return e.writeUser(http.StatusCreated, made, view, made.Version > 1 || made.Awaited)
}

func (e *exchange) getUser() error {
	view, err := e.projection()
	if err != nil {
		return err
	}
	u, err := e.h.directory.GetRecord(e.ctx, e.id, view.wants("groups"))
	if err != nil {
		return err
	}
	e.about(e.locationOf(id.User.Format(u.ID), userType), u.Version, u.UpdatedAt)
	if has, err := e.unchanged(u.Version, u.UpdatedAt); err != nil || has {
		return err
	}
	return e.writeRecord(http.StatusOK, u, view)
}

func (e *exchange) putUser() error {
	body, err := e.body()
	if err != nil {
		return err
	}
	given, err := e.manners.resource(e.users, body)
	if err != nil {
		return err
	}
	return e.changeUser(wroteIn(e.users, body), func(u *directory.User) error {
		was, err := document(u)
		if err != nil {
			return err
		}
		now := replaced(was, given, body)
		if err := keepFixed(e.users, was, now, body); err != nil {
			return err
		}
		return become(u, now)
	})
}

func (e *exchange) patchUser() error {
	body, err := e.body()
	if err != nil {
		return err
	}
	ops, err := e.manners.operations(body)
	if err != nil {
		return err
	}
	if len(ops) == 0 {
		return e.touchUser()
	}
	if active, only := onlyActive(ops); only {
		return e.changeUser(nil, func(u *directory.User) error { u.Active = active; return nil })
	}
	return e.changeUser(wroteBy(e.users, ops), func(u *directory.User) error {
		doc, err := document(u)
		if err != nil {
			return err
		}
		if err := e.manners.patch(e.users, doc, ops); err != nil {
			return err
		}
		if _, ok := doc[attrActive]; !ok {
			doc[attrActive] = u.Active // activity cannot be taken away, only changed
		}
		return become(u, doc)
	})
}

// touchUser answers a PATCH that asks for nothing, as Entra's validator sends it. She has to be there all the same.
func (e *exchange) touchUser() error {
	now, _, err := e.h.provisioning.Change(e.ctx, e.id, func(*directory.User) error { return nil }, e.expected())
	if err != nil {
		return err
	}
	e.w.Header().Set("ETag", entityTag(now.Version))
	e.write(http.StatusNoContent, nil)
	return nil
}

// onlyActive recognizes what Okta and Entra send to let somebody in or out, for which the person need not be taken apart.
func onlyActive(ops []operation) (active, only bool) {
	if len(ops) != 1 || ops[0].op == opRemove {
		return false, false
	}
	value := ops[0].value
	if ops[0].path == "" {
		o, _ := value.(object)
		if len(o) != 1 {
			return false, false
		}
		value = o[attrActive]
	} else if !strings.EqualFold(ops[0].path, attrActive) {
		return false, false
	}
	active, only = value.(bool)
	return active, only
}

// changeUser edits a person and shows her, with what the request has written though it is returned on request only.
func (e *exchange) changeUser(wrote []string, edit func(*directory.User) error) error {
	view, err := e.projection()
	if err != nil {
		return err
	}
	view.wrote = wrote
	now, _, err := e.h.provisioning.Change(e.ctx, e.id, edit, e.expected())
	if err != nil {
		return err
	}
	return e.writeUser(http.StatusOK, now, view, now.Awaited)
}

func (e *exchange) deleteUser() error {
	if err := e.h.provisioning.Leave(e.ctx, e.id, e.expected()); err != nil {
		return err
	}
	e.write(http.StatusNoContent, nil)
	return nil
}

// writeUser sends a person who was just written. Her groups are looked up where the write may have brought her into some.
func (e *exchange) writeUser(status int, u *directory.User, view projection, joined bool) error {
	if e.brief {
		e.about(e.locationOf(id.User.Format(u.ID), userType), u.Version, u.UpdatedAt)
		e.write(status, nil)
		return nil
	}
	attributes, err := json.Marshal(u)
	if err != nil {
		return err
	}
	r := directory.Record{
		ID: u.ID, UserName: u.UserName, ExternalID: u.ExternalID, Active: u.Active, Manager: u.Enterprise.Manager, Version: u.Version,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, Attributes: attributes,
	}
	if view.wants("groups") {
		r.Groups = u.Groups
		if joined {
			r.Groups, err = e.h.directory.GroupNames(e.ctx, u.ID)
		}
	}
	if err != nil {
		return err
	}
	return e.writeRecord(status, r, view)
}

func (e *exchange) writeRecord(status int, u directory.Record, view projection) error {
	people := []directory.Record{u}
	seats, err := e.showSeats(people, view)
	if err != nil {
		return err
	}
	if err := e.showManagers(people, view); err != nil {
		return err
	}
	body, err := view.cut(e.users, e.appendUser(nil, people[0], seats[0]))
	if err != nil {
		return err
	}
	e.about(e.locationOf(id.User.Format(u.ID), userType), u.Version, u.UpdatedAt)
	e.write(status, body)
	return nil
}
