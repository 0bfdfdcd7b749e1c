package python

import (
	"encoding/json"
	"errors"
	"fmt"

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
	Name     string   `json:"name"`
	Datatype string   `json:"datatype"`
	Shape    []int    `json:"shape"`
	Data     []string `json:"data,omitempty"` // of BYTES
}

// tensorsOf are the tensors of a frame. They share body.
func tensorsOf(meta, body []byte) ([]*serve.Tensor, error) {
	var m struct {
		Tensors []tensorMeta `json:"tensors"`
	}
	if err := json.Unmarshal(meta, &m); err != nil {
		return nil, fmt.Errorf("%w: its tensors: %w", errAnswer, err)
	}
	out := make([]*serve.Tensor, len(m.Tensors))
	for i := range m.Tensors {
		t, size, err := tensorOf(&m.Tensors[i], body)
		if err != nil {
			return nil, fmt.Errorf("%w: tensor %q: %w", errAnswer, m.Tensors[i].Name, err)
		}
		out[i], body = t, body[min(len(body), padded(size)):]
	}
	return out, nil
}

// padded is a size up to the next multiple of 8, where the next tensor begins.
func padded(n int) int { return (n + 7) &^ 7 }

// tensorOf makes one tensor from the start of the bytes, and says how many it
// takes.
func tensorOf(m *tensorMeta, body []byte) (*serve.Tensor, int, error) {
	dt := serve.ParseDatatype(m.Datatype)
	if m.Shape == nil {
		m.Shape = []int{}
	}
	if dt == serve.Bytes {
		t, err := serve.MakeBytes(m.Name, m.Shape, m.Data)
		return &t, 0, err
	}
	n, ok := serve.Elements(m.Shape)
	if size := dt.Size(); !ok || size == 0 || n > len(body)/size {
		return nil, 0, fmt.Errorf("%d bytes do not hold a shape %v of %q", len(body), m.Shape, m.Datatype)
	}
	n *= dt.Size()
	t, err := serve.MakeTensor(m.Name, dt, m.Shape, body[:n:n])
	return &t, n, err
}

// appendTensors appends the bytes of tensors, padded, and what the metadata says
// of them to m.
func appendTensors(dst []byte, m *meta, ts []*serve.Tensor) []byte {
	m.key("tensors")
	m.b = append(m.b, '[')
	for i, t := range ts {
		if i > 0 {
			m.b = append(m.b, ',')
		}
		m.tensor(t)
		dst = append(dst, t.Raw()...)
		for len(dst)%8 != 0 {
			dst = append(dst, 0)
		}
	}
	m.b = append(m.b, ']')
	return dst
}
