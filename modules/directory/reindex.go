package directory

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

// indexedAtOnce is how many people one unit of work makes findable.
const indexedAtOnce = 200

// Index makes those people of the tenant findable by their attributes who are not yet: those whom an older Usher has kept, and
// those who had data of a schema before it was registered. What is left of removed schemas goes. It returns how many people
// they were. While another replica is at the schemas, it leaves these alone.
func (s *Service) Index(ctx context.Context) (int, error) {
	q, err := s.scope(ctx)
	if err != nil {
		return 0, err
	}
	for total := 0; ; {
		done, err := store.InTx(ctx, s.db, func(ctx context.Context) (int, error) { return s.indexSome(ctx, q) })
		total += done
		if err != nil {
			return total, err
		}
		if done == indexedAtOnce {
			continue
		}
		done, err = s.indexSchemas(ctx, q)
		return total + done, err
	}
}

const (
	selectUnindexed = `SELECT id, attributes, version FROM users WHERE tenant_id = $1 AND NOT indexed ORDER BY id LIMIT $2`
	markIndexed     = `UPDATE users SET indexed = true WHERE tenant_id = $1 AND id = $2 AND version = $3`
)

func (s *Service) indexSome(ctx context.Context, q scope) (int, error) {
	people, err := s.unindexed(ctx, selectUnindexed, q.tenant, indexedAtOnce)
	if err != nil {
		return 0, fmt.Errorf("look for people to be made findable: %w", err)
	}
	for _, u := range people {
		if err := u.understand(q.own); err != nil {
			return 0, err
		}
		if err := s.indexOne(ctx, q, u, dropAllValues, valuesOf(&u.User, q.own)); err != nil {
			return 0, err
		}
	}
	return len(people), nil
}

func (s *Service) unindexed(ctx context.Context, query string, args ...any) ([]*loaded, error) {
	var people []*loaded
	err := s.each(ctx, func(row scanner) error {
		u := &loaded{}
		people = append(people, u)
		return row.Scan(&u.ID, &u.text, &u.Version)
	}, query, args...)
	return people, err
}

// indexOne writes the rows of a person in the place of others. Should she have changed since she was read, the unit runs again.
func (s *Service) indexOne(ctx context.Context, q scope, u *loaded, drop string, values []value) error {
	if err := store.Defer(ctx, store.Stmt{SQL: markIndexed, Args: []any{q.tenant, u.ID, u.Version}, Rows: 1}); err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, drop, q.tenant, u.ID); err != nil {
		return fmt.Errorf("make a user findable: %w", err)
	}
	return s.saveValues(ctx, q, u.ID, nil, values)
}

// indexSchemas makes ready what has been registered and clears away what has been removed.
func (s *Service) indexSchemas(ctx context.Context, q scope) (total int, err error) {
	unready, err := s.schemaRows(ctx, selectUnready, q.tenant)
	if err != nil || len(unready) == 0 {
		return 0, err
	}
	_, err = s.db.Exclusively(ctx, SchemasChanged, func(ctx context.Context) error {
		total, err = s.indexEach(ctx, q)
		return err
	})
	return total, err
}

func (s *Service) indexEach(ctx context.Context, q scope) (int, error) {
	unready, err := s.schemaRows(ctx, selectUnready, q.tenant) // another replica may just have been at them
	if err != nil {
		return 0, err
	}
	total := 0
	for _, one := range unready {
		j := &schemaJob{service: s, schema: one}
		if j.q, err = s.scopeNow(ctx, q); err != nil {
			return total, err
		}
		if err := j.run(ctx); err != nil {
			return total, fmt.Errorf("schema %s: %w", one.URN, err)
		}
		total += j.people
	}
	return total, nil
}

// scopeNow is the scope with the schemas as they are in the database at this moment.
func (s *Service) scopeNow(ctx context.Context, q scope) (scope, error) {
	var err error
	q.own, err = s.loadSchemas(ctx, q)
	return q, err
}

// maxSamples is how many people are named whose data does not fit a schema.
const maxSamples = 20

// schemaJob brings the rows of people into line with a schema that has come or gone.
type schemaJob struct {
	service *Service
	q       scope
	schema  *Schema
	people  int
	misfits []Misfit
	count   int64
}

