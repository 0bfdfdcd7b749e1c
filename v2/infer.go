package v2

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// An inference is one request through the life of a model. It lives on the
// stack: the response is a part of the event, and the request in an allocation
// of its own, since objects over 512 bytes cost more than two below.
type inference struct {
	s      *Server
	ev     *serve.Event
	op     string
	req    *serve.Request
	shared bool // several models serve the event, which is only read, like req

	resp    *serve.Response // nil where only the outputs are asked for
	outputs any
	many    *streaming // nil where it is answered once, as nearly always
}

// infer serves an inference or explanation, counts it and records it.
func (s *Server) infer(ctx context.Context, ev *serve.Event, op string) error {
	in := inference{s: s, ev: ev, op: op}
	_, err := in.serve(ctx, spanOf(ctx, ev.Begin()))
	return err
}

// A span is when an inference begins, and how long it may take.
type span struct {
	start time.Time
	left  time.Duration
}

func spanOf(ctx context.Context, start time.Time) span {
	if at, ok := ctx.Deadline(); ok {
		return span{start, at.Sub(start)}
	}
	return span{start, math.MaxInt64}
}

// move makes the start later, of all that has one deadline.
func (s *span) move(d time.Duration) {
	s.start = s.start.Add(d)
	if s.left != math.MaxInt64 {
		s.left -= d
	}
}

// serve is all of an inference. It leaves the answer in the event unless that is
// shared.
func (in *inference) serve(ctx context.Context, within span) (took time.Duration, err error) {
	s, start := in.s, within.start
	if s.meter.Metrics != nil {
		s.meter.Begin()
	}
	err = in.run(ctx, start)
	if err == nil && !in.shared && in.many == nil {
		err = in.reply()
	}
	took = time.Since(start)
	if took > within.left && err == nil {
		err = s.failed(in.op, context.DeadlineExceeded) // a late answer is no answer
	}
	if s.meter.Metrics != nil {
		s.meter.ended(in.op, err, start, took)
		if b := s.meter.batch; b != nil && err == nil {
			b.Batch(in.rows(), took)
		}
	}
	if err == nil || !stopped(ctx, err) { // else the record of the ensemble says what became of it
		in.record(err, start, took)
	}
	return took, err
}

// reply leaves the answer in the event: the response, or what the model has in its
// place.
func (in *inference) reply() (err error) {
	body := serve.ValueBody(in.resp)
	if own, reply, ok := in.resp.Instead(); ok {
		body, in.ev.Reply = own, reply
	}
	in.ev.Body, err = oip.Place(in.ev.Body, in.s.ResultPath, body)
	return err
}

func (in *inference) run(ctx context.Context, start time.Time) error {
	s := in.s
	if err := s.await(ctx, in.ev.Trigger); err != nil {
		return err // says it all
	}
	if !in.shared { // else who shares it has done so
		s.calls.RLock()
		defer s.calls.RUnlock()
	}
	if st := s.status.Load(); st.Phase != Ready { // closed since
		return s.notReady(st)
	}
	req, err := in.request()
	if err != nil {
		return s.failed("read the request", err)
	}
	if req, err = in.prepare(ctx, req); err != nil {
		return err
	}
	in.req = req // what is recorded
	if in.many != nil {
		return in.many.run(ctx, req, start)
	}
	outputs, err := in.call(ctx, req)
	if err != nil {
		return err
	}
	return in.answer(ctx, req, outputs, start)
}

// answer makes of what the model returned what is answered. Where several models
// serve the event nobody looks at more than the outputs, unless the model does.
func (in *inference) answer(ctx context.Context, req *serve.Request, outputs any, start time.Time) (err error) {
	if in.shared && in.s.hooks.post == nil {
		in.outputs, err = in.settle(outputs, req.Dialect, req)
		return err
	}
	in.resp = in.respond(req, outputs, start)
	if post := in.s.hooks.post; post != nil {
		if in.resp, err = in.postprocess(ctx, post, in.resp); err != nil {
			return err
		}
	}
	if _, _, own := in.resp.Instead(); !own || in.shared {
		in.resp.Outputs, err = in.settle(in.resp.Outputs, in.resp.Dialect, req)
	}
	in.outputs = in.resp.Outputs
	return err
}

