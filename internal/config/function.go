package config

import (
	"encoding/base64"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

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
	if code := source(spec.Value); code != nil {
		r.source(s, n, code)
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
	s := &graph.Spec{File: r.file, StreamPath: r.streamPath()}
	if env := variable(n, streamPathVariable); env != nil {
		s.StreamPath = env.Text
	}
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

// streamPathVariable is MLRun's secret, or variable, that names the stream of records;
// in Kubernetes it has the prefix of a project's secrets.
const streamPathVariable = "STREAM_PATH"

// streamPath is what the environment of this process says of the stream of records.
func (r *reader) streamPath() string {
	if r.lookup == nil {
		return ""
	}
	for _, name := range []string{streamPathVariable, "MLRUN_K8S_SECRET__" + streamPathVariable} {
		if v, ok := r.lookup(name); ok && v != "" {
			return v
		}
	}
	return ""
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

// source is the source code that is built into the function; nil if there is
// none.
func source(spec *document.Node) *document.Node {
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
			return n
		}
	}
	return nil
}

var notInModule = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// source reads the source code of a function, which is in base64. Its module
// goes by the name of the file that it was, or of the function.
func (r *reader) source(s *graph.Spec, n, code *document.Node) {
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(code.Text))
	if err != nil || !utf8.Valid(text) {
		r.problem(code.Pos, "functionSourceCode is not text in base64")
		return
	}
	module := "function"
	if f := n.Field("metadata"); f != nil {
		if name := f.Value.Field("name"); name != nil && name.Value.Kind == document.String {
			module = name.Value.Text
		}
	}
	if f := n.Field("spec").Value.Field("build"); f != nil {
		if file := f.Value.Field("origin_filename"); file != nil && file.Value.Kind == document.String && file.Value.Text != "" {
			module = strings.TrimSuffix(path.Base(file.Value.Text), ".py")
		}
	}
	module = notInModule.ReplaceAllString(module, "_")
	if module == "" || module[0] >= '0' && module[0] <= '9' {
		module = "_" + module
	}
	s.Python = &graph.Python{Pos: graph.Pos(code.Pos), Source: string(text), Module: module}
}
