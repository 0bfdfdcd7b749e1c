package v2

import (
	"github.com/leat-ml/leat/serve"
)

// metadata answers with what is known of the model.
func (s *Server) metadata(ev *serve.Event) error {
	versions := []string{}
	if s.versions != nil {
		versions = s.versions()
	} else if s.Version != "" {
		versions = append(versions, s.Version)
	}
	return s.answer(ev, serve.ValueBody(metadataOf(s.Name, s.Version, versions, s.desc.Load(), s.Env.MLRun)), nil)
}

// metadataOf is MLRun's four members in its contract, those of the Open
// Inference Protocol in the default one.
func metadataOf(name, version string, versions []string, d *serve.Description, mlrun bool) *serve.Object {
	fields := []serve.Field{{Key: "name", Value: name}, {Key: "version", Value: version}}
	if mlrun {
		return serve.NewObject(append(fields,
			serve.Field{Key: "inputs", Value: featureList(d.Features, d.Inputs)},
			serve.Field{Key: "outputs", Value: featureList(d.Labels, d.Outputs)})...)
	}
	return serve.NewObject(append(fields,
		serve.Field{Key: "versions", Value: versions},
		serve.Field{Key: "platform", Value: d.Platform},
		serve.Field{Key: "inputs", Value: tensorList(d.Inputs, d.Features)},
		serve.Field{Key: "outputs", Value: tensorList(d.Outputs, d.Labels)})...)
}

// featureList is a schema as MLRun lists it: the artifact's words where there
// are any, else the tensors.
func featureList(features []serve.Feature, tensors []serve.TensorSpec) []any {
	if len(features) == 0 {
		return tensorList(tensors, nil)
	}
	list := make([]any, len(features))
	for i, f := range features {
		list[i] = featureFields(f)
	}
	return list
}

// featureFields is all that is said of a feature: by the artifact, or by the
// model file, which knows less.
func featureFields(f serve.Feature) *serve.Object {
	if f.Fields != nil {
		return f.Fields
	}
	fields := []serve.Field{{Key: "name", Value: f.Name}}
	if f.ValueType != "" {
		fields = append(fields, serve.Field{Key: "value_type", Value: f.ValueType})
	}
	return serve.NewObject(fields...)
}

// tensorList is a schema as the Open Inference Protocol lists it. Without
// tensors of its own the model's columns are listed, each a tensor with one
// value a row.
func tensorList(tensors []serve.TensorSpec, features []serve.Feature) []any {
	if len(tensors) == 0 {
		for _, f := range features {
			tensors = append(tensors, serve.TensorSpec{Name: f.Name, Datatype: f.Datatype(), Shape: []int{-1}})
		}
	}
	list := make([]any, len(tensors))
	for i, t := range tensors {
		lengths := t.Shape
		if lengths == nil {
			lengths = t.Told
		}
		shape := make([]any, len(lengths))
		for j, n := range lengths {
			shape[j] = int64(n)
		}
		list[i] = serve.NewObject(
			serve.Field{Key: "name", Value: t.Name},
			serve.Field{Key: "datatype", Value: t.Datatype.String()},
			serve.Field{Key: "shape", Value: shape})
	}
	return list
}