// request reads the request and makes it this inference's own.
func (in *inference) request() (*serve.Request, error) {
	if in.shared {
		if in.changesRequest() {
			own := *in.req
			in.req = &own
		}
		return in.req, nil
	}
	body, err := oip.Select(in.ev.Body, in.s.InputPath)
	if err != nil {
		return nil, err
	}
	if body.Empty() {
		return nil, emptyBody(in.s.Env.MLRun)
	}
	if in.many != nil {
		if req, ok, err := in.many.request(body); ok {
			in.req = req
			return req, err
		}
	}
	req, err := new(oip.Buffer).Request(body)
	if err != nil {
		return nil, unreadable(err)
	}
	in.req = req
	req.Op, req.Body = in.op, body
	if in.many != nil {
		req.Op = opInfer // which is what the model is asked for
	}
	if req.RawID == nil {
		req.ID = in.ev.Identify()
	}
	return req, nil
}

// changesRequest says whether the request is not put to the model as it was read.
func (in *inference) changesRequest() bool {
	d := in.s.desc.Load()
	return in.s.hooks.pre != nil || in.req.Unshaped() || len(d.Inputs) > 0 || len(d.Features) > 0 || in.op == opInferDict || in.op == opPredictDict
}

// unreadable is what is said of a body that is no request.
func unreadable(err error) error {
	if serve.CodeOf(err) == serve.Internal {
		return serve.Errorf(serve.BadRequest, "ValueError", "Unrecognized request format, caused by: %w", err)
	}
	return err
}

func emptyBody(mlrun bool) error {
	if mlrun {
		return serve.Errorf(serve.BadRequest, "TypeError", "argument of type 'NoneType' is not iterable")
	}
	return serve.Errorf(serve.BadRequest, "Exception", `Expected key "inputs" in request body, which is empty`)
}

// prepare takes a request to where the model can predict from it.
func (in *inference) prepare(ctx context.Context, req *serve.Request) (_ *serve.Request, err error) {
	s, desc := in.s, in.s.desc.Load()
	if raw, ok := req.TakeUnshaped(); ok {
		if err = shapeRaw(req, raw, desc); err != nil {
			return nil, s.failed("read the request", err)
		}
	}
	if in.op == opInferDict || in.op == opPredictDict {
		if err = fromDict(req, desc); err != nil {
			return nil, s.failed(in.op, err)
		}
	}
	if s.hooks.pre != nil {
		if req, err = in.preprocess(ctx, s.hooks.pre, req); err != nil {
			return nil, err
		}
	}
	if err = in.validate(ctx, req); err != nil {
		return nil, err
	}
	if len(req.Parameters) > 0 && req.Dialect == serve.OIP {
		if err = checkSequence(req.Parameters); err != nil {
			return nil, s.failed("read the request", err)
		}
	}
	if len(desc.Inputs) > 0 || (len(desc.Features) > 0 && !s.Env.MLRun) {
		if err = fit(req, desc); err != nil {
			return nil, s.failed("check the inputs", err)
		}
	}
	return req, nil
}

func (in *inference) preprocess(ctx context.Context, pre serve.Preprocessor, req *serve.Request) (out *serve.Request, err error) {
	defer in.guard("preprocess", &err)
	out, err = pre.Preprocess(ctx, req)
	if err == nil && out == nil {
		err = errors.New("preprocess returned no request")
	}
	if err == nil && out != req {
		out.SetReplaced()
	}
	return out, in.failedIn("preprocess", err)
}

func (in *inference) postprocess(ctx context.Context, post serve.Postprocessor, resp *serve.Response) (out *serve.Response, err error) {
	defer in.guard("postprocess", &err)
	out, err = post.Postprocess(ctx, resp)
	if err == nil && out == nil {
		err = errors.New("postprocess returned no response")
	}
	return out, in.failedIn("postprocess", err)
}

