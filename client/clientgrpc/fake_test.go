package clientgrpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/internal/servertest"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// A fake answers as it is told to, as servers that are not leat do.
type fake struct {
	pb.UnimplementedGRPCInferenceServiceServer

	mu    sync.Mutex
	asked []proto.Message
	meta  metadata.MD
	infer func(ctx context.Context, asked int) (*pb.ModelInferResponse, error)
	// notReady is how the server says of a model that it is not there.
	notReady error
}

func (f *fake) note(ctx context.Context, m proto.Message) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, m)
	f.meta, _ = metadata.FromIncomingContext(ctx)
	return len(f.asked)
}

func (f *fake) ModelInfer(ctx context.Context, in *pb.ModelInferRequest) (*pb.ModelInferResponse, error) {
	return f.infer(ctx, f.note(ctx, in))
}

func (f *fake) ServerLive(ctx context.Context, in *pb.ServerLiveRequest) (*pb.ServerLiveResponse, error) {
	if f.note(ctx, in) < 3 {
		return nil, status.Error(codes.Unavailable, "not yet")
	}
	return &pb.ServerLiveResponse{Live: true}, nil
}

func (f *fake) ModelReady(context.Context, *pb.ModelReadyRequest) (*pb.ModelReadyResponse, error) {
	return nil, f.notReady
}

func (f *fake) RepositoryModelLoad(ctx context.Context, in *pb.RepositoryModelLoadRequest) (*pb.RepositoryModelLoadResponse, error) {
	f.note(ctx, in)
	return &pb.RepositoryModelLoadResponse{}, nil
}

func (f *fake) RepositoryModelUnload(ctx context.Context, in *pb.RepositoryModelUnloadRequest) (*pb.RepositoryModelUnloadResponse, error) {
	f.note(ctx, in)
	return &pb.RepositoryModelUnloadResponse{}, nil
}

func (f *fake) RepositoryIndex(context.Context, *pb.RepositoryIndexRequest) (*pb.RepositoryIndexResponse, error) {
	return &pb.RepositoryIndexResponse{Models: []*pb.RepositoryIndexResponse_ModelIndex{{Name: "m", Version: "1", State: "State.READY"}}}, nil
}

func start(t *testing.T, f *fake, opts *Options, more ...grpc.ServerOption) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer(more...)
	pb.RegisterGRPCInferenceServiceServer(srv, f)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	c, err := New(l.Addr().String(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		srv.Stop()
		<-done
	})
	return c
}

func in(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

var one = &client.Request{
	Model: "m", Version: "2", ID: "7", Parameters: map[string]any{"b": true, "s": "x", "i": 1, "j": int64(2), "u": uint64(3), "f": 1.5},
	Inputs:  []*client.Tensor{client.NewTensor("x", []float32{1}), client.NewTensor("s", []string{"ab"})},
	Outputs: []client.Output{{Name: "y", Classes: 2}},
}

// TestSent has what is sent, with the metadata of options and context.
func TestSent(t *testing.T) {
	f := &fake{infer: func(ctx context.Context, _ int) (*pb.ModelInferResponse, error) {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("x-request-id", "r1"))
		return &pb.ModelInferResponse{}, nil
	}}
	c := start(t, f, &Options{
		Compress: true, Header: http.Header{"X-Own": {"a"}}, Token: client.StaticToken("secret"),
		Inject: func(_ context.Context, h http.Header) { h.Set("Traceparent", "00") },
	})
	r, err := c.Infer(client.WithHeader(in(t), "X-More", "b"), one)
	if err != nil || r.RequestID != "r1" {
		t.Fatalf("got %+v, %v", r, err)
	}
	want := &pb.ModelInferRequest{
		ModelName: "m", ModelVersion: "2", Id: "7",
		Parameters: map[string]*pb.InferParameter{
			"b": {ParameterChoice: &pb.InferParameter_BoolParam{BoolParam: true}}, "s": {ParameterChoice: &pb.InferParameter_StringParam{StringParam: "x"}},
			"i": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 1}}, "j": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 2}},
			"u": {ParameterChoice: &pb.InferParameter_Uint64Param{Uint64Param: 3}}, "f": {ParameterChoice: &pb.InferParameter_DoubleParam{DoubleParam: 1.5}},
		},
		Inputs:           []*pb.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: "FP32", Shape: []int64{1}}, {Name: "s", Datatype: "BYTES", Shape: []int64{1}}},
		RawInputContents: [][]byte{{0, 0, 0x80, 0x3f}, []byte("\x02\x00\x00\x00ab")},
		Outputs: []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "y", Parameters: map[string]*pb.InferParameter{
			"classification": {ParameterChoice: &pb.InferParameter_Int64Param{Int64Param: 2}},
		}}},
	}
	if !proto.Equal(want, f.asked[0]) {
		t.Errorf("sent %v", f.asked[0])
	}
	for name, value := range map[string]string{"x-own": "a", "x-more": "b", "traceparent": "00", "authorization": "Bearer secret"} {
		if got := f.meta.Get(name); len(got) != 1 || got[0] != value {
			t.Errorf("%s: %q", name, got)
		}
	}
	_, err = c.Infer(in(t), &client.Request{Model: "m", Parameters: map[string]any{"x": []int{1}}})
	if client.CodeOf(err) != serve.BadRequest || !strings.Contains(err.Error(), `parameter "x" is []int`) {
		t.Errorf("got %v", err)
	}
}

