package grpc

import (
	"context"
	"net"
	"testing"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "github.com/leat-ml/leat/oip/inference"
)

// BenchmarkCalls asks by one connection over a socket: with four numbers, and with an image.
func BenchmarkCalls(b *testing.B) {
	for _, c := range []struct {
		name string
		req  *pb.ModelInferRequest
	}{{"small", floats("m")}, {"image", patterned(make([]byte, 600<<10))}} {
		b.Run(c.name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			s := New(handlerFunc(echo), &host{}, Options{})
			served := make(chan error, 1)
			go func() { served <- s.Serve(l) }()
			conn, err := gogrpc.NewClient(l.Addr().String(), gogrpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				_ = conn.Close()
				if err := s.Shutdown(context.Background(), 0); err != nil {
					b.Error(err)
				}
				<-served
			})
			client, ctx := pb.NewGRPCInferenceServiceClient(conn), context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.ModelInfer(ctx, c.req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
