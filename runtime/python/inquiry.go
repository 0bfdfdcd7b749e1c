package python

import (
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/serve"
)

// waits guards who waits for whom, in all pools: whether somebody waits for ever can
// only be told of one moment.
var waits sync.Mutex

// An inquiry is a request that the code in a worker has put to a model of the server.
type inquiry struct {
	by     *process
	line   line        // itself, and the requests that have led to it
	depth  int         // of requests that have led to one another
	blocks atomic.Bool // the worker serves nothing while it waits
	waits  []wait      // some several times; guarded by waits
}

// A line is requests of workers that have led to something: all wait for what it
// waits for. That of a request from outside is empty.
type line []*inquiry

// A wait is what a request of a worker's waits for: any worker of a pool, or the one
// that has it.
type wait struct {
	pool   *pool
	worker *process
	calls  int // that the pool gets at a time, of a queue that the request is in; 0 is any number
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

// lineOf is what has led to a call with ctx, to each of its requests if it is made of
// several.
func lineOf(ctx context.Context) line {
	all := serve.TogetherContexts(ctx)
	if all == nil {
		return lineOfOne(ctx)
	}
	var l line
	for _, one := range all {
		for _, a := range lineOfOne(one) {
			if !slices.Contains(l, a) {
				l = append(l, a)
			}
		}
	}
	return l
}

func lineOfOne(ctx context.Context) line {
	if a, _ := ctx.Value(inquiryKey{}).(*inquiry); a != nil {
		return a.line
	}
	return nil
}

// newInquiry is a request of a worker's, to answer what the line has led to.
func newInquiry(by *process, l line) *inquiry {
	a := &inquiry{by: by}
	for _, x := range l {
		a.depth = max(a.depth, x.depth+1)
	}
	a.line = append(slices.Clip(l), a)
	return a
}

// awaits notes that all of the line wait, until leave is called. The error is that they
// would wait for ever.
func (l line) awaits(t wait) (leave func(), err error) {
	waits.Lock()
	defer waits.Unlock()
	if l.add(t); t.forEver() {
		l.remove(t)
		return nil, errDeadlock
	}
	return func() {
		waits.Lock()
		defer waits.Unlock()
		l.remove(t)
	}, nil
}

// add notes that all of the line wait. The lock waits is held.
func (l line) add(t wait) {
	for _, a := range l {
		a.waits = append(a.waits, t)
	}
}

func (l line) remove(t wait) {
	for _, a := range l {
		i := slices.Index(a.waits, t)
		a.waits = slices.Delete(a.waits, i, i+1)
	}
}

// holds says whether a worker waits, serving nothing, for one of the line.
func (l line) holds(w *process) bool {
	return slices.ContainsFunc(l, func(a *inquiry) bool { return a.by == w && a.blocks.Load() })
}

// forEver says whether what is waited for will never come: who would do it serves
// nothing while it waits for others of whom the same is true. The lock waits is held.
func (t wait) forEver() bool {
	still := t.reached()
	for changed := true; changed; {
		changed = false
		for w := range still {
			if !w.desk.waits(func(t wait) bool { return t.among(still) }) {
				delete(still, w)
				changed = true
			}
		}
	}
	return t.among(still)
}

// reached are the workers that are waited for, those that they wait for, and so on.
func (t wait) reached() map[*process]bool {
	all, todo := map[*process]bool{}, []wait{t}
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		for w := range next.workers() {
			if !all[w] {
				all[w] = true
				w.desk.waits(func(t wait) bool { todo = append(todo, t); return false })
			}
		}
	}
	return all
}

// workers are those that may do what is waited for.
func (t wait) workers() iter.Seq[*process] {
	return func(yield func(*process) bool) {
		if t.worker != nil {
			yield(t.worker)
			return
		}
		for _, s := range t.pool.slots {
			if w := s.live.Load(); w != nil && !yield(w.process) {
				return
			}
		}
	}
}

