package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat/runtime/trees"
)

var outputs = map[string]trees.Output{
	"margin": trees.Margin, "response": trees.Response, "leaf": trees.Leaf, "contrib": trees.Contrib,
}

func (c *testCase) check(r *report) error {
	if strings.HasPrefix(c.Group, "onnx") {
		return c.checkONNX(r)
	}
	data, err := os.ReadFile(filepath.Join(c.folder, c.Model))
	if err != nil {
		return err
	}
	e, err := trees.Parse(data)
	if err != nil {
		return err
	}
	r.model(c.Group)
	for i := range c.Checks {
		k := &c.Checks[i]
		w, err := c.compare(e, k)
		if err != nil {
			return fmt.Errorf("%s: %w", k.Output, err)
		}
		if err := r.add(c.Group, k.Output, w); err != nil {
			return fmt.Errorf("%s: %w", k.Output, err)
		}
	}
	return nil
}

// compare computes an output and returns the worst difference. Rows that are
// float32 are asked as such, so that nothing is rounded twice.
func (c *testCase) compare(e *trees.Ensemble, k *check) (worst, error) {
	values := &k.Rows.Values
	if k.Rows.Dense != nil {
		values = k.Rows.Dense
	}
	want, err := c.numbers(&k.Expected)
	if err != nil {
		return worst{}, err
	}
	absent := math.NaN()
	if strings.HasPrefix(c.Group, "lightgbm") {
		absent = 0
	}
	if values.Type == "f32" {
		return compareRows(c, e, k, want, float32(absent))
	}
	return compareRows(c, e, k, want, absent)
}

func compareRows[S float32 | float64](c *testCase, e *trees.Ensemble, k *check, want []float64, absent S) (worst, error) {
	out := outputs[k.Output]
	width := e.Width(out)
	w := worst{limit: limitOf(c.Group, k.Output)}
	err := rows(c, &k.Rows, absent, func(first, n int, block []S) error {
		got := make([]float64, n*width)
		if err := trees.Predict(e, got, block, n, out); err != nil {
			return err
		}
		w.rows += n
		if len(want) < (first+n)*width {
			return fmt.Errorf("%d values a row, but the library answers %d for all %v", width, len(want), k.Expected.Shape)
		}
		w.see(got, want[first*width:(first+n)*width], width, first)
		return nil
	})
	if err == nil && len(want) != w.rows*width {
		err = fmt.Errorf("%d values for %d rows, but the library answers %d", w.rows*width, w.rows, len(want))
	}
	return w, err
}
