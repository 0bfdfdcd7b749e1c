//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// TestDatatypes sends every datatype through, as a matrix, as a matrix without
// rows and as a scalar, and wants the same bits back.
func TestDatatypes(t *testing.T) {
	for _, dt := range []serve.Datatype{
		serve.Bool, serve.Uint8, serve.Uint16, serve.Uint32, serve.Uint64, serve.Int8, serve.Int16,
		serve.Int32, serve.Int64, serve.FP16, serve.FP32, serve.FP64, serve.BF16, serve.Bytes,
	} {
		t.Run(dt.String(), func(t *testing.T) {
			m := loaded(t, testdata("identity_"+strings.ToLower(dt.String())))
			want := []serve.TensorSpec{{Name: "matrix", Datatype: dt, Shape: []int{-1, 2}}, {Name: "scalar", Datatype: dt, Shape: []int{}}}
			if diff := cmp.Diff(want, m.Describe().Inputs); diff != "" {
				t.Errorf("inputs (-want +got):\n%s", diff)
			}
			for _, rows := range []int{0, 1, 3} {
				matrix, scalar := sample(t, "matrix", dt, rows, 2), sample(t, "scalar", dt)
				out := predict(t, m, request(matrix, scalar))
				same(t, out[0], matrix.Named("matrix_out"))
				same(t, out[1], scalar.Named("scalar_out"))
			}
		})
	}
}

