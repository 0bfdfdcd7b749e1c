package oip

import (
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

var generateInputs = []serve.TensorSpec{
	{Name: "text", Datatype: serve.Bytes, Shape: []int{-1, 1}},
	{Name: "n", Datatype: serve.Int64, Shape: []int{1}},
	{Name: "half", Datatype: serve.FP16, Shape: []int{1}},
	{Name: "rank0", Datatype: serve.FP32, Shape: []int{}},
}

// TestGenerateRequest has the request that a body of the generate extension is.
func TestGenerateRequest(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"text":"a","n":9007199254740993}`, `{"inputs":[{"name":"text","shape":[1,1],"datatype":"BYTES","data":["a"]},{"name":"n","shape":[1],"datatype":"INT64","data":[9007199254740993]}]}`},
		{`{"text":["a","b"],"id":"\u00e4","stream":true,"parameters":{"top":0.5,"k":"v","big":18446744073709551615}}`,
			`{"id":"\u00e4","parameters":{"big":18446744073709551615,"k":"v","stream":true,"top":0.5},"inputs":[{"name":"text","shape":[1,2],"datatype":"BYTES","data":["a","b"]}]}`},
		{`{"n":[]}`, `{"inputs":[{"name":"n","shape":[0],"datatype":"INT64","data":[]}]}`},
	} {
		req, ok, err := GenerateRequest(serve.RawBody([]byte(c.body)), generateInputs)
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", c.body, ok, err)
			continue
		}
		want, err := Request(serve.RawBody([]byte(c.want)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := AppendValue(nil, req)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := AppendValue(nil, want); string(got) != string(text) {
			t.Errorf("%s\ngot  %s\nwant %s", c.body, got, text)
		}
	}
	if _, ok, err := GenerateRequest(serve.RawBody([]byte(`{"inputs":[1]}`)), generateInputs); ok || err != nil {
		t.Errorf("an inference request: %v, %v", ok, err)
	}
	if req, ok, err := GenerateRequest(serve.RawBody([]byte(`{"inputs":[1,2]}`)), []serve.TensorSpec{{Name: "inputs", Datatype: serve.FP32, Shape: []int{-1}}}); !ok || err != nil || req.Inputs[0].Datatype != serve.FP32 {
		t.Errorf("an input that is called inputs: %v, %v", ok, err)
	}
}

// TestGenerateMistakes has mistakes be bad requests that name what is wrong.
func TestGenerateMistakes(t *testing.T) {
	for body, want := range map[string]string{
		``:                           "not",
		`{"text":1}`:                 "text",
		`{"text":[1]}`:               "text",
		`{"n":"1"}`:                  "n",
		`{"n":1.5}`:                  "n",
		`{"n":true}`:                 "n",
		`{"half":1}`:                 "half",
		`{"text":{"a":1}}`:           "text",
		`{"text":[["a"]]}`:           "text",
		`{"text":"a","id":1}`:        "id",
		`{"text":"a","p":[1]}`:       "'p' has invalid type",
		`{"text":"a","p":null}`:      "'p' has invalid type",
		`{"text":"a","text":"b"}`:    "twice",
		`{"text":"a","a":1} x`:       "",
		`{}`:                         `expected 4 inputs "text" "n"`,
		strings.Repeat(`{"a":`, 500): "",
	} {
		_, ok, err := GenerateRequest(serve.RawBody([]byte(body)), generateInputs)
		if !ok || serve.CodeOf(err) != serve.BadRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, %v; want %q", body, ok, err, want)
		}
	}
}

// TestGenerated has the members of an answer.
func TestGenerated(t *testing.T) {
	outputs := []*serve.Tensor{
		serve.NewBytes("text", []string{"ä\n"}), serve.NewTensor("ids", []int64{1, 2}), serve.NewTensor("matrix", []float64{1, 2, 3, 4}, 2, 2),
		serve.NewTensor("flag", []bool{true}, 1, 1), serve.NewTensor("none", []float32{}, 0), serve.NewTensor("", []float32{0.1}), serve.NewBytes("model_name", []string{"own"}),
	}
	r := &serve.Response{ID: "7", ModelName: "m", ModelVersion: "2", Dialect: serve.OIP, Outputs: outputs}
	for _, asked := range []bool{true, false} {
		o, err := Generated(r, asked)
		if err != nil {
			t.Fatal(err)
		}
		got, err := AppendValue(nil, o)
		want := `"model_version":"2","text":"ä\n","ids":[1,2],"matrix":[1,2,3,4],"flag":true,"none":[],"output-5":0.1,"model_name":"own"}`
		if asked {
			want = `"id":"7",` + want
		}
		if err != nil || string(got) != "{"+want {
			t.Errorf("got %s, %v", got, err)
		}
	}
	if _, err := Generated(&serve.Response{Outputs: "text"}, false); err == nil {
		t.Error("outputs that are no tensors have members")
	}
}

// FuzzGenerateRequest has any body be a request that can be written, or a mistake of
// the client's.
func FuzzGenerateRequest(f *testing.F) {
	for _, s := range []string{`{"text":"a","n":1}`, `{"text":["a"],"parameters":{"a":1}}`, `{"n":[1,2,3],"x":true,"id":"7"}`, `{"inputs":[1]}`, `{"n":1e400}`, `{"a":[1,[2]]}`, `{"a":[null]}`, `{"a":[],"b":[true]}`} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, known bool) {
		inputs := generateInputs
		if !known {
			inputs = nil
		}
		req, ok, err := GenerateRequest(serve.RawBody(body), inputs)
		switch {
		case err != nil:
			if code := serve.CodeOf(err); code != serve.BadRequest && code != serve.NotOffered {
				t.Errorf("%v is %v", err, code)
			}
		case ok:
			if len(req.Inputs) == 0 {
				t.Error("a request without inputs")
			}
			if _, err := AppendValue(nil, req); err != nil {
				t.Error(err)
			}
		}
	})
}
