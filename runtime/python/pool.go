package python

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/serve"
)

// A pool is the workers that have the same objects. It keeps them running: one
// that ends is started again, after a pause that grows while it keeps ending.
type pool struct {
	loaded *Loaded
	logger *slog.Logger
	asked  func(f frame) frame
	models serve.Models // that the code may ask; nil for none
	// prepare makes the objects in a worker that has just begun.
	prepare func(ctx context.Context, p *process, slot int) error

	grace time.Duration // how long after its deadline a call may come back
	pause time.Duration // before the first restart

	about    string       // what the workers run, and where that is
	told     atomic.Int64 // when an exception was last logged, in seconds
	asking   atomic.Int64 // when a worker was last asked where it is, in seconds
	restarts atomic.Uint64
	slots    []*slot
	life     context.Context
	end      context.CancelFunc
	tasks    sync.WaitGroup
}

// The times of a pool.
const (
	defaultGrace = 5 * time.Second
	defaultPause = 100 * time.Millisecond
	longestPause = 30 * time.Second
	goodLife     = time.Minute // after which a worker's end counts as its first
	watchEvery   = 500 * time.Millisecond
	watchMemory  = 50 * time.Millisecond
)

// A slot is the place of one worker, and of those that come after it.
type slot struct {
	number int
	live   atomic.Pointer[worker]
	down   atomic.Pointer[string] // why there is none
}

// A worker is a process with its objects made.
type worker struct {
	*process
	load atomic.Int64 // calls in it
}

func newPool(l *Loaded, workers int, logger *slog.Logger) *pool {
	p := &pool{loaded: l, logger: logger, grace: cmp.Or(l.code.Grace, defaultGrace), pause: defaultPause}
	for i := range max(1, workers) {
		p.slots = append(p.slots, &slot{number: i})
	}
	return p
}

// start starts the workers beside each other. When one fails none is left.
func (p *pool) start(ctx context.Context) error {
	p.life, p.end = context.WithCancel(context.Background())
	first := make([]*worker, len(p.slots))
	errs := make([]error, len(p.slots))
	var starting sync.WaitGroup
	for i, s := range p.slots {
		starting.Go(func() { first[i], errs[i] = p.boot(ctx, s) })
	}
	starting.Wait()
	for _, err := range errs {
		if err != nil {
			for _, w := range first {
				if w != nil {
					w.end()
				}
			}
			return err
		}
	}
	for i, s := range p.slots {
		s.live.Store(first[i])
		p.tasks.Go(func() { p.keep(s, first[i]) })
	}
	return nil
}

// boot starts a worker and makes its objects.
func (p *pool) boot(ctx context.Context, s *slot) (*worker, error) {
	logger := p.logger
	if len(p.slots) > 1 {
		logger = logger.With("worker", s.number)
	}
	proc, err := p.loaded.spawn(len(p.slots), logger, func(q *process) {
		q.told, q.asked = func(f frame) { logFrame(logger, f) }, p.answerer(q)
	})
	if err != nil {
		return nil, err
	}
	unwatch := p.guard(proc)
	err = p.prepare(ctx, proc, s.number)
	unwatch()
	if err != nil {
		proc.kill("it could not be started")
		<-proc.gone
		return nil, err
	}
	return &worker{process: proc}, nil
}

// close ends the workers, once the calls in them have been answered, or at the
// end of ctx.
func (p *pool) close(ctx context.Context) error {
	if p.end == nil {
		return nil
	}
	p.end()
	done := make(chan struct{})
	go func() { // ends soon after the workers are killed
		p.tasks.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		for _, s := range p.slots {
			if w := s.live.Load(); w != nil {
				w.kill("the server ended it")
			}
		}
		<-done
	}
	return nil
}

// alive is how many workers there are.
func (p *pool) alive() (n int) {
	for _, s := range p.slots {
		if s.live.Load() != nil {
			n++
		}
	}
	return n
}

// workers are those of the pool; a nil pool has none.
func (p *pool) workers(of string) serve.Workers {
	if p == nil {
		return serve.Workers{}
	}
	return serve.Workers{Of: of, Alive: p.alive(), Wanted: len(p.slots), Restarts: p.restarts.Load()}
}

// downtime says why no worker can answer; nil when one can, or none is wanted.
func (p *pool) downtime() error {
	if p == nil || p.alive() > 0 {
		return nil
	}
	return fmt.Errorf("the Python worker is being started again: %s", p.why())
}

// why is why a slot has no worker.
func (p *pool) why() string {
	for _, s := range p.slots {
		if why := s.down.Load(); why != nil && s.live.Load() == nil {
			return *why
		}
	}
	return "it is being started"
}

