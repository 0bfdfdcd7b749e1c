package v2

import (
	"errors"
	"strings"

	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/serve"
)

// Infer tells what requests of a type are answered with, and whether the model is
// sure to refuse them: by its schema, once it is loaded. It is about requests for
// inferences.
func (s *Server) Infer(in schema.Type) (schema.Type, error) {
	body, err := schema.Select(in, s.InputPath)
	if err != nil {
		return schema.Never, err
	}
	err = s.refuses(body)
	if err != nil && !isDoubt(err) {
		return schema.Never, err
	}
	placed, misplaced := schema.Place(in, s.ResultPath, s.answered(body))
	if err == nil {
		err = misplaced
	}
	return placed, err
}

func isDoubt(err error) bool {
	var p *schema.Problem
	return errors.As(err, &p) && p.Some
}

// refuses is why requests of a type are refused; nil where they need not be.
func (s *Server) refuses(body schema.Type) error {
	_, changes := s.Model.(serve.Preprocessor)
	if _, more := s.Model.(serve.Operator); changes || more {
		return nil // it makes requests of what are none, or has operations for them
	}
	inputs, err := inputsOf(body)
	_, validates := s.Model.(serve.RequestValidator)
	switch {
	case validates && body.Can(schema.Object), err == nil && inputs.Can(schema.Any.Kinds()&^schema.List):
		return nil
	case err != nil:
		return s.typeProblem(err)
	}
	d := s.desc.Load()
	if len(d.Inputs) == 0 && (len(d.Features) == 0 || s.Env.MLRun) {
		return nil
	}
	return s.typeProblem((&fitter{d: d}).request(body, inputs))
}

func (s *Server) typeProblem(err error) error {
	if err == nil {
		return nil
	}
	var p *schema.Problem
	if errors.As(err, &p) {
		c := *p
		c.Msg = "model " + s.label() + ": " + c.Msg
		return &c
	}
	return schema.Fails("model %s: %v", s.label(), err)
}

var errNoInputs = errors.New(`the request has no "inputs"`)

// inputsOf is the type of the inputs of requests of a type. It is an error where
// there are none for sure.
func inputsOf(body schema.Type) (schema.Type, error) {
	if body.IsNever() || body.Can(schema.Text|schema.Other) { // text may be JSON
		return schema.Any, nil
	}
	if !body.Can(schema.Object) {
		return schema.Never, schema.Fails("the request is not an object, but %s", body)
	}
	inputs, may, _ := body.Field("inputs")
	if !may {
		return schema.Never, noInputs(body)
	}
	if !inputs.Can(schema.List | schema.Object | schema.Other) { // an object is for infer_dict
		return schema.Never, schema.Fails(`"inputs" must be a list, and is %s`, inputs)
	}
	if !body.Is(schema.Object) {
		return schema.Any, nil // some fail, which one of them tells
	}
	return inputs, nil
}

// noInputs says what there is instead of inputs.
func noInputs(body schema.Type) error {
	fields, _ := body.Fields()
	var names []string
	for _, f := range fields {
		if !f.Type.IsNever() {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return errNoInputs
	}
	const few = 20
	if len(names) > few {
		names = append(names[:few], "…")
	}
	return &missingInputs{strings.Join(names, ", ")}
}

// missingInputs is errNoInputs with what there is.
type missingInputs struct{ has string }

func (e *missingInputs) Error() string { return errNoInputs.Error() + ", but only " + e.has }
func (e *missingInputs) Unwrap() error { return errNoInputs }

// answered is the type of the answers to requests of a type.
func (s *Server) answered(body schema.Type) schema.Type {
	if _, changes := s.Model.(serve.Postprocessor); changes {
		return schema.Any
	}
	return response(s.outputs(body))
}

func response(outputs schema.Type) schema.Type {
	text := schema.Of(schema.Text)
	return schema.Record(false,
		schema.Field{Name: "id", Type: text},
		schema.Field{Name: "model_name", Type: text},
		schema.Field{Name: "outputs", Type: outputs},
		schema.Field{Name: "timestamp", Type: text, Optional: true},
		schema.Field{Name: "model_version", Type: text, Optional: true})
}

// outputs is the type of the outputs. Those of models of one's own are what they
// return; those of files are as their schema says, for requests in MLRun's dialect
// that ask for nothing else.
func (s *Server) outputs(body schema.Type) schema.Type {
	_, file := s.Model.(*FileModel)
	d := s.desc.Load()
	inputs, mayAsk := schema.Any, true
	if body.Is(schema.Object) {
		inputs, _, _ = body.Field("inputs")
		_, mayAsk, _ = body.Field("parameters")
	}
	tensors := mayBeTensors(inputs)
	if !file || len(d.Outputs) == 0 || tensors || mayAsk || strings.HasPrefix(d.Platform, "onnx") {
		return schema.Any
	}
	o := &d.Outputs[0]
	out := leafOf(o.Datatype)
	if len(o.Shape) == 0 || out.Is(schema.Other) {
		return schema.Any
	}
	for i := len(o.Shape) - 1; i >= 0; i-- {
		n := o.Shape[i]
		if i == 0 || n == 0 {
			n = -1
		}
		out = schema.ListOf(out, n)
	}
	return out
}

// leafOf is the type of the elements of an output.
func leafOf(dt serve.Datatype) schema.Type {
	switch {
	case dt == serve.Bytes:
		return schema.Of(schema.Text)
	case dt == serve.Bool:
		return schema.Of(schema.Bool)
	case dt.Numeric():
		return schema.Of(schema.Number | schema.Null)
	}
	return schema.Of(schema.Other)
}

// mayBeTensors says whether inputs may be tensors of OIP.
func mayBeTensors(inputs schema.Type) bool {
	if !inputs.Is(schema.List) {
		return true
	}
	elem := inputs.Elem()
	_, data, _ := elem.Field("data")
	_, datatype, _ := elem.Field("datatype")
	return elem.Can(schema.Other) || elem.Can(schema.Object) && (data || datatype)
}

// areTensors says whether inputs surely are tensors of OIP.
func areTensors(items []schema.Type) bool {
	for _, t := range items {
		_, _, data := t.Field("data")
		_, _, datatype := t.Field("datatype")
		if t.Is(schema.Object) && (data || datatype) {
			return true
		}
	}
	return false
}
