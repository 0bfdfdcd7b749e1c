package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/runtime/onnx"
	"github.com/leat-ml/leat/runtime/trees"
)

// TestQuickstart serves the quickstart's repository and wants the answers that
// the libraries gave whose models they are.
func TestQuickstart(t *testing.T) {
	text, err := os.ReadFile("../examples/quickstart-train/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Cases []struct {
			Model, Version, Library string
			Rows                    json.RawMessage
			Outputs                 map[string][]any
		}
	}
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	url := serveQuickstart(t)
	for _, c := range expected.Cases {
		for name, want := range c.Outputs {
			t.Run(c.Model+":"+c.Version+"/"+name, func(t *testing.T) {
				path := "/v2/models/" + c.Model + "/versions/" + c.Version + "/infer"
				body := fmt.Sprintf(`{"parameters":{"output":%q},"inputs":%s}`, name, c.Rows)
				if c.Library == "onnx" {
					body = fmt.Sprintf(`{"inputs":%s}`, c.Rows)
					if name != "label" {
						return // MLRun's dialect answers with the first output
					}
				}
				got := post(path, body)
				got.status = 200
				a := got.do(t, url)
				got.check(t, 0, "the quickstart answers", a)
				var answer struct{ Outputs []any }
				if err := json.Unmarshal(a.body, &answer); err != nil {
					t.Fatal(err)
				}
				if len(answer.Outputs) != len(want) {
					t.Fatalf("%d rows, want %d", len(answer.Outputs), len(want))
				}
				for i := range want {
					if !alike(flat(want[i]), flat(answer.Outputs[i])) {
						t.Errorf("row %d is %v, want %v", i, answer.Outputs[i], want[i])
					}
				}
			})
		}
	}
}

func serveQuickstart(t *testing.T) string {
	t.Helper()
	set := &catalog.Set{}
	trees.Register(set)
	onnx.Register(set, onnx.Options{Library: "../lib", Trees: trees.LoadONNX})
	_, url := start(t, &graph.Spec{Models: "../examples/quickstart"}, &leat.Options{Catalog: set})
	return url
}

// flat is a number, or a list without lists in it: of several margins LightGBM
// lists the contributions one after the other.
func flat(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	var out []any
	for _, v := range list {
		if inner, ok := flat(v).([]any); ok {
			out = append(out, inner...)
		} else {
			out = append(out, v)
		}
	}
	return out
}

// alike says whether numbers, or lists of them, are within 1e-6 of each other.
func alike(want, got any) bool {
	if x, ok := want.([]any); ok {
		y, ok := got.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !alike(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	x, ok := want.(float64)
	y, also := got.(float64)
	return ok && also && math.Abs(x-y) <= 1e-6*math.Max(1, math.Abs(x))
}
