package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// A modelQuestion is the metadata of an ASK about models of the server.
type modelQuestion struct {
	Ask     string          `json:"ask"`
	Model   string          `json:"model"`
	Version string          `json:"version"`
	ID      string          `json:"id"`
	Params  json.RawMessage `json:"params"`
	Outputs []string        `json:"outputs"`
	Many    bool            `json:"many"`   // answered any number of times, by next
	Call    uint64          `json:"call"`   // that the code answers with it; 0 if that is not known
	Blocks  bool            `json:"blocks"` // the worker serves nothing while it waits
	Number  uint64          `json:"number"` // of what is answered many times
	Config  *string         `json:"config"`
	Files   []fileMeta      `json:"files"`
}

// A fileMeta is a file in the payload of a question, behind those before it.
type fileMeta struct {
	Name string `json:"name"`
	Size int    `json:"size"`
}

var errNoModels = serve.Errorf(serve.NotOffered, "RuntimeError", "this code is not in a server whose models it can ask")

// answerer is what answers the questions of a worker.
func (p *pool) answerer(w *process) func(frame) frame {
	return func(f frame) frame {
		var q modelQuestion
		if json.Unmarshal(f.meta, &q) != nil {
			return p.asked(f)
		}
		switch q.Ask {
		case "infer", "next", "stop", "ready", "load", "unload":
			a, err := p.answer(w, &f, &q)
			if err != nil {
				return refusal(err)
			}
			return a
		}
		return p.asked(f)
	}
}

func (p *pool) answer(w *process, f *frame, q *modelQuestion) (frame, error) {
	if p.models == nil {
		return frame{}, errNoModels
	}
	switch q.Ask {
	case "infer":
		if q.Many {
			return p.begin(w, f, q)
		}
		return p.infer(w, f, q)
	case "next":
		return w.desk.next(w.alive, q)
	case "stop":
		w.desk.stop(q.Number)
		return frame{}, nil
	case "ready":
		_, err := p.models.Model(q.Model, q.Version)
		return yes("ready", err == nil), nil
	}
	return frame{}, p.change(w, f, q)
}

func yes(key string, is bool) frame {
	return frame{meta: fmt.Appendf(nil, `{"%s":%t}`, key, is)}
}

// change loads or unloads a model.
func (p *pool) change(w *process, f *frame, q *modelQuestion) error {
	c := serve.ModelChange{Name: q.Model, Unload: q.Ask == "unload", With: map[string][]byte{}}
	if q.Config != nil {
		c.With["config"] = []byte(*q.Config)
	}
	rest := f.body
	for _, file := range q.Files {
		if file.Size < 0 || file.Size > len(rest) {
			return errAnswer
		}
		c.With[file.Name], rest = rest[:file.Size:file.Size], rest[file.Size:]
	}
	ctx, cancel := w.within(q.Call)
	defer cancel()
	return p.models.Change(ctx, c)
}

// within is the context of a call, or with 0 of none, as long as the worker lives.
func (p *process) within(call uint64) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(p.under(call))
	stop := context.AfterFunc(p.alive, cancel)
	return ctx, func() { stop(); cancel() }
}

// infer has a model answer once.
func (p *pool) infer(w *process, f *frame, q *modelQuestion) (a frame, err error) {
	peer, ev, err := p.put(f, q)
	if err != nil {
		return a, err
	}
	if peer.StreamsOnly {
		return a, serve.Errorf(serve.NotOffered, "", "model %s is decoupled: it answers any number of times, so ask it by exec or async_exec with decoupled=True", q.Model)
	}
	ctx, asks, leave, err := w.inquire(q)
	if err != nil {
		return a, err
	}
	defer leave()
	goOn, err := w.desk.wait(asks)
	if err != nil {
		return a, err
	}
	defer goOn()
	if err := do(ctx, peer, ev); err != nil {
		return a, err
	}
	return tensorsAnswer(ev.Body)
}

