package python

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// tritonCode is a class of Triton's in testdata, with numpy beside it.
func tritonCode(t *testing.T, file string) *Code {
	t.Helper()
	c := testCode(t, "testdata/"+file)
	c.Interpreter, c.Folder = "../../.venv/bin/python", "."
	if _, err := os.Stat(c.Interpreter); err != nil {
		t.Skip("there is no .venv with numpy; make setup makes it")
	}
	return c
}

// A toldRequest is what testdata/told.py says of a request.
type toldRequest struct {
	ID         string         `json:"id"`
	Sequence   any            `json:"sequence"`
	Flags      int            `json:"flags"`
	Timeout    int            `json:"timeout"`
	Parameters map[string]any `json:"parameters"`
	Outputs    []string       `json:"outputs"`
	Cancelled  bool           `json:"cancelled"`
	Together   int            `json:"together"`
}

func asking(x int32, id string, parameters map[string]any, outputs ...string) *serve.Request {
	r := &serve.Request{Op: "infer", Dialect: serve.OIP, Parameters: parameters, Inputs: []*serve.Tensor{serve.NewTensor("IN", []int32{x}, 1, 1)}}
	if id != "" {
		r.RawID, _ = json.Marshal(id)
	}
	for _, name := range outputs {
		r.Outputs = append(r.Outputs, serve.RequestedOutput{Name: name})
	}
	return r
}

// requestsToBeTold are requests, and what a class is told of each. Triton 2.51 tells
// its classes the same.
var requestsToBeTold = map[string]struct {
	req  *serve.Request
	want toldRequest
}{
	"nothing": {
		asking(1, "", nil),
		toldRequest{Sequence: 0.0, Parameters: map[string]any{}, Outputs: []string{"SAID", "TWICE"}, Together: 1},
	},
	"everything": {
		asking(1, `a "b"`, map[string]any{
			"sequence_id": int64(42), "sequence_start": true, "sequence_end": true, "priority": int64(3), "timeout": int64(123456),
			"binary_data_output": true, "x": int64(1), "s": "t", "b": true, "f": 1.5,
		}, "SAID"),
		toldRequest{
			ID: `a "b"`, Sequence: 42.0, Flags: 3, Timeout: 123456, Outputs: []string{"SAID"}, Together: 1,
			Parameters: map[string]any{"x": 1.0, "s": "t", "b": true, "f": 1.5},
		},
	},
	"a sequence named by text": {
		asking(1, "", map[string]any{"sequence_id": "forty", "sequence_end": true}),
		toldRequest{Sequence: "forty", Flags: 2, Parameters: map[string]any{}, Outputs: []string{"SAID", "TWICE"}, Together: 1},
	},
}

// TestTritonRequest has a class told of its request what the client says.
func TestTritonRequest(t *testing.T) {
	m := startModel(t, tritonCode(t, "told.py"), "TritonPythonModel", nil)
	for name, c := range requestsToBeTold {
		v, err := m.Predict(t.Context(), c.req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(c.want, toldIn(t, v)); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

// toldIn is what the output SAID says.
func toldIn(t *testing.T, outputs any) (told toldRequest) {
	t.Helper()
	all, ok := outputs.([]*serve.Tensor)
	if one, is := outputs.(*serve.Tensor); is {
		all, ok = []*serve.Tensor{one}, true
	}
	if !ok || all[0].Name != "SAID" {
		t.Fatalf("the answer is %v", outputs)
	}
	if err := json.Unmarshal([]byte(all[0].Strings()[0]), &told); err != nil {
		t.Fatal(err)
	}
	return told
}

// TestTritonOutputs drops what nobody has asked for, and what the model's configuration
// does not name.
func TestTritonOutputs(t *testing.T) {
	m := startModel(t, tritonCode(t, "told.py"), "TritonPythonModel", nil)
	for _, c := range []struct{ ask, want []string }{
		{nil, []string{"SAID", "TWICE"}},
		{[]string{"TWICE"}, []string{"TWICE"}},
		{[]string{"TWICE", "SAID"}, []string{"SAID", "TWICE"}},
		{[]string{"NOBODYS"}, []string{"NOBODYS"}}, // which the server refuses before, as it is not in the schema
	} {
		v, err := m.Predict(t.Context(), asking(1, "", nil, c.ask...))
		if err != nil {
			t.Errorf("%v: %v", c.ask, err)
			continue
		}
		var got []string
		if one, is := v.(*serve.Tensor); is {
			v = []*serve.Tensor{one}
		}
		for _, o := range v.([]*serve.Tensor) {
			got = append(got, o.Name)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%v: (-want +got)\n%s", c.ask, d)
		}
	}
}

// TestTritonRequestsTogether has each of the requests that were put together say its
// own, and be answered with what it asked for.
func TestTritonRequestsTogether(t *testing.T) {
	m := startModel(t, tritonCode(t, "told.py"), "TritonPythonModel", nil)
	reqs := []*serve.Request{
		asking(1, "one", map[string]any{"x": int64(1)}, "SAID"),
		asking(2, "", nil, "TWICE", "SAID"),
		asking(-1, "three", map[string]any{"sequence_id": int64(7)}),
		asking(-2, "", nil),
		asking(-3, "", nil),
	}
	merged := *reqs[0]
	merged.Inputs = []*serve.Tensor{serve.NewTensor("IN", []int32{1, 2, -1, -2, -3}, 5, 1)}
	v, err := m.Predict(serve.WithTogether(t.Context(), reqs, nil), &merged)
	if err != nil {
		t.Fatal(err)
	}
	each := v.([]serve.Answer)
	want := []toldRequest{
		{ID: "one", Sequence: 0.0, Parameters: map[string]any{"x": 1.0}, Outputs: []string{"SAID"}, Together: 5},
		{Sequence: 0.0, Parameters: map[string]any{}, Outputs: []string{"SAID", "TWICE"}, Together: 5},
	}
	for i, w := range want {
		if d := cmp.Diff(w, toldIn(t, each[i].Outputs)); d != "" || len(each[i].Outputs) != len(w.Outputs) {
			t.Errorf("request %d: %d outputs (-want +got)\n%s", i, len(each[i].Outputs), d)
		}
	}
	for i, code := range []serve.Code{serve.NotFound, serve.Unavailable, serve.Internal} {
		wantError(t, each[2+i].Err, code, "as asked")
	}
}

// TestTritonErrors has the errors of responses keep the code that they name.
func TestTritonErrors(t *testing.T) {
	m := startModel(t, tritonCode(t, "told.py"), "TritonPythonModel", nil)
	for x, code := range map[int32]serve.Code{-1: serve.NotFound, -2: serve.Unavailable, -3: serve.Internal} {
		_, err := m.Predict(t.Context(), asking(x, "", nil))
		wantError(t, err, code, "as asked")
	}
}

// TestTritonMetrics has the metrics that a class makes be those of its model.
func TestTritonMetrics(t *testing.T) {
	m := startModel(t, tritonCode(t, "told.py"), "TritonPythonModel", nil)
	const name = `answers{to="anybody"}`
	for want := range 3 {
		got, ok := m.ctx.Snapshot().Metrics[name]
		if !ok || got != float64(want) {
			t.Errorf("there are %v answers, want %d", got, want)
		}
		if _, err := m.Predict(t.Context(), asking(1, "", nil)); err != nil {
			t.Fatal(err)
		}
	}
}
