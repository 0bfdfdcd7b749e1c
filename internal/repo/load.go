package repo

import (
	"context"
	"fmt"
	"time"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// Load loads the model of that name as it now stands in its folder, and returns
// when it serves. If it was loaded before, the new state is loaded beside the
// old one and takes its place at once, so that no request fails; the old one is
// released when its requests are done. If a version fails that did not fail
// before, or the one that unversioned requests go to, everything stays as it
// was and the error has the reason. A model of which nothing has served is
// replaced in any case, so that the reason stands in the listing.
//
// The error is a [*serve.Error]: NotFound if there is no such model, Internal
// if it does not load, Unavailable after Close. When ctx ends while the old
// state still finishes its requests, the new one serves and the error is that
// of ctx.
func (r *Repository) Load(ctx context.Context, name string) error {
	return leave(ctx)(r.load(ctx, name, func() (*Model, error) { return r.look(name) }))
}

// leave waits for what leaves, if anything does, behind what has left it.
func leave(ctx context.Context) func(left <-chan error, err error) error {
	return func(left <-chan error, err error) error {
		if left == nil {
			return err
		}
		return also(err, wait(ctx, left))
	}
}

// load loads what look finds. left tells when the old state is released; nil if there
// was none, or it stays.
func (r *Repository) load(ctx context.Context, name string, look func() (*Model, error)) (left <-chan error, err error) {
	unlock, err := r.lock(ctx, name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	start := time.Now()
	entry, err := look()
	if err != nil {
		return nil, err
	}
	next, err := r.build(entry)
	if err != nil {
		return nil, also(err, entry.remove())
	}
	r.loadAll(ctx, next.instances)
	old, taken, err := r.replace(ctx, name, next)
	if !taken {
		_ = wait(ctx, r.drain(next)) // logged
		return nil, err
	}
	if err == nil {
		r.env.Logger.Info("model loaded", "model", name, "versions", len(next.instances), "seconds", time.Since(start).Seconds())
	}
	if old == nil {
		return nil, err
	}
	return r.drain(old), err
}

// look finds the model in the repository's path.
func (r *Repository) look(name string) (*Model, error) {
	found, err := scan(r.root, r.set, name)
	if err != nil {
		return nil, &serve.Error{Code: serve.Internal, Op: "load model " + name, Err: err}
	}
	if len(found) == 0 {
		return nil, serve.Errorf(serve.NotFound, "ValueError", "there is no model %s in %s", name, r.root)
	}
	return found[0], nil
}

// replace puts next, which has been loaded, in the place of what serves now,
// unless that would be worse. The error is what failed, either way.
func (r *Repository) replace(ctx context.Context, name string, next *model) (old *model, taken bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, false, errClosed()
	}
	if ctx.Err() != nil {
		return nil, false, serve.In("load model "+name, ctx.Err())
	}
	err = next.failure()
	old = r.table.Load().models[name]
	if err != nil && old != nil && old.serving() && worse(old, next) {
		err = fmt.Errorf("%w; what was loaded before goes on serving", err)
		return nil, false, &serve.Error{Code: serve.Internal, Class: "RuntimeError", Err: err}
	}
	r.swap(name, next)
	if err != nil {
		err = &serve.Error{Code: serve.Internal, Class: "RuntimeError", Err: err}
	}
	return old, true, err
}

// worse says whether something that did not fail in old does in next.
func worse(old, next *model) bool {
	for _, in := range next.instances {
		if in.phase() == v2.Failed && !old.failed(in.number) {
			return true
		}
	}
	return next.broken() && !old.broken()
}

// failure names the versions that did not load; nil if all did.
func (m *model) failure() error {
	var all error
	for _, in := range m.instances {
		if st := in.server.Status(); st.Phase == v2.Failed {
			all = also(all, fmt.Errorf("model %s failed to load: %w", m.label(in), st.Err))
		}
	}
	return all
}

// also is both errors, in one line.
func also(first, second error) error {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return fmt.Errorf("%w; %w", first, second)
}

func (m *model) label(in *instance) string {
	if in.number == "" {
		return m.entry.Name
	}
	return m.entry.Name + ":" + in.number
}

// swap makes next what requests find under the name. It is called with mu held.
func (r *Repository) swap(name string, next *model) {
	t := r.table.Load()
	old := t.models[name]
	if old == nil {
		old = &model{}
	}
	for _, in := range old.instances {
		in.hush()
	}
	for _, in := range next.instances {
		in.count()
	}
	r.table.Store(t.with(name, next))
	for _, in := range next.instances {
		in.tell()
	}
	for _, in := range old.instances {
		if !next.has(in.number) {
			in.gone()
		}
	}
}

// Unload takes the model out of service, lets the requests inside finish, and
// returns when it is released. From then on requests are told that it is not
// ready. A model that is not loaded may be unloaded too. The error is a
// [*serve.Error] with NotFound if there is no such model, Unavailable after
// Close, or that of ctx when it ends before the last request does.
func (r *Repository) Unload(ctx context.Context, name string) error {
	return leave(ctx)(r.unload(ctx, name))
}

// unload takes the model out of service. left tells when it is released.
func (r *Repository) unload(ctx context.Context, name string) (left <-chan error, err error) {
	unlock, err := r.lock(ctx, name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	old, err := r.remove(name)
	if err != nil {
		return nil, err
	}
	r.env.Logger.Info("model unloaded", "model", name)
	return r.drain(old), nil
}

// remove takes a model out of service and returns it.
func (r *Repository) remove(name string) (*model, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed()
	}
	old := r.table.Load().models[name]
	if old == nil {
		return nil, serve.Errorf(serve.NotFound, "ValueError", "there is no model %s", name)
	}
	rest, err := r.unloaded(old.entry)
	if err != nil {
		return nil, err
	}
	r.swap(name, rest)
	return old, nil
}

// drain retires a model that nobody can find any more, and closes it in the
// background. The channel gets what came of it.
func (r *Repository) drain(m *model) <-chan error {
	for _, in := range m.instances {
		in.retire()
	}
	done := make(chan error, 1)
	r.work.Go(func() {
		var err error
		for _, in := range m.instances {
			err = also(err, in.close())
		}
		err = also(err, m.entry.remove())
		if err != nil {
			r.env.Logger.Error("model was not released", "model", m.entry.Name, "error", err)
		}
		done <- err
	})
	return done
}

// wait waits for what leaves, at most until the end of ctx.
func wait(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("requests are still being answered: %w", ctx.Err())
	}
}

func errClosed() error {
	return serve.Errorf(serve.Unavailable, "RuntimeError", "the model repository is closed")
}