// among says whether only workers of still can do what is waited for: the one that has
// it, all of the pool, or as many as the queue before the pool has it serve at a time.
func (t wait) among(still map[*process]bool) bool {
	if t.worker != nil {
		return still[t.worker]
	}
	all, calls := true, int64(0)
	for _, s := range t.pool.slots {
		if w := s.live.Load(); w != nil && still[w.process] {
			calls += w.load.Load() % held
		} else {
			all = false
		}
	}
	return all || t.calls > 0 && calls >= int64(t.calls)
}

// place has the worker with the fewest calls get one more, for the line, until leave is
// called: none that waits for the line, or would for ever. It is nil where only workers
// would do that are being started.
func (p *pool) place(l line) (w *worker, leave func(), err error) {
	waits.Lock()
	defer waits.Unlock()
	least, down := int64(0), false
	for _, s := range p.slots {
		other := s.live.Load()
		switch {
		case other == nil:
			down = true
		case l.holds(other.process) || other.desk.still.Load() > 0 && l.inVain(wait{worker: other.process}):
		default:
			if n := other.busy(other.load.Load()); w == nil || n < least {
				w, least = other, n
			}
		}
	}
	switch {
	case w == nil && down:
		return nil, func() {}, nil
	case w == nil:
		return nil, nil, errDeadlock
	}
	w.load.Add(1)
	t := wait{worker: w.process}
	l.add(t)
	return w, func() {
		waits.Lock()
		defer waits.Unlock()
		l.remove(t)
	}, nil
}

// inVain says whether the line would wait for ever. The lock waits is held.
func (l line) inVain(t wait) bool {
	l.add(t)
	defer l.remove(t)
	return t.forEver()
}

// busy makes of how many calls a worker has very many while it serves nothing.
func (w *worker) busy(n int64) int64 {
	if w.desk.still.Load() > 0 {
		n += held
	}
	return n
}

// stuck says whether a call that has just been given to a worker is in the way of what
// the worker waits for: a queue that waits for the call to end.
func (w *worker) stuck() bool {
	if w.desk.still.Load() == 0 {
		return false
	}
	waits.Lock()
	defer waits.Unlock()
	return wait{worker: w.process}.forEver()
}

// Await notes that a request waits for the model, in a queue before it that has it serve
// so many calls at a time (0 is any number), until leave is called. The error is that it
// would wait for ever, for itself: so it is with requests that models put to one another.
func (m *Model) Await(ctx context.Context, calls int) (leave func(), err error) {
	if l := lineOf(ctx); len(l) > 0 && m.pool != nil {
		return l.awaits(wait{pool: m.pool, calls: calls})
	}
	return func() {}, nil
}

// A desk is what the code in one worker has asked of models of the server. The zero
// value is ready; it is safe for concurrent use.
type desk struct {
	still atomic.Int32 // requests that the worker waits for, serving nothing

	stuck []*inquiry // those of still; guarded by waits

	mu    sync.Mutex
	open  int                  // requests
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
	waits.Lock()
	defer waits.Unlock()
	d.still.Add(1)
	d.stuck = append(d.stuck, a)
	if slices.ContainsFunc(a.waits, wait.forEver) {
		d.goOn(a)
		return nil, errDeadlock
	}
	return func() {
		waits.Lock()
		defer waits.Unlock()
		d.goOn(a)
	}, nil
}

// goOn notes that the worker does not wait for the request. The lock waits is held.
func (d *desk) goOn(a *inquiry) {
	i := slices.Index(d.stuck, a)
	d.stuck = slices.Delete(d.stuck, i, i+1)
	d.still.Add(-1)
}

// waits says whether one of the things that the worker waits for, serving nothing
// meanwhile, is such. The lock waits is held.
func (d *desk) waits(is func(wait) bool) bool {
	return slices.ContainsFunc(d.stuck, func(a *inquiry) bool { return slices.ContainsFunc(a.waits, is) })
}
