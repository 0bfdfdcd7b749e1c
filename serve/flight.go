package serve

import (
	"context"
	"runtime"
	"sync"
)

// A Flight is one request on its way through a graph that can branch, wait and
// join: it counts the request's parts and settles its one outcome. It is for
// engines; steps see it only through [Event.Clone] and [Join]. It is safe for
// concurrent use.
type Flight struct {
	mu        sync.Mutex
	main      int // parts from which an answer can still come
	all       int // and parts from which none can
	settled   bool
	heeded    bool // err is for Lost: nobody waits for an answer
	answer    *Event
	err       error
	outcome   chan struct{} // closed when settled; made by whoever waits
	empty     chan struct{} // closed when nothing is left; made by whoever waits
	joined    []*Event      // parts of other flights whose outcome is this one's
	otherwise *Event        // the answer if no part has one
	landed    func()        // called once nothing is left
}

// NewErrand returns a flight that nobody waits for an answer of: all of its
// parts are on the side, and what becomes of it is the first error of one.
func NewErrand() *Flight { return &Flight{heeded: true} }

// part is what an event counts as in its flight.
type part uint8

const (
	noPart part = iota
	mainPart
	sidePart
)

// NewFlight returns a flight without parts. landed, which may be nil, is called
// when the last one has ended.
func NewFlight(landed func()) *Flight { return &Flight{landed: landed} }

// Join returns an event whose outcome becomes that of every one of evs, which
// the step that calls it has kept: a batch of requests travels as one. Their
// answers are clones of its answer, each under the ID of its own request. The
// step must not use evs any more.
func Join(evs []*Event) *Event {
	first := evs[0]
	e := &Event{Time: first.Time, Target: first.Target, Trigger: first.Trigger, moved: true}
	side := true
	for _, ev := range evs {
		side = side && ev.part != mainPart
	}
	f := &Flight{joined: evs}
	f.Begin(e, side)
	return e
}

// Flight is the flight that the event is a part of; nil if it is in none.
func (e *Event) Flight() *Flight { return e.flight }

// Main says whether the answer of the request can come from this part of it.
func (e *Event) Main() bool { return e.part == mainPart }

// Join makes ev a part of the flight, unless it is one already, and reports
// false when the flight is over.
func (f *Flight) Join(ev *Event, side bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == 0 {
		return false
	}
	if ev.part == noPart {
		f.begin(ev, side)
	}
	return true
}

// Otherwise gives an answer for the case that no part has one in the end. Without
// it the request counts as filtered then.
func (f *Flight) Otherwise(answer *Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.otherwise = answer
}

// Begin makes ev a part of the flight: on the side if no answer can come from
// it. A part may turn to the side, not back.
func (f *Flight) Begin(ev *Event, side bool) {
	f.mu.Lock()
	var told []*Event
	if ev.part == noPart {
		f.begin(ev, side)
	} else if side {
		told = f.turn(ev)
	}
	f.mu.Unlock()
	aside(told)
}

// turn turns a part to the side. The lock is held.
func (f *Flight) turn(ev *Event) (told []*Event) {
	if ev.part != mainPart {
		return nil
	}
	ev.part = sidePart
	return f.leaveMain()
}

// begin is called with the lock held.
func (f *Flight) begin(ev *Event, side bool) {
	ev.flight, ev.part = f, sidePart
	f.all++
	if !side {
		ev.part = mainPart
		f.main++
	}
}

// End ends a part. When no main part is left and nobody has answered, the
// request was filtered.
func (f *Flight) End(ev *Event) {
	f.mu.Lock()
	told := f.leave(ev)
	f.unlock()
	aside(told)
}

// Answer ends a part with the answer of the request. It reports false when the
// request had its outcome before.
func (f *Flight) Answer(ev *Event) bool {
	f.mu.Lock()
	told, ok := f.settle(ev, nil)
	for _, p := range told {
		own := ev.Clone()
		own.ID, own.flight = p.Identify(), p.flight
		own.part, p.part = p.part, noPart
		p.flight.Answer(own)
	}
	f.leave(ev)
	f.unlock()
	return ok
}

// Fail ends a part with the failure of the request. It reports false when the
// request had its outcome before.
func (f *Flight) Fail(ev *Event, err error) bool {
	f.mu.Lock()
	told, ok := f.settle(nil, err)
	for _, p := range told {
		p.flight.Fail(p, err)
	}
	f.leave(ev)
	f.unlock()
	return ok
}

// Lose ends a part on the side that has failed. It reports false when the flight
// is no errand, so that nobody will ask for the error.
func (f *Flight) Lose(ev *Event, err error) bool {
	f.mu.Lock()
	if f.heeded && f.err == nil {
		f.err = err
	}
	heeded := f.heeded
	f.leave(ev)
	f.unlock()
	return heeded
}

// Lost is the first error of an errand's parts.
func (f *Flight) Lost() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// aside turns parts to the side. They may have ended by now, with the flight that
// they were joined for: then nothing begins again.
func aside(evs []*Event) {
	for _, ev := range evs {
		f := ev.flight
		f.mu.Lock()
		told := f.turn(ev)
		f.mu.Unlock()
		aside(told)
	}
}

// settle decides the outcome. ok is false when it was decided before. told are
// the joined parts, of which this is the outcome too. The lock is held.
func (f *Flight) settle(answer *Event, err error) (told []*Event, ok bool) {
	if f.settled || f.heeded {
		return nil, false
	}
	f.settled, f.answer, f.err = true, answer, err
	if f.outcome != nil {
		close(f.outcome)
	}
	return f.joined, true
}

// leave ends a part. The lock is held.
func (f *Flight) leave(ev *Event) (told []*Event) {
	if ev.part == noPart {
		return nil
	}
	if ev.part == mainPart {
		told = f.leaveMain()
	}
	ev.part = noPart
	f.all--
	return told
}

// leaveMain is called with the lock held.
func (f *Flight) leaveMain() (told []*Event) {
	if f.main--; f.main == 0 {
		told, _ = f.settle(f.otherwise, nil)
	}
	return told
}

// unlock releases the lock, and what waits for the flight when it has landed.
func (f *Flight) unlock() {
	if f.all > 0 {
		f.mu.Unlock()
		return
	}
	joined, landed, empty := f.joined, f.landed, f.empty
	f.joined, f.landed, f.empty = nil, nil, nil
	f.mu.Unlock()
	for _, p := range joined {
		p.flight.End(p)
	}
	if empty != nil {
		close(empty)
	}
	if landed != nil {
		landed()
	}
}

// Settled says whether the request has its outcome.
func (f *Flight) Settled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settled
}

// Wait returns the outcome: an answer, an error, or neither for a request that
// was filtered. When ctx ends first, that is the outcome. It is called once.
func (f *Flight) Wait(ctx context.Context) (*Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.settled {
		f.mu.Unlock()
		runtime.Gosched()
		f.mu.Lock()
	}
	if f.settled {
		return f.answer, f.err
	}
	outcome := make(chan struct{})
	f.outcome = outcome
	f.mu.Unlock()
	late := Await(ctx, outcome)
	f.mu.Lock()
	if late != nil {
		f.settle(nil, late)
	}
	return f.answer, f.err
}

// WaitAll waits until no part is left, or for ctx. It is called once.
func (f *Flight) WaitAll(ctx context.Context) error {
	f.mu.Lock()
	if f.all == 0 {
		f.mu.Unlock()
		return nil
	}
	empty := make(chan struct{})
	f.empty = empty
	f.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
