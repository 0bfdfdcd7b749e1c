package server

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	transport "github.com/leat-ml/leat/internal/transport/grpc"
	pb "github.com/leat-ml/leat/oip/inference"
)

// runsRPC is runs with gRPC, and a client of it.
func runsRPC(t *testing.T, c RunConfig) (client pb.GRPCInferenceServiceClient, admin string, stop func(), result chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	up := make(chan URLs, 1)
	c.HTTP, c.GRPC, c.Admin = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Drain = cmp.Or(c.Drain, patience)
	c.Started = func(_ *Core, at URLs) { up <- at }
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	result = make(chan error, 1)
	go func() { result <- Run(ctx, c) }()
	var at URLs
	select {
	case at = <-up:
	case err := <-result:
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(strings.TrimPrefix(at.GRPC, "grpc://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return pb.NewGRPCInferenceServiceClient(conn), at.Admin, cancel, result
}

func patiently(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func ones(model string) *pb.ModelInferRequest {
	return &pb.ModelInferRequest{ModelName: model, Inputs: []*pb.ModelInferRequest_InferInputTensor{{
		Name: "x", Datatype: "FP32", Shape: []int64{1, 1}, Contents: &pb.InferTensorContents{Fp32Contents: []float32{1}},
	}}}
}

// tritonsAnswerRaw wants a model to answer elements that come one by one raw when
// Triton's settings describe it, and one by one when they do not.
func tritonsAnswerRaw(t *testing.T, client pb.GRPCInferenceServiceClient, model string) {
	t.Helper()
	config := map[string]*pb.ModelRepositoryParameter{"config": {ParameterChoice: &pb.ModelRepositoryParameter_StringParam{StringParam: "{}"}}}
	for _, params := range []map[string]*pb.ModelRepositoryParameter{config, nil} {
		if _, err := client.RepositoryModelLoad(patiently(t), &pb.RepositoryModelLoadRequest{ModelName: model, Parameters: params}); err != nil {
			t.Fatal(err)
		}
		resp, err := client.ModelInfer(patiently(t), ones(model))
		if err != nil || (len(resp.RawOutputContents) == 1) != (params != nil) {
			t.Errorf("with %v: %v, %v", params, resp, err)
		}
	}
}

// TestRPC has a repository served over gRPC, counted, and shut down.
func TestRPC(t *testing.T) {
	client, admin, stop, result := runsRPC(t, RunConfig{Config: Config{Models: oneModel(t), Catalog: oneSet()}})
	index, err := client.RepositoryIndex(patiently(t), &pb.RepositoryIndexRequest{})
	if err != nil || len(index.Models) != 1 || index.Models[0].State != "READY" {
		t.Fatalf("index: %v, %v", index, err)
	}
	model := index.Models[0].Name
	if resp, err := client.ModelInfer(patiently(t), ones(model)); err != nil || resp.ModelName != model {
		t.Errorf("inference: %v, %v", resp, err)
	}
	stats, err := client.ModelStatistics(patiently(t), &pb.ModelStatisticsRequest{})
	if err != nil || len(stats.ModelStats) != 1 || stats.ModelStats[0].InferenceStats.Success.Count != 1 {
		t.Errorf("statistics: %v, %v", stats, err)
	}
	if _, err := client.RepositoryModelUnload(patiently(t), &pb.RepositoryModelUnloadRequest{ModelName: model}); err != nil {
		t.Errorf("unload: %v", err)
	}
	index, err = client.RepositoryIndex(patiently(t), &pb.RepositoryIndexRequest{})
	if err != nil || len(index.Models) != 1 || index.Models[0].State != "UNAVAILABLE" || index.Models[0].Reason != "unloaded" {
		t.Errorf("index after it: %v, %v", index, err)
	}
	if _, err := client.RepositoryModelLoad(patiently(t), &pb.RepositoryModelLoadRequest{ModelName: model}); err != nil {
		t.Errorf("load: %v", err)
	}
	if ready, err := client.ServerReady(patiently(t), &pb.ServerReadyRequest{}); err != nil || !ready.Ready {
		t.Errorf("ready: %v, %v", ready, err)
	}
	if _, text := fetch(t, "GET", admin+"/metrics", ""); !strings.Contains(text, `leat_grpc_requests_total{code="OK",method="ModelInfer"} 1`) {
		t.Errorf("the metrics have no such call: %s", text)
	}
	tritonsAnswerRaw(t, client, model)
	stop()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// TestRPCRemote has models loaded and unloaded by this machine alone.
func TestRPCRemote(t *testing.T) {
	core, problems := New(Config{Models: oneModel(t), Catalog: oneSet()})
	if core == nil {
		t.Fatal(problems)
	}
	for at, want := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "0.0.0.0:1": false, "10.1.2.3:1": false} {
		addr, err := net.ResolveTCPAddr("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		err = rpcRepository{core, isLoopback(addr)}.Load(t.Context(), "nobody", nil)
		if refused := err == errRemoteChange; refused == want { //nolint:errorlint // that very error
			t.Errorf("%s: %v", at, err)
		}
	}
	var _ transport.Repository = rpcRepository{}
}

// TestRPCPortTaken has a server whose port of gRPC is another's.
func TestRPCPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c := RunConfig{Config: Config{Models: oneModel(t), Catalog: oneSet(), Logger: slog.New(slog.DiscardHandler)}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0", GRPC: l.Addr().String()}
	if err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "gRPC port: "+c.GRPC+" is in use") {
		t.Errorf("got %v", err)
	}
	c.GRPCIfFree = true
	_, _, stop, result := runs(t, c)
	stop()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// TestRPCDrain has a stream that is open when the server stops.
func TestRPCDrain(t *testing.T) {
	client, _, stop, result := runsRPC(t, RunConfig{Config: Config{Models: oneModel(t), Catalog: oneSet()}, Drain: 10 * time.Minute})
	s, err := client.ModelStreamInfer(patiently(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(ones("nobody")); err != nil {
		t.Fatal(err)
	}
	if resp, err := s.Recv(); err != nil || !strings.Contains(resp.ErrorMessage, "nobody") {
		t.Errorf("got %v, %v", resp, err)
	}
	stop()
	if _, err := s.Recv(); status.Code(err).String() != "Unavailable" {
		t.Errorf("the stream ends with %v", err)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}
