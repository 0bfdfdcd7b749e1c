package grpc

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/oip/inference/modelrepository"
	"github.com/leat-ml/leat/serve"
)

func same(t *testing.T, what string, got proto.Message, err error, want proto.Message) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestHealth(t *testing.T) {
	w := start(t, echo, Options{})
	check := healthpb.NewHealthClient(w.conn)
	for _, down := range []bool{false, true} {
		w.host.down.Store(down)
		live, err := w.ServerLive(in(t), &pb.ServerLiveRequest{})
		same(t, "live", live, err, &pb.ServerLiveResponse{Live: true})
		ready, err := w.ServerReady(in(t), &pb.ServerReadyRequest{})
		same(t, "ready", ready, err, &pb.ServerReadyResponse{Ready: !down})
		want := healthpb.HealthCheckResponse_SERVING
		if down {
			want = healthpb.HealthCheckResponse_NOT_SERVING
		}
		for _, service := range []string{"", "inference.GRPCInferenceService"} {
			got, err := check.Check(in(t), &healthpb.HealthCheckRequest{Service: service})
			same(t, "health of "+service, got, err, &healthpb.HealthCheckResponse{Status: want})
		}
		list, err := check.List(in(t), &healthpb.HealthListRequest{})
		if err != nil || list.Statuses[""].GetStatus() != want || len(list.Statuses) != 2 {
			t.Errorf("list: %v, %v", list, err)
		}
	}
	_, err := check.Check(in(t), &healthpb.HealthCheckRequest{Service: "nobody"})
	wantStatus(t, err, "NOT_FOUND", "nobody")
}

