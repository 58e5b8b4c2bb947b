package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/modules/events"
)

// SchemasChanged is the topic of store's news that tells of registered, changed and removed schemas.
const SchemasChanged = "directory.schemas"

// maxDefinition bounds what is kept of a schema, in bytes.
const maxDefinition = 128 << 10

// RegisterSchema adds an extension schema to the tenant's. It takes part in everything from the next request on. Where people have
// had data under its URN before, it is SchemaIndexing until Index has made them findable; what does not fit is kept as it is,
// is not found by filters, and is counted by Misfits.
//
// Refuses with ErrInvalidSchema, ErrSchemaTaken and ErrTooManySchemas.
func (s *Service) RegisterSchema(ctx context.Context, given SchemaDefinition) (*Schema, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	d, err := prepared(given)
	if err != nil {
		return nil, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (*Schema, error) {
		if err := s.db.Alone(ctx, schemasOf(q)); err != nil {
			return nil, err
		}
		there, err := s.loadSchemas(ctx, q)
		if err != nil {
			return nil, err
		}
		if err := there.admits(d); err != nil {
			return nil, err
		}
		made, err := s.newSchema(ctx, q, d)
		if err != nil {
			return nil, err
		}
		if err := insertSchema(ctx, q, made); err != nil {
			return nil, err
		}
		return made, s.tellOfSchema(ctx, q, "attribute_schema.registered", made)
	})
}

// schemasOf is the name on which units of work agree who have to know of every schema of a tenant.
func schemasOf(q scope) string { return "schemas/" + q.tenant.String() }

// prepared returns the definition in its normal form, for the caller's own is not to be touched.
func prepared(d SchemaDefinition) (own SchemaDefinition, err error) {
	text, err := json.Marshal(d)
	if err != nil {
		return own, ErrInvalidSchema.Because(err)
	}
	if len(text) > maxDefinition {
		return own, ErrInvalidSchema.At("attributes").Sayf("the definition is more than %d KiB", maxDefinition>>10)
	}
	if err := json.Unmarshal(text, &own); err != nil {
		return own, ErrInvalidSchema.Because(err)
	}
	return own, own.normalize()
}

// admits refuses a schema that cannot stand beside the others.
func (k *SchemaSet) admits(d SchemaDefinition) error {
	switch {
	case len(k.All) >= MaxSchemas:
		return ErrTooManySchemas
	case k.Hidden(d.URN):
		return ErrSchemaLeaving
	}
	for _, s := range k.All {
		one, other := urnKey(s.URN), urnKey(d.URN)
		switch {
		case one == other:
			return ErrSchemaTaken
		case strings.HasPrefix(one, other+":"), strings.HasPrefix(other, one+":"):
			return ErrInvalidSchema.At("id").Sayf("the URN begins as that of %s does, so that nobody could tell its attributes from the other's", s.URN)
		}
	}
	return nil
}

func (s *Service) newSchema(ctx context.Context, q scope, d SchemaDefinition) (*Schema, error) {
	now := s.clock()
	made := &Schema{ID: id.New(), SchemaDefinition: d, Status: SchemaReady, Version: 1, CreatedAt: now, UpdatedAt: now}
	made.number(nil)
	for _, number := range []int32{numberSchemas, numberUndeclared} {
		spellings, err := s.spellingsOf(ctx, q, number, d.URN)
		if err != nil {
			return nil, err
		}
		if len(spellings) > 0 {
			made.Status = SchemaIndexing
		}
	}
	var err error
	made.code, err = s.nextCode(ctx, q)
	return made, err
}

// number gives each attribute that has none a number of its own.
func (s *Schema) number(was *Schema) {
	numbers := map[string]int32{}
	if was != nil {
		s.next = was.next
		was.leaves(func(parent, leaf *Attribute) { numbers[leaf.path(parent)] = leaf.number })
	}
	s.leaves(func(parent, leaf *Attribute) {
		number, known := numbers[leaf.path(parent)]
		if !known {
			number = s.next
			s.next++
		}
		leaf.number = number
	})
}

// afterSchemas has every replica hear of other schemas, once they are.
func (s *Service) afterSchemas(ctx context.Context, q scope) {
	store.AfterCommit(ctx, func() {
		s.known.forget(q.tenant)
		s.db.Notify(SchemasChanged)
	})
}

func (s *Service) tellOfSchema(ctx context.Context, q scope, kind string, one *Schema) error {
	store.AfterCommit(ctx, func() { s.unready.add(q.tenant) })
	s.afterSchemas(ctx, q)
	_, err := s.events.Record(ctx, events.Event{Kind: kind, Subject: one.ID, Data: map[string]any{"urn": one.URN, "name": one.Name, "status": one.Status}})
	return err
}

