package config

import (
	"maps"
	"slices"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
)

// graph reads the root of a graph; nil where there is none or it cannot be had.
func (r *reader) graph(f *document.Field) *graph.StepSpec {
	n := f.Value
	if n.Kind == document.Null {
		return nil
	}
	if n.Kind != document.Map {
		r.wrong(f, "a mapping")
		return nil
	}
	kind, kindAt := r.kind(n)
	switch kind {
	case "router":
		return r.router(n, f.Pos)
	case "", "root":
		r.flow(n, "root")
		if kind == "" && n.Field("routes") != nil {
			r.problem(f.Pos, "a graph without a kind is a flow; one with routes has kind: router")
		} else {
			r.problem(f.Pos, "flow graphs are not supported by this version yet")
		}
	default:
		r.problem(kindAt, "illegal root step %s", kind)
	}
	return nil
}

// kind is the kind that a step names, "" if none, and the place of the name.
func (r *reader) kind(n *document.Node) (kind string, at document.Pos) {
	f := n.Field("kind")
	if f == nil {
		return "", n.Pos
	}
	r.text(&kind)(f)
	return kind, f.Value.Pos
}

// flow checks the keys in a flow, and in the steps within.
func (r *reader) flow(n *document.Node, kind string) {
	r.checkStepKeys(n, kind)
	for _, key := range []string{"steps", "routes"} {
		f := n.Field(key)
		if f == nil || f.Value.Kind != document.Map {
			continue
		}
		for _, step := range f.Value.Fields {
			if kind, ok := r.stepKind(step.Value); ok {
				r.flow(step.Value, kind)
			}
		}
	}
}

// stepKind is the kind of a step below the root; ok is false where it is none.
func (r *reader) stepKind(n *document.Node) (kind string, ok bool) {
	if n.Kind != document.Map && n.Kind != document.Null {
		r.problem(n.Pos, "a step must be a mapping, found %s", n.Describe())
		return "", false
	}
	kind, at := r.kind(n)
	if kind == "" {
		return "task", true
	}
	if stepKeys[kind] == nil || kind == "root" {
		known := slices.DeleteFunc(slices.Sorted(maps.Keys(stepKeys)), func(k string) bool { return k == "root" })
		r.problem(at, "unknown step kind %q%s", kind, didYouMean(kind, known))
		return "", false
	}
	return kind, true
}

// router reads a router and its routes.
func (r *reader) router(n *document.Node, pos document.Pos) *graph.StepSpec {
	s := r.task(n, "router")
	s.Kind, s.Pos = "router", graph.Pos(pos)
	routes := n.Field("routes")
	if routes == nil || routes.Value.Kind == document.Null {
		return s
	}
	if routes.Value.Kind != document.Map {
		r.wrong(routes, "a mapping")
		return s
	}
	for i := range routes.Value.Fields {
		if route := r.route(&routes.Value.Fields[i]); route != nil {
			s.Routes = append(s.Routes, route)
		}
	}
	return s
}

func (r *reader) route(f *document.Field) *graph.StepSpec {
	kind, ok := r.stepKind(f.Value)
	if !ok {
		return nil
	}
	if kind != "task" {
		r.flow(f.Value, kind)
		r.problem(f.Pos, "a route of kind %s is not supported by this version yet", kind)
		return nil
	}
	if f.Key == "" {
		r.problem(f.Pos, "a route needs a name")
	}
	s := r.task(f.Value, "task")
	s.Pos = graph.Pos(f.Pos)
	if s.Name == "" {
		s.Name = f.Key
	} else if s.Name != f.Key {
		s.Key = f.Key
	}
	return s
}

// task reads the keys that tasks and routers have in common.
func (r *reader) task(n *document.Node, kind string) *graph.StepSpec {
	r.checkStepKeys(n, kind)
	s := &graph.StepSpec{}
	read := keys{
		"name":        r.text(&s.Name),
		"input_path":  r.text(&s.InputPath),
		"result_path": r.text(&s.ResultPath),
		"class_args":  func(f *document.Field) { r.classArgs(s, f) },
		"class_name": func(f *document.Field) {
			r.text(&s.Class)(f)
			s.ClassPos = graph.Pos(f.Value.Pos)
		},
		"model_endpoint_creation_strategy": r.later,
		"endpoint_type":                    r.later,
	}
	for _, key := range []string{"handler", "after", "on_error", "function", "full_event", "responder", "max_iterations", "cycle_from"} {
		read[key] = r.refused
	}
	for i := range n.Fields {
		if f := &n.Fields[i]; read[f.Key] != nil {
			read[f.Key](f)
		}
	}
	return s
}

func (r *reader) classArgs(s *graph.StepSpec, f *document.Field) {
	r.values(&s.Args)(f)
	s.ArgPos = make(map[string]graph.Pos, len(f.Value.Fields))
	for _, arg := range f.Value.Fields {
		s.ArgPos[arg.Key] = graph.Pos(arg.Value.Pos)
	}
}
