package v2

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// TestClassifyShapes has the shape of an answer go by k also where there are no rows,
// and take no memory of lengths that nothing stands behind.
func TestClassifyShapes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		data  []float32
		shape []int
		k     any
		want  []int
		wrong string
	}{
		{"rows", []float32{1, 2, 3, 4, 5, 6}, []int{2, 3}, int64(2), []int{2, 2}, ""},
		{"more than there are", []float32{1, 2, 3}, []int{1, 3}, int64(9), []int{1, 3}, ""},
		{"one row without its dimension", []float32{1, 2, 3}, []int{3}, int64(1), []int{1}, ""},
		{"no rows", nil, []int{0, 3}, int64(2), []int{0, 2}, ""},
		{"no rows of very many", nil, []int{0, math.MaxInt}, int64(2), []int{0, 2}, ""},
		{"a string", []float32{1}, []int{1, 1}, "1", nil, `classification is "1", not a number`},
		{"none", []float32{1}, []int{1, 1}, int64(0), nil, "classification is 0, not a number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &serve.RequestedOutput{Name: "y", Parameters: map[string]any{"classification": tt.k}}
			got, err := classify(serve.NewTensor("y", tt.data, tt.shape...), w, &serve.Description{})
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("the error is %v, want %q", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got.Shape); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestBatchesAreAlike has inputs of one batch with as many rows each.
func TestBatchesAreAlike(t *testing.T) {
	of := func(name string, shape ...int) *serve.Tensor {
		n, _ := serve.Elements(shape)
		return serve.NewTensor(name, make([]float32, n), shape...)
	}
	for _, tt := range []struct {
		name   string
		inputs []*serve.Tensor
		limit  int
		wrong  string
	}{
		{"alike", []*serve.Tensor{of("a", 2, 1), of("b", 2, 3)}, 8, ""},
		{"not alike", []*serve.Tensor{of("a", 2, 1), of("b", 1, 3)}, 8, `input "b" has 1 rows, but input "a" has 2`},
		{"one without rows", []*serve.Tensor{of("a", 2, 1), of("b", 0, 3)}, 8, `input "b" has 0 rows, but input "a" has 2`},
		{"too many", []*serve.Tensor{of("a", 9, 1)}, 8, "batches of at most 8"},
		{"no batches", []*serve.Tensor{of("a", 2, 1), of("b", 1, 3)}, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := fitBatch(tt.inputs, tt.limit)
			if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%v, want %q", err, tt.wrong)
			}
		})
	}
}
