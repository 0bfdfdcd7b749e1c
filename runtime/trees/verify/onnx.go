package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/serve"
)

// checkONNX compares every output of an ONNX file.
func (c *testCase) checkONNX(r *report) error {
	m, err := trees.LoadONNX(context.Background(), &serve.Artifact{File: filepath.Join(c.folder, c.Model)}, serve.ModelSpec{})
	if err != nil {
		return err
	}
	r.model(c.Group)
	for i := range c.Checks {
		k := &c.Checks[i]
		got, err := c.ask(m, k)
		if err != nil {
			return err
		}
		kind := "scores"
		if got.Datatype != serve.FP32 {
			kind = "label"
		}
		w, err := c.compareTensor(got, &k.Expected, kind)
		if err == nil {
			err = r.add(c.Group, kind, w)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", k.Output, err)
		}
	}
	return nil
}

// ask predicts, and returns the output that a check is about.
func (c *testCase) ask(m serve.Model, k *check) (*serve.Tensor, error) {
	in := k.Rows.Dense
	if in == nil {
		return nil, errors.New("the rows are not dense")
	}
	name := m.(serve.Describer).Describe().Inputs[0].Name
	var t *serve.Tensor
	switch in.Type {
	case "f32":
		t = tensor[float32](c.folder, name, in)
	case "f64":
		t = tensor[float64](c.folder, name, in)
	case "i64":
		t = tensor[int64](c.folder, name, in)
	}
	if t == nil {
		return nil, fmt.Errorf("the rows are %s, or cannot be read", in.Type)
	}
	out, err := m.Predict(context.Background(), &serve.Request{
		Dialect: serve.OIP, Inputs: []*serve.Tensor{t}, Outputs: []serve.RequestedOutput{{Name: k.Output}},
	})
	if err != nil {
		return nil, err
	}
	return out.([]*serve.Tensor)[0], nil
}

func tensor[T int64 | float32 | float64](folder, name string, a *array) *serve.Tensor {
	list, err := load[T](folder, a)
	if err != nil {
		return nil
	}
	return serve.NewTensor(name, list, a.Shape...)
}

func (c *testCase) compareTensor(got *serve.Tensor, want *array, kind string) (worst, error) {
	w := worst{limit: limitOf(c.Group, kind)}
	if len(got.Shape) > 0 {
		w.rows = got.Shape[0]
	}
	if want.Strings != nil {
		for i, s := range got.Strings() {
			if i >= len(want.Strings) || s != want.Strings[i] {
				return w, fmt.Errorf("row %d is %q", i, s)
			}
		}
		return w, nil
	}
	numbers, err := c.numbers(want)
	if err != nil {
		return w, err
	}
	if got.Len() != len(numbers) {
		return w, fmt.Errorf("%d values, want %d", got.Len(), len(numbers))
	}
	have, err := got.Float64s(nil)
	if err != nil {
		return w, err
	}
	w.see(have, numbers, max(1, got.Len()/max(1, w.rows)), 0)
	return w, nil
}
