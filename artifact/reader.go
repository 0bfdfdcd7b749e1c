package artifact

import (
	"errors"
	"fmt"

	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/serve"
)

// maxTold is how many problems of a description its error tells.
const maxTold = 10

// A reader collects the problems of a description.
type reader struct {
	file     string
	problems []error
}

func (r *reader) problem(pos document.Pos, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s:%d:%d: %s", r.file, pos.Line, pos.Col, fmt.Sprintf(format, args...)))
}

func (r *reader) err() error {
	if more := len(r.problems) - maxTold; more > 0 {
		return errors.Join(append(r.problems[:maxTold:maxTold], fmt.Errorf("and %d problems more", more))...)
	}
	return errors.Join(r.problems...)
}

// description reads a description from its top. Keys without a meaning for
// serving are passed over.
func (r *reader) description(root *document.Node, d *description) {
	if root.Kind != document.Map {
		r.problem(root.Pos, "the description of a model must be a mapping, found %s", root.Describe())
		return
	}
	r.text(root, "kind", &d.kind)
	if d.kind != "" && d.kind != "model" {
		r.problem(root.Field("kind").Value.Pos, "an artifact of kind %s is not a model", d.kind)
	}
	if meta := r.mapping(root, "metadata"); meta != nil {
		r.text(meta, "key", &d.Key)
		r.text(meta, "tag", &d.Tag)
	}
	if spec := r.mapping(root, "spec"); spec != nil {
		r.spec(spec, d)
	} else if root.Field("spec") == nil {
		r.problem(root.Pos, "the description has no spec")
	}
}

func (r *reader) spec(n *document.Node, d *description) {
	r.text(n, "model_file", &d.modelFile)
	r.text(n, "model_target_file", &d.targetFile)
	r.text(n, "framework", &d.Framework)
	r.text(n, "algorithm", &d.Algorithm)
	d.Parameters = r.values(n, "parameters")
	d.Metrics = r.values(n, "metrics")
	d.Features = r.features(n, "inputs")
	d.Labels = r.features(n, "outputs")
	if extra := r.mapping(n, "extra_data"); extra != nil {
		d.extra = make(map[string]string, len(extra.Fields))
		for _, f := range extra.Fields {
			var path string
			if r.text(extra, f.Key, &path); path != "" {
				d.extra[f.Key] = path
			}
		}
	}
}

// member is the value of a key; nil where there is none or it is null.
func member(n *document.Node, key string) *document.Node {
	f := n.Field(key)
	if f == nil || f.Value.Kind == document.Null {
		return nil
	}
	return f.Value
}

func (r *reader) text(n *document.Node, key string, dst *string) {
	v := member(n, key)
	switch {
	case v == nil:
	case v.Kind >= document.List:
		r.problem(v.Pos, "%s must be text, found %s", key, v.Describe())
	default: // MLRun has names that look like numbers
		*dst = v.Text
	}
}

func (r *reader) mapping(n *document.Node, key string) *document.Node {
	v := member(n, key)
	if v != nil && v.Kind != document.Map {
		r.problem(v.Pos, "%s must be a mapping, found %s", key, v.Describe())
		return nil
	}
	return v
}

func (r *reader) values(n *document.Node, key string) map[string]any {
	if v := r.mapping(n, key); v != nil {
		return v.Values()
	}
	return nil
}

func (r *reader) features(n *document.Node, key string) []serve.Feature {
	v := member(n, key)
	if v == nil {
		return nil
	}
	if v.Kind != document.List {
		r.problem(v.Pos, "%s must be a list, found %s", key, v.Describe())
		return nil
	}
	features := make([]serve.Feature, 0, len(v.Items))
	for _, item := range v.Items {
		if item.Kind != document.Map {
			r.problem(item.Pos, "one of the %s must be a mapping, found %s", key, item.Describe())
			continue
		}
		f := serve.Feature{Fields: object(item)}
		r.text(item, "name", &f.Name)
		r.text(item, "value_type", &f.ValueType)
		features = append(features, f)
	}
	return features
}

// object is a mapping with its order kept.
func object(n *document.Node) *serve.Object {
	fields := make([]serve.Field, len(n.Fields))
	for i, f := range n.Fields {
		fields[i] = serve.Field{Key: f.Key, Value: value(f.Value)}
	}
	return serve.NewObject(fields...)
}

func value(n *document.Node) any {
	switch n.Kind {
	case document.Map:
		return object(n)
	case document.List:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = value(item)
		}
		return out
	}
	return n.Value()
}
