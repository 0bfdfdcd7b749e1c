package cli

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/leat-ml/leat/internal/servertest"
	pb "github.com/leat-ml/leat/oip/inference"
)

// An echo answers with the inputs as they came.
type echo struct {
	pb.UnimplementedGRPCInferenceServiceServer
}

func (echo) ModelReady(context.Context, *pb.ModelReadyRequest) (*pb.ModelReadyResponse, error) {
	return &pb.ModelReadyResponse{Ready: true}, nil
}

func (echo) ModelMetadata(_ context.Context, in *pb.ModelMetadataRequest) (*pb.ModelMetadataResponse, error) {
	inputs := []*pb.ModelMetadataResponse_TensorMetadata{{Name: "x", Datatype: "FP32", Shape: []int64{-1, 2}}}
	if in.Name == "two" {
		inputs = append(inputs, inputs[0])
	}
	return &pb.ModelMetadataResponse{Name: in.Name, Inputs: inputs}, nil
}

func (echo) ModelInfer(ctx context.Context, in *pb.ModelInferRequest) (*pb.ModelInferResponse, error) {
	if in.ModelName == "told" {
		md, _ := metadata.FromIncomingContext(ctx)
		return nil, status.Errorf(codes.Unauthenticated, "%s is nobody's", md.Get("authorization")[0])
	}
	if in.ModelName == "missing" {
		return nil, status.Error(codes.NotFound, "model missing doesnt exist")
	}
	out := &pb.ModelInferResponse{ModelName: in.ModelName, ModelVersion: in.ModelVersion, Id: in.Id, RawOutputContents: in.RawInputContents}
	for _, t := range in.Inputs {
		out.Outputs = append(out.Outputs, &pb.ModelInferResponse_InferOutputTensor{Name: t.Name, Datatype: t.Datatype, Shape: t.Shape})
	}
	return out, nil
}

func TestInferOverGRPC(t *testing.T) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(servertest.Port(t)))) // where nobody listens afterwards
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	pb.RegisterGRPCInferenceServiceServer(srv, echo{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() { srv.Stop(); <-done })
	at := "grpc://" + l.Addr().String()
	for _, tt := range []struct {
		args []string
		want string // on stdout, or a part of stderr when it fails
		exit int
	}{
		{args: []string{"m", "-d", "[[1, 2.5]]"}, want: `{"id":"","model_name":"m","outputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2.5]}]}`},
		{args: []string{"m", "-d", "[1, 2]", "--version", "3"}, want: `{"id":"","model_name":"m","model_version":"3","outputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]}`},
		{args: []string{"m", "-d", `{"id":"7","inputs":[{"name":"s","datatype":"BYTES","shape":[1],"data":["a"]}]}`}, want: `{"id":"7","model_name":"m","outputs":[{"name":"s","shape":[1],"datatype":"BYTES","data":["a"]}]}`},
		{args: []string{"m", "--operation", "ready"}, want: `{"name":"m","ready":true}`},
		{args: []string{"m", "--operation", "metadata"}, want: `{"name":"m","versions":null,"platform":"","inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}],"outputs":[]}`},
		{args: []string{"missing", "-d", "[1, 2]"}, want: "NOT_FOUND: model missing doesnt exist", exit: Failed},
		{args: []string{"two", "-d", "[1]"}, want: "the inputs have shape [1 1], but the model takes rows of 2: x, x", exit: BadUsage},
		{args: []string{"m", "-d", `[{"a":1}]`}, want: "the inputs are dictionaries, but the names of the model's features are not known", exit: BadUsage},
		{args: []string{"m", "-d", `[["a", "b"]]`}, want: `input "x": element 0 is "a", not a number`, exit: BadUsage},
		{args: []string{"told", "-d", "[[1, 2]]", "--token", "s3cret"}, want: "UNAUTHENTICATED: Bearer … is nobody's", exit: Failed},
		{args: []string{"m", "-d", `{`}, want: "-d: ", exit: BadUsage},
		{args: []string{"m", "--operation", "explain", "-d", "[1]"}, want: "over gRPC there are infer, ready and metadata", exit: BadUsage},
	} {
		exit, out, errs := runOut(t, Env{}, append([]string{"infer", "--url", at}, tt.args...)...)
		if exit != tt.exit || exit == Done && out != tt.want+"\n" || exit != Done && !strings.Contains(errs, tt.want) {
			t.Errorf("%q: exit %d, stdout %q, stderr %q", tt.args, exit, out, errs)
		}
	}
	srv.Stop()
	exit, _, errs := runOut(t, Env{}, "infer", "m", "-d", "[[1, 2]]", "--url", at)
	if exit != Failed || !strings.Contains(errs, "no server runs at "+at+" (connection refused)") {
		t.Errorf("exit %d, stderr %q", exit, errs)
	}
}
