package graph

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/leat-ml/leat/serve"
)

// serve runs an event through the plan and returns the outcome of the request.
func (p *plan) serve(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	if p.simple {
		return p.walkChain(ctx, ev)
	}
	f := p.depart(ctx, ev)
	return f.Wait(ctx)
}

// process is serve for whoever wants to know when nothing of the event is left.
func (p *plan) process(ctx context.Context, ev *serve.Event) error {
	if p.simple {
		_, err := p.walkChain(ctx, ev)
		return err
	}
	f := p.depart(ctx, ev)
	_, err := f.Wait(ctx)
	if late := f.WaitAll(ctx); err == nil {
		err = late
	}
	return err
}

// depart sends an event on its way and returns when what can be done on this
// goroutine is done.
func (p *plan) depart(ctx context.Context, ev *serve.Event) *serve.Flight {
	p.g.flights.begin()
	defer p.g.flights.rest()
	f := serve.NewFlight(p.g.landed)
	switch p.ack {
	case ackFirst:
		way := ev.Clone()
		f.Begin(way, true)
		f.Begin(ev, false)
		f.Answer(acknowledge(ev))
		p.aside(p.g.behind(ctx), followers{to: len(p.starts)}, way)
	case ackLast:
		f.Otherwise(acknowledge(ev.Clone()))
		f.Begin(ev, false)
		p.follow(ctx, followers{to: len(p.starts)}, ev)
	default:
		f.Begin(ev, false)
		p.follow(ctx, followers{to: len(p.starts)}, ev)
	}
	return f
}

// acknowledge makes the event the answer of a flow that gives none: its id.
func acknowledge(ev *serve.Event) *serve.Event {
	ev.Body = serve.ValueBody(serve.NewObject(serve.Field{Key: "id", Value: ev.Identify()}))
	ev.Reply = nil
	return ev
}

// walkChain runs a simple plan. The one deferred call turns a step's panic into
// an error, and what is left of the chain is walked by a second call then.
func (p *plan) walkChain(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	first := p.starts[0]
	for n := first; n != nil; {
		at, fate, err := p.advance(ctx, n, ev, n == first)
		if err != nil {
			if n = p.handlerOf(ctx, at, ev, err); n == nil {
				return nil, p.failed(at, err)
			}
			continue
		}
		switch fate {
		case serve.Drop:
			return nil, nil
		case serve.Pass, serve.Finish:
			return ev, nil
		}
		return nil, p.failed(at, fmt.Errorf("fate %d is for steps that know their place in the graph", fate))
	}
	return ev, nil
}

// advance runs the steps of a chain from n on until one ends it, branches or
// fails. at is that step. fresh says that the event has just been let in.
func (p *plan) advance(ctx context.Context, n *node, ev *serve.Event, fresh bool) (at *node, fate serve.Fate, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = p.panicked(at, v)
		}
	}()
	var clock time.Duration
	if p.g.observer != nil {
		clock = time.Since(p.g.epoch)
	}
	lazy, _ := ctx.(*serve.Deadline)
	i := 0
	for at = n; ; at = at.next[0] {
		if !fresh || i > 0 {
			ev.Move()
			if err := over(ctx, lazy, i); err != nil {
				return at, serve.Pass, err
			}
		}
		i++
		if p.g.trace != nil {
			fate, err = p.traced(ctx, at, ev)
		} else {
			fate, err = at.step.Do(ctx, ev)
		}
		if at.metrics != nil { // one look at the clock ends a step and begins the next
			now := time.Since(p.g.epoch)
			at.metrics.Done(now-clock, err)
			clock = now
		}
		if err != nil || fate != serve.Pass || at.answers || len(at.next) != 1 {
			return at, fate, err
		}
		at.enter(0, ev)
	}
}

// over says whether a request is over before step i. The clock is looked at before
// every fourth one only, since that takes longer than most steps do; an answer
// that is late all the same is found out at the end.
func over(ctx context.Context, lazy *serve.Deadline, i int) error {
	if lazy != nil && i%4 != 0 {
		return lazy.Canceled()
	}
	return ctx.Err()
}

// enter tells an event by which way it comes to follower i, where there are
// several.
func (n *node) enter(i int, ev *serve.Event) {
	if in := n.inlet[i]; in >= 0 {
		ev.Enter(int(in))
	}
}

