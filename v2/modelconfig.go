package v2

import (
	"slices"

	"github.com/leat-ml/leat/serve"
)

// opConfig asks for what is known of a model in the form of Triton's
// configuration (docs/protocol/extension_model_configuration.md).
const opConfig = "config"

// Configured is a model that has a configuration of its own to show; nil shows what
// is known of any.
type Configured interface{ Configuration() *serve.Object }

// config answers with the configuration. Where the schema says that every input
// and output begins with the batch, and how many rows it may have, that length is
// left out of the dimensions, as Triton has it; else max_batch_size is 0 and the
// dimensions are all there are.
func (s *Server) config(ev *serve.Event) error {
	if c, ok := s.Model.(Configured); ok {
		if doc := c.Configuration(); doc != nil {
			return s.answer(ev, serve.ValueBody(doc), nil)
		}
	}
	return s.answer(ev, serve.ValueBody(configOf(s.Name, s.desc.Load())), nil)
}

func configOf(name string, d *serve.Description) *serve.Object {
	limit := 0
	if d.MaxBatch > 0 && batched(d.Inputs) && batched(d.Outputs) {
		limit = d.MaxBatch
	}
	fields := []serve.Field{
		{Key: "name", Value: name},
		{Key: "platform", Value: d.Platform},
		{Key: "backend", Value: ""},
		{Key: "version_policy", Value: serve.NewObject(serve.Field{Key: "all", Value: serve.NewObject()})},
		{Key: "max_batch_size", Value: int64(limit)},
		{Key: "input", Value: configTensors(d.Inputs, limit > 0)},
		{Key: "output", Value: configTensors(d.Outputs, limit > 0)},
	}
	if d.Streams {
		policy := serve.NewObject(serve.Field{Key: "decoupled", Value: true})
		fields = append(fields, serve.Field{Key: "model_transaction_policy", Value: policy})
	}
	return serve.NewObject(fields...)
}

// batched says whether the first length of all tensors is open.
func batched(specs []serve.TensorSpec) bool {
	return !slices.ContainsFunc(specs, func(s serve.TensorSpec) bool { return len(s.Shape) == 0 || s.Shape[0] >= 0 })
}

func configTensors(specs []serve.TensorSpec, batch bool) []any {
	list := make([]any, len(specs))
	for i, s := range specs {
		lengths := s.Shape
		if batch {
			lengths = lengths[1:]
		}
		dims := make([]any, len(lengths))
		for j, n := range lengths {
			dims[j] = int64(n)
		}
		fields := []serve.Field{{Key: "name", Value: s.Name}, {Key: "data_type", Value: configType(s.Datatype)}, {Key: "dims", Value: dims}}
		if s.Optional {
			fields = append(fields, serve.Field{Key: "optional", Value: true})
		}
		list[i] = serve.NewObject(fields...)
	}
	return list
}

// configType is a datatype as configurations name it.
func configType(dt serve.Datatype) string {
	switch dt {
	case serve.Bytes:
		return "TYPE_STRING"
	case serve.Invalid:
		return "TYPE_INVALID"
	}
	return "TYPE_" + dt.String()
}
