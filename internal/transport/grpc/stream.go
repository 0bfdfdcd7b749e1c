package grpc

import (
	"context"
	"errors"
	"io"
	"maps"
	"sync"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/leat-ml/leat/serve"
)

// Metadata by which a client chooses how a stream is answered.
const (
	// grpcErrors with the value "true" makes the failure of a request the status
	// of the stream, which ends, instead of an answer: Triton's.
	grpcErrors = "triton_grpc_error"
	// streamForm is "triton" for ModelStreamInferResponse, "mlserver" for bare
	// ModelInferResponse, where failures are always the status of the stream.
	streamForm = "leat-stream"
)

// Parameters of requests and of answers in a stream, which are Triton's.
const (
	wantsFinal = "triton_enable_empty_final_response"
	isFinal    = "triton_final_response"
)

// A conversation is a stream of requests and their answers.
type conversation struct {
	*call
	ss   gogrpc.ServerStream
	bare bool // answers are MLServer's
	ends bool // at the first failure
	line line

	asked   chan *turn // to workers, which are as many as have been needed at a time
	workers sync.WaitGroup
	cancel  context.CancelCauseFunc // of all that is served, with why the stream ends

	mu sync.Mutex // held while a message is sent, and what the call is told is noted
}

// received is what a stream has brought: a request, or its end.
type received struct {
	m   *inferRequest
	err error
}

// stream serves requests as they come, several at a time where that shows in nothing
// but the time it takes: see [line].
func (s *Server) stream(m *method) gogrpc.StreamHandler {
	return func(_ any, ss gogrpc.ServerStream) error {
		c := s.begin(ss.Context(), m, new(call))
		b := new(inbox)
		if m.office.open(b, ss.Context()); b.from == nil {
			return c.end(c.converse(ss))
		}
		err := c.converse(&boxed{ss, b, true})
		if b.waits.leave(&b.wait) { // which has canceled what it was served under
			err = errSlow
		}
		return c.end(err)
	}
}

func (c *call) converse(ss gogrpc.ServerStream) (err error) {
	defer c.caught(&err)
	v := &conversation{call: c, ss: ss, bare: c.s.opts.Bare, asked: make(chan *turn)}
	if form := c.header.Value(streamForm); form != "" {
		v.bare = form == "mlserver"
		if !v.bare && form != "triton" {
			return serve.Errorf(serve.BadRequest, "", "%s %q: choose triton or mlserver", streamForm, form)
		}
	}
	v.ends = v.bare || c.header.Value(grpcErrors) == "true"
	ctx, cancel := context.WithCancelCause(c.ctx)
	v.cancel = cancel
	defer context.AfterFunc(v.s.ending, func() { cancel(errShutDown) })()
	in := make(chan received)
	c.s.readers.Go(func() { v.receive(in) })
	err = v.serveAll(ctx, in)
	if err != nil && !errors.Is(err, errShutDown) { // at whose end what is served is served
		cancel(err)
	}
	close(v.asked)
	v.workers.Wait()
	if cause := context.Cause(ctx); cause != nil && err == nil {
		err = cause
	}
	cancel(nil)
	return err
}

// serveAll has requests be served until there are no more of them. The error is why
// they are given up.
func (v *conversation) serveAll(ctx context.Context, in <-chan received) error {
	for workers := 0; ; {
		select {
		case r := <-in:
			if errors.Is(r.err, io.EOF) {
				return nil
			}
			if r.err != nil {
				return r.err
			}
			if err := v.assign(ctx, r.m, &workers); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-v.s.closing:
			return errShutDown
		}
	}
}

// assign gives a request to a worker: one that has nothing to do, another one, or the
// next to be done where there are as many as may be.
func (v *conversation) assign(ctx context.Context, m *inferRequest, workers *int) error {
	key := inOrder
	if !v.bare {
		key = v.s.keyOf(m)
	}
	t := v.line.join(m, key)
	if key == inOrder { // no more are held than have to be
		if err := v.until(ctx, t.before); err != nil {
			return err
		}
	}
	select {
	case v.asked <- t:
		return nil
	default:
	}
	if *workers < maxTogether {
		*workers++
		v.workers.Go(func() { v.work(ctx, t) })
		return nil
	}
	select {
	case v.asked <- t:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-v.s.closing:
		return errShutDown
	}
}

// until waits for a channel, which may be nil, or for a reason to end the stream.
func (v *conversation) until(ctx context.Context, c <-chan struct{}) error {
	if c == nil {
		return nil
	}
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-v.s.closing:
		return errShutDown
	}
}

// work serves one request after another, of which it has the first.
func (v *conversation) work(ctx context.Context, t *turn) {
	for ok := true; ok; t, ok = <-v.asked {
		v.turn(ctx, t)
	}
}

// receive reads requests until the stream ends, as it does when its handler
// returns.
func (v *conversation) receive(in chan<- received) {
	for {
		m := new(inferRequest)
		err := v.ss.RecvMsg(m)
		select {
		case in <- received{m, err}:
		case <-v.ss.Context().Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// turn has its request answered. An error ends the stream, before anybody else's turn
// comes.
func (v *conversation) turn(ctx context.Context, t *turn) {
	defer v.line.leave(t)
	defer v.line.done(t)
	err := await(ctx, t.before)
	if err == nil {
		err = v.answer(ctx, t)
	}
	if err != nil {
		v.cancel(err)
	}
}

// answer answers one request, by as many messages as its model has answers.
func (v *conversation) answer(ctx context.Context, t *turn) (err error) {
	own := &call{s: v.s, method: v.method, ctx: ctx, header: v.header, traced: v.traced, start: v.start}
	defer v.noted(own)
	defer own.caught(&err)
	m, last := t.m, t.m.flag(wantsFinal)
	to := &answers{v: v, own: own, t: t}
	resp, streamed, err := own.inferTo(m, to)
	if to.close() == 0 { // it answers once, and in its turn
		if out := await(ctx, t.front); out != nil {
			return out
		}
	}
	switch {
	case err != nil && (v.ends || ctx.Err() != nil):
		return err
	case err != nil:
		resp = &inferResponse{model: m.model, id: m.id, failure: wholeStatus(err).Message()}
	case streamed && !last:
		return nil
	case streamed:
		resp = &inferResponse{model: m.model, version: m.version, id: m.id}
	}
	resp.wrapped = !v.bare
	if last {
		resp.flag(isFinal, true)
	}
	return gone(v.send(resp))
}

// send sends one message.
func (v *conversation) send(r *inferResponse) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ss.SendMsg(r)
}

// noted adds what a request has left to what is told of the stream.
func (v *conversation) noted(own *call) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.in += own.in
	v.out += own.out
	v.id, v.model, v.version = own.id, own.model, own.version
	for name, values := range own.trailer {
		for _, value := range values {
			v.trail(name, value)
		}
	}
}

// gone makes of an error of SendMsg what it means: that a connection is not available
// any more is nobody's fault but the client's.
func gone(err error) error {
	if status.Code(err) == codes.Unavailable {
		return &serve.Error{Code: serve.Canceled, Op: "send an answer", Err: err}
	}
	return err
}

// flag sets a parameter of the answer, whose others may be somebody else's.
func (m *inferResponse) flag(name string, is bool) {
	params := maps.Clone(m.params)
	if params == nil {
		params = map[string]any{}
	}
	params[name] = is
	m.params = params
}
