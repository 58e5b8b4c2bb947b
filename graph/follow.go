package graph

import (
	"context"
	"log/slog"

	"github.com/usherhq/usher/graph/generated"
	"github.com/usherhq/usher/internal/page"
	"github.com/usherhq/usher/modules/events"
)

// batch is how many events a stream reads at once.
const batch = 100

// follow delivers the events of the caller's tenant in the order of their numbers, those that come after a number or from now on,
// each once. It ends with the context, or when the journal cannot be read: whoever listens comes again with the last number.
func (r *Resolver) follow(ctx context.Context, after *int64, filter *generated.EventFilter) (<-chan *events.Event, error) {
	f, err := eventFilter(filter)
	if err != nil {
		return nil, err
	}
	from, err := r.beginning(ctx, after)
	if err != nil {
		return nil, err
	}
	news, deaf := r.Events.Listen()
	out := make(chan *events.Event)
	go func() {
		defer close(out)
		defer deaf()
		for {
			var err error
			if from, err = r.deliver(ctx, from, f, out); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "a stream of events could not read on", "error", err, "request", requestID(ctx))
				return
			}
			select {
			case <-news:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

// beginning is the number behind which a stream begins.
func (r *Resolver) beginning(ctx context.Context, after *int64) (int64, error) {
	if after != nil {
		if *after < 0 {
			return 0, errArguments.At("after").Sayf("after is the number of the last event that you have; it is not below 0")
		}
		return *after, nil
	}
	last, err := r.Events.List(ctx, page.Args{Last: 1}, events.Filter{})
	if err != nil || len(last.Items) == 0 {
		return 0, err
	}
	return last.Items[0].Number, nil
}

// deliver sends everything that is there behind a number, and returns the number of the last.
func (r *Resolver) deliver(ctx context.Context, from int64, f events.Filter, out chan<- *events.Event) (int64, error) {
	for {
		found, err := r.Events.After(ctx, from, batch, f)
		if err != nil {
			return from, err
		}
		for i := range found.Items {
			select {
			case out <- &found.Items[i]:
				from = found.Items[i].Number
			case <-ctx.Done():
				return from, ctx.Err()
			}
		}
		if !found.HasNext {
			return from, nil
		}
	}
}
