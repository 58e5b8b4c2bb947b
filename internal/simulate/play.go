package simulate

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// play is a simulation that runs.
type play struct {
	*client

	org       *organization
	different *differences
	started   time.Time
	usersAt   int // users and groups that the target had before
	groupsAt  int
	created   int
	pushed    int
	mu        sync.Mutex
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

// wrote keeps what a write to a person has come to: taken, refused, or nobody knows.
func (p *play) wrote(who *person, was profile, got reply, what string) {
	switch {
	case got.ok():
		who.before = nil
	case got.lost() || got.status >= 500:
		who.before = &was
	default:
		p.refused(what+" "+who.UserName, got)
		who.profile = was
	}
}

func (p *play) refused(what string, got reply) {
	p.different.add(what, "to be taken", fmt.Sprintf("%d %s", got.status, str(got.body, "detail")))
}