// put makes the event of a question, for the model that it names.
func (p *pool) put(f *frame, q *modelQuestion) (peer serve.Peer, ev *serve.Event, err error) {
	if peer, err = p.models.Model(q.Model, q.Version); err != nil {
		return peer, nil, err
	}
	req := &serve.Request{Op: "infer", Dialect: serve.OIP}
	if q.ID != "" {
		req.ID, req.RawID = q.ID, jsontext.AppendString(nil, q.ID)
	}
	for _, name := range q.Outputs {
		req.Outputs = append(req.Outputs, serve.RequestedOutput{Name: name})
	}
	if req.Parameters, err = parametersOf(q.Params); err != nil {
		return peer, nil, err
	}
	inputs, err := tensorsOf(f.meta, f.body)
	if err != nil {
		return peer, nil, err
	}
	ev = &serve.Event{ID: q.ID, Body: serve.ValueBody(req.WithInputs(inputs...))}
	ev.Target = serve.Target{Method: "POST", Model: q.Model, Version: q.Version, Operation: "infer"}
	return peer, ev, nil
}

// parametersOf are the parameters of a request.
func parametersOf(raw json.RawMessage) (map[string]any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	v, err := oip.ParseValue(raw)
	o, isObject := v.(*serve.Object)
	if err != nil || !isObject {
		return nil, errAnswer
	}
	all := make(map[string]any, o.Len())
	for key, v := range o.All() {
		all[key] = v
	}
	return all, nil
}

// inquire is what a request of the worker's is made under, until leave is called.
func (p *process) inquire(q *modelQuestion) (ctx context.Context, a *inquiry, leave func(), err error) {
	if err := p.desk.enter(); err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := p.within(q.Call)
	leave = func() { cancel(); p.desk.leave() }
	a = newInquiry(p, lineOf(ctx))
	a.blocks.Store(q.Blocks)
	if a.depth >= maxDepth {
		leave()
		return nil, nil, nil, errDepth
	}
	if serve.Together(ctx) != nil { // of the call, not of what it asks
		ctx = serve.WithTogether(ctx, nil, nil)
	}
	return context.WithValue(ctx, inquiryKey{}, a), a, leave, nil
}

// do puts an event to a model. A panic of what stands before the model is its failure.
func do(ctx context.Context, to serve.Step, ev *serve.Event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the step panicked: %v", p)
		}
	}()
	_, err = to.Do(ctx, ev)
	return err
}

// tensorsAnswer is the answer of a model as the worker gets it.
func tensorsAnswer(b serve.Body) (a frame, err error) {
	v, _ := b.Value()
	if failed, ok := v.(error); ok {
		return a, failed
	}
	resp, ok := v.(*serve.Response)
	if !ok {
		return a, errNoTensors
	}
	var outputs []*serve.Tensor
	switch out := resp.Outputs.(type) {
	case []*serve.Tensor:
		outputs = out
	case *serve.Tensor:
		outputs = []*serve.Tensor{out}
	default:
		return a, errNoTensors
	}
	var m meta
	if a.body, err = appendTensors(nil, &m, outputs); err != nil {
		return a, err
	}
	a.flags, a.meta = isTensors, m.end()
	a.align()
	err = a.check()
	return a, err
}

var errNoTensors = errors.New("the model did not answer with tensors")

// tritonCodes are the codes of Triton's errors, by kind; all others are INTERNAL, 1.
var tritonCodes = map[serve.Code]uint64{
	serve.NotFound: 2, serve.BadRequest: 3, serve.TooLarge: 3, serve.Unavailable: 4, serve.NotYet: 4, serve.Limited: 4,
	serve.NotOffered: 5, serve.Unsupported: 5, serve.Canceled: 7,
}

// refusal is what a worker gets in the place of an answer.
func refusal(err error) frame {
	code, known := tritonCodes[serve.CodeOf(err)]
	if !known {
		code = 1
	}
	var m meta
	m.key("failed")
	m.b = jsontext.AppendString(m.b, wording(err))
	m.number("code", code)
	return frame{meta: m.end()}
}

// wording is the text of a failure: what a model of Triton's has said itself, as it said
// it, and of all others where they come from.
func wording(err error) string {
	var e *serve.Error
	for cause := err; errors.As(cause, &e); cause = e.Err {
		if e.Class == "TritonModelException" {
			return serve.Reason(e)
		}
	}
	return err.Error()
}
