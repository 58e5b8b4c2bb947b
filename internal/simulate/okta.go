package simulate

import (
	"context"
	"fmt"
	"net/http"
)

// okta is Okta in a classic or a newer app.
var okta = provider{
	name: "okta", dialects: []Dialect{PUT, PATCH},
	manner: manner{
		agent: "Okta SCIM Client 1.0.0", accept: "application/scim+json", charset: "utf-8", contentType: "application/scim+json; charset=utf-8",
		patience: oktaPatience,
	},
	mapping: mapping{
		"userName", "name.givenName", "name.familyName", "displayName", factTitle, "department", "emails[primary].value", "locale", factExternal, factActive,
	},
}

// oktaPlay is a life of Okta's.
type oktaPlay struct{ *play }

// Okta plays a whole Okta life against a SCIM endpoint: the connection test, people who join, change, leave and come back,
// groups that are pushed, renamed, pushed whole and unlinked, and an import of everything. An error means that it could not be
// played; what the target did wrong is in the report.
func Okta(ctx context.Context, o Options) (*Report, error) {
	common, err := newPlay(okta, o)
	if err != nil {
		return nil, err
	}
	p := &oktaPlay{common}
	for _, who := range p.org.people {
		p.named(who)
	}
	err = p.act(ctx,
		p.testConnection, p.joinAll, p.changeProfiles, p.pushGroups, p.renameGroups, p.movePeople, p.leave, p.comeBack, p.joinLate,
		p.pushNow, p.unlink, p.readBack)
	if err != nil {
		return nil, err
	}
	return p.report(), nil
}

// named gives a person the id that she has in Okta.
func (p *oktaPlay) named(who *person) *person {
	who.ExternalID = fmt.Sprintf("00u%017x", p.org.random.Uint64()>>4)
	return who
}

// testConnection is what Okta's test button and its first look send.
func (p *oktaPlay) testConnection(ctx context.Context) error {
	return p.one(ctx, "connection test", func(ctx context.Context) error {
		got, err := p.call(ctx, "connection test", http.MethodGet, "/Users?startIndex=1&count=2", nil)
		if err != nil {
			return err
		}
		if err := passed(got); err != nil {
			return err
		}
		p.usersAt = total(got.body)
		groups, err := p.call(ctx, "list groups", http.MethodGet, "/Groups?startIndex=1&count=100", nil)
		p.groupsAt = max(0, total(groups.body))
		return err
	})
}

// passed tells why a connection test was not passed.
func passed(got reply) error {
	switch {
	case got.lost():
		return errUnreachable
	case got.status != http.StatusOK || total(got.body) < 0:
		return fmt.Errorf("the connection test was answered %d %s", got.status, str(got.body, "detail"))
	default:
		return nil
	}
}
