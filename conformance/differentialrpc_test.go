package conformance

import (
	"context"
	"fmt"
	"strings"

	pb "github.com/leat-ml/leat/oip/inference"
)

type (
	rpcInput    = pb.ModelInferRequest_InferInputTensor
	rpcContents = pb.InferTensorContents
	rpcWanted   = pb.ModelInferRequest_InferRequestedOutputTensor
)

// rpcEcho asks the model that answers its inputs, with elements one by one.
func rpcEcho(datatype string, shape []int64, c *rpcContents) *pb.ModelInferRequest {
	return &pb.ModelInferRequest{ModelName: "echo", Inputs: []*rpcInput{{Name: datatype, Datatype: datatype, Shape: shape, Contents: c}}}
}

// rpcRaw asks it with elements in bytes.
func rpcRaw(datatype string, shape []int64, raw ...string) *pb.ModelInferRequest {
	req := rpcEcho(datatype, shape, nil)
	for _, b := range raw {
		req.RawInputContents = append(req.RawInputContents, []byte(b))
	}
	return req
}

// rpcAdd asks the model with two inputs and two outputs.
func rpcAdd(change func(*pb.ModelInferRequest)) rpc {
	req := &pb.ModelInferRequest{ModelName: "add", Inputs: []*rpcInput{
		{Name: "a", Datatype: "INT32", Shape: []int64{1, 2}, Contents: &rpcContents{IntContents: []int32{1, 2}}},
		{Name: "b", Datatype: "INT32", Shape: []int64{1, 2}, Contents: &rpcContents{IntContents: []int32{10, 20}}},
	}}
	if change != nil {
		change(req)
	}
	return inferring(req)
}

// rpcX asks a model with the input x of FP32.
func rpcX(model string, shape []int64, elems []float32, parameters map[string]*pb.InferParameter) rpc {
	return inferring(&pb.ModelInferRequest{ModelName: model, Parameters: parameters,
		Inputs: []*rpcInput{{Name: "x", Datatype: "FP32", Shape: shape, Contents: &rpcContents{Fp32Contents: elems}}}})
}

func wanting(names ...string) rpc {
	return rpcAdd(func(r *pb.ModelInferRequest) {
		for _, name := range names {
			r.Outputs = append(r.Outputs, &rpcWanted{Name: name})
		}
	})
}

var four64 = []int64{1, 4}