// sample is a tensor of bit patterns that are easily lost: the largest numbers,
// not-a-number with a payload, strings with zero bytes.
func sample(t *testing.T, name string, dt serve.Datatype, shape ...int) *serve.Tensor {
	n, _ := serve.Elements(shape)
	if dt == serve.Bytes {
		texts := []string{"a\x00b", "", "wörld", "\xff\xfe", strings.Repeat("x", 5000), "\x00"}[:n]
		out, err := serve.NewBytes(name, texts, n).Reshaped(shape...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	data := make([]byte, n*dt.Size(), n*dt.Size()+8)
	for i := range data {
		data[i] = byte(255 - i%5)
		if dt == serve.Bool {
			data[i] = byte(i % 2)
		}
	}
	out, err := serve.MakeTensor(name, dt, shape, data)
	if err != nil {
		t.Fatal(err)
	}
	return &out
}

// same compares two tensors bit for bit.
func same(t *testing.T, got, want *serve.Tensor) {
	t.Helper()
	type view struct {
		Name     string
		Datatype serve.Datatype
		Shape    []int
		Raw      string
		Strings  []string
	}
	see := func(t *serve.Tensor) view {
		return view{t.Name, t.Datatype, append([]int{}, t.Shape...), string(t.Raw()), append([]string{}, t.Strings()...)}
	}
	if diff := cmp.Diff(see(want), see(got)); diff != "" {
		t.Errorf("tensor (-want +got):\n%s", diff)
	}
}

func manyRequest() *serve.Request {
	return request(
		serve.NewTensor("left", []int32{1, 2, 3, 4}, 2, 2),
		serve.NewTensor("right", []int32{10, 20, 30, math.MaxInt32}, 2, 2),
		serve.NewBytes("words", []string{"x", "y\x00z"}),
	)
}

func TestManyInputsAndOutputs(t *testing.T) {
	m := loaded(t, testdata("many"))
	scalar, _ := serve.NewTensor("total", []int32{10}).Reshaped()
	all := map[string]*serve.Tensor{
		"sum":        serve.NewTensor("sum", []int32{11, 22, 33, math.MinInt32 + 3}, 2, 2),
		"difference": serve.NewTensor("difference", []int32{-9, -18, -27, 4 - math.MaxInt32}, 2, 2),
		"size":       serve.NewTensor("size", []int64{2, 2}),
		"twice":      serve.NewBytes("twice", []string{"x", "y\x00z", "x", "y\x00z"}),
		"total":      scalar,
	}
	for _, test := range []struct {
		name  string
		asked []string
		want  []string
	}{
		{"all", nil, []string{"sum", "difference", "size", "twice", "total"}},
		{"one", []string{"twice"}, []string{"twice"}},
		{"in the order asked for", []string{"total", "sum"}, []string{"total", "sum"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := manyRequest()
			for _, name := range test.asked {
				req.Outputs = append(req.Outputs, serve.RequestedOutput{Name: name})
			}
			out := predict(t, m, req)
			if len(out) != len(test.want) {
				t.Fatalf("%d outputs, want %d", len(out), len(test.want))
			}
			for i, name := range test.want {
				same(t, out[i], all[name])
			}
		})
	}
	t.Run("inputs in another order", func(t *testing.T) {
		req := manyRequest()
		req.Inputs[0], req.Inputs[2] = req.Inputs[2], req.Inputs[0]
		same(t, predict(t, m, req)[0], all["sum"])
	})
}

// TestInputsUnchanged makes sure that a request, which others may hold, stays
// as it is, and that its memory is not the answer's.
func TestInputsUnchanged(t *testing.T) {
	in := serve.NewTensor("x", []float32{1, 2, 3}, 1, 3)
	out := predict(t, loaded(t, testdata("one_input")), request(in))[0]
	data, _ := serve.Data[float32](out)
	data[0] = 99
	same(t, in, serve.NewTensor("x", []float32{1, 2, 3}, 1, 3))
}

func TestShapesOfModels(t *testing.T) {
	for _, test := range []struct {
		model   string
		req     *serve.Request
		inputs  []serve.TensorSpec
		outputs []serve.TensorSpec
		want    *serve.Tensor
	}{
		{
			"one_input", request(serve.NewTensor("another name", []float32{1, 2, 3}, 1, 3)),
			[]serve.TensorSpec{{Name: "x", Datatype: serve.FP32, Shape: []int{-1, 3}}},
			[]serve.TensorSpec{{Name: "y", Datatype: serve.FP32, Shape: []int{-1, 3}}},
			serve.NewTensor("y", []float32{1, 2, 3}, 1, 3),
		},
		{
			"any_rank", request(serve.NewTensor("x", []float32{1, 2}, 1, 2, 1, 1)),
			[]serve.TensorSpec{{Name: "x", Datatype: serve.FP32}}, []serve.TensorSpec{{Name: "y", Datatype: serve.FP32}},
			serve.NewTensor("y", []float32{1, 2}, 1, 2, 1, 1),
		},
		{
			"nonzero", request(serve.NewTensor("x", []float32{0, 0})),
			[]serve.TensorSpec{{Name: "x", Datatype: serve.FP32, Shape: []int{-1}}},
			[]serve.TensorSpec{{Name: "y", Datatype: serve.Int64, Shape: []int{1, -1}}},
			serve.NewTensor("y", []int64{}, 1, 0),
		},
		{
			"no_input", request(), []serve.TensorSpec{}, []serve.TensorSpec{{Name: "y", Datatype: serve.FP32, Shape: []int{2}}},
			serve.NewTensor("y", []float32{1, 2}),
		},
		{
			"default_input", request(serve.NewTensor("x", []float32{1})),
			[]serve.TensorSpec{{Name: "x", Datatype: serve.FP32, Shape: []int{-1}}},
			[]serve.TensorSpec{{Name: "y", Datatype: serve.FP32, Shape: []int{-1}}},
			serve.NewTensor("y", []float32{11}),
		},
	} {
		t.Run(test.model, func(t *testing.T) {
			m := loaded(t, testdata(test.model))
			d := m.Describe()
			if diff := cmp.Diff(serve.Description{Platform: "onnxruntime_onnx", Inputs: test.inputs, Outputs: test.outputs}, d); diff != "" {
				t.Errorf("description (-want +got):\n%s", diff)
			}
			same(t, predict(t, m, test.req)[0], test.want)
		})
	}
}

// TestDefaultedInput: an input that the file has a value for is one of requests where it
// is declared, and may be left out.
func TestDefaultedInput(t *testing.T) {
	declared := []serve.TensorSpec{{Name: "x", Datatype: serve.FP32, Shape: []int{-1}}, {Name: "bias", Datatype: serve.FP32, Shape: []int{1}, Optional: true}}
	loaded, err := testEngine(t).Load(t.Context(), &serve.Artifact{File: testdata("default_input")}, serve.ModelSpec{Name: "m", Inputs: declared})
	if err != nil {
		t.Fatal(err)
	}
	m := loaded.(*model)
	defer m.Close(context.Background())
	if diff := cmp.Diff(declared, m.Describe().Inputs); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	x, bias := serve.NewTensor("x", []float32{1, 2}), serve.NewTensor("bias", []float32{5})
	for range 2 {
		same(t, predict(t, m, request(x))[0], serve.NewTensor("y", []float32{11, 12}))
		same(t, predict(t, m, request(x, bias))[0], serve.NewTensor("y", []float32{6, 7}))
		same(t, predict(t, m, request(bias, x))[0], serve.NewTensor("y", []float32{6, 7}))
	}
	for want, req := range map[string]*serve.Request{
		`input "x" is missing`:                      request(bias),
		"there are 2 inputs, but the model takes 2": request(x, x),
		"there are 3 inputs, but the model takes 2": request(x, bias, x),
		"there are 0 inputs, but the model takes 2": request(),
	} {
		_, err := m.Predict(t.Context(), req)
		wantError(t, err, serve.BadRequest, want)
	}
}

func TestSequences(t *testing.T) {
	m := loaded(t, testdata("sequence"))
	rows := serve.NewTensor("x", []float32{1, 2, 3, 4, 5, 6, 7, 8}, 4, 2)
	if shape := m.Describe().Outputs[0].Shape; !cmp.Equal(shape, []int{-1, -1, 2}) {
		t.Errorf("the sequence is described with shape %v", shape)
	}
	out := predict(t, m, request(rows, serve.NewTensor("split", []int64{2, 2})))[0]
	same(t, out, serve.NewTensor("parts", []float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2))

	_, err := m.Predict(t.Context(), request(rows, serve.NewTensor("split", []int64{1, 3})))
	wantError(t, err, serve.Internal, `output "parts": the tensors of the sequence have different shapes, [1 2] and [3 2]`)

	words := serve.NewBytes("x", []string{"a", "", "b\x00", "c"}, 2, 2)
	out = predict(t, loaded(t, testdata("sequence_bytes")), request(words, serve.NewTensor("split", []int64{1, 1})))[0]
	same(t, out, serve.NewBytes("parts", []string{"a", "", "b\x00", "c"}, 2, 1, 2))
}

// wantError wants an error of the code whose text has the words.
func wantError(t *testing.T, err error, code serve.Code, words string) {
	t.Helper()
	if err == nil || serve.CodeOf(err) != code || !strings.Contains(err.Error(), words) {
		t.Errorf("error %v, want code %d and %q", err, code, words)
	}
}

func TestBadRequests(t *testing.T) {
	m := loaded(t, testdata("many"))
	deep := make([]int, maxRank+1)
	for i := range deep {
		deep[i] = 1
	}
	for _, test := range []struct {
		name   string
		change func(req *serve.Request)
		want   string
	}{
		{"too few inputs", func(r *serve.Request) { r.Inputs = r.Inputs[:2] }, "there are 2 inputs, but the model takes 3"},
		{"too many inputs", func(r *serve.Request) { r.Inputs = append(r.Inputs, r.Inputs[0]) }, "there are 4 inputs"},
		{"no inputs", func(r *serve.Request) { r.Inputs = nil }, "there are 0 inputs"},
		{"another input", func(r *serve.Request) { r.Inputs[1] = r.Inputs[1].Named("up") }, `input "right" is missing`},
		{"another datatype", func(r *serve.Request) { r.Inputs[0] = serve.NewTensor("left", []int64{1, 2}, 1, 2) }, `input "left" has datatype INT64, but the model takes INT32`},
		{"strings for numbers", func(r *serve.Request) { r.Inputs[0] = serve.NewBytes("left", []string{"1", "2"}, 1, 2) }, "has datatype BYTES"},
		{"another rank", func(r *serve.Request) { r.Inputs[0] = serve.NewTensor("left", []int32{1, 2}) }, "left"},
		{"another length", func(r *serve.Request) { r.Inputs[0] = serve.NewTensor("left", []int32{1, 2, 3}, 1, 3) }, "left"},
		{"too many dimensions", func(r *serve.Request) { r.Inputs[0] = serve.NewTensor("left", []int32{1}, deep...) }, "has 33 dimensions"},
		{"another output", func(r *serve.Request) { r.Outputs = []serve.RequestedOutput{{Name: "sums"}} }, `there is no output "sums"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := manyRequest()
			test.change(req)
			_, err := m.Predict(t.Context(), req)
			wantError(t, err, serve.BadRequest, test.want)
		})
	}
	t.Run("outputs twice", func(t *testing.T) {
		req := request(serve.NewTensor("x", []float32{1}))
		req.Outputs = []serve.RequestedOutput{{Name: "y"}, {Name: "y"}}
		_, err := loaded(t, testdata("default_input")).Predict(t.Context(), req)
		wantError(t, err, serve.BadRequest, "twice")
	})
	same(t, predict(t, m, manyRequest())[2], serve.NewTensor("size", []int64{2, 2})) // none of it did harm
}
