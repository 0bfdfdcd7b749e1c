package graph

import (
	"fmt"
	"slices"
	"strings"
)

// links is how the steps of one flow hang together, by their place in the
// flow's list.
type links struct {
	steps   []*StepSpec
	byName  map[string]int
	next    [][]int // followers, in the order of the spec
	prev    [][]int
	handler []int // of errors: a step, or none
	starts  []int
	// responder answers the request, or is none: the request is answered at
	// once, or at the end where an error handler may answer instead.
	responder int
}

const none = -1

// link finds out how the steps of a flow hang together, and reports everything
// that is wrong with it.
func (b *builder) link(flow *StepSpec, steps []*StepSpec) *links {
	l := &links{steps: steps, byName: map[string]int{}, responder: none}
	l.next, l.prev = make([][]int, len(steps)), make([][]int, len(steps))
	before := len(b.problems)
	for i, s := range steps {
		if other, twice := l.byName[s.Name]; twice {
			b.problem(s.Pos, "there are two steps named %q (the other one is in line %d)", s.Name, steps[other].Pos.Line)
		}
		l.byName[s.Name] = i
	}
	b.linkSteps(l)
	b.linkHandlers(l, flow)
	if len(b.problems) > before {
		return l // what follows needs links that are right
	}
	b.checkLoops(l)
	if len(b.problems) > before {
		return l
	}
	b.findStarts(l, flow)
	b.findResponder(l)
	b.checkReach(l)
	return l
}

// find looks a step up that s refers to.
func (b *builder) find(l *links, s *StepSpec, pos Pos, key, name string) (int, bool) {
	i, ok := l.byName[name]
	if !ok {
		b.problem(or(pos, s.Pos), "%s: %s names %q, and there is no step of that name%s", label(s), key, name, nearest(name, l.names()))
	}
	return i, ok
}

func (l *links) names() []string {
	names := make([]string, len(l.steps))
	for i, s := range l.steps {
		names[i] = s.Name
	}
	return names
}

func (l *links) connect(from, to int) {
	if !slices.Contains(l.next[from], to) {
		l.next[from] = append(l.next[from], to)
		l.prev[to] = append(l.prev[to], from)
	}
}

func (b *builder) linkSteps(l *links) {
	for i, s := range l.steps {
		for _, name := range s.After {
			if from, ok := b.find(l, s, s.LinkPos, "after", name); ok {
				l.connect(from, i)
			}
		}
		for _, name := range s.Before {
			if to, ok := b.find(l, s, s.LinkPos, "before", name); ok {
				l.connect(i, to)
			}
		}
	}
}

// linkHandlers finds the step that handles each one's errors: its own, else
// the flow's, which handles all but its own.
func (b *builder) linkHandlers(l *links, flow *StepSpec) {
	l.handler = make([]int, len(l.steps))
	whole := none
	if flow.OnError != "" {
		if i, ok := b.find(l, flow, flow.LinkPos, "on_error", flow.OnError); ok {
			whole = i
		}
	}
	for i, s := range l.steps {
		l.handler[i] = whole
		if s.OnError != "" {
			if h, ok := b.find(l, s, s.LinkPos, "on_error", s.OnError); ok {
				l.handler[i] = h
			}
		}
		if l.handler[i] == i {
			if s.OnError != "" {
				b.problem(or(s.LinkPos, s.Pos), "%s: it cannot handle its own errors", label(s))
			}
			l.handler[i] = none
		}
	}
}

// handles says whether the step is only reached through errors.
func (l *links) handles(i int) bool {
	return len(l.prev[i]) == 0 && (l.steps[i].Kind == "error_step" || slices.Contains(l.handler, i))
}

// checkLoops refuses links that lead back to where they came from.
func (b *builder) checkLoops(l *links) {
	const (
		unseen = iota
		open
		done
	)
	state := make([]int, len(l.steps))
	var visit func(i int) bool
	visit = func(i int) bool {
		state[i] = open
		for _, to := range l.next[i] {
			if state[to] == open {
				b.problem(l.steps[to].Pos, "Error, loop detected in step %s, graph must be acyclic (DAG)", l.steps[to].Name)
				return false
			}
			if state[to] == unseen && !visit(to) {
				return false
			}
		}
		state[i] = done
		return true
	}
	for i := range l.steps {
		if state[i] == unseen && !visit(i) {
			return
		}
	}
	b.checkHandlers(l)
}

// checkHandlers refuses a handler that leads back to a step whose errors it
// handles by name: the step would see the event a second time.
func (b *builder) checkHandlers(l *links) {
	for i, s := range l.steps {
		if s.OnError == "" {
			continue
		}
		if h := l.handler[i]; h != none && l.leads(h, i) {
			b.problem(or(l.steps[h].LinkPos, l.steps[h].Pos), "%s handles the errors of %s and leads back to it", label(l.steps[h]), label(s))
		}
	}
}

// leads says whether links lead from a step to another.
func (l *links) leads(from, to int) bool {
	seen := make([]bool, len(l.steps))
	queue := []int{from}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		if i == to {
			return true
		}
		for _, n := range l.next[i] {
			if !seen[n] {
				seen[n] = true
				queue = append(queue, n)
			}
		}
	}
	return false
}

func (b *builder) findStarts(l *links, flow *StepSpec) {
	if from := b.o.FromStep; from != "" && flow == b.spec.Graph {
		i, ok := l.byName[from]
		if !ok {
			b.problem(flow.Pos, "unknown from_step %q%s", from, nearest(from, l.names()))
			return
		}
		l.starts = []int{i}
		return
	}
	for i := range l.steps {
		if len(l.prev[i]) == 0 && !l.handles(i) {
			l.starts = append(l.starts, i)
		}
	}
	if len(l.starts) == 0 && len(l.steps) > 0 {
		b.problem(flow.Pos, "no step starts the flow: each one has an after or only handles errors")
	}
}

func (b *builder) findResponder(l *links) {
	var names []string
	for i, s := range l.steps {
		if s.Responder && s.Kind != "error_step" {
			l.responder = i
			names = append(names, s.Name)
		}
	}
	if len(names) > 1 {
		b.problem(l.steps[l.responder].Pos, "there are more than one responder steps in the graph (%s)", strings.Join(names, ","))
	}
}

// checkReach refuses steps that no event can reach, and a responder that only
// errors lead to.
func (b *builder) checkReach(l *links) {
	if b.o.FromStep != "" {
		return // what lies before it is not meant to be reached
	}
	reached := make([]bool, len(l.steps))
	var visit func(i int)
	visit = func(i int) {
		if reached[i] {
			return
		}
		reached[i] = true
		for _, n := range l.next[i] {
			visit(n)
		}
		if h := l.handler[i]; h != none {
			visit(h)
		}
	}
	for _, i := range l.starts {
		visit(i)
	}
	for i, s := range l.steps {
		if !reached[i] {
			b.problem(s.Pos, "%s is never reached: no step leads to it, and none has it as on_error", label(s))
		}
	}
}

func label(s *StepSpec) string {
	if s.Name == "" {
		return "graph"
	}
	return fmt.Sprintf("step %q", s.Name)
}

func or(a, b Pos) Pos {
	if a == (Pos{}) {
		return b
	}
	return a
}
