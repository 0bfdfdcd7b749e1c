package v2

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// The operations that may be answered several times, and the one of the generate
// extension that is answered once.
const (
	opGenerate       = "generate"
	opGenerateStream = "generate_stream"
	opInferStream    = "infer_stream"
)

// streaming is an inference that may be answered any number of times.
type streaming struct {
	*inference
	to       serve.Sink
	start    time.Time
	generate bool // the request may be one of the generate extension
	flat     bool // it is, and so are the answers
	named    bool // it has an id of its own

	mu   sync.Mutex // held by send
	over bool       // Stream has returned
	lost error      // why there are no more answers to be sent
	kept kept       // for the record
}

var (
	errNoStream  = serve.Errorf(serve.NotOffered, "NotImplementedError", "answers are not streamed here: a step of a flow answers once")
	errNotSingle = serve.Errorf(serve.Internal, "RuntimeError",
		"generate expects model to produce exactly 1 response, use generate stream for model that generates various number of responses")
	errOver = errors.New("the stream is over")
)

// answersTo serves an operation of the generate extension, or of MLServer's streams.
func (s *Server) answersTo(ctx context.Context, ev *serve.Event, op string) error {
	switch {
	case ev.Target.Method != "POST" && ev.Target.Method != "": // "" is of what came otherwise
		return s.wrongMethod(op, ev, "POST")
	case op == opGenerate:
		return s.generate(ctx, ev)
	}
	return s.stream(ctx, ev, op)
}

// stream serves an operation whose answers go to the event's sink.
func (s *Server) stream(ctx context.Context, ev *serve.Event, op string) error {
	to := ev.Sink()
	if to == nil {
		return s.failed(op, errNoStream)
	}
	in := inference{s: s, ev: ev, op: op}
	in.many = &streaming{inference: &in, to: to, generate: op == opGenerateStream}
	_, err := in.serve(ctx, spanOf(ctx, ev.Begin()))
	ev.EndStream()
	return err
}

// generate serves a request of the generate extension that is answered once. Who
// puts an inference request to it gets what infer answers, as from MLServer.
func (s *Server) generate(ctx context.Context, ev *serve.Event) error {
	in := inference{s: s, ev: ev, op: opGenerate}
	one := &single{}
	in.many = &streaming{inference: &in, to: one, generate: true}
	_, err := in.serve(ctx, spanOf(ctx, ev.Begin()))
	ev.Reply = nil
	if err == nil {
		ev.Body = one.answer
	}
	return err
}

// single takes one answer and no more.
type single struct {
	answer serve.Body
	taken  bool
}

// Send implements [serve.Sink].
func (o *single) Send(b serve.Body) error {
	if o.taken {
		return errNotSingle
	}
	v, _ := b.Value()
	err, _ := v.(error)
	o.answer, o.taken = b, true
	return err
}

// request reads a request of the generate extension; ok is false if it is none.
func (a *streaming) request(body serve.Body) (req *serve.Request, ok bool, err error) {
	if !a.generate {
		return nil, false, nil
	}
	req, ok, err = oip.GenerateRequest(body, a.s.desc.Load().Inputs)
	if a.flat = ok; ok && err == nil {
		a.named = req.RawID != nil
		if !a.named {
			req.ID = a.ev.Identify()
		}
		req.Op = opInfer
	}
	return req, ok, err
}

// run has the model answer.
func (a *streaming) run(ctx context.Context, req *serve.Request, start time.Time) error {
	a.start = start
	one, isOne := a.to.(*single)
	st := a.s.hooks.stream
	if st == nil || (isOne && !a.flat) {
		outputs, err := a.call(ctx, req)
		if err != nil {
			return err
		}
		return a.take(ctx, outputs)
	}
	err := a.stream(ctx, st, req)
	if err == nil && isOne && !one.taken {
		err = a.s.failed(a.op, errNotSingle)
	}
	return err
}

// stream has the model call send as often as it likes.
func (a *streaming) stream(ctx context.Context, st serve.Streamer, req *serve.Request) (err error) {
	defer a.guard(a.op, &err)
	defer a.end() // of a model that panics
	err = st.Stream(ctx, req, func(outputs any) error { return a.send(ctx, outputs) })
	if lost := a.end(); lost != nil {
		err = lost // whatever the model has made of it
	}
	return a.failedIn(a.op, err)
}

// end has no answer be sent any more, once the one that is being sent has been, and
// tells why there could not be more before.
func (a *streaming) end() (lost error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	return a.lost
}

func (a *streaming) send(ctx context.Context, outputs any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.over:
		return errOver
	case a.lost != nil:
		return a.lost
	}
	if a.lost = ctx.Err(); a.lost == nil {
		a.lost = a.take(ctx, outputs)
	}
	return a.lost
}

// take makes of what the model returned an answer, and passes it on.
func (a *streaming) take(ctx context.Context, outputs any) error {
	in := a.inference
	if failed, ok := outputs.(error); ok {
		return a.to.Send(serve.ValueBody(a.s.failed(a.op, failed)))
	}
	in.resp = a.response(outputs)
	if post := in.s.hooks.post; post != nil {
		var err error
		if in.resp, err = in.postprocess(ctx, post, in.resp); err != nil {
			return err
		}
	}
	var err error
	if in.resp.Outputs, err = in.settle(in.resp.Outputs, in.resp.Dialect, in.req); err != nil {
		return err
	}
	if in.s.Env.Recorder != nil {
		a.kept.add(in.resp.Outputs)
	}
	body, err := a.form(in.resp)
	if err != nil {
		return in.s.failed(in.op, &serve.Error{Code: serve.Unwritable, Class: "TypeError", Err: err})
	}
	return a.to.Send(body)
}

// response is the next answer, in the memory of the last one if nobody can have kept it.
func (a *streaming) response(outputs any) *serve.Response {
	in := a.inference
	if in.resp == nil || in.s.hooks.post != nil {
		return in.respond(in.req, outputs, a.start)
	}
	*in.resp = serve.Response{}
	in.resp.Answer(in.req, in.s.served, outputs)
	if in.stamps() {
		in.resp.Stamp(a.start)
	}
	return in.resp
}

// form is an answer as the operation has it.
func (a *streaming) form(r *serve.Response) (serve.Body, error) {
	if !a.flat {
		return serve.ValueBody(r), nil
	}
	o, err := oip.Generated(r, a.named)
	return serve.ValueBody(o), err
}

// recorded makes the response of the record that of all answers.
func (a *streaming) recorded() {
	if a.kept.n == 1 {
		return
	}
	r := new(serve.Response)
	r.Answer(a.req, a.s.served, nil)
	if r.Outputs = a.kept.outputs(); r.Dialect != serve.OIP {
		r.Outputs, _ = plain(r.Outputs) // what each answer had can be written
	}
	if a.stamps() {
		r.Stamp(a.start)
	}
	a.resp = r
}