// pick is the worker with the fewest calls; nil if there is none.
func (p *pool) pick() *worker {
	w, _, _ := p.least()
	return w
}

// least is the worker with the fewest calls, its slot, and how many it has.
func (p *pool) least() (w *worker, of *slot, calls int64) {
	least := int64(0)
	for _, s := range p.slots {
		other := s.live.Load()
		if other == nil {
			continue
		}
		n := other.load.Load()
		if busy := other.busy(n); w == nil || busy < least {
			w, of, calls, least = other, s, n, busy
		}
	}
	return w, of, calls
}

// take is pick, and the worker has one call more: it is still that with the fewest, and
// in its slot.
func (p *pool) take() *worker {
	for {
		w, of, calls := p.least()
		switch {
		case w == nil:
			return nil
		case !w.load.CompareAndSwap(calls, calls+1):
			continue
		case of.live.Load() == w && !w.stuck():
			return w
		}
		w.load.Add(-1)
		if of.live.Load() == w {
			return nil // only others than this one could answer, which are being started
		}
	}
}

// workerFor has a worker get a call, until leave is called; nil where there is none.
func (p *pool) workerFor(ctx context.Context) (w *worker, leave func(), err error) {
	if l := lineOf(ctx); len(l) > 0 {
		return p.place(l)
	}
	return p.take(), nothingToLeave, nil
}

func nothingToLeave() {}

// call has a worker answer a call. An exception is a *serve.Error.
func (p *pool) call(ctx context.Context, f *frame) (last frame, parts []frame, err error) {
	w, leave, err := p.workerFor(ctx)
	if err != nil {
		return last, nil, err
	}
	defer leave()
	if w == nil {
		return last, nil, p.errDown()
	}
	last, parts, err = w.do(ctx, f)
	w.load.Add(-1)
	switch {
	case err != nil:
		err = w.gaveUp(err)
		p.gone(w, err)
		return last, nil, p.asAnswer(p.late(w, err))
	case last.kind == kindError:
		failure := failureOf(last.meta)
		p.tell(ctx, failure)
		return last, nil, failure.answer()
	}
	return last, parts, nil
}

// tell logs an exception with its traceback; of many, one a second.
func (p *pool) tell(ctx context.Context, f *Failure) {
	if f.Traceback == "" || f.Class == "CancelledError" || f.Route > 0 {
		return
	}
	level, now := slog.LevelDebug, time.Now().Unix()
	if last := p.told.Load(); last != now && p.told.CompareAndSwap(last, now) {
		level = slog.LevelWarn
	}
	if p.logger.Enabled(ctx, level) {
		p.logger.LogAttrs(ctx, level, "Python code failed", slog.String("error", f.Error()), slog.String("traceback", f.Traceback))
	}
}

// errDown is the answer where no worker can answer.
func (p *pool) errDown() error {
	return serve.Errorf(serve.Unavailable, "RuntimeError", "the Python worker is being started again: %s", p.why())
}

// gone takes a worker that has crashed out of its slot, so that no other call
// goes to it.
func (p *pool) gone(w *worker, err error) {
	var c *crash
	if !errors.As(err, &c) {
		return
	}
	for _, s := range p.slots {
		s.down.CompareAndSwap(nil, &c.why)
		s.live.CompareAndSwap(w, nil)
	}
}

// late says where the code is in a call that has passed its deadline, if no other has
// been asked about in this second.
func (p *pool) late(w *worker, err error) error {
	now := time.Now().Unix()
	if last := p.asking.Load(); !errors.Is(err, context.DeadlineExceeded) || last == now || !p.asking.CompareAndSwap(last, now) {
		return err
	}
	w.confess(lateWord)
	if at := w.place(); at != "" {
		return fmt.Errorf("%w: the Python code is at %s", err, at)
	}
	return err
}

// asAnswer is a failure of a worker as requests are answered with it: what
// crashes is a failure of the host, 500 in either contract.
func (p *pool) asAnswer(err error) error {
	var c *crash
	switch {
	case !errors.As(err, &c):
	case !c.sent:
		return serve.Errorf(serve.Unavailable, "RuntimeError", "the Python worker is being started again: %s", c.why)
	case !strings.Contains(c.why, ", at ") && p.about != "":
		return serve.Errorf(serve.Unwritable, "RuntimeError", "%w; it ran %s", c, p.about)
	default:
		return serve.Errorf(serve.Unwritable, "RuntimeError", "%w", c)
	}
	return err
}
