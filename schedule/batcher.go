package schedule

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/leat-ml/leat/serve"
)

// BatchOptions say how requests are put together.
type BatchOptions struct {
	// MaxRows is how many rows a batch may have; below 2 nothing is put together.
	MaxRows int
	// Preferred are the numbers of rows that a batch goes with at once; without any
	// it is MaxRows.
	Preferred []int
	// Delay is how long a request waits for others to come.
	Delay time.Duration
	// Instances is how many calls of the model run at a time; 0 is any number.
	Instances int
	// Levels is how many priorities there are, of which 1 comes first; 0 is one.
	// DefaultLevel is that of requests which say none.
	Levels, DefaultLevel int
	// Policy is that of the queue, and Policies of single priorities.
	Policy   Policy
	Policies map[int]Policy
	// Panicked makes an error of what the model threw; nil makes a plain one.
	Panicked func(thrown any) error
}

// A Policy bounds a queue.
type Policy struct {
	// Timeout is how long a request may wait; 0 is any time.
	Timeout time.Duration
	// Late lets a request that has waited too long be served when nobody else
	// waits, in place of refusing it.
	Late bool
	// Override lets a request's parameter "timeout" shorten Timeout, or set it
	// where it is 0.
	Override bool
	// MaxSize is how many requests may wait; 0 is any number.
	MaxSize int
}

// A Batcher is a model that puts requests together which wait for it. The
// outputs of the model must have a row for each row of the inputs. Requests are
// put together when they are alike: in the names, datatypes and further lengths of
// their inputs and in their parameters. Every caller gets its own rows.
type Batcher struct {
	next Predictor
	o    BatchOptions

	mu      sync.Mutex
	queues  []queue // by priority
	waiting int     // requests in them
	running int     // calls of the model
	timer   *time.Timer
	counts  counts
	work    sync.WaitGroup // calls that nobody may wait for any more
}

// NewBatcher returns a batcher over a model, which it does not close.
func NewBatcher(next Predictor, o BatchOptions) *Batcher {
	o.Levels = max(1, o.Levels)
	if o.DefaultLevel < 1 || o.DefaultLevel > o.Levels {
		o.DefaultLevel = 1
	}
	b := &Batcher{next: next, o: o, queues: make([]queue, o.Levels)}
	for i := range b.queues {
		b.queues[i].policy = o.Policy
		if p, ok := o.Policies[i+1]; ok {
			b.queues[i].policy = p
		}
	}
	return b
}

// ErrQueueFull and ErrTimeout are why requests are not served that could not wait,
// or have waited too long.
var (
	ErrQueueFull = errors.New("exceeds maximum queue size")
	ErrTimeout   = errors.New("request timeout expired in the queue")
)

func unavailable(err error) error {
	return &serve.Error{Code: serve.Unavailable, Class: "RuntimeError", Err: err}
}

// Predict has the model predict, with others or without. When ctx ends it returns
// the error of ctx: a request that waits leaves the queue, and a call that nobody
// waits for any more is given up.
func (b *Batcher) Predict(ctx context.Context, req *serve.Request) (any, error) {
	if err := checkPolicy(req.Parameters); err != nil {
		return nil, err
	}
	rows, shaped := rowsOf(req)
	b.mu.Lock()
	if b.waiting == 0 && b.free() && (!shaped || b.o.MaxRows < 2 || b.o.Delay == 0 || b.complete(rows)) {
		b.running++
		b.mu.Unlock()
		return b.alone(ctx, req, rows)
	}
	it, err := b.enqueue(ctx, req, rows, shaped)
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return b.wait(it)
}

// free says whether the model may be called once more.
func (b *Batcher) free() bool { return b.o.Instances == 0 || b.running < b.o.Instances }

// alone has the model answer one request on the goroutine of its caller.
func (b *Batcher) alone(ctx context.Context, req *serve.Request, rows int) (any, error) {
	start := time.Now()
	defer func() { b.executed(1, rows, time.Since(start), 0) }() // the model may panic, which is the caller's to tell
	return b.next.Predict(ctx, req)
}

