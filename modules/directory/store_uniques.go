package directory

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
)

const (
	uniquesInPostgres = ` FROM jsonb_to_recordset($3::jsonb) AS v(attr integer, "key" text)`
	uniquesInSQLite   = ` FROM json_each($3) v`

	insertUniques       = `INSERT INTO user_uniques (tenant_id, user_id, attr, "key") SELECT $1::uuid, $2::uuid, `
	takeUniquesPostgres = insertUniques + `v.attr, v."key"` + uniquesInPostgres
	takeUniquesSQLite   = insertUniques + `v.value ->> 'attr', v.value ->> 'key'` + uniquesInSQLite
	unlessSomebodyElse  = ` WHERE true ON CONFLICT (tenant_id, attr, "key") DO NOTHING`

	giveUniques           = `DELETE FROM user_uniques WHERE tenant_id = $1 AND user_id = $2 AND (attr, "key") IN `
	giveUniquesPostgres   = giveUniques + `(SELECT v.attr, v."key"` + uniquesInPostgres + `)`
	giveUniquesSQLite     = giveUniques + `(SELECT v.value ->> 'attr', v.value ->> 'key'` + uniquesInSQLite + `)`
	giveAllUniques        = `DELETE FROM user_uniques WHERE tenant_id = $1 AND user_id = $2`
	selectUniquesOfUser   = `SELECT attr, "key" FROM user_uniques WHERE tenant_id = $1 AND user_id = $2`
	uniquesOfUsersPrimary = "user_uniques_pkey"
)

// saveUniques takes the values that nobody else may have, and gives up those that the person has no more. A value that somebody
// else has makes the unit fail with ErrValueTaken.
func (s *Service) saveUniques(ctx context.Context, q scope, of id.ID, was, now map[unique]*Attribute) error {
	take, give := takeUniquesSQLite, giveUniquesSQLite
	if s.db.Postgres() {
		take, give = takeUniquesPostgres, giveUniquesPostgres
	}
	taken, given := less(now, was), less(was, now)
	if len(given) > 0 {
		if err := deferUniques(ctx, store.Stmt{SQL: give}, q, of, given); err != nil {
			return err
		}
	}
	if len(taken) == 0 {
		return nil
	}
	fault := ErrValueTaken
	if len(taken) == 1 {
		for _, a := range taken {
			fault = fault.At(a.Name).Sayf("another user has this value of %s already", a.Name)
		}
	}
	return deferUniques(ctx, store.Stmt{SQL: take, Unique: map[string]error{uniquesOfUsersPrimary: fault}}, q, of, taken)
}

// less returns what is in one set and not in another.
func less(all, but map[unique]*Attribute) map[unique]*Attribute {
	left := map[unique]*Attribute{}
	for one, a := range all {
		if but[one] == nil {
			left[one] = a
		}
	}
	return left
}

func deferUniques(ctx context.Context, write store.Stmt, q scope, of id.ID, rows map[unique]*Attribute) error {
	text, err := uniqueRows(rows)
	if err != nil {
		return err
	}
	write.Args = []any{q.tenant, of, text}
	return store.Defer(ctx, write)
}

func uniqueRows(rows map[unique]*Attribute) (string, error) {
	list := make([]unique, 0, len(rows))
	for one := range rows {
		list = append(list, one)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("write the unique values of a user: %w", err)
	}
	return string(text), nil
}

// takeUniques takes those unique values of a person that nobody else has, and tells which one somebody has, if any.
func (s *Service) takeUniques(ctx context.Context, q scope, u *loaded) (string, error) {
	want := uniquesOf(&u.User, q.own)
	if len(want) == 0 {
		return "", nil
	}
	take := takeUniquesSQLite
	if s.db.Postgres() {
		take = takeUniquesPostgres
	}
	text, err := uniqueRows(want)
	if err != nil {
		return "", err
	}
	if _, err := s.db.Exec(ctx, take+unlessSomebodyElse, q.tenant, u.ID, text); err != nil {
		return "", fmt.Errorf("take the unique values of a user: %w", err)
	}
	err = s.each(ctx, func(row scanner) error {
		var one unique
		err := row.Scan(&one.Attr, &one.Key)
		delete(want, one)
		return err
	}, selectUniquesOfUser, q.tenant, u.ID)
	if err != nil {
		return "", fmt.Errorf("load the unique values of a user: %w", err)
	}
	for _, a := range want {
		return a.Name + " has a value that another user has, too", nil
	}
	return "", nil
}
