package config

import (
	"github.com/leat-ml/leat/internal/config/document"
	"github.com/leat-ml/leat/serve"
)

// tensors reads the inputs or outputs that a model declares.
func (r *reader) tensors(f *document.Field) []serve.TensorSpec {
	if f.Value.Kind == document.Null {
		return nil
	}
	if f.Value.Kind != document.List {
		r.wrong(f, "a list of tensors")
		return nil
	}
	out := make([]serve.TensorSpec, 0, len(f.Value.Items))
	names := map[string]bool{}
	for _, n := range f.Value.Items {
		t := r.tensor(n, f.Key == "inputs")
		if names[t.Name] {
			r.problem(n.Pos, "%s names %q twice", f.Key, t.Name)
		}
		names[t.Name] = t.Name != ""
		out = append(out, t)
	}
	return out
}

func (r *reader) tensor(n *document.Node, input bool) serve.TensorSpec {
	var t serve.TensorSpec
	known := keys{
		"name":     r.text(&t.Name),
		"datatype": func(f *document.Field) { t.Datatype = r.datatype(f) },
		"shape":    func(f *document.Field) { t.Shape = r.shape(f) },
	}
	if input {
		known["optional"] = r.boolean(&t.Optional)
	}
	r.mapping(n, "a tensor", known)
	for _, key := range []string{"name", "datatype", "shape"} {
		if n.Kind == document.Map && (n.Field(key) == nil || n.Field(key).Value.Kind == document.Null) {
			r.problem(n.Pos, "the tensor has no %s", key)
		}
	}
	return t
}

var datatypes = []string{
	"BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
	"FP16", "FP32", "FP64", "BF16", "BYTES",
}

func (r *reader) datatype(f *document.Field) serve.Datatype {
	var name string
	r.text(&name)(f)
	dt := serve.ParseDatatype(name)
	if dt == serve.Invalid && name != "" {
		r.problem(f.Value.Pos, "unknown datatype %q%s", name, didYouMean(name, datatypes))
	}
	return dt
}

// maxDims is how many dimensions a declared tensor may have; more is a mistake.
const maxDims = 32

func (r *reader) shape(f *document.Field) []int {
	if f.Value.Kind == document.Null {
		return nil
	}
	if f.Value.Kind != document.List || len(f.Value.Items) > maxDims {
		r.wrong(f, "a list of up to 32 lengths")
		return nil
	}
	shape := make([]int, 0, len(f.Value.Items))
	for _, n := range f.Value.Items {
		length, ok := n.Value().(int64)
		if !ok || length < -1 || length > 1<<40 {
			r.problem(n.Pos, "a length is a whole number, or -1 for any; found %s", n.Describe())
		}
		shape = append(shape, int(length))
	}
	return shape
}
