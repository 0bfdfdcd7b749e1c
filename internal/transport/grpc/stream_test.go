package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

func (w *world) stream(t *testing.T, md ...string) gogrpc.BidiStreamingClient[pb.ModelInferRequest, pb.ModelStreamInferResponse] {
	t.Helper()
	s, err := w.ModelStreamInfer(metadata.AppendToOutgoingContext(in(t), md...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStream has answers in the order of the requests, failures among them.
func TestStream(t *testing.T) {
	for name, together := range map[string]func(string) bool{"one by one": nil, "together": everyModel} {
		t.Run(name, func(t *testing.T) { streamInOrder(t, start(t, echo, Options{Together: together})) })
	}
}

func streamInOrder(t *testing.T, w *world) {
	s := w.stream(t)
	const n = 200
	go func() {
		for i := range n {
			req := floats("m")
			if i%5 == 3 {
				req = floats([]string{"broken", "panics", "unknown", ""}[i/5%4])
			}
			req.Id = fmt.Sprint(i)
			if s.Send(req) != nil {
				return
			}
		}
		_ = s.CloseSend()
	}()
	for i := range n {
		resp, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.GetInferResponse().GetId(); got != fmt.Sprint(i) {
			t.Fatalf("answer %d has the id %q", i, got)
		}
		if failed := resp.ErrorMessage != ""; failed != (i%5 == 3) {
			t.Errorf("answer %d: %v", i, resp)
		}
	}
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("in the end: %v", err)
	}
}

// TestStreamErrors has a failure as the status of the stream, for who asks.
func TestStreamErrors(t *testing.T) {
	w := start(t, echo, Options{})
	for _, md := range [][]string{{grpcErrors, "true"}, {streamForm, "mlserver"}} {
		s := w.stream(t, md...)
		if err := s.Send(floats("unknown")); err != nil {
			t.Fatal(err)
		}
		_, err := s.Recv()
		wantStatus(t, err, "NOT_FOUND", "doesnt exist")
	}
	s := w.stream(t, streamForm, "other")
	_, err := s.Recv()
	wantStatus(t, err, "INVALID_ARGUMENT", "choose triton or mlserver")
}

// TestStreamFinal has the last answer to a request marked, for who asks.
func TestStreamFinal(t *testing.T) {
	w := start(t, echo, Options{})
	s := w.stream(t)
	for _, model := range []string{"m", "broken"} {
		for _, asks := range []bool{true, false} {
			req := floats(model)
			if asks {
				req.Parameters = map[string]*pb.InferParameter{wantsFinal: {ParameterChoice: &pb.InferParameter_BoolParam{BoolParam: true}}}
			}
			if err := s.Send(req); err != nil {
				t.Fatal(err)
			}
			resp, err := s.Recv()
			if err != nil {
				t.Fatal(err)
			}
			params := resp.GetInferResponse().GetParameters()
			if params[isFinal].GetBoolParam() != asks || params[wantsFinal] != nil {
				t.Errorf("%s, asked for it %v: %v", model, asks, params)
			}
		}
	}
}

// bareStream is how MLServer describes the stream.
var bareStream = &gogrpc.StreamDesc{StreamName: "ModelStreamInfer", ServerStreams: true, ClientStreams: true}

// TestStreamOfMLServer reads bare answers, by the server's choice and the client's.
func TestStreamOfMLServer(t *testing.T) {
	for _, bare := range []bool{true, false} {
		w := start(t, echo, Options{Bare: bare})
		ctx := in(t)
		if !bare {
			ctx = metadata.AppendToOutgoingContext(ctx, streamForm, "mlserver")
		}
		s, err := w.conn.NewStream(ctx, bareStream, pb.GRPCInferenceService_ModelStreamInfer_FullMethodName)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			req, resp := floats("m"), &pb.ModelInferResponse{}
			req.Id = fmt.Sprint(i)
			if err := s.SendMsg(req); err != nil {
				t.Fatal(err)
			}
			if err := s.RecvMsg(resp); err != nil || resp.Id != fmt.Sprint(i) || len(resp.Outputs) != 1 {
				t.Errorf("got %v, %v", resp, err)
			}
		}
		if err := s.CloseSend(); err != nil {
			t.Error(err)
		}
		if err := s.RecvMsg(&pb.ModelInferResponse{}); !errors.Is(err, io.EOF) {
			t.Errorf("in the end: %v", err)
		}
	}
}

// TestStreamCanceled has the work of a client that goes away canceled.
func TestStreamCanceled(t *testing.T) {
	canceled := make(chan error, 1)
	began := make(chan struct{})
	w := start(t, func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		close(began)
		<-ctx.Done()
		canceled <- ctx.Err()
		return nil, ctx.Err()
	}, Options{})
	ctx, cancel := context.WithCancel(in(t))
	s, err := w.ModelStreamInfer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(floats("m")); err != nil {
		t.Fatal(err)
	}
	<-began
	cancel()
	if err := <-canceled; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
