// Package mlserver reads what a folder of MLServer says of a model: its
// model-settings.json, by docs/reference/model-settings.md of SeldonIO/MLServer.
// [Read] tells everything in it that is wrong or that leat does not serve, with its
// place. Nothing here opens a model or looks at a folder.
package mlserver

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/serve"
)

// File is the name of the file, and ServerFile that of the server's own settings.
const (
	File       = "model-settings.json"
	ServerFile = "settings.json"
)

// Settings are those of a model. They are immutable.
type Settings struct {
	Name string // "" is the folder's
	// Runtime is ours; Class a class of users' code, "module.Class", where that is
	// "python".
	Runtime, Class string
	Implementation string
	// URI is where the model is, from its folder; "" looks for it.
	URI     string
	Version string
	// Said is all that the file says, which users' classes are told.
	Said map[string]any
	// MaxBatch and BatchTime put requests together, where both are set.
	MaxBatch  int
	BatchTime time.Duration
	// Workers is how many processes the model has; 0 is not said.
	Workers         int
	Inputs, Outputs []serve.TensorSpec
}

// A reader collects what is wrong.
type reader struct {
	*Settings
	beside   func(module string) bool
	problems []graph.Problem
	// unread are those parameters that a class of users' may look at, and no other does.
	unread []*document.Field
}

func (r *reader) problem(pos document.Pos, format string, args ...any) {
	r.problems = append(r.problems, graph.Problem{Pos: graph.Pos(pos), Msg: fmt.Sprintf(format, args...)})
}

func (r *reader) warn(pos document.Pos, format string, args ...any) {
	r.problems = append(r.problems, graph.Problem{Pos: graph.Pos(pos), Msg: fmt.Sprintf(format, args...), Warning: true})
}

// Read reads the settings of a model. beside says whether there is a module of that name
// where users' classes are looked for. Problems have no file; those that are no warnings
// keep the model from being served.
func Read(text []byte, beside func(module string) bool) (*Settings, []graph.Problem) {
	r := &reader{Settings: &Settings{}, beside: beside}
	n, problems := document.Parse(File, text, document.Options{})
	for _, p := range problems {
		r.problem(p.Pos, "%s", p.Msg)
	}
	if n == nil {
		return r.Settings, r.problems
	}
	if n.Kind != document.Map {
		r.problem(n.Pos, "the settings of a model are an object, found %s", n.Describe())
		return r.Settings, r.problems
	}
	r.Said = n.Values()
	r.fields(n, r.unknown, map[string]func(*document.Field){
		"version":                         r.unused("MLServer takes the version from parameters, so write it there"),
		"name":                            r.text(&r.Name),
		"implementation":                  r.implementation,
		"parameters":                      r.parameters,
		"inputs":                          r.tensors(&r.Inputs),
		"outputs":                         r.tensors(&r.Outputs),
		"max_batch_size":                  r.whole(&r.MaxBatch),
		"max_batch_time":                  r.seconds,
		"parallel_workers":                r.whole(&r.Workers),
		"warm_workers":                    func(*document.Field) {},
		"platform":                        func(*document.Field) {},
		"versions":                        func(*document.Field) {},
		"cache_enabled":                   r.cache,
		"environment_path":                r.environment,
		"environment_tarball":             r.environment,
		"inference_pool_gid":              r.unused("workers are not shared between models"),
		"autogenerate_inference_pool_gid": r.unused("workers are not shared between models"),
	})
	if r.Implementation == "" && n.Field("implementation") == nil {
		r.problem(n.Pos, "implementation is missing; MLSERVER_MODEL_IMPLEMENTATION and other variables of the environment are not read")
	}
	r.leftOut()
	slices.SortStableFunc(r.problems, func(a, b graph.Problem) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Col - b.Pos.Col
	})
	return r.Settings, r.problems
}

// fields reads the members of an object; unknown is told of those that nobody knows.
func (r *reader) fields(n *document.Node, unknown func(f *document.Field, known []string), known map[string]func(*document.Field)) {
	names := slices.Sorted(maps.Keys(known))
	for i := range n.Fields {
		f := &n.Fields[i]
		read := known[f.Key]
		switch {
		case read != nil && f.Value.Kind != document.Null:
			read(f)
		case read == nil:
			unknown(f, names)
		}
	}
}

// unknown warns of a key of which MLServer takes no notice either.
func (r *reader) unknown(f *document.Field, known []string) {
	hint := ""
	if near := catalog.Nearest(f.Key, known); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	r.warn(f.Pos, "unknown key %q has no effect%s", f.Key, hint)
}

// forClass keeps a parameter until it is known whether users' code looks at it.
func (r *reader) forClass(f *document.Field) { r.unread = append(r.unread, f) }

