package config

import (
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/serve"
)

// A ModelConfig is what the model.yaml of a model's folder says. The zero value
// is that of a folder without one.
type ModelConfig struct {
	// Runtime loads the model; "" goes by the file's content.
	Runtime string
	// File is the model file's name within each version's folder; "" looks for it.
	File string
	// Versions are the ones to load; nil means all.
	Versions []string
	// Labels name versions: "stable" to "2".
	Labels map[string]string
	// Default is the version that requests without one go to; "" is the highest.
	Default string
	// Parameters of the model, "output" among them for tree models.
	Parameters map[string]any
	// Inputs and Outputs are the schema where it is declared.
	Inputs, Outputs []serve.TensorSpec
	// Batching puts requests together; nil does not.
	Batching *Batching
	// Instances is how many calls of the model run at a time, and for models in
	// Python how many processes there are; 0 leaves it to the server.
	Instances int
	// Pos are the places of the keys, for whoever finds fault with a value.
	Pos map[string]graph.Pos
}

// ReadModelConfig reads a model.yaml, with the environment of the process. The
// result is of use only when there are no problems.
func ReadModelConfig(path string, o Options) (*ModelConfig, []graph.Problem) {
	data, err := readFile(path, maxModel)
	if err != nil {
		return nil, []graph.Problem{{File: path, Msg: err.Error()}}
	}
	return ParseModelConfig(path, data, o)
}

// ParseModelConfig is [ReadModelConfig] for a text. Only the Lookup of the
// options matters; the file is ours, so that both contracts are strict.
func ParseModelConfig(file string, data []byte, o Options) (*ModelConfig, []graph.Problem) {
	r := newReader(file, Options{})
	n := r.parse(data, maxModel, Options{Lookup: o.Lookup})
	if n == nil {
		return nil, r.sorted()
	}
	m := &ModelConfig{Pos: map[string]graph.Pos{}}
	if n.Kind != document.Null { // an empty file says nothing
		r.modelConfig(n, m)
	}
	return m, r.sorted()
}

func (r *reader) modelConfig(n *document.Node, m *ModelConfig) {
	var first *document.Field // the default, which may name a label further down
	known := keys{
		"runtime":    r.text(&m.Runtime),
		"file":       func(f *document.Field) { r.localFile(&m.File, f) },
		"versions":   func(f *document.Field) { m.Versions = r.versions(f) },
		"labels":     func(f *document.Field) { m.Labels = r.labels(f) },
		"default":    func(f *document.Field) { first = f },
		"parameters": r.values(&m.Parameters),
		"inputs":     func(f *document.Field) { m.Inputs = r.tensors(f) },
		"outputs":    func(f *document.Field) { m.Outputs = r.tensors(f) },
		"batching":   func(f *document.Field) { m.Batching = r.batching(f) },
		"instances":  r.between(&m.Instances, 1, maxInstances),
		"warm_up":    r.reserved,
	}
	r.mapping(n, "a model's settings", known)
	for _, f := range n.Fields {
		m.Pos[f.Key] = graph.Pos(f.Value.Pos)
	}
	if first != nil {
		m.Default = r.defaultVersion(first, m.Labels)
	}
}

// localFile reads the name of a file that must lie below the model's folder.
func (r *reader) localFile(dst *string, f *document.Field) {
	r.text(dst)(f)
	if *dst != "" && !filepath.IsLocal(*dst) {
		r.problem(f.Value.Pos, "%s must name a file in the model's folder, found %q", f.Key, *dst)
	}
}

var versionNumber = regexp.MustCompile(`^[1-9][0-9]*$`)

// version reads the number of a version, in quotes or not.
func (r *reader) version(n *document.Node) string {
	if !versionNumber.MatchString(n.Text) || n.Kind >= document.List {
		r.problem(n.Pos, "a version is a whole number from 1, found %s", n.Describe())
		return ""
	}
	return n.Text
}

func (r *reader) versions(f *document.Field) []string {
	if f.Value.Kind == document.Null {
		return nil
	}
	if f.Value.Kind != document.List || len(f.Value.Items) == 0 {
		r.wrong(f, "a list of versions")
		return nil
	}
	out := make([]string, 0, len(f.Value.Items))
	for _, item := range f.Value.Items {
		out = append(out, r.version(item))
	}
	return out
}

func (r *reader) labels(f *document.Field) map[string]string {
	if f.Value.Kind == document.Null {
		return nil
	}
	if f.Value.Kind != document.Map {
		r.wrong(f, "a mapping of labels to versions")
		return nil
	}
	out := make(map[string]string, len(f.Value.Fields))
	for _, label := range f.Value.Fields {
		if msg := labelProblem(label.Key); msg != "" {
			r.problem(label.Pos, "%s", msg)
			continue
		}
		out[label.Key] = r.version(label.Value)
	}
	return out
}

var labelName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// labelProblem says what is wrong with a label; it stands in URLs where a
// version may stand too.
func labelProblem(label string) string {
	if labelName.MatchString(label) {
		return ""
	}
	return fmt.Sprintf("label %q must begin with a letter and have only letters, digits, _ - and . in it", label)
}

// defaultVersion reads a version or the label of one.
func (r *reader) defaultVersion(f *document.Field, labels map[string]string) string {
	n := f.Value
	if n.Kind == document.Null {
		return ""
	}
	if version, ok := labels[n.Text]; ok && n.Kind == document.String {
		return version
	}
	if n.Kind != document.String || versionNumber.MatchString(n.Text) {
		return r.version(n)
	}
	names := make([]string, 0, len(labels))
	for name := range labels {
		names = append(names, name)
	}
	r.problem(n.Pos, "default %q is neither a version nor one of the labels%s", n.Text, didYouMean(n.Text, names))
	return ""
}
