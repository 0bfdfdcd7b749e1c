package conformance

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/client"
)

// tritonModels writes a repository of Triton's with two models: told answers with what
// its requests say of themselves, and counts sends any number of answers.
func tritonModels(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for model, m := range map[string]struct{ code, config string }{
		"told": {"told.py", `backend: "python"
max_batch_size: 8
input [{ name: "IN" data_type: TYPE_INT32 dims: [1] }]
output [{ name: "SAID" data_type: TYPE_STRING dims: [1] }, { name: "TWICE" data_type: TYPE_INT32 dims: [1] }]
dynamic_batching { }
`},
		"counts": {"decoupled.py", `backend: "python"
input [{ name: "IN" data_type: TYPE_INT64 dims: [2] }]
output [{ name: "OUT" data_type: TYPE_INT64 dims: [-1] }]
model_transaction_policy { decoupled: true }
instance_group [{ count: 1 kind: KIND_CPU }]
`},
	} {
		writeText(t, filepath.Join(dir, model, "config.pbtxt"), m.config)
		writeText(t, filepath.Join(dir, model, "1", "model.py"), readText(t, filepath.Join("..", "runtime", "python", "testdata", m.code)))
	}
	return dir
}

// TestTritonsRequests has a class of Triton's be told what the client says of its
// request, whichever way it asks, and be answered 404 for an error of that kind.
func TestTritonsRequests(t *testing.T) {
	needsPython(t)
	w := serveForeign(t, tritonModels(t))
	t.Run("told", w.told)
	t.Run("slow clients", w.slowClients)
}

func (w *foreignWorld) told(t *testing.T) {
	of := func(x int32) []*client.Tensor { return []*client.Tensor{client.NewTensor("IN", []int32{x}, 1, 1)} }
	req := &client.Request{
		Model: "told", ID: "mine", Inputs: of(1), Outputs: []client.Output{{Name: "SAID"}},
		Parameters: map[string]any{"sequence_id": 7, "sequence_start": true, "timeout": 5000, "priority": 1, "mood": "good"},
	}
	want := map[string]any{
		"id": "mine", "sequence": 7.0, "flags": 1.0, "timeout": 5000.0, "parameters": map[string]any{"mood": "good"},
		"outputs": []any{"SAID"}, "cancelled": false, "together": 1.0,
	}
	for name, ask := range w.asks() {
		r, err := ask(t.Context(), req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := client.Data[string](r, "SAID")
		if err != nil || len(r.Outputs) != 1 {
			t.Errorf("%s: %d outputs, %v", name, len(r.Outputs), err)
			continue
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(text[0]), &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
	wants(t, w, &client.Request{Model: "told", Inputs: of(4)}, "TWICE", []int{1, 1}, []int32{8})
	missing := `{"inputs":[{"name":"IN","shape":[1,1],"datatype":"INT32","data":[-1]}]}`
	if a := post("/v2/models/told/infer", missing).do(t, w.url); a.status != http.StatusNotFound {
		t.Errorf("an error NOT_FOUND: %d %s", a.status, a.body)
	}
}

// slowClients has clients that stop reading hold up nobody else, though the model sends
// within execute and has one worker.
func (w *foreignWorld) slowClients(t *testing.T) {
	for name, stream := range map[string]func(context.Context, *client.Request) iter.Seq2[*client.Response, error]{"HTTP": w.text.InferStream, "gRPC": w.rpc.InferStream} {
		of := func(n int64) *client.Request {
			return &client.Request{Model: "counts", Inputs: []*client.Tensor{client.NewTensor("IN", []int64{n, 500}, 2)}}
		}
		const n = 3000
		got := int64(0)
		for r, err := range stream(t.Context(), of(n)) {
			if err != nil {
				t.Fatalf("%s: answer %d: %v", name, got, err)
			}
			if numbers, err := client.Data[int64](r, "OUT"); err != nil || len(numbers) != 500 || numbers[0] != got {
				t.Fatalf("%s: answer %d: %v", name, got, err)
			}
			if got++; got%1000 == 1 {
				others := 0
				for _, err := range stream(t.Context(), of(10)) {
					if err != nil {
						t.Errorf("%s: beside it: %v", name, err)
					}
					others++
				}
				if others != 10 {
					t.Errorf("%s: %d answers beside it", name, others)
				}
			}
		}
		if got != n {
			t.Errorf("%s: %d answers", name, got)
		}
	}
}
