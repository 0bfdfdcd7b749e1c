package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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

// setAttribute sets one attribute of the first part that has it.
func setAttribute(parts []any, name string, value json.RawMessage) error {
	key, err := json.Marshal(name)
	if err != nil {
		return err
	}
	for _, part := range parts {
		err := strictly(slices.Concat([]byte("{"), key, []byte(":"), value, []byte("}")), part)
		var text string
		if err != nil && json.Unmarshal(value, &text) == nil && json.Valid([]byte(text)) {
			err = strictly(slices.Concat([]byte("{"), key, []byte(":"), []byte(text), []byte("}")), part)
		}
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
