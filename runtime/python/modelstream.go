package python

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/leat-ml/leat/serve"
)

// Stream implements [serve.Streamer]: what the class yields, or sends, one by one. A
// class that does not, answers once.
func (m *Model) Stream(ctx context.Context, req *serve.Request, send func(any) error) error {
	f := frame{kind: kindCall, object: modelObject}
	var about meta
	about.text("op", req.Op)
	about.number("stream", window)
	if m.post || m.logs {
		m.respondable(&about, req, req.Op)
	}
	if err := m.fill(&f, &about, req); err != nil {
		return err
	}
	f.meta = about.end()
	pass := func(f *frame) error {
		if bytes.HasPrefix(f.meta, failed) {
			return send(failedPart(f))
		}
		outputs, err := m.read(f)
		if err != nil {
			return err
		}
		return send(outputs)
	}
	last, err := m.pool.stream(ctx, &f, m.decoupled, pass)
	if err != nil || bytes.HasPrefix(last.meta, streamed) {
		return err
	}
	return pass(&last)
}

// collected is what a generator gave, for who asks for one answer: the list of it. Numbers
// stay as Python wrote them, so that 2.0 is no integer.
func collected(parts []frame) (any, error) {
	list := []byte{'['}
	for i := range parts {
		text := parts[i].body
		switch parts[i].flags & isValue {
		case isJSON:
		case 0:
			text = []byte("null")
		default:
			return listOf(parts)
		}
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, text...)
	}
	return json.RawMessage(append(list, ']')), nil
}

// failed begins the metadata of an answer of a stream that is an error.
var failed = []byte(`{"failed":`)

// failedPart is the error that an answer of a stream is.
func failedPart(f *frame) error {
	var said struct {
		Error  string `json:"error"`
		Status int    `json:"status"`
	}
	if json.Unmarshal(f.meta, &said) != nil {
		return errAnswer
	}
	return (&Failure{Class: "TritonModelException", Message: said.Error, Status: said.Status}).answer()
}

// streamed begins the metadata of the frame behind the parts of a stream, which is no
// answer of its own.
var streamed = []byte(`{"streamed":`)
