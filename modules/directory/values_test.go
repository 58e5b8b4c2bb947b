package directory_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

// rows reads how the people of the tenant are found, by userName.
func (w *world) rows() map[string][]string {
	w.t.Helper()
	who, _ := caller.From(w.admin)
	rows, err := w.db.Query(w.admin, `SELECT u.user_name, v.attr || '.' || v.ord || ' ' || v."key" || v.rest || CASE WHEN v.lead THEN ' leads' ELSE '' END
		FROM user_values v JOIN users u ON u.tenant_id = v.tenant_id AND u.id = v.user_id WHERE v.tenant_id = $1 ORDER BY u.user_name, v.attr, v.ord`, who.Tenant)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	found := map[string][]string{}
	for rows.Next() {
		var name, line string
		if err := rows.Scan(&name, &line); err != nil {
			w.t.Fatal(err)
		}
		found[name] = append(found[name], line)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return found
}

func TestValuesFollowTheAttributes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		long := strings.Repeat("é", 200)
		made := w.create(w.okta, directory.User{
			UserName: "ada", DisplayName: "ADA", Title: long, Active: true, Enterprise: directory.Enterprise{Department: "Sales"},
			Emails: []directory.Value{{Value: "Ada@Home.example", Type: "home"}, {Value: "ada@work.example", Type: "Work", Primary: true}},
		})
		want := []string{
			"1.0 " + directory.EnterpriseURN + " leads", "20.0 ada leads", "23.0 " + long + " leads", "100.0 ada@home.example", "100.1 ada@work.example leads",
			"102.0 home", "102.1 work leads", "103.1 true leads", "204.0 sales leads",
		}
		if got := w.rows()["ada"]; !reflect.DeepEqual(got, want) {
			t.Errorf("she is found by %q, want %q", got, want)
		}
		w.change(w.okta, made.ID, func(u *directory.User) {
			u.Title, u.Emails, u.Enterprise = "Director", u.Emails[:1], directory.Enterprise{}
		})
		want = []string{"20.0 ada leads", "23.0 director leads", "100.0 ada@home.example leads", "102.0 home leads"}
		if got := w.rows()["ada"]; !reflect.DeepEqual(got, want) {
			t.Errorf("then she is found by %q, want %q", got, want)
		}
		if err := w.people.Delete(w.okta, made.ID, nil); err != nil {
			t.Fatal(err)
		}
		if got := w.rows(); len(got) != 0 {
			t.Errorf("nobody is left, but %q", got)
		}
	})
}

func TestPeopleOfAnOlderUsherBecomeFindable(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.create(w.okta, directory.User{UserName: "ada", Title: "Director", Active: true})
		w.create(w.okta, directory.User{UserName: "bob", Active: true})
		want := w.rows()
		who, _ := caller.From(w.admin)
		err := store.Do(w.admin, db, func(ctx context.Context) error {
			if _, err := db.Exec(ctx, "DELETE FROM user_values WHERE tenant_id = $1", who.Tenant); err != nil {
				return err
			}
			_, err := db.Exec(ctx, "UPDATE users SET indexed = false WHERE tenant_id = $1", who.Tenant)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, most := range []int{2, 0} {
			if done, err := w.people.Index(w.admin); done != most || err != nil {
				t.Errorf("made %d people findable: %v", done, err)
			}
		}
		if got := w.rows(); !reflect.DeepEqual(got, want) {
			t.Errorf("they are found by %q, want %q", got, want)
		}
	})
}