// leftOut warns of parameters that only users' classes look at, where there is none.
func (r *reader) leftOut() {
	if r.Runtime == "" || r.Runtime == "python" {
		return
	}
	for _, f := range r.unread {
		if f.Key == "content_type" {
			r.warn(f.Pos, "content_type has no effect: clients say what their data is, and the model's schema does")
			continue
		}
		r.warn(f.Pos, "%s has no effect: only classes of your own are told of it", f.Key)
	}
}

func (r *reader) text(dst *string) func(*document.Field) {
	return func(f *document.Field) {
		if f.Value.Kind != document.String {
			r.problem(f.Value.Pos, "%s is text, found %s", f.Key, f.Value.Describe())
			return
		}
		*dst = f.Value.Text
	}
}

// maxWhole is how large a number of rows or workers may be.
const maxWhole = 1 << 30

func (r *reader) whole(dst *int) func(*document.Field) {
	return func(f *document.Field) {
		n, ok := number(f.Value)
		if !ok || n < 0 || n > maxWhole || n != math.Trunc(n) {
			r.problem(f.Value.Pos, "%s is a whole number from 0, found %s", f.Key, f.Value.Describe())
			return
		}
		*dst = int(n)
	}
}

// number is a number, which MLServer takes from a text, too.
func number(n *document.Node) (float64, bool) {
	if n.Kind == document.String {
		v, err := strconv.ParseFloat(strings.TrimSpace(n.Text), 64)
		return v, err == nil
	}
	return serve.Number64(n.Value())
}

// maxTime is the longest time that a request may be made to wait, in seconds.
const maxTime = 3600

func (r *reader) seconds(f *document.Field) {
	s, ok := number(f.Value)
	if !ok || s < 0 || s > maxTime || math.IsNaN(s) {
		r.problem(f.Value.Pos, "%s is a number of seconds up to %d, found %s", f.Key, maxTime, f.Value.Describe())
		return
	}
	r.BatchTime = time.Duration(s * float64(time.Second))
}

func (r *reader) unused(why string) func(*document.Field) {
	return func(f *document.Field) { r.warn(f.Pos, "%s has no effect: %s", f.Key, why) }
}

func (r *reader) cache(f *document.Field) {
	if v := f.Value.Value(); v == true || v == "true" {
		r.warn(f.Pos, "%s has no effect: answers of MLServer's models are not kept", f.Key)
	}
}

func (r *reader) environment(f *document.Field) {
	r.problem(f.Pos, "%s is not supported: install what the model needs in the environment of the server's interpreter, and leave it out", f.Key)
}

// implementations are the runtimes of MLServer's own, and which of ours serves them.
var implementations = map[string]string{
	"mlserver_sklearn.SKLearnModel":            "sklearn",
	"mlserver_sklearn.sklearn.SKLearnModel":    "sklearn",
	"mlserver_xgboost.XGBoostModel":            "xgboost",
	"mlserver_xgboost.xgboost.XGBoostModel":    "xgboost",
	"mlserver_lightgbm.LightGBMModel":          "lightgbm",
	"mlserver_lightgbm.lightgbm.LightGBMModel": "lightgbm",
	"mlserver_catboost.CatboostModel":          "catboost",
	"mlserver_catboost.catboost.CatboostModel": "catboost",
	"mlserver_onnx.OnnxModel":                  "onnx",
}

// others are runtimes of MLServer's that nothing here serves.
var others = map[string]string{
	"mlserver_mlflow":        "export the model as ONNX, or save what is in it with joblib",
	"mlserver_huggingface":   "write a class with the pipeline in it, which derives from mlserver.MLModel",
	"mlserver_alibi_explain": "explainers of alibi are not run",
	"mlserver_alibi_detect":  "detectors of alibi are not run",
	"mlserver_llm":           "let a server of language models serve it",
}

