package openapi

import (
	"slices"

	"github.com/leat-ml/leat/serve"
)

// A dialogue is what an inference is asked with and answered with: by one model, or
// by any.
type dialogue struct {
	inputs, outputs []serve.TensorSpec
	features        []serve.Feature
	example         object // nil for none
	streams         bool   // there may be any number of answers, so that infer is not offered
}

// newDialogue is that of a model; nil is any.
func newDialogue(m *Model) *dialogue {
	d := &dialogue{}
	if m == nil {
		return d
	}
	d.inputs, d.outputs, d.features = m.Inputs, m.Outputs, m.Features
	if len(d.inputs) == 0 { // each column is a tensor with one value a row
		for _, f := range m.Features {
			d.inputs = append(d.inputs, serve.TensorSpec{Name: f.Name, Datatype: f.Datatype(), Shape: []int{-1}})
		}
	}
	d.example, d.streams = exampleOf(d.inputs), m.Streams
	return d
}

// schemas are the components that the operations of the dialogue refer to.
func (d *dialogue) schemas() object {
	request := record(object{
		"id":         text(),
		"parameters": ref("Parameters"),
		"inputs":     tensors(d.inputs, true, "InputTensor"),
		"outputs":    listOf(ref("RequestedOutput")),
	}, "inputs")
	if d.example != nil {
		request["example"] = d.example
	}
	answer := record(object{
		"id":            text(),
		"model_name":    text(),
		"model_version": text(),
		"parameters":    ref("Parameters"),
		"outputs":       object{"anyOf": []any{tensors(d.outputs, false, "OutputTensor"), object{}}},
	}, "model_name", "outputs")
	answer["description"] = "Outputs are tensors where inputs were, else what the model answers."
	return object{
		"InferRequest":    request,
		"InferRows":       record(object{"id": object{}, "inputs": object{"type": "array", "items": d.row()}}, "inputs"),
		"DictRequest":     record(object{"id": object{}, "inputs": object{"anyOf": []any{d.dictionary(), listOf(d.dictionary())}}}, "inputs"),
		"InferAnswer":     answer,
		"InputTensor":     tensor(nil, true),
		"OutputTensor":    tensor(nil, false),
		"RequestedOutput": d.requested(),
	}
}

// requested is an output that is asked for by name.
func (d *dialogue) requested() object {
	name := text()
	if names := namesOf(d.outputs); len(names) > 0 {
		name = choice(names...)
	}
	return record(object{"name": name, "parameters": object{
		"type": "object",
		"properties": object{
			"binary_data":    object{"type": "boolean", "description": "The elements come as bytes behind the JSON."},
			"classification": object{"type": "integer", "minimum": 1, "description": "That many of the highest classes take the place of the output."},
		},
		"additionalProperties": parameter(),
	}}, "name")
}

// row is one of MLRun's dialect.
func (d *dialogue) row() object {
	if len(d.features) == 0 {
		return object{}
	}
	value := object{"nullable": true, "anyOf": []any{object{"type": "number"}, text(), object{"type": "boolean"}}}
	row := object{"type": "array", "items": value, "minItems": len(d.features), "maxItems": len(d.features)}
	return object{"anyOf": []any{row, d.dictionary()}}
}

// dictionary is a row whose values have names.
func (d *dialogue) dictionary() object {
	named := object{}
	for _, f := range d.features {
		named[f.Name] = object{}
	}
	return record(named)
}

// inference is an operation that is asked with tensors or rows, as JSON or as bytes
// behind it.
func (d *dialogue) inference(id, summary string) object {
	body := object{"schema": object{"anyOf": []any{ref("InferRequest"), ref("InferRows")}}}
	if d.example != nil {
		body["example"] = d.example
	}
	op := operation(id, "inference", summary, object{"application/json": object{"schema": ref("InferAnswer")}, octets: binary()}, serves...)
	op["requestBody"] = object{"required": true, "content": object{"application/json": body, octets: binary()}}
	op["parameters"] = []any{object{
		"name": headLength, "in": "header", "schema": object{"type": "integer", "minimum": 0},
		"description": "How many bytes of the body are JSON; those of tensors follow (the extension binary_tensor_data). With 0 the body is nothing but the elements of the only input.",
	}}
	done := op["responses"].(object)["200"].(object)
	done["headers"] = object{headLength: object{"description": "How many bytes of the answer are JSON, where there are others.", "schema": object{"type": "integer"}}}
	op["responses"].(object)["204"] = object{"description": "The request has been filtered."}
	return op
}

const (
	headLength = "Inference-Header-Content-Length"
	octets     = "application/octet-stream"
)

func binary() object { return object{"schema": object{"type": "string", "format": "binary"}} }

// dictionaries is the operation that is asked with features by their names.
func (d *dialogue) dictionaries(id string) object {
	op := operation(id, "inference", "An inference on a dictionary of features, or a list of them", jsonOf(ref("InferAnswer")), serves...)
	op["responses"].(object)["204"] = object{"description": "The request has been filtered."}
	return taking(op, ref("DictRequest"), true)
}

func namesOf(specs []serve.TensorSpec) []string {
	var all []string
	for _, s := range specs {
		if !slices.Contains(all, s.Name) {
			all = append(all, s.Name)
		}
	}
	return all
}
