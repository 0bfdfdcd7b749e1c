package config

import (
	"slices"
	"strings"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
)

// spec reads a server spec. The keys are those of MLRun's server spec and ours
// beside them.
func (r *reader) spec(n *document.Node) *graph.Spec {
	s := &graph.Spec{File: r.file, StreamPath: r.streamPath()}
	known := r.mlrunKeys(s)
	known["models"] = func(f *document.Field) { r.models(s, f) }
	known["python"] = func(f *document.Field) { r.python(s, f) }
	known["database"] = func(f *document.Field) { r.database(s, f) }
	known["artifacts"] = func(f *document.Field) { r.artifacts(s, f) }
	for _, key := range []string{"limits", "auth", "tls"} {
		known[key] = r.reserved
	}
	if n.Kind == document.Null { // a server.yaml without settings
		return s
	}
	r.mapping(n, "a server spec", known)
	return s
}

func (r *reader) mlrunKeys(s *graph.Spec) keys {
	return keys{
		"graph":                func(f *document.Field) { s.Graph = r.graph(f) },
		"parameters":           func(f *document.Field) { r.parameters(s, f) },
		"load_mode":            r.oneOf(&s.LoadMode, "sync", "async"),
		"function_uri":         r.text(&s.FunctionURI),
		"version":              r.text(&s.Version),
		"verbose":              r.boolean(&s.Verbose),
		"default_content_type": r.text(&s.DefaultContentType),
		"functions":            func(f *document.Field) { r.functions(s, f) },
		"graph_initializer":    r.kept(s, r.laterMLRun),
		"secret_sources":       r.secretSources(s),
		"error_stream": func(f *document.Field) {
			r.text(&s.ErrorStream)(f)
			s.ErrorStreamPos = graph.Pos(f.Value.Pos)
		},
		"track_models":    r.boolean(&s.TrackModels),
		"tracking_policy": r.kept(s, r.later),
	}
}

// parameters reads the server's parameters, and notes where those are that this
// program gives a meaning.
func (r *reader) parameters(s *graph.Spec, f *document.Field) {
	r.values(&s.Parameters)(f)
	if p := f.Value.Field("source_args"); p != nil && !p.Value.Empty() {
		r.warn(p.Pos, "parameter %s has no effect in this version yet", p.Key)
	}
	for i := range f.Value.Fields {
		p := &f.Value.Fields[i]
		if !strings.HasPrefix(p.Key, "log_stream") && p.Key != "stream_args" {
			continue
		}
		if s.ParamPos == nil {
			s.ParamPos = map[string]graph.Pos{}
		}
		s.ParamPos[p.Key] = graph.Pos(p.Pos)
	}
}

// kept reads a key that has no effect yet, and keeps it.
func (r *reader) kept(s *graph.Spec, read func(*document.Field)) func(*document.Field) {
	return func(f *document.Field) {
		read(f)
		if f.Value.Empty() {
			return
		}
		if s.Later == nil {
			s.Later = map[string]any{}
		}
		s.Later[f.Key] = f.Value.Value()
	}
}

// functions reads the child functions of a graph: names and URIs.
func (r *reader) functions(s *graph.Spec, f *document.Field) {
	if f.Value.Empty() {
		return
	}
	if f.Value.Kind != document.Map {
		r.wrong(f, "a mapping")
		return
	}
	s.Functions = map[string]string{}
	for i := range f.Value.Fields {
		child := &f.Value.Fields[i]
		if child.Value.Kind != document.String {
			r.complain(child.Value.Pos, "functions: %s must be a function's URI, found %s", child.Key, child.Value.Describe())
		}
		s.Functions[child.Key] = child.Value.Text
	}
}

// modelPlaces are the schemes of what [artifact.Store.Tree] brings.
//
// [artifact.Store.Tree]: https://pkg.go.dev/github.com/leat-ml/leat/artifact#Store.Tree
var modelPlaces = []string{"s3", "gs", "gcs", "azblob", "az", "http", "https"}

func (r *reader) models(s *graph.Spec, f *document.Field) {
	r.text(&s.Models)(f)
	s.ModelsPos = graph.Pos(f.Value.Pos)
	scheme, rest, isURL := strings.Cut(s.Models, "://")
	switch {
	case isURL && scheme == "file":
		s.Models = rest
	case isURL && (rest == "" || !slices.Contains(modelPlaces, strings.ToLower(scheme))):
		r.problem(f.Value.Pos, "models: a path of this machine, or a URL of s3, gs, azblob, http or https, is wanted; a store:// URI is the model_path of a route")
		s.Models = ""
	}
}
