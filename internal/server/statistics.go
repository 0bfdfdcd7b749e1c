package server

import (
	"github.com/leat-ml/leat/internal/telemetry"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A statistician knows what has come to models.
type statistician interface {
	Statistics(name, version string) telemetry.Statistics
}

// Statistics implements statistician.
func (o *observer) Statistics(name, version string) telemetry.Statistics {
	return o.tel.Statistics(name, version)
}

// statistics answers for all models, or those of a name and a version.
func (c *Core) statistics(ev *serve.Event, name, version string) (*serve.Event, error) {
	if err := onlyGet(ev); err != nil {
		return nil, err
	}
	of, ok := c.cfg.Recorder.(statistician)
	if !ok {
		return nil, serve.Errorf(serve.NotOffered, "", "this server does not count inferences")
	}
	all := []any{}
	for _, m := range c.Models() {
		if (name == "" || m.Name == name) && (version == "" || m.Version == version) {
			all = append(all, modelStatistics(&m, of.Statistics(m.Name, m.Version)))
		}
	}
	if len(all) == 0 && name != "" {
		if version != "" {
			name += ":" + version
		}
		return nil, serve.Errorf(serve.NotFound, "ValueError", "model %s doesnt exist", name)
	}
	return answer(ev, serve.NewObject(serve.Field{Key: "model_stats", Value: all})), nil
}

// modelStatistics are those of one model as Triton has them
// (docs/protocol/extension_statistics.md). An inference is not divided into its
// parts: all of it is compute_infer. Nothing is cached.
func modelStatistics(m *v2.Info, s telemetry.Statistics) *serve.Object {
	var last int64
	if !s.Last.IsZero() {
		last = s.Last.UnixMilli()
	}
	success, none := duration(s.Success, int64(s.SuccessTime)), duration(0, 0)
	batches := make([]any, len(s.Batches))
	for i, b := range s.Batches {
		batches[i] = serve.NewObject(
			serve.Field{Key: "batch_size", Value: int64(b.Size)},
			serve.Field{Key: "compute_input", Value: duration(b.Count, 0)},
			serve.Field{Key: "compute_infer", Value: duration(b.Count, int64(b.Took))},
			serve.Field{Key: "compute_output", Value: duration(b.Count, 0)})
	}
	return serve.NewObject(
		serve.Field{Key: "name", Value: m.Name},
		serve.Field{Key: "version", Value: m.Version},
		serve.Field{Key: "last_inference", Value: last},
		serve.Field{Key: "inference_count", Value: int64(s.Rows)},
		serve.Field{Key: "execution_count", Value: int64(s.Success)},
		serve.Field{Key: "inference_stats", Value: serve.NewObject(
			serve.Field{Key: "success", Value: success},
			serve.Field{Key: "fail", Value: duration(s.Fail, int64(s.FailTime))},
			serve.Field{Key: "queue", Value: duration(s.Success, 0)},
			serve.Field{Key: "compute_input", Value: duration(s.Success, 0)},
			serve.Field{Key: "compute_infer", Value: success},
			serve.Field{Key: "compute_output", Value: duration(s.Success, 0)},
			serve.Field{Key: "cache_hit", Value: none},
			serve.Field{Key: "cache_miss", Value: none})},
		serve.Field{Key: "response_stats", Value: serve.NewObject()},
		serve.Field{Key: "batch_stats", Value: batches},
		serve.Field{Key: "memory_usage", Value: []any{}})
}

func duration(count uint64, ns int64) *serve.Object {
	return serve.NewObject(serve.Field{Key: "count", Value: int64(count)}, serve.Field{Key: "ns", Value: max(ns, 0)})
}
