package graph

import (
	"context"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/graph/wire"
	"github.com/usherhq/usher/internal/id"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/access"
	"github.com/usherhq/usher/modules/directory"
	"github.com/usherhq/usher/modules/events"
	"github.com/usherhq/usher/modules/licensing"
	"github.com/usherhq/usher/modules/provisioning"
)

// The keys by which things are read along their level; what has none yields nothing.

func userKey(u *directory.User) (id.ID, bool)           { return u.ID, true }
func groupKey(g *directory.Group) (id.ID, bool)         { return g.ID, true }
func licenseKey(l *licensing.License) (id.ID, bool)     { return l.ID, true }
func seatKey(s *licensing.Seat) (id.ID, bool)           { return s.ID, true }
func configKey(c *provisioning.Config) (id.ID, bool)    { return c.ID, true }
func holderKey(s *licensing.Seat) (id.ID, bool)         { return s.User, true }
func ofLicenseKey(s *licensing.Seat) (id.ID, bool)      { return s.License, true }
func stepKey(e *licensing.Entry) (id.ID, bool)          { return e.User, true }
func linkKey(l *directory.Link) (id.ID, bool)           { return l.Config, true }
func makerKey(g *directory.Group) (id.ID, bool)         { return given(g.Config) }
func assignsKey(c *provisioning.Config) (id.ID, bool)   { return given(c.License) }
func callerKey(c *provisioning.Call) (id.ID, bool)      { return c.Config, true }
func touchedKey(c *provisioning.Call) (id.ID, bool)     { return given(c.Resource) }
func memberKey(e *generated.MemberEdge) (id.ID, bool)   { return given(e.Config) }
func inKey(e *generated.UserGroupEdge) (id.ID, bool)    { return given(e.Config) }
func lineKey(s *licensing.Seat) (id.ID, bool)           { return s.ID, s.State == licensing.Waiting }
func parkerKey(m *directory.ParkedMember) (id.ID, bool) { return m.Config, true }
func listsKey(d *directory.Drift) (id.ID, bool)         { return given(d.Config) }
func driftingKey(d *directory.Drift) (id.ID, bool)      { return d.Member, d.Member != id.Nil }
func sayerKey(r *directory.Reason) (id.ID, bool)        { return r.By, r.Source == directory.SourceSCIM }
func reasonKey(c *licensing.Claim) (id.ID, bool) {
	return c.ReasonID, c.Reason == licensing.ByConfiguration
}

func given(of *id.ID) (id.ID, bool) {
	if of == nil {
		return id.Nil, false
	}
	return *of, true
}

// configBehind returns the configuration that a membership comes from, if one does.
func configBehind(source string, of *id.ID) *id.ID {
	if source != directory.SourceSCIM {
		return nil
	}
	return of
}

// each makes one level of the things in many lists.
func each[K comparable, V, T any](found map[K]V, things func(V) []T) *level[T] {
	var all []T
	for _, v := range found {
		all = append(all, things(v)...)
	}
	return levelOf(all)
}

// ones makes one level of things that stand alone.
func ones[K comparable, T any](found map[K]*T) *level[*T] {
	all := make([]*T, 0, len(found))
	for _, one := range found {
		all = append(all, one)
	}
	return levelOf(all)
}

// oneEach reads one thing for each key.
func oneEach[T any](read func(context.Context, []id.ID) (map[id.ID]T, error)) func(context.Context, []id.ID) (map[id.ID]*T, []any, error) {
	return func(ctx context.Context, keys []id.ID) (map[id.ID]*T, []any, error) {
		found, err := read(ctx, keys)
		all := make(map[id.ID]*T, len(found))
		for key, v := range found {
			all[key] = &v
		}
		return all, []any{ones(all)}, err
	}
}

// listEach reads a whole list for each key.
func listEach[T any](read func(context.Context, []id.ID) (map[id.ID][]T, error)) func(context.Context, []id.ID) (map[id.ID][]*T, []any, error) {
	return func(ctx context.Context, keys []id.ID) (map[id.ID][]*T, []any, error) {
		found, err := read(ctx, keys)
		all := make(map[id.ID][]*T, len(keys))
		for _, key := range keys {
			all[key] = pointers(found[key])
		}
		return all, []any{each(all, func(list []*T) []*T { return list })}, err
	}
}

// pieces reads a connection for each key: a page of each list in one statement, and how long they are in another, if the client
// wants to know.
func pieces[T, C any](rows func(context.Context, []id.ID) (map[id.ID]page.Page[T], error), counts func(context.Context, []id.ID) (map[id.ID]int64, error),
	shape func(page.Page[T], wanted) *C, total func(*C) *int64, levels func(map[id.ID]*C) []any,
) func(context.Context, []id.ID) (map[id.ID]*C, []any, error) {
	return func(ctx context.Context, keys []id.ID) (map[id.ID]*C, []any, error) {
		w := want(ctx)
		var found map[id.ID]page.Page[T]
		var totals map[id.ID]int64
		var err error
		if w.rows() {
			if found, err = rows(ctx, keys); err != nil {
				return nil, nil, err
			}
		}
		if w.total {
			if totals, err = counts(ctx, keys); err != nil {
				return nil, nil, err
			}
		}
		all := make(map[id.ID]*C, len(keys))
		for _, key := range keys {
			all[key] = shape(found[key], w)
			*total(all[key]) = totals[key]
		}
		return all, levels(all), nil
	}
}

