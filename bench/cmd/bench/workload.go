package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// workload is one request, asked over and over.
type workload struct {
	name, path string
	body       []byte                  // nil is a GET
	echo       []float64               // the numbers in the body: what an echo model answers
	answer     []float64               // what the real model answers
	goals      map[int]goal            // by connections
	fields     []string                // of the header besides the usual ones: name, value, name …
	check      func(body []byte) error // instead of comparing numbers; may be nil
}

// goal is what leat shall reach, as ratios to the floor; 0 is no goal.
type goal struct{ perSecond, cpu float64 }

func workloads() []workload {
	return []workload{
		{name: "noop", path: "/v2/health/live"},
		infer("echo-1x4", "echo", 1, iris[:4], map[int]goal{16: {perSecond: 0.80, cpu: 1.3}}),
		infer("echo-32x4", "echo", 32, iris, map[int]goal{16: {perSecond: 0.75}}),
		treeRequest(),
	}
}

// iris holds 32 rows of four measurements like those that a client sends.
var iris = func() []float64 {
	rows := make([]float64, 0, 128)
	for i := range 32 {
		f := float64(i)
		rows = append(rows, 5.1+f/10, 3.5-f/20, 1.4+f/8, 0.2+f/16)
	}
	return rows
}()

// infer is a request with one FP32 tensor of n rows.
func infer(name, model string, n int, data []float64, goals map[int]goal) workload {
	body := fmt.Appendf(nil, `{"inputs":[{"name":"x","shape":[%d,%d],"datatype":"FP32","data":[`, n, len(data)/n)
	for i, v := range data {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendFloat(body, v, 'g', -1, 32)
	}
	return workload{name: name, path: "/v2/models/" + model + "/infer", body: append(body, `]}]}`...), echo: data, goals: goals}
}

// verifier returns the check of an answer of t.
func (w workload) verifier(t target) func([]byte) error {
	if w.check != nil {
		return w.check
	}
	want := w.echo
	if t.models {
		want = w.answer
	}
	return func(body []byte) error { return w.verify(body, want) }
}

func (w workload) verify(body []byte, want []float64) error {
	if w.body == nil {
		if !json.Valid(body) {
			return fmt.Errorf("not JSON: %.100q", body)
		}
		return nil
	}
	var answer struct{ Outputs []any }
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	got := numbers(nil, answer.Outputs)
	if len(got) == 0 {
		return fmt.Errorf("answer without numbers: %.100q", body)
	}
	return compare(got, want)
}

// numbers appends the numbers of the first tensor in the outputs of an answer,
// or of its rows.
func numbers(to []float64, v any) []float64 {
	switch v := v.(type) {
	case float64:
		to = append(to, v)
	case []any:
		for _, item := range v {
			if _, tensor := item.(map[string]any); tensor && len(to) > 0 {
				break
			}
			to = numbers(to, item)
		}
	case map[string]any:
		to = numbers(to, v["data"])
	}
	return to
}

var errValues = errors.New("other values than expected")

func compare(got, want []float64) error {
	if want == nil {
		return nil // a request of the user's: any numbers will do
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d values, not %d", len(got), len(want))
	}
	for i := range got {
		if math.Abs(got[i]-want[i]) > 1e-5*math.Max(1, math.Abs(want[i])) {
			return fmt.Errorf("value %d is %v, not %v: %w", i, got[i], want[i], errValues)
		}
	}
	return nil
}
