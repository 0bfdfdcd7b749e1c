package schedule

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/leat-ml/leat/serve"
)

// SequenceOptions say how sequences are served.
type SequenceOptions struct {
	// Slots is how many sequences there may be at a time; those that begin later
	// wait until another has ended.
	Slots int
	// Idle is how long a sequence may be quiet before its place is another's; 0 is
	// a second.
	Idle time.Duration
	// Controls are the inputs that tell the model of the sequence.
	Controls []Control
	// States are kept from one request of a sequence to the next.
	States []State
	// Batched gives the controls a row for each row of the request.
	Batched bool
}

// A Sequencer serves requests that belong to sequences. Those of one sequence are
// served one at a time, in the order in which they came, and by the same of several
// models: the same instance of a model that remembers.
type Sequencer struct {
	o    SequenceOptions
	next []Predictor

	mu      sync.Mutex
	live    map[any]*sequence // by the id: an int64, a serve.Number or a string
	load    []int             // sequences of each model
	used    int               // slots
	backlog []*sequence       // that wait for a slot, the first first
	timer   *time.Timer       // looks for sequences that are quiet
	closed  bool
}

// A sequence is one, and what waits to be the next of that id. The sequencer's lock
// guards it, and what is open, last and of its states is that of the request whose turn
// it is.
type sequence struct {
	id       any
	instance int
	refs     int             // requests in it
	line     []chan struct{} // of those that wait for their turn, the first first; closed when it is theirs
	busy     bool            // it is somebody's turn
	held     bool            // it has a slot

	last   time.Time
	open   bool // it has begun and not ended
	states map[string]*serve.Tensor
}

// NewSequencer returns a sequencer over the instances of a model, which it does not
// close.
func NewSequencer(next []Predictor, o SequenceOptions) *Sequencer {
	o.Slots = max(1, o.Slots)
	if o.Idle <= 0 {
		o.Idle = time.Second
	}
	return &Sequencer{o: o, next: next, live: map[any]*sequence{}, load: make([]int, len(next))}
}

func badRequest(format string, args ...any) error {
	return serve.Errorf(serve.BadRequest, "ValueError", format, args...)
}

// identify reads the id of the sequence.
func identify(p map[string]any) (id any, err error) {
	switch id := p[paramID].(type) {
	case string:
		if id != "" {
			return id, nil
		}
	case int64:
		if id != 0 {
			return id, nil
		}
	case serve.Number:
		return id, nil
	}
	return nil, badRequest("a request to this model must specify a non-zero or non-empty sequence_id")
}