// peopleEach reads the people behind some keys.
func (r *Resolver) peopleEach(ctx context.Context, keys []id.ID) (map[id.ID]*directory.User, []any, error) {
	found, err := r.Directory.Users(ctx, keys, detail(ctx, "User"))
	return found, []any{ones(found)}, err
}

func (r *Resolver) groupsOfUser(ctx context.Context, u *directory.User, args page.Args, w page.Way) (*generated.UserGroupConnection, error) {
	return along(ctx, u, thisField(ctx), userKey, pieces(func(ctx context.Context, of []id.ID) (map[id.ID]page.Page[directory.MemberOf], error) {
		return r.Directory.GroupPagesOf(ctx, of, args, w, detail(ctx, "Group", "UserGroupEdge"))
	}, r.Directory.GroupCounts, memberOfConnection, func(c *generated.UserGroupConnection) *int64 { return &c.TotalCount },
		func(all map[id.ID]*generated.UserGroupConnection) []any {
			return []any{
				each(all, func(c *generated.UserGroupConnection) []*directory.Group { return c.Nodes }),
				each(all, func(c *generated.UserGroupConnection) []*generated.UserGroupEdge { return c.Edges }),
			}
		}))
}

func eventsOf[T any](ctx context.Context, r *Resolver, of T, key func(T) (id.ID, bool), args page.Args, w page.Way) (*generated.EventConnection, error) {
	return along(ctx, of, thisField(ctx), key, pieces(func(ctx context.Context, of []id.ID) (map[id.ID]page.Page[events.Event], error) {
		return r.Events.OfSubjects(ctx, of, args, w)
	}, r.Events.CountsOf, func(p page.Page[events.Event], w wanted) *generated.EventConnection {
		return eventConnection(p, w, events.CursorOfSubject)
	}, func(c *generated.EventConnection) *int64 { return &c.TotalCount }, func(all map[id.ID]*generated.EventConnection) []any {
		return []any{each(all, func(c *generated.EventConnection) []*events.Event { return c.Nodes })}
	}))
}

// driftOfGroup reads drift, with a hint where a provider's mapping is suspected.
func (r *Resolver) driftOfGroup(ctx context.Context, g *directory.Group, args page.Args) (*generated.DriftConnection, error) {
	rows := pieces(func(ctx context.Context, of []id.ID) (map[id.ID]page.Page[directory.Drift], error) {
		return r.Directory.DriftOf(ctx, of, args)
	}, r.Directory.DriftCounts, driftConnection, func(c *generated.DriftConnection) *int64 { return &c.TotalCount },
		func(all map[id.ID]*generated.DriftConnection) []any {
			return []any{each(all, func(c *generated.DriftConnection) []*directory.Drift { return c.Nodes })}
		})
	return along(ctx, g, thisField(ctx), groupKey, func(ctx context.Context, of []id.ID) (map[id.ID]*generated.DriftConnection, []any, error) {
		all, levels, err := rows(ctx, of)
		if err != nil || !want(ctx).hints {
			return all, levels, err
		}
		suspects, err := r.Events.Seen(ctx, of, directory.SuspiciousReplace)
		for group, c := range all {
			if suspects[group] {
				c.Hints = append(c.Hints, directory.SuspectHint)
			}
		}
		return all, levels, err
	})
}

func (r *Resolver) membersOfGroup(ctx context.Context, g *directory.Group, args page.Args, w page.Way) (*generated.MemberConnection, error) {
	return along(ctx, g, thisField(ctx), groupKey, pieces(func(ctx context.Context, of []id.ID) (map[id.ID]page.Page[directory.WholeMember], error) {
		return r.Directory.MembersOf(ctx, of, args, w, detail(ctx, "User"))
	}, r.Directory.MemberCounts, memberConnection, func(c *generated.MemberConnection) *int64 { return &c.TotalCount },
		func(all map[id.ID]*generated.MemberConnection) []any {
			members := each(all, func(c *generated.MemberConnection) []*generated.MemberEdge { return c.Edges })
			people, groups := levelOf[*directory.User](nil), levelOf[*directory.Group](nil)
			for _, m := range members.items {
				switch node := m.Node.(type) {
				case *directory.User:
					people.items = append(people.items, node)
				case *directory.Group:
					groups.items = append(groups.items, node)
				}
			}
			var reasons []*directory.Reason
			for _, m := range members.items {
				reasons = append(reasons, m.Reasons...)
			}
			return []any{members, people, groups, levelOf(reasons)}
		}))
}

