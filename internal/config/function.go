package config

import (
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
)

// function reads what an MLRun function file of kind serving says of serving:
// the graph and its settings in spec, or the server spec in its environment.
// What it says of building and deploying has no meaning here.
func (r *reader) function(data []byte, o Options) *graph.Spec {
	n := r.parse(data, maxFunction, o)
	if n == nil {
		return nil
	}
	spec := n.Field("spec")
	if spec == nil || spec.Value.Kind != document.Map {
		r.problem(n.Pos, "the function has no spec")
		return nil
	}
	s := r.functionSpec(spec.Value, o)
	if s == nil {
		return nil
	}
	s.MLRun = true
	if s.FunctionURI == "" {
		s.FunctionURI = functionURI(n)
	}
	if s.Graph == nil && !r.failed() {
		r.problem(spec.Pos, "the function has no graph")
	}
	if hasCode(spec.Value) && s.Graph != nil {
		r.needsCode(s.Graph)
	}
	return s
}

func (r *reader) failed() bool {
	for _, p := range r.problems {
		if !p.Warning {
			return true
		}
	}
	return false
}

func (r *reader) functionSpec(n *document.Node, o Options) *graph.Spec {
	if f := n.Field("graph"); f == nil || f.Value.Empty() {
		if env := variable(n, "SERVING_SPEC_ENV"); env != nil {
			return r.embedded(env, o)
		}
	}
	s := &graph.Spec{File: r.file}
	read := r.mlrunKeys(s)
	read["function_refs"] = read["functions"]
	for i := range n.Fields {
		if f := &n.Fields[i]; read[f.Key] != nil {
			read[f.Key](f)
		}
	}
	return s
}

// embedded reads the server spec that a variable holds. Places in it are those
// in the variable's text.
func (r *reader) embedded(env *document.Node, o Options) *graph.Spec {
	inner := newReader(r.file+": SERVING_SPEC_ENV", o)
	s := inner.server([]byte(env.Text), o)
	r.problems = append(r.problems, inner.problems...)
	return s
}

// variable is the value of an environment variable in a function's spec.
func variable(spec *document.Node, name string) *document.Node {
	env := spec.Field("env")
	if env == nil {
		return nil
	}
	for _, item := range env.Value.Items {
		key, value := item.Field("name"), item.Field("value")
		if key != nil && value != nil && key.Value.Text == name && value.Value.Kind == document.String {
			return value.Value
		}
	}
	return nil
}

// functionURI is [project/]name[:tag], from the metadata.
func functionURI(n *document.Node) string {
	meta := n.Field("metadata")
	if meta == nil {
		return ""
	}
	part := func(key, before, after string) string {
		if f := meta.Value.Field(key); f != nil && f.Value.Kind == document.String {
			return before + f.Value.Text + after
		}
		return ""
	}
	return part("project", "", "/") + part("name", "", "") + part("tag", ":", "")
}

// hasCode says whether source code is built into the function.
func hasCode(spec *document.Node) bool {
	for _, path := range [][]string{{"build", "functionSourceCode"}, {"base_spec", "spec", "build", "functionSourceCode"}} {
		n := spec
		for _, key := range path {
			f := n.Field(key)
			if f == nil {
				break
			}
			n = f.Value
		}
		if n.Kind == document.String && n.Text != "" {
			return true
		}
	}
	return false
}

// needsCode refuses the classes that only the function's code can have.
func (r *reader) needsCode(s *graph.StepSpec) {
	if r.known != nil && s.Class != "" && !r.known(s.Class) {
		r.problem(document.Pos(s.ClassPos), "class %q is in the function's Python code, which this version does not run yet", s.Class)
	}
	for _, route := range s.Routes {
		r.needsCode(route)
	}
}
