package leat_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/servertest"
	"github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A doubler answers with twice its numbers.
type doubler struct{}

func (doubler) Predict(_ context.Context, req *serve.Request) (any, error) {
	x, err := req.Inputs[0].Float64s(nil)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = 2 * v
	}
	return out, err
}

// TestGRPC has a program serve gRPC beside HTTP.
func TestGRPC(t *testing.T) {
	set := catalog.Default.Clone()
	set.Add(v2.Class("Doubler", func() serve.Model { return doubler{} }))
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(servertest.Port(t)))
	srv, err := leat.New(graph.NewRouter().AddModel("m", "Doubler", "", nil), &leat.Options{Catalog: set, GRPC: at})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.ListenAndServe(ctx, "127.0.0.1:0") }()
	conn, err := grpc.NewClient(at, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	req := &inference.ModelInferRequest{ModelName: "m", Inputs: []*inference.ModelInferRequest_InferInputTensor{{
		Name: "x", Datatype: "FP32", Shape: []int64{3}, Contents: &inference.InferTensorContents{Fp32Contents: []float32{1, 2, 3}},
	}}}
	in, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	resp, err := inference.NewGRPCInferenceServiceClient(conn).ModelInfer(in, req, grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(resp.Outputs[0].Contents.GetFp64Contents()); got != "[2 4 6]" {
		t.Errorf("got %s", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
