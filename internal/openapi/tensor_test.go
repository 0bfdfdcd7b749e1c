package openapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// TestExampleOf has an example be a request with what is needed, and something in any case.
func TestExampleOf(t *testing.T) {
	spec := func(name string, dt serve.Datatype, optional bool) serve.TensorSpec {
		return serve.TensorSpec{Name: name, Datatype: dt, Shape: []int{-1, 2}, Optional: optional}
	}
	input := func(name, datatype string, zero any) any {
		return object{"name": name, "shape": []int{1, 2}, "datatype": datatype, "data": []any{zero, zero}}
	}
	for _, tt := range []struct {
		name   string
		inputs []serve.TensorSpec
		want   object
	}{
		{"no schema", nil, nil},
		{"an optional one is left out", []serve.TensorSpec{spec("a", serve.FP32, false), spec("b", serve.Bool, true)}, object{"inputs": []any{input("a", "FP32", 0)}}},
		{"and before others", []serve.TensorSpec{spec("a", serve.FP32, true), spec("b", serve.Bytes, false)}, object{"inputs": []any{input("b", "BYTES", "text")}}},
		{"one of optional ones alone", []serve.TensorSpec{spec("a", serve.FP32, true), spec("b", serve.Bool, true)}, object{"inputs": []any{input("b", "BOOL", false)}}},
		{"none in JSON", []serve.TensorSpec{spec("a", serve.FP16, false)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, exampleOf(tt.inputs)); d != "" {
				t.Error(d)
			}
		})
	}
}
