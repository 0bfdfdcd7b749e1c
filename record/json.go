package record

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// The records are MLRun's, from mlrun/serving/v2_serving.py (_ModelLogPusher), with
// its keys in their order. Ours is weight, which a record has that stands for more
// than itself. The requests and answers of the Open Inference Protocol are in them
// as rows, so that all records look alike.

// appendBase appends what the records of a source begin with, without labels.
func (s *Source) appendBase(dst []byte) []byte {
	dst = jsontext.AppendString(append(dst, `{"class":`...), s.Class)
	dst = jsontext.AppendString(append(dst, `,"worker":0,"model":`...), s.Model)
	dst = jsontext.AppendString(append(dst, `,"version":`...), s.Version)
	dst = jsontext.AppendString(append(dst, `,"host":`...), s.Host)
	return jsontext.AppendString(append(dst, `,"function_uri":`...), s.Function)
}

func (r *Record) appendBase(dst []byte) []byte {
	dst = append(dst, r.base...)
	if r.Notes != nil && len(r.Notes.Labels) > 0 {
		dst = append(append(dst, `,"labels":`...), r.Notes.Labels...)
	}
	return dst
}

// AppendJSON appends the record as MLRun writes one.
func (r *Record) AppendJSON(dst []byte) []byte {
	dst = r.appendBase(dst)
	dst = r.appendRequest(append(dst, `,"request":`...))
	dst = r.appendOp(append(dst, `,"op":`...))
	if r.Failed() {
		dst = r.clock.append(append(dst, `,"when":`...), r.Start)
		dst = jsontext.AppendString(append(dst, `,"error":`...), string(r.answer))
		return append(dst, '}')
	}
	dst = r.appendAnswer(append(dst, `,"resp":`...))
	dst = r.clock.append(append(dst, `,"when":`...), r.Start)
	dst = strconv.AppendInt(append(dst, `,"microsec":`...), r.Took.Microseconds(), 10)
	if r.Notes != nil && len(r.Notes.Metrics) > 0 {
		dst = append(append(dst, `,"metrics":`...), r.Notes.Metrics...)
	}
	return append(r.appendWeight(dst), '}')
}

func (r *Record) appendWeight(dst []byte) []byte {
	if r.Weight <= 1 {
		return dst
	}
	return strconv.AppendInt(append(dst, `,"weight":`...), int64(r.Weight), 10)
}

// beginBatch appends a record of several inferences up to their rows, r being the
// first of them; endBatch appends its end.
func (r *Record) beginBatch(dst []byte) []byte {
	dst = r.appendWeight(r.appendBase(dst))
	return append(dst, `,"headers":["request","op","resp","when","microsec","metrics"],"values":[`...)
}

func endBatch(dst []byte) []byte { return append(dst, "]}"...) }

// appendRow appends the record as a row of a batch.
func (r *Record) appendRow(dst []byte) []byte {
	dst = append(r.appendRequest(append(dst, '[')), ',')
	dst = append(r.appendOp(dst), ',')
	dst = append(r.appendAnswer(dst), ',')
	dst = append(r.clock.append(dst, r.Start), ',')
	dst = append(strconv.AppendInt(dst, r.Took.Microseconds(), 10), ',')
	if r.Notes != nil && len(r.Notes.Metrics) > 0 {
		return append(append(dst, r.Notes.Metrics...), ']')
	}
	return append(dst, "{}]"...)
}

func (r *Record) appendOp(dst []byte) []byte {
	if r.Op == "" {
		return append(dst, "null"...)
	}
	return jsontext.AppendString(dst, r.Op)
}

func (r *Record) appendRequest(dst []byte) []byte {
	switch {
	case r.flags&requestText != 0:
		return r.appendRequestText(dst)
	case r.flags&requestTensors != 0:
		dst = append(dst, '{')
		switch {
		case len(r.request) > 0:
			dst = append(append(append(dst, `"id":`...), r.request...), ',')
		case r.Failed():
			dst = append(jsontext.AppendString(append(dst, `"id":`...), string(r.EventID)), ',')
		}
		inputs := r.inputs
		return append(appendRows(append(dst, `"inputs":`...), &inputs), '}')
	}
	return append(dst, "null"...)
}

