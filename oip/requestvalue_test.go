package oip

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// given is a request as a transport makes it that does not speak JSON.
func given() *serve.Request {
	req := &serve.Request{
		ID: "7", RawID: []byte(`"7"`), Dialect: serve.OIP, Parameters: map[string]any{"n": int64(1)},
		Inputs:  []*serve.Tensor{serve.NewTensor("x", []float32{1, 2.5}, 1, 2), serve.NewBytes("s", []string{"a\"b"})},
		Outputs: []serve.RequestedOutput{{Name: "y"}, {Name: "z", Parameters: map[string]any{"k": true}}},
	}
	req.SetPresence(true, true)
	return req
}

func TestRequestValue(t *testing.T) {
	req := given()
	body := serve.ValueBody(req)
	text, err := AppendBody(nil, body)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"id":"7","parameters":{"n":1},"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2.5]},` +
		`{"name":"s","shape":[1],"datatype":"BYTES","data":["a\"b"]}],"outputs":[{"name":"y"},{"name":"z","parameters":{"k":true}}]}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
	doc, err := Value(body)
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := doc.(*serve.Object).Value("id"); id != "7" {
		t.Errorf("as a document it has the id %v", id)
	}
	same, err := Request(body)
	if err != nil || same.ID != "7" || len(same.Inputs) != 2 {
		t.Errorf("as a request it is %v, %v", same, err)
	}
	back, err := Request(serve.RawBody(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := serve.Data[float32](back.Inputs[0]); !cmp.Equal(got, []float32{1, 2.5}) {
		t.Errorf("read back, the first input is %v", got)
	}
	own, err := new(Buffer).Request(body)
	if err != nil || own == req || own.Inputs[1].Strings()[0] != `a"b` {
		t.Errorf("in a buffer it is %v, %v", own, err)
	}
}

// TestRequestOfRows has a request in MLRun's dialect.
func TestRequestOfRows(t *testing.T) {
	req := (&serve.Request{}).WithData(serve.NewTensor("", []int64{1, 2}, 1, 2))
	text, err := AppendBody(nil, serve.ValueBody(req))
	if got, want := string(text), `{"inputs":[[1,2]]}`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
