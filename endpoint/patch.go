package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Patch sets attributes by their names alone, as MLRun's API does, wherever in the
// record they are: "monitoring_mode", "labels". A document may be text that holds
// it. Names and what has come to the endpoint cannot be changed.
func (e *Endpoint) Patch(attributes map[string]json.RawMessage) error {
	parts := []any{&e.Spec, &e.Status, &e.Metadata}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if fixed[name] {
			errs = append(errs, fmt.Errorf("attribute %s cannot be changed", name))
			continue
		}
		if err := setAttribute(parts, name, attributes[name]); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// fixed are the attributes that follow from others, or from what comes.
var fixed = map[string]bool{
	"uid": true, "project": true, "created": true, "function_uri": true, "model": true,
	"model_name": true, "model_tag": true, "function_name": true, "function_tag": true,
	"first_request": true, "last_request": true, "request_count": true, "error_count": true, "metrics": true,
}

// documentNames are the attributes that hold documents, which MLRun sends as text.
var documentNames = map[string]bool{
	"monitor_configuration": true, "feature_stats": true, "current_stats": true, "drift_measures": true, "features": true,
}

// attribute is how attributes are named. Package json would take others for them.
var attribute = regexp.MustCompile(`^[a-z_]+$`)

// setAttribute sets one attribute of the first part that has it.
func setAttribute(parts []any, name string, value json.RawMessage) error {
	if !attribute.MatchString(name) {
		return fmt.Errorf("a model endpoint has no attribute %q", name)
	}
	var text string
	if documentNames[name] && json.Unmarshal(value, &text) == nil {
		if value = []byte(text); !json.Valid(value) {
			return fmt.Errorf("attribute %s is no JSON", name)
		}
	}
	for _, part := range parts {
		err := strictly(slices.Concat([]byte(`{"`+name+`":`), value, []byte("}")), part)
		var wrong *json.UnmarshalTypeError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &wrong):
			return fmt.Errorf("attribute %s cannot be %s", name, wrong.Value)
		}
	}
	return fmt.Errorf("a model endpoint has no attribute %s", name)
}

// strictly decodes an object with one key, which the target has to have.
func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
