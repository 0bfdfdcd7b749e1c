package oip

import (
	"fmt"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// appendResponse writes the members of an answer in the order of its dialect:
// MLRun's clients compare id, model_name, outputs, timestamp, model_version.
func appendResponse(dst []byte, r *serve.Response) (_ []byte, err error) {
	if whole := r.Whole(); whole != nil {
		return append(dst, whole...), nil
	}
	if dst, err = appendHead(dst, r); err != nil {
		return dst, err
	}
	if dst, err = appendOutputs(append(dst, `,"outputs":`...), r); err != nil {
		return dst, fmt.Errorf("outputs: %w", err)
	}
	return appendEnd(dst, r)
}

// appendHead writes what is before the outputs.
func appendHead(dst []byte, r *serve.Response) (_ []byte, err error) {
	dst = appendResponseID(append(dst, '{'), r)
	dst = jsontext.AppendString(append(dst, `,"model_name":`...), r.ModelName)
	if r.Dialect == serve.OIP && r.ModelVersion != "" {
		dst = jsontext.AppendString(append(dst, `,"model_version":`...), r.ModelVersion)
	}
	if len(r.Parameters) > 0 {
		if dst, err = appendMap(append(dst, `,"parameters":`...), r.Parameters); err != nil {
			return dst, fmt.Errorf("parameters: %w", err)
		}
	}
	return dst, nil
}

// appendEnd writes what is behind the outputs.
func appendEnd(dst []byte, r *serve.Response) (_ []byte, err error) {
	if r.Timestamp != "" {
		dst = jsontext.AppendString(append(dst, `,"timestamp":`...), r.Timestamp)
	}
	if r.Dialect == serve.MLRun && r.ModelVersion != "" {
		dst = jsontext.AppendString(append(dst, `,"model_version":`...), r.ModelVersion)
	}
	for _, f := range r.Fields() {
		dst = append(jsontext.AppendString(append(dst, ','), f.Key), ':')
		if dst, err = AppendValue(dst, f.Value); err != nil {
			return dst, fmt.Errorf("%s: %w", f.Key, err)
		}
	}
	return append(dst, '}'), nil
}

func appendOutputs(dst []byte, r *serve.Response) ([]byte, error) {
	if t, ok := r.Outputs.(*serve.Tensor); ok && r.Dialect == serve.OIP {
		return appendTensors(dst, []*serve.Tensor{t})
	}
	return AppendValue(dst, r.Outputs)
}

func appendResponseID(dst []byte, r *serve.Response) []byte {
	dst = append(dst, `"id":`...)
	if r.RawID != nil {
		return append(dst, r.RawID...)
	}
	return jsontext.AppendString(dst, r.ID)
}

// responseObject is an answer as a document, for steps that read it.
func responseObject(r *serve.Response) *serve.Object {
	fields := []serve.Field{{Key: "id", Value: r.ID}, {Key: "model_name", Value: r.ModelName}, {Key: "outputs", Value: r.Outputs}}
	if r.Timestamp != "" {
		fields = append(fields, serve.Field{Key: "timestamp", Value: r.Timestamp})
	}
	if r.ModelVersion != "" {
		fields = append(fields, serve.Field{Key: "model_version", Value: r.ModelVersion})
	}
	return serve.NewObject(append(fields, r.Fields()...)...)
}

// appendTensors writes OIP output tensors.
func appendTensors(dst []byte, ts []*serve.Tensor) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, t := range ts {
		if dst, err = appendTensor(comma(dst, i), t); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendTensor(dst []byte, t *serve.Tensor) (_ []byte, err error) {
	if dst, err = appendAbout(dst, t, t.Parameters); err != nil {
		return dst, err
	}
	dst = append(dst, `,"data":`...)
	if src := t.Source(); src != nil {
		return append(append(dst, src...), '}'), nil
	}
	return append(appendElements(append(dst, '['), t, 0, t.Len()), ']', '}'), nil
}

// appendAbout writes the start of a tensor's object: what is said of its elements.
func appendAbout(dst []byte, t *serve.Tensor, parameters map[string]any) (_ []byte, err error) {
	dst = jsontext.AppendString(append(dst, `{"name":`...), t.Name)
	dst = append(dst, `,"shape":[`...)
	for j, d := range t.Shape {
		dst = jsontext.AppendInt64(comma(dst, j), int64(d))
	}
	dst = append(append(dst, `],"datatype":"`...), t.Datatype.String()...)
	dst = append(dst, '"')
	if len(parameters) > 0 {
		if dst, err = appendMap(append(dst, `,"parameters":`...), parameters); err != nil {
			return dst, fmt.Errorf("output %q: parameters: %w", t.Name, err)
		}
	}
	return dst, nil
}

// appendRows writes a tensor as nested arrays, one level a dimension.
func appendRows(dst []byte, t *serve.Tensor) []byte {
	if src := t.Source(); src != nil {
		return append(dst, src...)
	}
	if t.Len() == 0 {
		return append(dst, "[]"...) // a shape such as 10^9 x 0 has no text worth writing
	}
	dst, _ = appendLevel(dst, t, t.Shape, 0)
	return dst
}

func appendLevel(dst []byte, t *serve.Tensor, shape []int, at int) ([]byte, int) {
	switch len(shape) {
	case 0:
		return appendElements(dst, t, at, at+1), at + 1
	case 1:
		return append(appendElements(append(dst, '['), t, at, at+shape[0]), ']'), at + shape[0]
	}
	dst = append(dst, '[')
	for i := range shape[0] {
		dst, at = appendLevel(comma(dst, i), t, shape[1:], at)
	}
	return append(dst, ']'), at
}

// appendElements writes elements from up to to with commas between them.
func appendElements(dst []byte, t *serve.Tensor, from, to int) []byte {
	switch t.Datatype {
	case serve.FP32:
		return jsontext.AppendFloat32s(dst, elements[float32](t)[from:to])
	case serve.FP64:
		return jsontext.AppendFloat64s(dst, elements[float64](t)[from:to])
	case serve.Int64:
		return jsontext.AppendInts(dst, elements[int64](t)[from:to])
	case serve.Int32:
		return jsontext.AppendInts(dst, elements[int32](t)[from:to])
	case serve.Int16:
		return jsontext.AppendInts(dst, elements[int16](t)[from:to])
	case serve.Int8:
		return jsontext.AppendInts(dst, elements[int8](t)[from:to])
	case serve.Uint64:
		return jsontext.AppendInts(dst, elements[uint64](t)[from:to])
	case serve.Uint32:
		return jsontext.AppendInts(dst, elements[uint32](t)[from:to])
	case serve.Uint16:
		return jsontext.AppendInts(dst, elements[uint16](t)[from:to])
	case serve.Uint8:
		return jsontext.AppendInts(dst, elements[uint8](t)[from:to])
	case serve.Bool:
		return jsontext.AppendBools(dst, elements[bool](t)[from:to])
	case serve.Bytes:
		return jsontext.AppendStrings(dst, t.Strings()[from:to])
	}
	for i := from; i < to; i++ { // FP16 and BF16, which float32 holds exactly
		f, _ := t.At(i).(float64)
		dst = jsontext.AppendFloat32(comma(dst, i-from), float32(f))
	}
	return dst
}

func elements[T serve.Element](t *serve.Tensor) []T {
	v, _ := serve.Data[T](t)
	return v
}
