package repo

import (
	"context"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// Ready finds a model that serves, and what it says of itself; ok is false where there
// is none.
func (r *Repository) Ready(name, version string) (p serve.Peer, ok bool) {
	found := r.find(name, version)
	if found == nil || found.in.phase() != v2.Ready {
		return p, false
	}
	return serve.Peer{Step: found, Description: found.in.server.Description()}, true
}

// Swap is [Repository.Load], or [Repository.LoadWith] where with is not nil, that does
// not wait for the requests that the old state still has.
func (r *Repository) Swap(ctx context.Context, name string, with *Override) error {
	look := func() (*Model, error) { return r.look(name) }
	if with != nil {
		look = r.lookWith(name, *with)
	}
	_, err := r.load(ctx, name, look)
	return err
}

// Retire is [Repository.Unload] that does not wait for the requests inside.
func (r *Repository) Retire(ctx context.Context, name string) error {
	_, err := r.unload(ctx, name)
	return err
}