// traced runs a step under the eyes of the tracer, who is told of a panic too.
func (p *plan) traced(ctx context.Context, n *node, ev *serve.Event) (fate serve.Fate, err error) {
	in, leave := p.g.trace.Enter(ctx, n.name, ev)
	err = errPanicked // unless Do returns
	defer func() { leave(ev, fate, err) }()
	fate, err = n.step.Do(in, ev)
	return fate, err
}

// errPanicked is all that callers are told of a panic.
var errPanicked = errors.New("the step panicked; the log has the details")

func (p *plan) panicked(n *node, v any) error {
	p.g.logger.Error("step panicked", "graph", p.g.name, "step", n.name, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	err := &serve.Error{Code: serve.Internal, Err: errPanicked}
	if p.bare {
		err.Op = "step " + n.name
	}
	return err
}

// failed names the step in an error that nothing handled.
func (p *plan) failed(n *node, err error) error {
	if p.bare {
		return err
	}
	op := "step " + n.name
	if p.g.name != "" {
		op = "graph " + p.g.name + ": " + op
	}
	return serve.In(op, err)
}

// handlerOf is where an event goes on whose step failed: its handler, unless
// that had the event before.
func (p *plan) handlerOf(ctx context.Context, n *node, ev *serve.Event, err error) *node {
	h := n.onError
	if h == nil || ctx.Err() != nil { // too late for a handler
		return nil
	}
	for f := ev.Fault; f != nil; f = f.Before {
		if f.Handler == h.name {
			return nil
		}
	}
	ev.Fault = &serve.Fault{Step: n.name, Err: err, Handler: h.name, Before: ev.Fault}
	return h
}

// walk runs an event, a part of its flight, from n to the end of its way.
func (p *plan) walk(ctx context.Context, n *node, ev *serve.Event) {
	for {
		at, fate, err := p.advance(ctx, n, ev, false)
		if err != nil {
			if h := p.handlerOf(ctx, at, ev, err); h != nil {
				n = h
				continue
			}
			p.fail(ctx, at, ev, err)
			return
		}
		if n = p.pass(ctx, at, ev, fate); n == nil {
			return
		}
	}
}

// pass sends an event on from a step that was done with it, and returns where
// this goroutine goes on with it, if it does.
func (p *plan) pass(ctx context.Context, at *node, ev *serve.Event, fate serve.Fate) *node {
	f := ev.Flight()
	next := followers{at, 0, len(at.next)}
	if i, one := fate.Follower(); one {
		if i < 0 || i >= len(at.next) {
			p.fail(ctx, at, ev, fmt.Errorf("it chose follower %d of %d", i, len(at.next)))
			return nil
		}
		next = followers{at, i, i + 1}
	}
	switch {
	case fate == serve.Keep:
		return nil
	case fate == serve.Drop, fate == serve.Finish && !ev.Main():
		f.End(ev)
		return nil
	case fate == serve.Finish, at.answers && ev.Main():
		if fate == serve.Finish {
			next.to = next.from
		}
		p.answer(ctx, next, ev)
		return nil
	case next.to == next.from:
		f.End(ev)
		return nil
	}
	return p.branch(ctx, next, ev)
}

// followers are some of what a node leads to; at is nil for the starts of a plan.
type followers struct {
	at       *node
	from, to int
}

func (p *plan) node(fs followers, i int) *node {
	if fs.at == nil {
		return p.starts[i]
	}
	return fs.at.next[i]
}

// enter is node.enter; the starts have no inlets.
func (fs followers) enter(i int, ev *serve.Event) {
	if fs.at != nil {
		fs.at.enter(i, ev)
	}
}

// answer settles the request with ev; what follows gets a clone, off this
// goroutine.
func (p *plan) answer(ctx context.Context, tail followers, ev *serve.Event) {
	f := ev.Flight()
	if tail.from == tail.to {
		f.Answer(ev)
		return
	}
	rest := ev.Clone()
	f.Begin(rest, true)
	f.Answer(ev)
	p.aside(p.g.behind(ctx), tail, rest)
}

// aside runs an event from the nodes on beside the caller. Close waits for it,
// since the event is a part of a flight.
func (p *plan) aside(ctx context.Context, next followers, ev *serve.Event) {
	p.g.flights.move()
	p.g.crew.run(part{p: p, ctx: ctx, to: next, ev: ev})
}

// beside is aside for an event that has been sent on its way to n.
func (p *plan) beside(ctx context.Context, n *node, ev *serve.Event) {
	p.g.flights.move()
	p.g.crew.run(part{p: p, ctx: ctx, n: n, ev: ev})
}

// branch sends clones of an event to all followers but the one that this
// goroutine goes on to, which it returns. Those from which no answer can come
// go their own way; of the others, those that wait run beside each other.
func (p *plan) branch(ctx context.Context, next followers, ev *serve.Event) *node {
	stay := p.stays(next, ev)
	if next.to-next.from == 1 && stay >= 0 {
		next.enter(stay, ev)
		return p.node(next, stay)
	}
	f, main := ev.Flight(), ev.Main()
	var few [4]way
	inline := few[:0]
	for i := next.from; i < next.to; i++ {
		if i == stay {
			continue
		}
		n, c := p.node(next, i), ev.Clone()
		next.enter(i, c)
		aside := main && !n.main
		f.Begin(c, aside || !main)
		switch {
		case aside:
			p.beside(p.g.behind(ctx), n, c)
		case n.waits:
			p.beside(ctx, n, c)
		default:
			inline = append(inline, way{n, c})
		}
	}
	return p.inline(ctx, next, inline, stay, ev)
}

// A way is an event and where it goes on.
type way struct {
	n  *node
	ev *serve.Event
}

// inline runs branches one after another. Once the request has its answer,
// nobody waits for the rest, which goes on off this goroutine.
func (p *plan) inline(ctx context.Context, next followers, ways []way, stay int, ev *serve.Event) *node {
	f, main := ev.Flight(), ev.Main()
	for i, w := range ways {
		if i > 0 && main && f.Settled() {
			p.beside(p.g.behind(ctx), w.n, w.ev)
			continue
		}
		p.walk(ctx, w.n, w.ev)
	}
	if stay < 0 {
		f.End(ev)
		return nil
	}
	n := p.node(next, stay)
	next.enter(stay, ev)
	if len(ways) > 0 && main && f.Settled() {
		p.beside(p.g.behind(ctx), n, ev)
		return nil
	}
	return n
}

// stays is the follower that the event itself goes to: the last one from which
// an answer can come, else the last; less than 0 for none.
func (p *plan) stays(next followers, ev *serve.Event) int {
	if !ev.Main() {
		return next.to - 1
	}
	for i := next.to - 1; i >= next.from; i-- {
		if p.node(next, i).main {
			return i
		}
	}
	return -1
}

// follow runs an event from the nodes on to the end of its way.
func (p *plan) follow(ctx context.Context, next followers, ev *serve.Event) {
	if next.from == next.to {
		ev.Flight().End(ev)
		return
	}
	if n := p.branch(ctx, next, ev); n != nil {
		p.walk(ctx, n, ev)
	}
}

// fail ends a part with an error that nothing handles: the request's failure, or
// on the side a line in the log.
func (p *plan) fail(_ context.Context, at *node, ev *serve.Event, err error) {
	err = p.failed(at, err)
	if !ev.Main() {
		id, body := ev.Identify(), ev.Body
		if !ev.Flight().Lose(ev, err) {
			p.g.lost(at, id, body, err)
		}
		return
	}
	ev.Flight().Fail(ev, err)
}

// emit is Links.Emit of a node.
func (p *plan) emit(ctx context.Context, n *node, ev *serve.Event) {
	p.board(n, ev)
	defer p.g.flights.rest()
	if next := p.pass(ctx, n, ev, serve.Pass); next != nil {
		p.walk(ctx, next, ev)
	}
}

// errand is Links.Process of a node. Close does not wait for it: the step that
// it is for does, in its own Close.
func (p *plan) errand(ctx context.Context, n *node, ev *serve.Event) error {
	f := serve.NewErrand()
	f.Begin(ev, true)
	p.follow(ctx, followers{n, 0, len(n.next)}, ev)
	if err := f.WaitAll(ctx); err != nil {
		return err
	}
	return f.Lost()
}

// end is Links.End of a node.
func (p *plan) end(ctx context.Context, n *node, ev *serve.Event, err error) {
	p.board(n, ev)
	defer p.g.flights.rest()
	switch {
	case err == nil:
		ev.Flight().End(ev)
	default:
		if h := p.handlerOf(ctx, n, ev, err); h != nil {
			p.walk(ctx, h, ev)
			return
		}
		p.fail(ctx, n, ev, err)
	}
}

// board makes an event a part of its flight, or of one of its own when it has
// none that is still on its way, and counts it as moving.
func (p *plan) board(n *node, ev *serve.Event) {
	if f := ev.Flight(); f != nil && f.Join(ev, !n.main) {
		p.g.flights.move()
		return
	}
	p.g.flights.begin()
	f := serve.NewFlight(p.g.landed)
	f.Begin(ev, true)
}
