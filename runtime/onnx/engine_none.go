//go:build !cgo || !(linux || darwin)

package onnx

import (
	"context"
	"errors"

	"github.com/leat-ml/leat/serve"
)

// errNone is what everything answers in a build that cannot call the library.
var errNone = errors.New("this build of leat has no ONNX support, because it was built without cgo: " +
	"build it with CGO_ENABLED=1 and a C compiler on Linux or macOS (make build)")

type engine struct{ options Options }

func (e *engine) probe() (string, error) { return "", errNone }

// Load refuses the model.
func (e *engine) Load(context.Context, *serve.Artifact, serve.ModelSpec) (serve.Model, error) {
	return nil, errNone
}
