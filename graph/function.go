package graph

import "slices"

// A placement says what steps of a flow have to do with the current function.
type placement int

const (
	elsewhere placement = iota
	here
	// source is a queue that another function fills and this one reads: events
	// come out of it, and none goes in.
	source
)

// localSteps leaves what runs in the current function, and the queues that it
// reads. What the function's first steps come after runs elsewhere.
func (b *builder) localSteps(l *links, flow *StepSpec) *links {
	current := b.o.Function
	if current == "*" {
		return l
	}
	for _, s := range l.steps {
		if _, defined := b.spec.Functions[s.Function]; s.Function != "" && s.Function != "*" && s.Function != current && !defined {
			b.problem(s.Pos, "function %s is used in steps and is not defined, use the .add_child_function() to specify child function attributes", s.Function)
		}
	}
	places := l.placements(current)
	switch {
	case !slices.Contains(places, elsewhere) && !slices.Contains(places, source):
		return l
	case !slices.Contains(places, here):
		b.problem(flow.Pos, "no step runs in the current function %q", current)
		return l
	}
	for i, s := range l.steps {
		if places[i] == elsewhere && s.Kind != "queue" && s.Function == "" && current == "" {
			b.warn(s.Pos, "%s runs nowhere: it comes after steps of other functions, and has none itself", label(s))
		}
	}
	out := l.only(places)
	if out.starts = b.starts(l, out, places); len(out.starts) == 0 {
		b.problem(flow.Pos, "no step starts the flow in the current function %q: each one has an after that runs there too, or only handles errors", current)
	}
	return out
}

// starts are the steps of some that requests begin with: those of the whole graph
// in the function where it begins, and where they are told to begin; else what
// nothing here leads to but the queues that are read.
func (b *builder) starts(l, some *links, places []placement) []int {
	var given, first []int
	for at, s := range some.steps {
		i := l.byName[s.Name]
		if places[i] != here {
			continue
		}
		if slices.Contains(l.starts, i) {
			given = append(given, at)
		}
		if !l.handles(i) && !slices.ContainsFunc(l.prev[i], func(from int) bool { return places[from] == here }) {
			first = append(first, at)
		}
	}
	if len(given) > 0 && (b.o.Function == "" || b.o.FromStep != "") {
		return given
	}
	return first
}

// placements finds out where each step is of a graph over several functions.
func (l *links) placements(current string) []placement {
	places, seen := make([]placement, len(l.steps)), make([]bool, len(l.steps))
	var place func(i int)
	place = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, from := range l.prev[i] {
			place(from)
		}
		if l.isHere(i, current, places) {
			places[i] = here
		}
	}
	for i := range l.steps {
		place(i)
	}
	for i, s := range l.steps {
		reads := func(n int) bool { return places[n] == here }
		if places[i] == elsewhere && s.Kind == "queue" && s.Path != "" && slices.ContainsFunc(l.next[i], reads) {
			places[i] = source
		}
	}
	return places
}

// isHere says whether a step runs in the current function. A queue without a
// function is where events are put into it, and a step without one where the
// graph begins: what only other functions lead to, without a queue between, is
// nowhere. Those that lead to it have their places.
func (l *links) isHere(i int, current string, places []placement) bool {
	s := l.steps[i]
	if s.Function != "" {
		return s.Function == "*" || s.Function == current
	}
	if s.Kind != "queue" && current != "" {
		return false
	}
	if len(l.prev[i]) == 0 {
		return current == ""
	}
	return slices.ContainsFunc(l.prev[i], func(from int) bool {
		before := l.steps[from]
		return places[from] == here || s.Kind != "queue" && before.Kind == "queue" && before.Path != ""
	})
}

// only are the links between the steps that are not elsewhere, without where
// requests start.
func (l *links) only(places []placement) *links {
	to := make(map[int]int, len(places))
	out := &links{byName: map[string]int{}, responder: none}
	for i, s := range l.steps {
		if places[i] != elsewhere {
			to[i] = len(out.steps)
			out.byName[s.Name] = to[i]
			out.steps = append(out.steps, s)
		}
	}
	n := len(out.steps)
	out.next, out.prev, out.handler = make([][]int, n), make([][]int, n), make([]int, n)
	for i := range l.steps {
		at, ok := to[i]
		if !ok {
			continue
		}
		for _, n := range l.next[i] {
			if t, ok := to[n]; ok {
				out.connect(at, t)
			}
		}
		out.handler[at] = none
		if h, ok := to[l.handler[i]]; ok {
			out.handler[at] = h
		}
		if i == l.responder {
			out.responder = at
		}
	}
	return out
}
