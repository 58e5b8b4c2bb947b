package directory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// storedSchema is what a row keeps of a schema as text. Numbers are by the paths of attributes.
type storedSchema struct {
	Description string           `json:"description"`
	Required    bool             `json:"required"`
	Attributes  []Attribute      `json:"attributes"`
	Numbers     map[string]int32 `json:"numbers"`
	Next        int32            `json:"next"`
	Misfits     int64            `json:"misfits"`
	Samples     []Misfit         `json:"samples,omitempty"`
}

func (s *Schema) stored() (string, error) {
	d := storedSchema{
		Description: s.Description, Required: s.Required, Attributes: s.Attributes, Numbers: map[string]int32{}, Next: s.next, Misfits: s.Misfits,
		Samples: s.MisfitSamples,
	}
	s.leaves(func(parent, leaf *Attribute) { d.Numbers[leaf.path(parent)] = leaf.number })
	text, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("write a schema: %w", err)
	}
	return string(text), nil
}

func (s *Schema) read(text string) error {
	var d storedSchema
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return fmt.Errorf("read schema %s: %w", s.ID, err)
	}
	s.Description, s.Required, s.Attributes, s.next, s.Misfits, s.MisfitSamples = d.Description, d.Required, d.Attributes, d.Next, d.Misfits, d.Samples
	s.leaves(func(parent, leaf *Attribute) { leaf.number = d.Numbers[leaf.path(parent)] })
	return nil
}

const schemaColumns = `id, urn, name, resource_type, code, status, version, created_at, updated_at, definition`

const (
	selectSchemas  = `SELECT ` + schemaColumns + ` FROM attribute_schemas WHERE tenant_id = $1 AND status <> 'removed' ORDER BY urn_key`
	selectUnready  = `SELECT ` + schemaColumns + ` FROM attribute_schemas WHERE tenant_id = $1 AND status IN ('indexing', 'removing') ORDER BY code`
	selectOneOf    = `SELECT ` + schemaColumns + ` FROM attribute_schemas WHERE tenant_id = $1 AND id = $2 AND status IN ('ready', 'indexing')`
	selectLastCode = `SELECT max(code) FROM attribute_schemas WHERE tenant_id = $1`

	insertSchemaRow = `INSERT INTO attribute_schemas (tenant_id, id, created_at, updated_at, version, urn, urn_key, name, resource_type, code, status,
		definition) VALUES ($1, $2, $3, $3, 1, $4, $5, $6, $7, $8, $9, $10)`
	updateSchemaRow = `UPDATE attribute_schemas SET updated_at = $4, version = version + 1, urn_key = $5, name = $6, status = $7, definition = $8
		WHERE tenant_id = $1 AND id = $2 AND version = $3`
)

func (s *Service) schemaRows(ctx context.Context, query string, args ...any) ([]*Schema, error) {
	var found []*Schema
	err := s.each(ctx, func(row scanner) error {
		one := &Schema{}
		var definition string
		err := row.Scan(&one.ID, &one.URN, &one.Name, &one.ResourceType, &one.code, &one.Status, &one.Version, &one.CreatedAt, &one.UpdatedAt, &definition)
		if err != nil {
			return err
		}
		one.CreatedAt, one.UpdatedAt = one.CreatedAt.UTC(), one.UpdatedAt.UTC()
		found = append(found, one)
		return one.read(definition)
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("load schemas: %w", err)
	}
	return found, nil
}

// loadSchemas reads the schemas of a tenant as they are now.
func (s *Service) loadSchemas(ctx context.Context, q scope) (*SchemaSet, error) {
	all, err := s.schemaRows(ctx, selectSchemas, q.tenant)
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return noSchemas, nil
	}
	return newSchemaSet(all), nil
}

func (s *Service) schema(ctx context.Context, q scope, of id.ID) (*Schema, error) {
	found, err := s.schemaRows(ctx, selectOneOf, q.tenant, of)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, ErrSchemaNotFound
	}
	return found[0], nil
}

// nextCode returns where the numbers of a new schema begin. Those of removed schemas are never given again.
func (s *Service) nextCode(ctx context.Context, q scope) (int32, error) {
	var last sql.Null[int32]
	if err := s.db.QueryRow(ctx, selectLastCode, q.tenant).Scan(&last); err != nil {
		return 0, fmt.Errorf("number a schema: %w", err)
	}
	if !last.Valid {
		return numbersOfOwn, nil
	}
	return last.V + numbersASchema, nil
}

func insertSchema(ctx context.Context, q scope, one *Schema) error {
	definition, err := one.stored()
	if err != nil {
		return err
	}
	return store.Defer(ctx, store.Stmt{
		SQL:    insertSchemaRow,
		Args:   []any{q.tenant, one.ID, one.CreatedAt, one.URN, urnKey(one.URN), one.Name, one.ResourceType, one.code, string(one.Status), definition},
		Unique: map[string]error{"attribute_schemas_urn": ErrSchemaTaken},
	})
}

