package grpc

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// infer serves one inference.
func (c *call) infer(m *inferRequest) (*inferResponse, error) {
	r, _, err := c.inferTo(m, nil)
	return r, err
}

// inferTo serves one inference, whose answers may go to a sink: streamed says that
// they have.
func (c *call) inferTo(m *inferRequest, to serve.Sink) (r *inferResponse, streamed bool, err error) {
	c.in += m.size
	c.model, c.version = m.model, m.version
	req, err := m.request()
	if err != nil {
		return nil, false, c.unreadable(m, err)
	}
	ev := c.event(target("POST", m.model, m.version, "infer"))
	ev.Body = serve.ValueBody(req)
	if to != nil {
		ev.Offer(to)
	}
	answer, err := c.serve(ev)
	if err != nil {
		return nil, false, err
	}
	if answer != nil && answer.Streamed() {
		return nil, true, nil
	}
	if r, err = c.response(m, answer); err != nil {
		return nil, false, fmt.Errorf("model %s: write the answer: %w", m.model, err)
	}
	c.out += r.size()
	return r, false, nil
}

// A namer is a handler that knows what requests are for.
type namer interface {
	Unreadable(ctx context.Context, path string, err error) error
}

// unreadable is why a request cannot be read, with the model that it is for, if the
// handler knows; of a model that there is not, that.
func (c *call) unreadable(m *inferRequest, err error) error {
	n, ok := c.s.next.(namer)
	if !ok || m.model == "" {
		return err
	}
	return n.Unreadable(c.ctx, target("", m.model, m.version, "").Path, err)
}

// size is how many bytes the elements of the outputs have.
func (m *inferResponse) size() (n int) {
	for _, t := range m.outputs {
		n += len(t.Raw())
		if t.Datatype == serve.Bytes {
			n += sizeTexts(t)
		}
	}
	return n
}

// typed says whether a request is answered with elements one by one: where they have
// come so, unless the model answers raw in any case.
func (c *call) typed(m *inferRequest) bool {
	return m.typed() && (c.s.opts.Raw == nil || !c.s.opts.Raw(m.model))
}

// response is what an event answers. A filtered event has no outputs.
func (c *call) response(m *inferRequest, ev *serve.Event) (*inferResponse, error) {
	r := &inferResponse{model: m.model, version: m.version, id: m.id, typed: c.typed(m)}
	if ev == nil {
		return r, nil
	}
	if r.id == "" {
		r.id = ev.Identify()
	}
	if ev.Reply != nil {
		for name, values := range ev.Reply.Header {
			for _, v := range values {
				c.trail(name, v)
			}
		}
	}
	err := r.take(ev.Body)
	return r, err
}

// take takes the answer out of a body.
func (m *inferResponse) take(b serve.Body) error {
	v, _ := b.Value()
	if resp, ok := v.(*serve.Response); ok && resp.Whole() == nil {
		m.model, m.version, m.id, m.params = resp.ModelName, resp.ModelVersion, resp.ID, resp.Parameters
		if tensorsOf(m, resp.Outputs) {
			return nil
		}
	}
	return fromDocument(m, b)
}

// tensorsOf takes outputs that are tensors.
func tensorsOf(r *inferResponse, outputs any) bool {
	switch v := outputs.(type) {
	case *serve.Tensor:
		if v.Name == "" {
			v = v.Named("output-0")
		}
		r.outputs = []*serve.Tensor{v}
	case []*serve.Tensor:
		r.outputs = v
	default:
		return false
	}
	r.typed = r.typed && hasContents(r.outputs)
	return true
}

// fromDocument takes the outputs from an answer that a step has made: the tensors
// of a document as the Open Inference Protocol has it, or else the text that
// would be the answer over HTTP as one element of BYTES.
func fromDocument(r *inferResponse, b serve.Body) error {
	text, err := textOf(b)
	if err != nil {
		return err
	}
	if outputs, ok := documentOutputs(text); ok {
		tensorsOf(r, outputs)
		return nil
	}
	tensorsOf(r, serve.NewBytes("body", []string{string(text)}))
	return nil
}

// textOf is the body of an answer over HTTP.
func textOf(b serve.Body) ([]byte, error) {
	switch v, _ := b.Value(); v := v.(type) {
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	}
	return oip.AppendBody(nil, b)
}

// documentOutputs reads the tensors of an answer in JSON. They are written as the
// inputs of a request are.
func documentOutputs(text []byte) ([]*serve.Tensor, bool) {
	var doc struct {
		Outputs json.RawMessage `json:"outputs"`
	}
	if len(text) == 0 || text[0] != '{' || json.Unmarshal(text, &doc) != nil || len(doc.Outputs) == 0 {
		return nil, false
	}
	req, err := oip.Request(serve.RawBody(append(append([]byte(`{"inputs":`), doc.Outputs...), '}')))
	if err != nil || req.Dialect != serve.OIP {
		return nil, false
	}
	return req.Inputs, true
}
