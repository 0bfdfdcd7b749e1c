// Package draw shows the graph of a spec: as text, as Mermaid or Graphviz
// source, and as SVG.
package draw

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/leat-ml/leat/graph"
)

// A picture is a graph as boxes and arrows.
type picture struct {
	boxes  []box
	arrows []arrow
}

// A box is a step, or a flow or router around others.
type box struct {
	id     string
	name   string // as the user wrote it
	detail string // class or handler
	kind   kind
	in     int // the box around it; -1 at the top
}

type kind uint8

const (
	request kind = iota // where events come in
	answer              // where the answer leaves
	task
	router
	flow
	queue
	handler
)

// An arrow leads from a box to another.
type arrow struct {
	from, to int
	failure  bool // of events that fail
	within   bool // of a router to its routes
}

// picture turns the graph of a spec into boxes and arrows.
func newPicture(s *graph.Spec) *picture {
	p := &picture{}
	if s.Graph == nil {
		return p
	}
	in := p.add("request", "", request, -1)
	if s.Graph.Kind == "router" {
		root := *s.Graph
		root.Name = cmp.Or(root.Name, "router")
		r := p.router(&root, -1)
		p.arrows = append(p.arrows, arrow{from: in, to: r})
		return p
	}
	p.flow(s.Graph, in, -1)
	return p
}

func (p *picture) add(name, detail string, k kind, in int) int {
	p.boxes = append(p.boxes, box{id: fmt.Sprintf("n%d", len(p.boxes)), name: name, detail: detail, kind: k, in: in})
	return len(p.boxes) - 1
}

func (p *picture) router(s *graph.StepSpec, in int) int {
	r := p.add(s.Name, cmp.Or(short(s.Class), "ModelRouter"), router, in)
	for _, route := range s.Routes {
		child := p.add(cmp.Or(route.Key, route.Name), detail(route), task, in)
		p.arrows = append(p.arrows, arrow{from: r, to: child, within: true})
	}
	return r
}

// flow draws the steps of a flow that begins behind the box start.
func (p *picture) flow(f *graph.StepSpec, start, in int) {
	at := map[string]int{}
	for _, s := range f.Steps {
		at[s.Name] = p.step(s, in)
	}
	handles := map[string]bool{f.OnError: true}
	for _, s := range f.Steps {
		handles[s.OnError] = true
	}
	answered := false
	for _, s := range f.Steps {
		i := at[s.Name]
		p.links(s, i, at)
		if len(s.After) == 0 && s.Kind != "error_step" && !handles[s.Name] && start >= 0 {
			p.arrows = append(p.arrows, arrow{from: start, to: i})
		}
		if h, ok := at[s.OnError]; ok && h != i {
			p.arrows = append(p.arrows, arrow{from: i, to: h, failure: true})
		}
		answered = answered || s.Responder
	}
	if h, ok := at[f.OnError]; ok { // of any step: one arrow says it
		p.arrows = append(p.arrows, arrow{from: max(start, in), to: h, failure: true})
	}
	if in < 0 && start >= 0 {
		p.answers(f, at, answered)
	}
}

func (p *picture) links(s *graph.StepSpec, i int, at map[string]int) {
	for _, name := range s.After {
		if from, ok := at[name]; ok {
			p.arrows = append(p.arrows, arrow{from: from, to: i})
		}
	}
	for _, name := range s.Before {
		if to, ok := at[name]; ok {
			p.arrows = append(p.arrows, arrow{from: i, to: to})
		}
	}
}

// answers draws where the answer leaves: at the responder, or in a synchronous
// flow at its end.
func (p *picture) answers(f *graph.StepSpec, at map[string]int, answered bool) {
	last := map[int]bool{}
	for _, s := range f.Steps {
		last[at[s.Name]] = true
	}
	for _, a := range p.arrows {
		if !a.failure && !a.within {
			delete(last, a.from)
		}
	}
	out := -1
	for _, s := range f.Steps {
		i := at[s.Name]
		ends := last[i] && (f.Engine == "sync" || s.Kind == "error_step")
		if !s.Responder && !ends {
			continue
		}
		if out < 0 {
			out = p.add("answer", "", answer, -1)
		}
		p.arrows = append(p.arrows, arrow{from: i, to: out})
	}
}

func (p *picture) step(s *graph.StepSpec, in int) int {
	switch s.Kind {
	case "router":
		return p.router(s, in)
	case "flow":
		i := p.add(s.Name, "flow", flow, in)
		p.flow(s, -1, i)
		return i
	case "queue":
		return p.add(s.Name, cmp.Or(s.Path, "queue"), queue, in)
	case "error_step":
		return p.add(s.Name, detail(s), handler, in)
	}
	return p.add(s.Name, detail(s), task, in)
}

// detail is what a step runs.
func detail(s *graph.StepSpec) string {
	d := short(s.Class)
	if s.Handler != "" {
		d = strings.TrimPrefix(d+"."+s.Handler, ".")
	}
	if strings.HasPrefix(d, "(") && strings.HasSuffix(d, ")") { // an expression
		d = d[1 : len(d)-1]
	}
	return d
}

// short is a class without the package it is in.
func short(class string) string { return class[strings.LastIndexByte(class, '.')+1:] }

// inside are the boxes within a box, in order.
func (p *picture) inside(i int) []int {
	var out []int
	for j, b := range p.boxes {
		if b.in == i {
			out = append(out, j)
		}
	}
	return out
}

// ranks puts every box behind those that lead to it. The boxes of one rank are
// in the order of the spec.
func (p *picture) ranks() [][]int {
	rank := make([]int, len(p.boxes))
	for range p.boxes { // longest ways, one step further each time; loops end it
		changed := false
		for _, a := range p.arrows {
			if rank[a.to] < rank[a.from]+1 && rank[a.from]+1 < len(p.boxes) {
				rank[a.to], changed = rank[a.from]+1, true
			}
		}
		if !changed {
			break
		}
	}
	for i, b := range p.boxes {
		if b.kind == answer {
			rank[i] = slices.Max(rank)
		}
	}
	var out [][]int
	for i := range p.boxes {
		for len(out) <= rank[i] {
			out = append(out, nil)
		}
		out[rank[i]] = append(out[rank[i]], i)
	}
	return slices.DeleteFunc(out, func(r []int) bool { return len(r) == 0 })
}