func (r *Resolver) parkedInGroup(ctx context.Context, g *directory.Group, args page.Args) (*generated.ParkedMemberConnection, error) {
	return along(ctx, g, thisField(ctx), groupKey, pieces(func(ctx context.Context, of []id.ID) (map[id.ID]page.Page[directory.ParkedMember], error) {
		return r.Directory.ParkedPagesOf(ctx, of, args)
	}, r.Directory.ParkedCounts, parkedConnection, func(c *generated.ParkedMemberConnection) *int64 { return &c.TotalCount },
		func(all map[id.ID]*generated.ParkedMemberConnection) []any {
			return []any{each(all, func(c *generated.ParkedMemberConnection) []*directory.ParkedMember { return c.Nodes })}
		}))
}

func (r *Resolver) seatsOfLicense(ctx context.Context, l *licensing.License, state licensing.State, args page.Args, w page.Way) (*generated.SeatConnection, error) {
	return along(ctx, l, thisField(ctx), licenseKey, pieces(func(ctx context.Context, of []id.ID) (map[id.ID]page.Page[licensing.Seat], error) {
		return r.Licensing.Seats(ctx, of, state, args, w)
	}, func(ctx context.Context, of []id.ID) (map[id.ID]int64, error) {
		return r.Licensing.SeatCounts(ctx, of, state)
	},
		seatConnection, func(c *generated.SeatConnection) *int64 { return &c.TotalCount }, func(all map[id.ID]*generated.SeatConnection) []any {
			return []any{each(all, func(c *generated.SeatConnection) []*licensing.Seat { return c.Nodes })}
		}))
}

func (r *Resolver) ledgerOfLicense(ctx context.Context, l *licensing.License, f licensing.LedgerFilter, args page.Args, w page.Way) (*generated.LedgerConnection, error) {
	return along(ctx, l, thisField(ctx), licenseKey, pieces(func(ctx context.Context, of []id.ID) (map[id.ID]page.Page[licensing.Entry], error) {
		return r.Licensing.Ledger(ctx, of, f, args, w)
	}, func(ctx context.Context, of []id.ID) (map[id.ID]int64, error) {
		return r.Licensing.LedgerCounts(ctx, of, f)
	},
		ledgerConnection, func(c *generated.LedgerConnection) *int64 { return &c.TotalCount }, func(all map[id.ID]*generated.LedgerConnection) []any {
			return []any{each(all, func(c *generated.LedgerConnection) []*licensing.Entry { return c.Nodes })}
		}))
}

func (r *Resolver) callsOfConfig(ctx context.Context, of *provisioning.Config, f provisioning.CallFilter, args page.Args, w page.Way) (*generated.CallConnection, error) {
	return along(ctx, of, thisField(ctx), configKey, pieces(func(ctx context.Context, of []id.ID) (map[id.ID]page.Page[provisioning.Call], error) {
		return r.Provisioning.CallsOf(ctx, of, args, f, w)
	}, func(ctx context.Context, of []id.ID) (map[id.ID]int64, error) {
		return r.Provisioning.CallCounts(ctx, of, f)
	},
		callConnection, func(c *generated.CallConnection) *int64 { return &c.TotalCount }, func(all map[id.ID]*generated.CallConnection) []any {
			return []any{each(all, func(c *generated.CallConnection) []*provisioning.Call { return c.Nodes })}
		}))
}

func (r *Resolver) tokensOfConfig(ctx context.Context, of *provisioning.Config) ([]*access.Token, error) {
	return along(ctx, of, "tokens", configKey, listEach(r.Access.Tokens))
}

// touched reads what calls have touched.
func (r *Resolver) touched(ctx context.Context, c *provisioning.Call) (wire.Node, error) {
	return along(ctx, c, "resource", touchedKey, r.peopleAndGroups)
}

func aboutKey(e *events.Event) (id.ID, bool) {
	kind := subjectKind(e)
	return e.Subject, e.Subject != id.Nil && (kind == id.User || kind == id.Group)
}

// about reads whom events are about, as far as that is people and groups.
func (r *Resolver) about(ctx context.Context, e *events.Event) (wire.Node, error) {
	return along(ctx, e, "subject", aboutKey, r.peopleAndGroups)
}

// peopleAndGroups reads what is either, by its id.
func (r *Resolver) peopleAndGroups(ctx context.Context, keys []id.ID) (map[id.ID]wire.Node, []any, error) {
	people, err := r.Directory.Users(ctx, keys, detail(ctx, "User"))
	if err != nil {
		return nil, nil, err
	}
	groups, err := r.Directory.Groups(ctx, keys)
	all := make(map[id.ID]wire.Node, len(keys))
	for of, u := range people {
		all[of] = u
	}
	for of, g := range groups {
		all[of] = g
	}
	return all, []any{ones(people), ones(groups)}, err
}
