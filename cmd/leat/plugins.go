package main

import (
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/cli"
	"github.com/leat-ml/leat/runtime/onnx"
	"github.com/leat-ml/leat/runtime/trees"
)

// register adds the runtimes that are linked into the command. It is the list
// of them.
func register(set *catalog.Set, p cli.Plugins) {
	trees.Register(set)
	onnx.Register(set, onnx.Options{Library: p.ONNXRuntime, Trees: trees.LoadONNX})
}
