package python

import (
	"context"
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// An incoming is the answers of a model to a worker that takes them one by one: the
// model is never ahead by more than one. It is a [serve.Sink].
type incoming struct {
	a     *inquiry
	ctx   context.Context
	leave func()
	ready chan incomingPart // closed behind the last
}

// An incomingPart is one answer.
type incomingPart struct {
	frame frame
	err   error
}

// begin has a model begin to answer, and tells the worker the number to ask by.
func (p *pool) begin(w *process, f *frame, q *modelQuestion) (a frame, err error) {
	peer, ev, err := p.put(f, q)
	if err != nil {
		return a, err
	}
	in := &incoming{ready: make(chan incomingPart)}
	if in.ctx, in.a, in.leave, err = w.inquire(q); err != nil {
		return a, err
	}
	number := w.desk.add(in)
	w.asks.Go(func() { in.run(peer, ev) }) // ends with the connection at the latest
	return frame{meta: strconv.AppendUint([]byte(`{"number":`), number, 10)}.closed(), nil
}

// closed ends the metadata.
func (f frame) closed() frame {
	f.meta = append(f.meta, '}')
	return f
}

// run has the model answer.
func (in *incoming) run(to serve.Step, ev *serve.Event) {
	defer close(in.ready)
	ev.Offer(in)
	err := do(in.ctx, to, ev)
	switch {
	case err != nil:
		_ = in.pass(incomingPart{err: err}) // nobody may be there to take it
	case !ev.Streamed(): // it is a model that answers once
		_ = in.Send(ev.Body)
	}
}

// Send implements [serve.Sink].
func (in *incoming) Send(answer serve.Body) error {
	a, err := tensorsAnswer(answer)
	return in.pass(incomingPart{a, err})
}

func (in *incoming) pass(part incomingPart) error {
	select {
	case in.ready <- part:
		return nil
	case <-in.ctx.Done():
		return context.Cause(in.ctx)
	}
}

// add keeps the answers of a request, under a number.
func (d *desk) add(in *incoming) (number uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.flows == nil {
		d.flows = map[uint64]*incoming{}
	}
	d.last++
	d.flows[d.last] = in
	return d.last
}

// next waits for the next answer of a request.
func (d *desk) next(life context.Context, q *modelQuestion) (a frame, err error) {
	d.mu.Lock()
	in := d.flows[q.Number]
	d.mu.Unlock()
	if in == nil {
		return yes("over", true), nil
	}
	if q.Blocks { // whatever it did when the request was made
		in.a.blocks.Store(true)
	}
	goOn, err := d.wait(in.a)
	if err != nil {
		d.stop(q.Number)
		return a, err
	}
	defer goOn()
	select {
	case part, more := <-in.ready:
		if !more {
			d.stop(q.Number)
			return yes("over", true), nil
		}
		return part.frame, part.err
	case <-life.Done():
		return a, context.Cause(life)
	}
}

// stop lets go of the answers of a request, which ends if it has not.
func (d *desk) stop(number uint64) {
	d.mu.Lock()
	in := d.flows[number]
	delete(d.flows, number)
	d.mu.Unlock()
	if in != nil {
		in.leave()
	}
}
