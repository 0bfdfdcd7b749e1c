package onnx

import (
	"context"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Options say where ONNX Runtime is. The zero value looks for it.
type Options struct {
	// Library is the path of the library, or of a folder with it. If it is empty
	// the environment variable LEAT_ONNXRUNTIME names it; else it is looked for
	// in the folder lib beside the executable, in the one beside the
	// executable's folder, in the one in the working folder, and where the
	// system keeps its libraries.
	Library string
	// Trees, if there is one, is given models that have ensembles of trees. It
	// makes one that runs without the library, or says why it does not; the
	// model describes its inputs and outputs as the file declares them.
	Trees func(context.Context, *serve.Artifact, serve.ModelSpec) (serve.Model, error)
}

// Register adds the runtime to set. Nothing is opened before a model is loaded
// or the runtime is probed.
func Register(set *catalog.Set, o Options) { set.AddRuntime(Entry(o)) }

// Entry is the runtime "onnx". Its models are safe for concurrent use, and hold
// memory that only their Close gives back.
func Entry(o Options) catalog.RuntimeEntry {
	e := &engine{options: o}
	return catalog.RuntimeEntry{
		Name:    "onnx",
		Classes: []string{"ONNXModelServer", "mlrun.frameworks.onnx.ONNXModelServer"},
		Doc:     "ONNX models, through ONNX Runtime; those of trees without it",
		Suffix:  ".onnx",
		Detect:  detect,
		Probe:   e.probe,
		Runtime: e,
	}
}

// install tells how to get the library.
const install = `run "make setup" in leat's folder, or unpack capi/libonnxruntime of the Python package ` +
	`(pip download onnxruntime==1.32.0 --no-deps) and name it with --onnxruntime or LEAT_ONNXRUNTIME`
