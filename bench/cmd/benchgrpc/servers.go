package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/bench/echo"
	"github.com/leat-ml/leat/oip/inference"
)

// The servers that are compared.
const (
	leatServer = "leat"    // an echo model behind the public packages
	tuned      = "tuned"   // grpc-go with the windows and buffers of leat
	defaults   = "default" // grpc-go as it comes, and so is its client
)

// serveAs is the server of that name. It prints its address as targets do.
func serveAs(ctx context.Context, name string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	at := l.Addr().String()
	switch name {
	case leatServer:
		_ = l.Close()
		srv, _, err := echo.NewWith(leat.Options{GRPC: at})
		if err != nil {
			return err
		}
		time.AfterFunc(200*time.Millisecond, func() { announce(at) })
		return srv.ListenAndServe(ctx, "127.0.0.1:0")
	case tuned:
		announce(at)
		return bare(
			grpc.StaticStreamWindowSize(4<<20), grpc.StaticConnWindowSize(16<<20),
			grpc.ReadBufferSize(64<<10), grpc.WriteBufferSize(128<<10),
		).Serve(l)
	case defaults:
		announce(at)
		return bare().Serve(l)
	}
	return fmt.Errorf("there is no server %q", name)
}

func announce(at string) { fmt.Printf("serves http://%s\n", at) }

// bare is grpc-go with a handler that answers with what it was sent.
func bare(o ...grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(append(o, grpc.MaxRecvMsgSize(64<<20))...)
	inference.RegisterGRPCInferenceServiceServer(s, echoer{})
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