var overRPC = []compares{
	{"gRPC", "elements one by one", inferring(rpcEcho("FP32", four64, &rpcContents{Fp32Contents: []float32{1, 2, 3, 0.1}})), ""},
	{"gRPC", "elements in bytes", inferring(rpcRaw("FP32", []int64{1, 2}, one32+two32)), ""},
	{"gRPC", "both at once", inferring(func() *pb.ModelInferRequest {
		req := rpcRaw("FP32", []int64{1, 1}, one32)
		req.Inputs[0].Contents = &rpcContents{Fp32Contents: []float32{2}}
		return req
	}()), ""},
	{"gRPC", "bytes, and contents without elements", inferring(func() *pb.ModelInferRequest {
		req := rpcRaw("FP32", []int64{1, 1}, one32)
		req.Inputs[0].Contents = &rpcContents{} // as MLServer's client has it
		return req
	}()), ""},
	{"gRPC", "fewer raw_input_contents than inputs", rpcAdd(func(r *pb.ModelInferRequest) {
		r.Inputs[0].Contents, r.Inputs[1].Contents = nil, nil
		r.RawInputContents = [][]byte{[]byte(one32 + two32)}
	}), ""},
	{"gRPC", "more raw_input_contents than inputs", inferring(rpcRaw("FP32", []int64{1, 1}, one32, two32)), "as many as inputs, as KServe has it: who sends more has made a mistake"},
	{"gRPC", "raw contents of another size than the shape's", inferring(rpcRaw("FP32", []int64{1, 2}, one32)), ""},
	{"gRPC", "fewer elements than the shape holds", inferring(rpcEcho("FP32", four64, &rpcContents{Fp32Contents: []float32{1, 2}})), ""},
	{"gRPC", "neither contents nor raw contents", inferring(rpcEcho("FP32", four64, nil)), ""},
	{"gRPC", "elements in another datatype's field", inferring(rpcEcho("FP32", []int64{1, 1}, &rpcContents{Fp64Contents: []float64{1}})), ""},
	{"gRPC", "INT8, 300", inferring(rpcEcho("INT8", []int64{1, 1}, &rpcContents{IntContents: []int32{300}})), strictElements},
	{"gRPC", "INT64 and UINT64 at their limits", inferring(&pb.ModelInferRequest{ModelName: "echo", Inputs: []*rpcInput{
		{Name: "INT64", Datatype: "INT64", Shape: []int64{1, 1}, Contents: &rpcContents{Int64Contents: []int64{-1 << 63}}},
		{Name: "UINT64", Datatype: "UINT64", Shape: []int64{1, 1}, Contents: &rpcContents{Uint64Contents: []uint64{1<<64 - 1}}},
	}}), ownOrder},
	{"gRPC", "BOOL", inferring(rpcEcho("BOOL", []int64{1, 2}, &rpcContents{BoolContents: []bool{true, false}})), ""},
	{"gRPC", "BYTES that are not UTF-8, one by one", inferring(rpcEcho("BYTES", []int64{1, 2}, &rpcContents{BytesContents: [][]byte{{0xff, 0xfe}, {}}})), ""},
	{"gRPC", "BYTES that are not UTF-8, in bytes", inferring(rpcRaw("BYTES", []int64{1, 2}, "\x02\x00\x00\x00\xff\xfe\x00\x00\x00\x00")), ""},
	{"gRPC", "BYTES, a length beyond the end", inferring(rpcRaw("BYTES", []int64{1, 1}, "\xff\x00\x00\x00ab")), ""},
	{"gRPC", "FP16 in bytes", inferring(rpcRaw("FP16", []int64{1, 2}, "\x00\x3c\x01\x7e")), ""},
	{"gRPC", "FP16 one by one", inferring(rpcEcho("FP16", []int64{1, 1}, &rpcContents{Fp32Contents: []float32{1}})), ""},
	{"gRPC", "NaN and Infinity", inferring(rpcRaw("FP32", []int64{1, 2}, "\x00\x00\xc0\x7f\x00\x00\x80\x7f")), ""},
	{"gRPC", "no elements", inferring(rpcRaw("FP32", []int64{0, 2}, "")), ""},
	{"gRPC", "a negative length", inferring(rpcRaw("FP32", []int64{-1, 1}, one32)), ""},
	{"gRPC", "a product that overflows", inferring(rpcRaw("FP32", []int64{1 << 32, 1 << 32}, one32)), ""},
	{"gRPC", "a model with two outputs", rpcAdd(nil), ""},
	{"gRPC", "outputs in another order", wanting("difference", "sum"), wantedOrder},
	{"gRPC", "an unknown output", wanting("z"), ""},
	{"gRPC", "an output twice", wanting("sum", "sum"), outputTwice},
	{"gRPC", "a missing input", rpcAdd(func(r *pb.ModelInferRequest) { r.Inputs = r.Inputs[:1] }), ""},
	{"gRPC", "an unknown input", rpcAdd(func(r *pb.ModelInferRequest) {
		r.Inputs = append(r.Inputs, &rpcInput{Name: "c", Datatype: "INT32", Shape: []int64{1}, Contents: &rpcContents{IntContents: []int32{1}}})
	}), ""},
	{"gRPC", "an input twice", rpcAdd(func(r *pb.ModelInferRequest) { r.Inputs = append(r.Inputs, r.Inputs[0]) }), ""},
	{"gRPC", "no inputs", rpcAdd(func(r *pb.ModelInferRequest) { r.Inputs = nil }), ""},
	{"gRPC", "another datatype than the model's", rpcAdd(func(r *pb.ModelInferRequest) {
		r.Inputs[0].Datatype, r.Inputs[0].Contents = "INT64", &rpcContents{Int64Contents: []int64{1, 2}}
	}), ""},
	{"gRPC", "an unknown datatype", rpcAdd(func(r *pb.ModelInferRequest) { r.Inputs[0].Datatype = "INT33" }), ""},
	{"gRPC", "another rank than the model's", rpcAdd(func(r *pb.ModelInferRequest) { r.Inputs[0].Shape = []int64{2} }), ""},
	{"gRPC", "rows beyond max_batch_size", rpcX("rows", []int64{5, 3}, make([]float32, 15), nil), ""},
	{"gRPC", "parameters of every type", rpcX("told", []int64{1}, []float32{1}, map[string]*pb.InferParameter{
		"text": {ParameterChoice: &pb.InferParameter_StringParam{StringParam: "é"}}, "number": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: -7}},
		"flag": {ParameterChoice: &pb.InferParameter_BoolParam{BoolParam: true}},
	}), ""},
	{"gRPC", "a parameter that is a double", rpcX("told", []int64{1}, []float32{1}, map[string]*pb.InferParameter{
		"fraction": {ParameterChoice: &pb.InferParameter_DoubleParam{DoubleParam: 0.5}}}), ""},
	{"gRPC", "a parameter that begins with triton_", rpcX("told", []int64{1}, []float32{1}, map[string]*pb.InferParameter{
		"triton_x": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 1}}}), ""},
	{"gRPC", "an unknown model", rpcX("nobody", []int64{1}, []float32{1}, nil), ""},
	{"gRPC", "an unknown version", rpcAdd(func(r *pb.ModelInferRequest) { r.ModelVersion = "9" }), ""},
	{"gRPC", "a model that could not be loaded", rpcX("unready", []int64{1}, []float32{1}, nil), "UNAVAILABLE, as KServe has it: it may be there later"},
	{"gRPC", "a model whose code fails", rpcX("fail", []int64{1}, []float32{1}, nil), ""},
	{"gRPC", "a message of 8 MiB", inferring(rpcRaw("INT8", []int64{8, 1 << 20}, strings.Repeat("\x01", 8<<20))), ""},
	{"gRPC", "ready of an unknown model", rpc(func(ctx context.Context, c pb.GRPCInferenceServiceClient) (string, error) {
		resp, err := c.ModelReady(ctx, &pb.ModelReadyRequest{Name: "nobody"})
		return fmt.Sprint(resp.GetReady()), err
	}), ""},
	{"gRPC", "metadata of an unknown model", rpc(func(ctx context.Context, c pb.GRPCInferenceServiceClient) (string, error) {
		_, err := c.ModelMetadata(ctx, &pb.ModelMetadataRequest{Name: "nobody"})
		return "", err
	}), ""},
	{"gRPC", "statistics of an unknown model", rpc(func(ctx context.Context, c pb.GRPCInferenceServiceClient) (string, error) {
		_, err := c.ModelStatistics(ctx, &pb.ModelStatisticsRequest{Name: "nobody"})
		return "", err
	}), ""},
}
