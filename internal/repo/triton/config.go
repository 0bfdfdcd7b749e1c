package triton

import (
	"fmt"
	"slices"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/repo/textformat"
	"github.com/leat-ml/leat/oip/inference"
)

// File is the name of the file.
const File = "config.pbtxt"

// A Kind is what serves a model.
type Kind string

// The kinds.
const (
	ByFile   Kind = ""         // it says nothing, and the file decides
	ONNX     Kind = "onnx"     // backend onnxruntime
	Trees    Kind = "fil"      // backend fil
	Python   Kind = "python"   // backend python
	Ensemble Kind = "ensemble" // other models
)

// A Config is a configuration that has been read. It is immutable.
type Config struct {
	*inference.ModelConfig
	Kind   Kind
	places textformat.Places
}

// A reader collects what is wrong.
type reader struct {
	*Config
	folder   string
	foreign  bool // it is for a backend that there is not
	problems []graph.Problem
}

// at adds a problem at the place of a field; where that says nothing, at no place.
func (r *reader) at(path, format string, args ...any) {
	r.add(false, path, format, args...)
}

// warn adds what does no harm but has no effect either.
func (r *reader) warn(path, format string, args ...any) {
	r.add(true, path, format, args...)
}

func (r *reader) add(warning bool, path, format string, args ...any) {
	p := graph.Problem{Msg: fmt.Sprintf(format, args...), Warning: warning}
	p.Pos = r.Place(path)
	r.problems = append(r.problems, p)
}

// Place is where a field stands, by its path: "input[0].dims".
func (c *Config) Place(path string) graph.Pos { return graph.Pos(c.places[path]) }

// Read reads the configuration of the model in a folder of that name. Problems are
// in the order of their places, and have no file. Those that are no warnings keep
// the model from being served; without any the configuration is of use.
func Read(text []byte, folder string) (*Config, []graph.Problem) {
	c := &Config{ModelConfig: &inference.ModelConfig{}}
	var found []textformat.Problem
	c.places, found = textformat.Unmarshal(text, c.ModelConfig)
	r := &reader{Config: c, folder: folder}
	for _, p := range found {
		r.problems = append(r.problems, graph.Problem{Pos: graph.Pos(p.Pos), Msg: p.Msg, Warning: p.Warning})
	}
	if len(found) == 0 || c.places != nil {
		r.check()
	}
	slices.SortStableFunc(r.problems, func(a, b graph.Problem) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Col - b.Pos.Col
	})
	return c, r.problems
}

// check holds the configuration against what can be served.
func (r *reader) check() {
	if r.Name != "" && r.Name != r.folder {
		r.at("name", "the name is %q, but the model's folder is %q: they must be the same", r.Name, r.folder)
	}
	r.kind()
	r.tensors()
	r.versions()
	r.instances()
	r.unsupported()
	r.without()
	r.scheduling()
	r.parameters()
	r.warmup()
}

// platforms are what backend and platform may say, and what serves it.
var platforms = map[string]Kind{
	"onnxruntime": ONNX, "onnxruntime_onnx": ONNX, "fil": Trees, "python": Python, "ensemble": Ensemble,
}

const languageModels = "let a server of language models serve it"

// elsewhere is what to do with models of other backends.
var elsewhere = map[string]string{
	"tensorrt": "export the model as ONNX", "tensorrt_plan": "export the model as ONNX",
	"tensorflow": "export the model as ONNX, with tf2onnx", "tensorflow_graphdef": "export the model as ONNX, with tf2onnx",
	"tensorflow_savedmodel": "export the model as ONNX, with tf2onnx",
	"pytorch":               "export the model as ONNX, with torch.onnx", "pytorch_libtorch": "export the model as ONNX, with torch.onnx",
	"openvino": "export the model as ONNX", "caffe2_netdef": "export the model as ONNX", "paddle": "export the model as ONNX, with paddle2onnx",
	"dali": "write the preprocessing for the python backend", "custom": "write it for the python backend",
	"stateful": "let onnxruntime serve its file, with sequence_batching { state { … } }",
	"vllm":     languageModels, "tensorrtllm": languageModels, "tensorrt_llm": languageModels, "fastertransformer": languageModels,
}

func (r *reader) kind() {
	for _, f := range []struct{ name, value string }{{"backend", r.Backend}, {"platform", r.Platform}} {
		kind, ok := platforms[f.value]
		switch {
		case f.value == "":
		case r.Kind != "" && f.value != string(Ensemble) && (!ok || r.Kind != kind):
			r.warn(f.name, "platform %q has no effect: the model's backend is %q", r.Platform, r.Backend)
		case !ok:
			hint := elsewhere[f.value]
			if hint != "" {
				hint = ": " + hint
			}
			r.foreign = true
			r.at(f.name, "%s %q is not supported (there are onnxruntime, fil, python and ensemble)%s", f.name, f.value, hint)
		case r.Kind != "" && r.Kind != kind:
			r.at(f.name, "platform %q and backend %q disagree", r.Platform, r.Backend)
		default:
			r.Kind = kind
		}
	}
	if r.GetEnsembleScheduling() != nil && r.Kind != Ensemble {
		if r.Kind == "" {
			r.Kind = Ensemble
			return
		}
		r.at("ensemble_scheduling", "ensemble_scheduling is for platform \"ensemble\", and not %q", r.Kind)
	}
	if r.Kind == Ensemble && r.GetEnsembleScheduling() == nil {
		r.at("platform", "an ensemble needs ensemble_scheduling")
	}
}