func (in *inference) validate(ctx context.Context, req *serve.Request) (err error) {
	v := in.s.hooks.validate
	if v == nil {
		if err = req.Validate(); err != nil {
			return in.s.failed("", err)
		}
		return nil
	}
	defer in.guard("validate", &err)
	return in.failedIn("validate", v.ValidateRequest(ctx, req))
}

// call runs the model itself.
func (in *inference) call(ctx context.Context, req *serve.Request) (out any, err error) {
	defer in.guard(in.op, &err)
	if in.op == opExplain {
		out, err = in.s.Model.(serve.Explainer).Explain(ctx, req)
	} else {
		out, err = in.s.Model.Predict(ctx, req)
	}
	return out, in.failedIn(in.op, err)
}

// guard turns a panic of the model's code into an error. It is deferred.
func (in *inference) guard(doing string, err *error) {
	if p := recover(); p != nil {
		*err = in.s.failed(doing, in.s.panicked(doing, p))
	}
}

func (in *inference) failedIn(doing string, err error) error {
	if err == nil {
		return nil
	}
	return in.s.failed(doing, err)
}

// respond makes the answer; its outputs are as the model returned them.
func (in *inference) respond(req *serve.Request, outputs any, start time.Time) *serve.Response {
	var r *serve.Response
	if in.shared {
		r = new(serve.Response)
	} else {
		r = in.ev.NewResponse()
	}
	r.Answer(req, in.s.served, outputs)
	if in.stamps() {
		r.Stamp(start)
	}
	return r
}

// stamps says whether answers say when the inference began.
func (in *inference) stamps() bool { return in.s.Env.MLRun && in.op != opExplain }

// settle gives outputs the form that a dialect has, and finds out about those that
// cannot be written while the model can still be named.
func (in *inference) settle(outputs any, d serve.Dialect, req *serve.Request) (any, error) {
	settled, err := in.settled(outputs, d, req)
	if err == nil {
		return settled, nil
	}
	var known *serve.Error
	if !errors.As(err, &known) {
		err = &serve.Error{Code: serve.Unwritable, Class: "TypeError", Err: err}
	}
	return nil, in.s.failed(in.op, err)
}

func (in *inference) settled(outputs any, d serve.Dialect, req *serve.Request) (any, error) {
	if specs := in.s.desc.Load().Outputs; len(specs) > 0 && in.op != opExplain && !in.s.hooks.byFile {
		if err := checkAnswer(outputs, specs); err != nil {
			return nil, err
		}
	}
	if d != serve.OIP {
		return plain(outputs)
	}
	if len(req.Outputs) == 0 { // as nearly always
		switch v := outputs.(type) {
		case []*serve.Tensor:
			return outputs, nil
		case *serve.Tensor:
			if v.Name != "" {
				return outputs, nil
			}
		case []float64:
			return column(in, serve.FP64, v)
		case []int64:
			return column(in, serve.Int64, v)
		}
	}
	return tensors(outputs, req, in.s.desc.Load())
}

// record tells the recorder what became of the inference.
func (in *inference) record(err error, start time.Time, took time.Duration) {
	s := in.s
	if s.Env.Recorder == nil {
		return
	}
	r := serve.Record{
		Served: s.served, Op: in.op, EventID: in.ev.ID, Start: start, Duration: took,
		Request: in.req, Err: err, Notes: s.ctx.Snapshot(),
	}
	if in.many != nil && err == nil {
		in.many.recorded()
	}
	switch {
	case err != nil:
	case in.resp != nil:
		r.Answered(in.resp)
	default:
		r.AnsweredWith(in.outputs, in.stamps())
	}
	if s.hooks.log != nil && err == nil {
		in.chooseRecorded(s.hooks.log, &r)
	}
	s.Env.Recorder.Record(r)
}

// chooseRecorded lets the model choose; its failure costs the choice, not the
// answer.
func (in *inference) chooseRecorded(l serve.ResultLogger, r *serve.Record) {
	defer func() {
		if p := recover(); p != nil {
			_ = in.s.panicked("choose what to record", p)
		}
	}()
	inputs, outputs := l.LogResult(in.req, r.Response())
	r.Chosen = &serve.Chosen{Inputs: inputs, Outputs: outputs}
}
