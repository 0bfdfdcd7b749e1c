package server

import (
	"context"

	"github.com/leat-ml/leat/serve"
)

// reload reloads what the configuration reads, and counts it.
func (r *running) reload(ctx context.Context) error {
	if r.c.Read == nil {
		return serve.Errorf(serve.NotOffered, "", "this server has nothing to read anew: it was made by a program")
	}
	err := r.core.Reload(ctx, r.c.Read)
	if serve.CodeOf(err) != serve.Unavailable || err == nil { // shutting down is no outcome
		r.tel.Reloaded(err)
	}
	return err
}

// listenForReloads reloads on signals and on changes of files until ctx ends.
func (r *running) listenForReloads(ctx context.Context) {
	if r.c.Read == nil {
		return
	}
	aside := func(why string) {
		if err := r.reload(ctx); err != nil && ctx.Err() == nil {
			r.c.Logger.Error("reload failed", "asked_by", why, "error", err)
		}
	}
	if r.c.Hangup != nil {
		r.asides.Go(func() {
			for {
				select {
				case <-r.c.Hangup:
					aside("signal")
				case <-ctx.Done():
					return
				}
			}
		})
	}
	if r.c.Watch != nil {
		r.asides.Go(func() { r.c.Watch(ctx, func() { aside("files that changed") }) })
	}
}
