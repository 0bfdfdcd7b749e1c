package oip

import (
	"fmt"
	"strconv"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// GenerateRequest reads the body of Triton's generate extension
// (docs/protocol/extension_generate.md): members with the name of an input are
// that input, "id" is the request's id, and all others, with those of the object
// "parameters", are parameters. Scalars and lists of them become tensors of the
// datatype and the number of dimensions that the input has; all lengths are 1 but
// the last, which is that of the list. A model whose inputs are not known gets
// every other member as an input, of the datatype that its JSON has. What is wrong
// is a [serve.BadRequest].
//
// ok is false, and nothing else is said, for a body that is an inference request
// as it is: it has a list of "inputs", which is no input of the model's.
func GenerateRequest(b serve.Body, inputs []serve.TensorSpec) (req *serve.Request, ok bool, err error) {
	v, err := Value(b)
	if err != nil {
		return nil, true, serve.Errorf(Unreadable(err), "ValueError", "Unrecognized request format, caused by: %w", err)
	}
	o, isObject := v.(*serve.Object)
	if !isObject {
		return nil, true, badGenerate("%w", ErrNotObject)
	}
	if list, has := o.Value("inputs"); has && isList(list) && specOf(inputs, "inputs") == nil {
		return nil, false, nil
	}
	g := generation{inputs: inputs}
	for _, f := range o.Fields() {
		if err := g.member(&f); err != nil {
			return nil, true, badGenerate("%w", err)
		}
	}
	text, err := g.text()
	if err != nil {
		return nil, true, err
	}
	req, err = Request(serve.RawBody(text))
	if err != nil {
		return nil, true, badGenerate("%w", err)
	}
	req.Body = b
	return req, true, nil
}

func badGenerate(format string, args ...any) error {
	return serve.Errorf(serve.BadRequest, "ValueError", format, args...)
}

func isList(v any) bool {
	switch v := v.(type) {
	case []any:
		return true
	case *serve.Tensor:
		return len(v.Shape) > 0
	}
	return false
}

func specOf(inputs []serve.TensorSpec, name string) *serve.TensorSpec {
	for i := range inputs {
		if inputs[i].Name == name {
			return &inputs[i]
		}
	}
	return nil
}

// A generation is a request that is being put together, as the text that a client
// of the Open Inference Protocol would have sent: its numbers are read, and its
// mistakes told, as they are there.
type generation struct {
	inputs  []serve.TensorSpec
	id      []byte
	tensors []byte
	params  []byte
	found   int // inputs
}

// member takes one member of the body.
func (g *generation) member(f *serve.Field) error {
	if spec := specOf(g.inputs, f.Key); spec != nil {
		return g.tensor(f, spec.Datatype, len(spec.Shape))
	}
	switch {
	case f.Key == "id":
		if _, ok := f.Value.(string); !ok {
			return fmt.Errorf(`"id" is not a string`)
		}
		var err error
		g.id, err = source(f)
		return err
	case f.Key == "parameters":
		o, ok := f.Value.(*serve.Object)
		if !ok {
			return fmt.Errorf("Expected JSON object for keyword: 'parameters'") //nolint:staticcheck // Triton's text
		}
		for _, p := range o.Fields() {
			if err := g.parameter(&p); err != nil {
				return fmt.Errorf("Converting keyword: 'parameters': %w", err) //nolint:staticcheck // Triton's text
			}
		}
		return nil
	case len(g.inputs) == 0:
		return g.tensor(f, guess(f.Value), 1)
	}
	return g.parameter(f)
}

// parameter takes a string, a number or a boolean.
func (g *generation) parameter(f *serve.Field) error {
	switch f.Value.(type) {
	case string, bool, int64, float64, serve.Number:
	default:
		return fmt.Errorf("parameter '%s' has invalid type. It should be either 'int', 'bool', or 'string'", f.Key)
	}
	text, err := source(f)
	if err != nil {
		return err
	}
	if len(g.params) > 0 {
		g.params = append(g.params, ',')
	}
	g.params = append(jsontext.AppendString(g.params, f.Key), ':')
	g.params = append(g.params, text...)
	return nil
}

// tensor takes an input: a scalar or a list of scalars.
func (g *generation) tensor(f *serve.Field, dt serve.Datatype, rank int) error {
	n, list := 1, false
	switch v := f.Value.(type) {
	case *serve.Object, nil:
		return fmt.Errorf("input %q is neither a scalar nor a list of them", f.Key)
	case []any:
		for _, e := range v {
			if isList(e) {
				return fmt.Errorf("input %q has lists in its list", f.Key)
			}
		}
		n, list = len(v), true
	case *serve.Tensor:
		if len(v.Shape) != 1 {
			return fmt.Errorf("input %q has lists in its list", f.Key)
		}
		n, list = v.Shape[0], true
	}
	text, err := source(f)
	if err != nil {
		return err
	}
	g.found++
	if len(g.tensors) > 0 {
		g.tensors = append(g.tensors, ',')
	}
	t := append(jsontext.AppendString(append(g.tensors, `{"name":`...), f.Key), `,"datatype":"`...)
	t = append(append(t, dt.String()...), `","shape":[`...)
	for i := 1; i < rank; i++ {
		t = append(t, "1,"...)
	}
	t = append(strconv.AppendInt(t, int64(n), 10), `],"data":`...)
	if list {
		t = append(t, text...)
	} else {
		t = append(append(append(t, '['), text...), ']')
	}
	t = append(t, '}')
	g.tensors = t
	return nil
}

// text is the request.
func (g *generation) text() ([]byte, error) {
	if g.found == 0 {
		return nil, badGenerate("expected %s but got 0 inputs", expected(g.inputs))
	}
	text := make([]byte, 0, len(g.id)+len(g.tensors)+len(g.params)+64)
	text = append(text, '{')
	if g.id != nil {
		text = append(append(append(text, `"id":`...), g.id...), ',')
	}
	if g.params != nil {
		text = append(append(append(text, `"parameters":{`...), g.params...), "},"...)
	}
	text = append(append(text, `"inputs":[`...), g.tensors...)
	return append(text, "]}"...), nil
}

// expected says which inputs there should be.
func expected(inputs []serve.TensorSpec) string {
	if len(inputs) == 0 {
		return "an input"
	}
	names := fmt.Sprintf("%d inputs", len(inputs))
	for i, s := range inputs {
		if i == 5 {
			return names + " …"
		}
		names += fmt.Sprintf(" %q", s.Name)
		if s.Optional {
			names += " (optional)"
		}
	}
	return names
}

// guess is the datatype of a member of which no schema tells.
func guess(v any) serve.Datatype {
	switch v := v.(type) {
	case *serve.Tensor:
		return v.Datatype
	case bool:
		return serve.Bool
	case int64:
		return serve.Int64
	case float64, serve.Number:
		return serve.FP64
	case []any:
		if len(v) > 0 {
			return guess(v[0])
		}
	}
	return serve.Bytes
}

// source is the JSON of a member.
func source(f *serve.Field) ([]byte, error) {
	if f.Source != nil {
		return f.Source, nil
	}
	return AppendValue(nil, f.Value)
}

// Generated is an answer as Triton's generate extension has it: the names of
// outputs are members, of which those with one element are scalars and all others
// lists. asked says that the request had an id, which the answer then has, too.
func Generated(r *serve.Response, asked bool) (*serve.Object, error) {
	var fields []serve.Field
	add := func(key string, v any) { fields = append(fields, serve.Field{Key: key, Value: v}) }
	var outputs []*serve.Tensor
	switch v := r.Outputs.(type) {
	case *serve.Tensor:
		outputs = []*serve.Tensor{v}
	case []*serve.Tensor:
		outputs = v
	default:
		return nil, fmt.Errorf("the outputs are no tensors but %T", r.Outputs)
	}
	named := func(key string) bool {
		for _, t := range outputs {
			if t.Name == key {
				return true
			}
		}
		return false
	}
	if asked && !named("id") {
		add("id", r.ID)
	}
	if !named("model_name") {
		add("model_name", r.ModelName)
	}
	if r.ModelVersion != "" && !named("model_version") {
		add("model_version", r.ModelVersion)
	}
	for i, t := range outputs {
		name := t.Name
		if name == "" {
			name = "output-" + strconv.Itoa(i)
		}
		v, err := unwrapped(t)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", name, err)
		}
		add(name, v)
	}
	return serve.NewObject(fields...), nil
}

// unwrapped is a tensor's only element, or all of them as a list.
func unwrapped(t *serve.Tensor) (any, error) {
	if t.Len() != 1 {
		return t.Reshaped(t.Len())
	}
	if t.Datatype == serve.Bytes {
		return t.Strings()[0], nil
	}
	return t.Reshaped()
}
