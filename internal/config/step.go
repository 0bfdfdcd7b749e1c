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
		if kind == "" && n.Field("routes") != nil {
			r.problem(f.Pos, "a graph without a kind is a flow; one with routes has kind: router")
			return nil
		}
		s := r.flow(n, "root")
		s.Kind, s.Pos = kind, graph.Pos(f.Pos)
		return s
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

// flow reads a flow and its steps.
func (r *reader) flow(n *document.Node, kind string) *graph.StepSpec {
	s := r.task(n, kind)
	s.Steps = r.children(n, "steps", r.step)
	return s
}

// children reads the steps within a step, in their order.
func (r *reader) children(n *document.Node, key string, read func(*document.Field) *graph.StepSpec) []*graph.StepSpec {
	f := n.Field(key)
	if f == nil || f.Value.Kind == document.Null {
		return nil
	}
	if f.Value.Kind != document.Map {
		r.wrong(f, "a mapping")
		return nil
	}
	var all []*graph.StepSpec
	for i := range f.Value.Fields {
		if s := read(&f.Value.Fields[i]); s != nil {
			all = append(all, s)
		}
	}
	return all
}

// step reads a step of a flow; nil where it cannot be had.
func (r *reader) step(f *document.Field) *graph.StepSpec {
	kind, ok := r.stepKind(f.Value)
	if !ok {
		return nil
	}
	if f.Key == "" {
		r.problem(f.Pos, "a step needs a name")
	}
	var s *graph.StepSpec
	switch kind {
	case "router":
		s = r.router(f.Value, f.Pos)
	case "flow":
		s = r.flow(f.Value, kind)
	default:
		s = r.task(f.Value, kind)
	}
	if kind != "task" {
		s.Kind = kind
	}
	// Links name a step by its key; a name beside it is what it calls itself.
	s.Pos = graph.Pos(f.Pos)
	if s.Name != "" && s.Name != f.Key {
		s.Key = s.Name
	}
	s.Name = f.Key
	return s
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
	s.Routes = r.children(n, "routes", r.route)
	return s
}

func (r *reader) route(f *document.Field) *graph.StepSpec {
	kind, ok := r.stepKind(f.Value)
	if !ok {
		return nil
	}
	if kind != "task" {
		r.step(f) // for its problems
		r.problem(f.Pos, "a route of kind %s is not supported by this version yet", kind)
		return nil
	}
	if f.Key == "" {
		r.problem(f.Pos, "a route needs a name")
	}
	s := r.task(f.Value, "task")
	s.Pos = graph.Pos(f.Pos)
	for _, key := range []string{"after", "on_error", "responder"} {
		if at := f.Value.Field(key); at != nil && !at.Value.Empty() {
			r.complain(at.Pos, "a route has no %s: its router passes requests to it", key)
		}
	}
	if s.Name == "" {
		s.Name = f.Key
	} else if s.Name != f.Key {
		s.Key = f.Key
	}
	return s
}

// task reads the keys of a step but for the steps within it.
func (r *reader) task(n *document.Node, kind string) *graph.StepSpec {
	r.checkStepKeys(n, kind)
	s := &graph.StepSpec{}
	read := keys{
		"name":        r.text(&s.Name),
		"comment":     r.text(&s.Comment),
		"shape":       r.text(&s.Shape),
		"input_path":  r.text(&s.InputPath),
		"result_path": r.text(&s.ResultPath),
		"handler":     r.text(&s.Handler),
		"function":    r.text(&s.Function),
		"responder":   r.boolean(&s.Responder),
		"full_event":  r.boolean(&s.FullEvent),
		"class_args":  func(f *document.Field) { r.classArgs(s, f) },
		"class_name": func(f *document.Field) {
			r.text(&s.Class)(f)
			s.ClassPos = graph.Pos(f.Value.Pos)
		},
		"after":                            r.links(s, &s.After),
		"before":                           r.links(s, &s.Before),
		"base_step":                        r.text(&s.BaseStep),
		"engine":                           r.text(&s.Engine),
		"final_step":                       r.text(&s.FinalStep),
		"path":                             r.text(&s.Path),
		"shards":                           r.integer(&s.Shards),
		"retention_in_hours":               r.integer(&s.RetentionHours),
		"trigger_args":                     r.values(&s.TriggerArgs),
		"options":                          r.values(&s.Options),
		"default_final_step":               r.later,
		"model_endpoint_creation_strategy": r.later,
		"endpoint_type":                    r.later,
		"track_models":                     r.later,
		"on_error": func(f *document.Field) {
			r.text(&s.OnError)(f)
			s.LinkPos = graph.Pos(f.Value.Pos)
		},
	}
	for _, key := range []string{
		"max_iterations", "cycle_from", "allow_cyclic",
		"shared_models", "shared_max_processes", "shared_max_threads", "pool_factor",
	} {
		read[key] = r.refused
	}
	for i := range n.Fields {
		if f := &n.Fields[i]; read[f.Key] != nil {
			read[f.Key](f)
		}
	}
	return s
}

// links reads a list of names of steps, or one name.
func (r *reader) links(s *graph.StepSpec, dst *[]string) func(*document.Field) {
	return func(f *document.Field) {
		s.LinkPos = graph.Pos(f.Value.Pos)
		switch f.Value.Kind {
		case document.Null:
		case document.String:
			*dst = []string{f.Value.Text}
		case document.List:
			for _, item := range f.Value.Items {
				if item.Kind != document.String {
					r.problem(item.Pos, "%s must list names of steps, found %s", f.Key, item.Describe())
					continue
				}
				*dst = append(*dst, item.Text)
			}
		default:
			r.wrong(f, "a list of names of steps")
		}
	}
}

func (r *reader) classArgs(s *graph.StepSpec, f *document.Field) {
	r.values(&s.Args)(f)
	s.ArgPos = make(map[string]graph.Pos, len(f.Value.Fields))
	for _, arg := range f.Value.Fields {
		s.ArgPos[arg.Key] = graph.Pos(arg.Value.Pos)
	}
}