// TestRead has answers in both forms, and what is wrong with some.
func TestRead(t *testing.T) {
	output := func(dt string, contents *pb.InferTensorContents, shape ...int64) *pb.ModelInferResponse {
		return &pb.ModelInferResponse{Outputs: []*pb.ModelInferResponse_InferOutputTensor{{Name: "y", Datatype: dt, Shape: shape, Contents: contents}}}
	}
	raw := func(m *pb.ModelInferResponse, raw ...[]byte) *pb.ModelInferResponse {
		m.RawOutputContents = raw
		return m
	}
	for _, tt := range []struct {
		answer *pb.ModelInferResponse
		want   []any
		err    string
	}{
		{answer: output("BOOL", &pb.InferTensorContents{BoolContents: []bool{true}}, 1), want: []any{true}},
		{answer: output("INT8", &pb.InferTensorContents{IntContents: []int32{-128}}, 1), want: []any{int64(-128)}},
		{answer: output("INT16", &pb.InferTensorContents{IntContents: []int32{1}}, 1), want: []any{int64(1)}},
		{answer: output("INT32", &pb.InferTensorContents{IntContents: []int32{1}}, 1), want: []any{int64(1)}},
		{answer: output("INT64", &pb.InferTensorContents{Int64Contents: []int64{1, 2}}, 1, 2), want: []any{int64(1), int64(2)}},
		{answer: output("UINT8", &pb.InferTensorContents{UintContents: []uint32{255}}, 1), want: []any{int64(255)}},
		{answer: output("UINT16", &pb.InferTensorContents{UintContents: []uint32{1}}, 1), want: []any{int64(1)}},
		{answer: output("UINT32", &pb.InferTensorContents{UintContents: []uint32{1}}, 1), want: []any{int64(1)}},
		{answer: output("UINT64", &pb.InferTensorContents{Uint64Contents: []uint64{1 << 63}}, 1), want: []any{uint64(1 << 63)}},
		{answer: output("FP32", &pb.InferTensorContents{Fp32Contents: []float32{1.5}}, 1), want: []any{1.5}},
		{answer: output("FP64", &pb.InferTensorContents{Fp64Contents: []float64{1.5}}, 1), want: []any{1.5}},
		{answer: output("BYTES", &pb.InferTensorContents{BytesContents: [][]byte{[]byte("a"), {}}}, 2), want: []any{"a", ""}},
		{answer: raw(output("FP16", nil, 1), []byte{0, 0x3c}), want: []any{1.0}},
		{answer: raw(output("BYTES", nil, 1), []byte("\x01\x00\x00\x00a")), want: []any{"a"}},
		{answer: output("FP32", nil, 0), want: []any{}},
		{answer: output("INT8", &pb.InferTensorContents{IntContents: []int32{128}}, 1), err: "element 0 is 128, which is out of range for INT8"},
		{answer: output("UINT8", &pb.InferTensorContents{UintContents: []uint32{256}}, 1), err: "out of range"},
		{answer: output("FP16", &pb.InferTensorContents{}, 1), err: "FP16 has no contents"},
		{answer: output("FP8", nil, 1), err: `datatype "FP8"`},
		{answer: output("FP32", nil, -1), err: "shape [-1]"},
		{answer: output("FP32", nil, 1<<62, 8), err: "shape"},
		{answer: output("FP32", nil, 9), err: "shape [9] holds 9 elements"},
		{answer: raw(output("FP32", nil, 1), []byte{1}), err: "byte size mismatch"},
		{answer: raw(output("BYTES", nil, 1), []byte("\xff\xff\xff\xffa")), err: "4294967295 bytes"},
		{answer: raw(output("FP32", nil, 1), make([]byte, 4), nil), err: "1 outputs, but 2 raw contents"},
		{answer: raw(output("FP32", &pb.InferTensorContents{}, 1), []byte{0, 0, 0x80, 0x3f}), want: []any{1.0}},
		{answer: raw(output("FP32", &pb.InferTensorContents{Fp32Contents: []float32{1}}, 1), make([]byte, 4)), err: "several places"},
	} {
		f := &fake{infer: func(context.Context, int) (*pb.ModelInferResponse, error) { return tt.answer, nil }}
		r, err := start(t, f, nil).Infer(in(t), one)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%v: got %v, want %s", tt.answer, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", tt.answer, err)
			continue
		}
		if diff := cmp.Diff(tt.want, r.Outputs[0].Values()); diff != "" {
			t.Errorf("%v: %s", tt.answer, diff)
		}
	}
}

