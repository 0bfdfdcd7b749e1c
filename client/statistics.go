package client

import (
	"context"
	"time"
)

// ModelStatistics are what a version of a model has done since it was loaded.
type ModelStatistics struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// LastInference is in milliseconds since 1970; 0 for never.
	LastInference uint64 `json:"last_inference"`
	// InferenceCount counts rows, ExecutionCount what the model was asked at once.
	InferenceCount uint64              `json:"inference_count"`
	ExecutionCount uint64              `json:"execution_count"`
	Inference      InferenceStatistics `json:"inference_stats"`
	Batches        []BatchStatistics   `json:"batch_stats"`
}

// InferenceStatistics are requests, and where their time went.
type InferenceStatistics struct {
	Success       Duration `json:"success"`
	Fail          Duration `json:"fail"`
	Queue         Duration `json:"queue"`
	ComputeInput  Duration `json:"compute_input"`
	ComputeInfer  Duration `json:"compute_infer"`
	ComputeOutput Duration `json:"compute_output"`
	CacheHit      Duration `json:"cache_hit"`
	CacheMiss     Duration `json:"cache_miss"`
}

// BatchStatistics are executions of one size.
type BatchStatistics struct {
	Size          uint64   `json:"batch_size"`
	ComputeInput  Duration `json:"compute_input"`
	ComputeInfer  Duration `json:"compute_infer"`
	ComputeOutput Duration `json:"compute_output"`
}

// A Duration is how often something happened, and how long it took in all.
type Duration struct {
	Count uint64 `json:"count"`
	NS    uint64 `json:"ns"`
}

// Mean is how long it took on average; 0 if it never happened.
func (d Duration) Mean() time.Duration {
	if d.Count == 0 {
		return 0
	}
	return time.Duration(d.NS / d.Count) //nolint:gosec // as the server has it
}

// Statistics asks for the statistics of a model, of one version of it, or of all
// models when model is "". Not every server offers them.
func (c *Client) Statistics(ctx context.Context, model, version string) ([]ModelStatistics, error) {
	path := "/v2/models/stats"
	if model != "" {
		path = modelPath(model, version) + "/stats"
	}
	doc, err := get[struct {
		Models []ModelStatistics `json:"model_stats"`
	}](ctx, c, path)
	if err != nil {
		return nil, err
	}
	return doc.Models, nil
}
