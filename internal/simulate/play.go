package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// provider is what a provider is known by, whatever it plays.
type provider struct {
	name     string
	dialects []Dialect // the first is the default
	manner   manner
	mapping  mapping
	postpone bool // what was turned away is left for a later round

	managersByName bool // it may call managers by their userName, and a target may answer with their ids
}

// play is a simulation that runs.
type play struct {
	*client
	provider

	org       *organization
	different *differences
	started   time.Time
	usersAt   int // users and groups that the target had before
	groupsAt  int
	created   int // and that the provider has added since
	pushed    int
	postponed postponed
	mu        sync.Mutex
}

// newPlay checks the options and plans the organization.
func newPlay(by provider, o Options) (*play, error) {
	o, err := checked(o, by.dialects)
	if err != nil {
		return nil, err
	}
	return &play{
		client: newClient(o, by.manner), provider: by, org: newOrganization(o), different: &differences{}, started: o.Clock(),
		postponed: postponed{active: by.postpone, gap: firstRound},
	}, nil
}

// act plays the acts of a story in order.
func (p *play) act(ctx context.Context, acts ...func(context.Context) error) error {
	for _, act := range acts {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step is one thing to do in a stage: with its calls in order, beside other steps.
type step func(ctx context.Context) error

// stage runs steps side by side.
func (p *play) stage(ctx context.Context, name string, steps []step) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan step)
	var all sync.WaitGroup
	var mu sync.Mutex
	done := 0
	tell := func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		if p.Progress != nil {
			p.Progress(Progress{Stage: name, Done: done, Total: len(steps), Calls: p.made(), Differences: p.different.number()})
		}
	}
	for range min(p.Concurrency, len(steps)) {
		all.Go(func() {
			for act := range queue {
				if err := act(ctx); err != nil {
					cancel(fmt.Errorf("%s: %w", name, err))
					continue
				}
				tell()
			}
		})
	}
	for _, act := range steps {
		select {
		case queue <- act:
		case <-ctx.Done():
		}
	}
	close(queue)
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (p *play) count(into *int, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*into += n
}

// one plays a single step as a stage.
func (p *play) one(ctx context.Context, name string, act step) error {
	return p.stage(ctx, name, []step{act})
}

// eachTeam runs a step for each group that there is: with its calls in order, beside the other groups.
func (p *play) eachTeam(ctx context.Context, name string, act func(context.Context, *team) error) error {
	var steps []step
	for _, t := range p.org.teams {
		if !t.ended {
			steps = append(steps, func(ctx context.Context) error { return act(ctx, t) })
		}
	}
	return p.stage(ctx, name, steps)
}

func userPath(id string) string { return "/Users/" + url.PathEscape(id) }

func groupPath(id string) string { return "/Groups/" + url.PathEscape(id) }

// equals writes a filter.
func equals(attribute, value string) string { return fmt.Sprintf("%s eq %q", attribute, value) }

// query writes an address with parameters, in the order in which they are given.
func query(path string, parameters ...string) string {
	for i := 0; i+1 < len(parameters); i += 2 {
		mark := "&"
		if i == 0 {
			mark = "?"
		}
		path += mark + parameters[i] + "=" + url.QueryEscape(parameters[i+1])
	}
	return path
}

// lookUp finds a resource as providers do before they create one. There may be none; and no answer to go by, which is not sure.
func (p *play) lookUp(ctx context.Context, kind, address, value string) (found object, sure bool, err error) {
	got, err := p.call(ctx, kind, http.MethodGet, address, nil)
	if err != nil {
		return nil, false, err
	}
	all := items(got.body, "Resources")
	switch {
	case got.notNow():
		p.later(got)
		return nil, false, nil
	case got.status == http.StatusNotFound && p.name != entraName: // which Entra takes for a broken endpoint
		return nil, true, nil
	case got.status != http.StatusOK || len(all) > 1:
		p.different.add(kind+" "+value, "an answer with at most one", fmt.Sprintf("%d with %d", got.status, len(all)))
		return nil, false, nil
	case len(all) == 1:
		return all[0], true, nil
	default:
		return nil, true, nil
	}
}

// link takes over somebody whom the target has already, or has after all.
func (p *play) link(who *person, found object, kind string) {
	if len(who.states) > 0 && !p.managersByName { // which need everybody's ids
		p.comparePerson(who, found, kind)
	}
	if who.states != nil {
		p.count(&p.created, 1) // by a create without an answer
	}
	who.hold(str(found, "id"), factsOf(found))
}
