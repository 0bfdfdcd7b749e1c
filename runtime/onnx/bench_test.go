//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"fmt"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// BenchmarkPredict runs a small network, 32-128-128-8, on one row and on 32,
// with a context that can end, as every request has.
func BenchmarkPredict(b *testing.B) {
	for _, rows := range []int{1, 32} {
		b.Run(fmt.Sprintf("mlp/b%d", rows), func(b *testing.B) {
			benchmark(b, loaded(b, testdata("mlp")), mlpRequest(rows))
		})
	}
	for _, rows := range []int{1, 32} {
		b.Run(fmt.Sprintf("classifier/b%d", rows), func(b *testing.B) {
			benchmark(b, loaded(b, testdata("classifier_string")), request(ramp("X", rows, 4)))
		})
	}
}

func BenchmarkPredictParallel(b *testing.B) {
	m, req := loaded(b, testdata("mlp")), mlpRequest(1)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := m.Predict(b.Context(), req); err != nil {
				b.Error(err)
			}
		}
	})
}

func benchmark(b *testing.B, m *model, req *serve.Request) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Predict(ctx, req); err != nil {
			b.Fatal(err)
		}
	}
}

func mlpRequest(rows int) *serve.Request { return request(ramp("x", rows, 32)) }

// ramp is a matrix of numbers that differ.
func ramp(name string, rows, columns int) *serve.Tensor {
	data := make([]float32, rows*columns)
	for i := range data {
		data[i] = float32(i%7)/7 - 0.4
	}
	return serve.NewTensor(name, data, rows, columns)
}