// saveSchema writes a schema over the version that was read. A removed one frees its URN.
func saveSchema(ctx context.Context, q scope, one *Schema) error {
	definition, err := one.stored()
	if err != nil {
		return err
	}
	key := urnKey(one.URN)
	if one.Status == schemaRemoving || one.Status == schemaRemoved {
		key = one.ID.String()
	}
	return store.Defer(ctx, store.Stmt{
		SQL: updateSchemaRow, Rows: 1,
		Args: []any{q.tenant, one.ID, one.Version, one.UpdatedAt, key, one.Name, string(one.Status), definition},
	})
}

// Whoever has data under a URN has a row that says so: under numberSchemas when the tenant knows the schema, else under
// numberUndeclared, in the spelling of whoever sent it.
const (
	selectCarried   = `SELECT EXISTS (SELECT 1 FROM user_values WHERE tenant_id = $1 AND attr = $2 AND "key" = $3)`
	selectNextKey   = `SELECT "key" FROM user_values WHERE tenant_id = $1 AND attr = $2 AND "key" > $3 ORDER BY "key" LIMIT 1`
	selectSpellings = `SELECT DISTINCT "key" FROM user_values WHERE tenant_id = $1 AND attr = $2 AND lower("key") = $3`
	selectCarriers  = `SELECT user_id FROM user_values WHERE tenant_id = $1 AND attr = $2 AND "key" = $3 AND user_id > $4 ORDER BY user_id LIMIT $5`
)

// spellingsOf returns how people's data spells a URN under one of the two numbers; none when nobody has such data.
func (s *Service) spellingsOf(ctx context.Context, q scope, number int32, urn string) ([]string, error) {
	if number == numberSchemas {
		return s.declaredSpellings(ctx, q, urn)
	}
	var found []string
	err := s.each(ctx, func(row scanner) error {
		var one string
		err := row.Scan(&one)
		found = append(found, one)
		return err
	}, selectSpellings, q.tenant, number, urnKey(urn))
	if err != nil {
		return nil, fmt.Errorf("look who has data of a schema: %w", err)
	}
	return found, nil
}

// declaredSpellings leaps from key to key: everybody with Enterprise attributes has a row there, and the keys are few.
func (s *Service) declaredSpellings(ctx context.Context, q scope, urn string) ([]string, error) {
	var found []string
	for key := ""; ; {
		err := s.db.QueryRow(ctx, selectNextKey, q.tenant, numberSchemas, key).Scan(&key)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return found, nil
		case err != nil:
			return nil, fmt.Errorf("look who has data of a schema: %w", err)
		case urnKey(key) == urnKey(urn):
			found = append(found, key)
		}
	}
}

// carried tells whether anybody has data of a schema of the tenant.
func (s *Service) carried(ctx context.Context, q scope, urn string) (is bool, err error) {
	if err := s.db.QueryRow(ctx, selectCarried, q.tenant, numberSchemas, urn).Scan(&is); err != nil {
		return false, fmt.Errorf("look who has data of a schema: %w", err)
	}
	return is, nil
}

// carriers returns some of the people who have data under a URN in a spelling, in the order of their ids.
func (s *Service) carriers(ctx context.Context, q scope, number int32, spelling string, after id.ID) ([]id.ID, error) {
	rows, err := s.db.Query(ctx, selectCarriers, q.tenant, number, spelling, after, indexedAtOnce)
	if err != nil {
		return nil, fmt.Errorf("look who has data of a schema: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []id.ID
	for rows.Next() {
		var one id.ID
		if err := rows.Scan(&one); err != nil {
			return nil, fmt.Errorf("look who has data of a schema: %w", err)
		}
		found = append(found, one)
	}
	return found, errors.Join(rows.Err(), rows.Close())
}

// dropAtOnce is how many rows of a removed schema one unit of work deletes.
const dropAtOnce = 5000

const (
	dropSomeValues = `DELETE FROM user_values WHERE tenant_id = $1 AND (user_id, attr, ord) IN
		(SELECT user_id, attr, ord FROM user_values WHERE tenant_id = $1 AND attr >= $2 AND attr < $3 LIMIT $4)`
	dropSomeUniques = `DELETE FROM user_uniques WHERE tenant_id = $1 AND (attr, "key") IN
		(SELECT attr, "key" FROM user_uniques WHERE tenant_id = $1 AND attr >= $2 AND attr < $3 LIMIT $4)`
)

// dropSome deletes some of the rows of a schema and tells whether there may be more.
func (s *Service) dropSome(ctx context.Context, q scope, one *Schema) (bool, error) {
	more := false
	for _, statement := range []string{dropSomeValues, dropSomeUniques} {
		n, err := s.db.Exec(ctx, statement, q.tenant, one.code, one.code+numbersASchema, dropAtOnce)
		if err != nil {
			return false, fmt.Errorf("delete the values of schema %s: %w", one.ID, err)
		}
		more = more || n == dropAtOnce
	}
	return more, nil
}
