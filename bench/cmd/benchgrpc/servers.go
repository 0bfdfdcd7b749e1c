package main

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/bench/echoserver"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip/inference"
)

// The servers that are compared.
const (
	leatServer = "leat"    // an echo model behind the public packages
	tuned      = "tuned"   // grpc-go with the windows of leat, and large buffers
	defaults   = "default" // grpc-go as it comes, and so is its client
	onnxLeat   = "leat-onnx"
	onnxBare   = "onnx" // grpc-go with generated code and a call of ONNX Runtime
)

// serveAs is the server of that name. It prints its address as targets do.
func serveAs(ctx context.Context, c config) error {
	name := c.serve
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	at := l.Addr().String()
	switch name {
	case nothing:
		return serveNothing(l, c.answers)
	case leatServer:
		srv, _, err := echoserver.New()
		return announced(ctx, srv, err, l)
	case onnxLeat:
		srv, err := leat.New(graph.NewRouter().AddModel("echo", "ONNXModelServer", c.model, nil), &leat.Options{Catalog: withONNX(c.library)})
		return announced(ctx, srv, err, l)
	case onnxBare:
		m, err := loadONNX(ctx, c)
		if err != nil {
			return err
		}
		announce(at)
		return bare(m).Serve(l)
	case tuned:
		announce(at)
		return bare(echoer{},
			grpc.StaticStreamWindowSize(4<<20), grpc.StaticConnWindowSize(16<<20),
			grpc.ReadBufferSize(64<<10), grpc.WriteBufferSize(128<<10),
		).Serve(l)
	case defaults:
		announce(at)
		return bare(echoer{}).Serve(l)
	}
	return fmt.Errorf("there is no server %q", name)
}

func announce(at string) { fmt.Printf("serves http://%s\n", at) }

// announced serves leat over gRPC.
func announced(ctx context.Context, srv *leat.Server, err error, l net.Listener) error {
	if err == nil {
		err = srv.Start(ctx)
	}
	if err != nil {
		return err
	}
	announce(l.Addr().String())
	return srv.ServeGRPC(ctx, l)
}

// bare is grpc-go with a handler.
func bare(h inference.GRPCInferenceServiceServer, o ...grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(append(o, grpc.MaxRecvMsgSize(64<<20))...)
	inference.RegisterGRPCInferenceServiceServer(s, h)
	return s
}

type echoer struct {
	inference.UnimplementedGRPCInferenceServiceServer
}

// ModelInfer answers with the inputs.
func (echoer) ModelInfer(_ context.Context, r *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
	resp := &inference.ModelInferResponse{ModelName: r.ModelName, Id: r.Id, RawOutputContents: r.RawInputContents}
	for _, in := range r.Inputs {
		resp.Outputs = append(resp.Outputs, &inference.ModelInferResponse_InferOutputTensor{
			Name: in.Name, Datatype: in.Datatype, Shape: in.Shape, Contents: in.Contents,
		})
	}
	return resp, nil
}
