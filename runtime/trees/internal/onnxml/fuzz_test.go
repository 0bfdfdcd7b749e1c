package onnxml

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// FuzzParse wants an error or a program that runs, whatever the file is.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.onnx"))
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no models: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		for _, n := range []int{0, 1, 9} {
			if want := p.Input.Shape[0]; want >= 0 && want != n {
				continue
			}
			in := strange(p, n)
			if in == nil {
				return
			}
			// What a request cannot fit is an error; a panic fails the test.
			if _, err := p.Run(in); err != nil {
				t.Log(err)
			}
		}
	})
}

// strange are n rows of numbers that are special; nil if they would be bigger
// than anything else.
func strange(p *Program, n int) *serve.Tensor {
	width := p.Input.Shape[1]
	if width < 0 {
		width = 50
	}
	if width > 10_000 {
		return nil
	}
	values := []float64{math.NaN(), 0, -1, 1e9, math.Inf(1), 1e-40, 3, math.Inf(-1), 1.5}
	numbers := make([]float64, n*width)
	for i := range numbers {
		numbers[i] = values[(i/max(1, width)+i)%len(values)]
	}
	name := p.Input.Name
	switch p.Input.Datatype {
	case serve.FP64:
		return serve.NewTensor(name, numbers, n, width)
	case serve.FP32:
		return serve.NewTensor(name, convert[float32](numbers), n, width)
	case serve.Int32:
		return serve.NewTensor(name, make([]int32, len(numbers)), n, width)
	}
	return serve.NewTensor(name, convert[int64](numbers), n, width)
}
