package graph

import (
	"context"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// A plan is a flow made ready to run: its steps and where each leads. It is
// immutable but for its counters.
type plan struct {
	g      *Graph
	name   string // of a nested flow; "" for the graph's own
	nodes  []*node
	starts []*node
	// simple plans are chains: an event stays on its goroutine, and its outcome
	// is what the loop returns.
	simple bool
	// bare plans are one step whose errors say enough.
	bare bool
	// ack says that nothing answers a request but its acknowledgement: at once,
	// or, where an error handler may answer, when all is done.
	ack ackMode
}

// streams says whether an event may be answered several times: where a step's answer
// is that of the graph.
func (p *plan) streams() bool { return p.simple && len(p.nodes) == 1 }

type ackMode uint8

const (
	ackNever ackMode = iota
	ackFirst
	ackLast
)

// A node is a step in its place.
type node struct {
	name    string // with the names of the flows around it
	step    serve.Step
	spec    *StepSpec // nil where the step was made elsewhere
	next    []*node
	inlet   []int32 // for each of next, the place among what leads to it; -1 where nothing else does
	onError *node
	main    bool // an answer can still come from it
	answers bool // the event is the answer once it has passed
	waits   bool // it, or what surely follows it, waits for something
	last    bool // nothing behind it runs

	metrics StepMetrics // may be nil
}

// newPlan makes a plan of linked steps that have been constructed.
func newPlan(g *Graph, name string, l *links, made []serve.Step, flow *StepSpec) *plan {
	p := &plan{g: g, name: name}
	for i, s := range l.steps {
		n := &node{name: join(name, s.Name), step: made[i], spec: s, last: s.Name == flow.FinalStep}
		if g.observer != nil {
			n.metrics = g.observer.Step(n.name)
		}
		p.nodes = append(p.nodes, n)
	}
	for i, n := range p.nodes {
		for _, to := range l.next[i] {
			n.next = append(n.next, p.nodes[to])
			at := int32(-1)
			if len(l.prev[to]) > 1 {
				at = int32(slices.Index(l.prev[to], i))
			}
			n.inlet = append(n.inlet, at)
		}
		if n.last {
			n.next = nil
		}
		if h := l.handler[i]; h != none {
			n.onError = p.nodes[h]
		}
	}
	for _, i := range l.starts {
		p.starts = append(p.starts, p.nodes[i])
	}
	p.settle(l, flow.Engine == "sync")
	return p
}

func join(flow, name string) string {
	if flow == "" {
		return name
	}
	return flow + "/" + name
}

// settle marks the nodes from which an answer can come.
func (p *plan) settle(l *links, sync bool) {
	handlers := false
	for i, n := range p.nodes {
		terminal := len(n.next) == 0
		handles := l.handles(i) && terminal
		handlers = handlers || handles
		n.answers = i == l.responder || handles || sync && terminal
		n.waits = waits(n.step)
	}
	switch {
	case sync || l.responder != none:
	case handlers:
		p.ack = ackLast
	default:
		p.ack = ackFirst
	}
	for _, n := range p.nodes {
		n.main = p.ack == ackLast || p.ack != ackFirst && n.leadsToAnswer(map[*node]bool{})
	}
	for _, n := range p.nodes {
		n.waits = n.waits || n.waitsAhead(map[*node]bool{})
	}
	p.simple = p.ack == ackNever && p.chain()
}

func (n *node) leadsToAnswer(seen map[*node]bool) bool {
	if n.answers {
		return true
	}
	if seen[n] {
		return false
	}
	seen[n] = true
	for _, to := range n.next {
		if to.leadsToAnswer(seen) {
			return true
		}
	}
	return false
}

// waitsAhead says whether a step that waits follows without a branch.
func (n *node) waitsAhead(seen map[*node]bool) bool {
	for len(n.next) == 1 && !seen[n] {
		seen[n] = true
		n = n.next[0]
		if waits(n.step) {
			return true
		}
	}
	return false
}

func waits(s serve.Step) bool {
	w, ok := s.(serve.Waiter)
	return ok && w.Waits()
}

// chain says whether every event takes one way, and none is kept.
func (p *plan) chain() bool {
	if len(p.starts) != 1 {
		return false
	}
	for _, n := range p.nodes {
		if len(n.next) > 1 || n.answers && len(n.next) > 0 || !n.answers && len(n.next) == 0 {
			return false
		}
		if _, links := n.step.(serve.Linker); links {
			return false
		}
	}
	return true
}

// link tells the steps that want to know it their place.
func (p *plan) link(l *links) error {
	for i, n := range p.nodes {
		s, ok := n.step.(serve.Linker)
		if !ok {
			continue
		}
		at := serve.Links{
			Emit:    func(ctx context.Context, ev *serve.Event) { p.emit(ctx, n, ev) },
			Process: func(ctx context.Context, ev *serve.Event) error { return p.errand(ctx, n, ev) },
			End:     func(ctx context.Context, ev *serve.Event, err error) { p.end(ctx, n, ev, err) },
		}
		for _, from := range l.prev[i] {
			at.In = append(at.In, l.steps[from].Name)
		}
		for _, to := range l.next[i] {
			at.Out = append(at.Out, l.steps[to].Name)
		}
		if err := s.Link(at); err != nil {
			return &linkError{step: i, err: err}
		}
	}
	return nil
}

// A linkError says which step refused its place.
type linkError struct {
	step int
	err  error
}

func (e *linkError) Error() string { return e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }
