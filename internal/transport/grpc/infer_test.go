package grpc

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/testing/protocmp"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// TestTypedContents sends every datatype that has a field, and gets it back in
// the same one.
func TestTypedContents(t *testing.T) {
	w := start(t, echo, Options{})
	for datatype, contents := range map[string]*pb.InferTensorContents{
		"BOOL":   {BoolContents: []bool{true, false, true}},
		"INT8":   {IntContents: []int32{-128, 0, 127}},
		"INT16":  {IntContents: []int32{-32768, 0, 32767}},
		"INT32":  {IntContents: []int32{math.MinInt32, 0, math.MaxInt32}},
		"INT64":  {Int64Contents: []int64{math.MinInt64, 9007199254740993, math.MaxInt64}},
		"UINT8":  {UintContents: []uint32{0, 1, 255}},
		"UINT16": {UintContents: []uint32{0, 1, 65535}},
		"UINT32": {UintContents: []uint32{0, 1, math.MaxUint32}},
		"UINT64": {Uint64Contents: []uint64{0, 1, math.MaxUint64}},
		"FP32":   {Fp32Contents: []float32{1.5, float32(math.Inf(1)), -0}},
		"FP64":   {Fp64Contents: []float64{1.5, math.Inf(-1), math.SmallestNonzeroFloat64}},
		"BYTES":  {BytesContents: [][]byte{[]byte("é"), {}, {0, 0xff}}},
	} {
		resp, err := w.ModelInfer(in(t), request("m", input1("x", datatype, []int64{3}, contents)))
		if err != nil {
			t.Errorf("%s: %v", datatype, err)
			continue
		}
		want := []*pb.ModelInferResponse_InferOutputTensor{{Name: "x", Datatype: datatype, Shape: []int64{3}, Contents: contents}}
		if diff := cmp.Diff(want, resp.Outputs, protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", datatype, diff)
		}
		if len(resp.RawOutputContents) > 0 {
			t.Errorf("%s: elements are also raw", datatype)
		}
	}
}

// TestRawBesideNoContents has raw contents beside contents without elements, which is
// what MLServer's client sends.
func TestRawBesideNoContents(t *testing.T) {
	w := start(t, echo, Options{})
	req := request("m", input1("x", "FP32", []int64{1}, &pb.InferTensorContents{}))
	req.RawInputContents = [][]byte{{0, 0, 0x80, 0x3f}}
	resp, err := w.ModelInfer(in(t), req)
	if err != nil || len(resp.RawOutputContents) != 1 || !bytes.Equal(resp.RawOutputContents[0], req.RawInputContents[0]) {
		t.Errorf("got %v, %v", resp, err)
	}
}

// TestRawInAnyCase has models that answer raw, alone and in a stream, also to elements
// that come one by one.
func TestRawInAnyCase(t *testing.T) {
	w := start(t, echo, Options{Raw: func(model string) bool { return model == "triton" }})
	stream, err := w.ModelStreamInfer(in(t))
	if err != nil {
		t.Fatal(err)
	}
	for model, want := range map[string]bool{"triton": true, "m": false} {
		resp, err := w.ModelInfer(in(t), floats(model))
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(floats(model)); err != nil {
			t.Fatal(err)
		}
		streamed, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*pb.ModelInferResponse{resp, streamed.InferResponse} {
			if raw := len(r.RawOutputContents) == 1 && len(r.RawOutputContents[0]) == 16; raw != want || (r.Outputs[0].Contents == nil) != want {
				t.Errorf("%s: got %v", model, r)
			}
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Error(err)
	}
}

// raws are elements of every datatype as they lie in memory, three of each.
var raws = map[string][]byte{
	"BOOL": {1, 0, 1}, "INT8": {1, 2, 0xff}, "UINT8": {1, 2, 0xff}, "INT16": bytes.Repeat([]byte{1, 2}, 3), "UINT16": bytes.Repeat([]byte{1, 2}, 3),
	"FP16": bytes.Repeat([]byte{0, 0x7e}, 3), "BF16": bytes.Repeat([]byte{1, 0x7f}, 3), "INT32": bytes.Repeat([]byte{1, 2, 3, 4}, 3),
	"UINT32": bytes.Repeat([]byte{1, 2, 3, 4}, 3), "FP32": bytes.Repeat([]byte{1, 0, 0xc0, 0x7f}, 3), "INT64": bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 3),
	"UINT64": bytes.Repeat([]byte{0xff}, 24), "FP64": bytes.Repeat([]byte{0xff}, 24), "BYTES": {1, 0, 0, 0, 'a', 0, 0, 0, 0, 2, 0, 0, 0, 0, 0xff},
}

// TestRawContents sends every datatype raw, and gets the same bits back raw.
func TestRawContents(t *testing.T) {
	w := start(t, echo, Options{})
	all := request("m")
	for datatype, raw := range raws {
		req := request("m", input1("x", datatype, []int64{3, 1}, nil))
		req.RawInputContents = [][]byte{raw}
		resp, err := w.ModelInfer(in(t), req)
		if err != nil {
			t.Errorf("%s: %v", datatype, err)
			continue
		}
		if len(resp.RawOutputContents) != 1 || !bytes.Equal(resp.RawOutputContents[0], raw) || resp.Outputs[0].Datatype != datatype || resp.Outputs[0].Contents != nil {
			t.Errorf("%s: got %v", datatype, resp)
		}
		all.Inputs, all.RawInputContents = append(all.Inputs, input1(datatype, datatype, []int64{3}, nil)), append(all.RawInputContents, raw)
	}
	resp, err := w.ModelInfer(in(t), all)
	if err != nil {
		t.Fatal(err)
	}
	for i, out := range resp.Outputs {
		if !bytes.Equal(resp.RawOutputContents[i], raws[out.Name]) {
			t.Errorf("%s among all: got %v", out.Name, resp.RawOutputContents[i])
		}
	}
	if len(resp.Outputs) != len(raws) || len(resp.RawOutputContents) != len(raws) {
		t.Errorf("%d outputs, %d raw contents of %d", len(resp.Outputs), len(resp.RawOutputContents), len(raws))
	}
}

// TestLargeTensors has tensors over many buffers, of every alignment.
func TestLargeTensors(t *testing.T) {
	w := start(t, echo, Options{}, gogrpc.WithDefaultCallOptions(gogrpc.MaxCallRecvMsgSize(1<<30)))
	for _, n := range []int{1, 1023, 1024, 1025, 4096, 100_003, 1 << 20} {
		raw := make([]byte, 4*n)
		for i := range raw {
			raw[i] = byte(i*7 + i>>8)
		}
		req := request("m", input1(strings.Repeat("x", n%13+1), "FP32", []int64{int64(n)}, nil))
		req.Id, req.RawInputContents = "7", [][]byte{raw}
		resp, err := w.ModelInfer(in(t), req)
		if err != nil || !bytes.Equal(resp.RawOutputContents[0], raw) || resp.Id != "7" {
			t.Errorf("%d elements: %v", n, err)
		}
		typed := request("m", input1("x", "INT64", []int64{int64(n)}, &pb.InferTensorContents{Int64Contents: make([]int64, n)}))
		for i := range typed.Inputs[0].Contents.Int64Contents {
			typed.Inputs[0].Contents.Int64Contents[i] = int64(i) * int64(i) * int64(1-2*(i%2))
		}
		resp, err = w.ModelInfer(in(t), typed)
		if err != nil || !slices.Equal(resp.Outputs[0].Contents.Int64Contents, typed.Inputs[0].Contents.Int64Contents) {
			t.Errorf("%d integers: %v", n, err)
		}
	}
}

func TestTooLarge(t *testing.T) {
	w := start(t, echo, Options{MaxMessage: 1 << 20})
	req := request("m", input1("x", "UINT8", []int64{2 << 20}, nil))
	req.RawInputContents = [][]byte{make([]byte, 2<<20)}
	for _, compression := range []string{"", "gzip", "deflate"} {
		var o []gogrpc.CallOption
		if compression != "" {
			o = append(o, gogrpc.UseCompressor(compression))
		}
		_, err := w.ModelInfer(in(t), req, o...)
		wantStatus(t, err, "RESOURCE_EXHAUSTED", "larger than max")
	}
}

func TestCompression(t *testing.T) {
	w := start(t, echo, Options{})
	req := request("m", input1("x", "INT64", []int64{10000}, nil))
	req.RawInputContents = [][]byte{make([]byte, 80000)}
	for range 3 {
		for _, compression := range []string{"gzip", "deflate"} {
			resp, err := w.ModelInfer(in(t), req, gogrpc.UseCompressor(compression))
			if err != nil || len(resp.RawOutputContents[0]) != 80000 {
				t.Errorf("%s: %v", compression, err)
			}
		}
	}
}

// TestParameters has every kind of parameter at every level.
func TestParameters(t *testing.T) {
	var got *serve.Request
	w := start(t, func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		v, _ := ev.Body.Value()
		got = v.(*serve.Request)
		return echo(ctx, ev)
	}, Options{})
	params := map[string]*pb.InferParameter{
		"b": {ParameterChoice: &pb.InferParameter_BoolParam{BoolParam: true}}, "i": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: -5}},
		"s": {ParameterChoice: &pb.InferParameter_StringParam{StringParam: "é"}}, "d": {ParameterChoice: &pb.InferParameter_DoubleParam{DoubleParam: 0.5}},
		"u": {ParameterChoice: &pb.InferParameter_Uint64Param{Uint64Param: math.MaxUint64}}, "v": {ParameterChoice: &pb.InferParameter_Uint64Param{Uint64Param: 7}},
		"none": {},
	}
	req := floats("m")
	req.Parameters, req.Inputs[0].Parameters = params, params
	req.Outputs = []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "x", Parameters: params}, {Name: "y"}}
	resp, err := w.ModelInfer(in(t), req)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"b": true, "i": int64(-5), "s": "é", "d": 0.5, "u": serve.Number("18446744073709551615"), "v": int64(7)}
	for where, have := range map[string]map[string]any{"request": got.Parameters, "input": got.Inputs[0].Parameters, "output": got.Outputs[0].Parameters} {
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s: %s", where, diff)
		}
	}
	delete(params, "none")
	params["v"] = &pb.InferParameter{ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 7}}
	for where, have := range map[string]map[string]*pb.InferParameter{"response": resp.Parameters, "output": resp.Outputs[0].Parameters} {
		if diff := cmp.Diff(params, have, protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", where, diff)
		}
	}
}

// TestBadRequests has what cannot be understood.
func TestBadRequests(t *testing.T) {
	w := start(t, echo, Options{})
	fp := func(v ...float32) *pb.InferTensorContents { return &pb.InferTensorContents{Fp32Contents: v} }
	raw := func(r *pb.ModelInferRequest, b ...[]byte) *pb.ModelInferRequest {
		r.RawInputContents = b
		return r
	}
	const huge = math.MaxInt/2 + 1 // no more than an int of 32 bits holds, where it has as many
	shm := input1("x", "FP32", []int64{1}, nil)
	shm.Parameters = map[string]*pb.InferParameter{"shared_memory_region": {ParameterChoice: &pb.InferParameter_StringParam{StringParam: "r"}}}
	for _, c := range []struct {
		name string
		req  *pb.ModelInferRequest
		want string
	}{
		{"no model", floats(""), "model_name is missing"},
		{"no inputs", request("m"), "there are no inputs"},
		{"a name of Triton's", &pb.ModelInferRequest{ModelName: "m", Inputs: floats("m").Inputs, Parameters: map[string]*pb.InferParameter{"triton_x": {ParameterChoice: &pb.InferParameter_BoolParam{}}}}, `parameter "triton_x": names that begin with "triton_" are reserved`},
		{"no name", request("m", input1("", "FP32", []int64{1}, fp(1))), "inputs[0]: name is missing"},
		{"no datatype", request("m", input1("x", "", []int64{1}, fp(1))), `input "x": datatype is missing`},
		{"bad datatype", request("m", input1("x", "FP33", []int64{1}, fp(1))), `datatype "FP33" is not one`},
		{"twice", request("m", input1("x", "FP32", []int64{1}, fp(1)), input1("x", "FP32", []int64{1}, fp(1))), `input "x" is there twice`},
		{"too few", request("m", input1("x", "FP32", []int64{2, 2}, fp(1))), "shape [2 2] holds 4 elements, but there are 1"},
		{"none", request("m", input1("x", "FP32", []int64{2}, nil)), "neither contents nor raw_input_contents"},
		{"negative", request("m", input1("x", "FP32", []int64{2, -1}, fp(1))), "length 1 of the shape is -1"},
		{"overflow", request("m", input1("x", "FP32", []int64{1 << 40, 1 << 40}, fp(1))), "more elements than can be"},
		{"huge", request("m", input1("x", "FP64", []int64{huge}, &pb.InferTensorContents{Fp64Contents: []float64{1}})), fmt.Sprintf("holds %d", int64(huge))},
		{"huge raw", raw(request("m", input1("x", "FP64", []int64{huge}, nil)), []byte{1}), fmt.Sprintf("expected %d times 8 bytes", int64(huge))},
		{"wrong field", request("m", input1("x", "FP64", []int64{1}, fp(1))), "the elements are in fp32_contents, but those of FP64 are sent in fp64_contents"},
		{"two fields", request("m", input1("x", "FP32", []int64{1}, &pb.InferTensorContents{Fp32Contents: []float32{1}, IntContents: []int32{1}})), "the elements are in int_contents"},
		{"FP16 typed", request("m", input1("x", "FP16", []int64{1}, fp(1))), "FP16 can only be sent in raw_input_contents"},
		{"BF16 typed", request("m", input1("x", "BF16", []int64{1}, &pb.InferTensorContents{BytesContents: [][]byte{{1, 2}}})), "BF16 can only be sent in raw_input_contents"},
		{"INT8 range", request("m", input1("x", "INT8", []int64{1}, &pb.InferTensorContents{IntContents: []int32{128}})), "element 0 is 128, not an integer that INT8 holds"},
		{"UINT16 range", request("m", input1("x", "UINT16", []int64{1}, &pb.InferTensorContents{UintContents: []uint32{65536}})), "element 0 is 65536"},
		{"raw and contents", raw(request("m", input1("x", "FP32", []int64{1}, fp(1))), make([]byte, 4)), "has contents, but the request has raw_input_contents"},
		{"raw short", raw(request("m", input1("x", "FP32", []int64{1}, nil), input1("y", "FP32", []int64{1}, nil)), make([]byte, 4)), "raw_input_contents has 1 entries, but there are 2 inputs"},
		{"raw size", raw(request("m", input1("x", "FP32", []int64{1, 4}, nil)), make([]byte, 12)), "expected 16 bytes for shape [1 4] of FP32, got 12"},
		{"raw odd", raw(request("m", input1("x", "FP32", []int64{3}, nil)), make([]byte, 13)), "expected 12 bytes"},
		{"raw text overrun", raw(request("m", input1("x", "BYTES", []int64{1}, nil)), []byte{5, 0, 0, 0, 'a'}), "element 0 has 5 bytes, but 1 are left of 5"},
		{"raw text cut", raw(request("m", input1("x", "BYTES", []int64{1}, nil)), []byte{0, 0, 0, 0, 1, 0}), "element 1 has no length"},
		{"raw text count", raw(request("m", input1("x", "BYTES", []int64{2}, nil)), []byte{0, 0, 0, 0}), "shape [2] holds 2 elements, but there are 1"},
		{"output without name", &pb.ModelInferRequest{ModelName: "m", Inputs: floats("m").Inputs, Outputs: []*pb.ModelInferRequest_InferRequestedOutputTensor{{}}}, "outputs[0] has no name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.ModelInfer(in(t), c.req)
			wantStatus(t, err, "INVALID_ARGUMENT", c.want)
		})
	}
	_, err := w.ModelInfer(in(t), raw(request("m", shm), make([]byte, 4)))
	wantStatus(t, err, "UNIMPLEMENTED", "shared memory is not offered")
}

// TestEmptyTensors has shapes that hold nothing, and a scalar.
func TestEmptyTensors(t *testing.T) {
	w := start(t, echo, Options{})
	for _, req := range []*pb.ModelInferRequest{
		request("m", input1("x", "FP32", []int64{0, 2}, &pb.InferTensorContents{})),
		request("m", input1("x", "BYTES", []int64{0}, nil)),
		{ModelName: "m", Inputs: []*pb.ModelInferRequest_InferInputTensor{input1("x", "INT8", []int64{2, 0}, nil)}, RawInputContents: [][]byte{{}}},
		request("m", input1("x", "FP64", nil, &pb.InferTensorContents{Fp64Contents: []float64{7}})),
	} {
		resp, err := w.ModelInfer(in(t), req)
		if err != nil || !cmp.Equal(resp.Outputs[0].Shape, req.Inputs[0].Shape) {
			t.Errorf("%v: got %v, %v", req, resp, err)
		}
	}
}

// TestIDs has an id echoed, and one made up.
func TestIDs(t *testing.T) {
	w := start(t, echo, Options{})
	req := floats("m")
	req.Id = `a"é`
	resp, err := w.ModelInfer(in(t), req)
	if err != nil || resp.Id != `a"é` || resp.ModelName != "m" || resp.ModelVersion != "3" {
		t.Errorf("got %v, %v", resp, err)
	}
	ctx := metadata.AppendToOutgoingContext(in(t), "x-request-id", "r1")
	if resp, err = w.ModelInfer(ctx, floats("m")); err != nil || resp.Id != "r1" {
		t.Errorf("got %v, %v", resp, err)
	}
	if resp, err = w.ModelInfer(in(t), floats("m")); err != nil || len(resp.Id) != 36 {
		t.Errorf("got %v, %v", resp, err)
	}
}

// TestAnswers has answers that steps have made.
func TestAnswers(t *testing.T) {
	w := start(t, echo, Options{})
	resp, err := w.ModelInfer(in(t), floats("document"))
	if err != nil || !cmp.Equal(resp.Outputs[0].Contents.GetInt64Contents(), []int64{1, 2}) {
		t.Errorf("a document: got %v, %v", resp, err)
	}
	var trailer metadata.MD
	resp, err = w.ModelInfer(in(t), floats("text"), gogrpc.Trailer(&trailer))
	if err != nil || string(resp.Outputs[0].Contents.GetBytesContents()[0]) != "hello" || resp.Outputs[0].Name != "body" {
		t.Errorf("a text: got %v, %v", resp, err)
	}
	if got := trailer.Get("x-step"); !cmp.Equal(got, []string{"seen"}) {
		t.Errorf("the trailer is %v", trailer)
	}
	if resp, err = w.ModelInfer(in(t), floats("filtered")); err != nil || len(resp.Outputs) > 0 {
		t.Errorf("filtered: got %v, %v", resp, err)
	}
}
