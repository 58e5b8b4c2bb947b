package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/usherhq/usher/internal/caller"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/store"
	"github.com/usherhq/usher/internal/storetest"
	"github.com/usherhq/usher/modules/directory"
)

func BenchmarkAPageOfPeopleWithGroupsAndSeats(b *testing.B) {
	for _, dialect := range storetest.Dialects {
		b.Run(dialect, func(b *testing.B) { pageOfPeople(b, dialect) })
	}
}

func pageOfPeople(b *testing.B, dialect string) {
	b.Helper()
	w := &world{t: b}
	w.db = storetest.Open(b, dialect, func(*store.Options) {})
	w.join()
	ctx, admin := w.tenant(caller.ScopeAdmin)
	people := w.people(ctx, 200)
	for g := range 3 {
		group := directory.NewGroup{DisplayName: fmt.Sprintf("Group %d", g)}
		for _, who := range people {
			group.Members = append(group.Members, directory.MemberRef{Value: id.User.Format(who)})
		}
		if _, err := w.r.Directory.CreateGroup(ctx, group); err != nil {
			b.Fatal(err)
		}
	}
	const body = `{"query":"{ users(first: 50) { nodes { userName active seats { state license { product } } groups(first: 5) { nodes { displayName } } } } }"}`
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+admin)
			got := httptest.NewRecorder()
			w.server.ServeHTTP(got, r)
			if got.Code != http.StatusOK {
				b.Errorf("answered %d %s", got.Code, got.Body)
			}
		}
	})
}
