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
	if d.kind != "" && d.kind != kindModel && d.kind != kindLink {
		r.problem(root.Field("kind").Value.Pos, "an artifact of kind %s is not a model", d.kind)
	}
	if meta := r.mapping(root, "metadata"); meta != nil {
		r.metadata(meta, d)
	}
	if spec := r.mapping(root, "spec"); spec != nil {
		r.spec(spec, d)
	} else if root.Field("spec") == nil {
		r.problem(root.Pos, "the description has no spec")
	}
}

// The kinds of artifacts that matter here. A link stands for the best iteration of
// a run with several.
const (
	kindModel = "model"
	kindLink  = "link"
)

func (r *reader) metadata(n *document.Node, d *description) {
	r.text(n, "key", &d.Key)
	r.text(n, "tag", &d.Tag)
	r.text(n, "project", &d.Project)
	r.text(n, "tree", &d.Tree)
	r.digest(n, "hash", &d.hash)
	if v := r.iteration(n, "iter"); v != nil {
		d.Iter = *v
	}
	d.Marks = r.marks(n, "labels")
}

// marks are the labels of an artifact, as text. What is none is left out: nothing
// depends on it.
func (r *reader) marks(n *document.Node, key string) map[string]string {
	m := member(n, key)
	if m == nil || m.Kind != document.Map {
		return nil
	}
	var all map[string]string
	for _, f := range m.Fields {
		if f.Value.Kind >= document.List {
			continue
		}
		if all == nil {
			all = make(map[string]string, len(m.Fields))
		}
		all[f.Key] = f.Value.Text
	}
	return all
}

// iteration is the number of one; nil where there is none.
func (r *reader) iteration(n *document.Node, key string) *int {
	v := member(n, key)
	if v == nil {
		return nil
	}
	i, err := parseIter(v.Text)
	if err != nil {
		r.problem(v.Pos, "%s must be a whole number, found %s", key, v.Describe())
		return nil
	}
	return &i
}

// digest reads a checksum: that of a model as MLRun computes it, or one with its
// algorithm in front.
func (r *reader) digest(n *document.Node, key string, dst *digest) {
	var text string
	if r.text(n, key, &text); text == "" {
		return
	}
	d, err := parseDigest(text)
	if err != nil {
		r.problem(n.Field(key).Value.Pos, "%s: %v", key, err)
	}
	*dst = d
}

// sums reads the checksums of files.
func (r *reader) sums(n *document.Node) map[string]digest {
	m := r.mapping(n, "checksums")
	if m == nil {
		return nil
	}
	all := make(map[string]digest, len(m.Fields))
	for _, f := range m.Fields {
		var d digest
		if r.digest(m, f.Key, &d); d != "" {
			all[f.Key] = d
		}
	}
	return all
}

func (r *reader) spec(n *document.Node, d *description) {
	d.sums = r.sums(n)
	d.link = r.iteration(n, "link_iteration")
	d.FeatureStats = r.values(n, "feature_stats")
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