// Predict serves one request of a sequence. When ctx ends while it waits for its
// turn it returns the error of ctx, and the sequence goes on without it.
func (s *Sequencer) Predict(ctx context.Context, req *serve.Request) (any, error) {
	id, err := identify(req.Parameters)
	if err != nil {
		return nil, err
	}
	start, _ := req.Parameters[paramStart].(bool)
	end, _ := req.Parameters[paramEnd].(bool)
	q, turn, err := s.join(id, start)
	if err != nil {
		return nil, err
	}
	defer s.leave(q, turn)
	select {
	case <-turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if start {
		q.open, q.states = true, nil
	}
	if !q.open {
		return nil, errNotStarted(id)
	}
	out, err := s.step(ctx, q, req, signals{start: start, end: end, id: id})
	q.last = time.Now()
	if end {
		q.open = false
	}
	return out, err
}

func errNotStarted(id any) error {
	return badRequest("the first request of sequence %v must have sequence_start: it is unknown, or has been quiet for too long", id)
}

// join finds the sequence of an id, or begins one, and has a request wait for its turn.
func (s *Sequencer) join(id any, start bool) (q *sequence, turn chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q = s.live[id]
	if q == nil && !start {
		return nil, nil, errNotStarted(id)
	}
	if q == nil {
		q = &sequence{id: id}
		s.live[id] = q
		s.backlog = append(s.backlog, q)
		s.place(time.Now())
		s.watch()
	}
	q.refs++
	turn = make(chan struct{})
	q.line = append(q.line, turn)
	q.next()
	return q, turn, nil
}

// next makes it the turn of who has waited longest, if there is a slot and it is
// nobody's. The lock is held.
func (q *sequence) next() {
	if !q.held || q.busy || len(q.line) == 0 {
		return
	}
	q.busy = true
	close(q.line[0])
	q.line = slices.Delete(q.line, 0, 1)
}

// leave takes a request out of its sequence, whose turn it was or who waits no longer,
// and the sequence away if it is over.
func (s *Sequencer) leave(q *sequence, turn chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(q.line, turn); i >= 0 {
		q.line = slices.Delete(q.line, i, i+1)
	} else {
		q.busy = false
	}
	q.next()
	if q.refs--; q.refs > 0 || q.open {
		return
	}
	s.remove(q)
	s.place(time.Now())
}

// remove forgets a sequence that no request is in. The lock is held.
func (s *Sequencer) remove(q *sequence) {
	delete(s.live, q.id)
	if q.held {
		s.used--
		s.load[q.instance]--
		return
	}
	for i, other := range s.backlog {
		if other == q {
			s.backlog = append(s.backlog[:i], s.backlog[i+1:]...)
			return
		}
	}
}

// place gives slots to sequences that wait for one. The lock is held.
func (s *Sequencer) place(now time.Time) {
	for len(s.backlog) > 0 && (s.used < s.o.Slots || s.evict(now)) {
		q := s.backlog[0]
		s.backlog = s.backlog[1:]
		for i := range s.load {
			if s.load[i] < s.load[q.instance] {
				q.instance = i
			}
		}
		s.load[q.instance]++
		s.used++
		q.held = true
		q.next()
	}
}

// evict forgets the sequences that have been quiet for too long, and says whether
// there were any. The lock is held.
func (s *Sequencer) evict(now time.Time) (some bool) {
	for _, q := range s.live {
		if q.held && q.refs == 0 && now.Sub(q.last) >= s.o.Idle {
			s.remove(q)
			some = true
		}
	}
	return some
}

// watch looks for quiet sequences from time to time, as long as there are any. The
// lock is held.
func (s *Sequencer) watch() {
	if s.timer != nil || s.closed {
		return
	}
	s.timer = time.AfterFunc(s.o.Idle, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		now := time.Now()
		s.evict(now)
		s.place(now)
		s.timer = nil
		if len(s.live) > 0 {
			s.watch()
		}
	})
}

// Close forgets the sequences. Predict must not be called any more.
func (s *Sequencer) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
	}
	clear(s.live)
}

// step has the model answer one request of a sequence, whose turn it is.
func (s *Sequencer) step(ctx context.Context, q *sequence, req *serve.Request, is signals) (any, error) {
	rows := 0
	if s.o.Batched {
		rows, _ = rowsOf(req)
	}
	inputs := append(make([]*serve.Tensor, 0, len(req.Inputs)+len(s.o.Controls)+len(s.o.States)), req.Inputs...)
	for i := range s.o.Controls {
		t, err := s.o.Controls[i].tensor(is, rows)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, t)
	}
	for i := range s.o.States {
		inputs = append(inputs, s.o.States[i].of(q))
	}
	with := req.WithInputs(inputs...)
	with.Outputs = nil // of which the server takes those that are asked for
	out, err := s.next[q.instance].Predict(ctx, with)
	if err != nil || len(s.o.States) == 0 {
		return out, err
	}
	return s.keep(q, out)
}

// keep takes the states out of what the model answered.
func (s *Sequencer) keep(q *sequence, out any) (any, error) {
	all, ok := tensorsOf(out)
	if !ok {
		return nil, fmt.Errorf("the model answered with %T, and not with tensors that the states are among", out)
	}
	rest := make([]*serve.Tensor, 0, len(all))
	for _, t := range all {
		i := s.stateOf(t.Name)
		if i < 0 || s.o.States[i].Shown {
			rest = append(rest, t)
		}
		if i >= 0 {
			if q.states == nil {
				q.states = map[string]*serve.Tensor{}
			}
			q.states[s.o.States[i].Input] = t.Clone()
		}
	}
	return rest, nil
}

func (s *Sequencer) stateOf(output string) int {
	for i := range s.o.States {
		if s.o.States[i].Output == output {
			return i
		}
	}
	return -1
}
