package python

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// idle is a pool of workers that nobody has started.
func idle(workers int) *pool {
	p := &pool{}
	for i := range workers {
		s := &slot{number: i}
		s.live.Store(&worker{process: &process{}})
		p.slots = append(p.slots, s)
	}
	return p
}

// from is a request that worker n of the pool puts, for what the line has led to, serving
// nothing until it is answered.
func (p *pool) from(t *testing.T, n int, l line) *inquiry {
	t.Helper()
	w := p.slots[n].live.Load()
	a := newInquiry(w.process, l)
	a.blocks.Store(true)
	goOn, err := w.desk.wait(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(goOn)
	return a
}

// waiting has the line wait, for ever or not.
func (l line) waiting(t *testing.T, on wait, forEver bool) {
	t.Helper()
	leave, err := l.awaits(on)
	if errors.Is(err, errDeadlock) != forEver {
		t.Errorf("it would wait for ever: %v", err)
	}
	if err == nil {
		t.Cleanup(leave)
	}
}

// TestWaitingForOneself tells requests that would wait for ever from those that wait
// for somebody who will be free.
func TestWaitingForOneself(t *testing.T) {
	a, b, two, far := idle(1), idle(1), idle(2), idle(1)
	first := a.from(t, 0, nil)
	first.line.waiting(t, wait{pool: a}, true)
	first.line.waiting(t, wait{pool: b}, false)
	b.from(t, 0, first.line).line.waiting(t, wait{pool: a}, true)

	one, other := two.from(t, 0, nil), two.from(t, 1, nil)
	one.line.waiting(t, wait{pool: two}, false) // the other worker of it may be free again
	other.line.waiting(t, wait{pool: far}, false)
	far.from(t, 0, nil).line.waiting(t, wait{pool: two}, true) // each of two waits for the other one, or for far
}

// TestWaitingForOneWorker has a request that a worker has got wait for that one, free as
// others may be.
func TestWaitingForOneWorker(t *testing.T) {
	a, two := idle(1), idle(2)
	first := a.from(t, 0, nil)
	first.line.waiting(t, wait{worker: two.slots[0].live.Load().process}, false)
	other := two.from(t, 0, nil) // of another request that the worker has
	other.line.waiting(t, wait{pool: a}, true)
}

// TestWaitingForAll has what a worker asks for requests that it got together be waited
// for by all of them.
func TestWaitingForAll(t *testing.T) {
	a, b, c := idle(1), idle(1), idle(1)
	first, second := a.from(t, 0, nil), b.from(t, 0, nil)
	ctx := func(x *inquiry) context.Context { return context.WithValue(t.Context(), inquiryKey{}, x) }
	both := lineOf(serve.WithTogether(ctx(first), nil, []context.Context{t.Context(), ctx(first), ctx(second), ctx(first)}))
	if diff := len(both) - 2; diff != 0 {
		t.Fatalf("%d requests have led to it", len(both))
	}
	asked := c.from(t, 0, both)
	asked.line.waiting(t, wait{pool: a}, true)
	asked.line.waiting(t, wait{pool: b}, true)
	if asked.depth != 1 {
		t.Errorf("it is %d deep", asked.depth)
	}
}

// TestWaitingInAQueue has a queue that lets through so many calls at a time be no way to
// a free worker, where those that have the calls wait for ever.
func TestWaitingInAQueue(t *testing.T) {
	p := idle(2)
	busy := p.slots[0].live.Load()
	busy.load.Store(2) // one came while the other worker was away
	first := p.from(t, 0, nil)
	first.line.waiting(t, wait{pool: p, calls: 3}, false)
	first.line.waiting(t, wait{pool: p, calls: 2}, true)
	busy.load.Store(1)
	first.line.waiting(t, wait{pool: p, calls: 2}, false)
	p.slots[1].live.Store(nil)
	if w := p.take(); w != nil || busy.load.Load() != 1 {
		t.Errorf("worker %v gets what nobody will answer, %d calls", w, busy.load.Load())
	}
}

// TestWaitingEnds has who no longer waits be in nobody's way.
func TestWaitingEnds(t *testing.T) {
	p := idle(2)
	one := p.from(t, 0, nil)
	w, leave, err := p.place(one.line)
	if err != nil {
		t.Fatal(err)
	}
	if w != p.slots[1].live.Load() {
		t.Error("it is put to the worker that waits for it")
	}
	leave()
	if n := len(one.waits); n != 0 {
		t.Errorf("it waits for %d", n)
	}
	if w := p.pick(); w != p.slots[1].live.Load() {
		t.Error("a call goes to the worker that serves nothing")
	}
}

// TestTakingEvenly has calls that come at the same moment go to different workers: a
// queue before them counts calls, not workers.
func TestTakingEvenly(t *testing.T) {
	p := idle(4)
	for range 1000 {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { p.take() })
		}
		all.Wait()
		for i, s := range p.slots {
			if n := s.live.Load().load.Swap(0); n != 2 {
				t.Fatalf("worker %d has %d calls of 8", i, n)
			}
		}
	}
}