func TestWatch(t *testing.T) {
	w := start(t, echo, Options{})
	stream, err := healthpb.NewHealthClient(w.conn).Watch(in(t), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, down := range []bool{false, true} {
		w.host.down.Store(down)
		got, err := stream.Recv()
		want := healthpb.HealthCheckResponse_SERVING
		if down {
			want = healthpb.HealthCheckResponse_NOT_SERVING
		}
		same(t, "watch", got, err, &healthpb.HealthCheckResponse{Status: want})
	}
}

func TestModelReady(t *testing.T) {
	w := start(t, echo, Options{})
	for model, want := range map[string]bool{"m": true, "loading": false, "unknown": false, "classic": false} {
		got, err := w.ModelReady(in(t), &pb.ModelReadyRequest{Name: model})
		same(t, model, got, err, &pb.ModelReadyResponse{Ready: want})
	}
	_, err := w.ModelReady(in(t), &pb.ModelReadyRequest{})
	wantStatus(t, err, "INVALID_ARGUMENT", "name of the model is missing")
	_, err = w.ModelReady(in(t), &pb.ModelReadyRequest{Name: "broken"})
	wantStatus(t, err, "INTERNAL", "the weights are gone")
}

func TestMetadata(t *testing.T) {
	w := start(t, echo, Options{})
	server, err := w.ServerMetadata(in(t), &pb.ServerMetadataRequest{})
	same(t, "server", server, err, &pb.ServerMetadataResponse{Name: "leat", Version: "1", Extensions: []string{"a"}})
	model, err := w.ModelMetadata(in(t), &pb.ModelMetadataRequest{Name: "m"})
	same(t, "model", model, err, &pb.ModelMetadataResponse{
		Name: "m", Versions: []string{"1", "2"}, Platform: "go",
		Inputs:  []*pb.ModelMetadataResponse_TensorMetadata{{Name: "x", Datatype: "FP32", Shape: []int64{-1, 4}}},
		Outputs: []*pb.ModelMetadataResponse_TensorMetadata{{Name: "s", Datatype: "BYTES"}},
	})
	config, err := w.ModelConfig(in(t), &pb.ModelConfigRequest{Name: "m"})
	same(t, "config", config, err, &pb.ModelConfigResponse{Config: &pb.ModelConfig{
		Name: "m", Platform: "go", MaxBatchSize: 4, Input: []*pb.ModelInput{{Name: "x", DataType: pb.DataType_TYPE_FP32, Dims: []int64{4}}},
		Output:        []*pb.ModelOutput{{Name: "s", DataType: pb.DataType_TYPE_STRING}},
		VersionPolicy: &pb.ModelVersionPolicy{PolicyChoice: &pb.ModelVersionPolicy_All_{All: &pb.ModelVersionPolicy_All{}}},
	}})
	_, err = w.ModelMetadata(in(t), &pb.ModelMetadataRequest{Name: "unknown"})
	wantStatus(t, err, "NOT_FOUND", "model unknown doesnt exist")
}

// A store is a repository that notes what is asked of it.
type store struct{ asked []string }

func (s *store) Index() []ModelStatus {
	return []ModelStatus{{Name: "a", Version: "1", State: "READY"}, {Name: "b", Version: "2", State: "UNAVAILABLE", Reason: "torn"}}
}

func (s *store) Load(_ context.Context, model string, params map[string][]byte) error {
	s.asked = append(s.asked, "load "+model)
	for _, key := range slices.Sorted(maps.Keys(params)) {
		s.asked = append(s.asked, "with "+key+" "+string(params[key]))
	}
	if model == "nobody" {
		return serve.Errorf(serve.NotFound, "", "there is no model nobody")
	}
	return nil
}

func (s *store) Unload(_ context.Context, model string) error {
	s.asked = append(s.asked, "unload "+model)
	return nil
}

func TestRepository(t *testing.T) {
	s := &store{}
	w := start(t, echo, Options{Repository: s})
	twin := modelrepository.NewModelRepositoryServiceClient(w.conn)
	for _, ask := range []func(context.Context, *pb.RepositoryIndexRequest, ...gogrpc.CallOption) (*pb.RepositoryIndexResponse, error){w.RepositoryIndex, twin.RepositoryIndex} {
		a := &pb.RepositoryIndexResponse_ModelIndex{Name: "a", Version: "1", State: "READY"}
		all, err := ask(in(t), &pb.RepositoryIndexRequest{})
		same(t, "index", all, err, &pb.RepositoryIndexResponse{Models: []*pb.RepositoryIndexResponse_ModelIndex{a, {Name: "b", Version: "2", State: "UNAVAILABLE", Reason: "torn"}}})
		ready, err := ask(in(t), &pb.RepositoryIndexRequest{Ready: true})
		same(t, "index of those that are ready", ready, err, &pb.RepositoryIndexResponse{Models: []*pb.RepositoryIndexResponse_ModelIndex{a}})
		_, err = ask(in(t), &pb.RepositoryIndexRequest{RepositoryName: "r"})
		wantStatus(t, err, "UNIMPLEMENTED", "which has no name")
	}
	triton, err := twin.RepositoryModelLoad(in(t), &pb.RepositoryModelLoadRequest{ModelName: "a"})
	same(t, "load in Triton's form", triton, err, &pb.RepositoryModelLoadResponse{})
	kserve, err := w.RepositoryModelLoad(in(t), &pb.RepositoryModelLoadRequest{RepositoryName: "a"})
	same(t, "load in KServe's form", kserve, err, &pb.RepositoryModelLoadResponse{ModelName: "a", IsLoaded: true})
	tritonUn, err := w.RepositoryModelUnload(in(t), &pb.RepositoryModelUnloadRequest{ModelName: "a"})
	same(t, "unload in Triton's form", tritonUn, err, &pb.RepositoryModelUnloadResponse{})
	kserveUn, err := twin.RepositoryModelUnload(in(t), &pb.RepositoryModelUnloadRequest{RepositoryName: "a"})
	same(t, "unload in KServe's form", kserveUn, err, &pb.RepositoryModelUnloadResponse{ModelName: "a", IsUnloaded: true})
	if want := []string{"load a", "load a", "unload a", "unload a"}; !slices.Equal(s.asked, want) {
		t.Errorf("asked %q, want %q", s.asked, want)
	}
	_, err = w.RepositoryModelLoad(in(t), &pb.RepositoryModelLoadRequest{ModelName: "nobody"})
	wantStatus(t, err, "NOT_FOUND", "there is no model nobody")
	text := func(s string) *pb.ModelRepositoryParameter {
		return &pb.ModelRepositoryParameter{ParameterChoice: &pb.ModelRepositoryParameter_StringParam{StringParam: s}}
	}
	bytes := &pb.ModelRepositoryParameter{ParameterChoice: &pb.ModelRepositoryParameter_BytesParam{BytesParam: []byte("\xff")}}
	s.asked = nil
	_, err = w.RepositoryModelLoad(in(t), &pb.RepositoryModelLoadRequest{ModelName: "a",
		Parameters: map[string]*pb.ModelRepositoryParameter{"config": text("{}"), "file:1/m": bytes, "other": text("x")}})
	if want := []string{"load a", "with config {}", "with file:1/m \xff"}; err != nil || !slices.Equal(s.asked, want) {
		t.Errorf("asked %q, want %q, %v", s.asked, want, err)
	}
	for key, p := range map[string]*pb.ModelRepositoryParameter{"config": bytes, "file:1/m": text("QQ=="), "file:": nil} {
		_, err = w.RepositoryModelLoad(in(t), &pb.RepositoryModelLoadRequest{ModelName: "a", Parameters: map[string]*pb.ModelRepositoryParameter{key: p}})
		wantStatus(t, err, "INVALID_ARGUMENT", "config is a string, and files are bytes")
	}
	for _, name := range []string{"", " ", "../x", "a/b", "a b", "\t"} {
		_, err = w.RepositoryModelUnload(in(t), &pb.RepositoryModelUnloadRequest{ModelName: name})
		wantStatus(t, err, "INVALID_ARGUMENT", "is not the name of a model")
	}
}

func TestStatistics(t *testing.T) {
	w := start(t, echo, Options{})
	want := func(name string) *pb.ModelStatisticsResponse {
		return &pb.ModelStatisticsResponse{ModelStats: []*pb.ModelStatistics{{
			Name: name, Version: "1", LastInference: 7, InferenceCount: 64, ExecutionCount: 1,
			InferenceStats: &pb.InferStatistics{Success: &pb.StatisticDuration{Count: 1, Ns: 9}},
			BatchStats:     []*pb.InferBatchStatistics{{BatchSize: 64}},
		}}}
	}
	all, err := w.ModelStatistics(in(t), &pb.ModelStatisticsRequest{})
	same(t, "all", all, err, want("/v2/models/stats"))
	one, err := w.ModelStatistics(in(t), &pb.ModelStatisticsRequest{Name: "a/b", Version: "1"})
	same(t, "one", one, err, want("/v2/models/a%2Fb/versions/1/stats"))
	_, err = w.ModelStatistics(in(t), &pb.ModelStatisticsRequest{Name: "unknown"})
	wantStatus(t, err, "NOT_FOUND", "doesnt exist")
}

// TestNotOffered has calls with nothing behind them say why.
func TestNotOffered(t *testing.T) {
	w := start(t, echo, Options{})
	_, err := w.RepositoryIndex(in(t), &pb.RepositoryIndexRequest{})
	wantStatus(t, err, "UNIMPLEMENTED", "no model repository")
	_, err = w.TraceSetting(in(t), &pb.TraceSettingRequest{})
	wantStatus(t, err, "UNIMPLEMENTED", "no settings of logs and traces")
	_, err = w.LogSettings(in(t), &pb.LogSettingsRequest{})
	wantStatus(t, err, "UNIMPLEMENTED", "no settings of logs and traces")
	err = w.conn.Invoke(in(t), "/inference.GRPCInferenceService/SystemSharedMemoryStatus", &pb.ServerLiveRequest{}, &pb.ServerLiveResponse{})
	wantStatus(t, err, "UNIMPLEMENTED", "shared memory is not offered")
	err = w.conn.Invoke(in(t), "/inference.GRPCInferenceService/Nothing", &pb.ServerLiveRequest{}, &pb.ServerLiveResponse{})
	wantStatus(t, err, "UNIMPLEMENTED", "there is no method")
}

// TestReflection has both services listed, with their descriptions.
func TestReflection(t *testing.T) {
	w := start(t, echo, Options{})
	stream, err := reflectionpb.NewServerReflectionClient(w.conn).ServerReflectionInfo(in(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	resp, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, s := range resp.GetListServicesResponse().GetService() {
		names[s.Name] = true
	}
	for _, name := range []string{"inference.GRPCInferenceService", "inference.model_repository.ModelRepositoryService", "grpc.health.v1.Health"} {
		if !names[name] {
			t.Errorf("%s is not among %v", name, names)
		}
		request := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: name}}
		if err := stream.Send(request); err != nil {
			t.Fatal(err)
		}
		if resp, err := stream.Recv(); err != nil || len(resp.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
			t.Errorf("%s has no description: %v, %v", name, resp, err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
}

// TestCodes has a status for every kind of failure.
func TestCodes(t *testing.T) {
	for code := serve.Internal; code <= serve.Unwritable; code++ {
		if _, ok := statuses[code]; !ok {
			t.Errorf("the code %d has no status", code)
		}
	}
	if got := statusOf(serve.Errorf(serve.Limited, "", "slowly")).Code(); got != codes.ResourceExhausted {
		t.Errorf("got %s", got)
	}
	if got := codeName(99); got != "UNKNOWN" {
		t.Errorf("got %s", got)
	}
}

// TestWireOfKServe has the fields of KServe's messages where KServe has them.
func TestWireOfKServe(t *testing.T) {
	text := appendText(nil, 1, "m")
	var load pb.RepositoryModelLoadRequest
	if err := proto.Unmarshal(text, &load); err != nil || load.RepositoryName != "m" {
		t.Errorf("got %v, %v", &load, err)
	}
	want := protowire.AppendVarint(protowire.AppendTag(text, 2, protowire.VarintType), 1)
	for _, m := range []proto.Message{&pb.RepositoryModelLoadResponse{ModelName: "m", IsLoaded: true}, &pb.RepositoryModelUnloadResponse{ModelName: "m", IsUnloaded: true}} {
		if got, err := proto.Marshal(m); err != nil || !slices.Equal(got, want) {
			t.Errorf("%T is %x, want %x", m, got, want)
		}
	}
}
