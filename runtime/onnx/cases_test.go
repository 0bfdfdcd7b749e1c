//go:build cgo && (linux || darwin)

package onnx

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// A knownCase is a file of models/cases: a request and its recorded answer.
type knownCase struct {
	Model    string
	Request  struct{ Inputs []jsonTensor }
	Response struct{ Outputs []jsonTensor }
	// Probabilities are the rows of a ZipMap, which has no place in the answer.
	Probabilities [][]float32 `json:"sequence_of_maps_output_probability"`
}

func TestKnownAnswers(t *testing.T) {
	files, err := filepath.Glob(shared(t, "cases", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no cases: %v", err)
	}
	ran := 0
	for _, file := range files {
		var c knownCase
		readJSON(t, file, &c)
		if filepath.Ext(c.Model) != ".onnx" {
			continue
		}
		ran++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) { c.check(t) })
	}
	if ran < 30 {
		t.Errorf("only %d cases are of ONNX models", ran)
	}
}

func (c *knownCase) check(t *testing.T) {
	m := loaded(t, shared(t, c.Model))
	req := request()
	for _, in := range c.Request.Inputs {
		req.Inputs = append(req.Inputs, in.tensor(t))
	}
	got := map[string]*serve.Tensor{}
	for _, out := range predict(t, m, req) {
		got[out.Name] = out
	}
	for _, want := range c.Response.Outputs {
		if got[want.Name] == nil {
			t.Fatalf("there is no output %q", want.Name)
		}
		compare(t, got[want.Name], want.tensor(t))
	}
	if c.Probabilities != nil {
		compare(t, got["output_probability"], matrix("output_probability", c.Probabilities))
	}
}

func matrix(name string, rows [][]float32) *serve.Tensor {
	var flat []float32
	for _, row := range rows {
		flat = append(flat, row...)
	}
	return serve.NewTensor(name, flat, len(rows), len(rows[0]))
}