// models are one model, named m.
type models struct {
	serve.Step
	streams bool
}

func (m models) Model(name, _ string) (serve.Peer, error) {
	if name != "m" {
		return serve.Peer{}, serve.Errorf(serve.Unavailable, "", "model %s is not ready", name)
	}
	return serve.Peer{Step: m.Step, Description: serve.Description{Streams: m.streams, StreamsOnly: m.streams}}, nil
}

func (m models) Change(context.Context, serve.ModelChange) error {
	return errors.New("it does not change")
}

// TestQuestions has hostile and unlucky questions be answered, and none be lost.
func TestQuestions(t *testing.T) {
	p := idle(1)
	w := p.slots[0].live.Load().process
	w.conn = newConn(nothing{})
	panics := serve.StepFunc(func(context.Context, *serve.Event) (serve.Fate, error) { panic("oh") })
	ask := func(meta string, body string) string {
		f := frame{meta: []byte(meta), body: []byte(body)}
		return string(p.answerer(w)(f).meta)
	}
	p.asked = func(frame) frame { return frame{meta: []byte("another's")} }
	for meta, want := range map[string]string{
		`{"ask":"infer","model":"m","tensors":[]}`: "not in a server",
		`{"ask":"artifact"}`:                       "another's",
		`{"ask":`:                                  "another's",
	} {
		if got := ask(meta, ""); !strings.Contains(got, want) {
			t.Errorf("%s: %s", meta, got)
		}
	}
	p.models = models{Step: panics}
	for meta, want := range map[string]string{
		`{"ask":"infer","model":"m","tensors":[]}`:                                                               `"failed":"the step panicked: oh","code":1`,
		`{"ask":"infer","model":"n","tensors":[]}`:                                                               `"failed":"model n is not ready","code":4`,
		`{"ask":"infer","model":"m","tensors":[{"name":"x","datatype":"FP32","shape":[9]}]}`:                     "cannot be read",
		`{"ask":"infer","model":"m","params":[],"tensors":[]}`:                                                   "cannot be read",
		`{"ask":"infer","model":"m","tensors":[{"name":"x","datatype":"FP32","shape":[4294967296,4294967296]}]}`: "cannot be read",
		`{"ask":"next","number":7}`:                                                                              `{"over":true}`,
		`{"ask":"stop","number":7}`:                                                                              "",
		`{"ask":"ready","model":"m"}`:                                                                            `{"ready":true}`,
		`{"ask":"ready","model":"n"}`:                                                                            `{"ready":false}`,
		`{"ask":"load","model":"m"}`:                                                                             "it does not change",
		`{"ask":"load","model":"m","files":[{"name":"file:a","size":5}]}`:                                        "cannot be read",
		`{"ask":"load","model":"m","files":[{"name":"file:a","size":-1}]}`:                                       "cannot be read",
		`{"ask":"infer","model":"m","call":99,"tensors":[],"blocks":true}`:                                       "panicked",
		`{"ask":"infer","model":"m","many":true,"call":99,"tensors":[]}`:                                         `{"number":1}`,
	} {
		if got := ask(meta, "abcd"); !strings.Contains(got, want) {
			t.Errorf("%s: %s", meta, got)
		}
	}
	if got := ask(`{"ask":"next","number":1}`, ""); !strings.Contains(got, "panicked") {
		t.Errorf("its answer: %s", got)
	}
	if got := ask(`{"ask":"next","number":1}`, ""); got != `{"over":true}` {
		t.Errorf("and then: %s", got)
	}
	if w.desk.open != 0 || len(w.desk.flows) != 0 || w.desk.still.Load() != 0 {
		t.Errorf("%d requests are open, with %d streams", w.desk.open, len(w.desk.flows))
	}
	p.models = models{Step: panics, streams: true}
	if got := ask(`{"ask":"infer","model":"m","tensors":[]}`, ""); !strings.Contains(got, "decoupled=True") {
		t.Errorf("one answer of a decoupled model: %s", got)
	}
}

// TestManyAndDeepRequests are refused beyond a number.
func TestManyAndDeepRequests(t *testing.T) {
	w := &process{conn: newConn(nothing{})}
	for range maxOpen {
		if err := w.desk.enter(); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, _, err := w.inquire(&modelQuestion{}); !errors.Is(err, errOpen) {
		t.Errorf("one more: %v", err)
	}
	w.desk.leave()
	deep := newInquiry(w, nil)
	deep.depth = maxDepth - 1
	c := &call{}
	if err := w.enter(context.WithValue(t.Context(), inquiryKey{}, deep), c, &frame{}); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := w.inquire(&modelQuestion{Call: 1}); !errors.Is(err, errDepth) {
		t.Errorf("one deeper: %v", err)
	}
}

// nothing is a connection on which nothing comes.
type nothing struct{}

func (nothing) Read([]byte) (int, error)          { select {} }
func (nothing) Write(b []byte) (int, error)       { return len(b), nil }
func (nothing) Close() error                      { return nil }
func (nothing) SetReadDeadline(_ time.Time) error { return nil }