func (r *reader) implementation(f *document.Field) {
	if r.text(&r.Implementation)(f); r.Implementation == "" && f.Value.Value() != "" {
		return // it is no text, which has been said
	}
	module, class, ok := cutLast(r.Implementation)
	package_, _, _ := strings.Cut(module, ".")
	switch why, refused := others[package_]; {
	case implementations[r.Implementation] != "":
		r.Runtime = implementations[r.Implementation]
	case refused:
		r.problem(f.Value.Pos, "implementation %q is not supported: %s", r.Implementation, why)
	case strings.HasPrefix(package_, "mlserver_") && !r.beside(package_):
		r.problem(f.Value.Pos, "implementation %q is not supported: there are those of mlserver_sklearn, mlserver_xgboost, mlserver_lightgbm, mlserver_catboost and mlserver_onnx, and classes of your own", r.Implementation)
	case !ok:
		r.problem(f.Value.Pos, "implementation %q is no class: write module.Class", r.Implementation)
	default:
		r.Runtime, r.Class = "python", module+"."+class
	}
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i <= 0 || i == len(s)-1 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// parameters are those of the model's file, and of its class.
func (r *reader) parameters(f *document.Field) {
	if f.Value.Kind != document.Map {
		r.problem(f.Value.Pos, "parameters is an object, found %s", f.Value.Describe())
		return
	}
	// MLServer lets parameters have any others, which classes read.
	others := func(f *document.Field, _ []string) { r.forClass(f) }
	r.fields(f.Value, others, map[string]func(*document.Field){
		"uri":          r.text(&r.URI),
		"version":      r.text(&r.Version),
		"format":       r.forClass,
		"content_type": r.forClass,
		"extra": func(f *document.Field) {
			if f.Value.Kind != document.Map {
				r.problem(f.Value.Pos, "extra is an object, found %s", f.Value.Describe())
				return
			}
			r.forClass(f)
		},
		"environment_path":                r.environment,
		"environment_tarball":             r.environment,
		"inference_pool_gid":              r.unused("workers are not shared between models"),
		"autogenerate_inference_pool_gid": r.unused("workers are not shared between models"),
	})
}

// tensors reads the metadata of inputs or outputs.
func (r *reader) tensors(dst *[]serve.TensorSpec) func(*document.Field) {
	return func(f *document.Field) {
		if f.Value.Kind != document.List {
			r.problem(f.Value.Pos, "%s is a list, found %s", f.Key, f.Value.Describe())
			return
		}
		for _, n := range f.Value.Items {
			*dst = append(*dst, r.tensor(n))
		}
	}
}

func (r *reader) tensor(n *document.Node) (t serve.TensorSpec) {
	if n.Kind != document.Map {
		r.problem(n.Pos, "a tensor is an object, found %s", n.Describe())
		return t
	}
	r.fields(n, r.unknown, map[string]func(*document.Field){
		"name": r.text(&t.Name),
		"datatype": func(f *document.Field) {
			var name string
			r.text(&name)(f)
			if t.Datatype = serve.ParseDatatype(name); t.Datatype == serve.Invalid {
				r.problem(f.Value.Pos, "unknown datatype %q", name)
			}
		},
		"shape":      func(f *document.Field) { t.Shape = r.shape(f) },
		"parameters": func(*document.Field) {}, // the content type, which classes read
		"tags":       r.unused("MLServer reads the content type from parameters, so write it there"),
	})
	if t.Name == "" {
		r.problem(n.Pos, "the tensor has no name")
	}
	return t
}

func (r *reader) shape(f *document.Field) []int {
	if f.Value.Kind != document.List {
		r.problem(f.Value.Pos, "shape is a list, found %s", f.Value.Describe())
		return nil
	}
	shape := []int{}
	for _, n := range f.Value.Items {
		v, ok := n.Value().(int64)
		if !ok || v < -1 || v > 1<<40 {
			r.problem(n.Pos, "a length is a whole number, or -1 for any, found %s", n.Describe())
			v = -1
		}
		shape = append(shape, int(v))
	}
	return shape
}

// files are the names that models have in their folders, the first first.
var files = map[string][]string{
	"sklearn":  {"model.joblib", "model.pickle", "model.pkl"},
	"xgboost":  {"model.bst", "model.json", "model.ubj"},
	"lightgbm": {"model.bst", "model.txt"},
	"catboost": {"model.cbm", "model.json"},
	"onnx":     {"model.onnx"},
}

// Files are the names that the model's file may have where nothing names it.
func (s *Settings) Files() []string { return files[s.Runtime] }

// ServerWorkers reads how many processes each model has from the server's settings,
// and warns of what else is in them. The number is -1 where they do not say.
func ServerWorkers(text []byte) (workers int, problems []graph.Problem) {
	r := &reader{Settings: &Settings{}}
	n, found := document.Parse(ServerFile, text, document.Options{})
	for _, p := range found {
		r.warn(p.Pos, "%s", p.Msg)
	}
	workers = -1
	if n == nil || n.Kind != document.Map {
		return workers, r.problems
	}
	for i := range n.Fields {
		f := &n.Fields[i]
		switch f.Key {
		case "parallel_workers":
			r.whole(&workers)(f)
		case "debug":
		default:
			r.warn(f.Pos, "%s has no effect: the server's own settings are flags, and server.yaml", f.Key)
		}
	}
	for i := range r.problems {
		r.problems[i].Warning = true
	}
	return workers, r.problems
}