// enqueue puts a request into the queue and has it go if it can. The lock is held.
func (b *Batcher) enqueue(ctx context.Context, req *serve.Request, rows int, shaped bool) (*item, error) {
	level := b.levelOf(req.Parameters)
	q := &b.queues[level-1]
	if q.policy.MaxSize > 0 && q.len() >= q.policy.MaxSize {
		return nil, unavailable(fmt.Errorf("%w: %d requests wait for the model", ErrQueueFull, q.len()))
	}
	it := &item{ctx: ctx, req: req, rows: rows, shaped: shaped && b.o.MaxRows > 1, queue: q, since: time.Now(), done: make(chan struct{})}
	it.timeout = q.policy.timeoutOf(req.Parameters)
	q.push(it)
	b.waiting++
	b.dispatch()
	return it, nil
}

func (b *Batcher) levelOf(p map[string]any) int {
	n, ok := p[paramPriority].(int64)
	if !ok || n < 1 || n > int64(b.o.Levels) {
		return b.o.DefaultLevel
	}
	return int(n)
}

// timeoutOf is how long a request may wait; 0 is any time.
func (p *Policy) timeoutOf(params map[string]any) time.Duration {
	own := microseconds(params, paramTimeout)
	if p.Override && own > 0 && (p.Timeout == 0 || own < p.Timeout) {
		return own
	}
	return p.Timeout
}

// wait waits for the answer to a request in the queue.
func (b *Batcher) wait(it *item) (any, error) {
	var late <-chan time.Time
	if it.timeout > 0 {
		t := time.NewTimer(it.timeout)
		defer t.Stop()
		late = t.C
	}
	for {
		select {
		case <-it.done:
			return it.out, it.err
		case <-it.ctx.Done():
			b.leave(it)
			return nil, it.ctx.Err()
		case <-late:
			late = nil
			if b.late(it) {
				return nil, unavailable(fmt.Errorf("%w after %v", ErrTimeout, it.timeout))
			}
		}
	}
}

// leave takes a request out of the queue whose caller has gone.
func (b *Batcher) leave(it *item) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if it.queue.remove(it) {
		b.waiting--
		b.dispatch() // it may have been in the way of others
	}
}

// late deals with a request that has waited too long, and says whether it is
// refused. One that the model has by now is not.
func (b *Batcher) late(it *item) (refused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !it.queue.remove(it) {
		return false
	}
	if it.queue.policy.Late {
		it.queue.delayed = append(it.queue.delayed, it)
		b.dispatch()
		return false
	}
	b.waiting--
	b.dispatch()
	return true
}

// done ends a call of the model. The lock is held.
func (b *Batcher) done() {
	b.running--
	b.dispatch()
}

// dispatch starts as many calls as there can be. The lock is held.
func (b *Batcher) dispatch() {
	for b.waiting > 0 && b.free() {
		batch, pause := b.gather(time.Now())
		if len(batch) == 0 {
			b.wake(pause)
			return
		}
		b.running++
		b.work.Add(1)
		go b.execute(batch)
	}
}

// wake has dispatch be called again when the first request has waited long enough.
func (b *Batcher) wake(pause time.Duration) {
	if b.timer != nil {
		b.timer.Reset(pause)
		return
	}
	b.timer = time.AfterFunc(pause, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.dispatch()
	})
}

// Close waits for calls of the model that nobody waits for any more, or for ctx.
// Predict must not be called any more.
func (b *Batcher) Close(ctx context.Context) error {
	idle := make(chan struct{})
	go func() {
		b.work.Wait()
		close(idle)
	}()
	b.mu.Lock()
	if b.timer != nil {
		b.timer.Stop()
	}
	b.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("batches are still running: %w", ctx.Err())
	}
}