func (j *schemaJob) run(ctx context.Context) error {
	for _, number := range []int32{numberSchemas, numberUndeclared} {
		spellings, err := j.service.spellingsOf(ctx, j.q, number, j.schema.URN)
		if err != nil {
			return err
		}
		for _, spelling := range spellings {
			if err := j.walk(ctx, number, spelling); err != nil {
				return err
			}
		}
	}
	if j.schema.Status == SchemaIndexing {
		return j.finish(ctx, SchemaReady)
	}
	for more := true; more; {
		var err error
		more, err = store.InTx(ctx, j.service.db, func(ctx context.Context) (bool, error) { return j.service.dropSome(ctx, j.q, j.schema) })
		if err != nil {
			return err
		}
	}
	return j.finish(ctx, schemaRemoved)
}

// walk goes through the people who have data under a spelling of the URN.
func (j *schemaJob) walk(ctx context.Context, number int32, spelling string) error {
	for after := id.Nil; ; {
		people, err := j.service.carriers(ctx, j.q, number, spelling, after)
		if err != nil || len(people) == 0 {
			return err
		}
		found, err := store.InTx(ctx, j.service.db, func(ctx context.Context) ([]Misfit, error) { return j.some(ctx, people) })
		if err != nil {
			return err
		}
		j.people += len(people)
		j.count += int64(len(found))
		j.misfits = append(j.misfits, found[:min(len(found), maxSamples-len(j.misfits))]...)
		after = people[len(people)-1]
	}
}

const selectSomePeople = `SELECT id, attributes, version FROM users WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id`

func (j *schemaJob) some(ctx context.Context, ids []id.ID) ([]Misfit, error) {
	people, err := j.service.unindexed(ctx, selectSomePeople, j.q.tenant, ids)
	if err != nil {
		return nil, fmt.Errorf("load people: %w", err)
	}
	var misfits []Misfit
	for _, u := range people {
		why, err := j.one(ctx, u)
		if err != nil {
			return nil, err
		}
		if why != "" {
			misfits = append(misfits, Misfit{User: u.ID, Why: why})
		}
	}
	return misfits, nil
}

// one brings a person into line, and tells what of her data does not fit.
func (j *schemaJob) one(ctx context.Context, u *loaded) (string, error) {
	if err := u.understand(j.q.own); err != nil {
		return "", err
	}
	if j.schema.Status == schemaRemoving {
		if err := j.erase(u); err != nil {
			return "", err
		}
	}
	why := ""
	if own := j.q.own.ByURN(j.schema.URN); own != nil {
		object := objectOf(u.Extra[own.URN])
		own.spell(object)
		if err := u.setExtra(own.URN, object); err != nil {
			return "", err
		}
		why = own.misfits(object)
	}
	if err := j.respell(ctx, u); err != nil {
		return "", err
	}
	if err := j.service.indexOne(ctx, j.q, u, dropOwnValues, ownValues(&u.User, j.q.own)); err != nil {
		return "", err
	}
	taken, err := j.service.takeUniques(ctx, j.q, u)
	if why == "" {
		why = taken
	}
	return why, err
}

// erase takes out of a person's data of a removed schema what was never shown.
func (j *schemaJob) erase(u *loaded) error {
	for _, name := range sortedKeys(u.Extra) {
		if urnKey(name) != urnKey(j.schema.URN) {
			continue
		}
		object := objectOf(u.Extra[name])
		if withoutHidden(j.schema.Attributes, object) {
			if err := u.setExtra(name, object); err != nil {
				return err
			}
		}
	}
	return nil
}

const respellUser = `UPDATE users SET attributes = $4, version = version + 1 WHERE tenant_id = $1 AND id = $2 AND version = $3`

// respell keeps a person's data in the spelling of her schemas, and without what was erased. It is another version of her.
func (j *schemaJob) respell(ctx context.Context, u *loaded) error {
	text, err := u.render()
	if err != nil || string(text) == u.text {
		return err
	}
	n, err := j.service.db.Exec(ctx, respellUser, j.q.tenant, u.ID, u.Version, string(text))
	if err != nil {
		return fmt.Errorf("spell a user's data: %w", err)
	}
	u.Version += n // should it be none, she has changed, which indexOne will notice
	return nil
}

func (j *schemaJob) finish(ctx context.Context, status SchemaStatus) error {
	s := j.service
	return store.Do(ctx, s.db, func(ctx context.Context) error {
		now := *j.schema
		now.Status, now.UpdatedAt = status, s.clock()
		now.Misfits, now.MisfitSamples = j.count, j.misfits
		if status == schemaRemoved {
			now.SchemaDefinition = SchemaDefinition{URN: now.URN, Name: now.Name, ResourceType: now.ResourceType}
			s.afterSchemas(ctx, j.q)
			return saveSchema(ctx, j.q, &now)
		}
		if err := saveSchema(ctx, j.q, &now); err != nil {
			return err
		}
		return s.tellOfSchema(ctx, j.q, "attribute_schema.ready", &now)
	})
}
