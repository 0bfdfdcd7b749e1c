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
	all, counted := []any{}, c.current.Load().counts()
	for _, m := range c.Models() {
		if (name == "" || m.Name == name) && (version == "" || m.Version == version) {
			all = append(all, modelStatistics(&m, of.Statistics(m.Name, m.Version), counted[modelName{m.Name, m.Version}]))
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
// parts: all of it is compute_infer, but for the time that it waited to be put
// together with others. c is what a model that does so counts itself; nil of others,
// of which each request is an execution.
func modelStatistics(m *v2.Info, s telemetry.Statistics, c *serve.Counts) *serve.Object {
	var last int64
	if !s.Last.IsZero() {
		last = s.Last.UnixMilli()
	}
	success, infer := duration(s.Success, int64(s.SuccessTime)), duration(s.Success, int64(s.SuccessTime))
	computed, rows, executions := s.Success, s.Rows, s.Success
	var own serve.Counts
	if c != nil {
		own = *c
		computed -= min(computed, own.Hits.Count)
	}
	batches := make([]any, len(s.Batches))
	for i, b := range s.Batches {
		batches[i] = batch(int64(b.Size), b.Count, int64(b.Took))
	}
	if own.Executions > 0 {
		rows, executions = own.Rows, own.Executions
		batches = make([]any, len(own.Batches))
		var took int64
		for i, b := range own.Batches {
			batches[i] = batch(int64(b.Rows), b.Count, int64(b.Took))
			took += int64(b.Took)
		}
		infer = duration(computed, took)
	}
	return serve.NewObject(
		serve.Field{Key: "name", Value: m.Name},
		serve.Field{Key: "version", Value: m.Version},
		serve.Field{Key: "last_inference", Value: last},
		serve.Field{Key: "inference_count", Value: int64(rows)},
		serve.Field{Key: "execution_count", Value: int64(executions)},
		serve.Field{Key: "inference_stats", Value: serve.NewObject(
			serve.Field{Key: "success", Value: success},
			serve.Field{Key: "fail", Value: duration(s.Fail, int64(s.FailTime))},
			serve.Field{Key: "queue", Value: duration(computed, int64(own.Queue.Took))},
			serve.Field{Key: "compute_input", Value: duration(computed, 0)},
			serve.Field{Key: "compute_infer", Value: infer},
			serve.Field{Key: "compute_output", Value: duration(computed, 0)},
			serve.Field{Key: "cache_hit", Value: duration(own.Hits.Count, int64(own.Hits.Took))},
			serve.Field{Key: "cache_miss", Value: duration(own.Misses.Count, int64(own.Misses.Took))})},
		serve.Field{Key: "response_stats", Value: serve.NewObject()},
		serve.Field{Key: "batch_stats", Value: batches},
		serve.Field{Key: "memory_usage", Value: []any{}})
}

func duration(count uint64, ns int64) *serve.Object {
	return serve.NewObject(serve.Field{Key: "count", Value: int64(count)}, serve.Field{Key: "ns", Value: max(ns, 0)})
}

// batch is what is told of batches of one size.
func batch(size int64, count uint64, ns int64) *serve.Object {
	return serve.NewObject(
		serve.Field{Key: "batch_size", Value: size},
		serve.Field{Key: "compute_input", Value: duration(count, 0)},
		serve.Field{Key: "compute_infer", Value: duration(count, ns)},
		serve.Field{Key: "compute_output", Value: duration(count, 0)})
}

// counts are what models count themselves, of those that do.
func (g *generation) counts() map[modelName]*serve.Counts {
	all := map[modelName]*serve.Counts{}
	for _, s := range g.repoServers() {
		if c, ok := s.Counts(); ok {
			all[modelName{s.Name, s.Version}] = &c
		}
	}
	return all
}
