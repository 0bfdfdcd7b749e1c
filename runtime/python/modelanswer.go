package python

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// remarks are what a model says beside an answer.
type remarks struct {
	Metrics map[string]any `json:"metrics"`
	Labels  map[string]any `json:"labels"`
	Logged  *struct {
		Inputs  json.RawMessage `json:"inputs"`
		Outputs json.RawMessage `json:"outputs"`
	} `json:"logged"`
}

// note keeps the metrics and labels that the model set.
func (m *Model) note(r *remarks) {
	for key, v := range r.Metrics {
		if f, ok := serve.Number64(v); ok {
			m.ctx.SetMetric(key, f)
		}
	}
	for key, v := range r.Labels {
		m.ctx.SetLabel(key, fmt.Sprint(v))
	}
}

// An outcome is outputs with what the class says beside them.
type outcome struct {
	outputs any
	whole   []byte // the response as the class made it
	inputs  any    // to be recorded
	logged  any    // outputs to be recorded

	plain bool         // the response is no document: outputs are answered as they are,
	reply *serve.Reply // with a status and a type of the class's own
}

// read is what the class answered.
func (m *Model) read(f *frame) (any, error) {
	var o outcome
	if remarked(f.meta) {
		var r remarks
		if err := json.Unmarshal(f.meta, &r); err != nil {
			return nil, fmt.Errorf("%w: %w", errAnswer, err)
		}
		m.note(&r)
		if r.Logged != nil {
			o.inputs, o.logged = valueIn(r.Logged.Inputs), valueIn(r.Logged.Outputs)
		}
	}
	switch {
	case f.flags&isWhole != 0:
		return &o, o.open(f)
	case f.flags&isValue == isJSON:
		o.outputs = json.RawMessage(f.body) // checked where it is written
	default:
		var err error
		if o.outputs, err = m.outputsOf(f); err != nil {
			return nil, err
		}
	}
	if o.inputs == nil && o.logged == nil {
		return o.outputs, nil
	}
	return &o, nil
}

func (m *Model) outputsOf(f *frame) (any, error) {
	if f.flags&isValue != isTensors {
		return valueOf(f)
	}
	last := m.known.Load()
	ts, next, err := last.of(f)
	if next != last {
		m.known.Store(next)
	}
	if err == nil && len(ts) == 1 {
		return ts[0], nil
	}
	return ts, err
}

// valueIn reads JSON; nil where there is none.
func valueIn(raw json.RawMessage) any {
	if v, err := oip.ParseValue(raw); err == nil {
		return v
	}
	return nil
}

// open takes the outputs out of a whole response. In the Open Inference Protocol
// the response is made of them and its other members anew. What is no document, or
// has a status of its own, is answered as it is, as MLRun does.
func (o *outcome) open(f *frame) error {
	var n news
	if len(f.meta) > 0 {
		if err := json.Unmarshal(f.meta, &n); err != nil {
			return fmt.Errorf("%w: %w", errAnswer, err)
		}
	}
	v, err := valueOf(f)
	if err != nil {
		return err
	}
	if n.Status != nil || f.flags&isValue != isJSON {
		o.outputs, o.plain = v, true
		if n.Status != nil {
			o.reply = n.reply()
		}
		return nil
	}
	o.whole = f.body
	response, ok := v.(*serve.Object)
	if !ok {
		o.outputs = v
		return nil
	}
	o.outputs, _ = response.Value("outputs")
	return nil
}

// Postprocess implements [serve.Postprocessor]: it takes apart what the class
// answered. The class's own postprocess has run.
func (m *Model) Postprocess(_ context.Context, resp *serve.Response) (*serve.Response, error) {
	o, ok := resp.Outputs.(*outcome)
	if !ok {
		return resp, nil
	}
	resp.Outputs = o.outputs
	if o.inputs != nil || o.logged != nil {
		resp.SetLogged(o.inputs, o.logged)
	}
	if o.plain {
		resp.SetInstead(serve.ValueBody(o.outputs), o.reply)
	}
	if o.whole == nil {
		return resp, nil
	}
	if resp.Dialect != serve.OIP {
		resp.SetWhole(o.whole)
		return resp, nil
	}
	if response, ok := valueIn(o.whole).(*serve.Object); ok {
		for _, f := range response.Fields() {
			switch f.Key {
			case "id", "model_name", "model_version", "outputs", "timestamp":
			default:
				resp.Set(f.Key, f.Value)
			}
		}
	}
	return resp, nil
}

// LogResult implements [serve.ResultLogger].
func (m *Model) LogResult(_ *serve.Request, resp *serve.Response) (inputs, outputs any) {
	return resp.Logged()
}

// remarked says whether there may be remarks in the metadata: mostly there are
// none, and to read what it says of tensors once is enough.
func remarked(meta []byte) bool {
	for _, key := range []string{`"metrics"`, `"labels"`, `"logged"`} {
		if bytes.Contains(meta, []byte(key)) {
			return true
		}
	}
	return false
}
