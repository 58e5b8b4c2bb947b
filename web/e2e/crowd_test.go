package e2e_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
)

const crowd = 50_000

// TestFiftyThousandPeopleAndChangesAreWalked goes to the middle and to the end of long lists, and finds one among them.
func TestFiftyThousandPeopleAndChangesAreWalked(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	database := storetest.URL(t, storetest.SQLite)
	slug := crowded(t, database)
	s := serveOn(t, database)
	var admin struct{ Token string }
	s.usher(&admin, "token", "create", "--tenant", slug, "--name", "aside", "--scope", "admin")
	p := signedIn(t, s.url, s.link(slug, "ada@example.com", "--name", "Ada"))

	began := time.Now()
	p.click("link", "People")
	p.sees("person00000@example.com", "50 of 50,000 people")
	t.Logf("the first people were there after %v", time.Since(began))
	p.look("people-50000")
	began = time.Now()
	p.click("button", "Next")
	p.sees("person00050@example.com")
	t.Logf("the next people were there after %v", time.Since(began))
	p.turn("people?after=" + s.cursor(admin.Token, "users", crowd/2))
	p.sees("person25000@example.com")
	p.click("button", "Next")
	p.sees("person25050@example.com")
	p.click("button", "Previous")
	p.sees("person25049@example.com")
	p.turn("people?after=" + s.cursor(admin.Token, "users", crowd-50))
	p.sees("person49999@example.com")
	p.disabled("button", "Next")
	p.turn("people")
	p.sees("person00000@example.com")
	began = time.Now()
	p.fill("textbox", "Search", "person31415")
	p.sees("1 of 1 person", "person31415@example.com")
	t.Logf("one was found after %v", time.Since(began))

	p.click("link", "Activity")
	p.sees("100 changes", "Signed in to the console")
	p.look("activity-50000")
	p.click("button", "Earlier")
	p.sees("You look at earlier changes")
	p.turn("activity?before=" + s.cursor(admin.Token, "events", crowd/2))
	p.sees("change 24998", "change 24899") // before the 25,000th
	p.click("button", "Earlier")
	p.sees("change 24898", "change 24799")
	p.turn("activity?before=" + s.cursor(admin.Token, "events", 100))
	p.sees("change 00098", "change 00000")
	p.disabled("button", "Earlier")
}

// crowded makes a tenant with many people and many changes, past every rule, and returns its slug.
func crowded(t *testing.T, database string) (slug string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	ctx := storetest.Tenant(t, db)
	tenant, err := caller.Tenant(ctx)
	if err != nil {
		t.Fatal(err)
	}
	people := storetest.Crowd(t, ctx, db, tenant, crowd)
	rows := make([]string, len(people))
	for i, subject := range people {
		rows[i] = uuid.Must(uuid.NewV7()).String() + subject.String() + fmt.Sprintf(`{"userName":"change %05d"}`, i)
	}
	err = store.Do(ctx, db, func(ctx context.Context) error {
		_, err := db.Exec(ctx, `INSERT INTO events (tenant_id, id, kind, subject_id, actor_kind, actor_name, data, transaction_id, request_id, at)
			SELECT $1::uuid, substr(m.value, 1, 36)::uuid, 'user.created', substr(m.value, 37, 36)::uuid, 'scim', 'Okta', substr(m.value, 73), $4::uuid, '', $2::timestamptz
			FROM unnest($3::text[]) AS m(value)`, tenant, db.Now(), rows, uuid.Must(uuid.NewV7()))
		return err
	})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatalf("make many changes: %v", err)
	}
	return "tenant-" + tenant.String()
}

// cursor walks a list aside, and returns the cursor behind its first n.
func (s *server) cursor(token, list string, n int) string {
	s.t.Helper()
	order, cursor := "", ""
	if list == "users" {
		order = ", orderBy: {field: USER_NAME, direction: ASCENDING}"
	}
	for n > 0 {
		step := min(n, 500)
		var got map[string]struct{ PageInfo struct{ EndCursor string } }
		variables := map[string]any{"first": step}
		if cursor != "" {
			variables["after"] = cursor
		}
		s.graphql(&got, token, fmt.Sprintf(`query ($first: Int, $after: String) { %s(first: $first, after: $after%s) { pageInfo { endCursor } } }`, list, order), variables)
		cursor, n = got[list].PageInfo.EndCursor, n-step
	}
	return cursor
}
