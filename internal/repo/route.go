package repo

import (
	"context"

	"github.com/leat-ml/leat/serve"
)

// A route is what [Repository.Find] returns: one way to ask for a model. It
// stays with what was asked for when the instance behind it is replaced.
type route struct {
	repo    *Repository
	name    string
	version string // as asked for: a number, a label or ""
	in      *instance
}

// Do implements [serve.Step].
func (r *route) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	in, err := r.enter(ctx, ev)
	if err != nil {
		return serve.Pass, err
	}
	defer in.release()
	return in.server.Do(ctx, ev)
}

// enter acquires the instance: the one that was found, or if that has been
// replaced since, the one that is found now.
func (r *route) enter(ctx context.Context, ev *serve.Event) (*instance, error) {
	for next := r; next != nil; next = r.repo.find(r.name, r.version) {
		if err := next.await(ctx, ev); err != nil {
			return nil, err
		}
		if next.in.acquire() {
			return next.in, nil
		}
	}
	return nil, r.lost()
}

// await keeps an event that can wait until the model has loaded, without
// holding on to the instance.
func (r *route) await(ctx context.Context, ev *serve.Event) error {
	if !ev.Trigger.Waits() {
		return nil
	}
	select {
	case <-r.in.settled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lost is the answer to a request whose model was found and then removed.
func (r *route) lost() error {
	label := r.name
	if r.version != "" {
		label += ":" + r.version
	}
	return serve.Errorf(serve.Unavailable, "RuntimeError", "model %s is not ready yet: it has been unloaded", label)
}
