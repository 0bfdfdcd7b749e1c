package schedule

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/serve"
)

// execute has the model answer a batch.
func (b *Batcher) execute(batch []*item) {
	defer b.work.Done()
	start, rows, waited := time.Now(), 0, time.Duration(0)
	for _, it := range batch {
		rows += it.rows
		waited += start.Sub(it.since)
	}
	err := b.guarded(batch, rows)
	b.executed(len(batch), rows, time.Since(start), waited)
	for _, it := range batch {
		if err != nil && it.err == nil {
			it.out, it.err = nil, err
		}
		close(it.done)
	}
}

// executed counts a call that is over, before anybody has an answer: who has it finds
// the call among the counts, and the model free for the next.
func (b *Batcher) executed(requests, rows int, took, waited time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts.executed(requests, rows, took, waited)
	b.done()
}

// guarded is run. What panics in it, other than the model, is answers that cannot be
// taken apart: nobody else would recover on this goroutine.
func (b *Batcher) guarded(batch []*item, rows int) (err error) {
	defer b.recovered(&err)
	return b.run(batch, rows)
}

// run calls the model. An error is everybody's, unless it is the fault of a
// request: then each gets its own answer.
func (b *Batcher) run(batch []*item, rows int) error {
	if len(batch) == 1 {
		return b.one(batch[0])
	}
	ctx, stop := together(batch)
	defer stop()
	req, err := merge(batch)
	if err != nil {
		return err
	}
	reqs, ctxs := partsOf(batch)
	out, err := b.call(serve.WithTogether(ctx, reqs, ctxs), req)
	if err == nil {
		if each, ok := out.([]serve.Answer); ok {
			return deal(each, batch)
		}
		return split(out, batch, rows)
	}
	if serve.CodeOf(err) != serve.BadRequest {
		return err
	}
	for _, it := range batch {
		it.err = b.one(it)
	}
	return nil
}

func partsOf(batch []*item) (reqs []*serve.Request, ctxs []context.Context) {
	reqs, ctxs = make([]*serve.Request, len(batch)), make([]context.Context, len(batch))
	for i, it := range batch {
		reqs[i], ctxs[i] = it.req, it.ctx
	}
	return reqs, ctxs
}

// deal gives each request of a batch the answer that the model made for it.
func deal(each []serve.Answer, batch []*item) error {
	if len(each) != len(batch) {
		return fmt.Errorf("the model answered %d requests with %d answers", len(batch), len(each))
	}
	for i, it := range batch {
		if it.err = each[i].Err; it.err == nil {
			it.out = each[i].Outputs
		}
	}
	return nil
}

// one has the model answer one request.
func (b *Batcher) one(it *item) (err error) {
	it.out, err = b.call(it.ctx, it.req)
	return err
}

// errPanic is what callers are told of a model that panicked.
var errPanic = errors.New("the model panicked")

// call is the model's Predict on a goroutine that is no caller's, who would know
// what to make of a panic.
func (b *Batcher) call(ctx context.Context, req *serve.Request) (out any, err error) {
	defer b.recovered(&err)
	return b.next.Predict(ctx, req)
}

// recovered makes an error of a panic. It is deferred.
func (b *Batcher) recovered(err *error) {
	p := recover()
	if p == nil {
		return
	}
	*err = errPanic
	if b.o.Panicked != nil {
		*err = b.o.Panicked(p)
	}
}

// together is a context that ends when those of all requests have ended.
func together(batch []*item) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(batch[0].ctx))
	if last := deadline(batch); !last.IsZero() {
		var end context.CancelFunc
		ctx, end = context.WithDeadline(ctx, last)
		outer := cancel
		cancel = func() { end(); outer() }
	}
	var left atomic.Int64
	left.Store(int64(len(batch)))
	stops := make([]func() bool, len(batch))
	for i, it := range batch {
		stops[i] = context.AfterFunc(it.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}

// deadline is the last of the requests'; zero where one of them has none.
func deadline(batch []*item) (last time.Time) {
	for _, it := range batch {
		at, ok := it.ctx.Deadline()
		if !ok {
			return time.Time{}
		}
		if at.After(last) {
			last = at
		}
	}
	return last
}
