package onnx

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/leat-ml/leat/serve"
)

// The refusals that are not worth a word where nobody asked for trees.
var (
	errNoTrees  = errors.New("it has no trees")
	errNoEngine = errors.New("this program has no engine for them")
)

// plant is the model, if it is one of trees that runs without the library. Else
// refusal says why it is not, unless it has no trees or the parameters ask for
// the library; and where they ask for the trees it is the error.
func (o Options) plant(ctx context.Context, a *serve.Artifact, spec serve.ModelSpec) (m serve.Model, refusal, err error) {
	m, refusal, err = o.choose(ctx, a, spec)
	if m != nil {
		m, err = declare(m, spec)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(a.File), err)
	}
	return m, refusal, nil
}

func (o Options) choose(ctx context.Context, a *serve.Artifact, spec serve.ModelSpec) (m serve.Model, refusal, err error) {
	engine := spec.Parameters["engine"]
	switch engine {
	case nil, "trees":
	case "onnxruntime":
		return nil, nil, nil
	default:
		return nil, nil, fmt.Errorf("parameter engine is %v; it takes onnxruntime or trees", engine)
	}
	if _, err := readSettings(spec.Parameters); err != nil {
		return nil, nil, err
	}
	m, refusal = o.tryPlant(ctx, a, spec)
	switch {
	case m != nil:
		return m, nil, nil
	case engine == "trees":
		return nil, nil, fmt.Errorf("parameter engine is trees, but %w", refusal)
	case errors.Is(refusal, errNoTrees), errors.Is(refusal, errNoEngine):
		return nil, nil, nil
	}
	return nil, refusal, nil
}

func (o Options) tryPlant(ctx context.Context, a *serve.Artifact, spec serve.ModelSpec) (serve.Model, error) {
	if o.Trees == nil {
		return nil, errNoEngine
	}
	g, done, err := openGraph(a.File)
	if err != nil {
		return nil, err
	}
	done()
	if !g.trees {
		return nil, errNoTrees
	}
	return o.Trees(ctx, a, spec)
}

// without says that the library is missing, and why a model of trees cannot do
// without it.
func without(missing, refusal error) error {
	if refusal == nil {
		return missing
	}
	return fmt.Errorf("%w (it cannot be run without it: %w)", missing, refusal)
}

// A declared is a model whose description was refined by a declaration.
type declared struct {
	serve.Model
	description serve.Description
}

// Describe tells the inputs and outputs of the model.
func (d *declared) Describe() serve.Description { return d.description }

func declare(m serve.Model, spec serve.ModelSpec) (serve.Model, error) {
	own, ok := m.(serve.Describer)
	if !ok || len(spec.Inputs)+len(spec.Outputs) == 0 {
		return m, nil
	}
	d := &declared{Model: m, description: own.Describe()}
	var err error
	if d.description.Inputs, err = refine("input", d.description.Inputs, spec.Inputs); err != nil {
		return nil, err
	}
	d.description.Outputs, err = refine("output", d.description.Outputs, spec.Outputs)
	return d, err
}
