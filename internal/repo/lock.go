package repo

import (
	"context"

	"github.com/leat-ml/leat/serve"
)

// A lock has those who load or unload one model take turns.
type lock struct {
	turn  chan struct{} // full while somebody has it
	users int           // who have it or wait for it
}

// lock waits for the turn to load or unload a model. Until unlock is called,
// which is done once, Close waits.
func (r *Repository) lock(ctx context.Context, name string) (unlock func(), err error) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil, errClosed()
	}
	l := r.locks[name]
	if l == nil {
		l = &lock{turn: make(chan struct{}, 1)}
		r.locks[name] = l
	}
	l.users++
	r.work.Add(1)
	r.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; r.leave(name, l) }, nil
	case <-ctx.Done():
		err = serve.In("wait for another load of model "+name, ctx.Err())
	case <-r.life.Done():
		err = errClosed()
	}
	r.leave(name, l)
	return nil, err
}

func (r *Repository) leave(name string, l *lock) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(r.locks, name)
	}
	r.work.Done()
}