func TestRetries(t *testing.T) {
	fails := func(code codes.Code, pushback string) func(context.Context, int) (*pb.ModelInferResponse, error) {
		return func(ctx context.Context, asked int) (*pb.ModelInferResponse, error) {
			if asked == 3 {
				return &pb.ModelInferResponse{}, nil
			}
			if pushback != "" {
				_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", pushback))
			}
			return nil, status.Error(code, "no")
		}
	}
	for _, tt := range []struct {
		name  string
		infer func(context.Context, int) (*pb.ModelInferResponse, error)
		asked int
	}{
		{"the server says when", fails(codes.Unavailable, "1"), 3},
		{"limited", fails(codes.ResourceExhausted, "1"), 3},
		{"too large", fails(codes.ResourceExhausted, ""), 1},
		{"unavailable on the way", fails(codes.Unavailable, ""), 1},
		{"never again", fails(codes.Unavailable, "-1"), 1},
		{"failed", fails(codes.Internal, "1"), 1},
	} {
		f := &fake{infer: tt.infer}
		_, err := start(t, f, nil).Infer(in(t), one)
		if (err == nil) != (tt.asked == 3) || len(f.asked) != tt.asked {
			t.Errorf("%s: asked %d times: %v", tt.name, len(f.asked), err)
		}
	}
	f := &fake{}
	if live, err := start(t, f, nil).ServerLive(in(t)); !live || err != nil || len(f.asked) != 3 {
		t.Errorf("got %t, %v", live, err)
	}
}

