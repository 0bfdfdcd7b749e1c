package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Kind is the kind of every record, in JSON.
const Kind = "model-endpoint"

// The monitoring modes of a model.
const (
	Enabled  = "enabled"
	Disabled = "disabled"
)

// A Type says how an endpoint stands to others.
type Type int

// The types, with MLRun's numbers.
const (
	Node   Type = 1 // a model by itself
	Router Type = 2 // an ensemble, which has children
	Leaf   Type = 3 // a child of an ensemble
)

// An Endpoint is the record of one model in one function. It is a value: who has
// one may change it, but for what its maps and slices hold.
type Endpoint struct {
	Kind     string   `json:"kind"`
	Metadata Metadata `json:"metadata"`
	Spec     Spec     `json:"spec"`
	Status   Status   `json:"status"`
}

// Metadata names an endpoint.
type Metadata struct {
	Project string            `json:"project"`
	UID     string            `json:"uid"`
	Labels  map[string]string `json:"labels"`
	Created time.Time         `json:"created,omitzero"`
}

// A Spec says what is served.
type Spec struct {
	FunctionURI string `json:"function_uri"`
	Model       string `json:"model"` // name:version, or name:latest
	ModelClass  string `json:"model_class"`
	ModelURI    string `json:"model_uri"` // where it was loaded from
	// FeatureNames are the inputs, then the outputs; LabelNames the outputs.
	FeatureNames         []string        `json:"feature_names"`
	LabelNames           []string        `json:"label_names"`
	StreamPath           string          `json:"stream_path"`
	Algorithm            string          `json:"algorithm"`
	MonitorConfiguration json.RawMessage `json:"monitor_configuration"`
	Active               bool            `json:"active"`
	MonitoringMode       string          `json:"monitoring_mode"`

	// What newer versions of MLRun call the parts of FunctionURI and Model.
	ModelName    string `json:"model_name"`
	ModelTag     string `json:"model_tag"`
	FunctionName string `json:"function_name"`
	FunctionTag  string `json:"function_tag,omitempty"`
}

// A Status says how a model is and what has come to it. The documents are as
// monitoring wrote them.
type Status struct {
	State string `json:"state"`           // "READY", "FAILED" …, as in listings of models
	Error string `json:"error,omitempty"` // why it failed to load

	FirstRequest time.Time `json:"first_request,omitzero"`
	LastRequest  time.Time `json:"last_request,omitzero"`
	RequestCount int64     `json:"request_count,omitzero"` // inferences, failed ones too
	ErrorCount   int64     `json:"error_count,omitzero"`   // inferences that failed
	Metrics      Metrics   `json:"metrics,omitzero"`

	EndpointType            Type            `json:"endpoint_type"`
	Children                []string        `json:"children"`
	ChildrenUIDs            []string        `json:"children_uids"`
	FeatureStats            json.RawMessage `json:"feature_stats"`
	CurrentStats            json.RawMessage `json:"current_stats"`
	DriftStatus             string          `json:"drift_status"`
	DriftMeasures           json.RawMessage `json:"drift_measures"`
	Features                json.RawMessage `json:"features"`
	MonitoringFeatureSetURI string          `json:"monitoring_feature_set_uri"`
}

// Metrics are the rates of an endpoint.
type Metrics struct {
	Generic Rates `json:"generic"`
	// RealTime are series that were asked for, by MLRun's names: see [Series].
	RealTime map[string][]Point `json:"real_time,omitempty"`
}

// Rates are MLRun's: the mean time of an inference over an hour, in
// microseconds, and inferences a second over five minutes.
type Rates struct {
	LatencyAvg1h         float64 `json:"latency_avg_1h"`
	PredictionsPerSecond float64 `json:"predictions_per_second"`
}

// New returns the record of a model, active and not monitored, with everything
// that follows from the names of its function and of itself.
func New(functionURI, model string) (Endpoint, error) {
	f, err := ParseFunction(functionURI)
	if err != nil {
		return Endpoint{}, err
	}
	uid, err := UID(functionURI, model)
	if err != nil {
		return Endpoint{}, err
	}
	name, version := ParseModel(model)
	e := Endpoint{
		Kind:     Kind,
		Metadata: Metadata{Project: f.Project, UID: uid},
		Spec: Spec{
			FunctionURI: functionURI, Model: model, Active: true, MonitoringMode: Disabled,
			ModelName: name, ModelTag: version, FunctionName: f.Name, FunctionTag: f.Tag,
		},
		Status: Status{EndpointType: Node},
	}
	err = e.Validate()
	return e, err
}

// Validate says everything that is wrong with a record.
func (e *Endpoint) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if e.Kind != Kind {
		wrong("kind is %q, not %q", e.Kind, Kind)
	}
	if !isProject(e.Metadata.Project) {
		wrong("project %q is not lower-case letters, digits and dashes, at most 63 of them", e.Metadata.Project)
	}
	if err := CheckUID(e.Metadata.UID); err != nil {
		errs = append(errs, err)
	}
	if e.Spec.Model == "" || e.Spec.FunctionURI == "" {
		wrong("the model and the function_uri are needed")
	}
	if m := e.Spec.MonitoringMode; m != Enabled && m != Disabled {
		wrong("monitoring_mode is %q, not %q or %q", m, Enabled, Disabled)
	}
	if t := e.Status.EndpointType; t < Node || t > Leaf {
		wrong("endpoint_type is %d: 1 is a model, 2 an ensemble, 3 a model of an ensemble", t)
	}
	return errors.Join(errs...)
}
