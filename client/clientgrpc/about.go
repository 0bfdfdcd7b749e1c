package clientgrpc

import (
	"context"
	"errors"
	"strings"

	"github.com/leat-ml/leat/client"
	pb "github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// ServerLive says whether the server runs.
func (c *Client) ServerLive(ctx context.Context) (bool, error) {
	out, _, err := invoke(ctx, c, method{"ServerLive", true}, c.calls.ServerLive, &pb.ServerLiveRequest{})
	return out.GetLive(), err
}

// ServerReady says whether the server is ready for requests.
func (c *Client) ServerReady(ctx context.Context) (bool, error) {
	out, _, err := invoke(ctx, c, method{"ServerReady", true}, c.calls.ServerReady, &pb.ServerReadyRequest{})
	return out.GetReady(), err
}

// ModelReady says whether a model, or the version of it that is not "", is ready. One
// that is not there is not ready.
func (c *Client) ModelReady(ctx context.Context, model, version string) (bool, error) {
	out, _, err := invoke(ctx, c, method{"ModelReady", true}, c.calls.ModelReady, &pb.ModelReadyRequest{Name: model, Version: version})
	if saysNo(err) {
		return false, nil
	}
	return out.GetReady(), err
}

// saysNo says whether an error is how a server says that there is no such model:
// KServe's NOT_FOUND, or what comes of MLServer's exception.
func saysNo(err error) bool {
	var own *client.Error
	return errors.As(err, &own) && (own.Code == serve.NotFound || strings.Contains(own.Message, "mlserver.errors.ModelNotFound"))
}

// ServerMetadata asks the server what it is.
func (c *Client) ServerMetadata(ctx context.Context) (*client.ServerMetadata, error) {
	out, _, err := invoke(ctx, c, method{"ServerMetadata", true}, c.calls.ServerMetadata, &pb.ServerMetadataRequest{})
	if err != nil {
		return nil, err
	}
	return &client.ServerMetadata{Name: out.GetName(), Version: out.GetVersion(), Extensions: out.GetExtensions()}, nil
}

// ModelMetadata asks what a model, or a version of it, takes and answers.
func (c *Client) ModelMetadata(ctx context.Context, model, version string) (*client.ModelMetadata, error) {
	out, _, err := invoke(ctx, c, method{"ModelMetadata", true}, c.calls.ModelMetadata, &pb.ModelMetadataRequest{Name: model, Version: version})
	if err != nil {
		return nil, err
	}
	return &client.ModelMetadata{
		Name: out.GetName(), Versions: out.GetVersions(), Platform: out.GetPlatform(),
		Inputs: tensors(out.GetInputs()), Outputs: tensors(out.GetOutputs()),
	}, nil
}

func tensors(list []*pb.ModelMetadataResponse_TensorMetadata) []client.TensorMetadata {
	all := make([]client.TensorMetadata, len(list))
	for i, t := range list {
		all[i] = client.TensorMetadata{Name: t.GetName(), Datatype: t.GetDatatype(), Shape: t.GetShape()}
	}
	return all
}

// ModelConfig asks for the configuration of a model, or of a version of it. Not every
// server offers it.
func (c *Client) ModelConfig(ctx context.Context, model, version string) (*client.ModelConfig, error) {
	out, _, err := invoke(ctx, c, method{"ModelConfig", true}, c.calls.ModelConfig, &pb.ModelConfigRequest{Name: model, Version: version})
	if err != nil {
		return nil, err
	}
	conf := out.GetConfig()
	m := &client.ModelConfig{Name: conf.GetName(), Platform: conf.GetPlatform(), Backend: conf.GetBackend(), MaxBatchSize: int64(conf.GetMaxBatchSize())}
	for _, t := range conf.GetInput() {
		m.Inputs = append(m.Inputs, client.ConfigTensor{Name: t.GetName(), DataType: t.GetDataType().String(), Dims: t.GetDims()})
	}
	for _, t := range conf.GetOutput() {
		m.Outputs = append(m.Outputs, client.ConfigTensor{Name: t.GetName(), DataType: t.GetDataType().String(), Dims: t.GetDims()})
	}
	return m, nil
}

// Statistics asks for the statistics of a model, of one version of it, or of all
// models when model is "". Not every server offers them.
func (c *Client) Statistics(ctx context.Context, model, version string) ([]client.ModelStatistics, error) {
	out, _, err := invoke(ctx, c, method{"ModelStatistics", true}, c.calls.ModelStatistics, &pb.ModelStatisticsRequest{Name: model, Version: version})
	if err != nil {
		return nil, err
	}
	all := make([]client.ModelStatistics, len(out.GetModelStats()))
	for i, s := range out.GetModelStats() {
		all[i] = statistics(s)
	}
	return all, nil
}

func statistics(s *pb.ModelStatistics) client.ModelStatistics {
	in := s.GetInferenceStats()
	m := client.ModelStatistics{
		Name: s.GetName(), Version: s.GetVersion(), LastInference: s.GetLastInference(),
		InferenceCount: s.GetInferenceCount(), ExecutionCount: s.GetExecutionCount(),
		Inference: client.InferenceStatistics{
			Success: duration(in.GetSuccess()), Fail: duration(in.GetFail()), Queue: duration(in.GetQueue()),
			ComputeInput: duration(in.GetComputeInput()), ComputeInfer: duration(in.GetComputeInfer()), ComputeOutput: duration(in.GetComputeOutput()),
			CacheHit: duration(in.GetCacheHit()), CacheMiss: duration(in.GetCacheMiss()),
		},
	}
	for _, b := range s.GetBatchStats() {
		m.Batches = append(m.Batches, client.BatchStatistics{
			Size: b.GetBatchSize(), ComputeInput: duration(b.GetComputeInput()),
			ComputeInfer: duration(b.GetComputeInfer()), ComputeOutput: duration(b.GetComputeOutput()),
		})
	}
	return m
}

func duration(d *pb.StatisticDuration) client.Duration {
	return client.Duration{Count: d.GetCount(), NS: d.GetNs()}
}
