// Package catboost reads models that CatBoost saved as JSON, of numeric features.
//
// The layout is what the files of CatBoost 1.2 hold; CatBoost's documentation
// describes it under "JSON model". The trees of most models are oblivious; those
// grown with the policies Depthwise and Lossguide are not, and come node in node.
package catboost

import (
	"errors"
	"fmt"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
	"github.com/leat-ml/leat/runtime/trees/internal/jsondoc"
)

const format = "CatBoost JSON"

// Parse reads a model, and of it the iterations chosen. By default that is all:
// CatBoost itself leaves out of the file those after the best one.
//
// # Errors
//
// What is malformed, and by name what is not supported: categorical, text and
// embedding features among them. A model can ask for no more memory than a small
// multiple of its size.
func Parse(data []byte, of forest.Iterations) (*forest.Ensemble, error) {
	e, err := parse(data, of)
	if err != nil {
		return nil, fmt.Errorf("catboost model: %w", err)
	}
	return e, nil
}

// parse reads the file twice: what stands after the trees must be known before.
func parse(data []byte, of forest.Iterations) (*forest.Ensemble, error) {
	m := &model{size: len(data), of: of, scale: 1}
	if err := m.read(data, m.readAbout); err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if err := m.read(data, m.readTrees); err != nil {
		return nil, err
	}
	return m.finish()
}

// A model is what has been read of one.
type model struct {
	size int
	of   forest.Iterations

	features  []feature // by the number that splits know them by
	columns   int       // of a row
	names     []string
	loss      string
	described bool // there are features_info and model_info
	scale     float64
	bias      []float64

	trees     int // read, of both kinds
	oblivious forest.ObliviousBuilder
	builder   *forest.Builder // of other trees; nil without one
}

// read calls member for each member of the document, which it must read.
func (m *model) read(data []byte, member func(d *jsondoc.Document, key string) error) error {
	d := jsondoc.New(data)
	if err := members(d, func(key string) error { return member(d, key) }); err != nil {
		return err
	}
	return d.End()
}

// members reads an object. A member that comes twice is an error.
func members(d *jsondoc.Document, read func(key string) error) error {
	seen := make(map[string]bool)
	return d.Object(func(key []byte) error {
		name := string(key)
		if seen[name] {
			return fmt.Errorf("%q comes twice in one object", name[:min(len(name), 40)])
		}
		seen[name] = true
		return read(name)
	})
}

// readAbout reads what is not a tree.
func (m *model) readAbout(d *jsondoc.Document, key string) error {
	switch key {
	case "features_info":
		m.described = true
		return m.readFeatures(d)
	case "model_info":
		return m.readInfo(d)
	case "scale_and_bias":
		return m.readScale(d)
	case "ctr_data":
		return fmt.Errorf("categorical features are not supported")
	}
	return d.Skip()
}

// readScale reads a number and one bias, or one a margin.
func (m *model) readScale(d *jsondoc.Document) error {
	m.bias = nil
	at := 0
	err := d.Array(func() (err error) {
		switch at++; {
		case at == 1:
			m.scale, err = d.Float64()
		case at > 2:
			err = errors.New("more than two elements")
		case d.Starts('['):
			m.bias, err = d.Float64s(nil)
		default:
			var bias float64
			bias, err = d.Float64()
			m.bias = []float64{bias}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("scale_and_bias: %w", err)
	}
	for _, v := range append([]float64{m.scale}, m.bias...) {
		if v-v != 0 {
			return fmt.Errorf("scale_and_bias: %v", v)
		}
	}
	return nil
}

func (m *model) check() error {
	if !m.described {
		return fmt.Errorf("it has no features_info: not a file that save_model wrote")
	}
	if m.loss == "" {
		return fmt.Errorf("model_info does not name the loss function")
	}
	if _, ok := responses[m.loss]; !ok {
		return fmt.Errorf("loss function %q is not supported", m.loss[:min(len(m.loss), 40)])
	}
	return nil
}

func (m *model) finish() (*forest.Ensemble, error) {
	if err := m.of.Check(m.trees); err != nil {
		return nil, err
	}
	if m.builder != nil && m.oblivious.Trees() > 0 {
		return nil, fmt.Errorf("it has both oblivious_trees and trees")
	}
	width := m.width()
	if len(m.bias) == 1 && width > 1 {
		for len(m.bias) < width {
			m.bias = append(m.bias, m.bias[0])
		}
	}
	if m.bias == nil || m.of.From > 0 { // CatBoost adds the bias with the first tree
		m.bias = make([]float64, width)
	}
	meta := forest.Meta{
		Format: format, Booster: "oblivious", Objective: m.loss, Features: m.columns, FeatureNames: m.names,
		Base: m.bias, Transform: responses[m.loss], Scale: 1,
	}
	if m.builder == nil {
		return m.oblivious.Finish(meta)
	}
	meta.Booster = "trees"
	return m.builder.Finish(meta)
}

// width is how many margins the model has.
func (m *model) width() int {
	switch {
	case m.builder != nil:
		return m.builder.Width()
	case m.oblivious.Trees() > 0:
		return m.oblivious.Width()
	}
	return max(1, len(m.bias))
}
