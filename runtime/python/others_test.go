package python

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// TestMLServer asks a class of MLServer's, whose methods are coroutines, in both
// dialects.
func TestMLServer(t *testing.T) {
	m := startModel(t, testCode(t, "testdata/others.py"), "Threes", nil)
	x := serve.NewTensor("x", []int64{1, 2})
	row, err := oip.Request(serve.RawBody([]byte(`{"inputs": [1, 2]}`)))
	if err != nil {
		t.Fatal(err)
	}
	for name, req := range map[string]*serve.Request{
		"tensors": {Op: "infer", Dialect: serve.OIP, Inputs: []*serve.Tensor{x}},
		"rows":    row,
	} {
		v, err := m.Predict(t.Context(), req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := oip.AppendValue(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if got, err = oip.ParseValue(text); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff("[3,6]", compact(t, got)); d != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", name, d, text)
		}
	}
}

// TestTriton asks a class of Triton's, which takes numpy.
func TestTriton(t *testing.T) {
	c := testCode(t, "testdata/triton.py")
	c.Interpreter, c.Folder = "../../.venv/bin/python", "."
	if _, err := os.Stat(c.Interpreter); err != nil {
		t.Skip("there is no .venv with numpy; make setup makes it")
	}
	m := startModel(t, c, "TritonPythonModel", nil)
	inputs := []*serve.Tensor{serve.NewTensor("a", []float32{1, 2}, 1, 2), serve.NewTensor("b", []bool{true}), serve.NewTensor("c", []int64{7, 8})}
	v, err := m.Predict(t.Context(), &serve.Request{Op: "infer", Dialect: serve.OIP, Inputs: inputs})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(compact(t, inputs), compact(t, v)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestFunctionAsModel has a function where a class is named.
func TestFunctionAsModel(t *testing.T) {
	m := startModel(t, testCode(t), "total", nil)
	if got, err := answerOf(m, `{"inputs": [[1, 2], [3, 4]]}`); err != nil || got != "[3,7]" {
		t.Errorf("answer %s, error %v", got, err)
	}
	_, err := answerOf(m, `{"x": 1}`)
	wantError(t, err, serve.BadRequest, `Expected key "inputs"`)
}

func compact(t *testing.T, v any) string {
	t.Helper()
	text, err := oip.AppendValue(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestMLServerRequest has a class of MLServer's told the id, the parameters and the
// wanted outputs of its request.
func TestMLServerRequest(t *testing.T) {
	m := startModel(t, testCode(t, "testdata/others.py"), "Told", nil)
	inputs := []*serve.Tensor{serve.NewTensor("x", []int64{1})}
	for _, c := range []struct {
		req  *serve.Request
		want string
	}{
		{&serve.Request{Op: "infer", Dialect: serve.OIP, Inputs: inputs}, `["None","","None"]`},
		{&serve.Request{
			Op: "infer", Dialect: serve.OIP, Inputs: inputs, ID: "mine", RawID: []byte(`"mine"`), Parameters: map[string]any{"mood": "good"},
			Outputs: []serve.RequestedOutput{{Name: "said", Parameters: map[string]any{"kind": "long"}}, {Name: "other"}},
		}, `["mine","said long, other","good"]`},
	} {
		v, err := m.Predict(t.Context(), c.req)
		if err != nil {
			t.Fatal(err)
		}
		said, ok := v.(*serve.Tensor)
		if !ok {
			t.Fatalf("the answer is %v", v)
		}
		if got := compact(t, said.Strings()); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
