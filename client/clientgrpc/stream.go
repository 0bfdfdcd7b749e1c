package clientgrpc

import (
	"context"
	"errors"
	"io"
	"iter"

	"google.golang.org/grpc"

	"github.com/leat-ml/leat/client"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// A Stream is inferences over one call. One goroutine may send while another receives;
// no two may do the same. Close it when nobody receives any more: the end of its context
// ends a Recv that waits.
type Stream struct {
	c      *Client
	send   func(*pb.ModelInferRequest) error
	recv   func() (*pb.ModelStreamInferResponse, error)
	call   grpc.ClientStream
	cancel context.CancelFunc
}

const streamInfer = "ModelStreamInfer"

// Stream begins a stream, which lasts until it is closed, ctx ends, or the server ends
// it. Requests of leat are served in the order in which they are sent; what fails is
// answered with an error that is Ongoing.
func (c *Client) Stream(ctx context.Context) (*Stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	out, err := c.outgoing(ctx)
	if err != nil {
		cancel()
		return nil, &client.Error{Op: c.op(streamInfer), Code: serve.CodeOf(err), Err: err}
	}
	s := &Stream{c: c, cancel: cancel}
	if c.opts.BareStreams {
		err = s.startBare(out)
	} else {
		err = s.start(out)
	}
	if err != nil {
		cancel()
		return nil, c.failure(streamInfer, err, nil)
	}
	return s, nil
}

func (s *Stream) start(ctx context.Context) error {
	call, err := s.c.calls.ModelStreamInfer(ctx)
	if err == nil {
		s.call, s.send, s.recv = call, call.Send, call.Recv
	}
	return err
}

// startBare begins a stream whose answers are as MLServer has them.
func (s *Stream) startBare(ctx context.Context) error {
	desc := &pb.GRPCInferenceService_ServiceDesc.Streams[0]
	call, err := s.c.conn.NewStream(ctx, desc, pb.GRPCInferenceService_ModelStreamInfer_FullMethodName)
	if err != nil {
		return err
	}
	bare := &grpc.GenericClientStream[pb.ModelInferRequest, pb.ModelInferResponse]{ClientStream: call}
	s.call, s.send = call, bare.Send
	s.recv = func() (*pb.ModelStreamInferResponse, error) {
		m, err := bare.Recv()
		return &pb.ModelStreamInferResponse{InferResponse: m}, err
	}
	return nil
}

// Send sends a request, and waits while the server takes no more. When the stream is
// over it returns [io.EOF], and Recv says why. Leave the elements of its tensors as they
// are until the answer is there: they are sent from where they are, maybe later.
func (s *Stream) Send(req *client.Request) error {
	in, err := encode(req)
	if err != nil {
		return s.c.unsendable(streamInfer, err)
	}
	if err := s.send(in); err != nil {
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		return s.c.failure(streamInfer, err, nil)
	}
	return nil
}

// CloseSend says that there are no more requests. Answers to those that were sent still
// come.
func (s *Stream) CloseSend() error {
	if err := s.call.CloseSend(); err != nil {
		return s.c.failure(streamInfer, err, nil)
	}
	return nil
}

// Recv waits for the next answer. At the end of the stream it returns [io.EOF]. A
// [*client.Error] that is Ongoing is about one request, whose ID it has if the server
// says it; any other is the end.
func (s *Stream) Recv() (*client.Response, error) {
	m, err := s.recv()
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, s.c.failure(streamInfer, err, s.call.Trailer())
	case m.GetErrorMessage() != "":
		return nil, &client.Error{Op: s.c.op(streamInfer), Code: serve.Internal, Message: m.GetErrorMessage(), ID: m.GetInferResponse().GetId(), Ongoing: true}
	}
	r, err := decode(m.GetInferResponse())
	if err != nil {
		return nil, &client.Error{Op: s.c.op(streamInfer), Code: serve.Internal, ID: m.GetInferResponse().GetId(), Ongoing: true, Err: err}
	}
	return r, nil
}

// Close ends the stream, and with it what the server still does for it.
func (s *Stream) Close() error {
	s.cancel()
	for err := error(nil); err == nil; { // until it is over, so that nothing is left of it
		_, err = s.recv()
	}
	return nil
}

// InferStream asks a model that may answer several times, and returns the answers one
// by one as they come. Ending the loop, or ctx, tells the server to stop. An error
// that is Ongoing may be followed by more; any other is the last.
func (c *Client) InferStream(ctx context.Context, req *client.Request) iter.Seq2[*client.Response, error] {
	return func(yield func(*client.Response, error) bool) {
		s, err := c.Stream(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = s.Close() }()
		if err := s.Send(req); err == nil || errors.Is(err, io.EOF) {
			if err = s.CloseSend(); err != nil {
				yield(nil, err)
				return
			}
		} else {
			yield(nil, err)
			return
		}
		s.each(yield)
	}
}

// each yields what comes until the end.
func (s *Stream) each(yield func(*client.Response, error) bool) {
	for {
		r, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		var own *client.Error
		goesOn := err == nil || errors.As(err, &own) && own.Ongoing
		if !yield(r, err) || !goesOn {
			return
		}
	}
}
