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
	for {
		if err := r.await(ctx, ev); err != nil {
			return serve.Pass, err
		}
		if r.in.acquire() {
			defer r.in.release()
			return r.in.server.Do(ctx, ev)
		}
		// Replaced since it was found, so another one can be found now.
		next := r.repo.find(r.name, r.version)
		if next == nil {
			return serve.Pass, r.lost()
		}
		r = next
	}
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
