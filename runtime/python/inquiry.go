package python

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/serve"
)

// An inquiry is a request that the code in a worker has put to a model of the server.
type inquiry struct {
	by     *process
	up     *inquiry    // the request that the code answers with it; nil for one from outside, or if that is not known
	depth  int         // of requests that have led to one another
	blocks atomic.Bool // the worker serves nothing while it waits

	mu    sync.Mutex
	pools []*pool // that it waits for, some several times
}

// maxDepth is how many models may have asked one another, one for the next.
const maxDepth = 64

var errDepth = serve.Errorf(serve.Internal, "RecursionError",
	"models have asked one another %d times, each to answer the one before: does a model ask itself?", maxDepth)

// errDeadlock is the answer to who would be waited for by whom it waits for.
var errDeadlock = serve.Errorf(serve.Internal, "RuntimeError",
	"all workers of the model wait, by this request or others like it, for one another: "+
		"a model that asks itself, or one that asks it, needs more workers (instance_group count), or `async def execute` with `await async_exec()`")

type inquiryKey struct{}

// inquiryOf is the request of a worker that ctx is of; nil for one from outside.
func inquiryOf(ctx context.Context) *inquiry {
	a, _ := ctx.Value(inquiryKey{}).(*inquiry)
	return a
}

// awaits notes that the request waits for a worker of the pool, until leave is called.
// Whoever waits for the request does so too. The error is that it would wait for ever.
func (a *inquiry) awaits(p *pool) (leave func(), err error) {
	for x := a; x != nil; x = x.up {
		x.mu.Lock()
		x.pools = append(x.pools, p)
		x.mu.Unlock()
	}
	leave = func() { a.done(p) }
	if a.barred(p) || standstill(p) {
		leave()
		return nil, errDeadlock
	}
	return leave, nil
}

func (a *inquiry) done(p *pool) {
	for x := a; x != nil; x = x.up {
		x.mu.Lock()
		x.pools = slices.Delete(x.pools, slices.Index(x.pools, p), slices.Index(x.pools, p)+1)
		x.mu.Unlock()
	}
}

// waitsFor are the pools that the request waits for now.
func (a *inquiry) waitsFor() []*pool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.pools)
}

// holds says whether a worker waits, serving nothing, for the request or one above it.
func (a *inquiry) holds(w *process) bool {
	for x := a; x != nil; x = x.up {
		if x.by == w && x.blocks.Load() {
			return true
		}
	}
	return false
}

// barred says whether all workers of a pool wait for the request.
func (a *inquiry) barred(p *pool) bool {
	for _, s := range p.slots {
		if w := s.live.Load(); w == nil || !a.holds(w.process) {
			return false
		}
	}
	return true
}

// standstill says whether no worker of a pool will ever be free: each serves nothing
// while it waits for pools of which the same is true.
func standstill(p *pool) bool {
	still := reached(p)
	for changed := true; changed; {
		changed = false
		for q := range still {
			if !q.waits(still) {
				delete(still, q)
				changed = true
			}
		}
	}
	return still[p]
}

// reached are a pool, those that its workers wait for, and so on.
func reached(p *pool) map[*pool]bool {
	all, todo := map[*pool]bool{p: true}, []*pool{p}
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		for _, s := range next.slots {
			if w := s.live.Load(); w != nil {
				for _, q := range w.desk.waitsFor() {
					if !all[q] {
						all[q] = true
						todo = append(todo, q)
					}
				}
			}
		}
	}
	return all
}

// waits says whether each worker of the pool waits for one of still.
func (p *pool) waits(still map[*pool]bool) bool {
	for _, s := range p.slots {
		w := s.live.Load()
		if w == nil || !slices.ContainsFunc(w.desk.waitsFor(), func(q *pool) bool { return still[q] }) {
			return false
		}
	}
	return true
}

// pickFor is the worker for a request of another worker's: none that waits for it.
func (p *pool) pickFor(a *inquiry) (w *worker) {
	least := int64(0)
	for _, s := range p.slots {
		if other := s.live.Load(); other != nil && !a.holds(other.process) {
			if n := other.busy(); w == nil || n < least {
				w, least = other, n
			}
		}
	}
	return w
}

// busy is how many calls a worker has; very many while it serves nothing.
func (w *worker) busy() int64 {
	n := w.load.Load()
	if w.desk.still.Load() > 0 {
		n += held
	}
	return n
}

// Await notes that a request waits for the model, in a queue before it, until leave is
// called. The error is that it would wait for ever, for itself: so it is with requests
// that models put to one another.
func (m *Model) Await(ctx context.Context) (leave func(), err error) {
	if a := inquiryOf(ctx); a != nil && m.pool != nil {
		return a.awaits(m.pool)
	}
	return func() {}, nil
}

// A desk is what the code in one worker has asked of models of the server. The zero
// value is ready; it is safe for concurrent use.
type desk struct {
	still atomic.Int32 // requests that the worker waits for, serving nothing

	mu    sync.Mutex
	open  int                  // requests
	stuck []*inquiry           // those of still
	flows map[uint64]*incoming // that answer many times, by number
	last  uint64
}

// maxOpen is how many requests the code in a worker may have under way.
const maxOpen = 4096

var errOpen = serve.Errorf(serve.Limited, "RuntimeError", "the code has %d requests to models under way, and no more may be", maxOpen)

// enter counts a request.
func (d *desk) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open >= maxOpen {
		return errOpen
	}
	d.open++
	return nil
}

func (d *desk) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
}

// wait notes that the worker serves nothing until the request is answered, or goOn is
// called. The error is that it would wait for ever.
func (d *desk) wait(a *inquiry) (goOn func(), err error) {
	if !a.blocks.Load() {
		return func() {}, nil
	}
	d.still.Add(1)
	d.mu.Lock()
	d.stuck = append(d.stuck, a)
	d.mu.Unlock()
	goOn = func() {
		d.mu.Lock()
		i := slices.Index(d.stuck, a)
		d.stuck = slices.Delete(d.stuck, i, i+1)
		d.mu.Unlock()
		d.still.Add(-1)
	}
	if slices.ContainsFunc(a.waitsFor(), standstill) {
		goOn()
		return nil, errDeadlock
	}
	return goOn, nil
}

// waitsFor are the pools that the worker, which serves nothing meanwhile, waits for.
func (d *desk) waitsFor() (all []*pool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.stuck {
		all = append(all, a.waitsFor()...)
	}
	return all
}
