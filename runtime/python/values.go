package python

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// payloadOf is what a body is as a payload: bytes of JSON as they came.
func payloadOf(b serve.Body) (payload []byte, is flags, err error) {
	v, ok := b.Value()
	if !ok {
		raw, _ := b.Raw()
		if len(raw) == 0 {
			return nil, 0, nil
		}
		return raw, isJSON, nil
	}
	return payloadOfValue(v)
}

func payloadOfValue(v any) (payload []byte, is flags, err error) {
	switch v := v.(type) {
	case nil:
		return nil, 0, nil
	case string:
		return []byte(v), isText, nil
	case []byte:
		return v, isBytes, nil
	}
	payload, err = oip.AppendValue(nil, v)
	if err != nil {
		return nil, 0, serve.Errorf(serve.Unwritable, "TypeError", "what the Python code gets cannot be written: %w", err)
	}
	return payload, isJSON, nil
}

// errAnswer is an answer that is not what PROTOCOL.md says.
var errAnswer = errors.New("the Python worker answered with what cannot be read")

// valueOf is what a payload holds, as the value of a body.
func valueOf(f *frame) (any, error) {
	switch f.flags & isValue {
	case 0:
		return nil, nil
	case isText:
		return string(f.body), nil
	case isBytes:
		return f.body, nil
	case isJSON:
		v, err := oip.ParseValue(f.body)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errAnswer, err)
		}
		return v, nil
	case isTensors:
		ts, err := tensorsOf(f.meta, f.body)
		if err != nil {
			return nil, err
		}
		if len(ts) == 1 {
			return ts[0], nil
		}
		fields := make([]serve.Field, len(ts))
		for i, t := range ts {
			fields[i] = serve.Field{Key: t.Name, Value: t}
		}
		return serve.NewObject(fields...), nil
	}
	return nil, errAnswer
}

// A tensorMeta is one tensor in the metadata of a frame.
type tensorMeta struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
	Data     texts  `json:"data,omitempty"` // of BYTES
}

// tensorsOf are the tensors of a frame. They share body.
func tensorsOf(meta, body []byte) ([]*serve.Tensor, error) {
	of, err := tensorMetas(meta)
	if err != nil {
		return nil, err
	}
	return tensorsIn(of, body)
}

func tensorMetas(meta []byte) ([]tensorMeta, error) {
	var m struct {
		Tensors []tensorMeta `json:"tensors"`
	}
	if err := json.Unmarshal(meta, &m); err != nil {
		return nil, fmt.Errorf("%w: its tensors: %w", errAnswer, err)
	}
	return m.Tensors, nil
}

// tensorsIn makes the tensors, which share body and nothing else.
func tensorsIn(of []tensorMeta, body []byte) ([]*serve.Tensor, error) {
	out := make([]*serve.Tensor, len(of))
	for i := range of {
		t, size, err := tensorOf(&of[i], body)
		if err != nil {
			return nil, fmt.Errorf("%w: tensor %q: %w", errAnswer, of[i].Name, err)
		}
		out[i], body = t, body[min(len(body), padded(size)):]
	}
	return out, nil
}

// A known is what the metadata of the last answer says: that of the next is mostly
// the same to the last byte.
type known struct {
	meta    []byte
	tensors []tensorMeta
}

// shortMeta is the length of metadata up to which it is remembered.
const shortMeta = 256

// of are the tensors of a frame, which share its body, and what is to be remembered
// then. k may be nil.
func (k *known) of(f *frame) (ts []*serve.Tensor, next *known, err error) {
	if k == nil || !bytes.Equal(k.meta, f.meta) {
		said, err := tensorMetas(f.meta)
		if err != nil {
			return nil, k, err
		}
		if len(f.meta) > shortMeta {
			ts, err = tensorsIn(said, f.body)
			return ts, k, err
		}
		k = &known{bytes.Clone(f.meta), said}
	}
	ts, err = tensorsIn(k.tensors, f.body)
	return ts, k, err
}

// padded is a size up to the next multiple of 8, where the next tensor begins.
func padded(n int) int { return (n + 7) &^ 7 }

// tensorOf makes one tensor from the start of the bytes, and says how many it
// takes.
func tensorOf(m *tensorMeta, body []byte) (*serve.Tensor, int, error) {
	dt := serve.ParseDatatype(m.Datatype)
	shape := append([]int{}, m.Shape...)
	if dt == serve.Bytes {
		t, err := serve.MakeBytes(m.Name, shape, slices.Clone(m.Data))
		return &t, 0, err
	}
	n, ok := serve.Elements(shape)
	if size := dt.Size(); !ok || size == 0 || n > len(body)/size {
		return nil, 0, fmt.Errorf("%d bytes do not hold a shape %v of %q", len(body), m.Shape, m.Datatype)
	}
	n *= dt.Size()
	t, err := serve.MakeTensor(m.Name, dt, shape, body[:n:n])
	return &t, n, err
}

// appendTensors appends the bytes of tensors, padded, and what the metadata says
// of them to m.
func appendTensors(dst []byte, m *meta, ts []*serve.Tensor) ([]byte, error) {
	m.key("tensors")
	m.b = append(m.b, '[')
	for i, t := range ts {
		if i > 0 {
			m.b = append(m.b, ',')
		}
		if err := m.tensor(t); err != nil {
			return nil, err
		}
		dst = append(dst, t.Raw()...)
		for len(dst)%8 != 0 {
			dst = append(dst, 0)
		}
	}
	m.b = append(m.b, ']')
	return dst, nil
}
