package oip

import (
	"errors"
	"fmt"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// Answer reads the answer to an inference request, as clients get it: the document
// is the first head bytes of raw, and behind it are the elements of the outputs
// with a binary_data_size. It takes raw over: the tensors share it, and are copied
// only where their bytes are not aligned to their elements ([BinaryAlignment]).
//
// ID, ModelName, ModelVersion and Parameters are as the server has them, and
// Outputs is a []*[serve.Tensor]. Parameters may be of any kind, as MLServer's are;
// nulls in floats are NaN; FP16 and BF16 may be numbers. Other members are passed
// over. Memory is a small multiple of raw, whatever it says.
func Answer(raw []byte, head int) (*serve.Response, error) {
	if head < 0 || head > len(raw) {
		return nil, fmt.Errorf("the JSON is said to have %d bytes, but the body has %d", head, len(raw))
	}
	behind := &blobs{rest: raw[head:], size: len(raw) - head}
	r := reader{lx: jsontext.Lexer{Data: raw[:head:head], AllowNaN: true}, behind: behind, answer: true}
	defer r.release()
	resp, err := r.response()
	if err == nil {
		err = r.lx.End()
	}
	if err == nil && len(behind.rest) > 0 {
		err = fmt.Errorf("%d bytes are left behind the elements of the outputs", len(behind.rest))
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

func (r *reader) response() (*serve.Response, error) {
	if r.lx.Kind() != jsontext.Object {
		if err := r.lx.Skip(); err != nil {
			return nil, err
		}
		return nil, ErrNotObject
	}
	resp := &serve.Response{Dialect: serve.OIP}
	more, err := r.lx.ObjectStart()
	for more && err == nil {
		if err = r.responseMember(resp); err == nil {
			more, err = r.lx.ObjectNext()
		}
	}
	if err == nil && resp.Outputs == nil {
		err = errors.New("outputs is missing")
	}
	return resp, err
}

func (r *reader) responseMember(resp *serve.Response) error {
	key, err := r.lx.ReadKey(nil)
	if err != nil {
		return err
	}
	switch string(key) {
	case "id":
		resp.ID, err = r.name("id")
	case "model_name":
		resp.ModelName, err = r.name("model_name")
	case "model_version":
		resp.ModelVersion, err = r.name("model_version")
	case "parameters":
		resp.Parameters, err = r.parameters("parameters")
	case "outputs":
		if resp.Outputs != nil {
			return errors.New(`the key "outputs" is there twice`)
		}
		resp.Outputs, err = r.outputs()
	default:
		err = r.lx.Skip()
	}
	return err
}

func (r *reader) outputs() ([]*serve.Tensor, error) {
	if r.lx.Kind() != jsontext.Array {
		return nil, r.skipped("outputs is not a list")
	}
	list := []*serve.Tensor{} // not nil: it is there
	b := new(Buffer)
	more, err := r.lx.ArrayStart()
	for more && err == nil {
		var t *serve.Tensor
		if t, err = r.output(b, len(list)); err != nil {
			return nil, err
		}
		list = append(list, t)
		more, err = r.lx.ArrayNext()
	}
	return list, err
}

func (r *reader) output(b *Buffer, i int) (*serve.Tensor, error) {
	out, err := r.inputTensor(b, i)
	if err != nil {
		return nil, err
	}
	outside, err := r.outside(out)
	if err == nil {
		if msg := out.missing(outside); msg != "" {
			err = errors.New(msg)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("outputs[%d]: %w", i, err)
	}
	if err := r.late(out, outside); err != nil {
		return nil, fmt.Errorf("output %q: %w", out.name, err)
	}
	t := out.tensor
	t.Name, t.Parameters = out.name, out.parameters
	return t, nil
}

// halves reads numbers into a tensor of FP16 or BF16.
func (r *reader) halves(out *inputTensor, n int) error {
	wide, err := r.lx.Float32s(make([]float32, 0, n), &r.scratch().dim)
	if err != nil {
		return elementError(out, err)
	}
	narrow := serve.Float32ToHalf
	if out.datatype == serve.BF16 {
		narrow = serve.Float32ToBF16
	}
	half := make([]uint16, len(wide))
	for i, f := range wide {
		half[i] = narrow(f)
	}
	return made(out, n, half, nil)
}
