package python

import (
	"encoding/json"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// about is what is known of a model that is loaded.
type about struct {
	Inputs  []json.RawMessage `json:"inputs"`
	Outputs []json.RawMessage `json:"outputs"`
	// MaxBatch is how many rows a request may have; 0 is any number.
	MaxBatch int `json:"max_batch_size"`
	// Streams says that it may answer any number of times, Decoupled that it answers
	// in no other way.
	Streams   bool `json:"streams"`
	Decoupled bool `json:"decoupled"`
	remarks
}

// describe reads the schema that a model tells.
func describe(kind string, a *about) serve.Description {
	d := serve.Description{Platform: "python", MaxBatch: max(a.MaxBatch, 0), Streams: a.Streams, StreamsOnly: a.Decoupled}
	if kind == "mlserver" || kind == "triton" {
		d.Platform = "python_" + kind
	}
	d.Inputs, d.Features = schema(a.Inputs)
	d.Outputs, d.Labels = schema(a.Outputs)
	for i := range d.Inputs {
		d.Inputs[i].AnyNumber = kind == kindObject // numpy converts
	}
	return d
}

// schema reads a list of tensors, or of columns as MLRun's artifacts have them.
func schema(list []json.RawMessage) (tensors []serve.TensorSpec, features []serve.Feature) {
	for _, raw := range list {
		var s struct {
			Name      string `json:"name"`
			Datatype  string `json:"datatype"`
			Shape     []int  `json:"shape"`
			ValueType string `json:"value_type"`
			Optional  bool   `json:"optional"`
		}
		if json.Unmarshal(raw, &s) != nil {
			return nil, nil
		}
		if dt := serve.ParseDatatype(s.Datatype); dt != serve.Invalid {
			tensors = append(tensors, serve.TensorSpec{Name: s.Name, Datatype: dt, Shape: s.Shape, Optional: s.Optional})
			continue
		}
		v, _ := oip.ParseValue(raw)
		fields, _ := v.(*serve.Object)
		features = append(features, serve.Feature{Name: s.Name, ValueType: s.ValueType, Fields: fields})
	}
	return tensors, features
}

// Describe implements [serve.Describer].
func (m *Model) Describe() serve.Description { return m.desc }