// appendRequestText appends a request that is JSON. That of a failure gets an id.
func (r *Record) appendRequestText(dst []byte) []byte {
	text := strict(r.request)
	if !r.Failed() || r.flags&withoutID == 0 {
		return append(dst, text...)
	}
	text = bytes.TrimRight(text, " \t\r\n")
	dst = append(dst, text[:len(text)-1]...) // it is an object
	if body := bytes.TrimSpace(text[:len(text)-1]); len(body) > 1 {
		dst = append(dst, ',')
	}
	return append(jsontext.AppendString(append(dst, `"id":`...), string(r.EventID)), '}')
}

func (r *Record) appendAnswer(dst []byte) []byte {
	switch {
	case r.flags&answerText != 0:
		return append(dst, strict(r.answer)...)
	case r.flags&(answerTensors|answerValue) == 0:
		return append(dst, "null"...)
	}
	dst = append(dst, `{"id":`...)
	if len(r.answer) > 0 {
		dst = append(dst, strict(r.answer)...)
	} else {
		dst = jsontext.AppendString(dst, string(r.EventID))
	}
	dst = jsontext.AppendString(append(dst, `,"model_name":`...), r.Model)
	dst = append(dst, `,"outputs":`...)
	if r.flags&answerTensors != 0 {
		outputs := r.outputs
		dst = appendRows(dst, &outputs)
	} else {
		dst = append(dst, strict(r.outValue)...)
	}
	if len(r.stamp) > 0 {
		dst = jsontext.AppendString(append(dst, `,"timestamp":`...), string(r.stamp))
	}
	if r.Version != "" {
		dst = jsontext.AppendString(append(dst, `,"model_version":`...), r.Version)
	}
	return append(dst, '}')
}

// appendRows appends tensors as rows.
func appendRows(dst []byte, c *cursor) []byte {
	if out, ok := appendPlain(dst, *c); ok {
		return out
	}
	ts := c.tensors()
	out, err := oip.AppendValue(dst, Rows(ts))
	if err != nil || len(ts) == 0 {
		return append(dst, "null"...)
	}
	return out
}

// appendPlain is appendRows for a tensor alone, of one or two dimensions and of the
// usual kinds, as most are: without making it.
func appendPlain(dst []byte, c cursor) ([]byte, bool) {
	if c.number() != 1 {
		return dst, false
	}
	dt, dims := serve.Datatype(c.byte()), c.number()
	if dims < 1 || dims > 2 {
		return dst, false
	}
	rows, columns := c.number(), uint64(1)
	if dims == 2 {
		columns = c.number()
	}
	data := c.text()
	if len(data) == 0 || dt != serve.FP64 && dt != serve.FP32 && dt != serve.Int64 {
		return dst, false
	}
	dst = append(dst, '[')
	for i := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dims == 1 {
			dst, data = appendElement(dst, dt, data)
			continue
		}
		dst = append(dst, '[')
		for j := range columns {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst, data = appendElement(dst, dt, data)
		}
		dst = append(dst, ']')
	}
	return append(dst, ']'), true
}

// appendElement appends the first number of data, and returns the rest.
func appendElement(dst []byte, dt serve.Datatype, data []byte) (out, rest []byte) {
	switch dt {
	case serve.FP32:
		return jsontext.AppendFloat32(dst, math.Float32frombits(binary.LittleEndian.Uint32(data))), data[4:]
	case serve.Int64:
		return jsontext.AppendInt64(dst, int64(binary.LittleEndian.Uint64(data))), data[8:]
	}
	return jsontext.AppendFloat64(dst, math.Float64frombits(binary.LittleEndian.Uint64(data))), data[8:]
}
