package graph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Options are what Build needs beside the spec.
type Options struct {
	Catalog *catalog.Set // nil means catalog.Default
	Env     *catalog.Env
	Timeout time.Duration // of an event, from its acceptance; 0 means none
	// Function is the function whose steps run here, of a graph over several;
	// "*" means all.
	Function string
	FromStep string // the step that starts the flow instead of the first ones
	Observer Observer
	Trace    Tracer
	// Unchecked takes graphs whose steps are sure to fail, for who calls
	// [Graph.Check] later, when more is known of models.
	Unchecked bool
}

// Build makes a graph of a spec. When the spec is wrong it returns every
// problem at once and no graph.
func Build(spec *Spec, o Options) (*Graph, []Problem) {
	g, problems := build(spec, o)
	if g == nil || o.Unchecked {
		return g, problems
	}
	found := g.Check()
	problems = append(problems, found...)
	if slices.ContainsFunc(found, func(p Problem) bool { return !p.Warning }) {
		return nil, problems
	}
	return g, problems
}

// build is Build without a look at what flows on the edges.
func build(spec *Spec, o Options) (*Graph, []Problem) {
	if o.Catalog == nil {
		o.Catalog = catalog.Default
	}
	if o.Env == nil {
		o.Env = &catalog.Env{}
	}
	b := &builder{spec: spec, o: o, g: &Graph{}, problems: spec.problems}
	b.g.prepare(o)
	b.root()
	if b.failed() {
		return nil, b.problems
	}
	b.g.file = spec.File
	return b.g, b.problems
}

type builder struct {
	spec     *Spec
	o        Options
	g        *Graph
	problems []Problem
	at       string // the path of the step that is made
}

func (b *builder) problem(pos Pos, format string, args ...any) {
	b.problems = append(b.problems, Problem{File: b.spec.File, Pos: pos, Msg: fmt.Sprintf(format, args...)})
}

func (b *builder) warn(pos Pos, format string, args ...any) {
	b.problem(pos, format, args...)
	b.problems[len(b.problems)-1].Warning = true
}

func (b *builder) root() {
	root := b.spec.Graph
	if root == nil {
		b.problem(Pos{}, "the spec has no graph")
		return
	}
	switch root.Kind {
	case "router":
		name := root.Name
		if name == "" {
			name = "router"
		}
		b.at = name
		if step := b.router(root); step != nil {
			n := &node{name: name, step: step, spec: root, main: true, answers: true}
			b.g.plan = &plan{g: b.g, nodes: []*node{n}, starts: []*node{n}, simple: true, bare: true}
		}
	case "", "root":
		b.g.plan = b.flow(root, "")
	default:
		b.problem(root.Pos, "illegal root step %s", root.Kind)
	}
}

// router makes a router and its routes. It returns nil when there is a problem.
func (b *builder) router(s *StepSpec) serve.Step {
	class := s.Class
	if class == "" {
		class = "ModelRouter"
	}
	entry := b.lookup(class, s)
	if entry != nil && !entry.Router {
		b.problem(s.Pos, "%s: class %s takes no routes", orRoot(s.Name), class)
		entry = nil
	}
	first := len(b.g.steps)
	routes := make([]catalog.Route, 0, len(s.Routes))
	seen := map[string]bool{}
	for _, r := range s.Routes {
		key := cmp.Or(r.Key, r.Name)
		if seen[key] {
			b.problem(r.Pos, "route %s is there twice", key)
		}
		seen[key] = true
		if step := b.task(r); step != nil {
			routes = append(routes, catalog.Route{Key: key, Step: step})
		}
	}
	if entry == nil || len(routes) != len(s.Routes) {
		return nil
	}
	args := b.args(s)
	args.Routes, args.InFlow = routes, s != b.spec.Graph
	step := b.construct(s, entry.New, args)
	if step == nil {
		return nil
	}
	b.g.steps = slices.Insert(b.g.steps, first, step) // upstream of its routes
	b.g.places = append(b.g.places, b.at)             // which is theirs, too
	return withPaths(s, step)
}

// task makes a step of one class.
func (b *builder) task(s *StepSpec) serve.Step {
	if s.Class == "" && s.New == nil && s.Handler != "" {
		return b.function(s)
	}
	construct := s.New
	if construct == nil {
		class := s.Class
		if class == "" {
			class = "Model"
		}
		entry := b.lookup(class, s)
		if entry == nil {
			return nil
		}
		if entry.Router {
			b.problem(s.Pos, "%s: a %s is not supported as a route", s.Name, class)
			return nil
		}
		construct = entry.New
	}
	return b.made(s, b.construct(s, construct, b.args(s)))
}

func (b *builder) args(s *StepSpec) catalog.Args {
	return catalog.Args{
		Name: s.Name, Class: s.Class, Values: b.values(s), Written: s.Args, Handler: s.Handler, FullEvent: s.FullEvent, Func: b.o.Catalog.Func,
		InputPath: s.InputPath, ResultPath: s.ResultPath, Env: b.o.Env,
		Infer: b.o.Catalog.Infer, Texts: texts(s),
	}
}

func (b *builder) construct(s *StepSpec, construct func(catalog.Args) (serve.Step, error), a catalog.Args) serve.Step {
	step, err := construct(a)
	if err == nil && step == nil {
		err = errors.New("the constructor returned no step")
	}
	if v, ok := step.(serve.Validator); ok && err == nil {
		err = v.Validate()
	}
	if err != nil {
		b.problem(s.Pos, "%s: %v", orRoot(s.Name), err)
		return nil
	}
	return step
}

func (b *builder) lookup(class string, s *StepSpec) *catalog.Entry {
	if e := b.o.Catalog.Lookup(class); e != nil {
		return e
	}
	pos := s.ClassPos
	if pos == (Pos{}) {
		pos = s.Pos
	}
	b.problem(pos, "unknown class %q%s", class, nearest(class, b.o.Catalog.Names()))
	return nil
}

// nearest is the hint for a word that is none of names; "" where none is near.
func nearest(word string, names []string) string {
	if near := catalog.Nearest(word, names); len(near) > 0 {
		return " (did you mean " + strings.Join(near, " or ") + "?)"
	}
	return ""
}

func orRoot(name string) string {
	if name == "" {
		return "graph"
	}
	return name
}