// ChangeSchema puts a definition in the place of another that it is compatible with: it may say other names and descriptions,
// take other canonical values, require less, and have more attributes, none of them required. Everything else would make
// wrong what people have or what identity providers know, and is refused with ErrIncompatibleSchema.
//
// Refuses with ErrSchemaNotFound, ErrInvalidSchema and ErrStaleVersion, too.
func (s *Service) ChangeSchema(ctx context.Context, of id.ID, given SchemaDefinition, expect *Expect) (*Schema, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	d, err := prepared(given)
	if err != nil {
		return nil, err
	}
	return store.InTx(ctx, s.db, func(ctx context.Context) (*Schema, error) {
		was, err := s.schema(ctx, q, of)
		if err != nil {
			return nil, err
		}
		if err := expect.Met(was.Version, was.UpdatedAt); err != nil {
			return nil, err
		}
		if err := was.compatible(d); err != nil {
			return nil, err
		}
		now := *was
		now.SchemaDefinition = d
		now.number(was)
		if now.same(was) {
			return was, nil
		}
		if now.next > was.next && was.Misfits > 0 { // what did not fit may fit now
			now.Status = SchemaIndexing
		}
		now.UpdatedAt = s.clock()
		if err := saveSchema(ctx, q, &now); err != nil {
			return nil, err
		}
		now.Version++
		return &now, s.tellOfSchema(ctx, q, "attribute_schema.changed", &now)
	})
}

func (s *Schema) same(as *Schema) bool {
	one, err := s.stored()
	other, otherErr := as.stored()
	return err == nil && otherErr == nil && one == other && s.Name == as.Name
}

// InUse says what to do with a schema whose data people still have.
type InUse int

// What to do with a schema in use.
const (
	RefuseInUse InUse = iota // leave it, with ErrSchemaInUse
	RemoveInUse              // remove it; people keep their data
)

// RemoveSchema takes a schema away. Data that people have of it stays with them as it was before anybody described it: it is not
// found, not judged, and not shown to strict clients; registering its URN again takes it in again. Only what is never shown is
// erased, for without its schema nobody would know that it is a secret.
//
// Refuses with ErrSchemaNotFound and, unless told otherwise, with ErrSchemaInUse.
func (s *Service) RemoveSchema(ctx context.Context, of id.ID, inUse InUse) error {
	q, err := scopeOf(ctx)
	if err != nil {
		return err
	}
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		if err := s.db.Alone(ctx, schemasOf(q)); err != nil {
			return err
		}
		one, err := s.schema(ctx, q, of)
		if err != nil {
			return err
		}
		if inUse == RefuseInUse {
			carried, err := s.carried(ctx, q, one.URN)
			switch {
			case err != nil:
				return err
			case carried || one.Status != SchemaReady:
				return ErrSchemaInUse
			}
		}
		one.Status, one.UpdatedAt = schemaRemoving, s.clock()
		if err := saveSchema(ctx, q, one); err != nil {
			return err
		}
		return s.tellOfSchema(ctx, q, "attribute_schema.removed", one)
	})
}

// Schema returns one schema of the caller's tenant, or ErrSchemaNotFound.
func (s *Service) Schema(ctx context.Context, of id.ID) (*Schema, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.schema(ctx, q, of)
}

// Attributes renders those of a person's own attributes that are shown to somebody at all, in SCIM's spelling.
func (s *Service) Attributes(ctx context.Context, u *User) (json.RawMessage, error) {
	own, err := s.Schemas(ctx)
	if err != nil {
		return nil, err
	}
	text, err := u.render()
	if err != nil {
		return nil, err
	}
	return own.public(text)
}

// ListSchemas returns the schemas of the caller's tenant as they are now, in the order of their URNs.
func (s *Service) ListSchemas(ctx context.Context) ([]*Schema, error) {
	q, err := scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	set, err := s.loadSchemas(ctx, q)
	if err != nil {
		return nil, err
	}
	return slices.Clone(set.All), nil
}

// agreed sees to it that a person who gets data under URNs that the tenant's schemas do not name, or secrets of one that they
// do, is not overlooked by one that is being registered or removed at the same time: either that one finds her, or this one
// is told to come again.
func (s *Service) agreed(ctx context.Context, q scope, u *User) error {
	if !q.own.needsAgreement(u) {
		return nil
	}
	if err := s.db.Share(ctx, schemasOf(q)); err != nil {
		return err
	}
	now, err := s.loadSchemas(ctx, q)
	if err != nil {
		return fmt.Errorf("look for new schemas: %w", err)
	}
	for urn := range u.Extra {
		if (q.own.ByURN(urn) == nil) != (now.ByURN(urn) == nil) {
			s.known.forget(q.tenant)
			return ErrSchemaNew
		}
	}
	return nil
}
