package main

import (
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/cli"
	"github.com/leat-ml/leat/runtime/onnx"
	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/step/remote"
)

// register adds the runtimes and steps that are linked into the command. It is
// the list of them.
func register(set *catalog.Set, p cli.Plugins) {
	set.Compile, set.CompileVars = expr.Compile, expr.CompileVars
	step.Register(set)
	remote.Register(set)
	trees.Register(set)
	onnx.Register(set, onnx.Options{Library: p.ONNXRuntime, Trees: trees.LoadONNX})
}
