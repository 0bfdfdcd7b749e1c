package clientgrpc

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// errUnreadable is what is wrong with an answer that cannot be understood.
var errUnreadable = errors.New("the answer cannot be read")

// decode is the answer in a message, whose memory it shares.
func decode(m *pb.ModelInferResponse) (*client.Response, error) {
	r := &client.Response{Model: m.GetModelName(), Version: m.GetModelVersion(), ID: m.GetId(), Parameters: values(m.GetParameters())}
	raw := m.GetRawOutputContents()
	if len(raw) > 0 && len(raw) != len(m.GetOutputs()) {
		return nil, fmt.Errorf("%w: it has %d outputs, but %d raw contents", errUnreadable, len(m.GetOutputs()), len(raw))
	}
	for i, out := range m.GetOutputs() {
		t, err := about(out)
		switch {
		case err != nil:
		case len(raw) > 0 && proto.Size(out.GetContents()) > 0: // MLServer's are there and empty
			err = errors.New("its elements are in several places")
		case len(raw) > 0:
			err = oip.FromBytes(t, t.Name, t.Datatype, t.Shape, raw[i])
		default:
			err = fromContents(t, out.GetContents())
		}
		if err != nil {
			return nil, fmt.Errorf("%w: output %q: %w", errUnreadable, out.GetName(), err)
		}
		t.Parameters = values(out.GetParameters())
		r.Outputs = append(r.Outputs, t)
	}
	return r, nil
}

// about is a tensor with what is said of it, still without elements.
func about(out *pb.ModelInferResponse_InferOutputTensor) (*client.Tensor, error) {
	t := &client.Tensor{Name: out.GetName(), Datatype: serve.ParseDatatype(out.GetDatatype()), Shape: make([]int, len(out.GetShape()))}
	if t.Datatype == serve.Invalid {
		return nil, fmt.Errorf("datatype %q is not one of the protocol", out.GetDatatype())
	}
	for i, d := range out.GetShape() {
		if t.Shape[i] = int(d); int64(t.Shape[i]) != d { // where an int has 32 bits
			return nil, fmt.Errorf("length %d of its shape is %d, which is more elements than can be", i, d)
		}
	}
	return t, nil
}

// fromContents gives t the elements that are in the field of its datatype.
func fromContents(t *client.Tensor, c *pb.InferTensorContents) (err error) {
	switch t.Datatype {
	case serve.Bool:
		return fill(t, c.GetBoolContents())
	case serve.Int8:
		return narrow[int8](t, c.GetIntContents(), math.MinInt8, math.MaxInt8)
	case serve.Int16:
		return narrow[int16](t, c.GetIntContents(), math.MinInt16, math.MaxInt16)
	case serve.Int32:
		return fill(t, c.GetIntContents())
	case serve.Int64:
		return fill(t, c.GetInt64Contents())
	case serve.Uint8:
		return narrow[uint8](t, c.GetUintContents(), 0, math.MaxUint8)
	case serve.Uint16:
		return narrow[uint16](t, c.GetUintContents(), 0, math.MaxUint16)
	case serve.Uint32:
		return fill(t, c.GetUintContents())
	case serve.Uint64:
		return fill(t, c.GetUint64Contents())
	case serve.FP32:
		return fill(t, c.GetFp32Contents())
	case serve.FP64:
		return fill(t, c.GetFp64Contents())
	case serve.Bytes:
		elems := make([]string, len(c.GetBytesContents()))
		for i, b := range c.GetBytesContents() {
			elems[i] = string(b)
		}
		*t, err = serve.MakeBytes(t.Name, t.Shape, elems)
		return err
	}
	return fmt.Errorf("%s has no contents that are not raw", t.Datatype)
}

func fill[T serve.Element](t *client.Tensor, elems []T) error {
	return serve.InitTensor(t, t.Name, t.Datatype, t.Shape, elems)
}

func narrow[T int8 | int16 | uint8 | uint16, W int32 | uint32](t *client.Tensor, wide []W, least, most W) error {
	elems := make([]T, len(wide))
	for i, w := range wide {
		if w < least || w > most {
			return fmt.Errorf("element %d is %d, which is out of range for %s", i, w, t.Datatype)
		}
		elems[i] = T(w)
	}
	return fill(t, elems)
}

func values(all map[string]*pb.InferParameter) map[string]any {
	if len(all) == 0 {
		return nil
	}
	out := make(map[string]any, len(all))
	for name, p := range all {
		switch v := p.GetParameterChoice().(type) {
		case *pb.InferParameter_BoolParam:
			out[name] = v.BoolParam
		case *pb.InferParameter_Int64Param:
			out[name] = v.Int64Param
		case *pb.InferParameter_StringParam:
			out[name] = v.StringParam
		case *pb.InferParameter_DoubleParam:
			out[name] = v.DoubleParam
		case *pb.InferParameter_Uint64Param:
			out[name] = v.Uint64Param
		}
	}
	return out
}
