package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// rpcWorld is a server over gRPC and HTTP.
type rpcWorld struct {
	pb.GRPCInferenceServiceClient
	conn *grpc.ClientConn
	url  string
}

func serveRPC(t *testing.T) *rpcWorld {
	t.Helper()
	return serveRPCOf(t, oipSpec())
}

func serveRPCOf(t *testing.T, spec *graph.Spec) *rpcWorld {
	t.Helper()
	srv, url := start(t, spec, nil)
	waitLoaded(t, url)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.ServeGRPC(ctx, l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(1<<30)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &rpcWorld{pb.NewGRPCInferenceServiceClient(conn), conn, url}
}

func patiently(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// rpcChecklist has the statements of the protocol over gRPC, one row a statement.
// Where the sources leave a choice, the row says what was chosen.
var rpcChecklist = []struct {
	n         int
	statement string
	check     func(t *testing.T, w *rpcWorld)
}{
	{109, "the six core calls are those of inference.GRPCInferenceService", rpcCore},
	{110, "ModelReady of an unknown model is false, as Triton has it", rpcReady},
	{111, "an inference by an unknown model is NOT_FOUND", func(t *testing.T, w *rpcWorld) {
		w.refused(t, typedFour("nobody"), "NotFound", "model nobody doesnt exist")
		w.refused(t, &pb.ModelInferRequest{ModelName: "many", ModelVersion: "9", Inputs: typedFour("").Inputs}, "NotFound", "many:9")
		w.refused(t, typedFour("failed"), "Unavailable", "not ready yet: it has failed: the weights are gone")
		w.refused(t, &pb.ModelInferRequest{ModelName: "nobody"}, "NotFound", "model nobody doesnt exist")
		w.refused(t, &pb.ModelInferRequest{ModelName: "many", ModelVersion: "9"}, "NotFound", "many:9")
		w.refused(t, &pb.ModelInferRequest{ModelName: "any"}, "InvalidArgument", "model any: read the request: there are no inputs")
	}},
	{112, "raw_input_contents beside contents are INVALID_ARGUMENT", func(t *testing.T, w *rpcWorld) {
		req := typedFour("any")
		req.RawInputContents = [][]byte{make([]byte, 16)}
		w.refused(t, req, "InvalidArgument", "has contents, but the request has raw_input_contents")
		req.Inputs[0].Contents = &pb.InferTensorContents{} // as MLServer's client has it
		w.infers(t, req)
	}},
	{113, "too few raw_input_contents are INVALID_ARGUMENT", func(t *testing.T, w *rpcWorld) {
		req := rawOf("any", "FP32", []int64{1}, make([]byte, 4))
		req.Inputs = append(req.Inputs, &pb.ModelInferRequest_InferInputTensor{Name: "y", Datatype: "FP32", Shape: []int64{1}})
		w.refused(t, req, "InvalidArgument", "1 entries, but there are 2 inputs")
	}},
	{114, "raw contents of another size than the shape's are INVALID_ARGUMENT with both", func(t *testing.T, w *rpcWorld) {
		w.refused(t, rawOf("any", "FP32", []int64{1, 4}, make([]byte, 12)), "InvalidArgument", "expected 16 bytes for shape [1 4] of FP32, got 12")
	}},
	{115, "elements are in the field of their datatype, any other is INVALID_ARGUMENT", func(t *testing.T, w *rpcWorld) {
		req := typedFour("any")
		req.Inputs[0].Datatype = "FP64"
		w.refused(t, req, "InvalidArgument", "fp32_contents, but those of FP64 are sent in fp64_contents")
	}},
	{116, "FP16 and BF16 are raw only", func(t *testing.T, w *rpcWorld) {
		for _, datatype := range []string{"FP16", "BF16"} {
			req := typedFour("any")
			req.Inputs[0].Datatype = datatype
			w.refused(t, req, "InvalidArgument", datatype+" can only be sent in raw_input_contents")
			raw := []byte{0, 0x3c, 1, 0x7e}
			if resp := w.infers(t, rawOf("any", datatype, []int64{2}, raw)); !bytes.Equal(resp.RawOutputContents[0], raw) {
				t.Errorf("%s came back as %x", datatype, resp.RawOutputContents[0])
			}
		}
	}},
	{117, "raw_output_contents are those of the outputs, in their order", func(t *testing.T, w *rpcWorld) {
		req := rawOf("typed", "FP32", []int64{1, 4}, []byte("0123456789abcdef"))
		resp := w.infers(t, req)
		if len(resp.Outputs) != 2 || len(resp.RawOutputContents) != 2 || string(resp.RawOutputContents[0]) != "0123456789abcdef" || len(resp.RawOutputContents[1]) != 8 {
			t.Errorf("got %v", resp)
		}
		req.Outputs = []*pb.ModelInferRequest_InferRequestedOutputTensor{{Name: "n"}, {Name: "y"}}
		if resp = w.infers(t, req); resp.Outputs[0].Name != "n" || len(resp.RawOutputContents[0]) != 8 {
			t.Errorf("got %v", resp)
		}
	}},
	{118, "parameters may be double and uint64", func(t *testing.T, w *rpcWorld) {
		req := typedFour("any")
		req.Parameters = map[string]*pb.InferParameter{
			"d": {ParameterChoice: &pb.InferParameter_DoubleParam{DoubleParam: 1.5}}, "u": {ParameterChoice: &pb.InferParameter_Uint64Param{Uint64Param: math.MaxUint64}},
		}
		w.infers(t, req)
	}},
	{119, "messages may have more than 4 MiB, and be compressed", func(t *testing.T, w *rpcWorld) {
		raw := bytes.Repeat([]byte{1, 2, 3, 4}, 2<<20)
		for _, o := range [][]grpc.CallOption{nil, {grpc.UseCompressor(gzip.Name)}, {grpc.UseCompressor("deflate")}} {
			if resp := w.infers(t, rawOf("any", "FP32", []int64{2 << 20}, raw), o...); !bytes.Equal(resp.RawOutputContents[0], raw) {
				t.Error("it came back otherwise")
			}
		}
		w.refused(t, rawOf("any", "UINT8", []int64{65 << 20}, make([]byte, 65<<20)), "ResourceExhausted", "larger than max")
	}},
	{120, "a stream has failures in band, keeps the order, echoes ids, and goes on", rpcStream},
	{121, "with triton_grpc_error a failure is the status of the stream", func(t *testing.T, w *rpcWorld) {
		s := w.talk(t, "triton_grpc_error", "true")
		s.send(t, typedFour("nobody"))
		_, err := s.Recv()
		wantRPC(t, err, "NotFound", "nobody")
	}},
	{122, "triton_final_response comes on request", func(t *testing.T, w *rpcWorld) {
		s := w.talk(t)
		for _, asks := range []bool{true, false} {
			req := typedFour("any")
			if asks {
				req.Parameters = map[string]*pb.InferParameter{"triton_enable_empty_final_response": {ParameterChoice: &pb.InferParameter_BoolParam{BoolParam: true}}}
			}
			s.send(t, req)
			resp, err := s.Recv()
			if err != nil || resp.InferResponse.Parameters["triton_final_response"].GetBoolParam() != asks {
				t.Errorf("asked for it %v: %v, %v", asks, resp, err)
			}
		}
	}},
	{123, "the service of health and reflection are offered", rpcHealth},
	{124, "the repository's messages are read in KServe's and in Triton's form", func(t *testing.T, w *rpcWorld) {
		// This server has no repository, and both forms get as far as saying so.
		// TestRepository of the transport has both answered.
		for _, req := range []*pb.RepositoryModelLoadRequest{{RepositoryName: "any"}, {ModelName: "any"}} {
			_, err := w.RepositoryModelLoad(patiently(t), req)
			wantRPC(t, err, "Unimplemented", "only those of a model repository can be loaded and unloaded")
		}
		index, err := w.RepositoryIndex(patiently(t), &pb.RepositoryIndexRequest{})
		if err != nil || len(index.Models) < 10 {
			t.Errorf("got %v, %v", index, err)
		}
	}},
	{125, "deadlines and cancellation reach the model", nil}, // TestRPCDeadline
	{126, "REST and gRPC answer with the same bits", nil},    // TestRPCAgrees
}

func TestRPCChecklist(t *testing.T) {
	w := serveRPC(t)
	for i, row := range rpcChecklist {
		if row.n != 109+i {
			t.Fatalf("row %d has number %d", 109+i, row.n)
		}
		if row.check != nil {
			t.Run(fmt.Sprintf("%d %s", row.n, row.statement), func(t *testing.T) { row.check(t, w) })
		}
	}
}

func typedFour(model string) *pb.ModelInferRequest {
	return &pb.ModelInferRequest{ModelName: model, Id: "i", Inputs: []*pb.ModelInferRequest_InferInputTensor{{
		Name: "x", Datatype: "FP32", Shape: []int64{1, 4}, Contents: &pb.InferTensorContents{Fp32Contents: []float32{1, 2, 3, 4}},
	}}}
}

func rawOf(model, datatype string, shape []int64, raw []byte) *pb.ModelInferRequest {
	return &pb.ModelInferRequest{
		ModelName: model, Inputs: []*pb.ModelInferRequest_InferInputTensor{{Name: "x", Datatype: datatype, Shape: shape}}, RawInputContents: [][]byte{raw},
	}
}

func (w *rpcWorld) infers(t *testing.T, req *pb.ModelInferRequest, o ...grpc.CallOption) *pb.ModelInferResponse {
	t.Helper()
	resp, err := w.ModelInfer(patiently(t), req, o...)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func (w *rpcWorld) refused(t *testing.T, req *pb.ModelInferRequest, code, part string) {
	t.Helper()
	_, err := w.ModelInfer(patiently(t), req)
	wantRPC(t, err, code, part)
}

func wantRPC(t *testing.T, err error, code, part string) {
	t.Helper()
	if st := status.Convert(err); st.Code().String() != code || !strings.Contains(st.Message(), part) {
		t.Errorf("got %s: %s, want %s: …%s…", st.Code(), st.Message(), code, part)
	}
}

func rpcCore(t *testing.T, w *rpcWorld) {
	live, err := w.ServerLive(patiently(t), &pb.ServerLiveRequest{})
	if err != nil || !live.Live {
		t.Errorf("live: %v, %v", live, err)
	}
	ready, err := w.ServerReady(patiently(t), &pb.ServerReadyRequest{})
	if err != nil || ready.Ready { // one model has failed
		t.Errorf("ready: %v, %v", ready, err)
	}
	server, err := w.ServerMetadata(patiently(t), &pb.ServerMetadataRequest{})
	if err != nil || server.Name != "leat" {
		t.Errorf("server: %v, %v", server, err)
	}
	model, err := w.ModelMetadata(patiently(t), &pb.ModelMetadataRequest{Name: "typed"})
	if err != nil || model.Platform != "go" || len(model.Inputs) != 1 || fmt.Sprint(model.Inputs[0].Shape) != "[-1 4]" || len(model.Outputs) != 2 {
		t.Errorf("model: %v, %v", model, err)
	}
	_, err = w.ModelMetadata(patiently(t), &pb.ModelMetadataRequest{Name: "nobody"})
	wantRPC(t, err, "NotFound", "model nobody doesnt exist")
	resp := w.infers(t, typedFour("typed"))
	if resp.Id != "i" || resp.ModelName != "typed" || fmt.Sprint(resp.Outputs[0].Contents.GetFp32Contents()) != "[1 2 3 4]" {
		t.Errorf("inference: %v", resp)
	}
}

func rpcReady(t *testing.T, w *rpcWorld) {
	for _, c := range []struct {
		model, version string
		want           bool
	}{{"typed", "", true}, {"many", "1", true}, {"failed", "", false}, {"nobody", "", false}, {"many", "9", false}, {"a model/with %", "", true}} {
		got, err := w.ModelReady(patiently(t), &pb.ModelReadyRequest{Name: c.model, Version: c.version})
		if err != nil || got.Ready != c.want {
			t.Errorf("%s %s: %v, %v", c.model, c.version, got, err)
		}
	}
}

// A talk is a stream.
type talk struct {
	grpc.BidiStreamingClient[pb.ModelInferRequest, pb.ModelStreamInferResponse]
}

func (w *rpcWorld) talk(t *testing.T, md ...string) talk {
	t.Helper()
	s, err := w.ModelStreamInfer(metadata.AppendToOutgoingContext(patiently(t), md...))
	if err != nil {
		t.Fatal(err)
	}
	return talk{s}
}

func (s talk) send(t *testing.T, req *pb.ModelInferRequest) {
	t.Helper()
	if err := s.Send(req); err != nil {
		t.Fatal(err)
	}
}

func rpcStream(t *testing.T, w *rpcWorld) {
	s := w.talk(t)
	models := []string{"any", "nobody", "typed", "broken", "panics", "failed", "any"}
	for i, model := range models {
		req := typedFour(model)
		req.Id = fmt.Sprint(i)
		s.send(t, req)
	}
	if err := s.CloseSend(); err != nil {
		t.Error(err)
	}
	for i, model := range models {
		resp, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		works := model == "any" || model == "typed"
		if resp.InferResponse.GetId() != fmt.Sprint(i) || (resp.ErrorMessage == "") != works {
			t.Errorf("answer %d: %v", i, resp)
		}
	}
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("in the end: %v", err)
	}
}

func rpcHealth(t *testing.T, w *rpcWorld) {
	got, err := healthpb.NewHealthClient(w.conn).Check(patiently(t), &healthpb.HealthCheckRequest{})
	if err != nil || got.Status != healthpb.HealthCheckResponse_NOT_SERVING { // one model has failed
		t.Errorf("health: %v, %v", got, err)
	}
	s, err := reflectionpb.NewServerReflectionClient(w.conn).ServerReflectionInfo(patiently(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	resp, err := s.Recv()
	if err != nil || !strings.Contains(fmt.Sprint(resp), "inference.GRPCInferenceService") {
		t.Errorf("reflection: %v, %v", resp, err)
	}
	_ = s.CloseSend()
}

// TestRPCDeadline is statement 125: what ends a call ends the context of the model.
func TestRPCDeadline(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error, 1)
	spec := oipSpec()
	spec.AddRoute("waits", graph.StepSpec{New: func(a catalog.Args) (serve.Step, error) {
		return v2.FromArgs(a, &typedModel{predict: func(ctx context.Context, _ *serve.Request) (any, error) {
			select {
			case began <- struct{}{}:
				<-ctx.Done()
				ended <- ctx.Err()
			case <-ctx.Done(): // nobody has waited for it to begin
			}
			return nil, ctx.Err()
		}}, "")
	}})
	w := serveRPCOf(t, spec)
	ctx, cancel := context.WithCancel(patiently(t))
	go func() { <-began; cancel() }()
	_, err := w.ModelInfer(ctx, typedFour("waits"))
	wantRPC(t, err, "Canceled", "")
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the model saw %v", err)
	}
	for within := 100 * time.Millisecond; ; within *= 2 { // until the model begins within it
		ctx, cancel := context.WithTimeout(patiently(t), within)
		answered := make(chan error, 1)
		go func() { _, err := w.ModelInfer(ctx, typedFour("waits")); answered <- err }()
		select {
		case <-began:
			wantRPC(t, <-answered, "DeadlineExceeded", "")
			if err := <-ended; err == nil {
				t.Error("the model saw no end")
			}
			cancel()
			return
		case err := <-answered:
			wantRPC(t, err, "DeadlineExceeded", "")
			cancel()
		}
		if within > time.Minute {
			t.Fatal("the model has not begun")
		}
	}
}

// TestRPCAgrees is statement 126: one input over both gives the same bits.
func TestRPCAgrees(t *testing.T) {
	w := serveRPC(t)
	values := []float32{1.5, -0.1, 3e-42, 16777216}
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"any", "typed"} {
		a := call{method: "POST", path: "/v2/models/" + model + "/infer", body: `{"inputs":[` + tensorJSON("x", "[1,4]", "FP32", string(text)) + `]}`}.do(t, w.url)
		var rest struct {
			Outputs []struct {
				Name, Datatype string
				Shape          []int64
				Data           []float32
			}
		}
		if err := json.Unmarshal(a.body, &rest); err != nil {
			t.Fatal(err)
		}
		req := typedFour(model)
		req.Inputs[0].Contents.Fp32Contents = values
		resp := w.infers(t, req)
		for i, out := range resp.Outputs {
			if out.Name != rest.Outputs[i].Name || out.Datatype != rest.Outputs[i].Datatype || fmt.Sprint(out.Shape) != fmt.Sprint(rest.Outputs[i].Shape) {
				t.Errorf("%s: output %d is %v over gRPC, %v over REST", model, i, out, rest.Outputs[i])
			}
			for j, v := range out.Contents.GetFp32Contents() {
				if math.Float32bits(v) != math.Float32bits(rest.Outputs[i].Data[j]) {
					t.Errorf("%s: element %d is %v over gRPC, %v over REST", model, j, v, rest.Outputs[i].Data[j])
				}
			}
		}
	}
}

// TestRPCAgreesInBytes is statement 126 for every datatype, as bytes over both.
func TestRPCAgreesInBytes(t *testing.T) {
	w := serveRPC(t)
	bits := "\x01\x00\xff\xff\x00\x7c\x01\xfc\x00\x00\xc0\x7f\xff\xff\xff\x7f" // NaNs with a payload, limits
	for datatype, size := range map[string]int{"INT8": 1, "UINT8": 1, "INT16": 2, "UINT16": 2, "FP16": 2, "BF16": 2, "INT32": 4, "UINT32": 4, "FP32": 4, "INT64": 8, "UINT64": 8, "FP64": 8} {
		n := len(bits) / size
		c := binaryInfer("any", blob("x", fmt.Sprintf("[%d]", n), datatype, len(bits)), `,"parameters":{"binary_data_output":true}`, bits, 200)
		rest := parts(t, c.do(t, w.url))
		resp := w.infers(t, rawOf("any", datatype, []int64{int64(n)}, []byte(bits)))
		if len(rest) != 1 || len(resp.RawOutputContents) != 1 || rest[0].Bytes != string(resp.RawOutputContents[0]) || rest[0].Datatype != resp.Outputs[0].Datatype {
			t.Errorf("%s: %v over REST, %v over gRPC", datatype, rest, resp)
		}
	}
}
