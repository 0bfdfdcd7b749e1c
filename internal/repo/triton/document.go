package triton

import (
	"cmp"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/serve"
)

// Document is the configuration in JSON as Triton answers it: with its names of
// fields, all of them that are no messages, and integers as numbers.
func (c *Config) Document() *serve.Object { return documentOf(c.ModelConfig.ProtoReflect()) }

func documentOf(m protoreflect.Message) *serve.Object {
	desc := m.Descriptor().Fields()
	fields := make([]serve.Field, 0, desc.Len())
	for i := range desc.Len() {
		f := desc.Get(i)
		if !m.Has(f) && (f.Message() != nil && !f.IsList() && !f.IsMap() || f.ContainingOneof() != nil) {
			continue
		}
		fields = append(fields, serve.Field{Key: string(f.Name()), Value: fieldOf(f, m.Get(f))})
	}
	return serve.NewObject(fields...)
}

func fieldOf(f protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch {
	case f.IsList():
		list := make([]any, v.List().Len())
		for i := range list {
			list[i] = valueOf(f, v.List().Get(i))
		}
		return list
	case f.IsMap():
		var fields []serve.Field
		for key, one := range v.Map().Range {
			fields = append(fields, serve.Field{Key: key.String(), Value: valueOf(f.MapValue(), one)})
		}
		slices.SortFunc(fields, func(a, b serve.Field) int { return cmp.Compare(a.Key, b.Key) })
		return serve.NewObject(fields...)
	}
	return valueOf(f, v)
}

func valueOf(f protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return documentOf(v.Message())
	case protoreflect.EnumKind:
		if named := f.Enum().Values().ByNumber(v.Enum()); named != nil {
			return string(named.Name())
		}
		return int64(v.Enum())
	case protoreflect.BoolKind:
		return v.Bool()
	case protoreflect.StringKind:
		return v.String()
	case protoreflect.DoubleKind:
		return v.Float()
	case protoreflect.FloatKind:
		f, _ := strconv.ParseFloat(strconv.FormatFloat(v.Float(), 'g', -1, 32), 64)
		return f
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		if u := v.Uint(); u > 1<<63-1 {
			return serve.Number(strconv.FormatUint(u, 10))
		}
		return int64(v.Uint())
	}
	return v.Int()
}

// backends are the names that Triton has for what serves a model.
var backends = map[Kind]string{ONNX: "onnxruntime", Trees: "fil", Python: "python"}

// Completed is the configuration with what it leaves out: the name, the backend,
// and the tensors that the model's file has.
func (c *Config) Completed(name, platform string, inputs, outputs []serve.TensorSpec) *Config {
	all := &Config{ModelConfig: proto.CloneOf(c.ModelConfig), Kind: c.Kind, places: c.places}
	m := all.ModelConfig
	m.Name = name
	if m.Backend == "" {
		m.Backend = backends[c.Kind]
	}
	if m.Platform == "" && c.Kind != Python { // of which Triton says the backend only
		m.Platform = cmp.Or(map[Kind]string{ONNX: "onnxruntime_onnx", Ensemble: "ensemble"}[c.Kind], platform)
	}
	if m.VersionPolicy == nil {
		m.VersionPolicy = &inference.ModelVersionPolicy{PolicyChoice: &inference.ModelVersionPolicy_Latest_{Latest: &inference.ModelVersionPolicy_Latest{NumVersions: 1}}}
	}
	if len(m.Input) == 0 {
		for _, s := range inputs {
			m.Input = append(m.Input, &inference.ModelInput{Name: s.Name, DataType: typeOf(s.Datatype), Dims: dimsOf(s.Shape, m.MaxBatchSize > 0), Optional: s.Optional})
		}
	}
	if len(m.Output) == 0 {
		for _, s := range outputs {
			m.Output = append(m.Output, &inference.ModelOutput{Name: s.Name, DataType: typeOf(s.Datatype), Dims: dimsOf(s.Shape, m.MaxBatchSize > 0)})
		}
	}
	for i, g := range m.InstanceGroup {
		g.Count = max(1, g.Count)
		if g.Name == "" {
			g.Name = name + "_" + strconv.Itoa(i)
		}
		if g.Kind == inference.ModelInstanceGroup_KIND_AUTO || g.Kind == inference.ModelInstanceGroup_KIND_GPU {
			g.Kind, g.Gpus = inference.ModelInstanceGroup_KIND_CPU, nil
		}
	}
	return all
}

// dimsOf is a shape as configurations have it: without the batch.
func dimsOf(shape []int, batched bool) []int64 {
	if batched && len(shape) > 0 {
		shape = shape[1:]
	}
	dims := make([]int64, len(shape))
	for i, n := range shape {
		dims[i] = int64(n)
	}
	return dims
}

func typeOf(dt serve.Datatype) inference.DataType {
	if dt == serve.Bytes {
		return inference.DataType_TYPE_STRING
	}
	return inference.DataType(inference.DataType_value["TYPE_"+dt.String()])
}
