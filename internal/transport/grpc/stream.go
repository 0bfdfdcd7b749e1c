package grpc

import (
	"errors"
	"io"
	"maps"

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
}

// received is what a stream has brought: a request, or its end.
type received struct {
	m   *inferRequest
	err error
}

// stream serves requests in the order in which they come, each when the one
// before has been answered: what a model keeps between them, it sees in order.
// The next one is read meanwhile.
func (s *Server) stream(m *method) gogrpc.StreamHandler {
	return func(_ any, ss gogrpc.ServerStream) error {
		c := s.begin(ss.Context(), m)
		return c.end(c.converse(ss))
	}
}

func (c *call) converse(ss gogrpc.ServerStream) (err error) {
	defer c.caught(&err)
	v := &conversation{call: c, ss: ss, bare: c.s.opts.Bare}
	if form := c.header.Value(streamForm); form != "" {
		v.bare = form == "mlserver"
		if !v.bare && form != "triton" {
			return serve.Errorf(serve.BadRequest, "", "%s %q: choose triton or mlserver", streamForm, form)
		}
	}
	v.ends = v.bare || c.header.Value(grpcErrors) == "true"
	in := make(chan received)
	c.s.readers.Go(func() { v.receive(in) })
	for {
		select {
		case r := <-in:
			if errors.Is(r.err, io.EOF) {
				return nil
			}
			if r.err != nil {
				return r.err
			}
			if err := v.turn(r.m); err != nil {
				return err
			}
		case <-ss.Context().Done():
			return ss.Context().Err()
		case <-c.s.closing:
			return errShutDown
		}
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

// turn answers one request, by as many messages as its model has answers. An error
// ends the stream.
func (v *conversation) turn(m *inferRequest) error {
	last := m.flag(wantsFinal)
	to := &answers{v: v, m: m}
	resp, streamed, err := v.inferTo(m, to)
	to.close()
	switch {
	case err != nil && (v.ends || v.ctx.Err() != nil):
		return err
	case err != nil:
		resp = &inferResponse{model: m.model, id: m.id, failure: statusOf(err).Message()}
	case streamed && !last:
		return nil
	case streamed:
		resp = &inferResponse{model: m.model, version: m.version, id: m.id}
	}
	resp.wrapped = !v.bare
	if last {
		resp.flag(isFinal, true)
	}
	return gone(v.ss.SendMsg(resp))
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
