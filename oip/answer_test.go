package oip

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

func TestAnswer(t *testing.T) {
	head := `{"model_name":"m","model_version":"2","id":"7","parameters":{"headers":{"Ce-Id":"1"},"content_type":null,"n":3},"more":[{}],"outputs":[
		{"name":"a","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}},
		{"name":"b","datatype":"FP64","shape":[1,2],"data":[[1.5,null]],"parameters":{"content_type":"np"}},
		{"name":"c","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":11}},
		{"name":"d","shape":[2],"datatype":"FP16","data":[1.5,-2]},
		{"name":"e","data":["x"],"shape":[1],"datatype":"BYTES"}]}`
	raw := []byte(head)
	for _, f := range []float32{1, 2} {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	raw = append(raw, "\x03\x00\x00\x00abc\x00\x00\x00\x00"...)
	r, err := Answer(raw, len(head))
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "7" || r.ModelName != "m" || r.ModelVersion != "2" || len(r.Parameters) != 3 {
		t.Errorf("got %+v", r)
	}
	outputs := r.Outputs.([]*serve.Tensor)
	a, _ := serve.Data[float32](outputs[0])
	b, _ := serve.Data[float64](outputs[1])
	d, _ := outputs[3].Float32s(nil)
	if diff := cmp.Diff([]any{[]float32{1, 2}, 1.5, true, []string{"abc", ""}, []float32{1.5, -2}, []string{"x"}},
		[]any{a, b[0], math.IsNaN(b[1]), outputs[2].Strings(), d, outputs[4].Strings()}); diff != "" {
		t.Error(diff)
	}
}

func TestWrongAnswer(t *testing.T) {
	for _, tt := range []struct{ head, behind, err string }{
		{`[]`, "", "not a JSON object"},
		{`{}`, "", "outputs is missing"},
		{`{"outputs":{}}`, "", "outputs is not a list"},
		{`{"outputs":[],"outputs":[]}`, "", "twice"},
		{`{"outputs":[]}`, "x", "1 bytes are left behind the elements of the outputs"},
		{`{"outputs":[1]}`, "", "outputs[0]: name is missing"},
		{`{"outputs":[{"name":"a","shape":[2000000000],"datatype":"FP32","data":[1]}]}`, "", `output "a": shape`},
		{`{"outputs":[{"name":"a","shape":[4],"datatype":"FP32","parameters":{"binary_data_size":16}}]}`, "12345678", "binary_data_size is 16, but 8 of the 8 bytes"},
		{`{"outputs":[{"name":"a","shape":[2000000000],"datatype":"BYTES","parameters":{"binary_data_size":8}}]}`, "12345678", "holds 2000000000 elements"},
		{`{"outputs":[{"name":"a","shape":[1],"datatype":"FP32","data":[1],"parameters":{"binary_data_size":4}}]}`, "1234", "several places"},
		{`{"outputs":[{"name":"a","shape":[2],"datatype":"FP16","data":[1]}]}`, "", "2 elements, but data has 1"},
		{`{"outputs":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, "", "nesting"},
	} {
		if _, err := Answer([]byte(tt.head+tt.behind), len(tt.head)); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got %v, want %q", tt.head, err, tt.err)
		}
	}
	if _, err := Answer([]byte("{}"), 3); err == nil {
		t.Error("a document beyond the body was read")
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"outputs":[{"name":"a","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}]}12345678`), 88)
	f.Add([]byte(`{"id":1,"outputs":[{"name":"a","shape":[1,2],"datatype":"BF16","data":[[1,null]]},{"name":"a","datatype":"BYTES","shape":[1],"data":["x"]}]}`), 140)
	f.Fuzz(func(t *testing.T, raw []byte, head int) {
		r, err := Answer(raw, head)
		if err != nil {
			return
		}
		for _, out := range r.Outputs.([]*serve.Tensor) {
			if n, ok := serve.Elements(out.Shape); !ok || n != out.Len() {
				t.Errorf("shape %v has %d elements", out.Shape, out.Len())
			}
		}
		if _, err := AppendValue(nil, r); err != nil {
			t.Error(err)
		}
	})
}