// TestNobody: an address where no server is.
func TestNobody(t *testing.T) {
	address := fmt.Sprintf("127.0.0.1:%d", servertest.Port(t))
	c, err := New(address, &Options{Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, err = c.Infer(in(t), one)
	if client.CodeOf(err) != serve.Unavailable || !strings.Contains(err.Error(), "UNAVAILABLE") || !strings.Contains(err.Error(), "ModelInfer at grpc://"+address) {
		t.Errorf("got %v", err)
	}
}

func TestKServe(t *testing.T) {
	f := &fake{notReady: status.Error(codes.NotFound, "no such model")}
	c := start(t, f, &Options{KServe: true})
	ready, err := c.ModelReady(in(t), "m", "")
	err2 := c.Load(in(t), "m", nil)
	err3 := c.Unload(in(t), "m", false)
	list, err4 := c.Index(in(t), true)
	if err := errors.Join(err, err2, err3, err4); ready || err != nil || len(list) != 1 || list[0].State != "READY" {
		t.Errorf("got %t, %v, %v", ready, list, err)
	}
	if !proto.Equal(f.asked[0], &pb.RepositoryModelLoadRequest{RepositoryName: "m"}) || !proto.Equal(f.asked[1], &pb.RepositoryModelUnloadRequest{RepositoryName: "m"}) {
		t.Errorf("asked %v", f.asked)
	}
	f = &fake{notReady: status.Error(codes.Unknown, "Unexpected <class 'mlserver.errors.ModelNotFound'>: Model m")}
	c = start(t, f, nil)
	if ready, err := c.ModelReady(in(t), "m", ""); ready || err != nil {
		t.Errorf("got %t, %v", ready, err)
	}
	f.notReady = status.Error(codes.Unknown, "something else")
	if _, err := c.ModelReady(in(t), "m", ""); err == nil {
		t.Error("an error is no answer")
	}
	err = errors.Join(c.Load(in(t), "m", &client.LoadOptions{Config: "{}", Files: map[string][]byte{"1/x": {1}}}), c.Unload(in(t), "m", true))
	if load := f.asked[0].(*pb.RepositoryModelLoadRequest); err != nil || load.ModelName != "m" || load.Parameters["config"].GetStringParam() != "{}" || len(load.Parameters["file:1/x"].GetBytesParam()) != 1 {
		t.Errorf("asked %v: %v", f.asked, err)
	}
}

// TestBareStream reads a stream as MLServer's are.
func TestBareStream(t *testing.T) {
	bare := func(_ any, s grpc.ServerStream) error {
		for {
			var m pb.ModelInferRequest
			if err := s.RecvMsg(&m); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if m.ModelName == "nobody" {
				return status.Error(codes.NotFound, "no such model")
			}
			if err := s.SendMsg(&pb.ModelInferResponse{Id: m.Id}); err != nil {
				return err
			}
		}
	}
	c := start(t, &fake{}, &Options{BareStreams: true}, grpc.StreamInterceptor(func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, _ grpc.StreamHandler) error {
		return bare(srv, s)
	}))
	s, err := c.Stream(in(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, id := range []string{"a", "b"} {
		if err := s.Send(&client.Request{Model: "m", ID: id}); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Recv(); err != nil || r.ID != id {
			t.Errorf("got %v, %v", r, err)
		}
	}
	if err := s.Send(&client.Request{Model: "nobody"}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Recv()
	var own *client.Error
	if !errors.As(err, &own) || own.Ongoing || own.Code != serve.NotFound {
		t.Errorf("got %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8081": "127.0.0.1:8081", "grpc://h:1/": "h:1", "grpcs://h:1": "h:1", "[::1]:9": "[::1]:9", "http://h:1": "", "h": "", "": "",
	} {
		c, err := New(address, nil)
		if (err == nil) != (want != "") || err == nil && c.Address() != want {
			t.Errorf("%s: got %v, %v", address, c, err)
		}
		if err == nil {
			_ = c.Close()
		}
	}
}

// FuzzDecode reads any message as an answer.
func FuzzDecode(f *testing.F) {
	seed, err := proto.Marshal(&pb.ModelInferResponse{
		Outputs:           []*pb.ModelInferResponse_InferOutputTensor{{Name: "y", Datatype: "FP32", Shape: []int64{1}}},
		RawOutputContents: [][]byte{make([]byte, 4)},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		m := new(pb.ModelInferResponse)
		if proto.Unmarshal(data, m) != nil {
			return
		}
		r, err := decode(m)
		if err != nil {
			return
		}
		for _, out := range r.Outputs {
			if n, ok := serve.Elements(out.Shape); !ok || n != out.Len() {
				t.Errorf("shape %v has %d elements", out.Shape, out.Len())
			}
		}
	})
}
