package graph

import (
	"errors"
	"fmt"
	"strings"

	"github.com/leat-ml/leat/schema"
)

// An inferer is a step that knows what it makes of bodies of a type: out has
// every body that it passes on. The error says that it fails with all bodies of
// the type or, as a [*schema.Problem] that says so, with some. Inference is about
// events that want something computed: questions (GET), which models answer with
// what they are, are left out of it.
type inferer interface {
	Infer(in schema.Type) (out schema.Type, err error)
}

func infer(step any, in schema.Type) (schema.Type, error) {
	if s, ok := step.(inferer); ok {
		return s.Infer(in)
	}
	return schema.Any, nil
}

// An Edge is a way from a step to another, and what is known of the bodies that
// take it. From is "" at the start of a flow, To where the answer leaves.
type Edge struct {
	From, To string
	Type     schema.Type
}

// Check infers what flows on each edge and returns the problems that events are
// sure to have: an error where all that come from a step fail in the next, a
// warning where some do. The more models are loaded, the more is known: it may be
// called again once they are.
func (g *Graph) Check() []Problem {
	c := &inference{g: g, told: map[Problem]bool{}}
	c.plan(g.plan, schema.Any)
	return c.problems
}

// Edges are the edges of the graph with what is known of what flows on them, in
// the order of the steps; those of flows within steps are left out.
func (g *Graph) Edges() []Edge {
	c := &inference{g: g, told: map[Problem]bool{}}
	c.plan(g.plan, schema.Any)
	return c.edges
}

// An inference goes through a graph once.
type inference struct {
	g        *Graph
	problems []Problem
	told     map[Problem]bool
	edges    []Edge // of the outermost plan
}

// A feed is what comes to a step from another one; nil is the start of the plan.
type feed struct {
	from *node
	t    schema.Type
}

// plan goes through a plan that events of a type enter, and returns the type of
// what leaves it.
func (c *inference) plan(p *plan, in schema.Type) schema.Type {
	feeds := map[*node][]feed{}
	for _, n := range p.starts {
		feeds[n] = append(feeds[n], feed{t: in})
	}
	for _, n := range p.nodes {
		if h := n.onError; h != nil { // which gets what failed, however far it had come
			feeds[h] = append(feeds[h], feed{from: n, t: schema.Any})
		}
	}
	result := schema.Never
	single := p != c.g.plan || !p.streams()
	for _, n := range p.ordered() {
		if single {
			c.once(p, n)
		}
		out := schema.Never
		for _, f := range feeds[n] {
			out = schema.Join(out, c.step(p, n, f))
		}
		for _, to := range n.next {
			feeds[to] = append(feeds[to], feed{from: n, t: out})
		}
		if n.answers || len(n.next) == 0 {
			result = schema.Join(result, out)
		}
		c.leave(p, n, out)
	}
	return result
}

// leave notes the edges behind a step.
func (c *inference) leave(p *plan, n *node, out schema.Type) {
	if p != c.g.plan {
		return
	}
	for _, to := range n.next {
		c.edges = append(c.edges, Edge{From: n.name, To: to.name, Type: out})
	}
	if n.answers {
		c.edges = append(c.edges, Edge{From: n.name, Type: out})
	}
}

// ordered are the nodes, each behind all that lead to it.
func (p *plan) ordered() []*node {
	var out []*node
	seen := map[*node]bool{}
	var visit func(n *node)
	visit = func(n *node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, to := range n.next {
			visit(to)
		}
		out = append(out, n)
	}
	for i := len(p.nodes) - 1; i >= 0; i-- {
		visit(p.nodes[i])
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// step is the type of what a step makes of what feeds it.
func (c *inference) step(p *plan, n *node, f feed) schema.Type {
	if f.t.IsNever() {
		return schema.Never
	}
	out, err := c.infer(n.step, f.t)
	if err != nil {
		c.report(p, n, f, err)
	}
	return out
}

// infer is infer, but for flows, of which each step is reported.
func (c *inference) infer(step any, in schema.Type) (schema.Type, error) {
	switch s := step.(type) {
	case *nested:
		c.plan(s.plan, in)
		return schema.Any, nil // models within may answer for it
	case paths:
		return s.infer(in, c.infer)
	case linkedPaths:
		return s.infer(in, c.infer)
	}
	return infer(step, in)
}

// report tells of an error, or of each of several.
func (c *inference) report(p *plan, n *node, f feed, err error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range several.Unwrap() {
			c.report(p, n, f, err)
		}
		return
	}
	problem := Problem{File: c.g.file}
	var what *schema.Problem
	if errors.As(err, &what) {
		problem.Warning = what.Some
	}
	subject := "step " + fmt.Sprintf("%q", n.name)
	if n.spec != nil {
		problem.Pos = n.spec.Pos
		if what != nil && what.Route != "" {
			problem.Pos = n.spec.routePos(what.Route)
		}
		if n.spec.Kind == "router" && p.bare {
			subject = "the router"
		}
	}
	problem.Msg = subject + fed(f) + ": " + strings.TrimSpace(err.Error())
	if !c.told[problem] {
		c.told[problem] = true
		c.problems = append(c.problems, problem)
	}
}

// fed says what a step gets.
func fed(f feed) string {
	if f.from == nil || !f.t.Is(schema.Null|schema.Bool|schema.Number|schema.Text|schema.List|schema.Object) {
		return ""
	}
	return fmt.Sprintf(" cannot take what step %q gives, %s", f.from.name, f.t)
}

func (s *StepSpec) routePos(key string) Pos {
	for _, r := range s.Routes {
		if r.Key == key || r.Key == "" && r.Name == key {
			return r.Pos
		}
	}
	return s.Pos
}
