package scimadapter_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/access"
)

// TestTwoTokensOverlapSoThatRotationHasNoGap: a second token is issued, both are taken, and each tells when it was last used; the
// first is revoked while the second goes on.
//
// Conformance: W-7
func TestTwoTokensOverlapSoThatRotationHasNoGap(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		old, fresh := w.token, w.issue(w.config.ID, caller.ScopeSCIM)
		for _, token := range []string{old, fresh, old} {
			w.want(http.StatusOK, "GET", "/Users", "", "Authorization", "Bearer "+token)
		}
		if err := w.access.FlushUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		tokens, err := w.access.Tokens(w.admin, []id.ID{w.config.ID})
		if err != nil || len(tokens[w.config.ID]) != 2 {
			t.Fatalf("the configuration has %+v, %v", tokens, err)
		}
		for _, token := range tokens[w.config.ID] {
			if token.LastUsedAt == nil {
				t.Errorf("%s was never used", token.Name)
			}
		}
		first := slices.MinFunc(tokens[w.config.ID], func(a, b access.Token) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		if _, err := w.access.Revoke(w.admin, first.ID); err != nil {
			t.Fatal(err)
		}
		w.want(http.StatusUnauthorized, "GET", "/Users", "", "Authorization", "Bearer "+old)
		w.want(http.StatusOK, "GET", "/Users", "", "Authorization", "Bearer "+fresh)
	})
}

// TestAThousandMembersComeAndGoInOneRequest, and eight clients who change one group at the same time lose nobody.
//
// Conformance: W-68
func TestAThousandMembersComeAndGoInOneRequest(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const members = 1000
		var one, many []string
		var all sync.WaitGroup
		var mu sync.Mutex
		for client := range 4 {
			all.Go(func() {
				for i := range members / 4 {
					user := w.create(fmt.Sprintf("p%d.%d@example.com", client, i))
					mu.Lock()
					many = append(many, `{"value":"`+user+`"}`)
					one = append(one, user)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		path := "/Groups/" + w.want(http.StatusCreated, "POST", "/Groups", `{"displayName":"Everybody"}`).str("id")
		list := strings.Join(many, ",")
		if whole := w.want(http.StatusOK, "PUT", path, `{"displayName":"Everybody","members":[`+list+`]}`); strings.Count(whole.text, `"usr_`) != members {
			t.Errorf("authentik puts %d members, and %d are there", members, strings.Count(whole.text, `"usr_`))
		}
		w.want(http.StatusNoContent, "PATCH", path, ops(`{"op":"remove","path":"members"}`))
		for _, change := range []struct {
			op   string
			left int
		}{{`{"op":"add","path":"members","value":[` + list + `]}`, members}, {`{"op":"remove","path":"members","value":[` + list + `]}`, 0}} {
			w.want(http.StatusNoContent, "PATCH", path, ops(change.op))
			if now, _ := w.want(http.StatusOK, "GET", path, "").at("members").([]any); len(now) != change.left {
				t.Errorf("the group has %d members, want %d", len(now), change.left)
			}
		}
		for client := range 8 {
			all.Go(func() {
				for i := client; i < 80; i += 8 {
					w.want(http.StatusNoContent, "PATCH", path, ops(`{"op":"add","path":"members","value":[{"value":"`+one[i]+`"}]}`))
				}
			})
		}
		all.Wait()
		if now, _ := w.want(http.StatusOK, "GET", path, "").at("members").([]any); len(now) != 80 {
			t.Errorf("eight clients put 80 people in, and %d are there", len(now))
		}
	})
}
