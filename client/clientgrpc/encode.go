package clientgrpc

import (
	"fmt"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// encode is the message of a request. It shares the elements of its tensors.
func encode(req *client.Request) (_ *pb.ModelInferRequest, err error) {
	in := &pb.ModelInferRequest{ModelName: req.Model, ModelVersion: req.Version, Id: req.ID}
	if in.Parameters, err = parameters(req.Parameters); err != nil {
		return nil, err
	}
	for _, t := range req.Inputs {
		input := &pb.ModelInferRequest_InferInputTensor{Name: t.Name, Datatype: t.Datatype.String(), Shape: make([]int64, len(t.Shape))}
		for i, d := range t.Shape {
			input.Shape[i] = int64(d)
		}
		if input.Parameters, err = parameters(t.Parameters); err != nil {
			return nil, fmt.Errorf("input %q: %w", t.Name, err)
		}
		raw := t.Raw()
		if t.Datatype == serve.Bytes {
			raw = oip.AppendFramed(nil, t)
		}
		in.Inputs, in.RawInputContents = append(in.Inputs, input), append(in.RawInputContents, raw)
	}
	for i := range req.Outputs {
		output, err := encodeOutput(&req.Outputs[i])
		if err != nil {
			return nil, err
		}
		in.Outputs = append(in.Outputs, output)
	}
	return in, nil
}

func encodeOutput(o *client.Output) (*pb.ModelInferRequest_InferRequestedOutputTensor, error) {
	all, err := parameters(o.Parameters)
	if err != nil {
		return nil, fmt.Errorf("output %q: %w", o.Name, err)
	}
	if o.Classes > 0 {
		if all == nil {
			all = map[string]*pb.InferParameter{}
		}
		all["classification"] = &pb.InferParameter{ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: int64(o.Classes)}}
	}
	return &pb.ModelInferRequest_InferRequestedOutputTensor{Name: o.Name, Parameters: all}, nil
}

func parameters(all map[string]any) (map[string]*pb.InferParameter, error) {
	if len(all) == 0 {
		return nil, nil
	}
	out := make(map[string]*pb.InferParameter, len(all))
	for name, v := range all {
		p := &pb.InferParameter{}
		switch v := v.(type) {
		case bool:
			p.ParameterChoice = &pb.InferParameter_BoolParam{BoolParam: v}
		case string:
			p.ParameterChoice = &pb.InferParameter_StringParam{StringParam: v}
		case int:
			p.ParameterChoice = &pb.InferParameter_Int64Param{Int64Param: int64(v)}
		case int64:
			p.ParameterChoice = &pb.InferParameter_Int64Param{Int64Param: v}
		case uint64:
			p.ParameterChoice = &pb.InferParameter_Uint64Param{Uint64Param: v}
		case float64:
			p.ParameterChoice = &pb.InferParameter_DoubleParam{DoubleParam: v}
		default:
			return nil, fmt.Errorf("parameter %q is %T, not a bool, string, int, int64, uint64 or float64", name, v)
		}
		out[name] = p
	}
	return out, nil
}
