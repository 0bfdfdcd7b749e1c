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

// Load loads a model that runs without the library, and refuses others.
func (e *engine) Load(ctx context.Context, a *serve.Artifact, spec serve.ModelSpec) (serve.Model, error) {
	planted, refusal, err := e.options.plant(ctx, a, spec)
	if planted != nil || err != nil {
		return planted, err
	}
	return nil, without(errNone, refusal)
}
